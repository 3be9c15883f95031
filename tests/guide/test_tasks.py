"""Tasks in the chat: a code, what is asked for the plan, my tasks, done, later, help, what is this."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.guide import Settled, pause, settle
from bot.remind import escalate_due, remind_due
from bot.tasks import say_of
from bot.team import voice_to
from bot.trajectory.plan import State
from tests.desk.conftest import said
from tests.trajectory.small import DEBTS, HOME, REGISTER, SCHOOL, STARTED, WELCOME, local, task

if TYPE_CHECKING:
    from bot.domain.turn import Message
    from bot.store.work import Work
    from tests.guide.conftest import Guide

ONE = task("one", reminder_days=(0,), question="housing_repairs")
TWO = task("two", order=1)
DAY = STARTED + timedelta(days=7)


def begins(guide: Guide, *tasks: object, **others: object) -> None:
    guide.knows(*(tasks or (ONE,)))
    guide.enrols(**others)
    guide.read()


def answers(guide: Guide, text: str, payload: str | None = None) -> list[Message]:
    found, reports = guide.talk.send(text, payload=payload)
    assert "failed" not in [report.rung for report in reports]
    return found


def presses(guide: Guide, payload: str) -> Message:
    (message,) = answers(guide, "", payload)
    return message


def a_code(guide: Guide, **others: object) -> str:
    now = guide.desk.clock.now()
    usual = {"template": "small", "coach_id": None, "team": None, "started": None}
    return guide.runtime.database.write(lambda work: work.enrol_codes.make(**{**usual, **others}, now=now))


# ---- a code begins it, and what the plan needs is asked


@pytest.mark.parametrize("shape", ["{}", "/start {}", "t {}", "Т {}"])
def test_a_code_begins_the_trajectory_and_asks_one_thing_at_a_time(guide: Guide, shape: str) -> None:
    guide.knows(WELCOME, REGISTER, SCHOOL)
    coach = guide.runtime.database.write(
        lambda work: work.users.add("Co", roles=["coach"], teams=["form_team"], now=guide.desk.clock.now())
    )
    code = a_code(guide, coach_id=coach.id)
    typed = shape.format(code if "start" in shape or shape == "{}" else f"{code[1:5]} {code[5:]}")
    first = [message.response for message in answers(guide, typed)]
    assert first == ["utter_trajectory_welcome", "utter_trajectory_questions", "utter_ask_anchor_housing_date"]
    assert said(guide.talk, "20 november 2026") == ["utter_ask_condition_has_children"]
    assert said(guide.talk, "ja") == ["utter_trajectory_told", "utter_my_tasks"]
    assert guide.trajectory.told.anchors == {"housing_date": HOME}
    assert guide.trajectory.told.conditions == {"has_children": True}
    assert guide.task("register").due == date(2026, 11, 25)
    newcomer = guide.runtime.database.read(lambda work: work.newcomers.get(guide.newcomer_id))
    assert newcomer.coach_id == coach.id
    assert guide.trajectory.created_by == "newcomer"


def test_before_the_notice_a_code_waits_for_the_yes(guide: Guide) -> None:
    guide.knows(WELCOME)
    stranger = type(guide.talk)(guide.runtime, guide.desk.wire, "stranger")
    asked, _ = stranger.send(f"/start {a_code(guide)}")
    assert asked[-1].response == "utter_ask_notice"
    found, _ = stranger.send("", payload="/SetSlots(notice_answer=accept)")
    assert [message.response for message in found][-1] == "utter_trajectory_welcome"


def test_not_knowing_is_fine_and_asked_once(guide: Guide) -> None:
    guide.knows(WELCOME, REGISTER, SCHOOL)
    answers(guide, a_code(guide))
    assert presses(guide, "/told housing_date skip 4").response == "utter_ask_condition_has_children"
    assert said(guide.talk, "weet ik niet") == ["utter_trajectory_told", "utter_my_tasks"]
    assert guide.trajectory.told.asked == {"housing_date", "has_children"}
    assert said(guide.talk, "", "/told more") == ["utter_trajectory_told", "utter_my_tasks"]


def test_not_yet_is_no_day(guide: Guide) -> None:
    guide.knows(WELCOME, REGISTER)
    answers(guide, a_code(guide))
    assert said(guide.talk, "nee") == ["utter_trajectory_told", "utter_my_tasks"]
    assert guide.trajectory.told.anchors == {}


def test_what_is_no_answer_is_about_something_else_and_a_later_yes_too(guide: Guide) -> None:
    guide.knows(WELCOME, SCHOOL)
    answers(guide, a_code(guide))
    assert "utter_ask_condition_has_children" not in said(guide.talk, "hoe zit het met de huur")
    said(guide.talk, "ja")
    assert guide.trajectory.told.conditions == {}


def test_an_old_answer_button_still_says_what_it_says(guide: Guide) -> None:
    guide.knows(WELCOME, SCHOOL)
    answers(guide, a_code(guide))
    said(guide.talk, "hoe zit het met de huur")
    answers(guide, "", "/told has_children no 4")
    assert guide.trajectory.told.conditions == {"has_children": False}
    answers(guide, "", "/told nothing yes 4")
    answers(guide, "", "/told housing_date yes 4")  # a yes is no day
    assert guide.trajectory.told.anchors == {}


def test_no_more_than_five_things_are_asked_in_a_row(guide: Guide) -> None:
    tasks = [task(f"t{n}", applies_if=f"has_{n}") for n in range(8)]
    guide.knows(WELCOME, *tasks, conditions={f"has_{n}": f"utter_ask_condition_has_{n}" for n in range(8)})
    answers(guide, a_code(guide))
    asked, answer = 1, answers(guide, "nee")
    while answer[0].response != "utter_trajectory_more":
        asked, answer = asked + 1, answers(guide, "nee")
    assert asked == 5
    (message,) = answer
    assert [(button.title, button.payload) for button in message.buttons] == [
        ("Vragen beantwoorden", "/told more"),
        ("Mijn taken", "/tasks"),
    ]
    said(guide.talk, "hoe zit het met de huur")
    shown = answers(guide, "/tasks")[0]
    assert "/told more" in [button.payload for button in shown.buttons]  # whoever let them be finds them there
    assert said(guide.talk, "", "/told more") == ["utter_ask_condition_has_5"]
    for _ in range(2):
        said(guide.talk, "nee")
    assert said(guide.talk, "nee") == ["utter_trajectory_told", "utter_my_tasks"]
    assert guide.trajectory.told.conditions == {f"has_{n}": False for n in range(8)}


def test_a_code_that_is_wrong_used_or_tried_too_often(guide: Guide) -> None:
    guide.knows(WELCOME)
    code = a_code(guide)
    assert said(guide.talk, "T00000000") == ["utter_enrol_wrong_code"]
    assert said(guide.talk, code) == ["utter_trajectory_welcome"]
    assert said(guide.talk, code) == ["utter_enrol_wrong_code"]
    assert said(guide.talk, a_code(guide)) == ["utter_enrol_already"]
    for number in range(3):
        said(guide.talk, f"T0000000{number}")
    assert said(guide.talk, a_code(guide)) == ["utter_enrol_too_many"]


def test_a_full_group_takes_nobody_and_the_trajectory_begins_all_the_same(guide: Guide) -> None:
    guide.knows(WELCOME)
    now = guide.desk.clock.now()

    def full(work: object) -> str:
        coach = work.users.add("Co", roles=["coach"], teams=["form_team"], now=now)
        for number in range(5):
            other = work.newcomers.writing_from("terminal", f"member {number}", now=now)
            work.newcomers.set_coach(other.newcomer.id, coach.id)
        return coach.id

    coach_id = guide.runtime.database.write(full)
    assert said(guide.talk, a_code(guide, coach_id=coach_id)) == ["utter_trajectory_welcome"]
    newcomer = guide.runtime.database.read(lambda work: work.newcomers.get(guide.newcomer_id))
    assert newcomer.coach_id is None


# ---- my tasks


def test_my_tasks_says_what_is_next_and_why(guide: Guide) -> None:
    begins(
        guide,
        TWO,
        replace(ONE, due=replace(ONE.due, amount=3), order=9),
        task("later", start=replace(ONE.due, amount=90)),
    )
    (message,) = answers(guide, "/tasks")
    assert message.response == "utter_my_tasks"
    assert message.text.index("[task_one]") < message.text.index("[task_one_why]") < message.text.index("[task_two]")
    assert "26 november 2026" in message.text
    assert "[task_later]" not in message.text  # it begins in February
    row = guide.task("one").id
    assert [button.payload for button in message.buttons] == [
        f"/task done {row}",
        f"/task help {row}",
        "/task what housing_repairs",
        f"/task not_for_me {row}",
    ]


def test_who_has_no_task_or_no_trajectory_hears_so(guide: Guide) -> None:
    assert said(guide.talk, "/tasks") == ["utter_no_trajectory"]
    assert said(guide.talk, "", "/task done") == ["utter_no_trajectory"]
    begins(guide)
    guide.does(settle, guide.task("one").id, Settled.DONE, actor="newcomer")
    assert said(guide.talk, "/tasks") == ["utter_my_tasks_none"]
    assert said(guide.talk, "", "/task later") == ["utter_my_tasks_none"]


# ---- done, later, help, what is this


def test_done_says_what_comes_next(guide: Guide) -> None:
    begins(guide, ONE, TWO)
    message = presses(guide, f"/task done {guide.task('one').id}")
    assert message.response == "utter_task_done"
    assert "[task_two]" in message.text
    assert guide.task("one").state is State.DONE
    assert presses(guide, f"/task done {guide.task('one').id}").response == "utter_task_settled"
    last = presses(guide, "/task done")  # there is only one
    assert last.response == "utter_task_done"
    assert guide.task("two").state is State.DONE


def test_done_with_several_open_asks_which(guide: Guide) -> None:
    begins(guide, ONE, TWO)
    message = presses(guide, "/task done")
    assert message.response == "utter_which_task_done"
    assert [button.title for button in message.buttons] == ["[task_one]", "[task_two]"]
    assert said(guide.talk, "2") == ["utter_task_done"]
    assert guide.task("two").state is State.DONE


def test_done_waits_for_the_coach(guide: Guide) -> None:
    begins(guide, replace(ONE, confirm=True))
    assert presses(guide, f"/task done {guide.task('one').id}").response == "utter_task_done_waits"
    assert guide.task("one").state is State.AWAITING


def test_not_for_me(guide: Guide) -> None:
    begins(guide)
    assert presses(guide, f"/task not_for_me {guide.task('one').id}").response == "utter_task_not_for_me"
    assert guide.task("one").state is State.SKIPPED


def test_later_is_tomorrow_next_week_or_a_day(guide: Guide) -> None:
    begins(guide)
    row = guide.task("one").id
    message = presses(guide, f"/task later {row}")
    assert [(button.title, button.payload) for button in message.buttons] == [
        ("Morgen", f"/task later {row} tomorrow"),
        ("Volgende week", f"/task later {row} week"),
        ("Kies een dag", f"/task later {row} day"),
    ]
    assert "24 november 2026" in presses(guide, f"/task later {row} tomorrow").text
    assert guide.task("one").paused_until == date(2026, 11, 24)
    presses(guide, f"/task later {row} week")
    assert guide.task("one").paused_until == DAY
    assert presses(guide, f"/task later {row} day").response == "utter_ask_remind_day"
    (answer,) = answers(guide, "5 december")
    assert answer.response == "utter_remind_later_done"
    assert "30 november 2026" in answer.text  # the day it is due comes first, and that is said
    assert guide.task("one").paused_until == date(2026, 12, 5)


def test_a_day_that_cannot_be_is_asked_again(guide: Guide) -> None:
    begins(guide)
    presses(guide, f"/task later {guide.task('one').id} day")
    assert said(guide.talk, "5 december 2031") == ["utter_remind_no_day"]
    assert said(guide.talk, "5 december") == ["utter_remind_later_done"]


def test_help_gives_the_task_to_the_team(guide: Guide) -> None:
    begins(guide, replace(REGISTER, question="housing_repairs"), anchors={"housing_date": HOME})
    message = presses(guide, f"/task help {guide.task('register').id}")
    assert message.response == "utter_task_help"
    case = guide.desk.open_case(guide.talk)
    assert f"{case.number}" in message.text
    assert (case.reason, case.question_id, case.priority) == ("task_help", "housing_repairs", "urgent")
    assert case.summary == "[task_register] (2026-11-25)"
    assert guide.task("register").state is State.OPEN


def test_what_is_this_starts_the_question(guide: Guide) -> None:
    begins(guide)
    assert "utter_housing_repairs" in said(guide.talk, "", "/task what housing_repairs")
    assert "utter_old_button" in said(guide.talk, "", "/task what nothing_at_all")


def test_the_buttons_work_while_a_person_has_the_conversation(guide: Guide) -> None:
    begins(guide)
    case = guide.desk.asks(guide.talk)
    guide.desk.taken(case)
    guide.read()
    assert said(guide.talk, "hallo?") == []
    assert said(guide.talk, "", "/task what housing_repairs") == ["utter_housing_repairs"]
    assert said(guide.talk, "/tasks") == ["utter_my_tasks"]
    assert said(guide.talk, "", f"/task done {guide.task('one').id}") == ["utter_task_done"]
    assert guide.desk.route(case) == "human"


def test_nobody_touches_the_tasks_of_somebody_else(guide: Guide) -> None:
    begins(guide)
    row = guide.task("one").id
    first = guide.newcomer_id
    other = guide.desk.newcomer()
    found = guide.runtime.database.read(lambda work: work.newcomers.at(guide.desk.wire.name, other._address))
    guide.newcomer_id = found.newcomer.id
    guide.enrols()
    guide.read()
    for said_of_it in (f"done {row}", f"help {row}", f"later {row}", f"later {row} week", f"not_for_me {row}"):
        assert said(other, "", f"/task {said_of_it}") == ["utter_task_settled"]
    guide.newcomer_id = first
    assert (guide.task("one").state, guide.task("one").paused_until) == (State.OPEN, None)


# ---- below a reminder


def reminded(guide: Guide) -> Message:
    guide.desk.wait(seconds=(local(DAY, 10) - guide.desk.clock.now()).total_seconds())
    assert remind_due(guide.runtime) == 1
    (message,) = guide.read()
    return message


def test_the_first_reaction_to_a_reminder_is_counted(guide: Guide) -> None:
    begins(guide)
    message = reminded(guide)
    guide.desk.wait(minutes=5)
    first = guide.desk.clock.now()
    presses(guide, message.buttons[1].payload)
    guide.desk.wait(minutes=5)
    presses(guide, message.buttons[0].payload)
    (kept,) = guide.runtime.database.read(lambda work: work.reminders.messages(guide.newcomer_id))
    assert kept.answered_at == first


def test_the_words_of_its_buttons_are_understood_too(guide: Guide) -> None:
    begins(guide)
    reminded(guide)
    assert said(guide.talk, "klaar") == ["utter_task_done"]
    assert guide.task("one").state is State.DONE


def test_after_a_reminder_of_one_task_nobody_is_asked_which(guide: Guide) -> None:
    begins(guide, ONE, TWO)
    reminded(guide)

    def says(what: str) -> None:
        def say(work: Work) -> None:
            newcomer, (conversation,) = work.newcomers.get(guide.newcomer_id), work.conversations.of(guide.newcomer_id)
            voice = voice_to(guide.runtime, work, conversation.id)
            assert newcomer is not None
            assert voice is not None
            say_of(voice, newcomer, conversation, what, None)

        guide.runtime.database.write(say)

    says("later")
    assert [message.response for message in guide.read()] == ["utter_remind_later"]
    now = guide.desk.clock.now()
    guide.runtime.database.write(lambda work: work.reminders.answered(guide.newcomer_id, now))
    says("later")  # once they reacted it may be about any of them
    assert [message.response for message in guide.read()] == ["utter_which_task_later"]


def test_the_name_of_the_button_is_help_with_the_task_and_without_one_the_menu(guide: Guide) -> None:
    begins(guide)
    assert "utter_task_help" not in said(guide.talk, "hulp")
    reminded(guide)
    assert said(guide.talk, "hulp") == ["utter_task_help"]


# ---- it rests


def test_the_button_takes_up_a_plan_that_rested_and_an_old_one_shows_the_tasks(guide: Guide) -> None:
    begins(guide)
    guide.does(pause, guide.trajectory.id, actor="coach")
    guide.read()
    assert "/tasks go_on" in [button.payload for button in answers(guide, "/tasks")[0].buttons]
    assert said(guide.talk, "", "/tasks go_on") == ["utter_trajectory_resumed"]
    assert (guide.trajectory.state, guide.events()[-1].actor) == ("active", "newcomer")
    assert said(guide.talk, "", "/tasks go_on") == ["utter_my_tasks"]


def test_of_a_day_that_is_past_it_is_said_that_it_was(guide: Guide) -> None:
    begins(guide, ONE, TWO)
    guide.desk.wait(days=20)
    (message,) = answers(guide, "/tasks")
    assert "De dag was maandag 30 november 2026." in message.text
    assert "[task_two]: de dag was maandag 30 november 2026" in message.text


def test_a_tap_on_the_template_says_what_it_was_about_once(guide: Guide) -> None:
    begins(guide, ONE, DEBTS)
    guide.desk.wire.has_a_window()
    assert reminded(guide).response == "template_reminder"
    (message,) = answers(guide, "", "/open")
    assert message.response == "utter_my_tasks"
    assert answers(guide, "", "/open") == []


def test_after_stop_a_reaction_starts_again_what_is_left(guide: Guide) -> None:
    begins(guide, ONE, TWO)
    said(guide.talk, "stop")
    assert said(guide.talk, "/tasks") == ["utter_started_again", "utter_my_tasks"]


def test_who_asks_for_help_after_it_was_overdue_waits_for_an_answer(guide: Guide) -> None:
    begins(guide)
    guide.desk.wait(days=20)
    assert escalate_due(guide.runtime) == 1
    presses(guide, f"/task help {guide.task('one').id}")
    assert guide.desk.open_case(guide.talk).reason == "task_help"
