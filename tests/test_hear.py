"""A messenger tells something: each kind of news comes to the verb it belongs to, and a second time changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from bot.channels.errors import DeliveryError
from bot.channels.limits import SCREEN
from bot.deliver import deliver_due
from bot.domain.messenger import FromGroup, Letter, Moved, Outcome, Reachable, Receipt, Remedy
from bot.domain.turn import Inbound, Kind, Message
from bot.hear import hear
from bot.store.columns import metadata
from tests.peers.tiny import at_work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.clock import HeldClock
    from bot.runtime import Runtime

AMINA, ELSEWHERE = "1001", "2002"


@dataclass
class Messenger:
    name: str = "telegram"
    limits = SCREEN
    planned: list[Exception] = field(default_factory=list)
    took: list[str] = field(default_factory=list)

    def send(self, letter: Letter) -> str:
        if self.planned:
            raise self.planned.pop(0)
        self.took.append(letter.address)
        return f"m{len(self.took)}"


@pytest.fixture
def messenger() -> Messenger:
    return Messenger()


@pytest.fixture
def runtime(clock: HeldClock, messenger: Messenger) -> Iterator[Runtime]:
    with at_work(clock) as runtime:
        yield replace(runtime, channels={messenger.name: messenger})


def writes(runtime: Runtime, number: int = 1, address: str = AMINA) -> str | None:
    inbound = Inbound(
        channel="telegram",
        address=address,
        provider_id=f"m{number}",
        kind=Kind.TEXT,
        text="hallo",
        received_at=runtime.clock.now(),
    )
    return hear(runtime, inbound)


def says(runtime: Runtime, conversation: str) -> None:
    body = Message(response="utter_x", text="Dag", buttons=(), language="nl", direction="ltr").as_body()
    now = runtime.clock.now()
    runtime.database.write(lambda work: work.outbox.say(conversation, None, 0, body, now))
    while deliver_due(runtime):
        pass


def states(runtime: Runtime, conversation: str) -> list[str]:
    return [row.status for row in runtime.database.read(lambda work: work.outbox.all_for(conversation))]


def test_a_message_is_new_once(runtime: Runtime) -> None:
    conversation = writes(runtime)
    assert conversation is not None
    assert writes(runtime) is None
    assert writes(runtime, number=2) == conversation


def test_the_same_number_in_two_chats_is_two_messages(runtime: Runtime) -> None:
    mine, theirs = writes(runtime), writes(runtime, address=ELSEWHERE)
    assert None not in {mine, theirs}
    assert mine != theirs


def test_a_receipt_moves_the_message_on(runtime: Runtime) -> None:
    conversation = writes(runtime)
    assert conversation is not None
    says(runtime, conversation)
    told = Receipt(channel="telegram", provider_id="m1", reference=None, outcome=Outcome.DELIVERED)

    assert hear(runtime, told) is None
    assert hear(runtime, told) is None
    assert states(runtime, conversation) == ["delivered"]


def test_who_blocks_us_hears_nothing_and_who_lets_us_in_again_does(runtime: Runtime, messenger: Messenger) -> None:
    conversation = writes(runtime)
    assert conversation is not None
    hear(runtime, Reachable(channel="telegram", address=AMINA, reachable=False))
    says(runtime, conversation)
    assert (states(runtime, conversation), messenger.took) == (["failed"], [])

    hear(runtime, Reachable(channel="telegram", address=AMINA, reachable=True))
    says(runtime, conversation)
    assert messenger.took == [AMINA]


def test_who_writes_lets_us_in_again(runtime: Runtime, messenger: Messenger) -> None:
    conversation = writes(runtime)
    assert conversation is not None
    hear(runtime, Reachable(channel="telegram", address=AMINA, reachable=False))
    writes(runtime, number=2)
    says(runtime, conversation)

    assert messenger.took == [AMINA]


def test_a_chat_that_moved_is_the_same_conversation(runtime: Runtime, messenger: Messenger) -> None:
    conversation = writes(runtime)
    assert conversation is not None
    moved = Moved(channel="telegram", address=AMINA, new_address=ELSEWHERE)
    hear(runtime, moved)
    hear(runtime, moved)

    assert writes(runtime, number=2, address=ELSEWHERE) == conversation
    says(runtime, conversation)
    assert messenger.took == [ELSEWHERE]


def test_a_chat_that_moved_is_told_by_the_refusal_too(runtime: Runtime, messenger: Messenger, clock: HeldClock) -> None:
    conversation = writes(runtime)
    assert conversation is not None
    messenger.planned = [DeliveryError("chat_migrated", remedy=Remedy.RETRY, new_address=ELSEWHERE)]
    says(runtime, conversation)
    clock.wait(seconds=2)
    while deliver_due(runtime):
        pass

    assert (states(runtime, conversation), messenger.took) == (["sent"], [ELSEWHERE])


@pytest.mark.parametrize(
    "news",
    [
        FromGroup(channel="telegram", address="-100"),
        Reachable(channel="telegram", address="nobody", reachable=False),
        Moved(channel="telegram", address="nobody", new_address="somewhere"),
        Receipt(channel="telegram", provider_id="m77", reference=None, outcome=Outcome.READ),
    ],
    ids=lambda news: type(news).__name__,
)
def test_news_of_nobody_we_know_stores_nothing(runtime: Runtime, news: FromGroup | Reachable | Moved | Receipt) -> None:
    assert hear(runtime, news) is None

    def rows(table: str) -> int:
        counted = f"SELECT count(*) FROM {table}"  # a name of our own
        return runtime.database.read(lambda work: work.connection.exec_driver_sql(counted).scalar_one())

    assert {table: rows(table) for table in metadata.tables} == dict.fromkeys(metadata.tables, 0)
