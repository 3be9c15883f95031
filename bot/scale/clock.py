"""
One clock for all processes: the database server's.

What one process writes down as a moment (a lease, when a message leaves, until when an account waits) another compares
with its own now. Two machines an hour apart would take each other's messages, or leave them for an hour.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
import structlog

from bot.scale.queue import address
from bot.store.errors import DatabaseUnusableError

if TYPE_CHECKING:
    from datetime import datetime

log = structlog.get_logger()

ASK_SECONDS = 10.0
# An answer that was so long under way says too little.
LONGEST_SECONDS = 1.0
# Counts on while the machine sleeps, where there is such a clock.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def asked(connection: psycopg.Connection[tuple[datetime]]) -> datetime:
    """Return what time it is at the server."""
    found = connection.execute("SELECT clock_timestamp()").fetchone()
    assert found is not None
    return found[0]


class ServerClock:
    """
    The server's time, asked now and then, and counted on steadily in between: this machine's own clock may be set.

    While the server is away it goes on by itself.

    Raises:
        DatabaseUnusableError: the server is away when the clock is made.

    """

    def __init__(self, url: str) -> None:
        self._address = address(url)
        self._known: tuple[datetime, float] | None = None
        try:
            self._ask()
        except psycopg.Error as error:
            raise DatabaseUnusableError(" ".join(str(error).split())) from error
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._go_on_asking, name="clock", daemon=True)
        self._thread.start()

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""
        assert self._known is not None
        moment, at = self._known
        return moment + timedelta(seconds=time.clock_gettime(_STEADY) - at)

    def close(self) -> None:
        """Ask no more."""
        self._stopping.set()
        self._thread.join(timeout=10)

    def _go_on_asking(self) -> None:
        while not self._stopping.wait(ASK_SECONDS):
            try:
                self._ask()
            except psycopg.Error as error:
                log.warning("time not known", error=type(error).__name__)

    def _ask(self) -> None:
        with psycopg.connect(self._address, autocommit=True, options="-c timezone=UTC") as connection:
            before = time.clock_gettime(_STEADY)
            moment = asked(connection)
            after = time.clock_gettime(_STEADY)
        if self._known is None or after - before < LONGEST_SECONDS:
            self._known = (moment, (before + after) / 2)
