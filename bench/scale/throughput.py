"""How many turns a second, and how long an answer takes while messages keep coming."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from statistics import quantiles
from typing import TYPE_CHECKING

import psycopg

from bench.scale.load import steady, store, written
from bench.scale.processes import Part, running, seen
from bench.scale.server import worked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bench.scale.processes import Process, Seen
    from bot.wiring import Parts
    from tests.peers.postgresql import Cluster

# Either of these stands in a table: not everything is answered, or not everything is delivered.
_PENDING = (
    "SELECT EXISTS (SELECT 1 FROM inbound WHERE status = 'unread')"
    " OR EXISTS (SELECT 1 FROM outbox WHERE status IN ('queued', 'leased'))"
)
LOOK_SECONDS = 0.02
PATIENCE = 600.0
WARM = 20  # messages for each process: the first ones compile its statements


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What all rounds share. Every round begins with a copy of the same database."""

    parts: Parts
    folder: Path
    turns: int  # of one process at the same time
    writers: Mapping[str, str]  # the addresses of those who write, by conversation
    lines: Sequence[str]

    @property
    def addresses(self) -> list[str]:
        """Of those who write, always in the same order."""
        return list(self.writers.values())


@dataclass(frozen=True, kw_only=True)
class Round:
    """What one way to run it did with the same messages."""

    name: str
    turns: int
    answered: float  # seconds until the last was answered
    delivered: float  # and until the last answer had left
    ours: float  # CPU seconds of the processes that answer
    server: float  # and of PostgreSQL

    @property
    def a_second(self) -> float:
        """Turns a second, to the last answer that had left."""
        return self.turns / max(self.answered, self.delivered)


@dataclass(frozen=True, kw_only=True)
class Waited:
    """Seconds from the moment at which a message was to come."""

    name: str
    rate: float
    stored: Sequence[float]
    answered: Sequence[float]  # from stored
    delivered: Sequence[float]  # from stored, to the last answer to it
    cores: float  # that all processes and PostgreSQL had, while messages came


def milliseconds(seconds: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 99th percentile."""
    cuts = quantiles(seconds, n=100, method="inclusive")
    return cuts[49] * 1000, cuts[98] * 1000


# ---- a database of one's own


@contextmanager
def postgresql_copy(cluster: Cluster, template: str) -> Iterator[str]:
    """Give a copy of that database."""
    with cluster.database(template) as url:
        yield url


@contextmanager
def sqlite_copy(file: Path) -> Iterator[str]:
    """Give a copy of that file."""
    copy = file.with_name("round.sqlite")
    shutil.copy(file, copy)
    try:
        yield f"sqlite:///{copy}"
    finally:
        for one in copy.parent.glob("round.sqlite*"):
            one.unlink()


@contextmanager
def _looking(url: str) -> Iterator[Callable[[], bool]]:
    """Give what tells whether anything waits."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            yield lambda: bool(file.execute(_PENDING).fetchone()[0])
        return
    with psycopg.connect(url, autocommit=True) as connection:
        yield lambda: bool(connection.execute(_PENDING).fetchone()[0])


def _until_nothing_waits(waits: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while waits():
        if time.monotonic() > end:
            raise SystemExit("the messages are not answered")
        time.sleep(LOOK_SECONDS)


# ---- one round


@contextmanager
def _started(bench: Bench, url: str, workers: int) -> Iterator[tuple[Process, list[Process], Callable[[], bool]]]:
    """Give who takes in, who answers, and what tells whether anything waits; without workers one process does all."""
    wanted = {Part.WEB: 1, Part.WORKER: workers} if workers else {Part.EMBEDDED: 1}
    with running(bench.parts, url, bench.folder, wanted, turns=bench.turns) as processes, _looking(url) as waits:
        door, *others = processes
        workers_of = others or [door]
        warm = WARM * len(workers_of)
        door.call(store, written(bench.addresses[:warm], bench.lines, 0))
        _until_nothing_waits(waits)
        yield door, workers_of, waits


def drain(bench: Bench, url: str, workers: int, name: str, cluster: Cluster) -> Round:
    """Have the same messages answered, which all wait when it begins."""
    with _started(bench, url, workers) as (door, answering, waits):
        before = sum(one.call(seen).cpu for one in answering)
        messages = written(bench.addresses[WARM * 4 :], bench.lines, 1)
        began = door.call(store, messages)
        server = worked(cluster)
        if door in answering:  # what taking them in cost is not counted
            before = door.call(_cpu)
        _until_nothing_waits(waits)
        server = worked(cluster) - server
        saw = [one.call(seen) for one in answering]
    _all_went_well(saw)
    turns = [turn for one in saw for turn in one.turns]
    return Round(
        name=name,
        turns=len(turns),
        answered=max(turn.ended for turn in turns) - began,
        delivered=max(at for one in saw for _, at in one.sent) - began,
        ours=sum(one.cpu for one in saw) - before,
        server=server if workers else 0.0,
    )


def _all_went_well(saw: Sequence[Seen]) -> None:
    if failed := sum(one.failed for one in saw):
        raise SystemExit(f"{failed} turns failed")


def _cpu(_: object) -> float:
    return time.process_time()


def wait_for_answers(  # noqa: PLR0913, PLR0917  # where, how, how many
    bench: Bench, url: str, workers: int, name: str, rate: float, seconds: float, cluster: Cluster
) -> Waited:
    """Have messages come in at this rate, and time each until its answer is there and has left."""
    with _started(bench, url, workers) as (door, answering, waits):
        ours = sum(one.call(seen).cpu for one in {door, *answering})
        server, began = worked(cluster) if workers else 0.0, time.monotonic()
        addresses = bench.addresses[WARM * 4 :][: max(20, int(rate * seconds))]
        came = door.call(steady, written(addresses, bench.lines, 2), rate, 3)
        _until_nothing_waits(waits)
        server = worked(cluster) - server if workers else 0.0
        took = time.monotonic() - began
        saw = [one.call(seen) for one in {door, *answering}]
    _all_went_well(saw)
    cores = (sum(one.cpu for one in saw) - ours + server) / took
    return _waited(bench, name, rate, came, saw, cores)


def _waited(  # noqa: PLR0913, PLR0917  # what was asked for, and what came of it
    bench: Bench,
    name: str,
    rate: float,
    came: Sequence[tuple[str, float, float]],
    saw: Sequence[Seen],
    cores: float,
) -> Waited:
    left: dict[str, float] = {}
    for one in saw:
        for address, at in one.sent:
            left[address] = max(at, left.get(address, 0.0))
    answered = {bench.writers[turn.conversation]: turn.ended for one in saw for turn in one.turns}
    return Waited(
        name=name,
        rate=rate,
        stored=[stored - wanted for _, wanted, stored in came],
        answered=[answered[address] - stored for address, _, stored in came if address in answered],
        delivered=[left[address] - stored for address, _, stored in came if address in left],
        cores=cores,
    )
