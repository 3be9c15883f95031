"""The few words that SQLite and PostgreSQL say in different ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

Insert: TypeAlias = postgresql.Insert | sqlite.Insert


def is_postgresql(connection: Connection) -> bool:
    """Tell whether other writers can be at work at the same time; on SQLite there is one."""
    return connection.dialect.name == "postgresql"


def insert_or(connection: Connection, table: Table) -> Insert:
    """Return an INSERT that knows ON CONFLICT."""
    return postgresql.insert(table) if is_postgresql(connection) else sqlite.insert(table)


def only_one_at_a_time(connection: Connection, subject: bytes) -> None:
    """Wait until no other transaction holds `subject` (its first eight bytes), and hold it until the end."""
    if is_postgresql(connection):
        number = int.from_bytes(subject[:8], "big", signed=True)
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})
