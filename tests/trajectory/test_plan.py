"""A plan has every date that is known, and says which ones are missing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.trajectory.escalation import escalates_on
from bot.trajectory.plan import State, plan
from bot.trajectory.template import DeadlineKind, Limit, Recurrence, Repeats
from tests.trajectory.small import (
    ADVISED,
    BILL,
    CHECK_IN,
    EVENING,
    EVERYTHING,
    HOME,
    INSURANCE,
    LEGAL,
    REGISTER,
    SCHOOL,
    STARTED,
    SWITCH,
    WELCOME,
    WORK,
    days,
    months,
    planned,
    task,
    template,
    weeks,
)


def test_a_task_is_dated_from_its_anchor() -> None:
    welcome, register = planned(WELCOME, REGISTER)
    assert (welcome.starts, welcome.due) == (date(2026, 11, 23), date(2026, 11, 30))
    assert (register.due, register.kind, register.missing) == (date(2026, 11, 25), LEGAL, None)


def test_an_unknown_anchor_is_named_and_never_guessed() -> None:
    register, insurance = planned(REGISTER, INSURANCE, anchors={})
    assert (register.starts, register.due, register.missing) == (None, None, "housing_date")
    assert [limit.on for limit in insurance.limits] == [None]


def test_a_limit_has_an_anchor_of_its_own() -> None:
    pip = task("pip", kind=ADVISED, limits=(Limit(id="objection", anchor="letter_date", offset=days(42)),))
    assert [one.limits[0].on for one in planned(pip, anchors={})] == [None]
    (known,) = planned(pip, anchors={"letter_date": date(2026, 12, 1)})
    assert known.limits[0].on == date(2027, 1, 12)


def test_a_condition_applies_or_not_or_is_asked() -> None:
    told = [
        planned(SCHOOL, conditions=known)[0].applies for known in ({}, {"has_children": True}, {"has_children": False})
    ]
    assert told == [None, True, False]


def test_a_plan_asks_each_thing_once_and_what_surely_applies_first() -> None:
    unsure = task("unsure", anchor="permit_date", applies_if="has_children")
    made = plan(template(unsure, SCHOOL, REGISTER, INSURANCE), {}, {}, started=STARTED)
    assert made.asks_anchors == ("housing_date", "permit_date")
    assert made.asks_conditions == ("has_children",)
    nobody = plan(template(unsure, SCHOOL), {}, {"has_children": False}, started=STARTED)
    assert (nobody.asks_anchors, nobody.asks_conditions) == ((), ())


def test_the_coach_moves_a_layer_and_not_what_law_or_good_practice_set() -> None:
    advised = task("advised", layer="laag1", kind=ADVISED, due=days(112))
    legal = task("legal", layer="laag1", kind=LEGAL, due=days(112))
    own = task("own", layer="laag1", anchor="housing_date", due=days(112))
    before = plan(template(WORK, advised, legal, own, WELCOME), {"housing_date": HOME}, {}, started=STARTED)
    after = plan(
        template(WORK, advised, legal, own, WELCOME),
        {"housing_date": HOME},
        {},
        started=STARTED,
        layer_shifts={"laag1": 14},
    )
    moved = [new.task.id for old, new in zip(before.tasks, after.tasks, strict=True) if old.due != new.due]
    assert moved == ["work"]
    assert after.tasks[0].due == date(2027, 3, 29)
    assert after.layers["laag1"].starts - before.layers["laag1"].starts == timedelta(days=14)
    assert after.layers["basis"] == before.layers["basis"]


# ---- what comes back


def test_a_monthly_task_comes_back_to_the_end_of_the_trajectory() -> None:
    found = planned(CHECK_IN, started=date(2026, 8, 31))
    assert [one.occurrence for one in found] == list(range(12))
    assert [one.due for one in found[:6]] == [
        date(2026, 9, 30), date(2026, 10, 30), date(2026, 11, 30), date(2026, 12, 30),
        date(2027, 1, 30), date(2027, 2, 28),
    ]  # fmt: skip
    assert found[-1].due == date(2027, 8, 30)


def test_each_time_begins_when_the_one_before_was_due() -> None:
    found = planned(CHECK_IN)
    assert found[1].starts == date(2026, 12, 24)
    assert all(one.starts is not None and one.due is not None and one.starts <= one.due for one in found)


def test_a_weekly_task_ends_where_the_author_says() -> None:
    letters = task(
        "letters", due=days(21), recurrence=Recurrence(kind=Repeats.REGULARLY, every=weeks(1), until=days(91))
    )
    found = planned(letters)
    assert len(found) == 11
    assert found[-1].due == STARTED + timedelta(days=91)


@pytest.mark.parametrize(
    ("started", "years"),
    [
        (date(2026, 11, 23), [2026, 2027]),  # the next season opens on the 15th of November, within the twelve months
        (date(2026, 2, 1), [2026]),
        (date(2026, 12, 31), [2026, 2027]),
        (date(2027, 1, 1), [2027]),
        (date(2028, 2, 29), [2028]),
    ],
)
def test_a_yearly_task_has_each_year_that_its_window_touches(started: date, years: list[int]) -> None:
    found = planned(SWITCH, started=started)
    assert [one.occurrence for one in found] == years
    assert [one.due for one in found] == [date(year, 12, 31) for year in years]


def test_who_starts_in_spring_still_does_the_tax_of_last_year() -> None:
    tax = task(
        "tax", anchor="year_end", start=days(60), due=months(4), kind=LEGAL, recurrence=Recurrence(kind=Repeats.YEARLY)
    )
    assert [one.due for one in planned(tax, started=date(2027, 3, 15))] == [date(2027, 4, 30), date(2028, 4, 30)]
    assert [one.due for one in planned(tax, started=date(2027, 5, 1))] == [date(2028, 4, 30)]


def test_a_new_bill_is_a_new_time_and_a_corrected_date_is_not() -> None:
    def keys(day: date) -> list[tuple[str, int]]:
        return [one.key for one in planned(BILL, anchors={"bill_date": day})]

    assert keys(date(2027, 2, 25)) == keys(date(2027, 2, 28)) == [("bill", 2027)]
    assert keys(date(2028, 2, 25)) == [("bill", 2028)]


def test_an_allowance_is_asked_for_until_the_end_of_the_year_after_the_home() -> None:
    allowance = task(
        "allowance",
        anchor="housing_date",
        kind=ADVISED,
        limits=(Limit(id="legal", anchor="toeslag_year_end", offset=months(12)),),
    )
    # The home is of November, and the trajectory starts in January: the allowance of November must not be lost.
    (late,) = planned(allowance, started=date(2027, 1, 11), anchors={"housing_date": date(2026, 11, 20)})
    assert late.limits[0].on == date(2027, 12, 31)
    (unknown,) = planned(allowance, started=date(2027, 1, 11), anchors={})
    assert unknown.limits[0].on == date(2028, 12, 31)


def test_a_group_task_has_the_days_that_the_coach_plans() -> None:
    (window,) = planned(EVENING)
    assert window.is_window
    assert window.due == STARTED + timedelta(days=91)
    evenings = {2: date(2027, 1, 12), 1: date(2027, 2, 9)}
    found = planned(EVENING, sessions={"evening": evenings})
    assert [(one.occurrence, one.due) for one in found] == [(2, date(2027, 1, 12)), (1, date(2027, 2, 9))]
    assert not any(one.is_window for one in found)


_DAYS = st.dates(min_value=date(2024, 1, 1), max_value=date(2035, 12, 31))


@given(one=_DAYS, other=_DAYS)
def test_a_plan_is_monotone_in_its_anchors(one: date, other: date) -> None:
    first, second = sorted((one, other))
    early = {made.key: made for made in planned(*EVERYTHING, started=first, anchors={"housing_date": first})}
    late = {made.key: made for made in planned(*EVERYTHING, started=second, anchors={"housing_date": second})}
    for key in early.keys() & late.keys():
        dates = [(early[key].starts, late[key].starts), (early[key].due, late[key].due)]
        dates += [(a.on, b.on) for a, b in zip(early[key].limits, late[key].limits, strict=True)]
        assert all(before <= after for before, after in dates if before and after)


@given(started=_DAYS, shift=st.integers(min_value=-90, max_value=90), home=_DAYS)
def test_nothing_legal_moves_with_a_layer(started: date, shift: int, home: date) -> None:
    legal = [task(f"legal_{at}", layer=layer, kind=LEGAL, due=days(40)) for at, layer in enumerate(("basis", "laag1"))]
    shifts = {"basis": shift, "laag1": -shift}
    anchors = {"housing_date": home}

    def days_of_the_law(shifts: dict[str, int]) -> list[object]:
        found = planned(*EVERYTHING, *legal, started=started, anchors=anchors, layer_shifts=shifts)
        return [(one.key, one.due) for one in found if one.kind is LEGAL] + [
            (one.key, limit.on) for one in found for limit in one.limits if limit.limit.kind is LEGAL
        ]

    assert days_of_the_law(shifts) == days_of_the_law({})


# ---- overdue


@pytest.mark.parametrize(("kind", "after"), [(LEGAL, 1), (ADVISED, 7), (DeadlineKind.PROGRAMME, 7)])
def test_the_coach_hears_what_is_overdue_after_a_set_time(kind: DeadlineKind, after: int) -> None:
    (one,) = planned(task("one", kind=kind))
    assert one.due is not None
    assert escalates_on(one, State.OPEN) == one.due + timedelta(days=after)
    assert escalates_on(one, State.OPEN, due=date(2027, 1, 1)) == date(2027, 1, 1) + timedelta(days=after)
    assert escalates_on(one, State.DONE) is None


def test_a_limit_of_the_law_is_heard_the_day_after_whatever_the_task_says() -> None:
    (insurance,) = planned(INSURANCE)
    assert escalates_on(insurance, State.OPEN, due=date(2027, 6, 1)) == date(2027, 3, 21)


def test_what_is_free_or_unknown_or_shut_is_never_overdue() -> None:
    found = [*planned(CHECK_IN, SWITCH, EVENING, SCHOOL), *planned(REGISTER, anchors={})]
    assert {escalates_on(one, State.OPEN) for one in found} == {None}
