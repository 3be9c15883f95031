"""Whatever happens to a case, in whatever order: it stands where the table allows, and its events tell how it came."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from bot import answer
from bot.channels.errors import DeliveryError
from bot.domain.clock import HeldClock
from bot.domain.messenger import Remedy
from bot.handoff.case import BECOMES, WITH_A_PERSON, Event, Outcome, Status, becomes
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
from bot.store.tables import AFTER_CLOSE, CASE_STATES, OUTCOMES, PRIORITIES
from tests.desk.conftest import MONDAY, Desk, at_the_desk, said
from tests.peers import tiny

if TYPE_CHECKING:
    from bot.commands.throwaway import Conversation
    from bot.store.rows import CaseRow

PEOPLE = ("sam", "kim", "otto", "cora", "pia")
WORDS = ("ik wil een mens spreken", "de verwarming is kapot", "hallo", "🙏", "er is brand", "/menu", "/stop")
PRESSED = ("/earlier_question", "/new_question", "/open", "/deny")
ACTS = ("take", "reply", "undo", "note", "snooze", "release", "transfer", "close", "hand_back", "take_over", "calm")

_ACT = st.tuples(st.sampled_from(ACTS), st.sampled_from(PEOPLE))
_WRITES = st.tuples(st.just("writes"), st.sampled_from(WORDS))
_PRESSES = st.tuples(st.just("presses"), st.sampled_from(PRESSED))
_TIME = st.tuples(st.just("waits"), st.sampled_from(["6 seconds", "2 hours", "1 day", "9 days"]))
_WIRE = st.tuples(st.just("wire"), st.sampled_from(["takes", "refuses", "shut"]))
_STEPS = st.lists(st.one_of(_ACT, _ACT, _ACT, _WRITES, _WRITES, _PRESSES, _TIME, _WIRE), max_size=30)
_WAITS = {"6 seconds": 6, "2 hours": 7200, "1 day": 86400, "9 days": 777600}


class Life:
    """One newcomer and the desk."""

    def __init__(self, desk: Desk, talk: Conversation) -> None:
        self.desk = desk
        self.talk = talk
        self.reply = "none"
        found = desk.runtime.database.read(lambda work: work.newcomers.at(desk.wire.name, talk._address))
        assert found is not None
        self.newcomer_id = found.newcomer.id
        self.seen: dict[str, CaseRow] = {}
        self.told: dict[str, int] = {}  # how many events each case had before this step

    def cases(self) -> list[CaseRow]:
        """Every case of the newcomer, found by what each knows of the one before it."""
        desk = self.desk
        newest = desk.runtime.database.read(lambda work: work.cases.standing(self.newcomer_id, MONDAY - timedelta(1)))
        if newest is not None:
            case = desk.runtime.database.read(lambda work: work.cases.get(newest.id))
            assert case is not None
            self.seen.setdefault(case.id, case)
        return [desk.now(case) for case in self.seen.values()]

    def do(self, what: str, how: str) -> None:
        match what:
            case "writes":
                said(self.talk, how)
            case "presses":
                said(self.talk, "", payload=how)
            case "waits":
                self.desk.attend(seconds=_WAITS[how])
            case "wire":
                refusals = {"refuses": Remedy.NEVER, "shut": Remedy.WINDOW_CLOSED}
                self.desk.wire.refuses = DeliveryError(how, remedy=refusals[how]) if how in refusals else None
            case _:
                self._act(what, getattr(self.desk, how).id)

    def _act(self, act: str, who: str) -> None:
        cases = self.cases()
        if not cases:
            return
        case, runtime, now = cases[-1], self.desk.runtime, self.desk.clock.now()
        match act:
            case "take":
                done = answer.take(runtime, who, case.id, version=case.version)
            case "reply":
                at, seen = case.conversation_id, self.desk.newest(case)
                done = answer.reply(runtime, who, case.id, text="Dag", conversation_id=at, seen=seen)
                self.reply = (done.reply if isinstance(done, answer.Done) else None) or self.reply
            case "undo":
                done = answer.undo(runtime, who, self.reply)
            case "note":
                done = answer.note(runtime, who, case.id, text="Een notitie")
            case "snooze":
                done = answer.snooze(runtime, who, case.id, until=now + timedelta(hours=5))
            case "release":
                done = answer.release(runtime, who, case.id)
            case "transfer":
                to = "form_team" if case.team == "other" else "other"
                done = answer.transfer(runtime, who, case.id, team=to, note="Voor jullie")
            case "close":
                done = answer.close(runtime, who, case.id, outcome=Outcome.ANSWERED)
            case "hand_back":
                done = answer.close(runtime, who, case.id, outcome=Outcome.HANDED_BACK)
            case "take_over":
                done = answer.take_over(runtime, who, case.id, reason="Ziek")
            case _:
                done = answer.prioritise(runtime, who, case.id, priority="normal", reason="Het is veilig")
        event(f"{act}: {'done' if isinstance(done, answer.Done) else done.why}")

    def looks_right(self, before: dict[str, CaseRow]) -> None:
        cases = self.cases()
        assert len([case for case in cases if case.state != "closed"]) <= 1
        for case in cases:
            self._stands_where_its_events_say(case)
            has_somebody = Status(case.state) in WITH_A_PERSON
            assert (case.assignee_id is not None) is has_somebody
            assert (case.closed_at is not None) is (case.state == "closed")
            if case.state != "closed":
                assert self.desk.route(case) == ("human" if has_somebody else "bot")
            if case.id in before:
                self._keeps_its_clock(before[case.id], case)

    def _stands_where_its_events_say(self, case: CaseRow) -> None:
        status = Status.QUEUED
        for row in self.desk.events(case):
            assert row.actor
            assert row.at <= self.desk.clock.now()
            if row.kind in set(Event) and not row.detail.get("wrote_since"):
                after = becomes(status, Event(row.kind))
                assert after is not None, f"{row.kind} while {status}"
                status = after
        assert status == case.state

    def _keeps_its_clock(self, was: CaseRow, case: CaseRow) -> None:
        assert case.opened_at == was.opened_at
        if case.waiting_since != was.waiting_since:
            assert case.waiting_since > was.waiting_since
            fresh = self.desk.kinds(case)[self.told[case.id] :]
            assert {"newcomer_wrote", "reopened"} & set(fresh), "only a new question starts the clock anew"


def test_the_table_the_tables_and_the_words_are_one() -> None:
    assert tuple(Status) == CASE_STATES
    assert tuple(Outcome) == OUTCOMES
    assert set(BECOMES) == set(Event)
    assert {"asked", "new"} == set(AFTER_CLOSE)
    assert PRIORITIES == ("normal", "urgent", "crisis")


@given(steps=_STEPS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_order_of_events(steps: list[tuple[str, str]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "wegwijs.sqlite"
        path.write_bytes(tiny._tables())
        vault = Vault(MasterKeys.from_base64(base64.b64encode(b"1" * 32).decode()))
        with Database.open(f"sqlite:///{path}", vault) as database:
            desk = at_the_desk(database, HeldClock(MONDAY))
            life = Life(desk, desk.newcomer())
            for what, how in [("writes", WORDS[0]), *steps]:
                before = {case.id: case for case in life.cases()}
                life.told = {case.id: len(desk.kinds(case)) for case in before.values()}
                life.do(what, how)
                desk.attend()
                life.looks_right(before)
