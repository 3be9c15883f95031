from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot.store.encryption import TamperedError

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.database import Database
    from bot.store.rows import Writing
    from bot.store.work import Work


def test_the_state_is_kept_sealed(database: Database, amina: Writing, now: datetime) -> None:
    state = b'{"slots": {"naam": "Amina"}}'
    later = now + timedelta(minutes=1)
    database.write(lambda work: work.conversations.save_state(amina.conversation.id, state, version=3, now=later))
    row = database.read(lambda work: work.conversations.get(amina.conversation.id))
    assert (row.state, row.state_version, row.updated_at) == (state, 3, later)
    assert "Amina" not in repr(row)
    assert database.write(lambda work: work.conversations.locked(amina.conversation.id)) == row
    assert database.read(lambda work: work.conversations.of(amina.newcomer.id)) == [row]
    again = database.write(lambda work: work.newcomers.writing_from("telegram", "7001", now=later))
    assert again.conversation == row


def test_a_state_that_was_moved_to_another_conversation_is_refused(
    database: Database, amina: Writing, now: datetime
) -> None:
    def swap(work: Work) -> str:
        work.conversations.save_state(amina.conversation.id, b"mine", version=1, now=now)
        other = work.newcomers.writing_from("telegram", "2", now=now).conversation.id
        work.connection.execute(
            text(
                "UPDATE conversations SET state_sealed ="
                " (SELECT state_sealed FROM conversations WHERE id = :mine) WHERE id = :other"
            ),
            {"mine": amina.conversation.id, "other": other},
        )
        return other

    other = database.write(swap)
    with pytest.raises(TamperedError):
        database.read(lambda work: work.conversations.get(other))


def test_a_conversation_is_held_by_one_unit_at_a_time(on_postgresql: bool, database: Database, amina: Writing) -> None:
    held, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    def first(work: Work) -> None:
        work.conversations.locked(amina.conversation.id)
        held.set()
        assert go_on.wait(30)
        order.append("first")

    def second(work: Work) -> None:
        work.conversations.locked(amina.conversation.id)
        order.append("second")

    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(database.write, first)
        assert held.wait(30)
        if on_postgresql:  # on SQLite the writer thread itself is the lock
            busy = database.write(lambda work: work.conversations.locked(amina.conversation.id, wait=False))
            assert busy is None
        two = threads.submit(database.write, second)
        go_on.set()
        one.result()
        two.result()
    assert order == ["first", "second"]


def test_an_unknown_conversation_is_none(database: Database) -> None:
    assert database.write(lambda work: work.conversations.locked("nobody")) is None
    assert database.read(lambda work: work.conversations.get("nobody")) is None


def test_who_waited_longest_comes_first(database: Database, amina: Writing, yonas: Writing, now: datetime) -> None:
    def receive(writing: Writing, provider_id: str, minutes: int) -> str:
        return database.write(
            lambda work: work.inbox.receive(
                writing.conversation.id,
                writing.conversation.channel,
                provider_id,
                "text",
                {},
                now + timedelta(minutes=minutes),
            )
        ).id

    receive(yonas, "1", 1)
    first = receive(amina, "2", 0)
    receive(amina, "3", 2)
    both = [amina.conversation.id, yonas.conversation.id]
    assert database.read(lambda work: work.conversations.with_unread(10)) == both
    assert database.read(lambda work: work.conversations.with_unread(1)) == both[:1]
    database.write(lambda work: work.inbox.mark_read([first]))
    assert database.read(lambda work: work.conversations.with_unread(10)) == both[::-1]


def test_the_route_and_the_attempts(database: Database, amina: Writing, now: datetime) -> None:
    mine = amina.conversation.id
    database.write(lambda work: work.conversations.set_route(mine, "human", now=now))
    assert [database.write(lambda work: work.conversations.add_attempt(mine)) for _ in range(2)] == [1, 2]
    row = database.read(lambda work: work.conversations.get(mine))
    assert (row.route, row.attempts) == ("human", 2)
    database.write(lambda work: work.conversations.clear_attempts(mine))
    assert database.read(lambda work: work.conversations.get(mine)).attempts == 0
