"""The demo's coach and their group: five people at different places in their year, and a session to come."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from bot import gather, guide
from bot.commands import demo_cast as cast
from bot.domain.clock import AMSTERDAM, local_day
from bot.domain.days import is_holiday
from bot.guide import Settled

if TYPE_CHECKING:
    from bot.commands.demo import Stage
    from bot.store.trajectory_rows import TaskRow
    from bot.store.work import Work

TRAJECTORY = "twelve_months"
SUNDAY = 6


def begin(stage: Stage) -> None:
    """Have each of the group begin their year on a day of their own, and do most of what was due since."""
    if TRAJECTORY not in stage.runtime.knowledge.trajectories:
        return
    for name, year in cast.YEARS.items():
        stage.go_back(days=year.days)
        stage.arrives(name)
        _enrols(stage, name, year)
        stage.go_back(hours=30)
        _does(stage, name, year)


def _enrols(stage: Stage, name: str, year: cast.Year) -> None:
    today = local_day(stage.clock.now())
    anchors = {anchor: today + timedelta(days=days) for anchor, days in year.anchors.items()}

    def enrol(work: Work) -> None:
        begun = guide.enrol(
            stage.runtime,
            work,
            stage.newcomer(name, work),
            TRAJECTORY,
            started=today,
            actor=stage.users["coby"].id,
            anchors=anchors,
            conditions=year.conditions,
        )
        assert isinstance(begun, guide.Begun), begun

    stage.runtime.database.write(enrol)
    stage.delivers()


def _does(stage: Stage, name: str, year: cast.Year) -> None:
    """Have what is past be done, but for the last few."""
    today = local_day(stage.clock.now())

    def settle(work: Work) -> None:
        (trajectory,) = work.trajectories.going_on(stage.newcomer(name, work))
        past = [task for task in work.trajectories.tasks(trajectory.id) if _was_due(task, today)]
        past.sort(key=lambda task: task.due or date.min)
        for task in past[: len(past) - year.behind]:
            guide.settle(stage.runtime, work, task.id, Settled.DONE, actor="newcomer")

    stage.runtime.database.write(settle)


def _was_due(task: TaskRow, today: date) -> bool:
    return task.under_way and task.due is not None and task.due < today


def meets(stage: Stage) -> None:
    """Have the coach plan a session of the group, a week from now and on no day of rest."""
    if TRAJECTORY not in stage.runtime.knowledge.trajectories:
        return
    day = local_day(stage.clock.now()) + timedelta(days=7)
    while day.weekday() == SUNDAY or is_holiday(day):
        day += timedelta(days=1)
    coby = stage.users["coby"].id
    group = stage.runtime.database.read(lambda work: work.newcomers.group_of(coby))
    planned = gather.plan(
        stage.runtime,
        coby,
        gather.What(subject=cast.SESSION),
        at=datetime.combine(day, time(14), AMSTERDAM),
        place=cast.PLACE,
        guests=group,
    )
    assert not isinstance(planned, gather.Refusal), planned
    stage.delivers()
