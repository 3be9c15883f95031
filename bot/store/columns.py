"""What the tables are made of: moments, ids, what points to another table, what may stand in a column."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    String,
    TypeDecorator,
    text,
)

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect


class NaiveMomentError(ValueError):
    """A moment without a time zone cannot be stored: nobody could tell when it was."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class Moment(TypeDecorator[datetime]):
    """An aware UTC moment; SQLite has no such type and keeps it as text that sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware moment into what the database keeps."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise NaiveMomentError
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # the base class's
        """Turn what the database keeps into an aware UTC moment."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def id_() -> Column[str]:
    """Return the column of a row's id."""
    return Column("id", String(36), primary_key=True)


def to(table: str, *, name: str | None = None, nullable: bool = False) -> Column[str]:
    """Return a column that points to the id of another table."""
    column = name or f"{table.removesuffix('s')}_id"
    return Column(column, String(36), ForeignKey(f"{table}.id"), nullable=nullable)


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """Return what keeps everything but these values out of a column."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def count(name: str, start: int = 0) -> Column[int]:
    """Return a column that counts."""
    return Column(name, Integer, nullable=False, server_default=text(str(start)))


def only_where(condition: str) -> dict[str, Any]:
    """Return what makes an index hold only the rows of which this is so."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}
