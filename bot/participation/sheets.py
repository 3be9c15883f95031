"""
Files with offers, read into rows of fields: a sheet (CSV) and a calendar (RFC 5545). Pure.

Of a calendar what is once or every week is read; what a row cannot say is left to whoever reads its fields.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from icalendar import Calendar

from bot.domain.clock import AMSTERDAM
from bot.participation.writing import FIELDS, Misread, Misreading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

UID = "uid"
# How to reach somebody is nobody's whose account does not write it down.
COLUMNS = (UID, *(name for name in FIELDS if name != "contact"))
MOST_ROWS = 2000
_DELIMITERS = (";", "\t", ",")
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BEGIN = "BEGIN:VEVENT"


class UnreadableFileError(Exception):
    """This is no sheet with headings, nor a calendar."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


@dataclass(frozen=True, kw_only=True)
class Row:
    """
    One offer of a file, on which line it begins (1 is the first), and by what it is known when it comes again.

    `wrong` is what the file says that no offer can be.
    """

    line: int
    uid: str
    fields: Mapping[str, str] = field(default_factory=dict)
    wrong: Misread | None = None
    is_off: bool = False


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The rows of a file, and headings of its first line that are none of ours."""

    rows: tuple[Row, ...]
    unknown: tuple[str, ...] = ()


def read_csv(text: str, headings: Mapping[str, str]) -> Sheet:
    """
    Return the rows of a sheet whose first line has headings; `headings` are other words (small letters) for `COLUMNS`.

    Raises:
        UnreadableFileError: there is no heading that is ours, or there are more than `MOST_ROWS` rows.

    """
    lines = text.removeprefix("\ufeff").splitlines(keepends=True)
    first = lines[0] if lines else ""
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        written = [one.strip() for one in next(reader, [])]
        named = [_column(one, headings) for one in written]
        if "title" not in named:
            raise UnreadableFileError
        rows = tuple(_rows(reader, named))
    except csv.Error:
        raise UnreadableFileError from None
    return Sheet(rows=rows, unknown=tuple(one for one, name in zip(written, named, strict=True) if one and not name))


def _column(heading: str, headings: Mapping[str, str]) -> str:
    plain = heading.casefold()
    return plain if plain in COLUMNS else headings.get(plain, "")


def _rows(reader: Any, named: list[str]) -> Iterator[Row]:  # csv's own type has no name at run time
    begins = reader.line_num + 1
    for number, cells in enumerate(reader):
        if number >= MOST_ROWS:
            raise UnreadableFileError
        line, begins = begins, reader.line_num + 1
        fields = {name: cell.strip() for name, cell in zip(named, cells, strict=False) if name}
        if any(fields.values()):
            uid = fields.pop(UID, "") or _uid_of(fields)
            yield Row(line=line, uid=uid, fields=fields)


def _uid_of(fields: Mapping[str, str]) -> str:
    # Who gives a row no name of its own: the same thing at the same moment is the same offer.
    said = "\x00".join(fields.get(name, "").casefold() for name in ("title", "day", "begins", "place"))
    return f"row-{hashlib.sha256(said.encode()).hexdigest()[:32]}"


def read_ics(content: bytes) -> Sheet:
    """
    Return the events of a calendar.

    Raises:
        UnreadableFileError: it is none, or has more than `MOST_ROWS` events.

    """
    try:
        calendar = Calendar.from_ical(content)
        events = calendar.walk("VEVENT")
    except (ValueError, IndexError, KeyError):
        raise UnreadableFileError from None
    text = content.decode(errors="replace").splitlines()
    lines = [number for number, line in enumerate(text, 1) if line.strip().upper() == _BEGIN]
    if len(events) > MOST_ROWS or len(lines) != len(events):
        raise UnreadableFileError
    return Sheet(rows=tuple(_event(event, line) for event, line in zip(events, lines, strict=True)))


def _event(event: Any, line: int) -> Row:
    title = str(event.get("SUMMARY", "")).strip()
    fields = {
        "title": title,
        "body": str(event.get("DESCRIPTION", "")).strip(),
        "place": " ".join(str(event.get("LOCATION", "")).split()),
    }
    wrong: Misread | None = None
    try:
        fields |= _moment(event)
    except _UnfitError as error:
        wrong = error.misread
    uid = str(event.get("UID", "")).strip() or _uid_of(fields)
    is_off = str(event.get("STATUS", "")).upper() == "CANCELLED"
    return Row(line=line, uid=uid, fields=fields, wrong=wrong, is_off=is_off)


class _UnfitError(Exception):
    """A calendar says something that no offer can be."""

    def __init__(self, name: str, why: Misreading) -> None:
        super().__init__(self.__doc__)
        self.misread = Misread(field=name, why=why)


def _moment(event: Any) -> dict[str, str]:
    begins = _there(event.get("DTSTART"))
    if begins is None:
        raise _UnfitError("begins", Misreading.NO_TIME)
    ends = _there(event.get("DTEND"))
    if ends is None and event.get("DURATION") is not None:
        # Elapsed time, not the hands of the clock: the two differ when the clocks change.
        ends = (begins.astimezone(UTC) + event.get("DURATION").dt).astimezone(AMSTERDAM)
    fields = {"day": begins.date().isoformat(), "begins": f"{begins:%H:%M}", "ends": f"{ends:%H:%M}" if ends else ""}
    if ends is not None and ends - begins >= timedelta(days=1):
        raise _UnfitError("ends", Misreading.BAD_TIME)
    for name in ("RECURRENCE-ID", "EXDATE", "RDATE"):
        if event.get(name) is not None:
            raise _UnfitError("repeats", Misreading.BAD_REPEATS)
    rule = event.get("RRULE")
    return fields if rule is None else {**fields, **_weekly(rule, begins)}


def _weekly(rule: Any, begins: datetime) -> dict[str, str]:
    said = {str(name).upper(): [str(value).upper() for value in values] for name, values in dict(rule).items()}
    is_plain = (
        isinstance(rule, dict)
        and said.get("FREQ") == ["WEEKLY"]
        and said.get("INTERVAL", ["1"]) == ["1"]
        and said.get("BYDAY", [_WEEKDAYS[begins.weekday()]]) == [_WEEKDAYS[begins.weekday()]]
        and said.keys() <= {"FREQ", "INTERVAL", "BYDAY", "UNTIL", "COUNT", "WKST"}
    )
    if not is_plain:
        raise _UnfitError("repeats", Misreading.BAD_REPEATS)
    until: date | None = None
    if "UNTIL" in said:
        (last,) = rule["UNTIL"]
        until = _on_the_wall(last).date() if isinstance(last, datetime) else last
    elif "COUNT" in said:
        until = begins.date() + timedelta(weeks=int(said["COUNT"][0]) - 1)
    return {"repeats": "weekly", "until": until.isoformat() if until else ""}


def _there(property_: Any) -> datetime | None:
    """Return a moment on the wall clock of Amsterdam; None for a whole day, or when nothing is said."""
    moment = getattr(property_, "dt", None)
    return _on_the_wall(moment) if isinstance(moment, datetime) else None


def _on_the_wall(moment: datetime) -> datetime:
    # A time without a zone is meant where the reader is.
    return moment.replace(tzinfo=AMSTERDAM) if moment.tzinfo is None else moment.astimezone(AMSTERDAM)
