"""
Many newcomers, and what they and the assistant said to each other long ago.

What is sealed in these rows is random bytes of the usual length: a turn never opens an old message, and if one did, it
would fail here. Who writes while we measure is made as the assistant makes them.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import psycopg

from bot.carry_out import NOTICE_VERSION
from bot.flows.dialogue import VERSION, Dialogue

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from bot.runtime import Runtime
    from bot.store.work import Work

    Show = Callable[[int, int, str], None]

CHANNEL = "bench"
LANGUAGE = "nl"
# Bytes that are sealed: a message in, an answer, what is remembered of a conversation; about the median of real ones.
INBOUND_BYTES, OUTBOX_BYTES, STATE_BYTES = 230, 640, 900
# What was said is spread over these: older messages would be forgotten while we measure (bot/forget.py).
SPAN = timedelta(days=80)
EACH = 100  # messages of one conversation, in and out, on average
ANSWERS = 1.5  # to one message: every second message gets two
HAD_A_CASE = 50  # one of so many messages led to a case, which was closed
UNDERSTOOD = json.dumps({"rung": "new_subject", "language": LANGUAGE, "intents": [["housing_repairs", 0.91]]})
AT_ONCE = 20_000  # messages between two looks at the bar
MANY = 200_000  # with so many it is quicker to make the indexes anew

COLUMNS: Mapping[str, Sequence[str]] = {
    "data_keys": ("id", "master_key_id", "wrapped", "created_at"),
    "newcomers": ("id", "data_key_id", "language", "consent_at", "consent_version", "created_at"),
    "addresses": ("id", "newcomer_id", "channel", "digest", "sealed"),
    "conversations": (
        *("id", "newcomer_id", "channel", "address_id", "next_number", "read_mark", "said_count", "state_sealed"),
        *("state_version", "created_at", "updated_at", "heard_at"),
    ),
    "inbound": (
        *("id", "conversation_id", "number", "channel", "provider_id", "kind", "sealed", "received_at", "status"),
        "understood_json",
    ),
    "outbox": (
        *("id", "conversation_id", "number", "cause_inbound_id", "position", "sealed", "status", "available_at"),
        *("attempts", "lease_token", "sent_at", "provider_id", "created_at"),
    ),
    "cases": (
        *("id", "number", "newcomer_id", "conversation_id", "state", "reason", "topic", "language", "opened_at"),
        *("closed_at", "waiting_since", "first_answered_at", "outcome"),
    ),
}


class Rows(Protocol):
    """Where rows are put, past the assistant and as quick as the database takes them."""

    def put(self, table: str, rows: Sequence[Sequence[Any]]) -> None: ...
    def count(self, conversation_id: str, heard: int, said: int) -> None: ...
    def moment(self, at: datetime) -> str: ...
    def done(self) -> None: ...


# ---- who said how much


@dataclass
class Talk:
    """One conversation and how much was said in it."""

    conversation: str
    newcomer: str
    heard: int = 0
    said: int = 0


@dataclass
class Town:
    """All who ever wrote. `writers` are those who will write again: their addresses, by conversation."""

    chance: random.Random
    conversations: int = 0
    messages: int = 0
    cases: int = 0
    writers: dict[str, str] = field(default_factory=dict)
    _told: bool = False
    _of: dict[str, str] = field(default_factory=dict)

    def settle(self, runtime: Runtime, how_many: int, show: Show) -> None:
        """Have so many people accept the notice, as the assistant does it: they will write."""
        for begin in range(0, how_many, 100):
            names = [f"{CHANNEL} {number}" for number in range(begin, min(how_many, begin + 100))]
            for conversation, newcomer, name in runtime.database.write(lambda work: _settled(runtime, work, names)):  # noqa: B023  # called at once
                self.writers[conversation], self._of[conversation] = name, newcomer
            show(begin + len(names), how_many, "people who will write")
        self.conversations += how_many

    def grow(self, rows: Rows, conversations: int, messages: int, show: Show) -> None:
        """Add conversations until there are so many, and messages in the new ones until there are so many."""
        new = [
            Talk(_new_id(self.chance, _some_time(self.chance)), "") for _ in range(conversations - self.conversations)
        ]
        for talk in new:
            talk.newcomer = _new_id(self.chance, _some_time(self.chance))
        talks = list(new)
        if not self._told:  # the first time those who will write said something, too
            talks += [Talk(conversation, self._of[conversation]) for conversation in self.writers]
            self.chance.shuffle(talks)
            self._told = True
        self._tell(rows, talks, messages - self.messages, show)
        self._people(rows, new)
        for talk in talks:
            if talk.conversation in self.writers:
                rows.count(talk.conversation, talk.heard, talk.said)
        rows.done()
        self.conversations, self.messages = max(self.conversations, conversations), max(self.messages, messages)

    def _tell(self, rows: Rows, talks: Sequence[Talk], messages: int, show: Show) -> None:
        chance, noise = self.chance, self.chance.randbytes(1 << 18)
        now = datetime.now(UTC) - timedelta(hours=1)
        incoming = max(0, int(messages / (1 + ANSWERS)))
        inbound: list[Sequence[Any]] = []
        outbox: list[Sequence[Any]] = []
        cases: list[Sequence[Any]] = []
        for number in range(incoming):
            # In the order of time, so that what one person said lies far apart; some say much and many say little.
            at = now - SPAN * (1 - number / incoming)
            moment, milliseconds = rows.moment(at), int(at.timestamp() * 1000)
            talk = talks[int(len(talks) * chance.random() ** 2)]
            talk.heard += 1
            cause, place = _new_id(chance, milliseconds), chance.randrange(1 << 17)
            inbound.append((
                cause, talk.conversation, talk.heard, CHANNEL, f"{chance.getrandbits(96):024x}", "text",
                noise[place : place + INBOUND_BYTES], moment, "read", UNDERSTOOD,
            ))  # fmt: skip
            for position in range(2 - talk.heard % 2):
                talk.said += 1
                place = chance.randrange(1 << 17)
                outbox.append((
                    _new_id(chance, milliseconds), talk.conversation, talk.said, cause, position,
                    noise[place : place + OUTBOX_BYTES], "sent", moment, 1, 1, moment, f"{chance.getrandbits(96):024x}",
                    moment,
                ))  # fmt: skip
            if number % HAD_A_CASE == 0:
                self.cases += 1
                cases.append((
                    _new_id(chance, milliseconds), 1_000_000 + self.cases, talk.newcomer, talk.conversation, "closed",
                    "asked", "housing", LANGUAGE, moment, moment, moment, moment, "answered",
                ))  # fmt: skip
            if len(inbound) >= AT_ONCE or number + 1 == incoming:
                for table, full in (("inbound", inbound), ("outbox", outbox), ("cases", cases)):
                    rows.put(table, full)
                    full.clear()
                show(number + 1, incoming, f"{messages} old messages")

    def _people(self, rows: Rows, talks: Sequence[Talk]) -> None:
        chance, noise = self.chance, self.chance.randbytes(1 << 18)
        begun = rows.moment(datetime.now(UTC) - SPAN)
        for begin in range(0, len(talks), AT_ONCE):
            found: dict[str, list[Sequence[Any]]] = {name: [] for name in ("data_keys", "newcomers", "addresses")}
            found["conversations"] = []
            for talk in talks[begin : begin + AT_ONCE]:
                key, address = _new_id(chance, _some_time(chance)), _new_id(chance, _some_time(chance))
                place = chance.randrange(1 << 17)
                found["data_keys"].append((key, "of nobody", noise[place : place + 61], begun))
                found["newcomers"].append((talk.newcomer, key, LANGUAGE, begun, NOTICE_VERSION, begun))
                sealed = noise[place : place + 45]
                found["addresses"].append((address, talk.newcomer, CHANNEL, chance.randbytes(32), sealed))
                found["conversations"].append((
                    talk.conversation, talk.newcomer, CHANNEL, address, talk.heard + 1, talk.heard, talk.said,
                    noise[place : place + STATE_BYTES], VERSION, begun, begun, begun,
                ))  # fmt: skip
            for table, full in found.items():
                rows.put(table, full)


def _settled(runtime: Runtime, work: Work, names: Sequence[str]) -> list[tuple[str, str, str]]:
    now = runtime.clock.now()
    state = Dialogue(language_chosen=True, notice_shown=True).to_json().encode()
    found = []
    for name in names:
        writing = work.newcomers.writing_from(CHANNEL, name, now=now, language=LANGUAGE)
        work.newcomers.accept_notice(writing.newcomer.id, NOTICE_VERSION, now)
        work.conversations.save_state(writing.conversation.id, state, version=VERSION, now=now)
        found.append((writing.conversation.id, writing.newcomer.id, name))
    return found


def _new_id(chance: random.Random, milliseconds: int) -> str:
    """Return an id as the store makes them (bot/store/ids.py), of another moment."""
    rest = chance.getrandbits(72)
    return (
        f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}-7{rest & 0xFFF:03x}-8{rest >> 12 & 0xFFF:03x}"
        f"-{rest >> 24:012x}"
    )


def _some_time(chance: random.Random) -> int:
    return int((datetime.now(UTC) - SPAN * chance.random()).timestamp() * 1000)


# ---- the two databases


class _Postgresql:
    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def put(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        with self._connection.cursor().copy(f"COPY {table} ({', '.join(COLUMNS[table])}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def count(self, conversation_id: str, heard: int, said: int) -> None:
        counted = [heard + 1, heard, said, conversation_id]
        self._connection.execute(
            "UPDATE conversations SET next_number = %s, read_mark = %s, said_count = %s WHERE id = %s", counted
        )

    def moment(self, at: datetime) -> str:
        return at.isoformat()

    def done(self) -> None:
        self._connection.commit()


class _Sqlite:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        places = ", ".join("?" * len(COLUMNS[table]))
        self._connection.executemany(f"INSERT INTO {table} ({', '.join(COLUMNS[table])}) VALUES ({places})", rows)  # noqa: S608  # names of ours

    def count(self, conversation_id: str, heard: int, said: int) -> None:
        counted = (heard + 1, heard, said, conversation_id)
        self._connection.execute(
            "UPDATE conversations SET next_number = ?, read_mark = ?, said_count = ? WHERE id = ?", counted
        )

    def moment(self, at: datetime) -> str:
        return at.strftime("%Y-%m-%d %H:%M:%S.%f")

    def done(self) -> None:
        self._connection.commit()


@contextmanager
def rows_of(url: str, expected: int) -> Iterator[Rows]:
    """Give what puts rows into the database of this URL, about so many; it is tidied up and analysed afterwards."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            file.execute("PRAGMA synchronous = OFF")
            file.execute("PRAGMA cache_size = -500000")
            yield _Sqlite(file)
            file.execute("ANALYZE")
            file.commit()
        return
    with psycopg.connect(url) as connection:
        # Past the foreign keys, as a restored backup is.
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET maintenance_work_mem = '1GB'")
        with _indexed_afterwards(connection, expected):
            yield _Postgresql(connection)
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


@contextmanager
def _indexed_afterwards(connection: psycopg.Connection, expected: int) -> Iterator[None]:
    """Make the indexes of the two long tables anew after the block, when many rows are expected."""
    if expected < MANY:
        yield
        return
    rules = connection.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'u' AND conrelid IN ('inbound'::regclass, 'outbox'::regclass)"
    ).fetchall()
    named = [name for _, name, _ in rules]
    indexes = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename IN ('inbound', 'outbox')"
        " AND indexname NOT LIKE 'pk%%' AND NOT indexname = ANY(%s)",
        [named],
    ).fetchall()
    for table, name, _ in rules:
        connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for name, _ in indexes:
        connection.execute(f'DROP INDEX "{name}"')
    yield
    for table, name, definition in rules:
        connection.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
    for _, definition in indexes:
        connection.execute(definition)
