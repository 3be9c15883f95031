"""Whatever order messages, repeats, turns, failures and deliveries come in, numbers have no gaps and lanes no jumps."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from bot.store.database import Database
    from bot.store.work import Work

START = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
_worlds = itertools.count()

who = st.integers(0, 2)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("receive"), who, st.integers(0, 6)),
        st.tuples(st.just("fail to receive"), who, st.integers(0, 6)),
        st.tuples(st.just("turn"), who, st.integers(1, 3)),
        st.tuples(st.just("fail in the turn"), who, st.integers(1, 3)),
        st.tuples(st.just("deliver"), who, st.sampled_from(["sent", "retry", "failed", "crash"])),
        st.tuples(st.just("wait"), who, st.integers(1, 90)),
    ),
    max_size=40,
)


class GivenUpError(Exception):
    """The process stopped halfway."""


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_numbers_and_lanes_hold_in_any_order(database: Database, steps: list[tuple[str, int, object]]) -> None:
    world = next(_worlds)
    now = START
    sent: dict[str, list[int]] = {}

    def writing(work: Work, person: int) -> str:
        return work.newcomers.writing_from("telegram", f"{world}.{person}", now=now).conversation.id

    def receive(work: Work, person: int, message: object) -> None:
        provider_id = f"{world}.{person}.{message}"
        work.inbox.receive(writing(work, person), "telegram", provider_id, "text", {"text": provider_id}, now)

    def turn(work: Work, person: int, answers: int) -> None:
        conversation = writing(work, person)
        work.conversations.locked(conversation)
        unread = work.inbox.unread(conversation)
        for message in unread:
            for position in range(answers):
                work.outbox.say(conversation, message.id, position, {"text": "…"}, now)
        work.inbox.mark_read([message.id for message in unread])

    def give_up(work: Work, step: object, person: int, value: object) -> None:
        step(work, person, value)
        raise GivenUpError

    def deliver(work: Work, outcome: object) -> None:
        for row in work.outbox.lease(now, 2, 60):
            if outcome == "sent":
                assert work.outbox.sent(row.id, row.lease_token, None, now)
                sent.setdefault(row.conversation_id, []).append(row.number)
            elif outcome == "retry":
                assert work.outbox.failed(row.id, row.lease_token, "429", now + timedelta(seconds=30))
            elif outcome == "failed":
                assert work.outbox.failed(row.id, row.lease_token, "blocked", None)

    for step, person, value in steps:
        if step == "wait":
            now += timedelta(seconds=value)
        elif step == "deliver":
            database.write(lambda work, v=value: deliver(work, v))
        else:
            action = receive if "receive" in step else turn
            try:
                if "fail" in step:
                    database.write(lambda work, a=action, p=person, v=value: give_up(work, a, p, v))
                else:
                    database.write(lambda work, a=action, p=person, v=value: a(work, p, v))
            except GivenUpError:
                pass

    def everything(work: Work, person: int) -> None:
        conversation = work.conversations.get(writing(work, person))
        received = work.inbox.all_for(conversation.id)
        said = work.outbox.all_for(conversation.id)
        assert [row.number for row in received] == list(range(1, conversation.next_number))
        assert len({row.provider_id for row in received}) == len(received)
        assert [row.number for row in said] == list(range(1, conversation.said_count + 1))
        read = [row.number for row in received if row.status == "read"]
        assert conversation.read_mark == max(read, default=0)
        assert read == list(range(1, conversation.read_mark + 1))
        numbers_of = {row.id: row.number for row in received}
        causes = [(numbers_of[row.cause_inbound_id], row.position) for row in said]
        assert causes == sorted(causes)  # answers stand in the order of what they answer
        out = sent.get(conversation.id, [])
        assert out == sorted(set(out))  # each once, and in order
        unsent = [row.number for row in said if row.status in {"queued", "leased"}]
        assert not out or not unsent or max(out) < min(unsent)  # nothing overtook

    for person in range(3):
        database.write(lambda work, p=person: everything(work, p))
