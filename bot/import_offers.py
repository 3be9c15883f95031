"""
A file of an organisation becomes drafts: a sheet (CSV) or a calendar (iCalendar).

What came before is changed, never doubled, by what the file calls it. What newcomers read already is left as it is: a
coordinator changes that at the desk. Each row is a unit of work of its own; what cannot be taken says on which line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from bot.participation.offers import KINDS, SORTS, State
from bot.participation.sheets import COLUMNS, UID, Row, Sheet, read_csv, read_ics
from bot.participation.writing import Misread, read
from bot.publish import Refusal, columns, reason_not_to_offer, reason_not_to_write, rewritten, written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.knowledge.knowledge import Knowledge
    from bot.participation.writing import Draft
    from bot.store.database import Database
    from bot.store.participation_rows import OfferRow
    from bot.store.work import Work

LARGEST_FILE = 5 * 1024 * 1024  # bytes
LONGEST_UID = 200
Became: TypeAlias = Literal["new", "changed", "same", "left", "past"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a file is taken in: the database, what is known here, and the moment."""

    database: Database
    knowledge: Knowledge
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A line of the file that was not taken: the field it is about (empty: the whole row), and why."""

    line: int
    field: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Imported:
    """How many offers became what, which headings are not known, and what was not taken."""

    counts: Mapping[Became, int]
    unknown: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = field(default_factory=tuple)


def import_offers(place: Place, name: str, content: bytes, *, organisation: str, submit: bool = False) -> Imported:
    """
    Make drafts of a file, for an organisation that may be new; `submit` sends them in at once.

    `name` is the file's: what ends in .ics is a calendar, anything else a sheet.

    Raises:
        UnreadableFileError: it is neither.
        UnicodeDecodeError: a sheet that is not UTF-8.

    """
    is_calendar = name.casefold().endswith(".ics")
    sheet = read_ics(content) if is_calendar else read_csv(content.decode("utf-8-sig"), headings(place.knowledge))
    organisation_id = place.database.write(lambda work: work.offers.add_organisation(organisation.strip(), place.now))
    counts: dict[Became, int] = dict.fromkeys(("new", "changed", "same", "left", "past"), 0)
    problems: list[Problem] = list(_twice(sheet))
    first: set[str] = set()
    for row in sheet.rows:
        if row.uid in first:
            continue
        first.add(row.uid)
        done = _take(place, organisation_id, row, submit=submit, is_calendar=is_calendar)
        if isinstance(done, Problem):
            problems.append(done)
        else:
            counts[done] += 1
    return Imported(counts=counts, unknown=sheet.unknown, problems=tuple(sorted(problems, key=lambda one: one.line)))


def headings(knowledge: Knowledge) -> dict[str, str]:
    """Return what the columns are called at the desk, in each of its languages and small letters."""
    return {
        words[f"offers_column_{name}"].casefold(): name
        for words in knowledge.console.values()
        for name in COLUMNS
        if f"offers_column_{name}" in words
    }


def _twice(sheet: Sheet) -> list[Problem]:
    seen: set[str] = set()
    problems = []
    for row in sheet.rows:
        if row.uid in seen:
            problems.append(Problem(line=row.line, field=UID, why="twice"))
        seen.add(row.uid)
    return problems


def _take(place: Place, organisation_id: str, row: Row, *, submit: bool, is_calendar: bool) -> Became | Problem:
    if len(row.uid) > LONGEST_UID:
        return Problem(line=row.line, field=UID, why=Refusal.TOO_LONG.value)
    if row.wrong is not None and not row.is_off:
        return Problem(line=row.line, field=row.wrong.field, why=row.wrong.why.value)
    given = read(_in_codes(place.knowledge, row.fields))
    if isinstance(given, Misread):
        return Problem(line=row.line, field=given.field, why=given.why.value)

    def attempt(work: Work) -> Became | Problem:
        found = work.publishing.imported(organisation_id, row.uid)
        before = work.publishing.hold(found.id) if found else None
        if row.is_off:
            return "left"
        if before is not None and _says(before) == columns(given):
            return "same"
        if before is not None and before.state in {State.PUBLISHED, State.CANCELLED, State.ENDED}:
            return "left"
        refused = reason_not_to_write(place.knowledge, given, place.now, before=before)
        if refused is Refusal.NOT_AHEAD and is_calendar:
            return "past"
        if refused is not None:
            return Problem(line=row.line, field="", why=refused.value)
        return _store(place, work, row, organisation_id=organisation_id, given=given, before=before, submit=submit)

    return place.database.write(attempt)


def _store(  # noqa: PLR0913  # a row, and what it was
    place: Place,
    work: Work,
    row: Row,
    *,
    organisation_id: str,
    given: Draft,
    before: OfferRow | None,
    submit: bool,
) -> Became | Problem:
    if before is None:
        offer = written(work, organisation_id, given, place.now, source_uid=row.uid)
    else:
        more: dict[str, Any] = {"state": State.DRAFT.value} if before.state == State.DECLINED else {}
        offer = rewritten(work, before, given, place.now, **more)
    if submit and offer.state == State.DRAFT:
        lacks = reason_not_to_offer(offer, place.now)
        if lacks is not None:
            # It stands there as a draft, and who imported it hears what it lacks.
            return Problem(line=row.line, field="", why=lacks.value)
        work.publishing.save(offer.id, state=State.SUBMITTED.value, submitted_at=place.now, reason=None)
    return "new" if before is None else "changed"


def _says(offer: OfferRow) -> dict[str, Any]:
    """Return an offer as the store's columns, to lay beside those of a draft."""
    named = {"weekly_json": offer.weekly, "languages_json": list(offer.languages), "tasks_json": list(offer.tasks)}
    plain = (
        "kind sort title body place area municipality starts_at ends_at capacity age_from age_to women_only childcare "
        "accessible cost_cents expires_on"
    )
    return {**named, **{name: getattr(offer, name) for name in plain.split()}}


def _in_codes(knowledge: Knowledge, fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields with our own names where the desk's words for them stand."""
    named = dict(fields)
    for name, codes in (("kind", KINDS), ("sort", SORTS)):
        said = named.get(name, "").casefold()
        words = {
            words[f"offers_{name}_{code}"].casefold(): code
            for words in knowledge.console.values()
            for code in codes
            if f"offers_{name}_{code}" in words
        }
        named[name] = words.get(said, said)
    places = {place.name.casefold(): one for one, place in knowledge.content.municipalities.items()}
    town = named.get("municipality", "").casefold()
    named["municipality"] = places.get(town, town)
    return named
