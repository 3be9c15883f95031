"""Reminders go out once, politely, where the person wants them; the coach hears what stays undone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot import remind
from bot.attend import attend_due
from bot.domain.clock import AMSTERDAM
from bot.guide import Settled, end, put_off, redate, settle, tell
from bot.remind import end_over, escalate_due, remind_due
from bot.trajectory.plan import State
from tests.desk.conftest import said
from tests.trajectory.small import (
    CHECK_IN,
    DEBTS,
    HOME,
    INSURANCE,
    LEGAL,
    REGISTER,
    SCHOOL,
    STARTED,
    SWITCH,
    WELCOME,
    days,
    local,
    task,
)

if TYPE_CHECKING:
    from bot.domain.turn import Message
    from bot.store.trajectory_rows import ReminderRow
    from tests.guide.conftest import Guide

# One task, with one reminder on the day that it is due: a Monday.
ONE = task("one", reminder_days=(0,))
DAY = STARTED + timedelta(days=7)


def at(guide: Guide, moment: datetime) -> list[Message]:
    """Move to this moment, and send what is due."""
    return guide.comes(seconds=(moment - guide.desk.clock.now()).total_seconds())


def begins(guide: Guide, *tasks: object, **others: object) -> None:
    guide.knows(*(tasks or (ONE,)))
    guide.enrols(**others)
    guide.read()


def the_one(guide: Guide, name: str = "one") -> ReminderRow:
    (row,) = guide.reminders(name)
    return row


def named(messages: list[Message]) -> list[str]:
    return [message.response for message in messages]


# ---- it goes out


def test_a_reminder_says_what_when_and_why_with_its_buttons(guide: Guide) -> None:
    begins(guide)
    assert at(guide, local(DAY, 9, 59)) == []
    (message,) = at(guide, local(DAY, 10))
    assert message.response == "utter_reminder_one"
    assert "[task_one]" in message.text
    assert "30 november 2026" in message.text
    assert "[task_one_why]" in message.text
    row = guide.task("one").id
    assert [(button.title, button.payload) for button in message.buttons] == [
        ("Klaar", f"/task done {row}"),
        ("Later", f"/task later {row}"),
        ("Hulp", f"/task help {row}"),
        ("Wat is dit?", "/task what service_human"),
    ]
    assert all(len(button.payload.encode()) <= 64 for button in message.buttons)  # Telegram takes no more
    sent = the_one(guide)
    assert (sent.state, sent.sent_at, sent.rule) == ("sent", local(DAY, 10), None)
    (kept,) = guide.runtime.database.read(lambda work: work.reminders.messages(guide.newcomer_id))
    assert (kept.id, kept.tasks, kept.answered_at) == (sent.message_id, 1, None)
    assert guide.comes(hours=1) == []


def test_several_of_one_day_are_one_message(guide: Guide) -> None:
    begins(guide, *(task(f"t{n}", reminder_days=(0,), order=n) for n in range(4)))
    (message,) = at(guide, local(DAY, 10))
    assert message.response == "utter_reminder_many"
    assert message.text.count("30 november 2026") == 4
    assert [button.payload for button in message.buttons] == ["/task done", "/task later", "/tasks"]
    assert len({row.message_id for row in guide.all_reminders()}) == 1


def test_more_than_five_make_a_second_message_and_no_third(guide: Guide) -> None:
    begins(guide, *(task(f"t{n}", reminder_days=(0,), order=n) for n in range(12)))
    assert named(at(guide, local(DAY, 10))) == ["utter_reminder_many"] * 2
    waits = [row for row in guide.all_reminders() if row.state == "waiting"]
    assert {(row.rule, row.due_at) for row in waits} == {("two_a_day", local(DAY + timedelta(days=1), 10))}
    assert len(waits) == 2
    assert len(at(guide, local(DAY + timedelta(days=1), 10))) == 1


def test_a_day_of_the_law_comes_first_and_can_be_checked(guide: Guide) -> None:
    begins(guide, ONE, task("law", kind=LEGAL, reminder_days=(0,), order=9))
    (message,) = at(guide, local(DAY, 10))
    assert message.text.index("[task_law]") < message.text.index("[task_one]")
    begins_alone = task("law", kind=LEGAL, reminder_days=(0,))
    guide.does(end, guide.trajectory.id, actor="x")
    begins(guide, begins_alone, started=DAY)
    (message,) = at(guide, local(DAY + timedelta(days=7), 10))
    assert "Een mens kan dit met u nakijken" in message.text


def test_what_is_sensitive_is_a_task_and_nothing_more(guide: Guide) -> None:
    begins(guide, DEBTS)
    (message,) = at(guide, local(DAY, 10))
    assert message.response == "utter_reminder_one"
    assert "debts" not in message.text
    assert "U heeft een taak" in message.text


def test_what_is_over_is_said_kindly(guide: Guide) -> None:
    begins(guide, WELCOME)
    found = [*at(guide, local(DAY, 10)), *at(guide, local(DAY + timedelta(days=2), 10))]
    assert named(found) == ["utter_reminder_one", "utter_overdue"]
    assert "30 november 2026" in found[1].text


def test_a_last_day_says_what_happens_on_it(guide: Guide) -> None:
    limited = replace(INSURANCE, limits=(replace(INSURANCE.limits[0], note="utter_task_one_why"),), reminder_days=())
    guide.knows(ONE, limited)
    guide.enrols(anchors={"housing_date": HOME})
    guide.does(settle, guide.task("one").id, Settled.DONE, actor="newcomer")
    guide.read()
    (message,) = at(guide, local(date(2027, 2, 18), 10))
    assert "[task_one_why]" in message.text
    assert "20 maart 2027" in message.text


# ---- it waits, or ends: each rule of the table in the real path


def test_nothing_after_stop(guide: Guide) -> None:
    begins(guide)
    said(guide.talk, "stop")
    assert at(guide, local(DAY, 10)) == []
    assert (the_one(guide).state, the_one(guide).rule) == ("ended", "stopped")


def test_nothing_of_what_waits_for_the_coach(guide: Guide) -> None:
    begins(guide)
    row = guide.task("one").id
    # Without the verb that ends its reminders: one that is planned all the same does not slip through.
    guide.runtime.database.write(lambda work: work.trajectories.change(row, state="awaiting"))
    assert at(guide, local(DAY, 10)) == []
    assert the_one(guide).rule == "settled"


def test_nothing_while_nobody_knows_whether_it_is_for_them_and_then_from_that_day_on(guide: Guide) -> None:
    begins(guide, replace(SCHOOL, depends_on=(), reminder_days=(0, 2)))
    assert at(guide, local(DAY, 10)) == []
    assert [row.rule for row in guide.reminders("school")] == ["condition_unknown", None]
    guide.does(tell, guide.trajectory.id, conditions={"has_children": True}, actor="newcomer")
    assert named(at(guide, local(DAY, 11))) == ["utter_reminder_one"]


def test_what_the_coach_has_is_not_reminded_of(guide: Guide) -> None:
    begins(guide, replace(ONE, reminder_days=(10,)))
    at(guide, local(DAY + timedelta(days=7), 9, 30))
    assert escalate_due(guide.runtime) == 1
    assert at(guide, local(DAY + timedelta(days=10), 10)) == []
    assert the_one(guide).rule == "with_the_coach"


def test_what_closed_while_nobody_could_be_reached_is_not_said_any_more(guide: Guide) -> None:
    begins(guide, replace(SWITCH, applies_if="all", reminder_days=(0,)))
    assert at(guide, local(date(2027, 1, 4), 10)) == []
    assert [row.rule for row in guide.reminders("switch", 2026)] == ["too_late"]


def test_nothing_of_what_is_put_off_until_its_day(guide: Guide) -> None:
    begins(guide)
    until = DAY + timedelta(days=2)
    guide.does(put_off, guide.task("one").id, until, actor="newcomer")
    assert at(guide, local(DAY, 10)) == []
    assert (the_one(guide).rule, the_one(guide).due_at) == ("paused", local(until, 10))
    assert named(at(guide, local(until, 10))) == ["utter_overdue"]


def test_three_days_of_quiet_after_somebody_wrote_of_danger(guide: Guide) -> None:
    begins(guide)
    at(guide, local(DAY - timedelta(days=1), 20))
    said(guide.talk, "er is brand")
    crisis = guide.desk.clock.now()
    assert at(guide, local(DAY, 10)) == []
    assert (the_one(guide).rule, the_one(guide).due_at) == ("after_a_crisis", local(date(2026, 12, 3), 9))
    assert crisis + timedelta(hours=72) <= the_one(guide).due_at
    assert len(at(guide, local(date(2026, 12, 3), 9))) == 1


def test_nothing_between_while_a_person_is_in_the_conversation(guide: Guide) -> None:
    begins(guide)
    case = guide.desk.asks(guide.talk)
    guide.desk.taken(case)
    guide.read()
    at(guide, local(DAY, 10))
    assert (the_one(guide).rule, the_one(guide).due_at) == ("with_a_person", local(DAY, 12))


def test_what_comes_first_comes_first(guide: Guide) -> None:
    begins(guide, ONE, task("then", depends_on=("one",), reminder_days=(0,), order=1))
    assert named(at(guide, local(DAY, 10))) == ["utter_reminder_one"]
    assert the_one(guide, "then").rule == "something_first"
    guide.does(settle, guide.task("one").id, Settled.DONE, actor="newcomer")
    (message,) = at(guide, local(DAY + timedelta(days=1), 10))
    assert "[task_then]" in message.text


def test_not_in_the_night(guide: Guide) -> None:
    begins(guide)
    assert at(guide, local(DAY, 22)) == []
    assert (the_one(guide).rule, the_one(guide).due_at) == ("night", local(DAY + timedelta(days=1), 9))
    assert len(at(guide, local(DAY + timedelta(days=1), 9))) == 1


def test_not_on_a_sunday_unless_the_law_cannot_wait(guide: Guide) -> None:
    sunday = date(2026, 12, 6)
    begins(guide, task("soft", due=days(13), reminder_days=(0,)))
    assert the_one(guide, "soft").due_at == local(date(2026, 12, 7), 10)
    soft = the_one(guide, "soft").id
    guide.runtime.database.write(lambda work: work.reminders.wind([soft], local(sunday, 10), None))
    assert at(guide, local(sunday, 10)) == []
    assert the_one(guide, "soft").rule == "day_of_rest"
    guide.does(end, guide.trajectory.id, actor="x")
    begins(guide, task("hard", kind=LEGAL, due=days(14), reminder_days=(-1,)), started=sunday)
    assert len(at(guide, local(date(2026, 12, 19), 10))) == 1  # the law comes tomorrow: said on the Saturday
    assert local(date(2026, 12, 20), 10) > guide.desk.clock.now()


def test_no_more_than_five_messages_in_seven_days(guide: Guide) -> None:
    many = [task(f"t{n}", due=days(7 + n), reminder_days=(0,), order=n) for n in range(7)]
    begins(guide, *many)
    told = [at(guide, local(DAY + timedelta(days=n), 10)) for n in range(6)]
    assert [len(each) for each in told] == [1, 1, 1, 1, 1, 0]
    assert the_one(guide, "t5").rule == "five_a_week"
    assert the_one(guide, "t5").due_at == local(DAY + timedelta(days=7), 10)


def test_nobody_is_lost_when_all_ways_are_shut(guide: Guide) -> None:
    begins(guide)
    wire, address = guide.desk.wire.name, guide.talk._address
    now = guide.desk.clock.now()
    guide.runtime.database.write(lambda work: work.newcomers.set_reachable(wire, address, reachable=False, now=now))
    assert at(guide, local(DAY, 10)) == []
    assert (the_one(guide).state, the_one(guide).rule) == ("waiting", "unreachable")
    guide.runtime.database.write(lambda work: work.newcomers.set_reachable(wire, address, reachable=True, now=now))
    assert len(at(guide, local(DAY + timedelta(days=1), 10))) == 1


# ---- where, and in what form


def test_outside_the_window_a_template_says_the_day_and_no_task(guide: Guide) -> None:
    begins(guide)
    guide.desk.wire.has_a_window()
    (message,) = at(guide, local(DAY, 10))
    assert message.response == "template_reminder"
    assert message.template is not None
    assert message.template.variables == ("maandag 30 november 2026",)
    assert "one" not in message.text
    assert the_one(guide).state == "sent"


def test_a_reminder_is_remembered_so_that_the_words_of_its_buttons_are_understood(guide: Guide) -> None:
    begins(guide)
    at(guide, local(DAY, 10))
    conversation, *_ = guide.runtime.database.read(lambda work: work.conversations.of(guide.newcomer_id))
    assert conversation.state is not None
    assert "/task done" in conversation.state.decode()


# ---- once


def test_killed_in_the_middle_nothing_went_out_and_then_it_does_once(
    guide: Guide, monkeypatch: pytest.MonkeyPatch
) -> None:
    begins(guide)
    guide.desk.wait(seconds=(local(DAY, 10) - guide.desk.clock.now()).total_seconds())
    with monkeypatch.context() as broken:
        broken.setattr("bot.store.reminders.Reminders.sent", lambda *_, **__: 1 / 0)
        assert remind_due(guide.runtime) == 1
    assert guide.read() == []
    assert (the_one(guide).state, the_one(guide).rule) == ("waiting", "failed")
    assert len(guide.comes(hours=1)) == 1
    assert guide.comes(hours=1) == []


def test_one_whose_reminder_fails_keeps_nobody_else_waiting(guide: Guide, monkeypatch: pytest.MonkeyPatch) -> None:
    begins(guide)
    other = guide.desk.newcomer()
    first = guide.newcomer_id
    found = guide.runtime.database.read(lambda work: work.newcomers.at(guide.desk.wire.name, other._address))
    guide.newcomer_id = found.newcomer.id
    guide.enrols()
    guide.read()
    guide.desk.wait(seconds=(local(DAY, 10) - guide.desk.clock.now()).total_seconds())
    real = guide.runtime.database

    whole = remind._remind

    def fails(runtime: object, newcomer_id: str, work: object) -> None:
        if newcomer_id == first:
            raise RuntimeError
        whole(runtime, newcomer_id, work)

    monkeypatch.setattr(remind, "_remind", fails)
    assert remind_due(guide.runtime) == 2
    assert named(guide.read()) == ["utter_reminder_one"]
    assert real.read(lambda work: work.reminders.due(guide.desk.clock.now(), 9)) == []


# ---- the calendar


# The clock changes in the night to Sunday 28 March and to Sunday 31 October 2027; Easter Monday is 29 March.
@pytest.mark.parametrize(
    ("started", "utc"),
    [(date(2027, 3, 23), 8), (date(2027, 3, 20), 9), (date(2027, 10, 25), 9), (date(2027, 10, 23), 8)],
)
def test_ten_in_the_morning_is_ten_on_the_wall_on_either_side_of_a_change_of_the_clock(
    guide: Guide, started: date, utc: int
) -> None:
    guide.knows(ONE)
    guide.desk.wait(seconds=(local(started, 10) - guide.desk.clock.now()).total_seconds())
    guide.enrols(started=started)
    guide.read()
    due = started + timedelta(days=7)
    assert at(guide, local(due, 9, 59)) == []
    assert named(at(guide, local(due, 10))) == ["utter_reminder_one"]
    assert the_one(guide).sent_at.hour == utc


def test_over_the_end_of_the_year_nothing_is_lost_and_nothing_comes_on_new_years_day(guide: Guide) -> None:
    guide.knows(*(task(f"t{n}", due=days(36 + n), reminder_days=(0,), order=n) for n in range(6)))  # from 29 December
    guide.enrols()
    guide.read()
    guide.desk.wait(seconds=(local(date(2026, 12, 28), 8) - guide.desk.clock.now()).total_seconds())
    told = guide.lives(days=10)
    assert "2027-01-01" not in told
    assert "2027-01-03" not in told  # a Sunday
    assert {row.state for row in guide.all_reminders()} == {"sent"}
    hours = [row.sent_at.astimezone(AMSTERDAM).hour for row in guide.all_reminders()]
    assert all(9 <= hour < 19 for hour in hours)


def test_a_series_goes_on_through_the_year(guide: Guide) -> None:
    begins(guide, CHECK_IN)
    told = guide.lives(days=121, step=3)
    assert list(told) == ["2026-12-23", "2027-01-23", "2027-02-23", "2027-03-23"]
    assert [row.state for row in guide.reminders("check_in", 0)] == ["sent"]


# ---- what stays undone, and what is over


def test_the_coach_hears_once_what_stays_undone_and_the_newcomer_hears_of_no_question(guide: Guide) -> None:
    coach = guide.runtime.database.write(
        lambda work: work.users.add("Co", roles=["coach"], teams=["other"], now=guide.desk.clock.now())
    )
    guide.runtime.database.write(lambda work: work.newcomers.set_coach(guide.newcomer_id, coach.id))
    begins(guide)
    at(guide, local(DAY + timedelta(days=6), 10))
    assert escalate_due(guide.runtime) == 0
    guide.desk.wait(days=1)
    assert escalate_due(guide.runtime) == 1
    case = guide.desk.open_case(guide.talk)
    assert (case.reason, case.priority, case.team, case.question_id) == ("task:one", "normal", "other", "service_human")
    assert case.summary == "[task_one]"
    assert guide.task("one").escalated_at == guide.desk.clock.now()
    assert [event.kind for event in guide.events()] == ["begun", "overdue"]
    assert escalate_due(guide.runtime) == 0
    guide.read()
    for _ in range(30):  # nobody wrote to the team, so nobody is told how long the team takes
        guide.desk.wait(hours=8)
        attend_due(guide.runtime)
        assert guide.read() == []
    assert "utter_desk_still_with_team" not in said(guide.talk, "hoe zit het met de huur")
    said(guide.talk, "ik wil een mens spreken")
    asked = guide.desk.now(case)
    assert (asked.id, asked.reason) == (case.id, "asked")


def test_a_day_of_the_law_is_heard_of_the_next_day(guide: Guide) -> None:
    begins(guide, REGISTER, anchors={"housing_date": STARTED})
    at(guide, local(date(2026, 11, 28), 12))
    assert escalate_due(guide.runtime) == 0
    at(guide, local(date(2026, 11, 29), 12))
    assert escalate_due(guide.runtime) == 1


def test_what_is_done_is_never_overdue(guide: Guide) -> None:
    begins(guide)
    guide.does(settle, guide.task("one").id, Settled.DONE, actor="newcomer")
    at(guide, local(DAY + timedelta(days=30), 12))
    assert escalate_due(guide.runtime) == 0


def test_after_its_last_day_a_trajectory_ends_by_itself_in_the_daytime(guide: Guide) -> None:
    begins(guide)
    guide.does(settle, guide.task("one").id, Settled.DONE, actor="newcomer")
    at(guide, local(date(2027, 11, 23), 12))
    assert end_over(guide.runtime) == 0
    at(guide, local(date(2027, 11, 24), 3))
    assert end_over(guide.runtime) == 0
    at(guide, local(date(2027, 11, 24), 9))
    assert end_over(guide.runtime) == 1
    assert guide.trajectory.state == "ended"
    assert named(guide.read()) == ["utter_tasks_ended"]
    assert end_over(guide.runtime) == 0


def test_who_is_forgotten_is_reminded_of_nothing(guide: Guide) -> None:
    begins(guide)
    guide.runtime.database.write(lambda work: work.newcomers.forget(guide.newcomer_id))
    guide.desk.wait(seconds=(local(DAY, 10) - guide.desk.clock.now()).total_seconds())
    assert remind_due(guide.runtime) == 0
    assert guide.read() == []


def test_a_task_that_is_open_again_after_all_is_reminded_of(guide: Guide) -> None:
    begins(guide)
    row = guide.task("one").id
    guide.does(settle, row, Settled.DONE, actor="newcomer")
    guide.runtime.database.write(lambda work: work.trajectories.change(row, state=State.OPEN.value))
    guide.does(redate, guide.trajectory.id, actor="coach")
    assert the_one(guide).state == "waiting"
    assert len(at(guide, local(DAY, 10))) == 1
    assert datetime(2026, 11, 30, 9, 0, tzinfo=UTC) == guide.desk.clock.now()
