"""The database: SQLite in one process by default, PostgreSQL for many."""

from __future__ import annotations

import random
import select
import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from bot.store.errors import (
    DatabaseAwayError,
    DatabaseClosedError,
    DatabaseUnusableError,
    StillBeingReadError,
    UnitInsideUnitError,
    UnknownDatabaseError,
)
from bot.store.migrate import revisions, standing, upgrade
from bot.store.one_by_one import EndedError, OneByOne
from bot.store.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from types import TracebackType

    from sqlalchemy import URL, Connection

    from bot.domain.wakes import Wakes
    from bot.store.encryption import Vault

T = TypeVar("T")

_TRIES = 5
_PATIENCE_MS = 10_000  # for another process that writes
# Where the shared queue has its tables (bot/scale/queue.py); ours are found first.
WAKE_UPS = "wakeups"
# A connection that nobody answers on any more is given up within half a minute, at both ends: a process that was cut
# off in the middle of a unit of work would hold a conversation until somebody restarts the server.
TIMEOUTS = {
    "connect_timeout": 10,  # seconds
    "keepalives_idle": 10,  # seconds
    "keepalives_interval": 5,  # seconds
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,  # milliseconds
}
_IDLE_IN_TRANSACTION = "30s"
# What PostgreSQL says when two transactions stood in each other's way and doing it again is right.
_DO_IT_AGAIN = frozenset({"40001", "40P01"})
# The classes of what passes, or is mended at the server: connection, resources (its disk is full), an operator's hand,
# its machine; and a session that was ended because it stood still in the middle of a transaction.
_PASSING = ("08", "53", "57", "58", "25P03", *_DO_IT_AGAIN)
_SQLITE_PASSING = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN,
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Schema:
    """
    The revision of the tables that are there (None: no tables), and the one that this code works with.

    `ahead`: this code does not know it, so a newer one was at work here.
    """

    at: str | None
    newest: str
    ahead: bool = False

    @property
    def fits(self) -> bool:
        """Whether they are the same."""
        return self.at == self.newest


class Carrier(Protocol):
    """What takes wake-ups to other processes."""

    def carry(self, connection: Connection, wakes: Wakes) -> None:
        """Have them go out when this transaction is stored, and not if it is not. It never undoes the transaction."""
        ...


class Database(ABC):
    """
    Runs units of work: functions of `Work`. What one returns comes back, what it raises undoes it.

    Each of the `listeners` is told what a unit of work of this process led to, once it is stored. It is called by
    whoever stored it, and others wait: it only notes down what it hears. The `carrier` tells other processes.
    """

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.carrier: Carrier | None = None
        self.listeners: list[Callable[[Wakes], None]] = []
        self._inside = threading.local()

    @staticmethod
    def open(url: str, vault: Vault) -> Database:
        """Connect to `sqlite:///path` or `postgresql://…`; call `upgrade` before the first unit of work."""
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise UnknownDatabaseError(url) from None
        backend = parsed.get_backend_name()
        if backend == "sqlite" and parsed.database not in {None, "", ":memory:"}:
            return _SqliteDatabase(parsed, vault)
        if backend in {"postgresql", "postgres"}:
            return _PostgresqlDatabase(parsed, vault)
        raise UnknownDatabaseError(parsed.render_as_string(hide_password=True))

    @abstractmethod
    def upgrade(self) -> None:
        """
        Bring the tables up to date; harmless when they are, and when several processes do it at once.

        Raises:
            DatabaseUnusableError: the server is away, the file is no database.

        """

    @abstractmethod
    def read(self, fn: Callable[[Work], T]) -> T:
        """
        Run a unit of work that changes nothing; the database refuses a write.

        Raises:
            DatabaseAwayError: it may be asked again.

        """

    @abstractmethod
    def write(self, fn: Callable[[Work], T], *, urgent: bool = False) -> T:
        """
        Run a unit of work and store what it did, or nothing when it raises.

        Where writes wait for each other, an `urgent` one goes before others: a messenger waits for its answer.

        `fn` can run more than once (PostgreSQL asks for it when two units collide), so it changes nothing but
        the database; and it runs while others wait, so it calls no network.

        Raises:
            DatabaseAwayError: it may be asked again. It is seldom known that nothing was stored: the server can go
                between storing it and saying so.

        """

    def schema(self) -> Schema:
        """Return which tables are there, and which this code works with."""
        at, known = self._look(standing), revisions()
        return Schema(at=at, newest=known[0], ahead=at is not None and at not in known)

    def moment(self) -> datetime | None:
        """Return what time it is where the database is; None when that is here."""
        return None

    @abstractmethod
    def version(self) -> str:
        """Return whose database it is, and its version, as `SQLite 3.40.1`."""

    @abstractmethod
    def damage(self, *, thorough: bool = False) -> list[str]:
        """
        Return what is broken in the files, as the database itself says it; nothing when all is well.

        A server looks after its own files: of it nothing is said. `thorough` reads every page and every index.
        """

    @abstractmethod
    def _look(self, fn: Callable[[Connection], T]) -> T:
        """Ask something of the tables themselves; nothing is changed."""

    @abstractmethod
    def scrub(self) -> None:
        """Remove from the files what deleted rows left behind: slow, for after people were forgotten."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the connections, after what was started is done."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _refuse_inside(self) -> None:
        if getattr(self._inside, "unit", False):
            raise UnitInsideUnitError

    def _run(self, engine: Engine, fn: Callable[[Work], T]) -> T:
        self._refuse_inside()
        self._inside.unit = True
        try:
            with engine.begin() as connection:
                work = Work(connection, self.vault)
                result = fn(work)
                if work.wakes and self.carrier is not None:
                    self.carrier.carry(connection, work.wakes)
        finally:
            self._inside.unit = False
        if work.wakes:
            for listener in tuple(self.listeners):
                listener(work.wakes)
        return result


class _SqliteDatabase(Database):
    """One file, one writer thread, readers beside it."""

    def __init__(self, url: URL, vault: Vault) -> None:
        super().__init__(vault)
        path = Path(str(url.database))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)  # SQLite gives its -wal and -shm files the same rights
        self._writer = create_engine(url, pool_size=1, max_overflow=0, hide_parameters=True)
        self._reader = create_engine(url, pool_size=8, max_overflow=8, hide_parameters=True)
        event.listen(self._writer, "connect", _prepare_writer)
        event.listen(self._writer, "begin", _begin_immediate)
        event.listen(self._reader, "connect", _prepare_reader)
        event.listen(self._reader, "begin", _begin)
        self._thread = OneByOne("store-writer")
        self._closed = False

    def upgrade(self) -> None:
        with usable():
            self._on_the_writer_thread(self._upgrade)

    def _upgrade(self) -> None:
        # A migration remakes a table by dropping the old one: to a foreign key that looks like deleting its rows.
        self._foreign_keys("OFF")
        try:
            upgrade(self._writer)
        finally:
            self._foreign_keys("ON")

    def _foreign_keys(self, state: str) -> None:
        connection = self._writer.raw_connection()  # past the engine: inside a transaction it would have no effect
        try:
            connection.cursor().execute(f"PRAGMA foreign_keys = {state}")
        finally:
            connection.close()

    def read(self, fn: Callable[[Work], T]) -> T:
        if self._closed:
            raise DatabaseClosedError
        with _away_is_said():
            return self._run(self._reader, fn)

    def write(self, fn: Callable[[Work], T], *, urgent: bool = False) -> T:
        with _away_is_said():
            return self._on_the_writer_thread(lambda: self._run(self._writer, fn), urgent=urgent)

    def version(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}"

    def damage(self, *, thorough: bool = False) -> list[str]:
        check = "integrity_check" if thorough else "quick_check"

        def asked(connection: Connection) -> list[str]:
            said = [str(row[0]) for row in connection.exec_driver_sql(f"PRAGMA {check}(20)").all()]
            lost = [f"a row of {row[0]} points to nothing" for row in _lost(connection)] if thorough else []
            return [line for line in said if line != "ok"] + lost

        return self._look(asked)

    def _look(self, fn: Callable[[Connection], T]) -> T:
        if self._closed:
            raise DatabaseClosedError
        with usable(), self._reader.begin() as connection:
            return fn(connection)

    def scrub(self) -> None:
        def rewrite() -> None:
            connection = self._writer.raw_connection()  # past the engine, which would begin a transaction

            def run(statement: str) -> list[Any]:
                # To its last row: one that is still open keeps a VACUUM away.
                rows: list[Any] = connection.cursor().execute(statement).fetchall()
                return rows

            def fold_in() -> None:
                # A backup reads for minutes: every writer would wait with us for its end.
                run("PRAGMA busy_timeout = 250")
                ((blocked, *_),) = run("PRAGMA wal_checkpoint(TRUNCATE)")
                run(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
                if blocked:
                    raise StillBeingReadError

            try:
                fold_in()  # first: with a reader there, each try would add the size of the whole file to the -wal file
                run("VACUUM")
                fold_in()
            finally:
                run(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
                connection.close()

        self._on_the_writer_thread(rewrite)

    def close(self) -> None:
        self._closed = True
        self._thread.end()
        self._reader.dispose()
        self._writer.dispose()  # the last connection to close folds the -wal file into the database

    def _on_the_writer_thread(self, job: Callable[[], T], *, urgent: bool = False) -> T:
        self._refuse_inside()
        try:
            return self._thread.do(job, urgent=urgent)
        except EndedError:
            raise DatabaseClosedError from None


def _prepare_writer(connection: Any, _record: object) -> None:  # whatever the driver gives
    connection.isolation_level = None  # we say BEGIN ourselves
    run = connection.execute
    run(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
    run("PRAGMA journal_mode = WAL")
    # NORMAL would survive a killed process, but not a power cut: we tell a messenger "I have it", it never
    # sends it again, and the last commits would be gone. FULL waits for the disk at every commit.
    run("PRAGMA synchronous = FULL")
    run("PRAGMA foreign_keys = ON")
    run("PRAGMA secure_delete = ON")  # what is deleted is overwritten in the page, not just unlinked
    run("PRAGMA journal_size_limit = 16777216")


def _prepare_reader(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
    connection.execute("PRAGMA query_only = ON")


def _lost(connection: Connection) -> list[Any]:
    return list(connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(20))


def _begin_immediate(connection: Connection) -> None:
    # A plain BEGIN takes the write lock at its first write, and fails there if another process wrote since.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


_OPTIONS = (
    f'-c timezone=UTC -c search_path="$user",public,{WAKE_UPS} '
    f"-c idle_in_transaction_session_timeout={_IDLE_IN_TRANSACTION}"
)


class _PostgresqlDatabase(Database):
    """A server and a pool; a unit of work runs in the thread that asks for it."""

    def __init__(self, url: URL, vault: Vault) -> None:
        super().__init__(vault)
        self._engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=8,
            max_overflow=8,
            hide_parameters=True,  # an error of the database quotes the statement: without what was put into it
            pool_timeout=20,  # seconds that a unit of work waits for a connection
            connect_args={**TIMEOUTS, "options": _OPTIONS},
        )
        # After a restart of the server every pooled connection would fail once.
        event.listen(self._engine, "checkout", _refuse_a_closed_one)
        # One picture for the whole unit, as on SQLite: between two statements a person's key may be another.
        self._reader = self._engine.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")
        self._closed = False

    def upgrade(self) -> None:
        with usable():
            upgrade(self._engine)

    def read(self, fn: Callable[[Work], T]) -> T:
        self._refuse_closed()
        with _away_is_said():
            return self._run(self._reader, fn)

    def write(self, fn: Callable[[Work], T], *, urgent: bool = False) -> T:  # noqa: ARG002  # the server's writers share
        self._refuse_closed()
        with _away_is_said():
            for pause in _pauses():
                try:
                    return self._run(self._engine, fn)
                except OperationalError as error:
                    if getattr(error.orig, "sqlstate", None) not in _DO_IT_AGAIN:
                        raise
                time.sleep(pause)
            return self._run(self._engine, fn)

    def version(self) -> str:
        number = str(self._look(lambda connection: connection.scalar(text("SHOW server_version"))))
        return f"PostgreSQL {number}"

    def moment(self) -> datetime | None:
        found: datetime = self._look(lambda connection: connection.execute(text("SELECT now()")).scalar_one())
        return found

    def damage(self, *, thorough: bool = False) -> list[str]:  # noqa: ARG002  # what a file has, a server has not
        return []

    def _look(self, fn: Callable[[Connection], T]) -> T:
        self._refuse_closed()
        with usable(), self._reader.connect() as connection:
            return fn(connection)

    def scrub(self) -> None:
        """Rewrite the table of the data keys: without them the other tables' leftovers cannot be read."""
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM FULL data_keys"))

    def close(self) -> None:
        self._closed = True
        self._engine.dispose()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise DatabaseClosedError


def _refuse_a_closed_one(connection: Any, _record: object, _proxy: object) -> None:
    """
    Refuse a pooled connection that the server has ended.

    To one that asks nothing the server says only that. A ping would find the same, and costs each unit of work a turn
    to the server and back.
    """
    looked = select.poll()
    looked.register(connection.fileno(), select.POLLIN)
    if looked.poll(0):
        raise DisconnectionError


@contextmanager
def _away_is_said() -> Iterator[None]:
    """Tell what passes from what is wrong: whoever counts failures must not count these."""
    try:
        yield
    except (NoConnectionError, PendingRollbackError) as error:
        raise DatabaseAwayError(type(error).__name__) from error
    except DBAPIError as error:
        if not _passes(error):
            raise
        raise DatabaseAwayError(type(error.orig).__name__) from error


def _passes(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.OperationalError):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _SQLITE_PASSING
    state = getattr(error.orig, "sqlstate", None)
    # Without a state the driver says it, not the server: there is no connection.
    return isinstance(error, OperationalError) and (state is None or state.startswith(_PASSING))


@contextmanager
def usable() -> Iterator[None]:
    """Say what is wrong when the first thing that is asked of the database fails."""
    try:
        yield
    except DBAPIError as error:
        raise DatabaseUnusableError(" ".join(str(error.orig).split())) from error
    except sqlite3.DatabaseError as error:  # from a connection past the engine
        raise DatabaseUnusableError(" ".join(str(error).split())) from error


def _pauses() -> Iterator[float]:
    """Yield the seconds to wait before each next try; uneven, so that two that collided part ways."""
    for attempt in range(_TRIES - 1):
        yield random.uniform(0.005, 0.02) * 2**attempt  # noqa: S311  # not a secret
