"""
A file of an organisation becomes drafts: a sheet (CSV) or a calendar (iCalendar).

What came before is changed, never doubled, by what the file calls it. What newcomers read already is left as it is: a
coordinator changes that at the desk, and hears what differs. Each row is a unit of work of its own; what cannot be
taken says on which line. At the desk somebody first sees what would become of a file, and nothing is stored by looking.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from bot.participation.offers import KINDS, SORTS, State
from bot.participation.sheets import (
    COLUMNS,
    UID,
    Row,
    Unreadable,
    UnreadableFileError,
    is_calendar,
    read_csv,
    read_ics,
    text_of,
)
from bot.participation.writing import Misread, as_written, read
from bot.publish import Refusal, actor_of, columns, lacks, reason_not_to_write, rewritten, when_of, whose, written

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from bot.knowledge.knowledge import Knowledge
    from bot.participation.sheets import Sheet
    from bot.participation.writing import Draft
    from bot.runtime import Runtime
    from bot.store.database import Database
    from bot.store.participation_rows import OfferRow
    from bot.store.work import Work

LARGEST_FILE = 5 * 1024 * 1024  # bytes
LARGEST_AT_DESK = 1024 * 1024  # bytes: it goes to the browser and back before anything is stored
LONGEST_UID = 200
# What a row leaves alone, by what the file says of it.
OFF = "off"
SHUT = frozenset({State.PUBLISHED, State.CANCELLED, State.ENDED})
Became: TypeAlias = Literal["new", "changed", "same", "left", "past"]
BECAME: tuple[Became, ...] = ("new", "changed", "same", "left", "past")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a file is taken in: the database, what is known here, the moment, and who does it (None: by command)."""

    database: Database
    knowledge: Knowledge
    now: datetime
    who: str | None = None


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A line of the file that was not taken: the field it is about (empty: the whole row), and why."""

    line: int
    field: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Taken:
    """
    What became of a row, or would.

    `differs` holds by field what stands here and what the file says, of a row that is changed or left; `OFF` is in it
    when the file calls off what goes on here. `state` is where the offer stands that was there before; `lacks` what it
    needs before it can be sent in.
    """

    line: int
    title: str
    became: Became
    offer_id: str | None = None
    state: str | None = None
    differs: Mapping[str, tuple[str, str]]
    lacks: str = ""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of each row, which headings are not known, and what was not taken."""

    rows: tuple[Taken, ...]
    unknown: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @cached_property
    def counts(self) -> Mapping[Became, int]:
        """How many rows became what."""
        return {became: len(self.those(became)) for became in BECAME}

    def those(self, *became: Became) -> tuple[Taken, ...]:
        """Return the rows that became one of these."""
        return tuple(row for row in self.rows if row.became in became)

    @cached_property
    def left_behind(self) -> tuple[Taken, ...]:
        """The rows that say something else than what stands here, and were left all the same."""
        return tuple(row for row in self.those("left") if row.differs)


# ---- at the desk


def foresee_at_desk(
    runtime: Runtime, who: str, name: str, content: bytes, *, organisation: str = ""
) -> Imported | Refusal:
    """
    Return what would become of somebody's file; nothing is stored. A coordinator names whose offers they are.

    Raises:
        UnreadableFileError: it is no file of offers, or too large.

    """
    found = _at_desk(runtime, who, name, content, organisation)
    if isinstance(found, Refusal):
        return found
    place, sheet, owner = found
    return foresee_import(place, sheet, organisation=owner)


def import_at_desk(
    runtime: Runtime, who: str, name: str, content: bytes, *, organisation: str = ""
) -> Imported | Refusal:
    """
    Make drafts of somebody's file. A coordinator names whose offers they are.

    Raises:
        UnreadableFileError: it is no file of offers, or too large.

    """
    found = _at_desk(runtime, who, name, content, organisation)
    if isinstance(found, Refusal):
        return found
    place, sheet, owner = found
    return import_offers(place, sheet, organisation=owner)


def _at_desk(
    runtime: Runtime, who: str, name: str, content: bytes, organisation: str
) -> tuple[Place, Sheet, str] | Refusal:
    def allow(work: Work) -> str | Refusal:
        actor = actor_of(work, who)
        return Refusal.NOT_YOUR_ROLE if actor is None else whose(work, actor, organisation)

    owner = runtime.database.read(allow)
    if isinstance(owner, Refusal):
        return owner
    if len(content) > LARGEST_AT_DESK:
        raise UnreadableFileError(Unreadable.TOO_LARGE)
    place = Place(database=runtime.database, knowledge=runtime.knowledge, now=runtime.clock.now(), who=who)
    return place, read_file(runtime.knowledge, name, content), owner


# ---- the whole file


def read_file(knowledge: Knowledge, name: str, content: bytes) -> Sheet:
    """
    Return the rows of a file. `name` is the file's: what ends in .ics is a calendar, anything else a sheet.

    Raises:
        UnreadableFileError: it is neither.

    """
    return read_ics(content) if is_calendar(name, content) else read_csv(text_of(content), headings(knowledge))


def import_offers(place: Place, sheet: Sheet, *, organisation: str, submit: bool = False) -> Imported:
    """Make drafts of a file, for an organisation that may be new; `submit` sends them in at once."""
    organisation_id = place.database.write(lambda work: work.offers.add_organisation(organisation.strip(), place.now))

    def take(row: Row) -> Taken | Problem:
        return place.database.write(lambda work: _taken(place, work, sheet, row, organisation_id, submit=submit))

    return _each(sheet, take)


def foresee_import(place: Place, sheet: Sheet, *, organisation: str) -> Imported:
    """Return what would become of a file; nothing is stored."""

    def look(work: Work) -> Imported:
        organisation_id = work.publishing.organisation_named(organisation.strip())

        def judge(row: Row) -> Taken | Problem:
            found = work.publishing.imported(organisation_id, row.uid) if organisation_id else None
            judged = _judged(place, sheet, row, found)
            return judged if isinstance(judged, Problem) else judged[0]

        return _each(sheet, judge)

    return place.database.read(look)


def headings(knowledge: Knowledge) -> dict[str, str]:
    """Return what the columns are called at the desk, in each of its languages and small letters."""
    return {
        words[f"offers_column_{name}"].casefold(): name
        for words in knowledge.console.values()
        for name in COLUMNS
        if f"offers_column_{name}" in words
    }


def _each(sheet: Sheet, take: Callable[[Row], Taken | Problem]) -> Imported:
    taken: list[Taken] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for row in sheet.rows:
        is_again = row.uid in seen
        seen.add(row.uid)
        done = Problem(line=row.line, field=UID, why="twice") if is_again else take(row)
        if isinstance(done, Problem):
            problems.append(done)
        else:
            taken.append(done)
    return Imported(rows=tuple(taken), unknown=sheet.unknown, problems=tuple(problems))


# ---- a row


def _taken(  # noqa: PLR0913  # a row of which file, whose, and where to
    place: Place, work: Work, sheet: Sheet, row: Row, organisation_id: str, *, submit: bool
) -> Taken | Problem:
    found = work.publishing.imported(organisation_id, row.uid)
    before = work.publishing.hold(found.id) if found else None
    judged = _judged(place, sheet, row, before)
    if isinstance(judged, Problem):
        return judged
    taken, given = judged
    if given is None or taken.became not in {"new", "changed"}:
        return taken
    if before is None:
        offer = written(work, organisation_id, given, place.now, source_uid=row.uid, created_by=place.who)
    else:
        more: dict[str, Any] = {"state": State.DRAFT.value} if before.state == State.DECLINED else {}
        offer = rewritten(work, before, given, place.now, **more)
    taken = replace(taken, offer_id=offer.id)
    if submit and offer.state == State.DRAFT:
        if taken.lacks:
            # It stands there as a draft, and who imported it hears what it lacks.
            return Problem(line=row.line, field="", why=taken.lacks)
        work.publishing.save(offer.id, state=State.SUBMITTED.value, submitted_at=place.now, reason=None)
    return taken


def _judged(place: Place, sheet: Sheet, row: Row, before: OfferRow | None) -> tuple[Taken, Draft | None] | Problem:
    """Return what is to become of a row where this stood before, with what it says; or why it cannot be taken."""
    if row.is_off and len(row.uid) <= LONGEST_UID:
        # To call off is somebody's own deed: people are told of it.
        goes_on = before is not None and before.state not in {State.CANCELLED, State.ENDED}
        return _row(row, before, "left", {OFF: ("", "")} if goes_on else {}), None
    given = _draft(place.knowledge, row)
    if isinstance(given, Problem):
        return given
    if before is not None and _says(before) == columns(given):
        return _row(row, before, "same", {}), given
    differs = {} if before is None else _differences(before, given)
    if before is not None and before.state in SHUT:
        return _row(row, before, "left", differs), given
    refused = reason_not_to_write(place.knowledge, given, place.now, before=before)
    if refused is Refusal.NOT_AHEAD and sheet.is_calendar:
        return _row(row, before, "past", {}), given
    if refused is not None:
        return Problem(line=row.line, field="", why=refused.value)
    taken = _row(row, before, "new" if before is None else "changed", differs)
    needs = lacks(given.kind, given.body, given.when, place.now)
    return replace(taken, lacks=needs.value if needs else ""), given


def _draft(knowledge: Knowledge, row: Row) -> Draft | Problem:
    if len(row.uid) > LONGEST_UID:
        return Problem(line=row.line, field=UID, why=Refusal.TOO_LONG.value)
    given = row.wrong or read(_in_codes(knowledge, row.fields))
    return Problem(line=row.line, field=given.field, why=given.why.value) if isinstance(given, Misread) else given


def _row(row: Row, before: OfferRow | None, became: Became, differs: Mapping[str, tuple[str, str]]) -> Taken:
    title = row.fields.get("title", "") or (before.title if before else "")
    stood = {"offer_id": before.id, "state": before.state} if before else {}
    return Taken(line=row.line, title=title, became=became, differs=differs, **stood)


def _differences(before: OfferRow, given: Draft) -> dict[str, tuple[str, str]]:
    """Return by field what stands here and what the file says."""
    here = as_written(asdict(before), when_of(before))
    there = as_written({**asdict(given), **columns(given)}, given.when)
    return {
        name: (here.get(name, ""), there.get(name, ""))
        for name in COLUMNS
        if name != UID and here.get(name, "") != there.get(name, "")
    }


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
        named[name] = _codes(knowledge, name, codes).get(said, said)
    places = {place.name.casefold(): one for one, place in knowledge.content.municipalities.items()}
    town = named.get("municipality", "").casefold()
    named["municipality"] = places.get(town, town)
    return named


def _codes(knowledge: Knowledge, name: str, codes: Collection[str]) -> dict[str, str]:
    return {
        words[f"offers_{name}_{code}"].casefold(): code
        for words in knowledge.console.values()
        for code in codes
        if f"offers_{name}_{code}" in words
    }
