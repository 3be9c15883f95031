"""Dates that are counted from what a newcomer told us, and opening hours as people write them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from babel.dates import get_day_names

from bot.domain.days import months_later

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import time

    from bot.content.model import Deadline, Span
    from bot.domain.turn import SlotValue

SATURDAY = 5
DECEMBER = 12


def moved(day: date, offset: int, unit: Span) -> date:
    """
    Return the day `offset` units later (earlier when negative).

    A month later is the same day number, or the last day of a shorter month (31 January + 1 month = 28 February), as
    Dutch terms in months are counted. Working days leave out Saturdays and Sundays.

    Raises:
        OverflowError: the day lies outside the calendar.

    """
    match unit:
        case "day":
            return day + timedelta(days=offset)
        case "week":
            return day + timedelta(weeks=offset)
        case "month":
            return months_later(day, offset)
        case "year":
            return months_later(day, offset * 12)
        case "working_day":
            return _working_days_later(day, offset)


def due_on(deadline: Deadline, slots: Mapping[str, SlotValue], today: date) -> date | None:
    """Return the deadline's day, or None when the anchor is unknown. Calendar anchors follow `today`."""
    try:
        anchor = _anchor(deadline.anchor, slots, today)
        return moved(anchor, deadline.offset, deadline.unit) if anchor is not None else None
    except OverflowError:
        return None


def told_hours(week: Mapping[int, tuple[tuple[time, time], ...]]) -> str:
    """Return opening hours as one value of a text: `0 09:00-12:00 13:00-17:00;4 09:00-12:00` (0 is Monday)."""
    days = (
        " ".join([str(day), *(f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in spans)])
        for day, spans in sorted(week.items())
        if spans
    )
    return ";".join(days)


def written_hours(told: str, language: str) -> str:
    """Return what `told_hours` made as people write it: days with the same hours together, by their short names."""
    names = get_day_names("abbreviated", context="stand-alone", locale=language)
    days = [(int(day), tuple(spans.split())) for day, _, spans in (part.partition(" ") for part in told.split(";"))]
    groups: list[list[tuple[int, tuple[str, ...]]]] = []
    for day, spans in days:
        if groups and groups[-1][-1] == (day - 1, spans):
            groups[-1].append((day, spans))
        else:
            groups.append([(day, spans)])
    return "; ".join(_written_group([day for day, _ in group], group[0][1], names) for group in groups)


def _written_group(days: list[int], spans: tuple[str, ...], names: Mapping[int, str]) -> str:
    first, last = names[days[0]], names[days[-1]]
    when = first if len(days) == 1 else f"{first}–{last}"
    return f"{when} {', '.join(span.replace('-', '–') for span in spans)}"


def _anchor(name: str, slots: Mapping[str, SlotValue], today: date) -> date | None:
    match name:
        case "year_end" | "toeslag_year_end":
            return date(today.year, DECEMBER, 31)
        case "month_start":
            return months_later(today.replace(day=1), 1)
        case _:
            told = slots.get(name)
            return told if isinstance(told, date) else None


def _working_days_later(day: date, offset: int) -> date:
    step = timedelta(days=1 if offset >= 0 else -1)
    left = abs(offset)
    while left:
        day += step
        if day.weekday() < SATURDAY:
            left -= 1
    return day
