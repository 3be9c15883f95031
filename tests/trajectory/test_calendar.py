"""Days as people count them: month ends, leap days, years, holidays, and a clock that is changed twice a year."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.clock import local_day
from bot.domain.days import is_day, is_holiday, next_morning
from bot.trajectory.reminders import is_day_of_rest, next_moment
from bot.trajectory.template import Offset, Unit
from tests.trajectory.small import days, local, months, weeks, years

OFFSETS = (
    # month ends
    (date(2026, 1, 31), months(1), date(2026, 2, 28)),
    (date(2028, 1, 31), months(1), date(2028, 2, 29)),
    (date(2026, 3, 31), months(1), date(2026, 4, 30)),
    (date(2026, 8, 31), months(6), date(2027, 2, 28)),
    (date(2026, 10, 31), months(4), date(2027, 2, 28)),
    (date(2026, 2, 28), months(1), date(2026, 3, 28)),  # the last day of February is no last day of March
    (date(2026, 12, 31), months(4), date(2027, 4, 30)),
    (date(2026, 11, 20), months(4), date(2027, 3, 20)),
    (date(2026, 11, 20), months(12), date(2027, 11, 20)),
    # back
    (date(2026, 3, 31), months(-1), date(2026, 2, 28)),
    (date(2026, 3, 31), months(-13), date(2025, 2, 28)),
    (date(2027, 1, 15), months(-1), date(2026, 12, 15)),
    (date(2028, 2, 29), years(-1), date(2027, 2, 28)),
    (date(2027, 3, 1), days(-1), date(2027, 2, 28)),
    (date(2027, 1, 3), weeks(-1), date(2026, 12, 27)),
    # leap days
    (date(2028, 2, 29), years(1), date(2029, 2, 28)),
    (date(2028, 2, 29), years(4), date(2032, 2, 29)),
    (date(2027, 2, 28), years(1), date(2028, 2, 28)),
    (date(2027, 2, 28), days(366), date(2028, 2, 29)),
    (date(2028, 2, 28), days(1), date(2028, 2, 29)),
    (date(2096, 2, 29), years(4), date(2100, 2, 28)),  # 2100 is no leap year
    (date(2026, 11, 23), years(3), date(2029, 11, 23)),
    # years and the weeks around New Year
    (date(2026, 12, 31), days(1), date(2027, 1, 1)),
    (date(2026, 12, 28), weeks(1), date(2027, 1, 4)),  # week 53 of 2026
    (date(2026, 12, 31), days(-46), date(2026, 11, 15)),
    (date(2026, 12, 31), months(12), date(2027, 12, 31)),
    (date(2027, 12, 31), days(60), date(2028, 2, 29)),
    (date(2026, 12, 31), days(60), date(2027, 3, 1)),
    (date(2020, 12, 28), weeks(53), date(2022, 1, 3)),
    (date(2027, 12, 27), weeks(1), date(2028, 1, 3)),  # week 52, and no 53, before a leap year
    (date(2028, 1, 1), days(366), date(2029, 1, 1)),  # a leap year is a day longer
    (date(2027, 12, 31), months(2), date(2028, 2, 29)),
    (date(2028, 3, 31), months(-1), date(2028, 2, 29)),
    # over a change of the clock a day stays a day
    (date(2026, 10, 24), days(2), date(2026, 10, 26)),
    (date(2027, 3, 27), weeks(1), date(2027, 4, 3)),
    (date(2026, 11, 23), days(0), date(2026, 11, 23)),
)


@pytest.mark.parametrize(("day", "offset", "later"), OFFSETS)
def test_an_offset_is_counted_on_the_calendar(day: date, offset: Offset, later: date) -> None:
    assert offset.after(day) == later


@pytest.mark.parametrize("amount", [months(1), years(1), days(1), weeks(1)])
def test_a_day_outside_the_calendar_is_said(amount: Offset) -> None:
    with pytest.raises(OverflowError):
        amount.after(date.max)


def test_months_are_counted_at_once_so_month_ends_come_back() -> None:
    first = date(2026, 1, 31)
    assert [months(1).times(number).after(first) for number in (1, 2, 3)] == [
        date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30),
    ]  # fmt: skip


_DAYS = st.dates(min_value=date(1950, 1, 1), max_value=date(2150, 12, 31))
_OFFSETS = st.builds(Offset, amount=st.integers(min_value=-500, max_value=500), unit=st.sampled_from(Unit))


@given(one=_DAYS, other=_DAYS, offset=_OFFSETS)
def test_who_begins_later_is_never_due_earlier(one: date, other: date, offset: Offset) -> None:
    first, second = sorted((one, other))
    assert offset.after(first) <= offset.after(second)


HOLIDAYS = (
    (date(2026, 4, 27), True),  # Koningsdag
    (date(2025, 4, 26), True),  # Koningsdag: the 27th is a Sunday
    (date(2025, 4, 27), False),
    (date(2031, 4, 26), True),
    (date(2027, 3, 28), True),  # Easter, and the clock changes
    (date(2027, 3, 29), True),  # Easter Monday
    (date(2026, 4, 6), True),
    (date(2026, 5, 14), True),  # Ascension Day
    (date(2026, 5, 25), True),  # Whit Monday
    (date(2027, 5, 17), True),
    (date(2026, 12, 24), False),
    (date(2026, 12, 25), True),
    (date(2026, 12, 26), True),
    (date(2026, 12, 31), False),
    (date(2027, 1, 1), True),
    (date(2026, 4, 3), True),  # Good Friday: offices may be open, the Algemene termijnenwet counts it as a holiday
    (date(2028, 2, 29), False),
    (date(2028, 4, 17), True),  # Easter Monday of a leap year
)


@pytest.mark.parametrize(("day", "rest"), HOLIDAYS)
def test_dutch_holidays_fall_where_they_fall(day: date, rest: bool) -> None:
    assert is_holiday(day) is rest
    assert is_day_of_rest(day) is (rest or day.weekday() == 6)


# Until when a message waits that wants to go at this moment of the wall clock.
WAITS = (
    # the clock is set back in the night of 24 to 25 October 2026, a Sunday
    (local(date(2026, 10, 24), 18, 59), local(date(2026, 10, 24), 18, 59)),
    (local(date(2026, 10, 24), 19), local(date(2026, 10, 26), 10)),
    (local(date(2026, 10, 25), 9), local(date(2026, 10, 26), 10)),
    (local(date(2026, 10, 26), 8, 59), local(date(2026, 10, 26), 9)),
    (datetime(2026, 10, 23, 6, 59, tzinfo=UTC), datetime(2026, 10, 23, 7, tzinfo=UTC)),  # 08:59 in summer
    (datetime(2026, 10, 26, 7, tzinfo=UTC), datetime(2026, 10, 26, 8, tzinfo=UTC)),  # 08:00 in winter
    (datetime(2026, 10, 23, 17, tzinfo=UTC), datetime(2026, 10, 24, 7, tzinfo=UTC)),  # 19:00 in summer
    (datetime(2026, 10, 26, 17, 59, tzinfo=UTC), datetime(2026, 10, 26, 17, 59, tzinfo=UTC)),  # 18:59 in winter
    # and forward in the night of 27 to 28 March 2027: Easter, so Tuesday is the first day
    (datetime(2027, 3, 27, 8, tzinfo=UTC), datetime(2027, 3, 27, 8, tzinfo=UTC)),  # 09:00 in winter
    (local(date(2027, 3, 27), 20), local(date(2027, 3, 30), 10)),
    (datetime(2027, 3, 30, 7, tzinfo=UTC), datetime(2027, 3, 30, 7, tzinfo=UTC)),  # 09:00 in summer
    (datetime(2027, 3, 30, 6, 59, tzinfo=UTC), datetime(2027, 3, 30, 7, tzinfo=UTC)),
    (local(date(2027, 3, 30), 19), local(date(2027, 3, 31), 9)),
    # around the holidays
    (local(date(2026, 12, 24), 20), local(date(2026, 12, 28), 10)),  # Christmas on Friday and Saturday, then Sunday
    (local(date(2026, 12, 31), 19), local(date(2027, 1, 2), 10)),
    (local(date(2025, 4, 26), 12), local(date(2025, 4, 28), 10)),  # Koningsdag on Saturday, then Sunday
    (local(date(2026, 5, 14), 12), local(date(2026, 5, 15), 10)),
    (local(date(2026, 5, 24), 12), local(date(2026, 5, 26), 10)),
    (local(date(2028, 2, 29), 12), local(date(2028, 2, 29), 12)),
    (local(date(2028, 2, 29), 19), local(date(2028, 3, 1), 9)),
    (local(date(2028, 2, 28), 22), local(date(2028, 2, 29), 9)),
    (local(date(2027, 12, 31), 19), local(date(2028, 1, 3), 10)),  # New Year on Saturday, then Sunday
    (local(date(2028, 12, 30), 19), local(date(2029, 1, 2), 10)),  # Sunday, then New Year
    # the next two changes of the clock, each in the night to a Sunday
    (datetime(2027, 10, 30, 17, tzinfo=UTC), datetime(2027, 11, 1, 9, tzinfo=UTC)),  # 19:00 in summer, 10:00 in winter
    (datetime(2028, 3, 25, 18, tzinfo=UTC), datetime(2028, 3, 27, 8, tzinfo=UTC)),  # 19:00 in winter, 10:00 in summer
    (local(date(2026, 11, 23), 0), local(date(2026, 11, 23), 9)),
)


@pytest.mark.parametrize(("wants", "may"), WAITS)
def test_a_message_waits_for_the_day(wants: datetime, may: datetime) -> None:
    assert next_moment(wants) == may


def test_the_night_before_a_change_of_the_clock_is_an_hour_longer_or_shorter() -> None:
    assert next_morning(local(date(2026, 10, 24), 19)) - local(date(2026, 10, 24), 19) == timedelta(hours=15)
    assert next_morning(local(date(2027, 3, 27), 19)) - local(date(2027, 3, 27), 19) == timedelta(hours=13)


@given(
    st.integers(min_value=0, max_value=16 * 365 * 24 * 60).map(
        lambda m: local(date(2024, 1, 1), 0) + timedelta(minutes=m)
    )
)
def test_the_next_moment_is_by_day_on_a_working_day_and_not_far(moment: datetime) -> None:
    found = next_moment(moment)
    assert moment <= found <= moment + timedelta(days=5)
    assert is_day(found)
    assert not is_day_of_rest(local_day(found))
    assert next_moment(found) == found
