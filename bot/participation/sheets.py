"""
Files with offers, read into rows of fields: a sheet (CSV) and a calendar (RFC 5545). Pure.

Of a calendar what is once or every week is read; what a row cannot say is left to whoever reads its fields. A file
comes from anybody who signs in: what it has us do is bounded by its length, and nothing of it stays in the process.
"""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from io import StringIO
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
# What a calendar is made of, one level in another: no event lies deeper than this.
MOST_LEVELS = 5
MOST_WEEKS = 5000
# How Excel's own files begin: since 2007 (a zip file), and before.
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_CALENDAR = b"BEGIN:VCALENDAR"
_SEPARATOR = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
# A sheet holds what a formula came to. One that is written out, or that went wrong, is nothing for anybody to read,
# and does something in the sheet of who takes it out again.
_FORMULA = re.compile(r"=|[@+-][A-Za-z.]+\(|[+-]\S*\||#[\w/]+[!?]|#N/[AB]\b")


class Unreadable(StrEnum):
    """Why a file is not read at all."""

    NO_SHEET = "no_sheet"  # no line of headings that has one for the title
    NO_CALENDAR = "no_calendar"
    WORKBOOK = "workbook"  # Excel's own file: it is to be saved as CSV
    BAD_SIGNS = "bad_signs"  # no text that we know
    TOO_MANY = "too_many"
    TOO_LARGE = "too_large"


class UnreadableFileError(Exception):
    """This is no sheet with headings, nor a calendar."""

    def __init__(self, why: Unreadable) -> None:
        super().__init__(self.__doc__)
        self.why = why


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
    is_calendar: bool = False


def is_calendar(name: str, content: bytes) -> bool:
    """Return whether a file is to be read as a calendar, by its name or by how it begins."""
    return name.casefold().endswith(".ics") or content.lstrip(b"\xef\xbb\xbf \r\n")[:15].upper() == _CALENDAR


def text_of(content: bytes) -> str:
    """
    Return the text of a sheet: UTF-8, what Excel calls Unicode, or else what Windows writes in Western Europe.

    Raises:
        UnreadableFileError: it is none of these, or an Excel file.

    """
    if content.startswith(_WORKBOOKS):
        raise UnreadableFileError(Unreadable.WORKBOOK)
    try:
        text = content.decode("utf-16" if content.startswith(_UTF16) else "utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError:
            raise UnreadableFileError(Unreadable.BAD_SIGNS) from None
    if "\x00" in text:
        raise UnreadableFileError(Unreadable.BAD_SIGNS)
    return text


def read_csv(text: str, headings: Mapping[str, str]) -> Sheet:
    """
    Return the rows of a sheet whose first line has headings; `headings` are other words (small letters) for `COLUMNS`.

    Raises:
        UnreadableFileError: there is no heading that is ours, or there are more than `MOST_ROWS` rows.

    """
    text = text.removeprefix("\ufeff")
    # Some programs write first, for Excel, by what the cells are parted.
    said = _SEPARATOR.match(text)
    text = text[said.end() :] if said else text
    first = text.splitlines()[0] if text.strip() else ""
    delimiter = said[1] if said else max(_DELIMITERS, key=first.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        written = [one.strip() for one in next(reader, [])]
        named = [_column(one, headings) for one in written]
        if "title" not in named:
            raise UnreadableFileError(Unreadable.NO_SHEET)
        rows = tuple(_rows(reader, named, 1 if said else 0))
    except (csv.Error, TypeError):
        # Also a cell that never ends, or that is larger than any cell; TypeError: parted by a sign that cannot part.
        raise UnreadableFileError(Unreadable.NO_SHEET) from None
    return Sheet(rows=rows, unknown=tuple(one for one, name in zip(written, named, strict=True) if one and not name))


def _column(heading: str, headings: Mapping[str, str]) -> str:
    plain = heading.casefold()
    return plain if plain in COLUMNS else headings.get(plain, "")


def _rows(reader: Any, named: list[str], before: int) -> Iterator[Row]:  # csv's own type has no name at run time
    begins = reader.line_num + 1
    for number, cells in enumerate(reader):
        if number >= MOST_ROWS:
            raise UnreadableFileError(Unreadable.TOO_MANY)
        line, begins = begins + before, reader.line_num + 1
        fields = {name: cell.strip() for name, cell in zip(named, cells, strict=False) if name}
        if any(fields.values()):
            uid = fields.pop(UID, "") or _uid_of(fields)
            yield Row(line=line, uid=uid, fields=fields, wrong=_formula_in(fields))


def _formula_in(fields: Mapping[str, str]) -> Misread | None:
    wrong = next((name for name, cell in fields.items() if _FORMULA.match(cell)), None)
    return None if wrong is None else Misread(field=wrong, why=Misreading.FORMULA)


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
    # PostgreSQL keeps no NUL in a text.
    text = content.decode(errors="replace").removeprefix("\ufeff").replace("\x00", "")
    raw = [line.strip().upper() for line in text.splitlines()]
    lines = [number for number, line in enumerate(raw, 1) if line == _BEGIN]
    if len(lines) > MOST_ROWS:
        raise UnreadableFileError(Unreadable.TOO_MANY)
    try:
        calendar = Calendar.from_ical("\r\n".join(_without_zones(text)) + "\r\n")
        events = calendar.walk("VEVENT")
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
        raise UnreadableFileError(Unreadable.NO_CALENDAR) from None
    if len(lines) != len(events):
        raise UnreadableFileError(Unreadable.NO_CALENDAR)
    rows = tuple(_event(event, line) for event, line in zip(events, lines, strict=True))
    return Sheet(rows=rows, is_calendar=True)


def _without_zones(text: str) -> Iterator[str]:
    """
    Yield the whole lines of a calendar, without the time zones that it makes itself.

    The library works such a zone out, change by change until 2038 (a zone that changes every second is a bomb), and
    keeps it for every file that comes after. The zones that have a name are known without; what has another is ours.
    """
    inside, deep = False, 0
    for line in _unfolded(text):
        plain = line.upper()
        if plain.startswith(("BEGIN:", "BEGIN;")):
            deep += 1
            inside = inside or "VTIMEZONE" in plain
        if deep > MOST_LEVELS:
            raise UnreadableFileError(Unreadable.NO_CALENDAR)
        if not inside:
            yield line
        if plain.startswith(("END:", "END;")):
            deep = max(0, deep - 1)
            inside = inside and "VTIMEZONE" not in plain


def _unfolded(text: str) -> Iterator[str]:
    """Yield the lines of a calendar whole. The library's own pattern for this takes hours over many empty lines."""
    parts: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if line.startswith((" ", "\t")) and parts:
            parts.append(line[1:])
        elif line:
            yield from ["".join(parts)] if parts else []
            parts = [line]
    yield from ["".join(parts)] if parts else []


def _event(event: Any, line: int) -> Row:
    fields = {
        "title": _said(event, "SUMMARY"),
        "body": _said(event, "DESCRIPTION"),
        "place": " ".join(_said(event, "LOCATION").split()),
    }
    wrong: Misread | None = None
    try:
        fields |= _moment(event)
    except _UnfitError as error:
        wrong = error.misread
    except OverflowError:
        # A moment, or a length, that no calendar of ours reaches.
        wrong = Misread(field="day", why=Misreading.BAD_DAY)
    uid = _said(event, "UID") or _uid_of(fields)
    is_off = _said(event, "STATUS").upper() == "CANCELLED"
    return Row(line=line, uid=uid, fields=fields, wrong=wrong or _formula_in(fields), is_off=is_off)


def _said(event: Any, name: str) -> str:
    """Return what a property says, the first time when it is there more often."""
    said = event.get(name, "")
    return str(said[0] if isinstance(said, list) else said).strip()


class _UnfitError(Exception):
    """A calendar says something that no offer can be."""

    def __init__(self, name: str, why: Misreading) -> None:
        super().__init__(self.__doc__)
        self.misread = Misread(field=name, why=why)


def _moment(event: Any) -> dict[str, str]:
    begins = _there(_value(event, "DTSTART", "day", Misreading.BAD_DAY))
    if begins is None:
        raise _UnfitError("begins", Misreading.NO_TIME)
    ends = _there(_value(event, "DTEND", "ends", Misreading.BAD_TIME))
    length = _value(event, "DURATION", "ends", Misreading.BAD_TIME)
    if ends is None and isinstance(length, timedelta):
        # Elapsed time, not the hands of the clock: the two differ when the clocks change.
        ends = (begins.astimezone(UTC) + length).astimezone(AMSTERDAM)
    fields = {"day": begins.date().isoformat(), "begins": f"{begins:%H:%M}", "ends": f"{ends:%H:%M}" if ends else ""}
    if ends is not None and ends - begins >= timedelta(days=1):
        raise _UnfitError("ends", Misreading.BAD_TIME)
    for name in ("RECURRENCE-ID", "EXDATE", "RDATE"):
        if event.get(name) is not None:
            raise _UnfitError("repeats", Misreading.BAD_REPEATS)
    rule = event.get("RRULE")
    return fields if rule is None else {**fields, **_weekly(rule, begins)}


def _weekly(rule: Any, begins: datetime) -> dict[str, str]:
    if not isinstance(rule, dict):  # said twice, or not understood
        raise _UnfitError("repeats", Misreading.BAD_REPEATS)
    said = {str(name).upper(): [str(value).upper() for value in values] for name, values in rule.items()}
    is_plain = (
        said.get("FREQ") == ["WEEKLY"]
        and said.get("INTERVAL", ["1"]) == ["1"]
        and said.get("BYDAY", [_WEEKDAYS[begins.weekday()]]) == [_WEEKDAYS[begins.weekday()]]
        and said.keys() <= {"FREQ", "INTERVAL", "BYDAY", "UNTIL", "COUNT", "WKST"}
        and all(len(said.get(name, ["1"])) == 1 for name in ("UNTIL", "COUNT"))
    )
    if not is_plain:
        raise _UnfitError("repeats", Misreading.BAD_REPEATS)
    until: date | None = None
    if "UNTIL" in said:
        (last,) = rule["UNTIL"]
        until = _on_the_wall(last).date() if isinstance(last, datetime) else last
    elif "COUNT" in said:
        times = int(said["COUNT"][0])
        # Whoever writes a hundred years means: without an end.
        until = begins.date() + timedelta(weeks=times - 1) if times <= MOST_WEEKS else None
    return {"repeats": "weekly", "until": until.isoformat() if until else ""}


def _value(event: Any, name: str, field_: str, why: Misreading) -> Any:
    """Return the moment, day or length that a property says; None when it says none."""
    try:
        return getattr(event.get(name), "dt", None)
    except ValueError:  # the library read on, and says only now that this is nothing
        raise _UnfitError(field_, why) from None


def _there(value: Any) -> datetime | None:
    """Return a moment on the wall clock of Amsterdam; None for a whole day, or when nothing is said."""
    return _on_the_wall(value) if isinstance(value, datetime) else None


def _on_the_wall(moment: datetime) -> datetime:
    # A time without a zone is meant where the reader is.
    return moment.replace(tzinfo=AMSTERDAM) if moment.tzinfo is None else moment.astimezone(AMSTERDAM)
