"""
`/desk/offers/import`: a file is chosen, what would become of it is shown, and only what is confirmed is stored.

Between the two the file is with who chose it, in the form: nothing of it is kept here before somebody said yes.
"""

from __future__ import annotations

import base64
import binascii
import csv
from dataclasses import dataclass
from datetime import date
from io import StringIO
from typing import TYPE_CHECKING

from starlette.responses import Response

from bot.browse import my_offers
from bot.handoff.access import Screen
from bot.import_offers import LARGEST_AT_DESK, OFF, foresee_at_desk, import_at_desk
from bot.participation.sheets import COLUMNS, MOST_ROWS, Unreadable, UnreadableFileError
from bot.publish import Refusal
from bot.web.console.door import HEADERS, Door
from bot.web.console.lists import names_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.import_offers import Imported, Taken
    from bot.web.console.door import Visit

IMPORT = "/desk/offers/import"
CONFIRM, TEMPLATE = f"{IMPORT}/confirm", f"{IMPORT}/template.csv"
# So many lines of each sort are shown; of the others it is said how many there are.
SHOWN = 100
LONGEST_SHOWN = 80
# As Excel parts cells where the language is written: a file that it opens is a file that it saves.
PARTED_BY = {"nl": ";"}
MEGABYTE = 1024 * 1024
TICKS = frozenset({"women_only", "childcare", "accessible"})
DAYS = frozenset({"day", "until", "expires_on"})


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row as it stands on the page: what it is called, what differs (field, here, in the file), what it lacks."""

    row: Taken
    differs: tuple[tuple[str, str, str], ...]
    is_off: bool
    lacks: str


def ask(visit: Visit, *, wrong: str = "", beside: str = "") -> Response:
    """Show where a file is chosen, and what may stand in it."""
    shelf = my_offers(visit.runtime, visit.user.id)
    if isinstance(shelf, Refusal):
        return visit.problem(403)
    return visit.page(
        "offers_import.html",
        status=422 if wrong else 200,
        shelf=shelf,
        organisation=visit.given("organisation"),
        columns=COLUMNS,
        most_rows=MOST_ROWS,
        megabytes=LARGEST_AT_DESK // MEGABYTE,
        problem="" if beside else wrong,
        wrong={beside: wrong} if beside else {},
    )


def foresee(visit: Visit) -> Response:
    """Show what would become of the file that was chosen."""
    chosen = visit.files("file")
    if not chosen:
        return ask(visit, wrong=visit.words("offers_import_no_file"), beside="file")
    name, content = chosen[0].filename or "", chosen[0].file.read(LARGEST_AT_DESK + 1)
    return _shown(visit, foresee_at_desk, name, content, is_done=False)


def take(visit: Visit) -> Response:
    """Make the drafts, and show what became of each row."""
    try:
        content = base64.b64decode(visit.given("content"), validate=True)
    except (binascii.Error, ValueError):
        return ask(visit, wrong=visit.words("offers_import_no_file"), beside="file")
    return _shown(visit, import_at_desk, visit.given("name"), content, is_done=True)


def template(visit: Visit) -> Response:
    """Hand over a sheet that has the headings and nothing else."""
    written = StringIO()
    headings = [visit.words(f"offers_column_{name}") for name in COLUMNS]
    csv.writer(written, delimiter=PARTED_BY.get(visit.words.language, ",")).writerow(headings)
    headers = {
        **HEADERS,
        "content-disposition": 'attachment; filename="wegwijs-offers.csv"',
        "x-content-type-options": "nosniff",
    }
    # The mark at its beginning tells Excel that it is UTF-8.
    return Response(written.getvalue().encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)


def _shown(
    visit: Visit, act: Callable[..., Imported | Refusal], name: str, content: bytes, *, is_done: bool
) -> Response:
    organisation = visit.given("organisation")
    try:
        found = act(visit.runtime, visit.user.id, name, content, organisation=organisation)
    except UnreadableFileError as error:
        return ask(visit, wrong=_mend(visit, error.why), beside="file")
    if isinstance(found, Refusal):
        if found is Refusal.NOT_YOUR_ROLE:
            return visit.problem(403)
        return ask(visit, wrong=visit.words(f"offers_wrong_{found.value}"), beside="organisation")
    return visit.page(
        "offers_import_look.html",
        found=found,
        parts={
            "changed": [_line(visit, row) for row in found.those("changed")[:SHOWN]],
            "left": [_line(visit, row) for row in found.left_behind[:SHOWN]],
            "new": [_line(visit, row) for row in found.those("new")[:SHOWN]],
        },
        totals={"changed": found.counts["changed"], "left": len(found.left_behind), "new": found.counts["new"]},
        problems=[_problem(visit, one.line, one.field, one.why) for one in found.problems[:SHOWN]],
        stores=found.counts["new"] + found.counts["changed"],
        most=SHOWN,
        is_done=is_done,
        name=name,
        organisation=organisation,
        content="" if is_done else base64.b64encode(content).decode(),
    )


def _mend(visit: Visit, why: Unreadable) -> str:
    return visit.words(f"offers_import_{why.value}", size=LARGEST_AT_DESK // MEGABYTE, rows=MOST_ROWS)


def _problem(visit: Visit, line: int, field: str, why: str) -> tuple[int, str, str]:
    return line, _column(visit, field) if field else "", visit.words(f"offers_wrong_{why}")


def _line(visit: Visit, row: Taken) -> Line:
    differs = tuple(
        (_column(visit, field), _said(visit, field, here), _said(visit, field, there))
        for field, (here, there) in row.differs.items()
        if field != OFF
    )
    lacks = visit.words(f"offers_wrong_{row.lacks}") if row.lacks else ""
    return Line(row=row, differs=differs, is_off=OFF in row.differs, lacks=lacks)


def _column(visit: Visit, field: str) -> str:
    return visit.words(f"offers_column_{field}")


def _said(visit: Visit, field: str, text: str) -> str:
    """Return what a field says, in the words of the desk."""
    if field in TICKS:
        return visit.words("offers_import_yes" if text else "offers_import_no")
    if not text:
        return visit.words("offers_import_empty")
    if field in DAYS:
        return visit.words.day(date.fromisoformat(text))
    if field in {"kind", "sort"}:
        return visit.words(f"offers_{field}_{text}")
    if field == "repeats":
        return visit.words("offers_repeats_weekly")
    if field == "languages":
        return ", ".join(names_for(visit).language(code) for code in text.split(","))
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST_SHOWN else f"{plain[: LONGEST_SHOWN - 1]}…"


_POST = ("POST",)
DOORS = (
    Door(path=IMPORT, screen=Screen.OFFERS, endpoint=ask),
    Door(path=IMPORT, screen=Screen.OFFERS, endpoint=foresee, methods=_POST),
    Door(path=CONFIRM, screen=Screen.OFFERS, endpoint=take, methods=_POST),
    Door(path=TEMPLATE, screen=Screen.OFFERS, endpoint=template),
)
