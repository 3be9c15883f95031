"""What a newcomer notices of the desk: a receipt, an answer meanwhile, silence, thanks, the earlier question."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot import answer
from bot.answer import Done
from bot.handoff.case import Outcome
from tests.desk.conftest import Desk, said

if TYPE_CHECKING:
    from bot.commands.throwaway import Conversation
    from bot.store.rows import CaseRow

A_REPAIR = "de verwarming is kapot"
STILL = "utter_desk_still_with_team"


@pytest.fixture
def talk(desk: Desk) -> Conversation:
    return desk.newcomer()


def closed(desk: Desk, talk: Conversation, outcome: Outcome = Outcome.ANSWERED) -> CaseRow:
    case = desk.taken(desk.asks(talk))
    done = answer.close(desk.runtime, desk.sam.id, case.id, outcome=outcome)
    assert isinstance(done, Done)
    desk.delivered()
    return done.case


# ---- while it waits, and while a person has it


def test_while_it_waits_the_bot_answers_and_says_where_the_question_is(desk: Desk, talk: Conversation) -> None:
    desk.asks(talk)
    assert STILL in said(talk, A_REPAIR)
    assert STILL not in said(talk, "/menu")


def test_an_answer_is_only_an_answer_when_no_question_waits(desk: Desk, talk: Conversation) -> None:
    assert STILL not in said(talk, A_REPAIR)


def test_while_a_person_has_it_only_an_explicit_menu_is_answered(desk: Desk, talk: Conversation) -> None:
    case = desk.taken(desk.asks(talk))
    desk.answered(case)
    for words in (A_REPAIR, "hallo", "2", "ja"):
        assert said(talk, words) == []
    desk.answered(case)
    assert said(talk, "/menu") == ["utter_ask_subject"]
    assert desk.now(case).state == "awaiting_newcomer", "the menu is for the bot"
    assert said(talk, "", payload="/SetSlots(subject=housing)") == ["utter_list_questions"]
    assert said(talk, "", payload="/housing_repairs") == ["utter_housing_repairs"]
    assert desk.now(case).state == "awaiting_newcomer"
    assert said(talk, "", payload="/insurance_start") == [], "what was not offered is for the person"
    assert desk.now(case).state == "active"


def test_stop_and_deleting_still_work_while_a_person_has_it(desk: Desk, talk: Conversation) -> None:
    desk.taken(desk.asks(talk))
    assert said(talk, "/stop") == ["utter_stopped"]
    assert said(talk, "/delete") == ["utter_started_again", "utter_ask_erase_confirmed"]
    assert said(talk, "", payload="/SetSlots(erase_confirmed=true)") == ["utter_erased"]


@pytest.mark.parametrize("state", ["queued", "active", "awaiting_newcomer", "snoozed", "closed"])
def test_danger_puts_the_case_on_top_in_every_state(desk: Desk, talk: Conversation, state: str) -> None:
    case = desk.asks(talk)
    if state != "queued":
        desk.taken(case)
    if state == "awaiting_newcomer":
        desk.answered(case)
    if state == "snoozed":
        later = desk.clock.now().replace(hour=15)
        assert isinstance(answer.snooze(desk.runtime, desk.sam.id, case.id, until=later), Done)
    if state == "closed":
        assert isinstance(answer.close(desk.runtime, desk.sam.id, case.id, outcome=Outcome.PARTLY), Done)
        desk.delivered()
    assert desk.now(case).state == state
    assert said(talk, "er is brand") == ["utter_crisis_immediate_danger"]
    now = desk.open_case(talk)
    assert (now.priority, now.crisis_at) == ("crisis", desk.clock.now())
    assert "crisis" in desk.kinds(now), "who coordinates is told by this"
    if state == "closed":
        assert (now.state, now.earlier_case_id) == ("queued", case.id)
    else:
        assert now.id == case.id
        assert now.assignee_id == (None if state == "queued" else desk.sam.id)
        assert now.state == ("queued" if state == "queued" else "active"), "the person reads it at once"


# ---- after a close


@pytest.mark.parametrize("words", ["🙏", "👍👍", "!"])
def test_thanks_or_an_emoji_gets_a_friendly_line_and_stays_closed(desk: Desk, talk: Conversation, words: str) -> None:
    case = closed(desk, talk)
    assert said(talk, words) == ["utter_desk_thanks"]
    assert desk.now(case).state == "closed"
    assert desk.attend(days=2) == []


def test_the_earlier_question_goes_back_with_what_was_written(desk: Desk, talk: Conversation) -> None:
    case = closed(desk, talk)
    desk.wait(hours=2)
    assert said(talk, "de brief is er nog niet") == ["utter_desk_earlier_or_new"]
    assert desk.now(case).state == "closed", "nobody is called before they chose"
    assert said(talk, "", payload="/earlier_question") == ["utter_desk_reopened"]
    again = desk.now(case)
    assert (again.state, again.number, again.waiting_since) == ("queued", case.number, desk.clock.now())
    assert again.summary is not None
    assert again.summary.endswith("de brief is er nog niet")
    assert desk.route(case) == "bot"


def test_a_new_question_is_answered_by_the_bot_without_writing_it_again(desk: Desk, talk: Conversation) -> None:
    case = closed(desk, talk)
    assert said(talk, A_REPAIR) == ["utter_desk_earlier_or_new"]
    answers = said(talk, "", payload="/new_question")
    assert answers[:2] == ["utter_desk_new_question", "utter_housing_repairs"]
    assert desk.now(case).state == "closed"
    assert said(talk, "wie wint de wedstrijd") != ["utter_desk_earlier_or_new"], "it is asked once"


def test_whoever_goes_on_writing_means_the_earlier_question(desk: Desk, talk: Conversation) -> None:
    case = closed(desk, talk)
    said(talk, "nog iets over de brief")
    assert said(talk, "er staat een datum op") == ["utter_desk_reopened"]
    again = desk.now(case)
    assert again.state == "queued"
    assert again.summary is not None
    assert again.summary.split("\n\n")[-2:] == ["nog iets over de brief", "er staat een datum op"]


def test_silence_means_the_earlier_question_too(desk: Desk, talk: Conversation) -> None:
    case = closed(desk, talk)
    said(talk, "de brief is er nog niet")
    assert desk.attend(minutes=59) == []
    assert desk.attend(minutes=2) == ["utter_desk_reopened"]
    again = desk.now(case)
    assert again.state == "queued"
    assert again.summary is not None
    assert again.summary.endswith("de brief is er nog niet")
    assert said(talk, "", payload="/new_question") == ["utter_old_button"]


def test_after_three_days_it_is_the_bot_as_ever(desk: Desk, talk: Conversation) -> None:
    closed(desk, talk)
    desk.wait(hours=73)
    assert said(talk, A_REPAIR)[0] == "utter_housing_repairs"


def test_who_asks_for_a_person_again_gets_a_new_number_with_its_history(desk: Desk, talk: Conversation) -> None:
    case = closed(desk, talk)
    desk.wait(hours=80)
    again = desk.asks(talk)
    assert (again.number, again.earlier_case_id) == (case.number + 1, case.id)


def test_what_the_bot_was_asking_before_a_person_came_is_no_question_any_more(desk: Desk, talk: Conversation) -> None:
    said(talk, "Hoe neem ik een zorgverzekering?")
    closed(desk, talk)
    assert said(talk, "dat weet ik niet") == ["utter_desk_earlier_or_new"]
