"""In whatever order messages, repeats, turns and deliveries come: no gap in a number, no jump in a lane."""

from __future__ import annotations

import itertools
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from bot.store.database import Database
    from bot.store.rows import LeasedRow
    from bot.store.work import Work

PEOPLE = range(3)
_numbers = itertools.count()  # hypothesis runs many examples in one database: each has people of its own


class GivenUpError(Exception):
    """The process stopped halfway."""


class World:
    """Three newcomers, the service, and a messenger that remembers in which order it got what."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.name = next(_numbers)
        self.now = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
        self.sent: dict[str, list[int]] = {}

    def conversation(self, work: Work, person: int) -> str:
        return work.newcomers.writing_from("telegram", f"{self.name}.{person}", now=self.now).conversation.id

    def receive(self, person: int, message: int, *, stops: bool) -> None:
        def unit(work: Work) -> None:
            provider_id = f"{self.name}.{person}.{message}"
            conversation = self.conversation(work, person)
            work.inbox.receive(conversation, "telegram", provider_id, "text", {}, self.now)
            if stops:
                raise GivenUpError

        with suppress(GivenUpError):
            self.database.write(unit)

    def turn(self, person: int, answers: int, *, stops: bool) -> None:
        def unit(work: Work) -> None:
            conversation = self.conversation(work, person)
            work.conversations.locked(conversation)
            unread = work.inbox.unread(conversation)
            for message in unread:
                for position in range(answers):
                    work.outbox.say(conversation, message.id, position, {}, self.now)
            work.inbox.mark_read([message.id for message in unread])
            if stops:
                raise GivenUpError

        with suppress(GivenUpError):
            self.database.write(unit)

    def deliver(self, outcome: str) -> None:
        later = self.now + timedelta(seconds=30) if outcome == "retry" else None

        def settle(work: Work, row: LeasedRow) -> bool:
            if outcome == "sent":
                return work.outbox.sent(row.id, row.lease_token, None, self.now)
            return work.outbox.failed(row.id, row.lease_token, "no", later)

        for row in self.database.write(lambda work: work.outbox.lease(self.now, 2, 60)):
            if outcome == "sent":
                self.sent.setdefault(row.conversation_id, []).append(row.number)
            if outcome != "crash":
                assert self.database.write(lambda work, r=row: settle(work, r))

    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    def check(self, work: Work, person: int) -> None:
        conversation = work.conversations.get(self.conversation(work, person))
        received = work.inbox.all_for(conversation.id)
        said = work.outbox.all_for(conversation.id)
        assert [row.number for row in received] == list(range(1, conversation.next_number))
        assert len({row.provider_id for row in received}) == len(received)
        assert [row.number for row in said] == list(range(1, conversation.said_count + 1))
        read = [row.number for row in received if row.status == "read"]
        assert read == list(range(1, conversation.read_mark + 1))
        number_of = {row.id: row.number for row in received}
        causes = [(number_of[row.cause_inbound_id], row.position) for row in said]
        assert causes == sorted(causes)  # answers stand in the order of what they answer
        out = self.sent.get(conversation.id, [])
        assert out == sorted(set(out))  # each once, and in order
        unsent = [row.number for row in said if row.status in {"queued", "leased"}]
        assert not out or not unsent or max(out) < min(unsent)  # nothing overtook


person = st.sampled_from(PEOPLE)
steps = st.lists(
    st.one_of(
        st.builds(lambda p, m, s: lambda w: w.receive(p, m, stops=s), person, st.integers(0, 6), st.booleans()),
        st.builds(lambda p, a, s: lambda w: w.turn(p, a, stops=s), person, st.integers(1, 3), st.booleans()),
        st.builds(lambda o: lambda w: w.deliver(o), st.sampled_from(["sent", "retry", "failed", "crash"])),
        st.builds(lambda s: lambda w: w.wait(s), st.integers(1, 90)),
    ),
    max_size=40,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=steps)
def test_numbers_and_lanes_hold_in_any_order(database: Database, steps: list[object]) -> None:
    world = World(database)
    for step in steps:
        step(world)
    for someone in PEOPLE:
        database.write(lambda work, p=someone: world.check(work, p))
