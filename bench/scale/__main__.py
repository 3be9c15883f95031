"""
Many workers on one PostgreSQL, beside one process on SQLite: `make bench-scale`.

Throughput: the same messages wait, and 1, 2 and 4 workers answer and deliver them on a PostgreSQL that waits for the
disk, among 50,000 conversations; so does the embedded service on SQLite. Beside it, in the same run, what the two
databases store at the quickest: a row and a commit at a time, over one connection and over several.

Latency: messages come in at a part of the measured throughput, and each is timed until its answer is stored and until
the last of it has left. Taking them in is part of the work here; before, they were there already.

Growth: what a turn (taken in, answered, delivered) costs one process beside 10 thousand messages, and ten times as
many, and so on.

The knowledge is the shipped one with a small ear (a few intents, no encoder); --whole takes the whole ear.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import make_url

from bench.scale.drawing import drawn
from bench.scale.growth import Point, measure, median
from bench.scale.load import questions
from bench.scale.processes import Messenger, vault
from bench.scale.server import bare_commits, server
from bench.scale.throughput import (
    WARM,
    Bench,
    Round,
    Waited,
    drain,
    milliseconds,
    postgresql_copy,
    sqlite_copy,
    wait_for_answers,
)
from bench.scale.town import CHANNEL, Town, rows_of
from bench.turn.__main__ import BareCommits
from bot.commands.output import progress
from bot.domain.days import is_holiday
from bot.scale import queue
from bot.settings import Settings
from bot.store.database import Database
from bot.wiring import parts
from tests.peers.small import INTENTS, small_assistant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from bench.scale.town import Show
    from bot.wiring import Parts
    from tests.peers.postgresql import Cluster

SHARES = (0.25, 0.5)  # of the throughput, for the latency
PARTS = ("throughput", "latency", "growth")
BARE_SECONDS = 2.0
EACH = 4  # old messages of each conversation while the throughput is measured
LEAST = 10_000  # messages, where the growth begins
MEGABYTE = 1024**2


@dataclass
class Found:
    """What was measured."""

    rounds: list[Round] = field(default_factory=list)
    commits: dict[str, float] = field(default_factory=dict)
    waited: list[Waited] = field(default_factory=list)
    growth: dict[str, list[Point]] = field(default_factory=dict)


# ---- throughput and latency


@contextmanager
def filled(
    cluster: Cluster, ready: Parts, folder: Path, options: argparse.Namespace, show: Show
) -> Iterator[tuple[str, dict[str, str], Path, dict[str, str]]]:
    """Give a database on each side, with the same people in it, and who of them writes."""
    with cluster.database() as url:
        there = _fill(url, ready, folder, options, show)
        queue.prepare(url)
        file = folder / "prepared.sqlite"
        here = _fill(f"sqlite:///{file}", ready, folder, options, show)
        yield str(make_url(url).database), there, file, here


def _fill(url: str, ready: Parts, folder: Path, options: argparse.Namespace, show: Show) -> dict[str, str]:
    town = Town(random.Random(options.seed))  # noqa: S311  # made-up rows, no secret
    with Database.open(url, vault(folder)) as database:
        database.upgrade()
        runtime = ready.runtime(database, channels={CHANNEL: Messenger()})
        town.settle(runtime, options.writers + WARM * max(4, *options.workers), show)
    with rows_of(url, options.conversations * EACH) as rows:
        town.grow(rows, options.conversations, options.conversations * EACH, show)
    return town.writers


def throughput(cluster: Cluster, ready: Parts, folder: Path, options: argparse.Namespace, show: Show) -> Found:
    """Measure turns a second and, when asked, the latency."""
    found = Found()
    lines = questions(ready.knowledge, None if options.whole else INTENTS)
    with filled(cluster, ready, folder, options, show) as (template, there, file, here):
        limits(found, cluster, folder, options, show)
        shared = Bench(parts=ready, folder=folder, turns=options.turns, writers=there, lines=lines)
        alone = Bench(parts=ready, folder=folder, turns=options.turns, writers=here, lines=lines)
        ways = [(0, "sqlite, embedded"), *((many, f"postgresql, {many} workers") for many in options.workers)]
        for at, (many, name) in enumerate(ways):
            show(at, len(ways), "throughput")
            with postgresql_copy(cluster, template) if many else sqlite_copy(file) as url:
                found.rounds.append(drain(shared if many else alone, url, many, name, cluster))
        show(len(ways), len(ways), "throughput")
        if "latency" in options.only:
            best = {0: found.rounds[0], 2: max(found.rounds[1:], key=lambda one: one.a_second)}
            for many, one in best.items():
                for share in SHARES:
                    show(len(found.waited), len(best) * len(SHARES), "latency")
                    rate = one.a_second * share
                    name = f"{'postgresql, 2 workers' if many else one.name}, {share:.0%}"
                    with postgresql_copy(cluster, template) if many else sqlite_copy(file) as url:
                        bench = shared if many else alone
                        found.waited.append(wait_for_answers(bench, url, many, name, rate, options.seconds, cluster))
    return found


def limits(found: Found, cluster: Cluster, folder: Path, options: argparse.Namespace, show: Show) -> None:
    """Measure what the two databases store at the quickest."""
    many = max(options.workers) * options.turns
    with cluster.database() as url:
        for at, connections in enumerate((1, many)):
            show(at, 3, "bare commits")
            name = f"postgresql, {connections} connection{'s' if connections > 1 else ''}"
            found.commits[name] = bare_commits(url, connections, BARE_SECONDS)
    with (
        Database.open(f"sqlite:///{folder}/like.sqlite", vault(folder)) as like,
        closing(BareCommits(folder / "bare.sqlite", like)) as bare,
    ):
        seconds = bare.some(300)
    found.commits["sqlite"] = len(seconds) / sum(seconds)
    show(3, 3, "bare commits")


# ---- growth


def grown(cluster: Cluster, ready: Parts, folder: Path, options: argparse.Namespace, show: Show) -> dict[str, Any]:
    """Measure what a turn costs as the tables grow, on both databases."""
    lines = questions(ready.knowledge, None if options.whole else INTENTS)
    found = {}
    with cluster.database() as url:
        sizes = _sizes(options.messages)
        found["postgresql"] = measure(ready, url, folder, sizes, options.timed, lines, cluster, show)
    sizes = _sizes(min(options.messages, options.sqlite_messages))
    url = f"sqlite:///{folder}/growth.sqlite"
    found["sqlite"] = measure(ready, url, folder, sizes, options.timed, lines, None, show)
    return found


def _sizes(most: int) -> list[int]:
    size, found = LEAST, []
    while size <= most:
        found.append(size)
        size *= 10
    return found


# ---- what is told


def tell(found: Found, options: argparse.Namespace) -> None:
    """Print the tables, and one line that says it all."""
    said = []
    if found.rounds:
        said += _tell_throughput(found, options)
    if found.waited:
        said += _tell_latency(found)
    if found.growth:
        said += _tell_growth(found)
    print("bench-scale: " + "; ".join(said))


def _tell_throughput(found: Found, options: argparse.Namespace) -> list[str]:
    cores = len(os.sched_getaffinity(0))
    alone, *many = found.rounds
    print(
        f"Throughput: {alone.turns} messages wait, one of each newcomer, among {options.conversations} conversations; "
        f"{cores} cores for the workers and the server; {options.turns} turns at a time in each process."
    )
    head = ("turns/s", "answered", "beside", "beside 1", "our CPU", "server's", "all CPU", "turns a")
    print(f"{'':28}" + "".join(f"{one:>10}" for one in head))
    units = ("", "s", "sqlite", "worker", "ms/turn", "ms/turn", "cores", "core/s")
    print(f"{'':28}" + "".join(f"{one:>10}" for one in units))
    for one in found.rounds:
        took = max(one.answered, one.delivered)
        beside = f"{one.a_second / many[0].a_second:10.2f}" if one is not alone else f"{'':10}"
        print(
            f"{one.name:28}{one.a_second:10.1f}{one.answered:10.1f}{one.a_second / alone.a_second:10.2f}{beside}"
            f"{one.ours / one.turns * 1000:10.1f}{one.server / one.turns * 1000:10.1f}"
            f"{(one.ours + one.server) / took:10.2f}{one.turns / (one.ours + one.server):10.1f}"
        )
    for name, a_second in found.commits.items():
        print(f"{'bare commits: ' + name:38}{a_second:10.0f} a second")
    limit = found.commits[next(iter(found.commits))]
    best = max(many, key=lambda one: one.a_second)
    ratios = ", ".join(f"{one.name.removeprefix('postgresql, ')} {one.a_second / alone.a_second:.2f}" for one in many)
    line = (
        f"{alone.turns} turns among {options.conversations} conversations on {cores} cores: "
        f"sqlite embedded {alone.a_second:.0f} turns/s; postgresql beside it: {ratios}; "
        f"best {best.a_second:.0f} turns/s, {best.a_second / limit:.2f} of {limit:.0f} bare commits/s"
    )
    return [line]


def _tell_latency(found: Found) -> list[str]:
    print("Latency under steady load, ms from stored to answered and to delivered (p50, p99)")
    head = (("a second", 10), ("late", 8), ("stored", 8), ("answered", 10), ("p99", 8), ("delivered", 10), ("p99", 8))
    print(f"{'':34}" + "".join(f"{name:>{wide}}" for name, wide in (*head, ("cores", 8))))
    for one in found.waited:
        stored, answered, delivered = (milliseconds(each) for each in (one.stored, one.answered, one.delivered))
        print(
            f"{one.name:34}{one.rate:10.1f}{stored[0]:8.0f}{stored[1]:8.0f}{answered[0]:10.0f}{answered[1]:8.0f}"
            f"{delivered[0]:10.0f}{delivered[1]:8.0f}{one.cores:8.2f}"
        )
    last = found.waited[-1]
    half, most = milliseconds(last.answered)
    return [f"{last.name} load: answered p50 {half:.0f} ms, p99 {most:.0f} ms"]


def _tell_growth(found: Found) -> list[str]:
    print("Growth: a turn (taken in, answered, delivered) beside so many messages")
    head = ("messages", "people", "MB", "p50 ms", "p99 ms", "our CPU", "server's", "pages", "trips")
    print(f"{'':12}" + "".join(f"{one:>12}" for one in head))
    said = []
    for name, points in found.growth.items():
        for point in points:
            half, most = milliseconds(point.whole)
            print(
                f"{name:12}{point.messages:12}{point.conversations:12}{point.size / MEGABYTE:12.0f}"
                f"{half:12.2f}{most:12.2f}{point.cpu * 1000:12.2f}{point.server * 1000:12.2f}{point.pages:12.0f}"
                f"{point.trips:12.1f}"
            )
        first, last = points[0], points[-1]
        pages = f", pages {last.pages / first.pages:.2f}" if first.pages else ""
        said.append(
            f"{name} beside {last.messages} messages against {first.messages}: "
            f"median {median(last) / median(first):.2f}, our CPU {last.cpu / first.cpu:.2f}{pages}"
        )
    return said


def tell_statements(points: Sequence[Point]) -> None:
    """Print what each statement cost beside the fewest and the most messages."""
    first, last = ({one.query: one for one in point.statements} for point in (points[0], points[-1]))
    print(f"Statements a turn, beside {points[0].messages} and {points[-1].messages} messages")
    print(f"{'calls':>8}{'ms':>8}{'':>8}{'pages':>8}{'':>8}")
    for query in sorted({*first, *last}, key=lambda one: -last[one].pages if one in last else 0.0):
        one, other = first.get(query), last.get(query)
        shown = one or other
        assert shown is not None
        figures = [f"{each.milliseconds:8.3f}" if each else f"{'':8}" for each in (one, other)]
        figures += [f"{each.pages:8.1f}" if each else f"{'':8}" for each in (one, other)]
        print(f"{shown.calls:8.2f}{''.join(figures)}  {' '.join(query.split())[:150]}")


def lines_of(growth: Mapping[str, Sequence[Point]]) -> dict[str, list[tuple[int, float]]]:
    """Return what is drawn: each cost beside what it was with the fewest messages."""
    costs: dict[str, Callable[[Point], float]] = {
        "our CPU": lambda point: point.cpu,
        "server's CPU": lambda point: point.server,
        "pages touched": lambda point: point.pages,
    }
    return {
        f"{name}, {what}": [(one.messages, cost(one) / cost(points[0])) for one in points]
        for name, points in growth.items()
        for what, cost in costs.items()
        if cost(points[0])
    }


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what was asked for."""
    lines = __doc__.strip().splitlines()
    parser = argparse.ArgumentParser(
        prog="make bench-scale",
        description="\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='For example: make bench-scale ARGS="--only growth --messages 10000000 --plot growth.svg"',
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="one or more of these (all)")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4], help="how many, one after another (1 2 4)")
    parser.add_argument("--turns", type=int, default=2, help="turns at a time in each process (2)")
    parser.add_argument("--writers", type=int, default=500, help="newcomers who write, one message each (500)")
    parser.add_argument("--conversations", type=int, default=50_000, help="that exist meanwhile (50000)")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long messages keep coming at each rate (8)")
    parser.add_argument("--messages", type=int, default=100_000, help="as far as the tables grow (100000)")
    parser.add_argument("--sqlite-messages", type=int, default=1_000_000, help="and SQLite no further than this")
    parser.add_argument("--timed", type=int, default=200, help="turns that are timed at each size (200)")
    parser.add_argument("--seed", type=int, default=1, help="which messages are written (1)")
    parser.add_argument("--whole", action="store_true", help="with all intents and the encoder, as it is shipped")
    parser.add_argument("--plot", type=Path, help="where the growth is drawn, as SVG")
    parser.add_argument("--statements", action="store_true", help="what each statement costs as the tables grow")
    parser.add_argument("--folder", type=Path, help="the disk to measure on (default: the data directory's)")
    options = parser.parse_args(arguments)
    if "latency" in options.only and "throughput" not in options.only:
        parser.error("--only latency: its rates are parts of the throughput; ask for both")
    if options.conversations < options.writers + WARM * 4:
        parser.error("--conversations: more than write, or nobody is silent")
    return options


def main() -> int:
    options = options_of()
    settings = Settings()
    place = options.folder or settings.data_dir
    place.mkdir(parents=True, exist_ok=True)
    found = Found()
    is_holiday(date(2026, 12, 25))  # its library takes a second of the first sweep of every process
    with ExitStack() as stack:
        show = stack.enter_context(progress())
        ready = stack.enter_context(parts(settings, show)) if options.whole else small_assistant()
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-scale-", dir=place)))
        cluster = stack.enter_context(server())
        if "throughput" in options.only:
            found = throughput(cluster, ready, folder, options, show)
        if "growth" in options.only:
            found.growth = grown(cluster, ready, folder, options, show)
    tell(found, options)
    if options.statements and found.growth:
        tell_statements(found.growth["postgresql"])
    if options.plot and found.growth:
        options.plot.write_text(drawn(lines_of(found.growth)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
