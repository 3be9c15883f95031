"""
Counts of people by their coach, for the coordinator's page: nobody's name, words or answers are read.

A person's municipality stands sealed among what they told, so nothing is counted by it: their coach tells their team.
All is counted as it stood at a moment, from the rows as they are: what was moved or erased since is as it is now.
A moment comes with its day in Amsterdam, because days of tasks have no time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, distinct, func, not_, or_, select

from bot.handoff.case import OVERDUE
from bot.store.dialect import follows_within
from bot.store.tables import cases, newcomers
from bot.store.trajectory_tables import reminder_messages, reminders, trajectories, trajectory_tasks

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date, datetime

    from sqlalchemy import ColumnElement, Connection, Select

# A reminder is answered when the person pressed something below it, or wrote about their tasks, so soon after it.
ANSWERS_WITHIN = timedelta(hours=72)


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    """How many people of one coach (None: of nobody's group) are in a trajectory, and how many were, and ended it."""

    coach_id: str | None
    enrolled: int
    ended: int


@dataclass(frozen=True, kw_only=True)
class Parted:
    """Of how many of a coach's people something under this name is overdue, and of how many it has days and is not."""

    coach_id: str | None
    name: str
    late: int
    on_time: int


@dataclass(frozen=True, kw_only=True)
class Reminded:
    """How many of a coach's people were reminded and how many of them ever answered; the same in messages."""

    coach_id: str | None
    people: int
    people_who_answered: int
    messages: int
    answered: int


@dataclass(frozen=True, kw_only=True)
class Waited:
    """A question that a person of the team answered: which team, whose it was, how long until the first answer."""

    team: str
    newcomer_id: str
    waited: timedelta


class TrajectoryCounts:
    """What can be counted of trajectories, a query each. Who is being erased is not counted."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def enrolled(self, template: str, moment: datetime) -> list[Enrolled]:
        """Return how many people were in this trajectory at this moment, and how many had ended one."""
        begun = (trajectories.c.template == template, trajectories.c.created_at < moment)
        query = _people(
            newcomers.c.coach_id,
            func.count(distinct(case((_goes_on(moment), newcomers.c.id)))),
            func.count(distinct(case((not_(_goes_on(moment)), newcomers.c.id)))),
        )
        rows = self._connection.execute(query.where(*begun).group_by(newcomers.c.coach_id)).all()
        return [Enrolled(coach_id=row[0], enrolled=row[1], ended=row[2]) for row in rows]

    def parted(
        self,
        template: str,
        tasks: Collection[str],
        moment: datetime,
        day: date,
        layers: Mapping[str, str] | None = None,
    ) -> list[Parted]:
        """
        Return how many people are overdue, and how many are not, by task; by layer when `layers` tells that of each.

        A task is overdue when its day was past and it was open. Who did it late, has yet to do it, or says that it is
        done and was not seen by the coach yet, is not. Who skipped it is in neither, nor who has no day for it.
        """
        if not tasks:
            return []
        task = trajectory_tasks.c
        name = task.task if layers is None else case(dict(layers), value=task.task)
        settled = func.coalesce(task.settled_at < moment, False)
        theirs = and_(task.due.is_not(None), task.state != "dropped", not_(and_(task.state == "skipped", settled)))
        each = (
            _people(
                newcomers.c.coach_id,
                newcomers.c.id.label("newcomer_id"),
                name.label("name"),
                case((and_(task.due < day, not_(settled)), 1), else_=0).label("late"),
            )
            .join(trajectory_tasks, task.trajectory_id == trajectories.c.id)
            .where(trajectories.c.template == template, trajectories.c.created_at < moment, _goes_on(moment))
            .where(task.task.in_(tasks), theirs)
            .subquery()
        )
        person = (
            select(func.max(each.c.coach_id).label("coach_id"), each.c.name, func.max(each.c.late).label("late"))
            .group_by(each.c.newcomer_id, each.c.name)
            .subquery()
        )
        query = select(person.c.coach_id, person.c.name, func.count(), func.sum(person.c.late))
        rows = self._connection.execute(query.group_by(person.c.coach_id, person.c.name)).all()
        return [Parted(coach_id=row[0], name=row[1], late=row[3], on_time=row[2] - row[3]) for row in rows]

    def reminded(self, template: str, moment: datetime) -> list[Reminded]:
        """Return how many were reminded, and answered, of who is in this trajectory; each message had its time."""
        message = reminder_messages.c
        did_answer = follows_within(self._connection, message.sent_at, message.answered_at, ANSWERS_WITHIN)
        each = (
            _people(
                newcomers.c.coach_id,
                newcomers.c.id.label("newcomer_id"),
                message.id,
                case((did_answer, 1), else_=0).label("answered"),
            )
            .join(reminders, reminders.c.trajectory_id == trajectories.c.id)
            .join(reminder_messages, message.id == reminders.c.message_id)
            .where(trajectories.c.template == template, trajectories.c.created_at < moment, _goes_on(moment))
            .where(message.sent_at < moment - ANSWERS_WITHIN)
            .distinct()  # one message may remind of several tasks
            .subquery()
        )
        person = (
            select(
                each.c.coach_id,
                func.count().label("messages"),
                func.sum(each.c.answered).label("answered"),
                func.max(each.c.answered).label("ever"),
            )
            .group_by(each.c.coach_id, each.c.newcomer_id)
            .subquery()
        )
        query = select(
            person.c.coach_id,
            func.count(),
            func.sum(person.c.ever),
            func.sum(person.c.messages),
            func.sum(person.c.answered),
        ).group_by(person.c.coach_id)
        return [
            Reminded(
                coach_id=row[0],
                people=row[1],
                people_who_answered=row[2],
                messages=int(row[3]),
                answered=int(row[4]),
            )
            for row in self._connection.execute(query).all()
        ]

    def waited(self, since: datetime, moment: datetime) -> list[Waited]:
        """
        Return how long each question waited that was opened since then and answered before this moment.

        From the opening of its case to the team's first answer. What time opened, for a task that stays undone, is no
        question; when the newcomer asks something in such a case, it is one that waited since time opened it.
        """
        answered = and_(cases.c.first_answered_at.is_not(None), cases.c.first_answered_at < moment)
        query = (
            select(cases.c.team, cases.c.newcomer_id, cases.c.opened_at, cases.c.first_answered_at)
            .join(newcomers, newcomers.c.id == cases.c.newcomer_id)
            .where(newcomers.c.status != "erasing", cases.c.opened_at >= since, answered)
            .where(not_(cases.c.reason.startswith(OVERDUE, autoescape=True)))
        )
        rows = self._connection.execute(query).all()
        return [Waited(team=row[0], newcomer_id=row[1], waited=row[3] - row[2]) for row in rows]


def _people(*columns: Any) -> Select[*tuple[Any, ...]]:  # whatever SQLAlchemy selects
    """Return a query over trajectories with their people."""
    theirs = newcomers.c.id == trajectories.c.newcomer_id
    return select(*columns).select_from(trajectories).join(newcomers, theirs).where(newcomers.c.status != "erasing")


def _goes_on(moment: datetime) -> ColumnElement[bool]:
    return or_(trajectories.c.ended_at.is_(None), trajectories.c.ended_at >= moment)
