"""A person's dates as a file for the calendar of their phone (RFC 5545). No name, nothing but the tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from icalendar import Alarm, Calendar, Event

from bot.domain.clock import AMSTERDAM
from bot.domain.days import MORNING

if TYPE_CHECKING:
    from collections.abc import Iterable

PRODUCT = "-//Wegwijs//Wegwijs//NL"
_SPACE = UUID("b7d1c0de-6f0b-5c57-9c1b-0f6f9f2a7c11")
# Counted in minutes from here, a version fits the 32 bits that calendars keep for it until far in the next century.
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Dated:
    """
    Something on a day, or at an aware moment. `key` stays the same when it moves.

    Nobody knows how long a session takes, so a moment has no end.
    """

    key: str
    title: str = field(repr=False)
    at: date | datetime
    text: str | None = field(default=None, repr=False)
    place: str | None = field(default=None, repr=False)


def as_ics(dates: Iterable[Dated], *, name: str, made_at: datetime) -> bytes:
    """
    Return the file, of a calendar with this name, as made at this aware moment.

    The same key has the same UID, and a later file a higher SEQUENCE: read in once more, it moves what was there.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    for one in dates:
        calendar.add_component(_event(one, made_at))
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _event(one: Dated, made_at: datetime) -> Event:
    event = Event()
    event.add("uid", f"{uuid5(_SPACE, one.key)}@wegwijs")
    event.add("dtstamp", made_at.astimezone(UTC))
    event.add("sequence", int((made_at - _FIRST).total_seconds() // 60))
    event.add("summary", one.title)
    if isinstance(one.at, datetime):
        event.add("dtstart", one.at.astimezone(AMSTERDAM))
    else:
        event.add("dtstart", one.at)
        # A day of a task takes nobody's time: they may have an appointment on it.
        event.add("transp", "TRANSPARENT")
    if one.text:
        event.add("description", one.text)
    if one.place:
        event.add("location", one.place)
    event.add("class", "PRIVATE")
    event.add_component(_alarm(one))
    return event


def _alarm(one: Dated) -> Alarm:
    """Have the phone say it at nine in the morning of the day before: then there is a day left to act or to ask."""
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", one.title)
    alarm.add("trigger", _before(one.at))
    return alarm


def _before(at: date | datetime) -> timedelta:
    """Return how long before it begins that is; a night in which the clock changes is longer or shorter."""
    if not isinstance(at, datetime):
        return datetime.combine(date.min, MORNING) - datetime.combine(date.min + timedelta(days=1), time())
    day = at.astimezone(AMSTERDAM).date() - timedelta(days=1)
    morning = datetime.combine(day, MORNING, tzinfo=AMSTERDAM)
    return morning.astimezone(UTC) - at.astimezone(UTC)
