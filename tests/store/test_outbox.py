from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot.store.errors import AlreadySaidError, ConversationGoneError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.store.database import Database
    from bot.store.rows import LeasedRow, OutboxRow, Writing


@pytest.fixture
def say(database: Database, amina: Writing, now: datetime) -> Callable[..., OutboxRow]:
    def say(words: str, writing: Writing = amina, minutes: int = 0) -> OutboxRow:
        moment = now + timedelta(minutes=minutes)
        return database.write(lambda work: work.outbox.say(writing.conversation.id, None, 0, {"text": words}, moment))

    return say


@pytest.fixture
def lease(database: Database, now: datetime) -> Callable[..., list[LeasedRow]]:
    def lease(minutes: float = 0, limit: int = 10) -> list[LeasedRow]:
        moment = now + timedelta(minutes=minutes)
        return database.write(lambda work: work.outbox.lease(moment, limit, 60))

    return lease


def test_what_is_said_is_numbered_in_order(database: Database, amina: Writing, say: Callable[..., OutboxRow]) -> None:
    said = [say("één"), say("twee"), say("drie")]
    mine = amina.conversation.id
    assert [row.number for row in said] == [1, 2, 3]
    assert database.read(lambda work: work.outbox.all_for(mine)) == said
    assert database.read(lambda work: work.outbox.after(mine, 1)) == said[1:]
    assert database.read(lambda work: work.outbox.get(said[0].id)) == said[0]
    assert database.read(lambda work: work.outbox.get("nothing")) is None
    assert database.read(lambda work: work.conversations.get(mine)).said_count == 3
    assert "twee" not in repr(said)


def test_an_answer_is_written_once(database: Database, amina: Writing, now: datetime) -> None:
    mine = amina.conversation.id
    cause = database.write(lambda work: work.inbox.receive(mine, "telegram", "a", "text", {}, now)).id

    def answer(work: object) -> None:
        work.outbox.say(mine, cause, 0, {"text": "first"}, now)
        work.outbox.say(mine, cause, 1, {"text": "second"}, now)

    database.write(answer)
    with pytest.raises(AlreadySaidError):
        database.write(answer)
    assert [row.number for row in database.read(lambda work: work.outbox.all_for(mine))] == [1, 2]
    assert database.read(lambda work: work.conversations.get(mine)).said_count == 2


def test_nothing_is_said_in_a_conversation_that_is_gone(database: Database, now: datetime) -> None:
    with pytest.raises(ConversationGoneError):
        database.write(lambda work: work.outbox.say("nobody", None, 0, {}, now))


def test_a_lease_tells_what_to_send_and_to_whom(
    amina: Writing, now: datetime, say: Callable[..., OutboxRow], lease: Callable[..., list[LeasedRow]]
) -> None:
    said = say("salaam")
    (row,) = lease()
    assert (row.id, row.body, row.channel, row.address) == (said.id, {"text": "salaam"}, "telegram", "7001")
    assert (row.newcomer_id, row.status, row.attempts) == (amina.newcomer.id, "leased", 1)
    assert row.leased_until == now + timedelta(minutes=1)
    assert "7001" not in repr(row)


def test_only_the_first_of_a_conversation_is_taken(
    database: Database,
    yonas: Writing,
    now: datetime,
    say: Callable[..., OutboxRow],
    lease: Callable[..., list[LeasedRow]],
) -> None:
    say("a1")
    say("a2")
    say("y1", yonas)
    first = lease()
    assert [row.body["text"] for row in first] == ["a1", "y1"]
    assert lease() == []
    database.write(lambda work: work.outbox.sent(first[0].id, first[0].lease_token, "m1", now))
    assert [row.body["text"] for row in lease()] == ["a2"]


def test_a_process_leaves_alone_what_it_cannot_deliver(
    database: Database, yonas: Writing, now: datetime, say: Callable[..., OutboxRow]
) -> None:
    say("a1")
    say("y1", yonas)
    for channels, words in ((["web"], []), (["web", "whatsapp"], ["y1"]), (None, ["a1"])):
        rows = database.write(lambda work, c=channels: work.outbox.lease(now, 10, 60, channels=c))
        assert [row.body["text"] for row in rows] == words


def test_nothing_goes_out_before_its_time(say: Callable[..., OutboxRow], lease: Callable[..., list[LeasedRow]]) -> None:
    say("later", minutes=10)
    assert lease(minutes=9.9) == []
    assert len(lease(minutes=10)) == 1


def test_a_retry_holds_up_those_behind_it(
    database: Database,
    now: datetime,
    say: Callable[..., OutboxRow],
    lease: Callable[..., list[LeasedRow]],
) -> None:
    say("a1")
    say("a2")
    (row,) = lease()
    again = now + timedelta(minutes=5)
    assert database.write(lambda work: work.outbox.failed(row.id, row.lease_token, "429", again))
    assert lease(minutes=1) == []
    (retried,) = lease(minutes=5)
    assert (retried.body["text"], retried.attempts, retried.error) == ("a1", 2, "429")


ENDS = {
    "failed": lambda work, row, _: work.outbox.failed(row.id, row.lease_token, "blocked", None),
    "uncertain": lambda work, row, now: work.outbox.uncertain(row.id, row.lease_token, "timeout", now),
    "sent": lambda work, row, now: work.outbox.sent(row.id, row.lease_token, "m1", now),
}


@pytest.mark.parametrize("end", ENDS)
def test_an_end_lets_the_next_one_through(
    database: Database, amina: Writing, now: datetime, lease: Callable[..., list[LeasedRow]], end: str
) -> None:
    for words in ("a1", "a2"):
        database.write(lambda work, w=words: work.outbox.say(amina.conversation.id, None, 0, {"text": w}, now))
    (row,) = lease()
    assert database.write(lambda work: ENDS[end](work, row, now))
    assert not database.write(lambda work: ENDS[end](work, row, now))  # it has ended once
    first = database.read(lambda work: work.outbox.all_for(amina.conversation.id))[0]
    assert (first.status, first.leased_until) == (end, None)
    assert (first.provider_id, first.sent_at) == (("m1", now) if end == "sent" else (None, None))
    assert [row.body["text"] for row in lease()] == ["a2"]


def test_a_stale_token_is_refused(
    database: Database,
    amina: Writing,
    now: datetime,
    say: Callable[..., OutboxRow],
    lease: Callable[..., list[LeasedRow]],
) -> None:
    say("a1")
    (slow,) = lease()
    (quick,) = lease(minutes=1)  # the first lease ran out
    assert quick.lease_token > slow.lease_token
    for late in (
        lambda work: work.outbox.sent(slow.id, slow.lease_token, "m1", now),
        lambda work: work.outbox.failed(slow.id, slow.lease_token, "late", now),
        lambda work: work.outbox.failed(slow.id, slow.lease_token, "late", None),
        lambda work: work.outbox.uncertain(slow.id, slow.lease_token, "late", now),
    ):
        assert not database.write(late)
    assert database.write(lambda work: work.outbox.sent(quick.id, quick.lease_token, "m2", now))
    (row,) = database.read(lambda work: work.outbox.all_for(amina.conversation.id))
    assert (row.status, row.provider_id) == ("sent", "m2")


def test_a_lease_that_ran_out_unnoticed_still_counts(
    database: Database, now: datetime, say: Callable[..., OutboxRow], lease: Callable[..., list[LeasedRow]]
) -> None:
    say("a1")
    (row,) = lease()
    late = now + timedelta(hours=1)
    assert database.write(lambda work: work.outbox.sent(row.id, row.lease_token, "m1", late))
    assert lease(minutes=120) == []


def test_workers_at_once_never_take_the_same_message(
    database: Database, now: datetime, lease: Callable[..., list[LeasedRow]]
) -> None:
    def fill(work: object) -> None:
        for number in range(60):
            conversation = work.newcomers.writing_from("telegram", f"n{number}", now=now).conversation.id
            for position in range(2):
                work.outbox.say(conversation, None, position, {"text": f"{number}.{position}"}, now)

    database.write(fill)
    start = threading.Barrier(4)

    def worker(_: int) -> list[str]:
        start.wait()
        taken: list[str] = []
        while rows := lease(limit=7):
            taken += [row.body["text"] for row in rows]
        return taken

    with ThreadPoolExecutor(4) as threads:
        taken = list(threads.map(worker, range(4)))
    everything = [words for some in taken for words in some]
    # A worker that met only locked rows may stop early; the rest is found by the next look.
    everything += [row.body["text"] for row in lease(limit=100)]
    assert sorted(everything) == sorted(f"{number}.0" for number in range(60))


def test_a_row_that_cannot_be_opened_does_not_stop_the_others(
    database: Database,
    amina: Writing,
    yonas: Writing,
    say: Callable[..., OutboxRow],
    lease: Callable[..., list[LeasedRow]],
) -> None:
    broken = say("a1")
    say("y1", yonas)
    database.write(
        lambda work: work.connection.execute(
            text("UPDATE outbox SET sealed = :junk WHERE id = :id"), {"junk": b"junk", "id": broken.id}
        )
    )
    assert [row.body["text"] for row in lease()] == ["y1"]
    status, error = database.read(
        lambda work: work.connection.execute(
            text("SELECT status, error FROM outbox WHERE id = :id"), {"id": broken.id}
        ).one()
    )
    assert (status, error) == ("failed", "TamperedError")


def test_cancelling_drops_what_waits_and_not_what_is_on_its_way(
    database: Database,
    amina: Writing,
    now: datetime,
    say: Callable[..., OutboxRow],
    lease: Callable[..., list[LeasedRow]],
) -> None:
    say("a1")
    say("a2")
    say("a3")
    (row,) = lease()
    assert database.read(lambda work: work.outbox.unsent_for(amina.newcomer.id)) == 3
    assert database.write(lambda work: work.outbox.cancel_for(amina.conversation.id)) == 2
    assert database.write(lambda work: work.outbox.sent(row.id, row.lease_token, "m1", now))
    rows = database.read(lambda work: work.outbox.all_for(amina.conversation.id))
    assert [(row.status, dict(row.body)) for row in rows] == [
        ("sent", {"text": "a1"}),
        ("dropped", {}),
        ("dropped", {}),
    ]
    assert database.read(lambda work: work.outbox.unsent_for(amina.newcomer.id)) == 0
