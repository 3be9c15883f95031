"""Reminders are kind: a table of rules, each shown holding one back and letting one pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.clock import local_day
from bot.domain.days import is_day
from bot.trajectory.plan import State
from bot.trajectory.reminders import (
    MOST_TASKS_IN_A_MESSAGE,
    RULES,
    Circumstances,
    Held,
    Nudge,
    Why,
    digest,
    first_moment,
    is_day_of_rest,
    moments,
    reason_to_hold,
)
from tests.trajectory.small import (
    ADVISED,
    CHECK_IN,
    DEBTS,
    EVENING,
    EVERYTHING,
    INSURANCE,
    LEGAL,
    PROGRAMME,
    REGISTER,
    SCHOOL,
    STARTED,
    SWITCH,
    WELCOME,
    WORK,
    local,
    planned,
    task,
)

MONDAY, SATURDAY, SUNDAY = STARTED, date(2026, 11, 28), date(2026, 11, 29)


# ---- which days


def test_a_task_is_reminded_before_on_and_after_its_day() -> None:
    (welcome,) = planned(WELCOME)
    assert [(one.day, one.why) for one in moments(welcome)] == [
        (date(2026, 11, 29), Why.BEFORE),
        (date(2026, 11, 30), Why.DUE),
        (date(2026, 12, 2), Why.AFTER),
    ]


def test_a_limit_has_reminders_of_its_own() -> None:
    (insurance,) = planned(INSURANCE)
    found = moments(insurance)
    assert [(one.day, one.limit, one.kind) for one in found if one.why is Why.LIMIT] == [
        (date(2027, 2, 18), "legal", LEGAL),
        (date(2027, 3, 19), "legal", LEGAL),
    ]
    assert {one.on for one in found if one.why is Why.LIMIT} == {date(2027, 3, 20)}


def test_nothing_is_reminded_before_it_begins() -> None:
    (work,) = planned(replace(WORK, reminder_days=(-30, -7)))
    assert [one.day for one in moments(work)] == [date(2027, 3, 8)]


def test_a_pinned_day_brings_its_reminders_along() -> None:
    (welcome,) = planned(WELCOME)
    assert next(one.day for one in moments(welcome, due=date(2026, 12, 10))) == date(2026, 12, 9)


def test_sessions_are_announced_and_their_window_is_not() -> None:
    (window,) = planned(EVENING)
    assert moments(window) == ()
    (session,) = planned(EVENING, sessions={"evening": {1: date(2027, 1, 12)}})
    assert [one.day for one in moments(session)] == [date(2027, 1, 9), date(2027, 1, 11)]


def test_who_it_is_not_for_and_who_has_no_date_get_none() -> None:
    (school,) = planned(replace(SCHOOL, reminder_days=(0,)), conditions={"has_children": False})
    (register,) = planned(REGISTER, anchors={})
    assert moments(school) == moments(register) == ()


# ---- the rules

WELCOME_DUE = moments(planned(WELCOME)[0])[1]  # Monday 30 November
REGISTER_DUE = moments(planned(REGISTER)[0])[1]  # Wednesday 25 November
LEGAL_MONDAY = replace(WELCOME_DUE, kind=LEGAL)  # due on Monday, reminded on Sunday
NOON = local(MONDAY, 12)
SENT_TODAY = (local(MONDAY, 9, 30), local(MONDAY, 11))
FIVE = tuple(local(MONDAY - timedelta(days=back), 10) for back in (6, 5, 3, 2, 1))


def so(now: datetime = NOON, **others: Any) -> Circumstances:
    return Circumstances(now=now, **others)


# By rule: a nudge and circumstances in which it holds, until when, and the nearest ones in which it does not.
CASES: dict[str, tuple[Nudge, Circumstances, datetime | None, Nudge, Circumstances]] = {
    "stopped": (REGISTER_DUE, so(stopped=True), None, REGISTER_DUE, so()),
    "settled": (REGISTER_DUE, so(state=State.DONE), None, REGISTER_DUE, so(state=State.OPEN)),
    "not_for_them": (WELCOME_DUE, so(applies=False), None, WELCOME_DUE, so(applies=True)),
    "condition_unknown": (WELCOME_DUE, so(applies=None), None, WELCOME_DUE, so(applies=True)),
    "with_the_coach": (WELCOME_DUE, so(escalated=True), None, WELCOME_DUE, so(escalated=False)),
    "too_late": (
        moments(planned(SWITCH)[0])[1],
        so(local(date(2027, 1, 4), 12)),
        None,
        moments(planned(SWITCH)[0])[1],
        so(local(date(2026, 12, 31), 12)),
    ),
    "paused": (
        WELCOME_DUE,
        so(paused_until=date(2026, 11, 29)),
        local(date(2026, 11, 30), 10),  # the 29th is a Sunday
        WELCOME_DUE,
        so(paused_until=MONDAY),
    ),
    "resting": (
        WELCOME_DUE,
        so(resting=True),
        local(date(2026, 11, 24), 10),
        REGISTER_DUE,
        so(resting=True),
    ),
    "after_a_crisis": (
        REGISTER_DUE,
        so(crisis_at=local(date(2026, 11, 20), 12, 1)),
        local(MONDAY, 12, 1),
        REGISTER_DUE,
        so(crisis_at=local(date(2026, 11, 20), 12)),
    ),
    "with_a_person": (
        WELCOME_DUE,
        so(with_person=True),
        local(MONDAY, 14),
        REGISTER_DUE,
        so(local(date(2026, 11, 24), 12), with_person=True),
    ),
    "something_first": (
        WELCOME_DUE,
        so(waits_for=frozenset({"register"})),
        local(date(2026, 11, 24), 10),
        REGISTER_DUE,
        so(waits_for=frozenset({"welcome"})),
    ),
    "night": (
        REGISTER_DUE,
        so(local(MONDAY, 19)),
        local(date(2026, 11, 24), 9),
        REGISTER_DUE,
        so(local(MONDAY, 18, 59)),
    ),
    "day_of_rest": (
        WELCOME_DUE,
        so(local(SUNDAY, 12)),
        local(date(2026, 11, 30), 10),
        LEGAL_MONDAY,
        so(local(SUNDAY, 12)),
    ),
    "two_a_day": (
        WELCOME_DUE,
        so(sent=SENT_TODAY),
        local(date(2026, 11, 24), 10),
        WELCOME_DUE,
        so(sent=SENT_TODAY[:1]),
    ),
    "five_a_week": (
        WELCOME_DUE,
        so(sent=FIVE),
        local(date(2026, 11, 24), 10),
        WELCOME_DUE,
        so(sent=(FIVE[0] - timedelta(days=1), *FIVE[1:])),
    ),
}


@pytest.mark.parametrize("rule", [rule.name for rule in RULES])
def test_a_rule_holds_and_lets_pass(rule: str) -> None:
    nudge, held, until, other, free = CASES[rule]
    assert reason_to_hold(nudge, held) == Held(rule=rule, until=until)
    assert reason_to_hold(other, free) is None


@pytest.mark.parametrize("state", State)
def test_only_what_is_open_is_reminded(state: State) -> None:
    held = reason_to_hold(WELCOME_DUE, so(state=state))
    assert (held is None) is (state is State.OPEN)


@pytest.mark.parametrize(
    ("now", "held"),
    [
        (local(MONDAY, 8, 59), "night"),
        (local(MONDAY, 9), None),
        (local(date(2026, 10, 25), 12), "day_of_rest"),
        (local(date(2026, 12, 25), 12), "day_of_rest"),
        (local(date(2026, 12, 31), 12), None),
        (local(date(2027, 4, 27), 12), "day_of_rest"),
        (local(SATURDAY, 12), None),
    ],
)
def test_the_clock_and_the_calendar_hold(now: datetime, held: str | None) -> None:
    nudge = Nudge(task=WELCOME, occurrence=0, day=MONDAY, why=Why.DUE, on=date(2028, 1, 1), kind=ADVISED)
    found = reason_to_hold(nudge, so(now))
    assert (found.rule if found else None) == held


def test_the_law_goes_out_on_a_sunday_only_when_it_is_near() -> None:
    for ahead, free in ((-1, False), (0, True), (1, True), (2, False)):
        nudge = replace(REGISTER_DUE, on=SUNDAY + timedelta(days=ahead))
        assert (reason_to_hold(nudge, so(local(SUNDAY, 12))) is None) is free
        assert reason_to_hold(replace(nudge, kind=PROGRAMME), so(local(SUNDAY, 12))) is not None


def test_even_the_law_waits_for_the_morning_and_for_who_said_stop() -> None:
    assert reason_to_hold(LEGAL_MONDAY, so(local(SUNDAY, 20))) == Held(rule="night", until=local(date(2026, 11, 30), 9))
    assert reason_to_hold(LEGAL_MONDAY, so(local(SUNDAY, 12), stopped=True)) == Held(rule="stopped", until=None)


def test_a_paused_series_comes_back_only_when_the_person_says_so() -> None:
    (first, *_) = planned(CHECK_IN)
    (nudge,) = moments(first)
    assert reason_to_hold(nudge, so(paused_until=date.max)) == Held(rule="paused", until=None)


def test_an_old_time_of_a_series_gives_way_to_the_next() -> None:
    (first, *_) = planned(CHECK_IN)
    (nudge,) = moments(first)
    assert reason_to_hold(nudge, so(local(nudge.day, 12))) is None
    assert reason_to_hold(nudge, so(local(nudge.day + timedelta(days=1), 12))) == Held(rule="too_late", until=None)


def test_the_limit_of_a_week_is_any_seven_days() -> None:
    # Two on Thursday, two on Friday, one on Saturday: Monday is another week of the calendar, and too soon.
    thursday = date(2026, 11, 26)
    sent = tuple(
        local(thursday + timedelta(days=later), 10 + at) for later, at in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0))
    )
    held = reason_to_hold(replace(WELCOME_DUE, on=date(2026, 12, 20)), so(local(date(2026, 11, 30), 12), sent=sent))
    assert held == Held(rule="five_a_week", until=local(date(2026, 12, 3), 10))


def test_a_reminder_is_first_tried_in_the_morning_of_its_day_or_the_next_one_that_may() -> None:
    before, due, _ = moments(planned(WELCOME)[0])
    assert first_moment(due) == local(date(2026, 11, 30), 10)
    assert first_moment(before) == local(date(2026, 11, 30), 10)  # its day is a Sunday
    assert first_moment(replace(before, kind=LEGAL)) == local(SUNDAY, 10)


# ---- one message


def all_nudges() -> list[Nudge]:
    found = planned(*EVERYTHING, sessions={"evening": {1: date(2027, 1, 12)}}, conditions={"has_children": True})
    return [nudge for one in found for nudge in moments(one)]


def test_several_of_one_day_are_one_message_with_the_law_first() -> None:
    (message,) = digest([WELCOME_DUE, REGISTER_DUE])
    assert [line.task.id for line in message.lines] == ["register", "welcome"]


def test_two_nudges_of_a_task_are_one_line() -> None:
    (message,) = digest(moments(planned(WELCOME)[0]))
    assert [len(line.nudges) for line in message.lines] == [3]


def test_what_is_sensitive_is_a_task_without_its_subject() -> None:
    (message,) = digest([*moments(planned(DEBTS)[0]), WELCOME_DUE])
    assert {line.task.id: line.hidden for line in message.lines} == {"debts": True, "welcome": False}


def test_a_sixth_task_makes_a_second_message() -> None:
    many = [moments(planned(task(f"t{at}", reminder_days=(0,), order=at))[0])[0] for at in range(6)]
    assert [len(message.lines) for message in digest(many)] == [5, 1]
    assert digest([]) == ()


@given(st.lists(st.sampled_from(all_nudges()), unique=True, max_size=40))
def test_a_digest_never_loses_a_nudge(nudges: list[Nudge]) -> None:
    found = digest(nudges)
    told = [nudge for message in found for line in message.lines for nudge in line.nudges]
    assert len(told) == len(nudges)
    assert set(told) == set(nudges)
    assert all(1 <= len(message.lines) <= MOST_TASKS_IN_A_MESSAGE for message in found)
    legal = [line.legal for message in found for line in message.lines]
    assert legal == sorted(legal, reverse=True)


# ---- properties

_MOMENTS = st.integers(min_value=0, max_value=3 * 365 * 24 * 60).map(
    lambda minutes: local(date(2026, 1, 1), 0) + timedelta(minutes=minutes)
)


@st.composite
def _circumstances(draw: st.DrawFn) -> Circumstances:
    now = draw(_MOMENTS)
    back = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=9))
    return Circumstances(
        now=now,
        state=draw(st.sampled_from(State)),
        applies=draw(st.sampled_from([True, True, True, None, False])),
        stopped=draw(st.integers(0, 9)) == 0,
        waits_for=draw(st.frozensets(st.just("register"))),
        crisis_at=draw(st.none() | back.map(lambda ago: now - ago)),
        paused_until=draw(
            st.none() | st.just(date.max) | st.integers(-3, 30).map(lambda n: local_day(now) + timedelta(n))
        ),
        escalated=draw(st.integers(0, 9)) == 0,
        with_person=draw(st.booleans()),
        sent=tuple(now - ago for ago in draw(st.lists(back, max_size=8))),
    )


@given(nudge=st.sampled_from(all_nudges()), around=_circumstances())
def test_what_is_held_is_tried_again_later_and_at_a_decent_hour(nudge: Nudge, around: Circumstances) -> None:
    held = reason_to_hold(nudge, around)
    if held is None:
        day = local_day(around.now)
        assert is_day(around.now)
        assert not is_day_of_rest(day) or (nudge.kind is LEGAL and timedelta(0) <= nudge.on - day <= timedelta(days=1))
        assert around.state is State.OPEN
        assert sum(local_day(one) == day for one in around.sent) < 2
    elif held.until is not None:
        assert held.until > around.now
        assert is_day(held.until)
        day = local_day(held.until)
        assert not is_day_of_rest(day) or (nudge.kind is LEGAL and timedelta(0) <= nudge.on - day <= timedelta(days=1))


@given(nudge=st.sampled_from(all_nudges()), around=_circumstances())
def test_who_only_waits_is_let_out_in_the_end(nudge: Nudge, around: Circumstances) -> None:
    quiet = replace(around, with_person=False, waits_for=frozenset())
    for _ in range(20):
        held = reason_to_hold(nudge, quiet)
        if held is None or held.until is None:
            return
        quiet = replace(quiet, now=held.until)
    pytest.fail("it was held twenty times")
