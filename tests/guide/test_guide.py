"""A trajectory begins, gets its days, moves and ends; rows, reminders and words are always stored together."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.domain.clock import local_day
from bot.guide import (
    GRACE,
    Refusal,
    Settled,
    add_own_task,
    confirm,
    end,
    enrol,
    follow_template,
    has_changed,
    move_layer,
    pause,
    pin,
    put_off,
    redate,
    resume,
    settle,
    skip,
    tell,
)
from bot.remind import end_over
from bot.trajectory.plan import State
from tests.guide.conftest import ALL
from tests.trajectory.small import HOME, REGISTER, STARTED, WELCOME, days, task

if TYPE_CHECKING:
    from tests.guide.conftest import Guide

TODAY = STARTED


def responses(guide: Guide) -> list[str]:
    return [message.response for message in guide.read()]


# ---- it begins


def test_somebody_begins_and_is_welcomed_once(guide: Guide) -> None:
    begun = guide.enrols()
    assert not begun.late
    assert responses(guide) == ["utter_trajectory_welcome"]
    assert guide.trajectory.ends == date(2027, 11, 23)
    assert guide.task("welcome").due == date(2026, 11, 30)
    assert guide.waiting("welcome") == [date(2026, 11, 29), date(2026, 11, 30), date(2026, 12, 2)]
    assert [event.kind for event in guide.events()] == ["begun"]


def test_what_nobody_told_has_no_day_and_no_reminder(guide: Guide) -> None:
    guide.enrols()
    assert guide.task("register").due is None
    assert guide.reminders("register") == []
    assert guide.task("school").state is State.OPEN  # it may be for them: it is asked


def test_what_is_not_for_somebody_is_not_kept(guide: Guide) -> None:
    guide.enrols(conditions={"has_children": False})
    assert "school" not in {task.task for task in guide.tasks()}


def test_who_starts_late_gets_one_list_and_no_reminder_of_days_past(guide: Guide) -> None:
    begun = guide.enrols(started=TODAY - timedelta(days=70), anchors={"housing_date": TODAY - timedelta(days=70)})
    assert begun.late
    (message,) = guide.read()
    assert message.response == "utter_trajectory_catch_up"
    assert len(message.text.split(" 2026")) - 1 <= 7
    assert "Een taak" in message.text  # what is sensitive is not named
    rows = guide.all_reminders()
    assert rows
    assert min(row.day for row in rows) > TODAY
    # Nobody hears on the next day that all of it is overdue.
    assert min(task.escalates_on for task in guide.tasks() if task.escalates_on) >= TODAY + timedelta(days=7)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"template": "nothing"}, Refusal.UNKNOWN_TEMPLATE),
        ({"newcomer": "nobody"}, Refusal.NOBODY),
        ({"started": date.max}, Refusal.OUT_OF_CALENDAR),
    ],
)
def test_who_cannot_begin_does_not(guide: Guide, change: dict[str, object], refusal: Refusal) -> None:
    newcomer, template = change.get("newcomer", guide.newcomer_id), change.get("template", "small")
    started = change.get("started", STARTED)
    assert guide.does(enrol, newcomer, template, started=started, actor="x") is refusal
    assert responses(guide) == []


def test_nobody_begins_the_same_trajectory_twice(guide: Guide) -> None:
    guide.enrols()
    again = guide.does(enrol, guide.newcomer_id, "small", started=STARTED, actor="x")
    assert again is Refusal.ALREADY_IN


# ---- it moves


def test_a_day_that_is_told_dates_its_tasks_and_moves_nothing(guide: Guide) -> None:
    guide.enrols()
    guide.read()
    changed = guide.does(tell, guide.trajectory.id, anchors={"housing_date": HOME}, actor="newcomer")
    assert {one.task for one in changed.legal_moved} == {"register", "insurance"}
    assert guide.task("register").due == date(2026, 11, 25)
    assert guide.waiting("register") == [date(2026, 11, 25), date(2026, 11, 26)]
    assert guide.waiting("insurance")[-2:] == [date(2027, 2, 18), date(2027, 3, 19)]
    assert responses(guide) == []  # no day was known before


def test_who_moves_house_is_told_what_moved_and_so_is_the_coach(guide: Guide) -> None:
    guide.enrols(anchors={"housing_date": HOME})
    guide.read()
    changed = guide.does(tell, guide.trajectory.id, anchors={"housing_date": date(2026, 12, 10)}, actor="newcomer")
    assert {one.task for one in changed.legal_moved} == {"register", "insurance"}
    assert guide.task("register").due == date(2026, 12, 15)
    assert guide.task("insurance").limits == {"legal": date(2027, 4, 10)}
    assert guide.waiting("register") == [date(2026, 12, 12), date(2026, 12, 15), date(2026, 12, 16)]
    (message,) = guide.read()
    assert message.response == "utter_dates_moved"
    assert "[task_register]: dinsdag 15 december 2026" in message.text
    # The day to do it and the last day of the law are two days of one task; both have moved.
    assert "[task_insurance]: laatste dag is zaterdag 10 april 2027" in message.text
    (event,) = [event for event in guide.events() if event.kind == "legal_moved"]
    assert ["register", 0, None, "2026-11-25", "2026-12-15"] in event.detail["moved"]
    told = guide.events()[-2]
    assert (told.kind, told.detail["told"], told.actor) == ("told", ["housing_date"], "newcomer")
    assert "2026-12-10" not in str(told.detail)  # what they told stays sealed


def test_what_went_out_stays_and_is_not_sent_again(guide: Guide) -> None:
    guide.enrols()
    guide.read()
    sent = guide.comes(days=7, hours=1)
    assert [message.response for message in sent] == ["utter_reminder_many"]
    before = {row.id: row for row in guide.reminders("welcome") if row.state == "sent"}
    assert before
    guide.does(tell, guide.trajectory.id, conditions={"has_children": True}, actor="newcomer")
    guide.does(redate, guide.trajectory.id, actor="x")
    rows = guide.reminders("welcome")
    assert {row.id: row for row in rows if row.state == "sent"} == before
    assert len({row.key for row in rows}) == len(rows)
    assert guide.comes(minutes=1) == []


def test_a_reminder_that_waits_for_monday_is_not_lost_when_days_are_counted_anew(guide: Guide) -> None:
    sunday = date(2026, 11, 29)
    guide.knows(task("on_sunday", due=days(6), reminder_days=(0,)), REGISTER)
    guide.enrols()
    guide.comes(days=6, hours=-1)  # Sunday, nine in the morning
    guide.comes(days=1, hours=-1)  # Monday, eight: before reminders go out
    assert guide.waiting("on_sunday") == [sunday]
    guide.does(tell, guide.trajectory.id, anchors={"housing_date": HOME}, actor="newcomer")
    assert guide.waiting("on_sunday") == [sunday]
    assert [message.response for message in guide.comes(hours=2)] == ["utter_overdue"]


def test_a_condition_that_is_told_drops_and_brings_back(guide: Guide) -> None:
    guide.knows(WELCOME, replace(REGISTER, applies_if="has_children"))
    guide.enrols(anchors={"housing_date": HOME}, conditions={"has_children": True})
    guide.read()
    changed = guide.does(tell, guide.trajectory.id, conditions={"has_children": False}, actor="newcomer")
    assert [one.task for one in changed.legal_dropped] == ["register"]
    assert guide.task("register").state is State.DROPPED
    assert guide.waiting("register") == []
    assert responses(guide) == ["utter_dates_moved"]  # what the law asks is never dropped silently
    guide.does(tell, guide.trajectory.id, conditions={"has_children": True}, actor="newcomer")
    assert guide.task("register").state is State.OPEN
    assert guide.waiting("register") == [date(2026, 11, 25), date(2026, 11, 26)]
    guide.does(tell, guide.trajectory.id, conditions={"has_children": None}, actor="newcomer")
    assert guide.trajectory.told.conditions == {}


def test_a_layer_moves_what_is_the_trajectorys_and_nothing_of_the_law(guide: Guide) -> None:
    guide.enrols(anchors={"housing_date": HOME})
    due = {task.key: task.due for task in guide.tasks()}
    changed = guide.does(move_layer, guide.trajectory.id, "laag1", 14, actor="coach")
    assert changed.legal_moved == ()
    moved = {task.key for task in guide.tasks() if task.due != due[task.key]}
    assert moved == {("work", 0)}
    assert guide.task("work").starts == STARTED + timedelta(days=91 + 14)
    assert guide.trajectory.told.layer_shifts == {"laag1": 14}


def test_names_that_the_trajectory_does_not_have_change_nothing(guide: Guide) -> None:
    guide.enrols()
    assert guide.does(tell, guide.trajectory.id, anchors={"nothing": HOME}, actor="x") is Refusal.UNKNOWN_NAME
    assert guide.does(move_layer, guide.trajectory.id, "nothing", 1, actor="x") is Refusal.UNKNOWN_NAME
    far = guide.does(tell, guide.trajectory.id, anchors={"housing_date": date.max}, actor="x")
    assert far is Refusal.OUT_OF_CALENDAR
    assert guide.trajectory.told.anchors == {}


def test_all_of_it_is_stored_together_or_none(guide: Guide, monkeypatch: pytest.MonkeyPatch) -> None:
    guide.enrols(anchors={"housing_date": HOME})
    before = (guide.trajectory, guide.tasks(), guide.reminders("register"))
    monkeypatch.setattr("bot.guide._tell_what_moved", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        guide.does(tell, guide.trajectory.id, anchors={"housing_date": date(2026, 12, 10)}, actor="newcomer")
    assert (guide.trajectory, guide.tasks(), guide.reminders("register")) == before


# ---- one task


def test_done_ends_its_reminders(guide: Guide) -> None:
    guide.enrols()
    task = guide.does(settle, guide.task("welcome").id, Settled.DONE, actor="newcomer")
    assert (task.state, task.settled_by, task.escalates_on) == (State.DONE, "newcomer", None)
    assert {row.state for row in guide.reminders("welcome")} == {"ended"}
    assert guide.does(settle, task.id, Settled.DONE, actor="newcomer") is Refusal.SETTLED


def test_done_waits_for_the_coach_where_the_template_says_so(guide: Guide) -> None:
    guide.knows(replace(WELCOME, confirm=True))
    guide.enrols()
    task = guide.does(settle, guide.task("welcome").id, Settled.DONE, actor="newcomer")
    assert task.state is State.AWAITING
    assert guide.waiting("welcome") == []
    back = guide.does(confirm, task.id, actor=guide.desk.cora.id, accepted=False)
    assert (back.state, back.settled_by) == (State.OPEN, None)
    assert len(guide.waiting("welcome")) == 3
    guide.does(settle, task.id, Settled.DONE, actor="newcomer")
    assert guide.does(confirm, task.id, actor=guide.desk.cora.id).state is State.DONE
    assert guide.does(confirm, task.id, actor=guide.desk.cora.id) is Refusal.SETTLED
    kinds = [event.kind for event in guide.events()]
    assert kinds == ["begun", "awaiting", "given_back", "awaiting", "confirmed"]


def test_what_is_not_for_somebody_is_not_for_them_any_other_time(guide: Guide) -> None:
    guide.enrols()
    guide.does(settle, guide.task("check_in", 1).id, Settled.NOT_FOR_ME, actor="newcomer")
    assert {task.state for task in guide.tasks() if task.task == "check_in"} == {State.SKIPPED}


def test_the_coach_skips_with_a_reason(guide: Guide) -> None:
    guide.enrols()
    task = guide.does(skip, guide.task("debts").id, "heeft geen schulden", actor=guide.desk.cora.id)
    assert (task.state, task.reason) == (State.SKIPPED, "heeft geen schulden")
    assert "schulden" not in str(guide.events())


def test_the_coach_pins_a_day_but_none_of_the_law(guide: Guide) -> None:
    guide.enrols(anchors={"housing_date": HOME})
    later = date(2026, 12, 9)
    assert guide.does(pin, guide.task("welcome").id, later, actor="coach").due == later
    assert guide.waiting("welcome") == [date(2026, 12, 8), later, date(2026, 12, 11)]
    guide.does(redate, guide.trajectory.id, actor="coach")
    assert guide.task("welcome").due == later
    assert guide.does(pin, guide.task("welcome").id, None, actor="coach").due == date(2026, 11, 30)
    assert guide.does(pin, guide.task("register").id, later, actor="coach") is Refusal.DAY_OF_THE_LAW


def test_a_task_of_the_coachs_own_is_reminded_of_and_stays_when_all_is_redated(guide: Guide) -> None:
    guide.enrols()
    due = date(2026, 12, 3)
    words = {"title": "Bel de school", "text": "Vraag naar een plek"}
    own = guide.does(add_own_task, guide.trajectory.id, **words, due=due, actor="coach")
    assert (own.title, own.text, own.due) == ("Bel de school", "Vraag naar een plek", due)
    assert guide.waiting("own", 1) == [date(2026, 12, 2), due, date(2026, 12, 6)]
    guide.does(tell, guide.trajectory.id, anchors={"housing_date": HOME}, actor="newcomer")
    assert guide.task("own", 1).state is State.OPEN
    assert len(guide.waiting("own", 1)) == 3
    guide.does(pin, own.id, date(2026, 12, 10), actor="coach")
    assert guide.waiting("own", 1) == [date(2026, 12, 9), date(2026, 12, 10), date(2026, 12, 13)]
    assert guide.does(pin, own.id, None, actor="coach") is Refusal.NEEDS_A_DAY
    assert guide.does(settle, own.id, Settled.DONE, actor="newcomer").state is State.DONE


def test_what_is_put_off_past_its_last_reminder_gets_one_more(guide: Guide) -> None:
    guide.enrols()
    guide.comes(days=9, hours=1)
    assert guide.waiting("welcome") == []
    until = date(2026, 12, 10)
    assert guide.does(put_off, guide.task("welcome").id, until, actor="newcomer").paused_until == until
    assert guide.waiting("welcome") == [until]


def test_what_somebody_put_off_comes_on_its_day_also_when_other_days_are_counted_anew(guide: Guide) -> None:
    guide.enrols()
    guide.comes(days=9, hours=1)
    until = date(2026, 12, 10)
    guide.does(put_off, guide.task("welcome").id, until, actor="newcomer")
    guide.does(tell, guide.trajectory.id, anchors={"housing_date": HOME}, actor="newcomer")
    assert guide.waiting("welcome") == [until]
    guide.does(redate, guide.trajectory.id, actor="x")
    assert [row.day for row in guide.reminders("welcome")].count(until) == 1


def test_what_somebody_put_off_until_a_sunday_is_not_lost_on_monday_morning(guide: Guide) -> None:
    guide.enrols()
    guide.comes(days=9, hours=1)
    sunday = date(2026, 12, 13)
    guide.does(put_off, guide.task("welcome").id, sunday, actor="newcomer")
    guide.comes(days=12, hours=-3)  # Monday, eight in the morning
    guide.does(redate, guide.trajectory.id, actor="x")
    assert guide.waiting("welcome") == [sunday]


# ---- the template changes


def test_a_changed_template_reaches_a_running_trajectory_only_when_somebody_says_so(guide: Guide) -> None:
    guide.enrols()
    guide.read()
    before = guide.tasks()
    guide.knows(replace(WELCOME, due=days(20)), *ALL[2:], digest="1")
    assert has_changed(guide.runtime, guide.trajectory)
    guide.does(tell, guide.trajectory.id, conditions={"has_children": True}, actor="newcomer")
    assert guide.task("welcome").due == date(2026, 11, 30)
    assert {task.key for task in guide.tasks()} == {task.key for task in before}

    shown = guide.does(follow_template, guide.trajectory.id, actor="coach")
    assert [one.task for one in shown.moved] == ["welcome"]
    assert [one.task for one in shown.dropped] == ["register"]
    assert guide.task("welcome").due == date(2026, 11, 30)
    assert responses(guide) == []

    done = guide.does(follow_template, guide.trajectory.id, actor="coach", preview=False)
    assert done == shown
    assert guide.task("welcome").due == date(2026, 12, 13)
    assert guide.task("register").state is State.DROPPED
    assert not has_changed(guide.runtime, guide.trajectory)
    assert responses(guide) == ["utter_dates_moved"]


# ---- it rests


def test_a_plan_that_rests_keeps_its_days_and_brings_only_those_of_the_law(guide: Guide) -> None:
    guide.enrols(anchors={"housing_date": HOME})
    guide.read()
    before = {task.key: task.due for task in guide.tasks()}
    assert guide.does(pause, guide.trajectory.id, actor="coach").state == "paused"
    (message,) = guide.read()
    assert message.response == "utter_trajectory_paused"
    assert [(button.title, button.payload) for button in message.buttons] == [("Weer verder", "/tasks go_on")]
    assert guide.does(pause, guide.trajectory.id, actor="coach") is Refusal.RESTS
    assert {task.key: task.due for task in guide.tasks()} == before
    read = [message for day in guide.lives(8).values() for message in day]
    assert [message.response for message in read] == ["utter_reminder_one", "utter_overdue"]
    assert all("[task_register]" in message.text for message in read)
    assert [row.rule for row in guide.reminders("welcome")] == ["resting", "resting", None]


def test_the_coach_hears_of_nothing_but_the_law_while_a_plan_rests_and_later_in_time(guide: Guide) -> None:
    guide.enrols(anchors={"housing_date": HOME})
    overdue = guide.task("welcome").escalates_on
    assert overdue is not None
    guide.does(pause, guide.trajectory.id, actor="coach")
    assert guide.task("welcome").escalates_on is None
    assert guide.task("register").escalates_on is not None
    guide.does(tell, guide.trajectory.id, conditions={"has_children": True}, actor="coach")
    assert guide.task("welcome").escalates_on is None
    guide.desk.wait(days=30)
    guide.does(resume, guide.trajectory.id, actor="coach")
    assert guide.task("welcome").escalates_on == local_day(guide.desk.clock.now()) + GRACE


def test_who_takes_it_up_reads_one_list_and_nothing_of_the_days_between(guide: Guide) -> None:
    guide.enrols()
    guide.does(pause, guide.trajectory.id, actor="coach")
    guide.comes(days=20)
    assert guide.does(resume, guide.trajectory.id, actor="coach").state == "active"
    (message,) = guide.read()
    assert message.response == "utter_trajectory_resumed"
    assert "[task_welcome]: de dag was maandag 30 november 2026" in message.text
    assert guide.waiting("welcome") == []
    assert guide.does(resume, guide.trajectory.id, actor="coach") is Refusal.DOES_NOT_REST
    assert [event.kind for event in guide.events()][-2:] == ["paused", "resumed"]
    assert guide.comes(hours=2) == []


def test_with_nothing_to_do_it_goes_on_without_a_list(guide: Guide) -> None:
    guide.knows(WELCOME)
    guide.enrols()
    guide.does(settle, guide.task("welcome").id, Settled.DONE, actor="coach")
    guide.does(pause, guide.trajectory.id, actor="coach")
    guide.read()
    guide.does(resume, guide.trajectory.id, actor="coach")
    (message,) = guide.read()
    assert message.text == "Uw plan gaat weer verder. U krijgt weer een bericht bij elke taak."


def test_a_plan_that_rests_ends_on_its_last_day_too(guide: Guide) -> None:
    guide.enrols()
    guide.does(pause, guide.trajectory.id, actor="coach")
    guide.desk.wait(days=400)
    guide.read()
    assert end_over(guide.runtime) == 1
    assert guide.trajectory.state == "ended"
    assert guide.does(pause, guide.trajectory.id, actor="coach") is Refusal.NOT_GOING_ON
    assert guide.does(resume, guide.trajectory.id, actor="coach") is Refusal.NOT_GOING_ON


# ---- it ends


def test_after_the_end_nothing_is_reminded_of(guide: Guide) -> None:
    guide.enrols()
    guide.read()
    guide.does(end, guide.trajectory.id, actor="coach")
    assert responses(guide) == ["utter_tasks_ended"]
    assert guide.trajectory.state == "ended"
    assert guide.comes(days=30) == []
    assert guide.does(end, guide.trajectory.id, actor="coach") is Refusal.NOT_GOING_ON
    assert guide.does(settle, guide.task("welcome").id, Settled.DONE, actor="x") is Refusal.NOT_GOING_ON


def test_sessions_of_the_group_date_their_task(guide: Guide) -> None:
    guide.enrols()

    def planned(work: object) -> None:
        at = guide.desk.clock.now() + timedelta(days=10)
        session = work.group_sessions.plan(guide.desk.cora.id, template="small", task="evening", at=at, place="hier")
        work.group_sessions.invite(session.id, guide.newcomer_id, guide.desk.clock.now())

    guide.runtime.database.write(planned)
    guide.does(redate, guide.trajectory.id, actor="coach")
    assert guide.task("evening", 1).due == date(2026, 12, 3)
    assert guide.waiting("evening", 1) == [date(2026, 11, 30), date(2026, 12, 2)]
    assert guide.task("evening", 0).state is State.DROPPED
