"""
The shared queue: Procrastinate's tables, in a schema of their own beside ours.

A message and its wake-up are stored together, on one connection. A wake-up that cannot be stored is left out and the
message is not: the sweep finds it.
"""

from __future__ import annotations

import logging
from importlib.metadata import version
from typing import TYPE_CHECKING

import psycopg
import structlog
from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import ProcrastinateException
from procrastinate.schema import SchemaManager
from psycopg.conninfo import make_conninfo
from sqlalchemy import bindparam, make_url, text
from sqlalchemy.exc import DBAPIError

from bot.domain.wakes import Wake
from bot.store.database import TIMEOUTS, WAKE_UPS
from bot.store.errors import DatabaseUnusableError

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

    from bot.domain.wakes import Wakes

log = structlog.get_logger()

# Names in the tables: a process of another version reads them too.
ANSWER = "answer"
# What NOTIFY carries between processes; see bot/scale/signals.py.
CHANNEL, PAGE = "wegwijs", "page:"

_NOTIFY = text("SELECT pg_notify(:channel, one) FROM unnest(CAST(:what AS text[])) AS one")
# A job of a conversation is its lock; see `configure` below.
_TAKEN = text(
    "SELECT lock FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND lock IN :conversations"
).bindparams(bindparam("conversations", expanding=True))
# Any number: whoever makes the queue's tables holds it.
_MAKING = 5_901_223


def address(url: str) -> str:
    """Return how libpq is told where the database is, and how long it waits for it."""
    return make_conninfo(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False), **TIMEOUTS)


def prepare(url: str) -> None:
    """
    Make the queue's tables, or make them anew when Procrastinate is another version; harmless when they are right.

    They hold wake-ups and nothing else, so that a change of version needs no migration: what was in them is found by
    the next sweep.

    Raises:
        DatabaseUnusableError: the server is away, or refuses.

    """
    try:
        _prepare(url)
    except psycopg.Error as error:
        raise DatabaseUnusableError(" ".join(str(error).split())) from error


def _prepare(url: str) -> None:
    made_by = f"procrastinate {version('procrastinate')}"
    with psycopg.connect(address(url)) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MAKING])
        found = connection.execute("SELECT obj_description(to_regnamespace(%s), 'pg_namespace')", [WAKE_UPS]).fetchone()
        if found is not None and found[0] == made_by:
            return
        connection.execute(f"DROP SCHEMA IF EXISTS {WAKE_UPS} CASCADE")
        connection.execute(f"CREATE SCHEMA {WAKE_UPS}")
        connection.execute(f"SET LOCAL search_path = {WAKE_UPS}")
        connection.execute(SchemaManager.get_schema())
        connection.execute(f"COMMENT ON SCHEMA {WAKE_UPS} IS '{made_by}'")


class Queue:
    """
    What stores wake-ups with the unit of work that leads to them.

    A process that `delivers` by itself tells nobody else that there is something to deliver.
    """

    def __init__(self, *, delivers: bool) -> None:
        # Never opened: everything is deferred on the store's own connections.
        self._app = App(connector=SyncPsycopgConnector())
        self._delivers = delivers
        logging.getLogger("procrastinate").setLevel(logging.WARNING)

    def carry(self, connection: Connection, wakes: Wakes) -> None:
        """Store these wake-ups in the transaction of `connection`."""
        what = [str(one) for one in wakes.others if not (self._delivers and one is Wake.DELIVER)]
        what += [f"{PAGE}{one}" for one in wakes.pages]
        try:
            with connection.begin_nested():  # what goes wrong in here undoes nothing else
                self._defer(connection, wakes.conversations)
                if what:
                    connection.execute(_NOTIFY, {"channel": CHANNEL, "what": what})
        except (ProcrastinateException, DBAPIError) as error:
            log.warning("wake-up not stored", error=type(error).__name__)

    def _defer(self, connection: Connection, conversations: Collection[str]) -> None:
        driver = connection.connection.driver_connection
        for conversation in conversations:
            # The lock keeps two workers from one conversation; the row's own lock would, but one would wait for it.
            job = self._app.configure_task(ANSWER, queue=ANSWER, lock=conversation, connection=driver)
            job.defer(conversation_id=conversation)


def untaken(connection: Connection, conversations: Collection[str]) -> list[str]:
    """Return those of the conversations that no job waits for or works on."""
    if not conversations:
        return []
    taken = set(connection.scalars(_TAKEN, {"conversations": list(conversations)}))
    return [one for one in conversations if one not in taken]
