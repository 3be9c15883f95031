"""The database is away in the middle of it: no message loses its words or its turn for that, no reminder its hour."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import psycopg
import pytest

from bot.domain.turn import Inbound, Kind
from bot.flows.runner import Runner
from bot.hear import TRIES
from bot.receive import answer_next, take_in
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
from bot.store.errors import DatabaseAwayError
from tests.channels import updates
from tests.peers.postgresql import Cluster
from tests.peers.telegram_chat import SECRET, chatting_with_nobody, post, posted_to
from tests.peers.tiny import tiny_assistant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.flows.dialogue import Dialogue
    from bot.runtime import Runtime

MORE_THAN_A_PAGE = "Hallo " * 1300
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"


@dataclass(frozen=True, kw_only=True)
class Cutting(Runner):
    """Cuts every connection to the database in the middle of each turn."""

    address: str

    def settle(self, dialogue: Dialogue) -> tuple[Dialogue, str | None]:
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(f"{CUT} AND pid <> pg_backend_pid()")
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
    cut = Cutting(flows=shared.runner.flows, about=shared.runner.about, address=address)
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
            answer_next(replace(shared, runner=cut), conversation)
    assert answer_next(shared, conversation)
    (message,) = shared.database.read(lambda work: work.inbox.all_for(conversation))
    assert (message.status, message.attempts) == ("held", 0), "as ever: the notice comes first"


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
