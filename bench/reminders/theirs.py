"""The same with Procrastinate's own scheduled jobs: deferred in batches, each with its moment, fetched one by one."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import procrastinate
import psycopg
from procrastinate.jobs import Job

from bench.reminders.timed import A_PERSON, DUE, POLLS, REDATINGS, Side, Timed

if TYPE_CHECKING:
    from collections.abc import Callable

    from procrastinate.manager import JobManager

QUEUE = "reminders"


def measure(url: str, reminders: int, show: Callable[[int, int, str], None]) -> Side:
    """Fill the table of jobs of a database of its own and measure."""
    return asyncio.run(_measure(url, reminders, show))


async def _measure(url: str, reminders: int, show: Callable[[int, int, str], None]) -> Side:
    side = Side("procrastinate")
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        jobs, chance = app.job_manager, random.Random(1)  # noqa: S311  # days are no secret
        worker = await jobs.register_worker()
        people = max(1, reminders // A_PERSON)
        mine: list[int] = []
        deferring = Timed()
        for number in range(people):
            batch = [_job(number, chance.randint(1, 365)) for _ in range(A_PERSON)]
            with deferring.call():
                made = await jobs.batch_defer_jobs_async(batch)
            mine = mine or [job.id for job in made if job.id is not None]
            show(number + 1, people, "procrastinate: people's jobs deferred")
        side.rows, side.insert = people * A_PERSON, deferring.whole
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ANALYZE")
        for at in range(POLLS):
            with side.nothing_due.call():
                found = await jobs.fetch_job([QUEUE], worker)
            assert found is None
            show(at + 1, POLLS, "procrastinate: looks at nothing due")
        await jobs.batch_defer_jobs_async([_job(number, -1) for number in range(DUE)])
        for at in range(DUE):
            with side.some_due.call():
                found = await jobs.fetch_job([QUEUE], worker)
            assert found is not None
            show(at + 1, DUE, f"procrastinate: {DUE} due, one at a time")
        await _redate(jobs, mine, side, show)
    return side


def _job(person: int, days: int) -> Job:
    return Job(
        queue=QUEUE,
        lock=None,
        queueing_lock=None,
        task_name="remind",
        task_kwargs={"newcomer": str(person), "reminder": "0" * 36},
        scheduled_at=datetime.now(UTC) + timedelta(days=days),
    )


async def _redate(jobs: JobManager, mine: list[int], side: Side, show: Callable[[int, int, str], None]) -> None:
    """Take back a person's jobs, one by one as it allows, and defer as many for other days."""
    times = REDATINGS // 10
    for at in range(times):
        with side.redating.call():
            for number in mine:
                await jobs.cancel_job_by_id_async(number, delete_job=True)
            made = await jobs.batch_defer_jobs_async([_job(0, 7 + at) for _ in mine])
        mine = [job.id for job in made if job.id is not None]
        show(at + 1, times, "procrastinate: one person's jobs taken back and deferred anew")
