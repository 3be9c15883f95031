"""A desk with two teams, three volunteers and a coordinator, and newcomers who write; on both databases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from bot.answer import Done, reply, take
from bot.attend import attend_due
from bot.channels.limits import SCREEN, WHATSAPP
from bot.channels.terminal import Terminal
from bot.commands.throwaway import Conversation
from bot.deliver import deliver_due
from bot.domain.clock import HeldClock
from bot.handoff.hours import Hours
from bot.handoff.organisation import Organisation, Team
from tests.peers.tiny import tiny_assistant
from tests.store.conftest import cluster, database, migrated_file, migrated_template, on_postgresql, url, vault

if TYPE_CHECKING:
    from bot.channels.errors import DeliveryError
    from bot.domain.messenger import Letter
    from bot.runtime import Runtime
    from bot.store.database import Database
    from bot.store.rows import CaseEventRow, CaseRow, OutboxRow, UserRow

__all__ = ["cluster", "database", "migrated_file", "migrated_template", "on_postgresql", "url", "vault"]

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # ten in the morning in Amsterdam
OFFICE = Hours(week={weekday: ((time(9), time(17)),) for weekday in range(5)}, closed_on=frozenset({date(2026, 12, 4)}))
ORGANISATION = Organisation(
    id="two_teams",
    teams={"form_team": Team(id="form_team", hours=OFFICE), "other": Team(id="other")},
    otherwise="form_team",
)


class Wire(Terminal):
    """A messenger that can be told to refuse, and to have WhatsApp's window."""

    limits = SCREEN

    def __init__(self) -> None:
        super().__init__()
        self.refuses: DeliveryError | None = None

    def send(self, letter: Letter) -> str:
        if self.refuses is not None:
            raise self.refuses
        return super().send(letter)

    def has_a_window(self) -> None:
        self.limits = replace(WHATSAPP, per_second=None)


@dataclass(kw_only=True)
class Desk:
    """The assistant at work, and who sits at the desk."""

    runtime: Runtime
    clock: HeldClock
    wire: Wire
    sam: UserRow
    kim: UserRow
    otto: UserRow  # of the other team
    cora: UserRow  # a coordinator
    pia: UserRow  # a professional

    def newcomer(self, language: str = "nl") -> Conversation:
        talk = Conversation(self.runtime, self.wire, uuid4().hex)
        talk.accept_notice(language)
        return talk

    def asks(self, talk: Conversation | None = None) -> CaseRow:
        """Have a newcomer ask for a person."""
        talk = talk or self.newcomer()
        said(talk, "ik wil een mens spreken")
        return self.open_case(talk)

    def open_case(self, talk: Conversation) -> CaseRow:
        found = self.runtime.database.read(lambda work: work.newcomers.at(self.wire.name, talk._address))
        assert found is not None
        case = self.runtime.database.read(lambda work: work.cases.open_for(found.newcomer.id))
        assert case is not None
        return case

    def now(self, case: CaseRow) -> CaseRow:
        found = self.runtime.database.read(lambda work: work.cases.get(case.id))
        assert found is not None
        return found

    def taken(self, case: CaseRow, by: UserRow | None = None) -> CaseRow:
        done = take(self.runtime, (by or self.sam).id, case.id, version=self.now(case).version)
        assert isinstance(done, Done), done
        return done.case

    def newest(self, case: CaseRow) -> int:
        at = self.now(case).conversation_id
        row = self.runtime.database.read(lambda work: work.conversations.get(at))
        assert row is not None
        return row.next_number - 1

    def route(self, case: CaseRow) -> str:
        at = self.now(case).conversation_id
        row = self.runtime.database.read(lambda work: work.conversations.get(at))
        assert row is not None
        return row.route

    def replies(self, case: CaseRow, text: str = "Kom morgen naar het infopunt", by: UserRow | None = None) -> Done:
        done = reply(
            self.runtime,
            (by or self.sam).id,
            case.id,
            text=text,
            conversation_id=self.now(case).conversation_id,
            seen=self.newest(case),
        )
        assert isinstance(done, Done), done
        return done

    def answered(self, case: CaseRow) -> CaseRow:
        """Have Sam's reply arrive."""
        self.replies(case)
        self.wait(seconds=6)
        self.delivered()
        return self.now(case)

    def delivered(self) -> list[str]:
        """Deliver what is due; return what the newcomers read."""
        while deliver_due(self.runtime):
            pass
        read = []
        while not self.wire.delivered.empty():
            read.append(self.wire.delivered.get().response)
        return read

    def wait(self, **units: float) -> None:
        self.clock.wait(**units)

    def attend(self, **units: float) -> list[str]:
        """Let time pass, look at what it brought, and return what the newcomers read of it."""
        self.clock.wait(**units)
        while attend_due(self.runtime):
            pass
        return self.delivered()

    def kinds(self, case: CaseRow) -> list[str]:
        return [event.kind for event in self.events(case)]

    def events(self, case: CaseRow) -> list[CaseEventRow]:
        return self.runtime.database.read(lambda work: work.cases.events(case.id))

    def outbox(self, case: CaseRow) -> list[OutboxRow]:
        at = self.now(case).conversation_id
        return self.runtime.database.read(lambda work: work.outbox.all_for(at))


def said(talk: Conversation, text: str, payload: str | None = None) -> list[str]:
    """Have the newcomer write; return what they read."""
    answers, reports = talk.send(text, payload=payload)
    assert "failed" not in [report.rung for report in reports]
    return [answer.response for answer in answers]


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(MONDAY)


@pytest.fixture
def desk(database: Database, clock: HeldClock) -> Desk:
    return at_the_desk(database, clock)


def at_the_desk(database: Database, clock: HeldClock) -> Desk:
    wire = Wire()
    runtime = tiny_assistant().runtime(database, channels={wire.name: wire}, clock=clock)
    runtime = replace(runtime, knowledge=replace(runtime.knowledge, organisation=ORGANISATION))

    def user(name: str, team: str, *roles: str) -> UserRow:
        return database.write(lambda work: work.users.add(name, roles=roles, teams=[team], now=MONDAY))

    return Desk(
        runtime=runtime,
        clock=clock,
        wire=wire,
        sam=user("Sam", "form_team", "volunteer"),
        kim=user("Kim", "form_team", "volunteer"),
        otto=user("Otto", "other", "volunteer", "coordinator"),
        cora=user("Cora", "form_team", "coordinator"),
        pia=user("Pia", "form_team", "professional"),
    )
