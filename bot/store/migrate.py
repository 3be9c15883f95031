"""
Bringing the tables up to date, from a checkout or an installed package alike.

To change the tables: edit `tables.py`, add a file to `migrations/versions`, and let
`tests/store/test_migrations.py` say whether the two agree.
"""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


_ONE_AT_A_TIME = threading.Lock()  # alembic keeps the running migration in a global


class BrokenReferenceError(RuntimeError):
    """A migration would leave a row that points to nothing; it was undone."""

    def __init__(self, table: str) -> None:
        super().__init__(f"{self.__doc__} Table: {table}.")


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run the migrations up to `revision` that this database has not had, all in one transaction."""
    with engine.begin() as connection:
        upgrade_within(connection, revision)


def upgrade_within(connection: Connection, revision: str = "head") -> None:
    """Do so within a transaction that is open already; on SQLite with its foreign keys off."""
    config = _config()
    with _ONE_AT_A_TIME:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    refuse_broken_references(connection)


def refuse_broken_references(connection: Connection) -> None:
    """Raise `BrokenReferenceError` where SQLite, whose keys were off meanwhile, has a row that points to nothing."""
    if connection.dialect.name == "sqlite":  # see `_SqliteDatabase`
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise BrokenReferenceError(str(broken[0]))


@cache
def revisions() -> tuple[str, ...]:
    """Return every revision that this code knows, the one that it works with first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def standing(connection: Connection) -> str | None:
    """Return the revision of the tables that are there; None before the first."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def is_known(revision: str) -> bool:
    """Return whether this program has had that revision, so that it can bring its rows up to date."""
    return revision in revisions()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config
