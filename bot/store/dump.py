"""
Every row of a database, of any revision: read in a fixed order, written as lines, put into another database, compared.

The tables are found in the database itself, not in the code, so that the rows of an older version are carried too.
What a value is says its column: see `KINDS`. A line is a JSON array in the order of the table's columns.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    cast,
    func,
    insert,
    inspect,
    select,
    text,
    type_coerce,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import NullType, UserDefinedType

from bot.store.columns import Moment
from bot.store.dialect import is_postgresql
from bot.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sqlalchemy import ColumnElement, Connection
    from sqlalchemy.types import TypeEngine

    Progress = Callable[[int, int, str], None]

Row: TypeAlias = tuple[Any, ...]

VERSION_TABLE = "alembic_version"
# Wake-ups of a shared queue, which has a schema of its own: a lost one is harmless, and another database has its own.
_NOT_OURS = "procrastinate_"
# At once in memory: so many rows, or so many bytes where rows are large (a file of a newcomer has twenty megabytes).
ROWS_AT_ONCE = 500
BYTES_AT_ONCE = 8 * 1024 * 1024


class _JsonWords(UserDefinedType[str]):
    """JSON as it was written: a document goes from one database to the other sign by sign."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        """Return what the column is called."""
        return "JSON"


# What a column holds, by the type that the database names; the first that fits. JSON is carried as its own words.
_KIND_OF: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (Boolean, "yes_no"),
    (DateTime, "moment"),
    (Date, "day"),
    (JSON, "json"),
    (LargeBinary, "bytes"),
    (Integer, "number"),
    (Float, "fraction"),
    (String, "text"),
)
KINDS: Mapping[str, TypeEngine[Any]] = {
    "yes_no": Boolean(),
    "moment": Moment(),  # aware, in UTC
    "day": Date(),
    "json": _JsonWords(),
    "bytes": LargeBinary(),
    "number": BigInteger(),
    "fraction": Float(),
    "text": Text(),
}


class UnknownColumnError(StoreError):
    """A column holds something that cannot be carried to another database."""

    def __init__(self, table: str, column: str) -> None:
        super().__init__()
        self.args = (f"{self.__doc__} ({table}.{column})",)


class CannotCarryError(StoreError):
    """The other database does not take these rows; nothing was changed."""

    def __init__(self, table: str, reason: str) -> None:
        super().__init__()
        self.args = (f"{self.__doc__} (table {table}: {reason})",)
        self.table = table
        self.reason = reason


class OtherTablesError(StoreError):
    """The rows are of other tables than this version of the database has."""

    def __init__(self, table: str) -> None:
        super().__init__()
        self.args = (f"{self.__doc__} ({table})",)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A table: its name, its columns and what each holds, and the columns by which its rows are told apart."""

    name: str
    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    key: tuple[str, ...]

    def __post_init__(self) -> None:
        for column, kind in zip(self.columns, self.kinds, strict=True):
            if kind not in KINDS:
                raise UnknownColumnError(self.name, column)

    def key_of(self, row: Row) -> str:
        """Return by what a row is told apart, to be shown."""
        return ", ".join(str(row[self.columns.index(name)]) for name in self.key)

    def as_value(self) -> Mapping[str, Any]:
        """Return the shape as JSON keeps it."""
        return {"name": self.name, "columns": self.columns, "kinds": self.kinds, "key": self.key}

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> Shape:
        """Read what `as_value` gave."""
        lists = {name: tuple(value[name]) for name in ("columns", "kinds", "key")}
        return cls(name=value["name"], **lists)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The first row that two databases do not share, and in which column; none when one of them lacks the row."""

    table: str
    key: str
    column: str | None


# ---- a row as a line


_JSON = json.JSONEncoder(separators=(",", ":"))


def as_line(shape: Shape, row: Row) -> bytes:
    """Write a row as one line; equal rows give equal lines."""
    values = [_out(kind, value) for kind, value in zip(shape.kinds, row, strict=True)]
    return _JSON.encode(values).encode("ascii")


def from_line(shape: Shape, line: bytes) -> Row:
    """Read what `as_line` wrote."""
    return tuple(_in(kind, value) for kind, value in zip(shape.kinds, json.loads(line), strict=True))


def _out(kind: str, value: Any) -> Any:
    if value is None:
        return None
    match kind:
        case "bytes":
            return base64.b64encode(value).decode("ascii")
        case "moment":
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case "day":
            return value.isoformat()
        case _:
            return value


def _in(kind: str, value: Any) -> Any:
    if value is None:
        return None
    match kind:
        case "bytes":
            return base64.b64decode(value, validate=True)
        case "moment":
            return datetime.fromisoformat(value)
        case "day":
            return date.fromisoformat(value)
        case _:
            return value


# ---- a database


class Tables:
    """The tables of one database as they are in one transaction, what is pointed to before what points to it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        found = MetaData()
        found.reflect(connection, only=lambda name, _: name != VERSION_TABLE and not name.startswith(_NOT_OURS))
        self._tables = {table.name: table for table in found.sorted_tables}
        self.shapes = tuple(_shape_of(table) for table in found.sorted_tables)

    @property
    def revision(self) -> str | None:
        """The revision of the tables; None where no migration ever ran."""
        if not inspect(self._connection).has_table(VERSION_TABLE):
            return None
        found: str | None = self._connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found

    def count(self, shape: Shape) -> int:
        """Return how many rows a table has."""
        return self._connection.scalar(select(func.count()).select_from(self._tables[shape.name])) or 0

    def has_rows(self) -> bool:
        """Return whether anything stands in any of them."""
        first = (select(1).select_from(table).limit(1) for table in self._tables.values())
        return any(self._connection.execute(query).first() is not None for query in first)

    def drop(self) -> None:
        """Drop them all, and with them what was known of their revision."""
        for table in reversed(self._tables.values()):
            table.drop(self._connection)
        self._connection.execute(text(f"DROP TABLE IF EXISTS {VERSION_TABLE}"))

    # ---- reading

    def rows(self, shape: Shape) -> Iterator[Row]:
        """Yield every row by its key, in an order that is the same in every database."""
        there = _typed(shape)
        order = [self._sorts(there.c[name], kind) for name, kind in _keyed(shape)]
        query = select(*(self._readable(column, kind) for column, kind in _columns(shape, there))).order_by(*order)
        result = self._connection.execute(query.execution_options(yield_per=self._at_once(shape)))
        reads = [_READ.get(kind) for kind in shape.kinds]
        for row in result:
            yield tuple(
                value if read is None or value is None else read(value) for read, value in zip(reads, row, strict=True)
            )

    def _sorts(self, column: ColumnElement[Any], kind: str) -> ColumnElement[Any]:
        # A server sorts text as people of its country do; SQLite sorts it by its bytes.
        return column.collate("C") if kind == "text" and is_postgresql(self._connection) else column

    def _readable(self, column: ColumnElement[Any], kind: str) -> ColumnElement[Any]:
        if kind != "json":
            return column
        if is_postgresql(self._connection):
            return cast(column, Text).label(column.name)
        return type_coerce(column, NullType())

    def _at_once(self, shape: Shape) -> int:
        there = _typed(shape)
        large = [func.max(func.length(column)) for column, kind in _columns(shape, there) if kind == "bytes"]
        if not large:
            return ROWS_AT_ONCE
        longest = sum(length or 0 for length in self._connection.execute(select(*large)).one())
        return max(1, min(ROWS_AT_ONCE, BYTES_AT_ONCE // max(1, longest)))

    # ---- writing

    def put(self, given: Shape, rows: Iterable[Row]) -> int:
        """
        Write rows of the shape `given` into the table of that name; return how many.

        Raises:
            OtherTablesError: there is no such table here, or it has other columns.
            CannotCarryError: the database does not take them.

        """
        here = {shape.name: shape for shape in self.shapes}.get(given.name)
        if here is None or dict(_kinds(here)) != dict(_kinds(given)):
            raise OtherTablesError(given.name)
        there = _typed(given)
        # A row may point to one of the same table that is still to come: that is filled in when all are there.
        later = self._to_itself(given)
        pointing: list[dict[str, Any]] = []
        written = 0
        try:
            for some in _batches(given, rows):
                values = [dict(zip(given.columns, row, strict=True)) for row in some]
                if later:
                    pointing += [_pointer(given, later, one) for one in values if any(one[name] for name in later)]
                    values = [one | dict.fromkeys(later) for one in values]
                self._connection.execute(insert(there), values)
                written += len(values)
            if pointing:
                here_row = [there.c[name] == bindparam(f"key_{name}") for name in given.key]
                self._connection.execute(
                    update(there).where(*here_row).values({name: bindparam(f"new_{name}") for name in later}), pointing
                )
        except DBAPIError as error:
            # Only the first line: the next ones of PostgreSQL's hold the row itself.
            reason = str(error.orig).splitlines()[0]
            raise CannotCarryError(given.name, reason) from None
        return written

    def _to_itself(self, shape: Shape) -> tuple[str, ...]:
        return tuple(
            column.name
            for constraint in self._tables[shape.name].foreign_key_constraints
            if constraint.referred_table.name == shape.name
            for column in constraint.columns
        )

    def count_on(self) -> None:
        """Have what numbers rows by itself (PostgreSQL's sequences) go on after the highest that was written."""
        if not is_postgresql(self._connection):
            return
        for shape in self.shapes:
            for column, kind in _kinds(shape):
                if kind != "number":
                    continue
                sequence = self._connection.scalar(
                    select(func.pg_get_serial_sequence(self._quoted(shape.name), column))
                )
                if sequence is not None:
                    highest = self._connection.scalar(select(func.max(_typed(shape).c[column])))
                    self._connection.execute(select(func.setval(sequence, highest or 1, highest is not None)))

    def _quoted(self, name: str) -> str:
        return self._connection.dialect.identifier_preparer.quote(name)


def first_difference(one: Tables, other: Tables, on_progress: Progress, what: str) -> Difference | None:
    """Read both again, row beside row, and return where they first differ; None when they are the same."""
    there = {shape.name: shape for shape in other.shapes}
    total, done = sum(one.count(shape) for shape in one.shapes), 0
    for shape in one.shapes:
        if shape.name not in there:
            return Difference(table=shape.name, key="", column=None)
        # Columns in the order of the first: an older database may have got them in another.
        kinds = dict(_kinds(there[shape.name]))
        if kinds != dict(_kinds(shape)):
            return Difference(table=shape.name, key="", column=None)
        for mine, theirs in zip_longest(one.rows(shape), other.rows(shape)):
            if mine != theirs:
                return _difference(shape, mine, theirs)
            done += 1
            if done % ROWS_AT_ONCE == 0:
                on_progress(done, total, what)
    on_progress(done, total, what)
    return None


def _difference(shape: Shape, mine: Row | None, theirs: Row | None) -> Difference:
    present = [row for row in (mine, theirs) if row is not None]
    keys = sorted(shape.key_of(row) for row in present)
    column = None
    if mine is not None and theirs is not None and len(set(keys)) == 1:
        pairs = zip(shape.columns, mine, theirs, strict=True)
        column = next(name for name, left, right in pairs if left != right)
    return Difference(table=shape.name, key=keys[0], column=column)


def _shape_of(table: Table) -> Shape:
    columns = tuple(column.name for column in table.columns)
    kinds = tuple(_kind_of(table.name, column) for column in table.columns)
    key = tuple(column.name for column in table.primary_key.columns)
    return Shape(name=table.name, columns=columns, kinds=kinds, key=key or columns)


def _kind_of(table: str, column: Column[Any]) -> str:
    for type_, kind in _KIND_OF:
        if isinstance(column.type, type_):
            return kind
    raise UnknownColumnError(table, column.name)


def _typed(shape: Shape) -> Table:
    """Return the table with our own types, which read and write the same on both databases."""
    return Table(shape.name, MetaData(), *(Column(name, KINDS[kind]) for name, kind in _kinds(shape)))


def _kinds(shape: Shape) -> Iterator[tuple[str, str]]:
    return zip(shape.columns, shape.kinds, strict=True)


def _columns(shape: Shape, table: Table) -> Iterator[tuple[ColumnElement[Any], str]]:
    return ((table.c[name], kind) for name, kind in _kinds(shape))


def _keyed(shape: Shape) -> Iterator[tuple[str, str]]:
    kinds = dict(_kinds(shape))
    return ((name, kinds[name]) for name in shape.key)


def _pointer(shape: Shape, later: tuple[str, ...], row: Mapping[str, Any]) -> dict[str, Any]:
    return {f"key_{name}": row[name] for name in shape.key} | {f"new_{name}": row[name] for name in later}


def _batches(shape: Shape, rows: Iterable[Row]) -> Iterator[list[Row]]:
    blobs = [at for at, kind in enumerate(shape.kinds) if kind == "bytes"]
    some: list[Row] = []
    size = 0
    for row in rows:
        some.append(row)
        size += sum(len(row[at] or b"") for at in blobs)
        if len(some) >= ROWS_AT_ONCE or size >= BYTES_AT_ONCE:
            yield some
            some, size = [], 0
    if some:
        yield some


def _json_words(value: Any) -> str:
    """A document that is one bare number lies in SQLite as a number: 1.0 becomes 1 there, so it is 1 for us."""
    words = value if isinstance(value, str) else json.dumps(value)
    if not words or words[0] not in "-0123456789":
        return words
    number = json.loads(words)
    return json.dumps(int(number) if isinstance(number, float) and number.is_integer() else number)


_READ: Mapping[str, Callable[[Any], Any]] = {
    "json": _json_words,
    "bytes": bytes,
    "fraction": lambda value: float(value) + 0.0,  # SQLite has no zero with a minus
}
