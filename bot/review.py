"""
A coach sees how their group is doing, and opens the year of one person in it.

Of the group nothing stands there that anybody wrote or told. A person's year is opened in one unit of work with the
line in the journal, as a file is (`bot/look.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from bot.domain.clock import local_day
from bot.domain.languages import SOURCE
from bot.guide import OWN, template_of
from bot.mentor import Refusal, coach_or_refusal, reason_not_to_guide
from bot.naming import HIDDEN, dutch_title
from bot.reckon import Course, Stage, Step, course, latest_heard, question_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bot.runtime import Runtime
    from bot.store.rows import NewcomerRow
    from bot.store.trajectory_rows import EnrolCodeRow, TrajectoryRow
    from bot.store.work import Work

WHAT = "trajectory"
# How much of what is overdue stands in the list of a group.
MOST_STUCK = 3
_NOBODY = ("newcomer", "time")


@dataclass(frozen=True, kw_only=True)
class Stuck:
    """Something overdue, since when, and what it waits for. What nobody may read over a shoulder is "a task"."""

    title: str
    since: date
    first: tuple[str, ...]
    escalated: bool


@dataclass(frozen=True, kw_only=True)
class Member:
    """
    Somebody of a group, as the desk names them: by the number of their last case, else by four digits of their own.

    `now`, `overdue`, `awaiting` and `unknown` are counts of tasks, and of what nobody told yet.
    """

    newcomer_id: str
    number: int
    mark: str
    language: str | None
    heard_at: datetime | None
    courses: tuple[tuple[str, int], ...]  # what each is called, and which week it is
    now: int = 0
    overdue: int = 0
    awaiting: int = 0
    unknown: int = 0
    next_day: date | None = None
    stuck: tuple[Stuck, ...] = ()
    rests: bool = False


@dataclass(frozen=True, kw_only=True)
class Group:
    """A coach's group: who needs them most on top; and the codes that they gave out, the newest first."""

    members: tuple[Member, ...]
    codes: tuple[EnrolCodeRow, ...]


@dataclass(frozen=True, kw_only=True)
class Happened:
    """
    Something that happened in a trajectory; `by` is a pseudonym, None for who is gone or none of the team.

    `asked` are the questions that were answered; the answers stand in no history. `offer` is what an offer is called by
    which somebody did a task, None while it is not known any more.
    """

    at: datetime
    kind: str
    actor: str
    by: str | None
    task: str | None
    asked: tuple[str, ...]
    detail: Mapping[str, Any]
    offer: str | None = None


@dataclass(frozen=True, kw_only=True)
class Year:
    """A person of a coach's group, with every trajectory that goes on and what happened in them, the newest first."""

    at: datetime
    newcomer: NewcomerRow
    number: int
    mark: str
    name: str | None = field(repr=False)
    heard_at: datetime | None
    courses: tuple[Course, ...] = field(repr=False)
    history: tuple[Happened, ...] = field(repr=False)

    def course_of(self, trajectory_id: str) -> Course | None:
        """Return one of the trajectories."""
        return next((one for one in self.courses if one.row.id == trajectory_id), None)

    def step(self, task_id: str) -> tuple[Course, Step] | None:
        """Return one of the tasks, and the trajectory that it is in."""
        found = ((one, step) for one in self.courses for step in one.steps if step.row.id == task_id)
        return next(found, None)


def mark_of(newcomer_id: str) -> str:
    """Return four digits by which the desk knows somebody who has no case."""
    return newcomer_id[-4:].upper()


def my_group(runtime: Runtime, who: str) -> Group | Refusal:
    """Return a coach's group: overdue first, the longest on top, then what waits for the coach."""

    def look(work: Work) -> Group | Refusal:
        coach = coach_or_refusal(work, who)
        if isinstance(coach, Refusal):
            return coach
        members = [
            _member(runtime, work, newcomer, row.number)
            for row in work.groups.of([who])
            if (newcomer := work.newcomers.get(row.newcomer_id)) is not None and newcomer.status != "erasing"
        ]
        return Group(members=tuple(sorted(members, key=_need)), codes=tuple(work.enrol_codes.of_coach(who)))

    return runtime.database.read(look)


def _need(one: Member) -> tuple[date, bool, bool, date, str]:
    longest = one.stuck[0].since if one.stuck else date.max
    return longest, not one.awaiting, bool(one.courses), one.next_day or date.max, one.newcomer_id


def _member(runtime: Runtime, work: Work, newcomer: NewcomerRow, number: int) -> Member:
    courses = [course(runtime, work, row) for row in work.trajectories.going_on(newcomer.id)]
    overdue = sorted((step for one in courses for step in one.overdue), key=lambda step: step.row.due or date.max)
    return Member(
        newcomer_id=newcomer.id,
        number=number,
        mark=mark_of(newcomer.id),
        language=newcomer.language,
        heard_at=latest_heard(work, newcomer.id),
        courses=tuple((one.title, one.week) for one in courses),
        now=sum(len(one.at(Stage.OPEN, Stage.BLOCKED)) for one in courses),
        overdue=len(overdue),
        awaiting=sum(len(one.at(Stage.AWAITING)) for one in courses),
        unknown=sum(len(one.asks_anchors) + len(one.asks_conditions) for one in courses),
        next_day=min((one.next_day for one in courses if one.next_day), default=None),
        rests=any(one.rests for one in courses),
        stuck=tuple(_stuck(runtime, step) for step in overdue[:MOST_STUCK]),
    )


def _stuck(runtime: Runtime, step: Step) -> Stuck:
    hidden = step.sensitive and HIDDEN in runtime.knowledge.content.responses
    return Stuck(
        title=runtime.renderer.words(HIDDEN, SOURCE) if hidden else step.title,
        since=step.row.due or local_day(runtime.clock.now()),
        first=() if hidden else step.first,
        escalated=step.row.escalated_at is not None,
    )


# ---- one person


def open_year(runtime: Runtime, who: str, newcomer_id: str) -> Year | Refusal:
    """Open the year of somebody in a coach's group and write down that the coach looked; or say why they may not."""

    def look(work: Work) -> Year | Refusal:
        refused = reason_not_to_guide(work, who, newcomer_id)
        newcomer = work.newcomers.get(newcomer_id)
        if refused is not None or newcomer is None:
            return refused or Refusal.NOT_YOURS
        number = next((row.number for row in work.groups.of([who]) if row.newcomer_id == newcomer_id), 0)
        work.views.note(who, WHAT, runtime.clock.now(), newcomer_id=newcomer_id, case_number=number or None)
        rows = work.trajectories.of(newcomer_id)
        return Year(
            at=runtime.clock.now(),
            newcomer=newcomer,
            number=number,
            mark=mark_of(newcomer_id),
            name=_name(work, newcomer),
            heard_at=latest_heard(work, newcomer_id),
            courses=tuple(course(runtime, work, row) for row in rows if row.state != "ended"),
            history=tuple(sorted(_history(runtime, work, rows), key=lambda one: one.at, reverse=True)),
        )

    return runtime.database.write(look)


def _name(work: Work, newcomer: NewcomerRow) -> str | None:
    """Return the name that somebody shows in their messenger, as their file has it: after the notice only."""
    if newcomer.consent_at is None:
        return None
    names = (work.newcomers.profile_name(one.id) for one in work.conversations.of(newcomer.id))
    return next((name for name in names if name), None)


def _history(runtime: Runtime, work: Work, rows: list[TrajectoryRow]) -> Iterator[Happened]:
    names: dict[str, str | None] = dict.fromkeys(_NOBODY)
    for row in rows:
        titles = {task.task: dutch_title(runtime, task) for task in work.trajectories.tasks(row.id) if not task.title}
        template = template_of(runtime, work, row)
        own = {task.occurrence: task.title for task in work.trajectories.tasks(row.id) if task.title}
        for event in work.trajectories.events(row.id):
            if event.actor not in names:
                user = work.users.get(event.actor)
                names[event.actor] = user.pseudonym if user else None
            task = event.detail.get("task", OWN if event.kind == "task_added" else None)
            known = own.get(event.detail.get("number", 0)) if task == OWN else titles.get(str(task))
            yield Happened(
                at=event.at,
                kind=event.kind,
                actor=event.actor,
                by=names[event.actor],
                task=(known or str(task)) if task else None,
                asked=tuple(question_of(runtime, template, name) for name in event.detail.get("told", ())),
                detail=event.detail,
                offer=_offer(work, event.detail.get("offer")),
            )


def _offer(work: Work, offer_id: str | None) -> str | None:
    offer = work.offers.get(offer_id) if offer_id else None
    return offer.title if offer else None
