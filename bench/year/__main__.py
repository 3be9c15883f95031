"""
A simulated year of reminders: `make bench-year ARGS="--newcomers 500 --days 365"`.

Newcomers with different days, languages, families and messengers begin over eight weeks, some late. A held clock
goes on hour by hour; people answer by a habit of their own; stand-in messengers take what is sent. No model and no
network, and the same seed is the same year. What must never happen is counted from what the messengers were given and
from the rows; exit code 1, with the list, when any of it did.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bench.year.drawing import drawn
from bench.year.judging import AMSTERDAM, Verdict, judge
from bench.year.living import Year, postboxes
from bot import remind
from bot.commands.output import progress
from bot.content.render import Renderer
from bot.domain.clock import HeldClock
from bot.flows.runner import Runner
from bot.runtime import Runtime
from bot.safety.crisis import CrisisGuard
from bot.settings import Settings
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
from bot.wiring import read_knowledge

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.knowledge.knowledge import Knowledge
    from bot.runtime import Understands

# From here a year holds both clock changes, New Year and 29 February.
BEGINS = date(2027, 9, 6)
WEEKS = 8  # in which people begin


def simulate(  # noqa: PLR0913  # who, when, what they know
    newcomers: int,
    days: int,
    *,
    begins: date = BEGINS,
    seed: int = 1,
    knowledge: Knowledge | None = None,
    show: Callable[[int, int, str], None] = lambda *_: None,
) -> Verdict:
    """Live so many days with so many newcomers, and judge."""
    knowledge = knowledge or read_knowledge(Settings())
    start = datetime(begins.year, begins.month, begins.day, tzinfo=AMSTERDAM).astimezone(UTC)
    clock, verdict = HeldClock(start), Verdict()
    boxes = postboxes(clock)
    with tempfile.TemporaryDirectory(prefix="wegwijs-year-") as folder:
        vault = Vault(MasterKeys.load_or_create(Path(folder) / "keys"))
        database = Database.open(f"sqlite:///{folder}/year.sqlite", vault)
        database.upgrade()
        with database:
            runtime = Runtime(
                database=database,
                knowledge=knowledge,
                runner=Runner(flows=knowledge.flows, about=knowledge.about),
                renderer=Renderer(content=knowledge.content, catalogues=knowledge.catalogues),
                understander=cast("Understands", None),  # nobody writes a word here
                guard=CrisisGuard(knowledge.crisis),
                clock=clock,
                channels={**boxes},
            )
            year = Year(runtime, clock, boxes, seed)
            chance = random.Random(seed)  # noqa: S311  # a habit is no secret
            for number in range(newcomers):
                day = chance.randrange(min(WEEKS * 7, max(1, days // 2)))
                moment = start + timedelta(days=day, hours=chance.randint(9, 17))
                year.later(moment, partial(year.begins, number))
            _live(year, days, verdict, show)
            judge(year, verdict)
    return verdict


def _live(year: Year, days: int, verdict: Verdict, show: Callable[[int, int, str], None]) -> None:
    """Let the days pass, and count which rule held a reminder back."""
    asked = remind.reason_to_hold

    def counting(nudge: Any, so: Any) -> Any:
        held = asked(nudge, so)
        if held is not None and held.until is not None:
            verdict.held[held.rule] += 1
        return held

    remind.reason_to_hold = counting
    began, cpu = time.perf_counter(), time.process_time()
    try:
        for day in range(days):
            for _ in range(24):
                year.clock.wait(hours=1)
                year.hour()
            show(day + 1, days, "days lived")
    finally:
        remind.reason_to_hold = asked
    verdict.seconds, verdict.cpu_seconds = time.perf_counter() - began, time.process_time() - cpu


def special(verdict: Verdict, begins: date, days: int) -> dict[str, str]:
    """Return how many messages went out on the days on which a calendar goes wrong."""
    found = {}
    for day in (begins + timedelta(days=number) for number in range(days)):
        following = day + timedelta(days=1)
        midnights = [datetime(one.year, one.month, one.day, tzinfo=AMSTERDAM) for one in (day, following)]
        told = f"{verdict.days[day]}, the day after {verdict.days[following]}"
        if midnights[0].utcoffset() != midnights[1].utcoffset():
            found[f"messages on {day}, the clock changes"] = told
        if (day.month, day.day) in {(2, 29), (1, 1)}:
            found[f"messages on {day}"] = told
    return found


def table(verdict: Verdict, begins: date, days: int) -> str:
    """Return the year as a table of Markdown."""
    parts: list[tuple[str, dict[str, Any]]] = [
        ("", dict(sorted(verdict.counts.items()))),
        ("", special(verdict, begins, days)),
        ("held, times, by ", dict(sorted(verdict.held.items()))),
        ("ended by ", dict(sorted(verdict.ended.items()))),
        ("language of the newcomer → of the message: ", dict(sorted(verdict.languages.items()))),
        ("must be 0: ", {name: len(found) for name, found in verdict.wrong.items()}),
    ]
    rows = [f"| {title}{name} | {counted} |" for title, part in parts for name, counted in part.items()]
    return "\n".join(["| What | How often |", "|---|---|", *rows])


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-year", description=__doc__.strip().splitlines()[0])
    parser.add_argument("--newcomers", type=int, default=500)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--begins", type=date.fromisoformat, default=BEGINS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plot", type=Path, help="draw the reminders of each week in this SVG file")
    options = parser.parse_args()
    with progress() as show:
        found = simulate(options.newcomers, options.days, begins=options.begins, seed=options.seed, show=show)
    print(table(found, options.begins, options.days))
    for name, those in found.wrong.items():
        for one in those:
            print(f"WRONG: {name}: {one}")
    if options.plot:
        names = sorted({name for week in found.weeks.values() for name in week})
        options.plot.write_text(drawn(found.weeks, names), encoding="utf-8")
    sent = found.counts["reminders sent"]
    print(
        f"bench-year: {options.newcomers} newcomers, {options.days} days: "
        f"{found.counts['reminders due']} reminders due, {sent} sent in {found.counts['messages']} messages, "
        f"{sum(map(len, found.wrong.values()))} wrong; "
        f"{found.seconds:.0f} s ({found.cpu_seconds:.0f} s of one core), {sent / found.cpu_seconds:.0f} reminders/s"
    )
    return 0 if found.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
