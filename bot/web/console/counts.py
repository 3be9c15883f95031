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
from bot.tally import CAME, NOW, SPANS, WHOLE, Tally, number_of, tally
from bot.web.console.door import HEADERS, Door
from bot.web.console.lists import names_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from starlette.responses import Response

    from bot.tally import Here, Matched, Place
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

    def few(self, number: int | None) -> str:
        """Return a number of people; that they are fewer than five when it is not told."""
        return str(number) if number is not None else self.visit.words("counts_fewer")

    def place(self, place: Place | None) -> str:
        """Return where something is; None: everywhere."""
        say = self.visit.words
        if place is None:
            return say("counts_all_places")
        places = self.visit.runtime.knowledge.content.municipalities
        known = places.get(place.municipality or "")
        town = known.name if known else place.municipality
        if town is None:
            return place.area or say("counts_no_place")
        if place.area == WHOLE:
            return town
        return say("counts_area", town=town, area=place.area) if place.area else say("counts_no_area", town=town)

    def quarter(self, quarter: date) -> str:
        """Return what a quarter is called: the third quarter of 2026."""
        return self.visit.words("counts_quarter", number=number_of(quarter), year=quarter.year)

    def offer(self, kind: str, sort: str) -> str:
        """Return what an offer of this kind and sort is called."""
        return f"{self.visit.words(f'offers_kind_{kind}')}, {self.visit.words(f'offers_sort_{sort}')}"

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
    taking_part = tally(visit.runtime, visit.user.id)
    if isinstance(counts, Declined) or isinstance(taking_part, Declined):
        return visit.problem(403)
    asked = visit.asked("trajectory")
    return visit.page(
        "counts.html",
        counts=counts,
        tally=taking_part,
        place_figures=of_place,
        match_figures=of_match,
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
    taking_part = tally(visit.runtime, visit.user.id)
    if isinstance(counts, Declined) or isinstance(taking_part, Declined):
        return visit.problem(403)
    headers = {
        **HEADERS,
        "content-disposition": f'attachment; filename="wegwijs-{counts.day.isoformat()}.csv"',
        "x-content-type-options": "nosniff",
    }
    return StreamingResponse(
        _written(visit, counts, taking_part), media_type="text/csv; charset=utf-8", headers=headers
    )


def _counts(visit: Visit) -> Counts | Declined:
    return count(visit.runtime, visit.user.id, visit.asked("trajectory") or None)


# ---- the file


def _written(visit: Visit, counts: Counts, taking_part: Tally) -> Iterator[bytes]:
    """Yield the file in pieces. The mark at its beginning tells Excel that it is UTF-8."""
    yield b"\xef\xbb\xbf"
    head = ("day", "team", "trajectory", "kind", "what", "figure", "number", "place", "quarter")
    yield _line(visit, [visit.words(f"counts_head_{name}") for name in head])
    for line in _lines(visit, counts):
        yield _line(visit, [*line, "", ""])
    for line in _lines_of_taking_part(visit, taking_part):
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


# ---- taking part


def of_place(names: Naming, here: Here) -> list[tuple[str, str]]:
    """Return figure and number of all that is told of a place in a quarter."""
    row = here.shown.rows[CAME]
    # Of a place it is fewer than five when it is not told; a sum may be missing for another reason.
    people = names.number if here.is_sum else names.few
    return [
        ("held", str(here.held)),
        ("called_off", str(here.called_off)),
        ("had_place", people(here.shown.enrolled)),
        ("only_waited", people(here.shown.ended)),
        ("came", names.number(row.on_time if row else None)),
        ("stayed_away", names.number(row.late if row else None)),
        ("not_told", names.number(here.not_told)),
        ("sign_ups", names.number(here.sign_ups)),
    ]


def of_match(names: Naming, matched: Matched) -> list[tuple[str, str]]:
    """Return figure and number of all that is told of who agreed to a match in a quarter."""
    found = [("agreed", names.few(matched.shown.enrolled))]
    for name in (*SPANS, NOW):
        row = matched.shown.rows.get(name)
        hidden = names.number(None) if name in matched.shown.rows else names.visit.words("counts_too_early")
        found.append((f"kept_{name}", str(row.on_time) if row else hidden))
        found.append((f"ended_{name}", str(row.late) if row else hidden))
    return found


def _lines_of_taking_part(visit: Visit, found: Tally) -> Iterator[list[str]]:
    names, say = Naming(visit=visit), visit.words
    start = [found.day.isoformat(), "", ""]

    def line(kind: str, what: str, figure: str, number: str, *where: str) -> list[str]:
        return [*start, say(f"counts_kind_{kind}"), what, say(f"counts_{figure}"), number, *where]

    for here in found.places:
        for figure, number in of_place(names, here):
            yield line("taking_part", "", figure, number, names.place(here.place), names.quarter(here.quarter))
    for offers in found.offers:
        for quarter, number_of_them in zip(found.quarters, offers.numbers, strict=True):
            what, where = names.offer(offers.kind, offers.sort), names.place(offers.place)
            yield line("offers", what, "published", str(number_of_them), where, names.quarter(quarter))
    for matched in found.matched:
        for figure, number in of_match(names, matched):
            yield line(
                "matches", say(f"counts_match_{matched.kind}"), figure, number, "", names.quarter(matched.quarter)
            )
    for kind, people in found.seeking.items():
        yield line("seeking", say(f"counts_{kind}"), "people_seeking", names.few(people), "", "")


DOORS = (
    Door(path=COUNTS, screen=Screen.COUNTS, endpoint=show),
    Door(path=FILE, screen=Screen.COUNTS, endpoint=download),
)
