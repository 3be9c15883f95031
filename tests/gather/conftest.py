"""A coach with a group of three of tests/guide's newcomers, on both databases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.announce import announce_due
from bot.gather import Refusal, What, plan
from bot.invite import APPOINTMENT
from bot.remind import remind_due
from tests.guide.conftest import *  # noqa: F403  # all its fixtures

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.commands.throwaway import Conversation
    from bot.domain.turn import Message
    from bot.store.rows import UserRow
    from bot.store.trajectory_rows import GuestRow, SessionOfGroupRow
    from tests.guide.conftest import Guide

THURSDAY = datetime(2026, 12, 3, 13, 0, tzinfo=UTC)  # two in the afternoon in Amsterdam
EVENING = What(template="small", task="evening")
TALK = What(subject="Samen koken")
ALONE = What(task=APPOINTMENT)
PLACE = "De bibliotheek"


@dataclass(kw_only=True)
class Group:
    """A coach, and who they guide. The first newcomer is the guide's."""

    guide: Guide
    coach: UserRow
    other: UserRow
    talks: tuple[Conversation, ...]
    ids: tuple[str, ...]

    @property
    def runtime(self) -> Any:
        return self.guide.runtime

    def plans(
        self,
        what: What = EVENING,
        at: datetime = THURSDAY,
        guests: Collection[str] | None = None,
        place: str = PLACE,
    ) -> SessionOfGroupRow:
        planned = self.tries(what, at, guests, place)
        assert not isinstance(planned, Refusal), planned
        return planned

    def tries(
        self,
        what: What = EVENING,
        at: datetime = THURSDAY,
        guests: Collection[str] | None = None,
        place: str = PLACE,
        who: UserRow | None = None,
    ) -> SessionOfGroupRow | Refusal:
        invited = self.ids if guests is None else guests
        return plan(self.runtime, (who or self.coach).id, what, at=at, place=place, guests=invited)

    def sessions(self) -> list[SessionOfGroupRow]:
        return self.runtime.database.read(lambda work: work.group_sessions.of_coach(self.coach.id))

    def guest(self, session: SessionOfGroupRow, member: int = 0) -> GuestRow:
        guests = self.runtime.database.read(lambda work: work.group_sessions.guests(session.id))
        return next(one for one in guests if one.newcomer_id == self.ids[member])

    def read(self) -> list[str]:
        return [message.response for message in self.guide.read()]

    def comes(self, **units: float) -> list[Message]:
        """Let time pass, send what is due, and return what anybody reads of it."""
        self.guide.desk.wait(**units)
        while remind_due(self.runtime) or announce_due(self.runtime):
            pass
        return self.guide.read()

    def lives(self, hours: int) -> list[tuple[str, str]]:
        """Let hours go by; return on which day and hour which response was read."""
        found = []
        for _ in range(hours):
            messages = self.comes(hours=1)
            now = self.guide.desk.clock.now().strftime("%d %H")
            found += [(now, message.response) for message in messages]
        return found

    def presses(self, session: SessionOfGroupRow, answer: str, member: int = 0) -> list[str]:
        payload = f"/session {answer} {session.id}"
        answers, _ = self.talks[member].send("knop", payload=payload)
        return [one.response for one in answers]


@pytest.fixture
def group(guide: Guide) -> Group:
    desk = guide.desk

    def user(name: str) -> UserRow:
        now = desk.clock.now()
        return desk.runtime.database.write(
            lambda work: work.users.add(name, roles=["coach"], teams=["form_team"], now=now)
        )

    coach, other = user("Coby"), user("Carl")
    talks = (guide.talk, desk.newcomer(), desk.newcomer())
    ids = []
    for talk in talks:
        talk.runtime = desk.runtime
        found = desk.runtime.database.read(lambda work, one=talk: work.newcomers.at(desk.wire.name, one._address))
        ids.append(found.newcomer.id)
        desk.runtime.database.write(lambda work, one=ids[-1]: work.newcomers.set_coach(one, coach.id))
    desk.delivered()
    return Group(guide=guide, coach=coach, other=other, talks=talks, ids=tuple(ids))
