"""
An offer as somebody wrote it down, in a form or in a row of a sheet, read into what it says. Pure.

A day is 2026-12-03 or 3-12-2026, a time 14:00 or 14.00, both on the wall clock of Amsterdam; money is euros.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bot.domain.clock import AMSTERDAM
from bot.domain.days import at
from bot.participation.offers import Weekly, When

if TYPE_CHECKING:
    from collections.abc import Mapping

# What can be filled in, each as text; those of LISTS hold several, with commas or blanks between.
FIELDS = (
    "title",
    "body",
    "kind",
    "sort",
    "day",
    "begins",
    "ends",
    "repeats",
    "until",
    "expires_on",
    "place",
    "area",
    "municipality",
    "capacity",
    "languages",
    "age_from",
    "age_to",
    "women_only",
    "childcare",
    "accessible",
    "cost",
    "tasks",
    "contact",
)
YES = frozenset({"1", "yes", "y", "true", "x", "on", "ja", "j"})
NO = frozenset({"", "0", "no", "n", "false", "off", "nee"})
WEEKLY = frozenset({"weekly", "wekelijks", "elke week", "every week"})
ONCE = frozenset({"", "once", "eenmalig", "een keer", "één keer"})
FREE = frozenset({"gratis", "free"})
_DUTCH_DAY = re.compile(r"(\d{1,2})[-/](\d{1,2})[-/](\d{4})", re.ASCII)
_TIME = re.compile(r"(\d{1,2})[:.](\d{2})", re.ASCII)
_NUMBER = re.compile(r"\d{1,6}", re.ASCII)
_COST = re.compile(r"\d{1,5}(?:[.,]\d{1,2})?", re.ASCII)


class Misreading(StrEnum):
    """Why a field says nothing."""

    BAD_DAY = "bad_day"
    BAD_TIME = "bad_time"
    NO_TIME = "no_time"  # a day without one
    NO_DAY = "no_day"  # a time without one
    BAD_NUMBER = "bad_number"
    BAD_COST = "bad_cost"
    BAD_YES_NO = "bad_yes_no"
    BAD_REPEATS = "bad_repeats"
    FORMULA = "formula"  # of a sheet: it holds what a formula comes to


@dataclass(frozen=True, kw_only=True)
class Draft:
    """
    What is written down of an offer, in plain Dutch.

    `area` are the four digits of its postcode, `cost_cents` 0 is free and None not said, `tasks` are the names of the
    trajectory's tasks that it serves. `contact` stays inside; None leaves it as it is.
    """

    kind: str
    sort: str
    title: str
    body: str
    when: When
    place: str = ""
    area: str = ""
    municipality: str = ""
    capacity: int | None = None
    languages: tuple[str, ...] = ()
    age_from: int | None = None
    age_to: int | None = None
    women_only: bool = False
    childcare: bool = False
    accessible: bool = False
    cost_cents: int | None = None
    tasks: tuple[str, ...] = ()
    contact: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Misread:
    """A field that says nothing, and why."""

    field: str
    why: Misreading


class _MisreadError(Exception):
    """A field says nothing."""

    def __init__(self, name: str, why: Misreading) -> None:
        super().__init__(self.__doc__)
        self.misread = Misread(field=name, why=why)


def read(written: Mapping[str, str]) -> Draft | Misread:
    """Return what the fields say, or the first that says nothing; a field that is not there is empty."""
    # PostgreSQL keeps no NUL in a text.
    given = {name: written.get(name, "").replace("\x00", "").strip() for name in FIELDS}
    try:
        return Draft(
            kind=given["kind"] or "activity",
            sort=given["sort"] or "other",
            title=given["title"],
            body=given["body"].replace("\r\n", "\n"),
            when=_when(given),
            place=given["place"],
            area=given["area"],
            municipality=given["municipality"],
            capacity=_number(given, "capacity"),
            languages=_several(given["languages"]),
            age_from=_number(given, "age_from"),
            age_to=_number(given, "age_to"),
            women_only=_is_so(given, "women_only"),
            childcare=_is_so(given, "childcare"),
            accessible=_is_so(given, "accessible"),
            cost_cents=_cents(given["cost"]),
            tasks=_several(given["tasks"]),
            contact=given["contact"] if "contact" in written else None,
        )
    except _MisreadError as error:
        return error.misread


def _when(given: Mapping[str, str]) -> When:
    day, begins, ends = _day(given, "day"), _time(given, "begins"), _time(given, "ends")
    until, expires_on = _day(given, "until"), _day(given, "expires_on")
    repeats = given["repeats"].casefold()
    if repeats not in WEEKLY | ONCE:
        raise _MisreadError("repeats", Misreading.BAD_REPEATS)
    if day is None:
        if begins or ends or until or repeats in WEEKLY:
            raise _MisreadError("day", Misreading.NO_DAY)
        return When(expires_on=expires_on)
    if begins is None:
        raise _MisreadError("begins", Misreading.NO_TIME)
    if repeats in WEEKLY:
        weekly = Weekly(weekday=day.weekday(), begins=begins, ends=ends, since=day, until=until)
        return When(weekly=weekly, expires_on=expires_on)
    try:
        # What ends earlier on the clock than it begins, ends on the next day.
        ends_on = day if ends is None or ends > begins else day + timedelta(days=1)
        return When(starts_at=at(day, begins), ends_at=at(ends_on, ends) if ends else None, expires_on=expires_on)
    except OverflowError:
        raise _MisreadError("day", Misreading.BAD_DAY) from None


def _day(given: Mapping[str, str], name: str) -> date | None:
    text = given[name]
    if not text:
        return None
    dutch = _DUTCH_DAY.fullmatch(text)
    try:
        return date(int(dutch[3]), int(dutch[2]), int(dutch[1])) if dutch else date.fromisoformat(text)
    except ValueError:
        raise _MisreadError(name, Misreading.BAD_DAY) from None


def _time(given: Mapping[str, str], name: str) -> time | None:
    text = given[name]
    if not text:
        return None
    found = _TIME.fullmatch(text)
    try:
        return time(int(found[1]), int(found[2])) if found else _whole_time(text)
    except ValueError:
        raise _MisreadError(name, Misreading.BAD_TIME) from None


def _whole_time(text: str) -> time:
    return time.fromisoformat(text).replace(second=0, microsecond=0, tzinfo=None)


def _number(given: Mapping[str, str], name: str) -> int | None:
    if not given[name]:
        return None
    if not _NUMBER.fullmatch(given[name]):
        raise _MisreadError(name, Misreading.BAD_NUMBER)
    return int(given[name])


def _is_so(given: Mapping[str, str], name: str) -> bool:
    said = given[name].casefold()
    if said not in YES | NO:
        raise _MisreadError(name, Misreading.BAD_YES_NO)
    return said in YES


def _several(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for part in re.split(r"[,;\s]+", text) if part))


def _cents(text: str) -> int | None:
    if not text:
        return None
    if text.casefold() in FREE:
        return 0
    plain = text.removeprefix("€").strip()
    if not _COST.fullmatch(plain):
        raise _MisreadError("cost", Misreading.BAD_COST)
    try:
        return int(Decimal(plain.replace(",", ".")) * 100)
    except InvalidOperation:
        raise _MisreadError("cost", Misreading.BAD_COST) from None


# ---- and back


def as_written(kept: Mapping[str, Any], when: When) -> dict[str, str]:
    """Return the fields that say the same as an offer's values (by the names of `Draft`), for a form."""
    fields = {name: "" if kept.get(name) is None else str(kept[name]) for name in FIELDS if name in kept}
    fields |= {name: "1" if kept.get(name) else "" for name in ("women_only", "childcare", "accessible")}
    fields |= {name: ",".join(kept.get(name) or ()) for name in ("languages", "tasks")}
    cents = kept.get("cost_cents")
    fields["cost"] = "" if cents is None else f"{cents // 100},{cents % 100:02}"
    weekly = when.weekly
    if weekly is not None:
        first = weekly.since
        fields |= {"repeats": "weekly", "day": first.isoformat() if first else "", "begins": f"{weekly.begins:%H:%M}"}
        fields |= {"ends": f"{weekly.ends:%H:%M}" if weekly.ends else ""}
        fields |= {"until": weekly.until.isoformat() if weekly.until else ""}
    elif when.starts_at is not None:
        fields |= {"day": _there(when.starts_at).date().isoformat(), "begins": f"{_there(when.starts_at):%H:%M}"}
        fields |= {"ends": f"{_there(when.ends_at):%H:%M}" if when.ends_at else ""}
    fields["expires_on"] = when.expires_on.isoformat() if when.expires_on else ""
    return fields


def _there(moment: datetime) -> datetime:
    return moment.astimezone(AMSTERDAM)
