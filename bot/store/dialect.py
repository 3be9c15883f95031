"""The few words that SQLite and PostgreSQL say in different ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import Interval, func, literal, text
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy import ColumnElement, Connection, Table

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


def follows_within(
    connection: Connection, moment: ColumnElement[datetime], other: ColumnElement[datetime], span: timedelta
) -> ColumnElement[bool]:
    """Return the condition that `other` comes at most so long after `moment`; not when either is empty."""
    if is_postgresql(connection):
        return other <= moment + literal(span, Interval)
    # Days of a calendar that has no time zones: both are kept in UTC. A second more, because it counts in fractions.
    return func.julianday(other) - func.julianday(moment) <= (span.total_seconds() + 1) / 86_400
