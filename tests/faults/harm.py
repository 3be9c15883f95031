"""What goes wrong: each a function that does it, waits, and puts back what a person or a service manager would."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from tests.faults.crew import Crew, one_of
from tests.peers.telegram import Fault, breaks_off, hangs, refusal

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.peers.postgresql import Cluster
    from tests.peers.telegram import Gate

SEND = "sendMessage"
HOUR = 3600.0
# Longer than a worker may be silent (bot/scale/worker.py), shorter than a lease (bot/deliver.py); and longer than one.
STALLED, LONG_STALLED = (16.0, 20.0), (65.0, 75.0)


@dataclass
class World:
    """All that can be harmed. `disk` is the folder that can be filled, None where none can be mounted."""

    crew: Crew
    cluster: Cluster
    database: str
    gate: Gate
    disk: Path | None
    chance: random.Random

    def waits(self, least: float, most: float) -> None:
        time.sleep(self.chance.uniform(least, most))


def kill_web(world: World) -> None:
    world.crew.kill(one_of(world.crew.web, world.chance))
    world.waits(0.5, 2)


def kill_worker(world: World) -> None:
    world.crew.kill(one_of(world.crew.workers, world.chance))
    world.waits(0.5, 2)


def kill_all(world: World) -> None:
    for one in world.crew.members:
        world.crew.kill(one)
    world.waits(0.5, 2)


def ask_worker_to_end(world: World) -> None:
    world.crew.kill(one_of(world.crew.workers, world.chance), signal.SIGTERM)
    world.waits(0.5, 2)


def ask_web_to_end(world: World) -> None:
    world.crew.kill(one_of(world.crew.web, world.chance), signal.SIGTERM)
    world.waits(0.5, 2)


def stall_worker(world: World) -> None:
    """A process stands still, is taken for dead, and goes on where it was."""
    _stalled(world, one_of(world.crew.workers, world.chance), STALLED)


def stall_worker_long(world: World) -> None:
    """As long as its leases do not last: what it took up, others have sent when it goes on."""
    _stalled(world, one_of(world.crew.workers, world.chance), LONG_STALLED)


def stall_web(world: World) -> None:
    _stalled(world, one_of(world.crew.web, world.chance), (3, 6))


def _stalled(world: World, member: object, seconds: tuple[float, float]) -> None:
    assert hasattr(member, "process")
    process = member.process
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGSTOP)
        world.waits(*seconds)
        os.kill(process, signal.SIGCONT)


def crash_postgresql(world: World) -> None:
    world.cluster.crash()
    world.cluster.start()


def stop_postgresql(world: World) -> None:
    world.cluster.shut()
    world.waits(4, 8)
    world.cluster.start()


def cut_connections(world: World) -> None:
    """Every connection to the database is cut, three times: a proxy restarts, a network forgets."""
    for _ in range(3):
        with psycopg.connect(world.database, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        world.waits(0.3, 1)


def fill_disk(world: World) -> None:
    assert world.disk is not None
    ballast = world.disk / "ballast"
    try:
        with ballast.open("wb") as file:
            end = time.monotonic() + world.chance.uniform(4, 7)
            while time.monotonic() < end:
                _take_all(file.fileno(), world.disk)
                time.sleep(0.1)
    finally:
        ballast.unlink()
        world.cluster.start()  # it may have ended itself rather than promise what it cannot keep


def _take_all(file: int, disk: Path) -> None:
    stand = os.statvfs(disk)
    free = stand.f_bavail * stand.f_frsize
    with suppress(OSError):
        if free:
            os.posix_fallocate(file, os.fstat(file).st_size, free)


def messenger_away(world: World) -> None:
    world.gate.close()
    world.waits(2, 5)
    world.gate.open()


def messenger_breaks_off(world: World) -> None:
    """The line breaks while a message is sent: before the messenger has it, or after."""
    _fails(world, [breaks_off(SEND, after=world.chance.random() < 0.5) for _ in range(6)])


def messenger_hangs(world: World) -> None:
    _fails(world, [hangs(SEND, after=world.chance.random() < 0.5) for _ in range(4)])


def messenger_says_wait(world: World) -> None:
    _fails(world, [refusal(SEND, 429, "Too Many Requests: retry after 2", retry_after=2) for _ in range(3)])


def messenger_is_ill(world: World) -> None:
    _fails(world, [refusal(SEND, 500 + number % 4, "Internal Server Error") for number in range(8)])


def _fails(world: World, faults: list[Fault]) -> None:
    world.gate.fail(*faults)
    world.waits(3, 5)


def clock_ahead(world: World) -> None:
    """One machine's clock is an hour ahead, then right again: it jumps back while its process runs."""
    _wrong(world, HOUR)


def clock_back(world: World) -> None:
    _wrong(world, -HOUR)


def _wrong(world: World, seconds: float) -> None:
    member = world.chance.choice(world.crew.members)
    worker = world.chance.choice(world.crew.workers)
    for one in {member.name: member, worker.name: worker}.values():
        world.crew.set_clock(one, seconds)
    world.waits(5, 9)
    for one in (member, worker):
        world.crew.set_clock(one, 0)


def clocks_apart(world: World) -> None:
    """No two machines agree on the time, and their processes are started with it."""
    for one in world.crew.members:
        world.crew.set_clock(one, world.chance.uniform(-90, 90))
    world.crew.kill(one_of(world.crew.workers, world.chance))
    world.waits(5, 9)
    for one in world.crew.members:
        world.crew.set_clock(one, 0)


LONG = "a worker stands still, long"
KINDS: Mapping[str, Callable[[World], None]] = {
    "a web process is killed": kill_web,
    "a worker is killed": kill_worker,
    "all four are killed": kill_all,
    "a web process is asked to end": ask_web_to_end,
    "a worker is asked to end": ask_worker_to_end,
    "a web process stands still": stall_web,
    "a worker stands still": stall_worker,
    LONG: stall_worker_long,
    "PostgreSQL crashes": crash_postgresql,
    "PostgreSQL is away": stop_postgresql,
    "connections are cut": cut_connections,
    "the disk is full": fill_disk,
    "the messenger is away": messenger_away,
    "the messenger breaks off": messenger_breaks_off,
    "the messenger hangs": messenger_hangs,
    "the messenger says wait": messenger_says_wait,
    "the messenger is ill": messenger_is_ill,
    "a clock an hour ahead": clock_ahead,
    "a clock an hour back": clock_back,
    "clocks apart": clocks_apart,
}
