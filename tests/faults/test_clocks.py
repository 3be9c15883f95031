"""Machines whose clocks are wrong, or are set: everybody goes by the database's, and nothing waits for yesterday."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from bot.domain.clock import HeldClock, SystemClock
from bot.scale import clock as clocks
from bot.scale import worker as workers
from bot.scale.clock import ServerClock
from bot.scale.queue import prepare
from bot.scale.worker import Worker
from bot.store.database import Database
from bot.store.errors import DatabaseUnusableError
from tests.peers.postgresql import Cluster
from tests.peers.telegram import until
from tests.peers.tiny import tiny_assistant, vault

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.postgresql

FAR = datetime(2040, 1, 2, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    yield cluster
    cluster.stop()


@pytest.fixture
def url(cluster: Cluster) -> Iterator[str]:
    with cluster.database() as url:
        yield url


@pytest.fixture
def clock(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerClock]:
    """A clock of a server on which it is 2040, asked again and again."""
    monkeypatch.setattr(clocks, "asked", lambda _: FAR)
    monkeypatch.setattr(clocks, "ASK_SECONDS", 0.02)
    clock = ServerClock(url)
    yield clock
    clock.close()


def test_it_is_what_time_it_is_at_the_server(clock: ServerClock) -> None:
    assert FAR <= clock.now() < FAR + HOUR


def test_the_server_itself_says_an_aware_moment(url: str) -> None:
    with psycopg.connect(url) as connection:
        assert clocks.asked(connection).tzinfo is not None


def test_a_clock_that_was_set_is_followed(clock: ServerClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "asked", lambda _: FAR - HOUR)
    assert until(lambda: clock.now() < FAR)


def test_a_machine_whose_clock_is_set_notices_nothing(clock: ServerClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda _: FAR - 1000 * HOUR)
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert FAR <= clock.now() < FAR + HOUR


def test_while_the_server_is_away_it_goes_on(clock: ServerClock, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def away(_: object) -> datetime:
        tries.append(1)
        raise psycopg.OperationalError

    monkeypatch.setattr(clocks, "asked", away)
    assert until(lambda: len(tries) > 2)
    assert FAR <= clock.now() < FAR + HOUR


def test_without_a_server_there_is_no_clock(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(DatabaseUnusableError):
        ServerClock(f"postgresql://postgres@/nothing?host={tmp_path_factory.mktemp('empty')}")


DEAD_MANS_JOB = (
    "INSERT INTO wakeups.procrastinate_jobs (queue_name, task_name, lock, status, attempts) "
    "VALUES ('answer', 'answer', 'amina', 'doing', 1)"
)
TO_DO_NOW = "SELECT count(*) FROM wakeups.procrastinate_jobs WHERE status = 'todo' AND scheduled_at <= now()"


def test_what_a_machine_rescues_whose_clock_is_ahead_is_not_put_in_the_future(url: str) -> None:
    with Database.open(url, vault()) as database, psycopg.connect(url, autocommit=True) as connection:
        database.upgrade()
        prepare(url)
        connection.execute(DEAD_MANS_JOB)
        worker = Worker(tiny_assistant().runtime(database, clock=HeldClock(FAR)), url)

        async def rescue() -> None:
            app = worker._app()
            async with app.open_async():
                await worker._rescue(app)

        asyncio.run(rescue())
        assert connection.execute(TO_DO_NOW).fetchone() == (1,)


DEAD_MANS_SWEEP = (
    "INSERT INTO wakeups.procrastinate_jobs (queue_name, task_name, lock, queueing_lock, status, attempts) "
    "VALUES ('sweeps', 'sweep', 'sweep', 'sweep', 'doing', 1)"
)
NEXT_SWEEP = (
    "INSERT INTO wakeups.procrastinate_jobs (queue_name, task_name, lock, queueing_lock) "
    "VALUES ('sweeps', 'sweep', 'sweep', 'sweep')"
)
LEFT = "SELECT task_name, status::text FROM wakeups.procrastinate_jobs ORDER BY id"


def test_a_worker_that_died_in_its_sweep_stops_neither_the_next_one_nor_a_rescue(url: str) -> None:
    with Database.open(url, vault()) as database, psycopg.connect(url, autocommit=True) as connection:
        database.upgrade()
        prepare(url)
        connection.execute("SET search_path = wakeups")
        for job in (DEAD_MANS_SWEEP, NEXT_SWEEP, DEAD_MANS_JOB):
            connection.execute(job)
        worker = Worker(tiny_assistant().runtime(database), url)

        async def rescue() -> None:
            app = worker._app()
            async with app.open_async():
                await worker._rescue(app)

        asyncio.run(rescue())
        assert connection.execute(LEFT).fetchall() == [("sweep", "todo"), ("answer", "todo")]


class Loop:
    """A loop that can be ended, as far as the watch knows it."""

    ended = False

    def stop(self) -> None:
        self.ended = True


@pytest.mark.parametrize(("moments", "ended"), [((0, 3600), False), ((0, -2), False), ((0, 3600, 0), True)])
def test_a_machine_whose_clock_is_set_back_begins_its_schedule_again(
    monkeypatch: pytest.MonkeyPatch, moments: tuple[int, ...], *, ended: bool
) -> None:
    shown = iter(moments)
    loop, steady = Loop(), FAR

    def now(_: object) -> datetime:
        return steady + timedelta(seconds=next(shown))

    monkeypatch.setattr(SystemClock, "now", now)
    monkeypatch.setattr(workers.time, "monotonic", lambda: 0.0)
    monkeypatch.setattr(workers, "LOOK_SECONDS", 0)

    async def watch() -> None:
        task = asyncio.ensure_future(Worker._watch_the_clock(loop))  # type: ignore[arg-type]
        await asyncio.wait([task])
        if not ended:
            assert isinstance(task.exception(), RuntimeError), "it looked until there were no moments left"

    asyncio.run(watch())
    assert loop.ended is ended
