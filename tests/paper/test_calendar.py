"""The calendar file, read back by the library that wrote it and by the rules of RFC 5545 that phones trip over."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from icalendar import Calendar, Event

from bot.domain.clock import AMSTERDAM
from bot.paper.calendar import Dated, as_ics

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)


def read(*dates: Dated, made_at: datetime = NOW) -> list[Event]:
    return [*Calendar.from_ical(as_ics(dates, name="Mijn plan", made_at=made_at)).walk("VEVENT")]


def dated(at: date | datetime, key: str = "one", **others: str) -> Dated:
    return Dated(key=key, title="Inschrijven bij de gemeente", at=at, **others)


def alarm_of(event: Event) -> datetime:
    """When a phone says it, as a moment: counted from the first instant of a whole day in the Netherlands."""
    (alarm,) = event.walk("VALARM")
    starts = event["dtstart"].dt
    trigger = alarm["trigger"].dt
    if isinstance(starts, datetime):
        return starts.astimezone(UTC) + trigger
    # A whole day floats: phones count on the wall clock.
    return (datetime.combine(starts, time()) + trigger).replace(tzinfo=AMSTERDAM).astimezone(UTC)


DAYS = [
    date(2028, 2, 29),
    date(2027, 3, 1),
    date(2026, 12, 31),
    date(2027, 1, 1),
    date(2027, 3, 28),  # the clocks go forward in its night
    date(2027, 3, 29),
    date(2027, 10, 31),  # and back
]


@pytest.mark.parametrize("day", DAYS)
def test_a_day_is_a_whole_day_and_said_the_morning_before(day: date) -> None:
    (event,) = read(dated(day))
    assert event["dtstart"].dt == day
    assert type(event["dtstart"].dt) is date
    assert event["transp"] == "TRANSPARENT"
    said = alarm_of(event).astimezone(AMSTERDAM)
    assert (said.date(), said.time()) == (day - timedelta(days=1), time(9))


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("hour", [0, 9, 18, 23])
def test_a_session_is_at_its_hour_on_the_wall_clock_and_said_the_morning_before(day: date, hour: int) -> None:
    wall = datetime.combine(day, time(hour, 30), tzinfo=AMSTERDAM)
    (event,) = read(dated(wall.astimezone(UTC)))
    starts = event["dtstart"]
    assert starts.params["TZID"] == "Europe/Amsterdam"
    assert starts.dt == wall
    assert "dtend" not in event
    said = alarm_of(event).astimezone(AMSTERDAM)
    assert (said.date(), said.time()) == (day - timedelta(days=1), time(9))


def test_the_time_zone_goes_along_only_where_it_is_needed() -> None:
    whole_days = Calendar.from_ical(as_ics([dated(date(2026, 12, 4))], name="x", made_at=NOW))
    assert whole_days.walk("VTIMEZONE") == []
    session = dated(datetime(2026, 12, 4, 17, tzinfo=UTC))
    (zone,) = Calendar.from_ical(as_ics([session], name="x", made_at=NOW)).walk("VTIMEZONE")
    assert zone["tzid"] == "Europe/Amsterdam"


def test_read_in_once_more_it_moves_what_was_there() -> None:
    (first,) = read(dated(date(2026, 12, 4)))
    (later,) = read(dated(date(2026, 12, 11)), made_at=NOW + timedelta(minutes=1))
    assert first["uid"] == later["uid"]
    assert first["sequence"] < later["sequence"]
    assert first["dtstamp"].dt == NOW
    (other,) = read(dated(date(2026, 12, 4), key="two"))
    assert other["uid"] != first["uid"]


def test_a_version_fits_what_calendars_keep_for_it() -> None:
    (event,) = read(dated(date(2100, 1, 1)), made_at=datetime(2100, 1, 1, tzinfo=UTC))
    assert event["sequence"] < 2**31


def test_the_same_dates_are_the_same_bytes() -> None:
    dates = [dated(date(2026, 12, 4)), dated(datetime(2026, 12, 4, 17, tzinfo=UTC), key="two")]
    assert as_ics(dates, name="x", made_at=NOW) == as_ics(dates, name="x", made_at=NOW)


def test_long_words_are_folded_and_every_letter_comes_back() -> None:
    title = "التسجيل في البلدية; ኣብ ምምሕዳር, ከተማ\\ " * 5
    raw = as_ics([Dated(key="one", title=title, at=date(2026, 12, 4), place="Zaal 1, Markt")], name="x", made_at=NOW)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 75
    assert b"\n" not in raw.replace(b"\r\n", b"")
    (event,) = Calendar.from_ical(raw).walk("VEVENT")
    assert str(event["summary"]) == title
    assert str(event["location"]) == "Zaal 1, Markt"


def test_nothing_stands_in_it_but_the_dates() -> None:
    (event,) = read(dated(date(2026, 12, 4), text="Deze dag staat in de wet."))
    names = {"UID", "DTSTAMP", "SEQUENCE", "SUMMARY", "DTSTART", "TRANSP", "DESCRIPTION", "CLASS"}
    assert {str(name) for name in event} == names
    assert event["class"] == "PRIVATE"
    assert "one" not in str(event["uid"])
