"""Our reminders on one database: a million rows, what a look costs, and one person's days counted anew among them."""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, cast
from uuid import uuid4

import psycopg
from sqlalchemy import insert, select, text, update

from bench.reminders.timed import A_PERSON, DUE, POLLS, REDATINGS, Side
from bot.channels.limits import SCREEN
from bot.commands.throwaway import accept_notice
from bot.content.render import Renderer
from bot.domain.clock import HeldClock
from bot.flows.runner import Runner
from bot.guide import Begun, enrol, tell
from bot.runtime import Runtime
from bot.safety.crisis import CrisisGuard
from bot.store.trajectory_rows import Told
from bot.store.trajectory_tables import WAITING, reminders, trajectory_tasks
from bot.trajectory.reminders import Nudge, Why
from bot.trajectory.template import DeadlineKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.knowledge.knowledge import Knowledge
    from bot.runtime import Understands
    from bot.store.database import Database
    from bot.store.work import Work
    from bot.trajectory.template import Task

TEMPLATE = "twelve_months"
TASKS = 10  # of one person: no table that is measured holds them
CHANNEL = "terminal"


class Nowhere:
    """A messenger that is never given anything here."""

    name, limits = CHANNEL, SCREEN

    def send(self, _: object) -> str:
        """Take nothing."""
        raise AssertionError


def runtime_on(database: Database, knowledge: Knowledge, clock: HeldClock) -> Runtime:
    """Return a runtime that needs no model: nobody writes a word here."""
    return Runtime(
        database=database,
        knowledge=knowledge,
        runner=Runner(flows=knowledge.flows, about=knowledge.about),
        renderer=Renderer(content=knowledge.content, catalogues=knowledge.catalogues),
        understander=cast("Understands", None),
        guard=CrisisGuard(knowledge.crisis),
        clock=clock,
        channels={CHANNEL: Nowhere()},
    )


def measure(  # noqa: PLR0913, PLR0917  # where, what, how many
    name: str,
    database: Database,
    knowledge: Knowledge,
    times: int,
    raw: Callable[[], float],
    show: Callable[[int, int, str], None],
) -> Side:
    """Fill the table and measure."""
    clock = HeldClock(datetime.fromisoformat("2026-11-23T08:00:00+00:00"))
    runtime, side = runtime_on(database, knowledge, clock), Side(name)
    mine = _somebody(runtime)
    _redate(runtime, mine, side.redating_alone.call)
    side.insert = _fill(runtime, times, name, show)
    database.write(lambda work: work.connection.execute(text("ANALYZE")))
    side.rows = database.read(lambda work: work.connection.scalar(text("SELECT count(*) FROM reminders"))) or 0
    side.raw = raw()
    for at in range(POLLS):
        with side.nothing_due.call():
            found = database.read(lambda work: work.reminders.due(clock.now(), DUE))
        assert not found
        show(at + 1, POLLS, f"{name}: looks at nothing due")
    database.write(lambda work: _some_become_due(work, clock.now()))
    for at in range(POLLS):
        with side.some_due.call():
            found = database.read(lambda work: work.reminders.due(clock.now(), DUE))
        assert found
        show(at + 1, POLLS, f"{name}: looks at {DUE} due")
    _redate(runtime, mine, side.redating.call)
    return side


def _somebody(runtime: Runtime) -> str:
    """Return the trajectory of the one whose days will move: a real one, of the shipped template."""
    accept_notice(runtime, CHANNEL, "mine", "nl")
    conditions = dict.fromkeys(runtime.knowledge.trajectories[TEMPLATE].conditions, True)

    def begin(work: Work) -> str:
        found = work.newcomers.at(CHANNEL, "mine")
        assert found is not None
        begun = enrol(
            runtime,
            work,
            found.newcomer.id,
            TEMPLATE,
            started=date(2026, 11, 23),
            actor="bench",
            anchors={"housing_date": date(2026, 11, 20)},
            conditions=conditions,
        )
        assert isinstance(begun, Begun)
        return begun.trajectory.id

    return runtime.database.write(begin)


def _redate(runtime: Runtime, trajectory: str, timed: Callable[[], object]) -> None:
    """Move the day of the home to and fro: every open task and reminder follows, and the person is told."""
    for at in range(REDATINGS):
        home = {"housing_date": date(2026, 11, 27) if at % 2 == 0 else date(2026, 11, 20)}
        with timed():  # type: ignore[attr-defined]  # a context manager
            runtime.database.write(lambda work, home=home: tell(runtime, work, trajectory, actor="bench", anchors=home))


def _fill(runtime: Runtime, times: int, name: str, show: Callable[[int, int, str], None]) -> float:
    """Plan so many reminders, a person at a time, as it is done when somebody enrols; return the seconds of that."""
    template = runtime.knowledge.trajectories[TEMPLATE]
    some, chance = next(iter(template.tasks.values())), random.Random(1)  # noqa: S311  # days are no secret
    now, seconds, people = runtime.clock.now(), 0.0, max(1, times // A_PERSON)
    for number in range(people):
        wanted = list(_wanted(some, now, chance, A_PERSON))

        def begin(work: Work, number: int = number) -> tuple[str, str, list[str]]:
            found = work.newcomers.writing_from(CHANNEL, str(number), now=now)
            row = work.trajectories.begin(
                found.newcomer.id,
                template=template.id,
                digest=template.digest,
                started=now.date(),
                ends=now.date() + timedelta(days=365),
                told=Told(),
                actor="bench",
                now=now,
            )
            same = {"trajectory_id": row.id, "newcomer_id": found.newcomer.id, "state": "open", "kind": "advised"}
            tasks = [
                {"id": uuid4().hex, "task": f"t{at}", "occurrence": 0, "limits_json": {}, **same} for at in range(TASKS)
            ]
            work.connection.execute(insert(trajectory_tasks), tasks)
            return found.newcomer.id, row.id, [str(task["id"]) for task in tasks]

        newcomer, trajectory, tasks = runtime.database.write(begin)
        rows = [(tasks[at % TASKS], nudge, due) for at, (nudge, due) in enumerate(wanted)]
        began = time.perf_counter()
        runtime.database.write(lambda work, of=(newcomer, trajectory), rows=rows: work.reminders.add(*of, rows))
        seconds += time.perf_counter() - began
        show(number + 1, people, f"{name}: people enrolled")
    return seconds


def _wanted(task: Task, now: datetime, chance: random.Random, times: int) -> Iterator[tuple[Nudge, datetime]]:
    for _ in range(times):
        due = now + timedelta(days=chance.randint(1, 365))
        nudge = Nudge(
            task=replace(task), occurrence=0, day=due.date(), why=Why.DUE, on=due.date(), kind=DeadlineKind.ADVISED
        )
        yield nudge, due


def _some_become_due(work: Work, now: datetime) -> None:
    these = select(reminders.c.id).where(WAITING).order_by(reminders.c.id.desc()).limit(DUE)
    work.connection.execute(update(reminders).where(reminders.c.id.in_(these)).values(due_at=now - timedelta(hours=1)))


# ---- as quick as the database can


def raw_sqlite(path: str) -> float:
    """Copy the rows into a table with the same columns and indexes, past our house; return the seconds."""
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA synchronous = FULL")
        rows = file.execute("SELECT * FROM reminders").fetchall()
        made = file.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'reminders' AND sql IS NOT NULL").fetchall()
        for (words,) in made:
            file.execute(words.replace(" reminders", " twin_reminders").replace("ix_reminders", "ix_twin"))
        places = ", ".join("?" * len(rows[0]))
        began = time.perf_counter()
        with file:
            file.executemany(f"INSERT INTO twin_reminders VALUES ({places})", rows)  # noqa: S608  # only question marks
        seconds = time.perf_counter() - began
        file.execute("DROP TABLE twin_reminders")
        return seconds


def raw_postgresql(url: str) -> float:
    """Copy the rows into a table with the same columns and indexes by COPY; return the seconds."""
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE twin_reminders (LIKE reminders INCLUDING ALL)")
        with cursor.copy("COPY reminders TO STDOUT") as copy:
            content = [bytes(part) for part in copy]
        began = time.perf_counter()
        with cursor.copy("COPY twin_reminders FROM STDIN") as copy:
            for part in content:
                copy.write(part)
        seconds = time.perf_counter() - began
        cursor.execute("DROP TABLE twin_reminders")
        return seconds
