"""
A whole database at once: seen as it is at one moment, held still while it moves, or filled anew.

No master key is needed for any of it: what is sealed goes along sealed.
"""

from __future__ import annotations

import os
import secrets
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, OperationalError

from bot.store.database import usable
from bot.store.dialect import only_one_at_a_time
from bot.store.dump import Tables
from bot.store.errors import StoreError, UnknownDatabaseError
from bot.store.migrate import refuse_broken_references, upgrade_within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection


class NothingThereError(StoreError):
    """There is no database of the assistant here: it was never started with these settings."""


class NotEmptyError(StoreError):
    """The database has rows already, and nothing takes their place unless it is told to."""


class InUseError(StoreError):
    """Something is connected to the database: stop the assistant first, and every command that uses it."""


@contextmanager
def seen(url: str) -> Iterator[Connection]:
    """
    Give one picture of a database, while others go on writing.

    Raises:
        NothingThereError: there is none.
        DatabaseUnusableError: it cannot be reached, or is something else.

    """
    with _transaction(_reading(_known(url))) as connection:
        _refuse_nothing(connection)
        yield connection


@contextmanager
def held_still(url: str) -> Iterator[Connection]:
    """
    Give a database that nobody else can write to until the end of the block, nor open where it is a file.

    Raises:
        NothingThereError: there is none.
        InUseError: somebody is connected.
        DatabaseUnusableError: it cannot be reached, or is something else.

    """
    parsed = _known(url)
    if _is_file(parsed):
        with _alone(parsed) as connection:
            _refuse_nothing(connection)
            yield connection
        return
    # What each statement sees is what is there: with one picture, rows of before the lock could be missing in it.
    with _transaction(_engine(parsed).execution_options(postgresql_readonly=True)) as connection:
        _refuse_others(connection)
        _refuse_nothing(connection)
        for shape in Tables(connection).shapes:
            connection.execute(text(f'LOCK TABLE "{shape.name}" IN SHARE MODE'))
        yield connection


@contextmanager
def filled_anew(url: str, revision: str, *, replace: bool = False) -> Iterator[Connection]:
    """
    Give an empty database with the tables of `revision`, to be filled within the block; it takes its place whole.

    When the block raises, all is as it was. Tables without rows may be there; with rows only when they may be replaced.

    Raises:
        NotEmptyError: it has rows.
        InUseError: somebody is connected to what is to be replaced.
        DatabaseUnusableError: it cannot be reached, or is something else.

    """
    parsed = _known(url)
    if _is_file(parsed):
        with _new_file(parsed, replace=replace) as connection:
            upgrade_within(connection, revision)
            yield connection
        return
    with _transaction(_engine(parsed)) as connection:
        only_one_at_a_time(connection, b"restore!")
        tables = Tables(connection)
        if not replace and tables.has_rows():
            raise NotEmptyError
        _refuse_others(connection)
        if replace or tables.revision != revision:
            tables.drop()
        upgrade_within(connection, revision)
        yield connection


def has_rows(url: str) -> bool:
    """Return whether anything stands in the database; a file that is not there has nothing."""
    parsed = _known(url)
    if _is_file(parsed) and not _path(parsed).exists():
        return False
    with _transaction(_reading(parsed)) as connection, usable():
        return Tables(connection).has_rows()


def shown(url: str) -> str:
    """Return a database's address without its password."""
    return _known(url).render_as_string(hide_password=True)


def is_same(one: str, other: str) -> bool:
    """Return whether two addresses name the same database, as far as they tell."""
    first, second = _known(one), _known(other)
    if _is_file(first) and _is_file(second):
        return _path(first).resolve() == _path(second).resolve()
    return first == second


def _known(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UnknownDatabaseError(url) from None
    backend = parsed.get_backend_name()
    if backend in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and parsed.database not in {None, "", ":memory:"}:
        return parsed
    raise UnknownDatabaseError(parsed.render_as_string(hide_password=True))


def _is_file(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _path(url: URL) -> Path:
    return Path(str(url.database))


def _refuse_nothing(connection: Connection) -> None:
    with usable():
        nothing = Tables(connection).revision is None
    if nothing:
        raise NothingThereError


# The assistant comes as we do; others may be there to measure, as a provider of servers does.
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND usename = current_user AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
# The server ends a session a moment after somebody left.
_LEAVING_TRIES, _LEAVING_SECONDS = 20, 0.1


def _refuse_others(connection: Connection) -> None:
    for _ in range(_LEAVING_TRIES):
        if not connection.scalar(_OTHERS):
            return
        time.sleep(_LEAVING_SECONDS)
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))  # within a transaction the first look is kept
    raise InUseError


# ---- how each is opened


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    try:
        with usable():
            connection = engine.connect()
        with connection, connection.begin():
            yield connection
    finally:
        engine.dispose()


def _reading(url: URL) -> Engine:
    if _is_file(url):
        if not _path(url).exists():
            raise NothingThereError
        return _file_engine(url, "BEGIN", "PRAGMA busy_timeout = 10000", "PRAGMA query_only = ON")
    options: dict[str, Any] = {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
    return _engine(url).execution_options(**options)


def _engine(url: URL) -> Engine:
    return create_engine(url, pool_size=1, max_overflow=0, connect_args={"options": "-c timezone=UTC"})


def _file_engine(url: URL, begin: str, *pragmas: str) -> Engine:
    engine = create_engine(url, pool_size=1, max_overflow=0)

    def prepare(connection: Any, _record: object) -> None:  # whatever the driver gives
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in pragmas:
            connection.execute(pragma)

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


@contextmanager
def _alone(url: URL) -> Iterator[Connection]:
    """Give the file with everybody else shut out: who has it open, even without doing anything, keeps us from it."""
    if not _path(url).exists():
        raise NothingThereError
    engine = _file_engine(url, "BEGIN EXCLUSIVE", "PRAGMA busy_timeout = 500", "PRAGMA locking_mode = EXCLUSIVE")
    try:
        with usable():
            connection = engine.connect()
        with connection:
            try:
                transaction = connection.begin()
            except OperationalError as error:
                if "locked" not in str(error.orig):
                    with usable():
                        raise
                raise InUseError from None
            with transaction:
                yield connection
    finally:
        engine.dispose()


@contextmanager
def _new_file(url: URL, *, replace: bool) -> Iterator[Connection]:
    path = _path(url)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with _shut_out(url, replace=replace):
        draft.touch(mode=0o600)
        # As in a migration, tables are remade while they are filled: to a foreign key that looks like deleting rows.
        pragmas = ("PRAGMA foreign_keys = OFF", "PRAGMA secure_delete = ON", "PRAGMA synchronous = FULL")
        engine = _file_engine(url.set(database=str(draft)), "BEGIN IMMEDIATE", *pragmas)
        try:
            with _transaction(engine) as connection:
                yield connection
                refuse_broken_references(connection)
            draft.replace(path)
            _sync(path.parent)
        finally:
            for suffix in ("", "-journal"):
                Path(f"{draft}{suffix}").unlink(missing_ok=True)


@contextmanager
def _shut_out(url: URL, *, replace: bool) -> Iterator[None]:
    """Keep everybody off the file that is there now, with its -wal file folded in, until another has its place."""
    path = _path(url)
    if not path.exists() or path.stat().st_size == 0:
        for suffix in ("-wal", "-shm"):  # of a file that was taken away: the new one would be given its pages
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        yield
        return
    if not replace and has_rows(str(url)):
        raise NotEmptyError
    engine = _file_engine(url, "BEGIN EXCLUSIVE", "PRAGMA busy_timeout = 500", "PRAGMA locking_mode = EXCLUSIVE")
    connection = engine.raw_connection()
    try:
        try:
            # Without a -wal file there is none that the new file could be taken for its own.
            connection.cursor().execute("PRAGMA journal_mode = DELETE")
            connection.cursor().execute("BEGIN EXCLUSIVE")
        except Exception as error:
            if "locked" in str(error):
                raise InUseError from None
            with usable():
                raise
        yield
    finally:
        with suppress(Exception):
            connection.rollback()
        connection.close()
        engine.dispose()


def _sync(directory: Path) -> None:
    """Make the new name survive a power cut."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
