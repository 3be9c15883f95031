"""A row as a line is the same row again, whatever stands in it; and where two databases differ is said."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import text

from bot.store import dump
from bot.store.columns import metadata
from bot.store.dump import Difference, Shape, Tables, as_line, first_difference, from_line
from bot.store.migrate import upgrade
from tests.store.filled import engine_for, fill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

documents = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=8,
)
moments = some.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001  # hypothesis adds the zone
    max_value=datetime(9998, 12, 31),  # noqa: DTZ001
    timezones=some.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=30)), timezone(timedelta(hours=14))]),
)
VALUES = {
    "yes_no": some.booleans(),
    "moment": moments,
    "day": some.dates(),
    "json": documents.map(lambda one: json.dumps(one, ensure_ascii=False)),
    "bytes": some.binary(),
    "number": some.integers(),
    "fraction": some.floats(allow_nan=False),
    "text": some.text(some.characters(blacklist_categories=[])),  # half a surrogate pair too
}


def test_every_kind_of_value_is_tried() -> None:
    assert set(VALUES) == set(dump.KINDS)


@some.composite
def rows(draw: some.DrawFn) -> tuple[Shape, tuple[Any, ...]]:
    kinds = draw(some.lists(some.sampled_from(sorted(VALUES)), min_size=1, max_size=9))
    columns = tuple(f"c{number}" for number in range(len(kinds)))
    row = tuple(draw(some.none() | VALUES[kind]) for kind in kinds)
    return Shape(name="t", columns=columns, kinds=tuple(kinds), key=columns[:1]), row


@given(rows())
def test_a_row_as_a_line_is_the_same_row_again(given_row: tuple[Shape, tuple[Any, ...]]) -> None:
    shape, row = given_row
    line = as_line(shape, row)
    back = from_line(shape, line)

    assert b"\n" not in line
    assert not line.startswith(b"{")  # which begins what is said of a table
    assert back == row
    assert list(map(type, back)) == list(map(type, row))
    assert [one.utcoffset() for one in back if type(one) is datetime] == [
        timedelta(0) for one in row if type(one) is datetime
    ]
    assert [math.copysign(1, one) for one in back if type(one) is float] == [
        math.copysign(1, one) for one in row if type(one) is float
    ]
    assert as_line(shape, back) == line
    assert Shape.from_value(json.loads(json.dumps(shape.as_value()))) == shape


# ---- in a database


@pytest.fixture
def here(url: str) -> Iterator[Connection]:
    engine = engine_for(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def there(other_url: str, migrated_file: object) -> Iterator[Connection]:
    from pathlib import Path  # noqa: PLC0415

    if other_url.startswith("sqlite"):
        Path(other_url.removeprefix("sqlite:///")).parent.mkdir()
    engine = engine_for(other_url)
    upgrade(engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def quiet(_done: int, _total: int, _what: str) -> None:
    """Nobody looks."""


def carry(source: Tables, target: Tables) -> None:
    for shape in source.shapes:
        target.put(shape, source.rows(shape))


def test_the_tables_are_those_of_the_metadata(here: Connection) -> None:
    found = Tables(here)
    expected = {table.name: {column.name for column in table.columns} for table in metadata.tables.values()}

    assert {shape.name: set(shape.columns) for shape in found.shapes} == expected
    assert found.revision is not None
    assert not found.has_rows()


# A document that is one number is kept by SQLite as a number; a document is not NULL, also when it says null.
DOCUMENTS = ["null", None, "1.0", "1", "-0.1", "0.30000000000000004", '"1"', "1e3", '{"a":1.0}', "[]", '""']


def test_documents_are_carried_as_they_were_written(here: Connection, there: Connection) -> None:
    columns = "id, pseudonym, roles_json, teams_json, languages_json, created_at, notify_json"
    place = "CAST(:document AS JSON)" if here.dialect.name == "postgresql" else ":document"
    for number, document in enumerate(DOCUMENTS):
        insert = (
            f"INSERT INTO users ({columns})"
            f" VALUES ('{number:02}', '{number}', '[]', '{{}}', '0', '2026-11-22 09:00:00.000000', {place})"
        )
        here.execute(text(insert), {"document": document})
    source, target = Tables(here), Tables(there)
    carry(source, target)

    assert first_difference(source, target, quiet, "") is None
    users = next(shape for shape in target.shapes if shape.name == "users")
    at = users.columns.index("notify_json")
    got = [row[at] for row in target.rows(users)]
    assert [one is None for one in got] == [one is None for one in DOCUMENTS]
    assert [json.loads(one) for one in got if one] == [json.loads(one) for one in DOCUMENTS if one]


def test_rows_come_in_the_same_order_everywhere(here: Connection, there: Connection) -> None:
    names = ["a", "B", "-", "_", "é", "Z", "ab", "a b", "A", "10", "9", "a-b"]
    for name in names:
        here.execute(text("INSERT INTO counters (name, value) VALUES (:name, 1)"), {"name": name})
    source, target = Tables(here), Tables(there)
    carry(source, target)
    counters = next(shape for shape in source.shapes if shape.name == "counters")

    assert [row[0] for row in source.rows(counters)] == [row[0] for row in target.rows(counters)] == sorted(names)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ("UPDATE helped SET helped = NOT helped WHERE id = (SELECT max(id) FROM helped)", ("helped", "helped")),
        ("UPDATE budgets SET tokens = tokens + 0.0000001", ("budgets", "tokens")),
        ("UPDATE conversations SET state_sealed = NULL", ("conversations", "state_sealed")),
        ("UPDATE cases SET earlier_case_id = id", ("cases", "earlier_case_id")),
        ("DELETE FROM counters", ("counters", None)),
        ("INSERT INTO counters (name, value) VALUES ('zzz', 1)", ("counters", None)),
    ],
)
def test_the_first_difference_is_found(
    here: Connection, there: Connection, url: str, change: str, place: tuple[str, str | None]
) -> None:
    fill(url)
    source, target = Tables(here), Tables(there)
    carry(source, target)
    assert first_difference(source, target, quiet, "") is None
    there.execute(text(change))
    found = first_difference(source, target, quiet, "")

    assert isinstance(found, Difference)
    assert (found.table, found.column) == place
    assert found.key


def test_what_the_other_database_does_not_take_is_said_without_the_row(here: Connection, there: Connection) -> None:
    shape = next(shape for shape in Tables(there).shapes if shape.name == "link_tries")
    row = ("secret words", "nobody", None)
    with pytest.raises(dump.CannotCarryError, match="link_tries") as caught:
        Tables(there).put(shape, [row])
    assert "secret" not in str(caught.value)


def test_other_columns_are_refused(there: Connection) -> None:
    shape = Shape(name="counters", columns=("name",), kinds=("text",), key=("name",))
    with pytest.raises(dump.OtherTablesError):
        Tables(there).put(shape, [])
    with pytest.raises(dump.OtherTablesError):
        Tables(there).put(Shape(name="nothing", columns=(), kinds=(), key=()), [])


@pytest.mark.parametrize("url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
def test_what_numbers_rows_by_itself_goes_on_after_the_highest(here: Connection) -> None:
    here.execute(text('CREATE TABLE "Numbered" (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, word text)'))
    here.execute(text("CREATE TABLE empty_one (id serial PRIMARY KEY)"))
    tables = Tables(here)
    numbered = next(shape for shape in tables.shapes if shape.name == "Numbered")
    tables.put(numbered, [(2**40, "many"), (3, "few")])
    tables.count_on()

    assert here.scalar(text("INSERT INTO \"Numbered\" (word) VALUES ('next') RETURNING id")) == 2**40 + 1
    assert here.scalar(text("INSERT INTO empty_one DEFAULT VALUES RETURNING id")) == 1
