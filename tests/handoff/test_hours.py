"""Opening hours on the wall clock: holidays, summer time, nights, and no promise without a measurement."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.clock import AMSTERDAM
from bot.domain.days import is_day, is_holiday
from bot.handoff.hours import (
    OFFICE,
    Hours,
    answer_by,
    is_open,
    next_opening,
    reminder_moment,
    working_between,
    working_later,
)

MORNINGS = Hours(week={0: ((time(9), time(12)),), 3: ((time(9), time(12)), (time(13), time(15)))})
_MINUTES = st.integers(min_value=0, max_value=2 * 365 * 24 * 60)
_MOMENTS = _MINUTES.map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))
_AMOUNTS = st.timedeltas(min_value=timedelta(), max_value=timedelta(hours=80))


def local(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=AMSTERDAM).astimezone(UTC)


MONDAY = date(2026, 11, 23)


def test_open_is_from_the_first_minute_to_before_the_last() -> None:
    assert not is_open(MORNINGS, local(MONDAY, 8, 59))
    assert is_open(MORNINGS, local(MONDAY, 9))
    assert not is_open(MORNINGS, local(MONDAY, 12))
    assert not is_open(MORNINGS, local(MONDAY + timedelta(days=1), 10))


def test_the_next_opening_is_now_when_the_team_is_there() -> None:
    assert next_opening(MORNINGS, local(MONDAY, 10)) == local(MONDAY, 10)
    assert next_opening(MORNINGS, local(MONDAY, 12)) == local(date(2026, 11, 26), 9)
    assert next_opening(MORNINGS, local(date(2026, 11, 26), 12, 30)) == local(date(2026, 11, 26), 13)
    assert next_opening(Hours(week={}), local(MONDAY, 10)) is None


@pytest.mark.parametrize(
    "day", [date(2026, 12, 25), date(2026, 12, 26), date(2027, 1, 1), date(2027, 3, 29), date(2026, 4, 27)]
)
def test_nobody_is_there_on_a_dutch_holiday(day: date) -> None:
    assert is_holiday(day)
    assert OFFICE.spans(day) == ()


def test_liberation_day_is_one_every_fifth_year_and_good_friday_each_year() -> None:
    assert [is_holiday(date(year, 5, 5)) for year in (2025, 2026, 2030)] == [True, False, True]
    assert is_holiday(date(2027, 3, 26))  # the Algemene termijnenwet counts it as one, and desks are closed


def test_an_organisation_has_days_of_its_own() -> None:
    hours = Hours(week=MORNINGS.week, closed_on=frozenset({MONDAY}))
    assert next_opening(hours, local(MONDAY, 8)) == local(date(2026, 11, 26), 9)


def test_working_time_skips_nights_weekends_and_christmas() -> None:
    thursday = date(2026, 12, 24)
    assert working_later(OFFICE, local(thursday, 16), timedelta(hours=2)) == local(date(2026, 12, 28), 10)
    assert working_between(OFFICE, local(thursday, 16), local(date(2026, 12, 28), 10)) == timedelta(hours=2)


def test_an_hour_of_the_team_stays_an_hour_when_the_clock_is_set_back() -> None:
    night = Hours(week={6: ((time(1), time(5)),)})
    assert night.spans(date(2026, 10, 25))[0] == (local(date(2026, 10, 25), 1), local(date(2026, 10, 25), 5))
    assert working_later(night, local(date(2026, 10, 25), 1), timedelta(hours=5)) == local(date(2026, 10, 25), 5)


def test_a_team_that_never_opens_still_has_timers() -> None:
    assert working_later(Hours(week={}), local(MONDAY, 10), timedelta(hours=1)) == local(MONDAY, 11)


@given(moment=_MOMENTS, amount=_AMOUNTS)
def test_working_later_and_between_are_each_others_inverse(moment: datetime, amount: timedelta) -> None:
    later = working_later(OFFICE, moment, amount)
    assert later >= moment
    assert working_between(OFFICE, moment, later) == amount


def test_nothing_is_promised_before_enough_people_were_answered() -> None:
    hours = [timedelta(hours=number) for number in (1, 2, 3, 4)]
    assert answer_by(OFFICE, local(MONDAY, 10), hours) is None
    assert answer_by(OFFICE, local(MONDAY, 10), []) is None
    # Of five people four waited at most three hours, and the fifth ten: two days later.
    slow = [*hours[:3], timedelta(hours=3), timedelta(hours=10)]
    assert answer_by(OFFICE, local(MONDAY, 10), slow) == date(2026, 11, 24)
    assert answer_by(OFFICE, local(MONDAY, 10), [timedelta(hours=1)] * 9) == MONDAY


@given(since=_MOMENTS)
def test_a_reminder_is_never_at_night_and_inside_the_window(since: datetime) -> None:
    assert is_day(reminder_moment(since, None))
    assert since + timedelta(hours=20) <= reminder_moment(since, None) <= since + timedelta(hours=34)
    shuts = since + timedelta(hours=24)
    inside = reminder_moment(since, shuts)
    assert since <= inside < shuts
    assert is_day(inside)


@pytest.mark.parametrize(
    ("wrote", "reminded"),
    [((23, 15), (24, 11)), ((23, 10), (24, 9)), ((23, 20), (24, 16)), ((24, 8), (24, 18, 45)), ((23, 3), (23, 18, 45))],
)
def test_the_reminder_finds_its_moment_before_the_window_shuts(
    wrote: tuple[int, int], reminded: tuple[int, ...]
) -> None:
    day, hour = wrote
    since = local(date(2026, 11, day), hour)
    moment = local(date(2026, 11, reminded[0]), *reminded[1:])
    assert reminder_moment(since, since + timedelta(hours=24)) == moment
