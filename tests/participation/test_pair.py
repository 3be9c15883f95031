"""Suggestions for a coordinator, both asked, no name before both said yes, what is left when somebody goes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot.ask_after import look_after_due
from bot.deliver import deliver_due
from bot.domain.days import at
from bot.pair import Overview, Refusal, approve, overview, refuse, suggest
from bot.store.participation_rows import MatchRow

if TYPE_CHECKING:
    from bot.commands.throwaway import Conversation
    from bot.domain.turn import Message
    from bot.runtime import Runtime
    from bot.store.rows import CaseRow, OutboxRow
    from bot.store.work import Work
    from tests.guide.conftest import Guide

ASKED, ASKED_BUDDY, OFF = "utter_match_asked", "utter_match_asked_buddy", "utter_match_off"
AGREED, OVER, HOW = "utter_match_agreed", "utter_match_over", "utter_match_how"


@dataclass(kw_only=True)
class Two:
    """Amina looks for a buddy, Joke wants to be one; Cora coordinates."""

    guide: Guide
    amina: str
    joke: str
    joke_talks: Conversation

    @property
    def runtime(self) -> Runtime:
        return self.guide.runtime

    @property
    def cora(self) -> str:
        return self.guide.desk.cora.id

    def seeks(self, newcomer_id: str, kind: str) -> None:
        now = self.guide.desk.clock.now()
        self.runtime.database.write(lambda work: work.seekings.open(newcomer_id, kind, None, now))

    def tells(self, newcomer_id: str, **told: object) -> None:
        now = self.guide.desk.clock.now()
        self.runtime.database.write(lambda work: work.profiles.keep(newcomer_id, told, now))

    def presses(self, who: str, said: str) -> list[str]:
        """What is said to a button of the match, or to words, and nothing else."""
        talk = self.guide.talk if who == self.amina else self.joke_talks
        payload = f"/match {said} {self.match().id}" if said in {"yes", "no", "end", "well", "not_well"} else None
        answers, _ = talk.send(said, payload=payload)
        return [one.response for one in answers]

    def time_brings(self, **units: float) -> list[Message]:
        self.guide.desk.clock.wait(**units)
        while look_after_due(self.runtime):
            pass
        return self.read()

    def read(self) -> list[Message]:
        while deliver_due(self.runtime):
            pass
        return self.guide.read()

    def overview(self) -> Overview:
        found = overview(self.runtime, self.cora)
        assert isinstance(found, Overview)
        return found

    def match(self) -> MatchRow:
        rows = self.runtime.database.read(
            lambda work: work.matches.of(self.amina, ("suggested", "approved", "agreed", "refused", "ended"))
        )
        return rows[-1]

    def case_of(self, newcomer_id: str) -> CaseRow:
        found = self.runtime.database.read(lambda work: work.cases.open_for(newcomer_id))
        assert found is not None
        return found

    def approved(self) -> MatchRow:
        assert suggest(self.runtime, self.cora) == 1
        done = approve(self.runtime, self.cora, self.match().id)
        assert isinstance(done, MatchRow)
        return done

    def agreed(self) -> None:
        self.approved()
        self.read()
        for who, name in ((self.amina, "Amina"), (self.joke, "Joke")):
            assert self.presses(who, "yes") == ["utter_match_ask_name"]
            assert self.presses(who, name) == ["utter_match_waits"]
        assert [one.response for one in self.time_brings(minutes=1)] == [AGREED, AGREED]


@pytest.fixture
def two(taking_part: Guide) -> Two:
    guide = taking_part
    talk = guide.desk.newcomer()
    talk.runtime = guide.runtime
    before = guide.newcomer_id

    def newest(work: Work) -> str:
        found = work.connection.execute(text("SELECT id FROM newcomers WHERE id <> :mine"), {"mine": before})
        return str(found.scalars().one())

    joke = guide.runtime.database.read(newest)
    made = Two(guide=guide, amina=before, joke=joke, joke_talks=talk)
    made.seeks(made.amina, "buddy")
    made.seeks(made.joke, "be_buddy")
    return made


def test_only_a_coordinator_has_suggestions_made_and_decides(two: Two) -> None:
    sam = two.guide.desk.sam.id
    assert suggest(two.runtime, sam) is Refusal.NOT_YOUR_ROLE
    assert overview(two.runtime, sam) is Refusal.NOT_YOUR_ROLE
    assert suggest(two.runtime, two.cora) == 1
    assert approve(two.runtime, sam, two.match().id) is Refusal.NOT_YOUR_ROLE
    assert refuse(two.runtime, sam, two.match().id) is Refusal.NOT_YOUR_ROLE
    assert approve(two.runtime, two.cora, "x") is Refusal.NO_MATCH


def test_new_suggestions_replace_those_that_nobody_approved(two: Two) -> None:
    two.tells(two.amina, interests=["cooking"])
    two.tells(two.joke, interests=["cooking", "music"])
    assert suggest(two.runtime, two.cora) == 1
    assert suggest(two.runtime, two.cora) == 1
    (one,) = two.overview().suggested
    assert ("interest", "cooking") in one.row.reasons
    assert two.read() == []  # nobody hears of it yet


def test_a_limit_that_either_stated_is_kept(two: Two) -> None:
    two.tells(two.joke, limits=["women_only"])
    assert suggest(two.runtime, two.cora) == 0
    two.tells(two.amina, limits=["women_only"])
    assert suggest(two.runtime, two.cora) == 1


def test_nobody_is_their_own_buddy(two: Two) -> None:
    two.runtime.database.write(lambda work: work.seekings.close(two.joke))
    two.seeks(two.amina, "be_buddy")
    assert suggest(two.runtime, two.cora) == 0


def test_both_are_asked_and_hear_a_name_only_when_both_said_yes(two: Two) -> None:
    two.approved()
    assert sorted(one.response for one in two.read()) == [ASKED, ASKED_BUDDY]
    assert two.presses(two.amina, "yes") == ["utter_match_ask_name"]
    assert two.presses(two.amina, "Amina") == ["utter_match_waits"]
    assert two.time_brings(minutes=1) == []
    assert two.presses(two.joke, "yes") == ["utter_match_ask_name"]
    assert two.time_brings(minutes=1) == []
    assert two.presses(two.joke, "Joke") == ["utter_match_waits"]

    told = two.time_brings(minutes=1)

    assert {name for one in told for name in ("Amina", "Joke") if name in one.text} == {"Amina", "Joke"}
    assert two.time_brings(minutes=1) == []
    assert not two.match().newcomer_named
    assert len(two.match().name_outbox_ids) == 2
    for one in (two.amina, two.joke):
        # A person arranges the first meeting, as both were told.
        assert two.case_of(one).reason == "match_agreed"


def test_no_name_waits_for_ever_for_an_answer_that_does_not_come(two: Two) -> None:
    two.approved()
    two.read()
    two.presses(two.amina, "yes")
    two.presses(two.amina, "Amina")
    assert two.time_brings(days=20) == []
    assert two.match().newcomer_named
    assert [one.response for one in two.time_brings(days=2)] == [OFF, OFF]
    assert not two.match().newcomer_named
    assert two.match().state == "refused"


def test_who_said_no_need_not_say_why_and_the_two_are_not_suggested_again(two: Two) -> None:
    two.approved()
    two.read()
    assert two.presses(two.joke, "no") == ["utter_match_declined"]
    assert [one.response for one in two.time_brings(minutes=1)] == [OFF]
    assert two.match().state == "refused"
    assert suggest(two.runtime, two.cora) == 0
    assert two.overview().waiting["buddy"] == 1


def test_a_suggestion_that_a_coordinator_refuses_is_heard_by_nobody(two: Two) -> None:
    suggest(two.runtime, two.cora)
    assert isinstance(refuse(two.runtime, two.cora, two.match().id), MatchRow)
    assert two.time_brings(minutes=1) == []
    assert refuse(two.runtime, two.cora, two.match().id) is Refusal.OVER
    assert suggest(two.runtime, two.cora) == 0


def test_who_is_asked_about_somebody_is_not_asked_about_another(two: Two) -> None:
    suggest(two.runtime, two.cora)
    seeking = two.match().seeking_id
    two.runtime.database.write(lambda work: work.seekings.set_state([seeking], "matched"))
    assert approve(two.runtime, two.cora, two.match().id) is Refusal.TAKEN


def test_who_wants_no_messages_is_not_asked(two: Two) -> None:
    suggest(two.runtime, two.cora)
    two.runtime.database.write(lambda work: work.newcomers.stop(two.joke))
    assert approve(two.runtime, two.cora, two.match().id) is Refusal.OUT_OF_REACH
    assert two.match().state == "suggested"


def moves_to(two: Two, moment: datetime) -> list[str]:
    """Let time pass until then, looking every half hour; return what was said."""
    said: list[str] = []
    while (left := (moment - two.guide.desk.clock.now()).total_seconds()) > 0:
        said += [one.response for one in two.time_brings(seconds=min(left, 1800))]
    return said


MONDAY, CHRISTMAS = date(2026, 11, 23), date(2026, 12, 25)


@pytest.mark.parametrize(
    ("approved", "asked"),
    [
        (at(MONDAY, time(18, 59)), at(MONDAY, time(18, 59))),
        (at(MONDAY, time(19)), at(MONDAY + timedelta(days=1), time(9))),
        (at(MONDAY, time(21)), at(MONDAY + timedelta(days=1), time(9))),
        (at(MONDAY + timedelta(days=6), time(14)), at(MONDAY + timedelta(days=7), time(10))),  # a Sunday
        (at(CHRISTMAS, time(11)), at(date(2026, 12, 28), time(10))),  # a Friday, and Boxing Day, and a Sunday
    ],
)
def test_two_are_asked_at_the_hours_of_reminders(two: Two, approved: datetime, asked: datetime) -> None:
    assert moves_to(two, approved) == []
    two.approved()

    now = [one.response for one in two.read()]
    later = moves_to(two, asked)

    assert (now, later) == (([ASKED, ASKED_BUDDY], []) if approved == asked else ([], [ASKED, ASKED_BUDDY]))
    assert two.match().approved_at == asked


def test_who_was_in_danger_is_left_in_peace_for_three_days(two: Two) -> None:
    talk = two.runtime.database.read(lambda work: work.conversations.of(two.amina))[0]
    two.runtime.database.write(
        lambda work: work.cases.open(
            two.amina,
            talk.id,
            reason="crisis:suicide",
            priority="crisis",
            topic="crisis",
            question_id=None,
            language="nl",
            summary=None,
            now=two.guide.desk.clock.now(),
        )
    )
    two.approved()

    assert moves_to(two, at(MONDAY + timedelta(days=3), time(9, 30))) == []
    assert moves_to(two, at(MONDAY + timedelta(days=3), time(10))) == [ASKED, ASKED_BUDDY]


def test_who_looks_no_more_before_they_are_asked_ends_it_without_a_word(two: Two) -> None:
    moves_to(two, at(MONDAY, time(21)))
    two.approved()
    assert two.guide.talk.send("/seek stop", payload="/seek stop")[0][0].response == "utter_seek_closed"

    assert moves_to(two, at(MONDAY + timedelta(days=1), time(12))) == []
    assert two.match().state == "refused"
    assert [one.state for one in two.runtime.database.read(lambda work: work.seekings.of(two.joke))] == ["open"]


def test_who_wants_no_messages_by_the_time_they_are_asked_leaves_the_other_free(two: Two) -> None:
    moves_to(two, at(MONDAY, time(21)))
    two.approved()
    two.runtime.database.write(lambda work: work.newcomers.stop(two.joke))

    assert moves_to(two, at(MONDAY + timedelta(days=1), time(12))) == []
    assert two.match().state == "suggested"
    assert [one.state for one in two.runtime.database.read(lambda work: work.seekings.of(two.amina))] == ["open"]


def test_asked_again_at_night_is_declined(two: Two) -> None:
    two.approved()
    two.read()
    moves_to(two, at(MONDAY, time(21)))

    assert approve(two.runtime, two.cora, two.match().id) is Refusal.NOT_NOW
    assert two.read() == []


def test_what_became_of_it_waits_for_the_morning(two: Two) -> None:
    two.approved()
    two.read()
    two.presses(two.joke, "yes")
    two.presses(two.joke, "Joke")
    moves_to(two, at(MONDAY, time(21)))
    two.presses(two.amina, "yes")
    two.presses(two.amina, "Amina")

    assert moves_to(two, at(MONDAY + timedelta(days=1), time(8, 59))) == []
    assert moves_to(two, at(MONDAY + timedelta(days=1), time(9))) == [AGREED, AGREED]


def test_after_four_and_twelve_weeks_both_are_asked_and_not_well_opens_a_case(two: Two) -> None:
    two.agreed()
    assert two.time_brings(days=20) == []
    assert [one.response for one in two.time_brings(days=9)] == [HOW, HOW]
    assert two.presses(two.amina, "not_well") == ["utter_match_not_well"]
    assert two.case_of(two.amina).question_id == "buddy_match"
    assert two.match().checks == 1
    assert two.match().check_at is not None


def test_what_could_not_be_asked_in_time_is_asked_once(two: Two) -> None:
    two.agreed()
    assert [one.response for one in two.time_brings(weeks=14)] == [HOW, HOW]
    assert two.match().check_at is None
    assert two.time_brings(days=7) == []


def test_a_name_is_one_line(two: Two) -> None:
    two.approved()
    for who, name in ((two.amina, "Amina\n\nKlik hier"), (two.joke, "Joke")):
        two.presses(who, "yes")
        two.presses(who, name)
    two.read()
    assert any("Amina Klik hier" in one.text for one in two.time_brings(minutes=1))


def test_two_who_look_at_once_list_a_suggestion_once(two: Two) -> None:
    together = Barrier(2)

    def look(_: int) -> int | Refusal:
        together.wait()
        return suggest(two.runtime, two.cora)

    with ThreadPoolExecutor(2) as pool:
        for _ in range(12):
            assert list(pool.map(look, range(2))) == [1, 1]
            assert len(two.overview().suggested) == 1


def test_what_is_approved_while_suggestions_are_thought_of_is_not_suggested_again(two: Two) -> None:
    two.approved()
    thought = replace(two.match(), state="suggested")

    def keep(work: Work) -> int:
        work.matches.alone()
        return work.matches.suggest_anew([thought])

    assert two.runtime.database.write(keep) == 0
    assert (len(two.overview().suggested), len(two.overview().approved)) == (0, 1)


def test_who_said_no_is_not_asked_again_nor_the_other_in_vain(two: Two) -> None:
    two.approved()
    two.read()
    two.presses(two.joke, "no")
    assert approve(two.runtime, two.cora, two.match().id) is Refusal.OVER
    assert [one.response for one in two.time_brings(minutes=1)] == [OFF]


def test_asked_again_after_both_said_yes_they_still_hear_it_at_once(two: Two) -> None:
    two.approved()
    for who, name in ((two.amina, "Amina"), (two.joke, "Joke")):
        two.presses(who, "yes")
        two.presses(who, name)
    two.read()
    assert isinstance(approve(two.runtime, two.cora, two.match().id), MatchRow)
    assert [one.response for one in two.time_brings(minutes=1)] == [AGREED, AGREED]


def test_nobody_hears_a_name_while_the_other_wants_no_messages(two: Two) -> None:
    two.approved()
    for who, name in ((two.amina, "Amina"), (two.joke, "Joke")):
        two.presses(who, "yes")
        two.presses(who, name)
    two.read()
    two.runtime.database.write(lambda work: work.newcomers.stop(two.joke))
    assert two.time_brings(minutes=1) == []
    assert two.match().state == "approved"
    assert two.time_brings(days=20) == []
    assert [one.response for one in two.time_brings(days=2)] == [OFF]
    assert (two.match().state, two.match().newcomer_named) == ("refused", False)


def test_ending_needs_no_reason_and_the_other_hears_it_once(two: Two) -> None:
    two.agreed()
    assert two.presses(two.joke, "end") == ["utter_match_ended"]
    assert [one.response for one in two.time_brings(minutes=1)] == [OVER]
    assert two.time_brings(days=40) == []
    assert suggest(two.runtime, two.cora) == 0


def test_volunteer_work_is_agreed_by_one_and_a_person_takes_it_on(two: Two) -> None:
    two.runtime.database.write(lambda work: work.seekings.close(two.amina))
    two.seeks(two.amina, "volunteer")
    limits = {"women_only": True, "age_from": 18}
    two.guide.talk.offered("Helpen in de tuin", kind="volunteer", capacity=1, languages=["nl"], **limits)
    assert suggest(two.runtime, two.cora) == 1
    approve(two.runtime, two.cora, two.match().id)
    (asked,) = two.read()
    assert asked.response == "utter_match_asked_work"
    assert "Helpen in de tuin" in asked.text
    # For whom alone it is they say themselves.
    assert "alleen voor vrouwen" in asked.text
    assert "vanaf 18 jaar" in asked.text
    assert two.presses(two.amina, "yes") == ["utter_offer_asked"]
    assert two.match().state == "agreed"
    assert two.case_of(two.amina).reason == "match_work"


def test_erased_the_other_keeps_no_trace_of_the_name_and_is_open_again(two: Two) -> None:
    two.agreed()
    told = two.match().name_outbox_ids
    database = two.runtime.database

    database.write(lambda work: work.newcomers.forget(two.amina))

    bodies = database.read(lambda work: [row.body for one in told if (row := work.outbox.get(one)) is not None])
    assert not any(bodies)
    of_joke = database.read(lambda work: work.matches.of(two.joke, ("agreed", "ended")))
    assert of_joke == []
    rows = database.read(lambda work: work.seekings.of(two.joke))
    assert [(row.kind, row.state) for row in rows] == [("be_buddy", "open")]
    texts = database.read(lambda work: [row.body.get("text", "") for row in _outbox_of(work, two.joke)])
    assert texts
    assert not any("Amina" in one for one in texts)


def test_a_name_that_waits_moves_to_the_key_of_who_two_became_one(two: Two) -> None:
    two.approved()
    two.presses(two.joke, "yes")
    two.presses(two.joke, "Joke")
    now, database = two.guide.desk.clock.now(), two.runtime.database
    elsewhere = database.write(lambda work: work.newcomers.writing_from("elsewhere", "x", now=now)).newcomer.id

    assert database.write(lambda work: work.merging.merge(two.joke, elsewhere, now))

    match = two.match()
    names = database.write(lambda work: work.matches.take_names(match))
    assert names == {elsewhere: "Joke"}


def _outbox_of(work: Work, newcomer_id: str) -> list[OutboxRow]:
    return [row for one in work.conversations.of(newcomer_id) for row in work.outbox.all_for(one.id)]
