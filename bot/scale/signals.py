"""
What processes tell each other over PostgreSQL's NOTIFY: something may go out, a case changed, a page has news.

It needs a connection of its own to the server; one through PgBouncer's transaction mode would hear nothing.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg
import structlog

from bot.domain.wakes import Wake, Wakes
from bot.scale.queue import CHANNEL, PAGE, address

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = structlog.get_logger()

LOOK_SECONDS = 1.0  # how long one wait lasts, so that stopping takes no longer
AWAY_SECONDS = 2.0  # between two tries to reach a server that is away


class Signals:
    """A thread that hears what other processes tell, and passes it on as wake-ups."""

    def __init__(self, url: str, listeners: Sequence[Callable[[Wakes], None]]) -> None:
        self._address = address(url)
        self._listeners = listeners
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="signals", daemon=True)

    def start(self) -> None:
        """Begin to hear."""
        self._thread.start()

    def stop(self) -> None:
        """Hear no more."""
        self._stopping.set()
        self._thread.join(timeout=10)

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                self._hear()
            except psycopg.Error as error:
                log.warning("signals not heard", error=type(error).__name__)
                self._stopping.wait(AWAY_SECONDS)

    def _hear(self) -> None:
        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            # Whatever was told before we listened is not told again.
            self._pass_on([*Wake])
            while not self._stopping.is_set():
                self._pass_on([one.payload for one in connection.notifies(timeout=LOOK_SECONDS, stop_after=1)])

    def _pass_on(self, told: Sequence[str]) -> None:
        wakes = Wakes()
        for one in told:
            if one.startswith(PAGE):
                wakes.show(one.removeprefix(PAGE))
            else:
                with suppress(ValueError):  # a newer version's
                    wakes.note(Wake(one))
        if wakes:
            for listener in self._listeners:
                listener(wakes)
