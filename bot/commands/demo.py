"""
`wegwijs serve --demo`: a desk with invented people, to try the whole circle on in five minutes.

It lives in a folder of its own, made anew at each start: nothing of it touches the real data, and no messenger or mail
server is called. `fill` puts the people and their cases, in every state, into any assistant: a test or a camera may
use it too.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING
from uuid import uuid4

import click

from bot import answer
from bot.commands import demo_cast as cast
from bot.commands import demo_group, demo_offers, demo_questions
from bot.commands.throwaway import accept_notice
from bot.deliver import deliver_due
from bot.domain.clock import HeldClock
from bot.domain.turn import Inbound, Kind
from bot.handoff.case import Outcome
from bot.handoff.hours import OFFICE
from bot.handoff.learning import suggestions
from bot.handoff.organisation import FORM_TEAM, Organisation, Team
from bot.handoff.routing import Facts, team_for
from bot.handoff.timers import UNDO
from bot.receive import answer_next, take_in

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bot.knowledge.knowledge import Knowledge
    from bot.runtime import Runtime
    from bot.settings import Settings
    from bot.store.rows import CaseRow, UserRow
    from bot.store.work import Work
    from bot.wiring import Parts

FOLDER = "demo"
MARK = "made-for-the-demo"
KEPT = frozenset({"knowledge_dir", "organisation_dir", "nlu_encoder", "log_level"})
ORGANISATION = "demo"
# How somebody asks for a person, as the assistant knows it by heart.
FOR_A_PERSON = "talk_to_human"
TURNS = 20  # more than a message can ask for


@dataclass(frozen=True, kw_only=True)
class Demo:
    """The people of the demo and their cases, by the names of `demo_cast`."""

    users: Mapping[str, UserRow]
    newcomers: Mapping[str, str] = field(default_factory=dict)
    cases: Mapping[str, CaseRow] = field(default_factory=dict)


# ---- where it runs


def refuse_elsewhere(host: str) -> None:
    """
    Let the demo listen on this machine only: everybody who reaches it comes in with one click.

    Raises:
        ClickException: the host is another than this machine.

    """
    if host != "localhost" and not _is_loopback(host):
        raise click.ClickException(f"the demo lets everybody in, so it listens on this machine only, not on {host}")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def made_anew(settings: Settings, parts: Parts) -> tuple[Settings, Parts]:
    """
    Return settings and parts that know nothing of the real desk, on an empty folder.

    Raises:
        ClickException: there is something in that folder that the demo did not make.

    """
    folder = settings.data_dir / FOLDER
    _emptied(folder)
    fields = type(settings).model_fields
    # All but these as if nobody had set them, whatever settings there will be: no key, no database, no messenger.
    anew = {name: one.get_default(call_default_factory=True) for name, one in fields.items() if name not in KEPT}
    own = settings.model_copy(update={**anew, "data_dir": folder})
    knowledge = replace(parts.knowledge, organisation=organisation(parts.knowledge))
    return own, replace(parts, settings=own, knowledge=knowledge)


def _emptied(folder: Path) -> None:
    if folder.exists() and not (folder / MARK).exists():
        raise click.ClickException(f"{folder} is not the demo's: move it away, the demo would empty it")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()


def organisation(knowledge: Knowledge) -> Organisation:
    """Return the demo's own: two teams that are there in office hours."""
    words = knowledge.console.get("nl", {})
    names = {FORM_TEAM: "demo_team_forms", "health": "demo_team_health"}
    teams = {team: Team(id=team, name=words.get(name, team), hours=OFFICE) for team, name in names.items()}
    return Organisation(id=ORGANISATION, name=words.get("demo_organisation", ""), teams=teams, otherwise=FORM_TEAM)


# ---- who plays


@dataclass
class Stage:
    """Where the demo is played: each scene at its own moment of the last days."""

    runtime: Runtime
    channel: str
    team: str
    users: dict[str, UserRow] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    clock: HeldClock = field(init=False)

    def __post_init__(self) -> None:
        self._now = self.runtime.clock.now()
        self.go_back()

    def go_back(self, **ago: float) -> None:
        """Play the next scene so long ago."""
        self.clock = HeldClock(self._now - timedelta(**ago))
        # Nobody is woken: every turn is taken here, before the engine starts.
        self.runtime = replace(self.runtime, clock=self.clock)

    def hire(self) -> None:
        """Give everybody of the team an account; nobody has a password."""
        teams = tuple(self.runtime.knowledge.organisation.teams)

        def add(work: Work) -> None:
            for name, one in cast.TEAM.items():
                own = work.offers.add_organisation(one.organisation, self.clock.now()) if one.organisation else None
                self.users[name] = work.users.add(
                    one.name,
                    roles=one.roles,
                    teams=() if own else teams if one.all_teams else (self.team,),
                    organisation_id=own,
                    languages=one.languages,
                    now=self.clock.now(),
                    sign_in=name,
                )

        self.runtime.database.write(add)

    # ---- what newcomers do

    def arrives(self, name: str) -> None:
        """Have somebody begin a conversation, with the notice accepted."""
        one = cast.NEWCOMERS[name]
        address = self.addresses.setdefault(name, uuid4().hex)
        accept_notice(self.runtime, self.channel, address, one.language)
        if one.coached:
            coach = self.users["coby"].id
            self.runtime.database.write(lambda work: work.newcomers.set_coach(self.newcomer(name, work), coach))

    def newcomer(self, name: str, work: Work) -> str:
        """Return somebody's id."""
        found = work.newcomers.at(self.channel, self.addresses[name])
        assert found is not None
        return found.newcomer.id

    def writes(self, name: str, text: str) -> None:
        """Have somebody write, and be answered."""
        inbound = Inbound(
            channel=self.channel,
            address=self.addresses[name],
            provider_id=uuid4().hex,
            kind=Kind.TEXT,
            text=text,
            received_at=self.clock.now(),
            profile_name=cast.NEWCOMERS[name].name,
        )
        conversation = take_in(self.runtime, inbound)
        for _ in range(TURNS):
            if conversation is None or answer_next(self.runtime, conversation) is None:
                break
        self.delivers()

    def asks(self, name: str, **ago: float) -> CaseRow:
        """Have somebody ask their question so long ago, and a person when the assistant gave them none."""
        self.go_back(**ago)
        self.arrives(name)
        self.writes(name, cast.NEWCOMERS[name].asks)
        if self.open_case(name) is None:
            self.clock.wait(minutes=1)
            self.writes(name, self._for_a_person(cast.NEWCOMERS[name].language))
        return self.open_case(name) or self._opened(name)

    def _for_a_person(self, language: str) -> str:
        examples = [one for one in self.runtime.knowledge.examples if one.intent == FOR_A_PERSON]
        mine = [one.text for one in examples if one.language == language]
        return next(iter([*mine, *(one.text for one in examples)]), FOR_A_PERSON)

    def _opened(self, name: str) -> CaseRow:
        """Open the case ourselves, on a knowledge that understands none of this."""
        one = cast.NEWCOMERS[name]

        def add(work: Work) -> CaseRow:
            found = work.newcomers.at(self.channel, self.addresses[name])
            assert found is not None
            return work.cases.open(
                found.newcomer.id,
                found.conversation.id,
                reason="not_understood",
                priority="normal",
                topic=None,
                question_id=None,
                language=one.language,
                summary=one.asks,
                now=self.clock.now(),
                team=self.team,
            )

        return self.runtime.database.write(add)

    def open_case(self, name: str) -> CaseRow | None:
        """Return somebody's open case."""
        return self.runtime.database.read(lambda work: work.cases.open_for(self.newcomer(name, work)))

    # ---- what the team does

    def takes(self, who: str, name: str) -> CaseRow:
        """Have somebody of the team take a case."""
        case = self._case(name)
        return self.done(answer.take(self.runtime, self.users[who].id, case.id, version=case.version))

    def replies(self, who: str, name: str, text: str) -> CaseRow:
        """Have who has the case write, and let it arrive."""
        case = self._case(name)
        conversation = self.runtime.database.read(lambda work: work.conversations.get(case.conversation_id))
        assert conversation is not None
        self.done(
            answer.reply(
                self.runtime,
                self.users[who].id,
                case.id,
                text=text,
                conversation_id=conversation.id,
                seen=conversation.next_number - 1,
                language=cast.NEWCOMERS[name].language,
            )
        )
        self.clock.wait(seconds=UNDO.total_seconds() + 1)
        self.delivers()
        return self._case(name)

    def ranks(self, name: str, priority: str) -> CaseRow:
        """Have the coordinator say how soon somebody must look."""
        case = self._case(name)
        if case.priority == priority:
            return case
        who = self.users["nora"].id
        return self.done(answer.prioritise(self.runtime, who, case.id, priority=priority, reason=priority))

    def closes(self, who: str, name: str) -> CaseRow:
        """Have who has the case close it, and tell which question it was when that can be told."""
        case = self._case(name)
        rows = self.runtime.database.read(lambda work: work.inbox.all_for(case.conversation_id))
        about = next(iter(suggestions(self.runtime.knowledge, case, rows)), None)
        closed = answer.close(
            self.runtime, self.users[who].id, case.id, outcome=Outcome.ANSWERED, was_about=about, answer_wanted=True
        )
        self.delivers()
        return self.done(closed)

    def delivers(self) -> None:
        """Let everything arrive that is on its way at this moment."""
        while deliver_due(self.runtime):
            pass

    def _case(self, name: str) -> CaseRow:
        case = self.open_case(name)
        assert case is not None
        return case

    @staticmethod
    def done(done: answer.Answered) -> CaseRow:
        """Return the case as it is now; a demo in which something cannot be done is broken."""
        if isinstance(done, answer.Declined):
            raise CannotPlayError(done)
        return done.case


class CannotPlayError(RuntimeError):
    """The desk declined something that the demo does; the rules changed and the demo did not."""

    def __init__(self, declined: answer.Declined) -> None:
        super().__init__(f"{self.__doc__} ({declined.why})")


def fill(runtime: Runtime, *, channel: str | None = None) -> Demo:
    """
    Put the people of the demo and their cases, in every state, into an assistant that has nobody yet.

    `channel` is where they write, the first of the runtime's without it. Times are counted back from the runtime's
    clock. Call it before the engine starts.
    """
    stage = Stage(
        runtime=runtime,
        channel=channel or next(iter(runtime.channels)),
        team=team_for(Facts(), runtime.knowledge.organisation),
    )
    stage.go_back(days=30)
    stage.hire()
    demo_group.begin(stage)
    demo_offers.fill(stage)
    demo_questions.fill(stage)
    cases = {
        "closed": _closed(stage),
        "snoozed": _snoozed(stage),
        "queued": stage.asks("amal", hours=3),
        "awaiting": _awaiting(stage),
        "active": _active(stage),
        "urgent": _urgent(stage),
        "crisis": _crisis(stage),
    }
    _only_the_bot(stage)
    stage.go_back()
    demo_group.meets(stage)
    vera, until = stage.users["vera"].id, stage.clock.now() + timedelta(hours=4)

    def look(work: Work) -> Demo:
        work.users.change(vera, on_shift_until=until)
        now = {name: work.cases.get(case.id) or case for name, case in cases.items()}
        users = {name: work.users.get(user.id) or user for name, user in stage.users.items()}
        newcomers = {name: stage.newcomer(name, work) for name in stage.addresses}
        return Demo(users=users, newcomers=newcomers, cases=now)

    return runtime.database.write(look)


def _closed(stage: Stage) -> CaseRow:
    stage.asks("petro", days=4)
    stage.clock.wait(hours=1)
    stage.takes("vera", "petro")
    stage.clock.wait(minutes=6)
    stage.replies("vera", "petro", cast.VERA_TO_PETRO)
    stage.clock.wait(minutes=20)
    stage.writes("petro", cast.PETRO_THANKS)
    stage.clock.wait(minutes=5)
    return stage.closes("vera", "petro")


def _snoozed(stage: Stage) -> CaseRow:
    stage.asks("karim", hours=6)
    stage.clock.wait(minutes=30)
    stage.takes("sami", "karim")
    stage.clock.wait(minutes=5)
    case = stage.replies("sami", "karim", cast.SAMI_TO_KARIM)
    until = stage.clock.now() + timedelta(hours=24)
    who = stage.users["sami"].id
    done = answer.snooze(stage.runtime, who, case.id, until=until)
    return stage.done(done)


def _awaiting(stage: Stage) -> CaseRow:
    stage.asks("hodan", hours=2)
    stage.clock.wait(minutes=15)
    stage.takes("sami", "hodan")
    stage.clock.wait(minutes=4)
    return stage.replies("sami", "hodan", cast.SAMI_TO_HODAN)


def _active(stage: Stage) -> CaseRow:
    stage.asks("oksana", minutes=80)
    stage.clock.wait(minutes=20)
    case = stage.takes("vera", "oksana")
    stage.clock.wait(minutes=5)
    stage.replies("vera", "oksana", cast.VERA_TO_OKSANA)
    stage.clock.wait(minutes=10)
    answer.note(stage.runtime, stage.users["vera"].id, case.id, text=cast.NOTE_ON_OKSANA)
    stage.clock.wait(minutes=20)
    stage.writes("oksana", cast.OKSANA_ANSWERS)
    return case


def _urgent(stage: Stage) -> CaseRow:
    stage.asks("yonas", minutes=50)
    stage.clock.wait(minutes=5)
    return stage.ranks("yonas", "urgent")


def _crisis(stage: Stage) -> CaseRow:
    stage.asks("lina", minutes=6)
    return stage.ranks("lina", "crisis")


def _only_the_bot(stage: Stage) -> None:
    """Somebody whom the assistant helps alone: nothing of theirs stands at the desk."""
    stage.go_back(minutes=30)
    stage.arrives("selam")
    stage.writes("selam", cast.NEWCOMERS["selam"].asks)
