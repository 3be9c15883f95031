"""The database is away in the middle of it: no message loses its words or its turn for that, no reminder its hour."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import text

from bot.domain.clock import HeldClock
from bot.domain.days import at
from bot.domain.turn import Inbound, Kind
from bot.flows.runner import Runner
from bot.hear import TRIES
from bot.receive import answer_next, take_in
from bot.remind import remind_due
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
from bot.store.errors import DatabaseAwayError
from tests.channels import updates
from tests.faults.reminded import enrolled
from tests.peers.postgresql import Cluster
from tests.peers.telegram_chat import SECRET, chatting_with_nobody, post, posted_to
from tests.peers.tiny import tiny_assistant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.flows.dialogue import Dialogue
    from bot.runtime import Runtime

MORE_THAN_A_PAGE = "Hallo " * 1300
TEN_O_CLOCK = at(date(2026, 11, 30), time(10))  # a Monday


def cut(address: str) -> None:
    """Cut every connection to the database but the one that this needs."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@dataclass(frozen=True, kw_only=True)
class Cutting(Runner):
    """Cuts every connection to the database in the middle of each turn."""

    address: str

    def settle(self, dialogue: Dialogue) -> tuple[Dialogue, str | None]:
        cut(self.address)
        return super().settle(dialogue)


@pytest.fixture
def address() -> Iterator[str]:
    cluster = Cluster()
    try:
        with cluster.database() as address:
            yield address
    finally:
        cluster.stop()


@pytest.fixture
def shared(address: str) -> Iterator[Runtime]:
    vault = Vault(MasterKeys(current="1", keys={"1": b"1" * 32}))
    with Database.open(address, vault) as database:
        database.upgrade()
        yield tiny_assistant().runtime(database)


@pytest.mark.postgresql
def test_a_message_is_not_put_aside_because_the_connection_was_cut_in_its_turn(shared: Runtime, address: str) -> None:
    cutting = Cutting(flows=shared.runner.flows, about=shared.runner.about, address=address)
    said = Inbound(
        channel="terminal",
        address="amina",
        provider_id="1",
        kind=Kind.TEXT,
        text="hallo",
        received_at=shared.clock.now(),
    )
    conversation = take_in(shared, said)
    assert conversation is not None
    for _ in range(TRIES):
        with pytest.raises(DatabaseAwayError):
            answer_next(replace(shared, runner=cutting), conversation)
    assert answer_next(shared, conversation)
    (message,) = shared.database.read(lambda work: work.inbox.all_for(conversation))
    assert (message.status, message.attempts) == ("held", 0), "as ever: the notice comes first"


class CuttingClock(HeldClock):
    """Cuts every connection to the database whenever it is looked at."""

    def __init__(self, moment: datetime, address: str) -> None:
        super().__init__(moment)
        self._address = address

    def now(self) -> datetime:
        cut(self._address)
        return super().now()


@pytest.mark.postgresql
def test_a_reminder_does_not_wait_an_hour_because_the_connection_was_cut(shared: Runtime, address: str) -> None:
    before = HeldClock(TEN_O_CLOCK - timedelta(days=7))
    planned = enrolled(replace(shared, clock=before), TEN_O_CLOCK, 0, random.Random(1))
    with pytest.raises(DatabaseAwayError):
        remind_due(replace(shared, clock=CuttingClock(TEN_O_CLOCK, address)))
    assert _states(shared) == {("waiting", None): planned}
    while remind_due(replace(shared, clock=HeldClock(TEN_O_CLOCK))):
        pass
    assert _states(shared) == {("sent", None): planned}


def _states(runtime: Runtime) -> dict[tuple[str, str | None], int]:
    query = text("SELECT state, rule, count(*) FROM reminders GROUP BY state, rule")
    found = runtime.database.read(lambda work: work.connection.execute(query).all())
    return {(state, rule): times for state, rule, times in found}


def grow(database: Database, most: int | None) -> None:
    """Let the file have so many pages, or no more than it needs now."""
    connection = database._writer.raw_connection()
    cursor = connection.cursor()
    cursor.execute("VACUUM")
    (pages,) = cursor.execute("PRAGMA page_count").fetchone()
    cursor.execute(f"PRAGMA max_page_count = {most or pages}")
    connection.close()


def test_a_message_that_is_posted_while_the_disk_is_full_keeps_its_words() -> None:
    said = json.dumps(updates.update("message", updates.text(MORE_THAN_A_PAGE, 55))).encode()
    with chatting_with_nobody() as chat, posted_to(chat) as address:
        grow(chat.runtime.database, None)
        assert {post(address, said, SECRET) for _ in range(TRIES + 2)} == {503}
        grow(chat.runtime.database, 1_000_000)
        assert post(address, said, SECRET) == 200
        assert [words.strip() for words in chat.heard()] == [MORE_THAN_A_PAGE.strip()]
