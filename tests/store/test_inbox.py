from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot.store.encryption import TamperedError
from bot.store.errors import ConversationGoneError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.store.database import Database
    from bot.store.rows import InboundRow, Writing
    from bot.store.work import Work


@pytest.fixture
def receive(database: Database, amina: Writing, now: datetime) -> Callable[..., InboundRow | None]:
    def receive(provider_id: str, words: str = "hallo", minutes: int = 0) -> InboundRow | None:
        moment = now + timedelta(minutes=minutes)
        return database.write(
            lambda work: work.inbox.receive(
                amina.conversation.id, "telegram", provider_id, "text", {"text": words}, moment
            )
        )

    return receive


def all_of(database: Database, writing: Writing) -> list[InboundRow]:
    return database.read(lambda work: work.inbox.all_for(writing.conversation.id))


def test_messages_are_numbered_in_the_order_they_came(
    database: Database, amina: Writing, receive: Callable[..., InboundRow | None]
) -> None:
    received = [receive("a", "مرحبا"), receive("b", "ሰላም")]
    unread = database.read(lambda work: work.inbox.unread(amina.conversation.id))
    assert unread == received
    assert database.read(lambda work: work.inbox.next_unread(amina.conversation.id)) == received[0]
    assert [(row.number, row.body["text"], row.status) for row in unread] == [
        (1, "مرحبا", "unread"),
        (2, "ሰላም", "unread"),
    ]
    assert database.read(lambda work: work.inbox.get(unread[0].id)) == unread[0]
    assert "مرحبا" not in repr(unread)


def test_a_message_counts_once(database: Database, amina: Writing, receive: Callable[..., InboundRow | None]) -> None:
    assert receive("a", "one").number == 1
    assert receive("a", "two") is None
    assert receive("b", "three").number == 2  # the repeat took no number
    assert [row.body["text"] for row in all_of(database, amina)] == ["one", "three"]


def test_eight_webhooks_with_the_same_message_make_one_row(
    database: Database, amina: Writing, receive: Callable[..., InboundRow | None]
) -> None:
    for round_number in range(5):
        with ThreadPoolExecutor(8) as threads:
            stored = list(threads.map(lambda _, n=round_number: receive(f"p{n}"), range(8)))
        assert sum(row is not None for row in stored) == 1
    assert [row.number for row in all_of(database, amina)] == [1, 2, 3, 4, 5]


def test_two_channels_may_use_the_same_id(database: Database, amina: Writing, yonas: Writing, now: datetime) -> None:
    for writing in (amina, yonas):
        row = database.write(
            lambda work, w=writing: work.inbox.receive(w.conversation.id, w.conversation.channel, "1", "text", {}, now)
        )
        assert row is not None


def test_reading_moves_the_read_mark_and_never_back(
    database: Database, amina: Writing, receive: Callable[..., InboundRow | None]
) -> None:
    one, two, three = (receive(name) for name in "abc")

    def mark() -> int:
        return database.read(lambda work: work.conversations.get(amina.conversation.id)).read_mark

    database.write(lambda work: work.inbox.mark_read([one.id, two.id]))
    assert mark() == 2
    database.write(lambda work: work.inbox.mark_read([]))
    database.write(lambda work: work.inbox.mark_read([one.id]))
    assert mark() == 2
    assert database.read(lambda work: work.inbox.unread(amina.conversation.id)) == [three]


def test_a_turn_takes_its_message_and_moves_the_mark_with_what_is_remembered(
    database: Database, amina: Writing, now: datetime, receive: Callable[..., InboundRow | None]
) -> None:
    one, two = receive("a"), receive("b")
    mine = amina.conversation.id

    def turn(work: Work, message: InboundRow, rung: str) -> None:
        work.inbox.taken(message.id, {"rung": rung})
        work.conversations.save_state(mine, b"{}", version=1, now=now, read_up_to=message.number)

    database.write(lambda work: turn(work, two, "menu"))
    database.write(lambda work: turn(work, one, "stop"))
    assert [(row.status, row.understood) for row in all_of(database, amina)] == [
        ("read", {"rung": "stop"}),
        ("read", {"rung": "menu"}),
    ]
    assert database.read(lambda work: work.conversations.get(mine)).read_mark == two.number  # never back


def test_what_was_put_aside_stays_aside_when_its_turn_is_written_down(
    database: Database, amina: Writing, receive: Callable[..., InboundRow | None]
) -> None:
    one = receive("a")

    def turn(work: Work) -> None:
        work.inbox.set_aside(one.id, "damaged")
        work.inbox.taken(one.id, {"rung": "menu"})

    database.write(turn)
    assert [(row.status, row.understood) for row in all_of(database, amina)] == [("set_aside", {"rung": "menu"})]


def test_held_messages_wait_for_the_notice(
    database: Database, amina: Writing, receive: Callable[..., InboundRow | None]
) -> None:
    one, two = receive("a", "help"), receive("b")
    database.write(lambda work: work.inbox.hold([one.id]))
    held = database.read(lambda work: work.inbox.held(amina.conversation.id))
    assert [(row.id, row.body["text"], row.status) for row in held] == [(one.id, "help", "held")]
    assert database.read(lambda work: work.inbox.unread(amina.conversation.id)) == [two]
    database.write(lambda work: work.inbox.mark_read([one.id]))
    assert [row.status for row in all_of(database, amina)] == ["read", "unread"]


def test_held_messages_are_dropped_after_a_day_with_their_content(
    database: Database, amina: Writing, now: datetime, receive: Callable[..., InboundRow | None]
) -> None:
    rows = [receive("a", "old"), receive("b", "new", minutes=5), receive("c", "read")]
    database.write(lambda work: work.inbox.hold([row.id for row in rows[:2]]))
    deadline = now + timedelta(minutes=5)
    assert database.write(lambda work: work.inbox.drop_held_older_than(deadline)) == 1
    assert database.write(lambda work: work.inbox.drop_held_older_than(deadline)) == 0
    assert [(row.status, dict(row.body)) for row in all_of(database, amina)] == [
        ("dropped", {}),
        ("held", {"text": "new"}),
        ("unread", {"text": "read"}),
    ]
    sealed = database.read(lambda work: work.connection.scalars(text("SELECT sealed FROM inbound")).all())
    assert sorted(value is None for value in sealed) == [False, False, True]


def test_declining_the_notice_drops_what_was_held_in_that_conversation_alone(
    database: Database,
    amina: Writing,
    yonas: Writing,
    now: datetime,
    receive: Callable[..., InboundRow | None],
) -> None:
    mine = receive("a")
    theirs = database.write(lambda work: work.inbox.receive(yonas.conversation.id, "whatsapp", "x", "text", {}, now))
    database.write(lambda work: work.inbox.hold([mine.id, theirs.id]))
    assert database.write(lambda work: work.inbox.drop_held(amina.conversation.id)) == 1
    assert all_of(database, amina)[0].status == "dropped"
    assert all_of(database, yonas)[0].status == "held"


def test_accepting_the_notice_releases_what_was_held_in_order(
    database: Database, amina: Writing, receive: Callable[..., InboundRow | None]
) -> None:
    one, two = receive("a"), receive("b")
    database.write(lambda work: work.inbox.hold([one.id, two.id]))
    three = receive("c")
    assert database.write(lambda work: work.inbox.release_held(amina.conversation.id)) == 2
    assert database.read(lambda work: work.inbox.unread(amina.conversation.id)) == [one, two, three]


def test_a_message_that_keeps_failing_is_set_aside(
    database: Database, amina: Writing, receive: Callable[..., InboundRow | None]
) -> None:
    row = receive("a")
    assert [database.write(lambda work: work.inbox.failed_once(row.id)) for _ in range(3)] == [1, 2, 3]
    database.write(lambda work: work.inbox.set_aside(row.id, "KeyError"))
    aside = all_of(database, amina)[0]
    assert (aside.status, aside.attempts, aside.error) == ("set_aside", 3, "KeyError")
    assert database.read(lambda work: work.inbox.unread(amina.conversation.id)) == []
    assert database.read(lambda work: work.inbox.next_unread(amina.conversation.id)) is None


def test_bytes_that_stand_in_another_row_are_refused(
    database: Database, amina: Writing, receive: Callable[..., InboundRow | None]
) -> None:
    one, two = receive("a", "I agree"), receive("b", "I do not agree")

    def swap(work: Work) -> None:
        work.connection.execute(
            text("UPDATE inbound SET sealed = (SELECT sealed FROM inbound WHERE id = :one) WHERE id = :two"),
            {"one": one.id, "two": two.id},
        )

    database.write(swap)
    with pytest.raises(TamperedError) as caught:
        database.read(lambda work: work.inbox.unread(amina.conversation.id))
    assert caught.value.row == two.id  # so that the turn can set it aside


def test_a_conversation_that_is_gone_is_an_error_of_its_own(database: Database, now: datetime) -> None:
    with pytest.raises(ConversationGoneError):
        database.write(lambda work: work.inbox.receive("nobody", "telegram", "a", "text", {}, now))
