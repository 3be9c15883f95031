"""A database with rows in every table of the metadata, and a look at all of it that shares no code with the dump."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Date,
    Float,
    Integer,
    LargeBinary,
    create_engine,
    insert,
    select,
)

from bot.store import participation_tables, tables, trajectory_tables
from bot.store.columns import Moment, metadata
from bot.store.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Column, Connection, Engine, Table
    from sqlalchemy.types import TypeEngine

assert tables  # they are in the metadata once they are imported
assert trajectory_tables
assert participation_tables
ROWS = 3
NOW = datetime(2026, 11, 23, 9, 30, 0, 123456, tzinfo=UTC)
DOCUMENTS: tuple[Any, ...] = (
    {"words": "ሰላም \u202bسلام\u202c 'aanhaling' \\ \u0000 \n", "deep": [1, 2.5, None, True, {"": 2**80}]},
    [],
    {"z": 1, "a": "€"},
)
# The first that fits.
VALUES: Mapping[type[TypeEngine[Any]], Callable[[int], Any]] = {
    LargeBinary: lambda number: bytes([0, 255, 10, 39]) + secrets.token_bytes(number * 40),
    Moment: lambda number: NOW + timedelta(days=number, microseconds=number),
    Date: lambda number: date(2026, 2, 28) + timedelta(days=number),
    Boolean: lambda number: number % 2 == 0,
    Float: lambda number: 0.1 + 0.2 + number,
    Integer: lambda number: (2**31 - 1) - number,
    JSON: lambda number: DOCUMENTS[number],
}


def engine_for(url: str) -> Engine:
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://"))


def fill(url: str) -> None:
    """Put rows in every table: the first row has a value in every column, the second leaves out what it may."""
    engine = engine_for(url)
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            _fill(connection, table)
    engine.dispose()


def everything(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of the metadata, as SQLAlchemy reads them by the metadata."""
    engine = engine_for(url)
    with engine.connect() as connection:
        found = {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }
    engine.dispose()
    return found


def _fill(connection: Connection, table: Table) -> None:
    allowed = {}
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint):
            name, _, values = str(constraint.sqltext).partition(" IN ")
            allowed[name] = re.findall(r"'(\w+)'", values)
    rows: list[dict[str, Any]] = []
    for number in range(ROWS):
        row = {}
        for column in table.columns:
            if number == 1 and column.nullable:
                continue
            row[column.name] = _value(connection, column, number, allowed.get(column.name))
        rows.append(row)
    # The first points to the last: a row may point to one of its own table that comes after it.
    own = [key.parent.name for key in table.foreign_keys if key.column.table is table]
    for row in rows:
        connection.execute(insert(table).values({**row, **dict.fromkeys(own)}))
    for name in own:
        key = next(iter(table.primary_key.columns))
        first = table.update().where(key == rows[0][key.name])
        connection.execute(first.values({name: rows[-1][key.name]}))


def _value(connection: Connection, column: Column[Any], number: int, allowed: list[str] | None) -> Any:
    for key in column.foreign_keys:
        if key.column.table is column.table:
            return None
        ids = connection.scalars(select(key.column).order_by(key.column)).all()
        return ids[number % len(ids)]
    if allowed:
        return allowed[number % len(allowed)]
    for type_, value in VALUES.items():
        if isinstance(column.type, type_):
            return value(number)
    if column.primary_key or column.name.endswith("_id"):
        return new_id()
    words = f"{number}ኣ€\"'\\ {column.name}"
    return words[: getattr(column.type, "length", None) or len(words)]
