"""The whole of it: everybody starts, messages flow, things go wrong, everything is put right, the books are made."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from bot.commands.throwaway import throwaway
from bot.domain.clock import HeldClock, local_day
from bot.domain.days import at
from bot.settings import Settings
from bot.trajectory.reminders import SENT_AT, next_moment
from bot.wiring import open_database, parts
from tests.faults import harm
from tests.faults.books import Books, balanced
from tests.faults.crew import Member, crew
from tests.faults.people import Senders
from tests.faults.reminded import enrolled
from tests.peers.killable import environment
from tests.peers.postgresql import Cluster
from tests.peers.telegram import TOKEN, emulator
from tests.test_endurance import PUBLIC, SECRET

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from tests.peers.telegram import Gate

log = logging.getLogger(__name__)

QUIET = (2.0, 6.0)  # seconds between two faults
DISK = "768m"
READY_SECONDS = 60.0
DRAINED_SECONDS = 240.0
LEFT = {
    "unread": "SELECT count(*) FROM inbound WHERE status = 'unread'",
    "unsent": "SELECT count(*) FROM outbox WHERE status IN ('queued', 'leased')",
    "reminders": "SELECT count(*) FROM reminders WHERE state = 'waiting'",
    "wake-ups": "SELECT count(*) FROM wakeups.procrastinate_jobs WHERE task_name = 'answer'",
}
HOUR = 3600.0
LONG_ENOUGH = 600.0  # seconds of faults in which there is time for one that takes more than a minute


@dataclass(frozen=True, kw_only=True)
class Happened:
    """One fault: when it began and when it was over, in seconds of the machine's steady clock."""

    kind: str
    began: float
    over: float


@dataclass(kw_only=True)
class Told:
    """All that the report tells."""

    seed: int
    seconds: float = 0
    faults: list[Happened] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    senders: Senders
    books: Books = field(default_factory=Books)
    drained_in: float = 0
    left: Mapping[str, int] = field(default_factory=dict)
    by_itself: int = 0
    starts: int = 0
    said: str = ""


@contextlib.contextmanager
def small_disk() -> Iterator[tuple[Path | None, str]]:
    """Give a folder on a file system of its own that can be full, or None and why there is none."""
    folder = Path(tempfile.mkdtemp(prefix="wegwijs-disk-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        folder.rmdir()
        yield None, f"nothing can be mounted here ({done.stderr.strip() or done.returncode})"
        return
    try:
        yield folder, ""
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)
        folder.rmdir()


def told(seconds: float, seed: int, only: Collection[str] = ()) -> Told:
    """Have all of it happen, with faults (`only` these kinds) for so many seconds; return what there is to tell."""
    chance = random.Random(seed)
    with contextlib.ExitStack() as stack:
        disk, why_not = stack.enter_context(small_disk())
        cluster = Cluster(durable=True, home=disk)
        stack.callback(cluster.stop)
        peer = stack.enter_context(emulator())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wegwijs-faults-")))
        database = stack.enter_context(cluster.database())
        variables = {
            **environment(folder),
            "DATABASE_URL": database,
            "PUBLIC_URL": PUBLIC,
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_WEBHOOK_SECRET": SECRET,
            "TELEGRAM_API_URL": peer.api_url,
            "WEGWIJS_LOG_LEVEL": "WARNING",
        }
        stack.enter_context(_environment(variables))
        # Reminders go out by day: in the test it is ten in the morning of the next working day.
        begins = next_moment(at(local_day(datetime.now(UTC)) + timedelta(days=1), SENT_AT))
        with parts(Settings()) as ready, open_database(Settings()) as opened:
            before = HeldClock(begins - timedelta(days=7))
            enrolled(ready.runtime(opened, clock=before), begins, seconds, chance)
        everybody = stack.enter_context(crew(folder, variables))
        senders = Senders(ports=[one.port for one in everybody.web if one.port], chance=random.Random(seed + 1))
        story = Told(seed=seed, senders=senders)
        kinds = set(only or harm.KINDS)
        if seconds < LONG_ENOUGH and not only:
            kinds.discard(harm.LONG)
        if disk is None:
            kinds.discard("the disk is full")
            story.left_out["the disk is full"] = why_not
        world = harm.World(crew=everybody, cluster=cluster, database=database, gate=peer.gate, disk=disk, chance=chance)
        everybody.later((begins - datetime.now(UTC)).total_seconds())
        everybody.start()
        _harmed(story, world, seconds, sorted(kinds))
        _put_right(story, world, senders)
        everybody.end()
        story.by_itself, story.starts = everybody.by_itself, sum(one.starts for one in everybody.members)
        story.said = everybody.said()
        _booked(story, peer.gate)
    return story


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _harmed(story: Told, world: harm.World, seconds: float, kinds: Sequence[str]) -> None:
    """Have messages flow, and every kind of fault happen in its turn, in another order each time."""
    _until_all_are_there(world)
    story.senders.start()
    began = time.monotonic()
    todo: list[str] = []
    while time.monotonic() - began < seconds:
        todo = todo or world.chance.sample(kinds, k=len(kinds))
        world.waits(*QUIET)
        kind, start = todo.pop(), time.monotonic()
        log.info("%4.0f s: %s", start - began, kind)
        harm.KINDS[kind](world)
        story.faults.append(Happened(kind=kind, began=start, over=time.monotonic()))
    world.waits(*QUIET)
    story.seconds = time.monotonic() - began


def _until_all_are_there(world: harm.World) -> None:
    end = time.monotonic() + READY_SECONDS
    while not (all(_answers(one) for one in world.crew.web) and _workers(world) == len(world.crew.workers)):
        assert time.monotonic() < end, f"they do not start:\n{world.crew.said()}"
        time.sleep(0.2)


def _answers(web: Member) -> bool:
    assert web.port is not None
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", web.port), timeout=1):
        return web.lives
    return False


def _workers(world: harm.World) -> int:
    with contextlib.suppress(psycopg.errors.UndefinedTable), psycopg.connect(world.database) as connection:
        found = connection.execute("SELECT count(*) FROM wakeups.procrastinate_workers").fetchone()
        return found[0] if found else 0
    return 0


def _put_right(story: Told, world: harm.World, senders: Senders) -> None:
    """End every fault and wait until nothing is left to do."""
    began = time.monotonic()
    world.gate.faults.clear()
    senders.finish()
    # What waits for its next try is due then, and no lease outlives its hour.
    world.crew.later(HOUR)
    end = began + DRAINED_SECONDS
    while any((story := _with_left(story, world)).left.values()) and time.monotonic() < end:
        time.sleep(0.5)
    story.drained_in = time.monotonic() - began


def _with_left(story: Told, world: harm.World) -> Told:
    with psycopg.connect(world.database) as connection:
        found = {name: connection.execute(query).fetchone() for name, query in LEFT.items()}
    story.left = {name: row[0] if row else 0 for name, row in found.items()}
    return story


def _booked(story: Told, gate: Gate) -> None:
    with parts(Settings()) as ready, open_database(Settings()) as database, throwaway(ready) as calm:
        story.books = balanced(database, calm, story.senders.words, list(gate.calls))
