"""What the collections of the trajectory hand out: frozen rows. What tells of a person stays out of `repr`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Self

from bot.trajectory.plan import UNDER_WAY, State
from bot.trajectory.redating import Standing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.trajectory.reminders import Why
    from bot.trajectory.template import DeadlineKind


@dataclass(frozen=True, kw_only=True)
class Told:
    """
    What is known of somebody in a trajectory.

    `layer_shifts` are days by which the coach moved a layer; `asked` are the anchors and conditions that the person was
    asked for and did not tell: they are not asked again by themselves.
    """

    anchors: Mapping[str, date] = field(default_factory=dict)
    conditions: Mapping[str, bool] = field(default_factory=dict)
    layer_shifts: Mapping[str, int] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, Any]:
        """Return it as it is sealed."""
        return {
            "anchors": {name: day.isoformat() for name, day in self.anchors.items()},
            "conditions": dict(self.conditions),
            "layer_shifts": dict(self.layer_shifts),
            "asked": sorted(self.asked),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return what `as_json` described; what was dropped is nothing."""
        return cls(
            anchors={name: date.fromisoformat(day) for name, day in (value.get("anchors") or {}).items()},
            conditions=value.get("conditions") or {},
            layer_shifts=value.get("layer_shifts") or {},
            asked=frozenset(value.get("asked") or ()),
        )


@dataclass(frozen=True, kw_only=True)
class TrajectoryRow:
    """
    A newcomer in a trajectory. `state` is active, paused or ended; `created_by` a user's id, or newcomer.

    `digest` is the template's when the days were last counted: another one now means that an author changed it.
    """

    id: str
    newcomer_id: str
    template: str
    digest: str
    started: date
    ends: date
    state: str
    told: Told = field(repr=False)
    created_at: datetime
    created_by: str
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class TaskRow:
    """
    One time that a newcomer does a task, as it stands.

    `paused_until` is the first day on which the person wants to hear of it again (`date.max`: never). `settled_by` is a
    user's id, or newcomer. `escalates_on` is when the coach has to hear that it is overdue. `reason` is why somebody
    skipped it; `title` and `text` are the words of a task that a coach added.
    """

    id: str
    trajectory_id: str
    newcomer_id: str
    task: str
    occurrence: int
    state: State
    kind: DeadlineKind
    starts: date | None
    due: date | None
    pinned: bool
    limits: Mapping[str, date]
    paused_until: date | None
    settled_at: datetime | None
    settled_by: str | None
    escalates_on: date | None
    escalated_at: datetime | None
    reason: str | None = field(default=None, repr=False)
    title: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)

    @property
    def key(self) -> tuple[str, int]:
        """What it is known by in its trajectory."""
        return self.task, self.occurrence

    @property
    def under_way(self) -> bool:
        """Whether there is still something to do."""
        return self.state in UNDER_WAY

    @property
    def standing(self) -> Standing:
        """The task as a new plan sees it."""
        return Standing(
            task=self.task,
            occurrence=self.occurrence,
            state=self.state,
            kind=self.kind,
            due=self.due,
            pinned=self.pinned,
            limits=self.limits,
        )


@dataclass(frozen=True, kw_only=True)
class TrajectoryEventRow:
    """Something that happened in a trajectory: who (a user's id, newcomer, time), when, what."""

    at: datetime
    kind: str
    actor: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ReminderRow:
    """
    One reminder. `day` is the day it is wanted, `about` the day it is about, `due_at` when it is tried next.

    `state` is waiting, sent or ended; `rule` is what holds it back, or ended it.
    """

    id: str
    task_id: str
    trajectory_id: str
    newcomer_id: str
    day: date
    why: Why
    about: date
    kind: DeadlineKind
    limit_id: str | None
    due_at: datetime
    state: str
    rule: str | None
    sent_at: datetime | None
    message_id: str | None

    @property
    def key(self) -> tuple[str, date, Why, date, str | None]:
        """What tells the reminders of a person apart."""
        return self.task_id, self.day, self.why, self.about, self.limit_id


@dataclass(frozen=True, kw_only=True)
class ReminderMessageRow:
    """A message that reminded somebody of so many tasks; `answered_at` is their first reaction to it."""

    id: str
    newcomer_id: str
    conversation_id: str
    outbox_id: str | None
    sent_at: datetime
    tasks: int
    answered_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class EnrolCodeRow:
    """What a code begins: which trajectory, in whose group, from which day (None: the day it is entered)."""

    id: str
    template: str
    coach_id: str | None
    team: str | None
    started: date | None
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class SessionOfGroupRow:
    """
    A meeting of a coach's group: which session of which task, when and where; planned, held or cancelled.

    What belongs to no task has an empty template; its `task` says what it is, and `subject` what it is about.
    """

    id: str
    coach_id: str
    template: str
    task: str
    number: int
    at: datetime
    place: str
    state: str
    subject: str | None = None


@dataclass(frozen=True, kw_only=True)
class GuestRow:
    """
    Somebody who is invited to a session: what they answered (yes, no) and whether they were there; None: unknown.

    `remind_at` is when a reminder is tried next, `outbox_id` in what they were told of it last.
    """

    session_id: str
    newcomer_id: str
    invited_at: datetime
    answer: str | None
    attended: bool | None
    remind_at: datetime | None = None
    outbox_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class GroupLetterRow:
    """
    A message of a coach to their group, on its way to one of them; `message_id` is the same for all.

    Without `outbox_id` there was no way to them. `answered_at` is when what they wrote back was given to the coach.
    """

    id: str
    message_id: str
    coach_id: str
    newcomer_id: str
    outbox_id: str | None
    at: datetime
    answered_at: datetime | None
