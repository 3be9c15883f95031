"""
A coach sees their sessions, who is invited and what they answered; whom they may invite; what speaks against a moment.

Only their own, and no name: the desk knows somebody by the number of their last case, else by four digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.answer import as_actor
from bot.domain.clock import local_day
from bot.domain.days import is_holiday
from bot.domain.languages import SOURCE
from bot.gather import Refusal
from bot.handoff.case import Role
from bot.handoff.timeline import Delivery, delivery_of
from bot.invite import APPOINTMENT, is_coming
from bot.team import hours_of

if TYPE_CHECKING:
    from datetime import date, datetime

    from bot.runtime import Runtime
    from bot.store.rows import OutboxRow
    from bot.store.trajectory_rows import GuestRow, SessionOfGroupRow
    from bot.store.work import Work


class Doubt(StrEnum):
    """Why a moment may be none for an appointment; the coach may know better."""

    HOLIDAY = "holiday"
    CLOSED = "closed"  # the team is not there on that day
    OUTSIDE = "outside"  # the team is there on that day, at other hours
    UNKNOWN = "unknown"  # nobody told us when the team is there


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody of a group: the number of their last case (0: none), four digits of their own, their language."""

    id: str
    number: int
    mark: str
    language: str | None
    stopped: bool


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A session in a list: `title` is empty for an appointment."""

    row: SessionOfGroupRow
    title: str
    invited: int
    come: int
    comes_not: int

    @property
    def day(self) -> date:
        """The day in Amsterdam."""
        return local_day(self.row.at)

    @property
    def is_appointment(self) -> bool:
        """Whether it is with one person."""
        return self.row.task == APPOINTMENT and not self.row.template


@dataclass(frozen=True, kw_only=True)
class Guest:
    """Who is invited, and what became of what they were told last; None: nothing could be sent."""

    person: Person
    row: GuestRow
    delivery: Delivery | None
    in_group: bool


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """A coach's sessions: those to come, the next on top; those that were or are off, the last on top."""

    coming: tuple[Listed, ...]
    past: tuple[Listed, ...]
    group: tuple[Person, ...]


@dataclass(frozen=True, kw_only=True)
class Opened:
    """One session with its guests; `others` of the group are not invited."""

    listed: Listed
    coming: bool
    begun: bool
    guests: tuple[Guest, ...]
    others: tuple[Person, ...]


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A task of a trajectory template that a session can be for."""

    template: str
    task: str
    title: str


def topics(runtime: Runtime) -> tuple[Topic, ...]:
    """Return the tasks that sessions are planned for, in the order of the templates."""
    return tuple(
        Topic(template=template.id, task=task.id, title=_task_title(runtime, task.id))
        for template in runtime.knowledge.trajectories.values()
        for task in template.tasks.values()
        if task.by_session
    )


def my_sessions(runtime: Runtime, who: str) -> Sessions | Refusal:
    """Return a coach's sessions and whom they may invite."""
    now = runtime.clock.now()

    def look(work: Work) -> Sessions | Refusal:
        if not _is_coach(work, who):
            return Refusal.NOT_YOUR_ROLE
        rows = [_listed(runtime, work, row) for row in work.group_sessions.of_coach(who)]
        return Sessions(
            coming=tuple(one for one in rows if is_coming(one.row, now)),
            past=tuple(one for one in reversed(rows) if not is_coming(one.row, now)),
            group=people_of(work, who),
        )

    return runtime.database.read(look)


def open_session(runtime: Runtime, who: str, session_id: str) -> Opened | Refusal:
    """Return one session of a coach, with who is invited."""
    now = runtime.clock.now()

    def look(work: Work) -> Opened | Refusal:
        row = work.group_sessions.get(session_id)
        if not _is_coach(work, who):
            return Refusal.NOT_YOUR_ROLE
        if row is None or row.coach_id != who:
            return Refusal.NO_SESSION
        group = people_of(work, who)
        guests = work.group_sessions.guests(row.id)
        invited = {guest.newcomer_id for guest in guests}
        return Opened(
            listed=_listed(runtime, work, row),
            coming=is_coming(row, now),
            begun=row.at <= now and row.state != "cancelled",
            guests=tuple(_guest(work, guest, group, now) for guest in guests),
            others=tuple(one for one in group if one.id not in invited),
        )

    return runtime.database.read(look)


def doubts(runtime: Runtime, at: datetime, team: str = "") -> tuple[Doubt, ...]:
    """Return what speaks against this moment: a holiday, or that the team (empty: no team's place) is not there."""
    if is_holiday(local_day(at)):
        return (Doubt.HOLIDAY,)
    if team not in runtime.knowledge.organisation.teams:
        return ()
    hours = hours_of(runtime, team)
    if hours is None:
        return (Doubt.UNKNOWN,)
    spans = hours.spans(local_day(at))
    if any(opens <= at < closes for opens, closes in spans):
        return ()
    return (Doubt.OUTSIDE if spans else Doubt.CLOSED,)


def people_of(work: Work, who: str) -> tuple[Person, ...]:
    """Return who is in a coach's group and not leaving."""
    found = (_person(work, row.newcomer_id, row.number) for row in work.groups.of([who]))
    return tuple(one for one in found if one is not None)


def delivery(row: OutboxRow | None, now: datetime) -> Delivery | None:
    """Return what became of a message; None when there is none."""
    if row is None:
        return None
    return delivery_of(row.status, held=row.status == "queued" and row.user_id is not None and row.available_at > now)


def _is_coach(work: Work, who: str) -> bool:
    user = work.users.get(who)
    return user is not None and user.active and Role.COACH in as_actor(user).roles


def _person(work: Work, newcomer_id: str, number: int) -> Person | None:
    newcomer = work.newcomers.get(newcomer_id)
    if newcomer is None or newcomer.status == "erasing":
        return None
    return Person(
        id=newcomer.id,
        number=number,
        mark=newcomer.id[-4:].upper(),
        language=newcomer.language,
        stopped=newcomer.status == "stopped",
    )


def _guest(work: Work, guest: GuestRow, group: tuple[Person, ...], now: datetime) -> Guest:
    member = next((one for one in group if one.id == guest.newcomer_id), None)
    cases = work.cases.of(guest.newcomer_id) if member is None else []
    person = member or _person(work, guest.newcomer_id, cases[0].number if cases else 0)
    return Guest(
        person=person or Person(id=guest.newcomer_id, number=0, mark="", language=None, stopped=True),
        row=guest,
        delivery=delivery(work.outbox.get(guest.outbox_id) if guest.outbox_id else None, now),
        in_group=member is not None,
    )


def _listed(runtime: Runtime, work: Work, row: SessionOfGroupRow) -> Listed:
    answers = [guest.answer for guest in work.group_sessions.guests(row.id)]
    return Listed(
        row=row,
        title=_task_title(runtime, row.task) if row.template else row.subject or "",
        invited=len(answers),
        come=answers.count("yes"),
        comes_not=answers.count("no"),
    )


def _task_title(runtime: Runtime, task: str) -> str:
    name = f"utter_task_{task}"
    return runtime.renderer.words(name, SOURCE) if name in runtime.knowledge.content.responses else task
