"""Counting from a day: months, leap years, working days, and what lies outside the calendar."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content.dates import due_on, moved
from tests.content.small import deadline

if TYPE_CHECKING:
    from bot.domain.turn import SlotValue

TODAY = date(2026, 11, 22)  # a Sunday
DAYS = st.dates(min_value=date(1950, 1, 1), max_value=date(2150, 1, 1))


@pytest.mark.parametrize(
    ("day", "offset", "unit", "expected"),
    [
        (date(2026, 1, 31), 1, "month", date(2026, 2, 28)),
        (date(2028, 1, 31), 1, "month", date(2028, 2, 29)),
        (date(2026, 1, 31), 2, "month", date(2026, 3, 31)),
        (date(2026, 8, 31), 1, "month", date(2026, 9, 30)),
        (date(2026, 11, 30), 4, "month", date(2027, 3, 30)),
        (date(2026, 12, 15), 1, "month", date(2027, 1, 15)),
        (date(2026, 3, 31), -1, "month", date(2026, 2, 28)),
        (date(2026, 1, 15), -1, "month", date(2025, 12, 15)),
        (date(2026, 5, 5), 0, "month", date(2026, 5, 5)),
        (date(2024, 2, 29), 1, "year", date(2025, 2, 28)),
        (date(2024, 2, 29), 4, "year", date(2028, 2, 29)),
        (date(2026, 2, 28), -2, "year", date(2024, 2, 28)),
        (date(2026, 11, 22), 6, "week", date(2027, 1, 3)),
        (date(2026, 11, 22), -1, "week", date(2026, 11, 15)),
        (date(2028, 2, 28), 1, "day", date(2028, 2, 29)),
        (date(2026, 2, 28), 1, "day", date(2026, 3, 1)),
        (date(2026, 11, 20), 1, "working_day", date(2026, 11, 23)),  # Friday → Monday
        (date(2026, 11, 21), 1, "working_day", date(2026, 11, 23)),  # Saturday → Monday
        (date(2026, 11, 22), 5, "working_day", date(2026, 11, 27)),
        (date(2026, 11, 23), 5, "working_day", date(2026, 11, 30)),
        (date(2026, 11, 23), -1, "working_day", date(2026, 11, 20)),  # Monday → Friday
        (date(2026, 11, 22), 0, "working_day", date(2026, 11, 22)),
    ],
)
def test_a_day_moves_as_dutch_terms_are_counted(day: date, offset: int, unit: Any, expected: date) -> None:
    assert moved(day, offset, unit) == expected


@given(day=DAYS, months=st.integers(-600, 600))
def test_months_keep_the_day_number_or_end_with_the_month(day: date, months: int) -> None:
    later = moved(day, months, "month")

    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)


@given(day=DAYS, years=st.integers(-50, 50))
def test_a_year_is_twelve_months(day: date, years: int) -> None:
    assert moved(day, years, "year") == moved(day, years * 12, "month")


@given(day=DAYS, offset=st.integers(-200, 200).filter(bool))
def test_working_days_end_on_one_and_leave_out_the_weekends(day: date, offset: int) -> None:
    end = moved(day, offset, "working_day")
    step = 1 if offset > 0 else -1
    between = [day + timedelta(days=step * n) for n in range(1, abs((end - day).days) + 1)]

    assert end.weekday() < 5
    assert sum(one.weekday() < 5 for one in between) == abs(offset)


@given(day=DAYS, offset=st.integers(0, 300), unit=st.sampled_from(["day", "week", "month", "year", "working_day"]))
def test_later_is_never_earlier(day: date, offset: int, unit: Any) -> None:
    assert moved(day, offset, unit) >= day


@pytest.mark.parametrize("unit", ["day", "week", "month", "year", "working_day"])
@pytest.mark.parametrize(("day", "offset"), [(date(9999, 12, 30), 2_000), (date(1, 1, 2), -2_000)])
def test_a_day_outside_the_calendar_is_refused(day: date, offset: int, unit: Any) -> None:
    with pytest.raises(OverflowError):
        moved(day, offset, unit)


@pytest.mark.parametrize("unit", ["day", "week", "month", "year", "working_day"])
@pytest.mark.parametrize(("day", "offset"), [(date(9999, 12, 30), 2_000), (date(1, 1, 2), -2_000)])
def test_a_deadline_outside_the_calendar_is_unknown(day: date, offset: int, unit: Any) -> None:
    assert due_on(deadline("letter_date", offset, unit), {"letter_date": day}, TODAY) is None


@pytest.mark.parametrize(
    ("anchor", "slots", "due"),
    [
        ("letter_date", {"letter_date": date(2026, 11, 1)}, date(2026, 11, 2)),
        ("letter_date", {}, None),
        ("letter_date", {"letter_date": None}, None),
        ("letter_date", {"letter_date": "1 november"}, None),
        ("letter_date", {"other_date": date(2026, 11, 1)}, None),
        ("year_end", {}, date(2027, 1, 1)),
        ("toeslag_year_end", {}, date(2027, 1, 1)),
        ("month_start", {}, date(2026, 12, 2)),
    ],
)
def test_a_deadline_is_counted_from_its_anchor(anchor: str, slots: dict[str, SlotValue], due: date | None) -> None:
    assert due_on(deadline(anchor, 1, "day"), slots, TODAY) == due


@pytest.mark.parametrize(
    ("today", "start"),
    [
        (date(2026, 12, 31), date(2027, 1, 1)),
        (date(2026, 1, 1), date(2026, 2, 1)),
        (date(2028, 1, 31), date(2028, 2, 1)),
    ],
)
def test_the_next_month_starts_on_its_first_day(today: date, start: date) -> None:
    assert due_on(deadline("month_start", 0, "day"), {}, today) == start


def test_no_next_month_after_the_last_year() -> None:
    assert due_on(deadline("month_start", 0, "day"), {}, date(9999, 12, 1)) is None
