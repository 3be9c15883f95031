"""Where somebody stands in a trajectory today: every task with its day, what it waits for, and why nothing is said."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.domain.clock import local_day
from bot.domain.languages import SOURCE
from bot.guide import OWN, RESTS, has_changed, next_day, plan_of, planned_for, template_of
from bot.naming import dutch_title
from bot.tasks import is_over
from bot.trajectory.plan import State, waits_for
from bot.trajectory.template import DeadlineKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from bot.runtime import Runtime
    from bot.store.trajectory_rows import ReminderRow, TaskRow, TrajectoryRow
    from bot.store.work import Work
    from bot.trajectory.plan import DatedLimit, Plan, Planned, Window
    from bot.trajectory.template import Template

BEHIND = frozenset({State.DONE, State.SKIPPED, State.AWAITING})


class Stage(StrEnum):
    """Where a task stands today."""

    OVERDUE = "overdue"
    AWAITING = "awaiting"  # the newcomer says it is done, the coach has not seen it
    OPEN = "open"
    BLOCKED = "blocked"  # something comes first
    LATER = "later"
    NO_DAY = "no_day"  # nobody told the day it counts from
    UNSURE = "unsure"  # nobody told whether it is for them
    TO_PLAN = "to_plan"  # its days are the sessions that the coach plans
    OVER = "over"  # nobody can do it any more
    DONE = "done"
    SKIPPED = "skipped"
    DROPPED = "dropped"


_SETTLED = {
    State.AWAITING: Stage.AWAITING,
    State.DONE: Stage.DONE,
    State.SKIPPED: Stage.SKIPPED,
    State.DROPPED: Stage.DROPPED,
}
# Where something is still to be done: only these are pinned, put off, skipped.
ASKED = frozenset(Stage) - {*_SETTLED.values()}


@dataclass(frozen=True, kw_only=True)
class Step:
    """
    A task of somebody as it stands today.

    `day` is the next one that counts, `first` what comes before it, `missing` and `depends_on` the day and the
    condition that nobody told. `reminders` are in the order of their days. `title` and `first` are in Dutch.
    """

    row: TaskRow
    stage: Stage
    title: str
    layer: str
    day: date | None
    limits: tuple[DatedLimit, ...] = ()
    missing: str | None = None
    depends_on: str | None = None
    first: tuple[str, ...] = ()
    proof: str = ""
    sensitive: bool = False
    reminders: tuple[ReminderRow, ...] = field(default=(), repr=False)

    @property
    def is_own(self) -> bool:
        """Whether the coach added it."""
        return self.row.task == OWN

    @property
    def of_the_law(self) -> bool:
        """Whether its day is one of the law."""
        return self.row.kind is DeadlineKind.LEGAL

    @property
    def sort_day(self) -> date:
        """The day by which it stands in a list; what has none comes last."""
        return self.day or date.max

    @property
    def next_reminder(self) -> ReminderRow | None:
        """The reminder that goes out next, if nothing holds it back; its `rule` is what held it back before."""
        return min((one for one in self.reminders if one.state == "waiting"), key=lambda one: one.due_at, default=None)

    @property
    def last_reminder(self) -> ReminderRow | None:
        """The reminder that went out last."""
        return max(
            (one for one in self.reminders if one.sent_at), key=lambda one: one.sent_at or one.due_at, default=None
        )

    @property
    def held_by(self) -> str | None:
        """The rule that holds the next reminder back; when none is to come, the one that ended the last."""
        coming = self.next_reminder
        if coming is not None:
            return coming.rule
        return next((one.rule for one in reversed(self.reminders) if one.state == "ended"), None)


@dataclass(frozen=True, kw_only=True)
class Course:
    """
    Somebody in one trajectory, today. `week` counts from 1; 0 before it begins. `steps` stand in the template's order.

    `changed`: an author changed the template since the days were counted.
    """

    row: TrajectoryRow
    template: Template
    title: str
    week: int
    layers: tuple[tuple[str, Window], ...]
    asks_anchors: tuple[str, ...]
    asks_conditions: tuple[str, ...]
    changed: bool
    steps: tuple[Step, ...] = field(repr=False)

    def at(self, *stages: Stage) -> tuple[Step, ...]:
        """Return the steps that stand there, the earliest day first."""
        found = [one for one in self.steps if one.stage in stages]
        return tuple(sorted(found, key=lambda one: one.sort_day))

    @property
    def rests(self) -> bool:
        """Whether somebody lets it rest."""
        return self.row.state == RESTS

    @property
    def overdue(self) -> tuple[Step, ...]:
        """What is overdue, the longest first; of who rests only what the law sets."""
        found = [one for one in self.steps if one.stage is Stage.OVERDUE and not (self.rests and not one.of_the_law)]
        return tuple(sorted(found, key=lambda one: one.row.due or date.max))

    @property
    def next_day(self) -> date | None:
        """The next day on which something is due."""
        coming = (one.day for one in self.at(Stage.OPEN, Stage.BLOCKED, Stage.LATER))
        return next((day for day in coming if day is not None), None)


def course(runtime: Runtime, work: Work, trajectory: TrajectoryRow) -> Course:
    """Return where somebody stands in a trajectory that goes on."""
    template, made = template_of(runtime, work, trajectory), plan_of(runtime, work, trajectory)
    today = local_day(runtime.clock.now())
    return Course(
        row=trajectory,
        template=template,
        title=title_of_template(runtime, template),
        week=max(0, (today - trajectory.started) // timedelta(weeks=1) + 1),
        layers=tuple(made.layers.items()),
        asks_anchors=made.asks_anchors,
        asks_conditions=made.asks_conditions,
        changed=has_changed(runtime, trajectory),
        steps=tuple(_steps(runtime, work, trajectory, made, today)),
    )


def title_of_template(runtime: Runtime, template: Template) -> str:
    """Return what the team calls a trajectory."""
    if template.title not in runtime.knowledge.content.responses:
        return template.id
    return runtime.renderer.words(template.title, SOURCE)


def question_of(runtime: Runtime, template: Template, name: str) -> str:
    """Return the Dutch question for a day or a condition of a template."""
    response = template.anchors.get(name) or template.conditions.get(name) or ""
    known = response in runtime.knowledge.content.responses
    return runtime.renderer.words(response, SOURCE).replace("*", "") if known else name


def _steps(runtime: Runtime, work: Work, trajectory: TrajectoryRow, made: Plan, today: date) -> Iterator[Step]:
    rows = work.trajectories.tasks(trajectory.id)
    reminders: dict[str, list[ReminderRow]] = {}
    for one in work.reminders.of_trajectory(trajectory.id):
        reminders.setdefault(one.task_id, []).append(one)
    behind = {row.key for row in rows if row.state in BEHIND}
    titles = {row.task: dutch_title(runtime, row) for row in rows}
    order = {one.key: number for number, one in enumerate(made.tasks)}
    for row in sorted(rows, key=lambda row: (order.get(row.key, len(order)), row.id)):
        planned = planned_for(row, made)
        first = waits_for(planned.task, made, behind) if planned else frozenset()
        yield Step(
            row=row,
            stage=stage_of(row, planned, made, first, today),
            title=dutch_title(runtime, row),
            layer=planned.task.layer if planned else "",
            day=next_day(planned, today, row.due) if planned else row.due,
            limits=tuple(one for one in planned.limits if one.on is not None) if planned else (),
            missing=planned.missing if planned else None,
            depends_on=planned.task.applies_if if planned and planned.applies is None else None,
            first=tuple(sorted(titles.get(task, task) for task in first)),
            proof=planned.task.proof if planned else "",
            sensitive=planned.task.sensitive if planned else False,
            reminders=_in_order(reminders.get(row.id, [])),
        )


def _in_order(rows: Sequence[ReminderRow]) -> tuple[ReminderRow, ...]:
    return tuple(sorted(rows, key=lambda row: (row.day, row.id)))


def stage_of(row: TaskRow, planned: Planned | None, made: Plan, first: frozenset[str], today: date) -> Stage:
    """Return where a task stands on this day; `first` are the tasks that come before it and are not settled."""
    if row.state in _SETTLED:
        return _SETTLED[row.state]
    if planned is None or planned.applies is False:
        return Stage.DROPPED
    # In this order: what nobody knows comes before what the calendar says.
    found = (
        (planned.applies is None, Stage.UNSURE),
        (planned.is_window, Stage.TO_PLAN),
        (row.due is None and planned.missing is not None, Stage.NO_DAY),
        (is_over(row, planned, made, today), Stage.OVER),
        (row.due is not None and row.due < today, Stage.OVERDUE),
        (bool(first), Stage.BLOCKED),
        (row.starts is not None and row.starts > today, Stage.LATER),
    )
    return next((stage for so, stage in found if so), Stage.OPEN)


def latest_heard(work: Work, newcomer_id: str) -> datetime | None:
    """Return when somebody last wrote, wherever; None when they never did."""
    heard = (one.heard_at for one in work.conversations.of(newcomer_id))
    return max((moment for moment in heard if moment is not None), default=None)
