"""`/desk/counts`: how many, and never who; on a page, and as a file for a spreadsheet with the same numbers."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import StreamingResponse

from bot.answer import Declined
from bot.content.render import Known, Reader
from bot.count import LAYER, REMINDERS, TASK, Block, Counts, count
from bot.handoff.access import Screen
from bot.web.console.door import HEADERS, Door
from bot.web.console.lists import names_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.responses import Response

    from bot.trajectory.counts import Helped
    from bot.web.console.door import Visit

COUNTS = "/desk/counts"
FILE = "/desk/counts.csv"
# What a spreadsheet would take for a formula when a cell begins with it.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
# By this a Dutch spreadsheet, which writes 1,5, parts a line; an English one by a comma.
PARTED_BY = {"nl": ";"}
_MINUTES, _HOURS = timedelta(hours=2), timedelta(days=2)


@dataclass(frozen=True, kw_only=True)
class Naming:
    """What the counts are called in the reader's language."""

    visit: Visit

    def team(self, team: str | None) -> str:
        """Return what a team is called; None: all of them."""
        return names_for(self.visit).team(team) if team is not None else self.visit.words("counts_all_teams")

    def trajectory(self, template: str) -> str:
        """Return what a trajectory is called."""
        return self._text(f"utter_trajectory_{template}", template)

    def task(self, task: str) -> str:
        """Return what a task is called."""
        return self._text(f"utter_task_{task}", task)

    def layer(self, layer: str) -> str:
        """Return what a layer is called."""
        name = f"counts_layer_{layer}"
        return self.visit.words(name) if self.visit.words.has(name) else layer

    def people(self, number: int | None, team: str | None) -> str:
        """Return how many people a team has; that they are fewer than five when it is not told, but not of a total."""
        return self.visit.words("counts_fewer") if number is None and team is not None else self.number(number)

    def number(self, number: int | None) -> str:
        """Return a number; that it is not shown when it is not told."""
        return str(number) if number is not None else self.visit.words("counts_hidden")

    def span(self, span: timedelta) -> str:
        """Return how long something takes, in what it was rounded to."""
        if span <= _MINUTES:
            return self.visit.words("counts_minutes", count=span // timedelta(minutes=1))
        if span <= _HOURS:
            return self.visit.words("counts_hours", count=span // timedelta(hours=1))
        return self.visit.words("counts_days", count=span // timedelta(days=1))

    def _text(self, response: str, otherwise: str) -> str:
        runtime = self.visit.runtime
        if response not in runtime.knowledge.content.responses:
            return otherwise
        reader = Reader(language=self.visit.words.language)
        return runtime.renderer.render(response, reader, Known(), now=self.visit.now).message.text.split("\n")[0]


def show(visit: Visit) -> Response:
    """Show the counts, of one trajectory when it is asked for."""
    counts = _counts(visit)
    if isinstance(counts, Declined):
        return visit.problem(403)
    asked = visit.asked("trajectory")
    return visit.page(
        "counts.html",
        counts=counts,
        names=Naming(visit=visit),
        asked=asked,
        file=f"{FILE}?{urlencode({'trajectory': asked})}" if asked else FILE,
        layer=LAYER,
        task=TASK,
        reminders=REMINDERS,
    )


def download(visit: Visit) -> Response:
    """Hand over the same counts as lines of a spreadsheet, each number with what it counts."""
    counts = _counts(visit)
    if isinstance(counts, Declined):
        return visit.problem(403)
    headers = {
        **HEADERS,
        "content-disposition": f'attachment; filename="wegwijs-{counts.day.isoformat()}.csv"',
        "x-content-type-options": "nosniff",
    }
    return StreamingResponse(_written(visit, counts), media_type="text/csv; charset=utf-8", headers=headers)


def _counts(visit: Visit) -> Counts | Declined:
    return count(visit.runtime, visit.user.id, visit.asked("trajectory") or None)


# ---- the file


def _written(visit: Visit, counts: Counts) -> Iterator[bytes]:
    """Yield the file in pieces. The mark at its beginning tells Excel that it is UTF-8."""
    yield b"\xef\xbb\xbf"
    head = ("day", "team", "trajectory", "kind", "what", "figure", "number")
    yield _line(visit, [visit.words(f"counts_head_{name}") for name in head])
    for line in _lines(visit, counts):
        yield _line(visit, line)


def _line(visit: Visit, cells: list[str]) -> bytes:
    """Return one line; a cell that would be a formula gets a quote before it, and so is text."""
    written = StringIO()
    safe = [f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells]
    csv.writer(written, delimiter=PARTED_BY.get(visit.words.language, ",")).writerow(safe)
    return written.getvalue().encode()


def _lines(visit: Visit, counts: Counts) -> Iterator[list[str]]:
    names, day = Naming(visit=visit), counts.day.isoformat()
    for part in counts.parts:
        for block in part.blocks:
            place = [day, names.team(block.team), names.trajectory(part.template)]
            for kind, what, figure, number in _of_block(names, part.layers, part.tasks, block):
                yield [*place, visit.words(f"counts_kind_{kind}"), what, visit.words(f"counts_{figure}"), number]
    for team, found in counts.helped.items():
        for figure, number in _of_help(names, found):
            kind = visit.words("counts_kind_help")
            yield [day, names.team(team), "", kind, "", visit.words(f"counts_{figure}"), number]


def _of_block(
    names: Naming, layers: tuple[str, ...], tasks: tuple[str, ...], block: Block
) -> Iterator[tuple[str, str, str, str]]:
    """Yield kind, what, figure and number of all that is told of one team in one trajectory."""
    yield "people", "", "enrolled", names.people(block.shown.enrolled, block.team)
    yield "people", "", "ended", names.people(block.shown.ended, block.team)
    rows, messages = block.shown.rows, block.messages
    reminded = rows[REMINDERS]
    yield "reminders", "", "people_answered", names.number(reminded.on_time if reminded else None)
    yield "reminders", "", "people_silent", names.number(reminded.late if reminded else None)
    yield "reminders", "", "sent", names.number(messages.sent if messages else None)
    yield "reminders", "", "answered", names.number(messages.answered if messages else None)
    named = [("layer", names.layer(name), rows[LAYER + name]) for name in layers]
    named += [("task", names.task(name), rows[TASK + name]) for name in tasks]
    for kind, what, row in named:
        yield kind, what, "late", names.number(row.late if row else None)
        yield kind, what, "on_time", names.number(row.on_time if row else None)


def _of_help(names: Naming, found: Helped | None) -> Iterator[tuple[str, str]]:
    """Yield figure and number of how soon a team helped, in minutes: a spreadsheet counts with them."""
    minute = timedelta(minutes=1)
    yield "questions", names.number(found.cases if found else None)
    yield "half_minutes", names.number(found.half // minute if found else None)
    yield "nine_minutes", names.number(found.nine_in_ten // minute if found else None)


DOORS = (
    Door(path=COUNTS, screen=Screen.COUNTS, endpoint=show),
    Door(path=FILE, screen=Screen.COUNTS, endpoint=download),
)
