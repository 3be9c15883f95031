"""The calendar of the Netherlands: months that clamp, public holidays, and the night in which nobody is disturbed."""

from __future__ import annotations

from calendar import monthrange
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from functools import cache

from holidays import country_holidays

from bot.domain.clock import AMSTERDAM, local_day

# Messages on our own account stay out of the night.
MORNING, EVENING = time(9), time(19)


def months_later(day: date, months: int) -> date:
    """
    Return the same day number so many months later (earlier when negative), or the last day of a shorter month.

    31 January + 1 month = 28 February, as Dutch terms in months are counted.

    Raises:
        OverflowError: the day lies outside the calendar.

    """
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    if not MINYEAR <= year <= MAXYEAR:
        raise OverflowError("date value out of range")  # as `date + timedelta` says it
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def is_holiday(day: date) -> bool:
    """Return whether this is a public holiday in the Netherlands."""
    return day in _holidays(day.year)


@cache
def _holidays(year: int) -> frozenset[date]:
    return frozenset(country_holidays("NL", years=year))


def at(day: date, moment: time) -> datetime:
    """Return a moment on the wall clock of Amsterdam, in UTC."""
    return datetime.combine(day, moment, tzinfo=AMSTERDAM).astimezone(UTC)


def is_day(moment: datetime) -> bool:
    """Return whether it is not night in Amsterdam."""
    return MORNING <= moment.astimezone(AMSTERDAM).time() < EVENING


def next_morning(moment: datetime) -> datetime:
    """Return when the night that this moment lies in, or before, is over."""
    day = local_day(moment)
    early = moment.astimezone(AMSTERDAM).time() < MORNING
    return at(day if early else day + timedelta(days=1), MORNING)
