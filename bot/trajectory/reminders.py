"""
Reminders: on which days a task wants one, whether it may go out now, and several of one day as one message. Pure.

The rules of politeness are one table, `RULES`: each either lets a reminder pass or says what holds it back, and until
when. The coach sees that reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from bot.domain.clock import local_day
from bot.domain.days import at, is_day, is_holiday, next_morning
from bot.trajectory.plan import State
from bot.trajectory.template import DeadlineKind, Repeats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bot.trajectory.plan import Planned
    from bot.trajectory.template import Task

# When on its day a reminder is first tried: the day has begun, and most of it is left to act or to ask.
SENT_AT = time(10)
SUNDAY = 6
MOST_A_DAY = 2
MOST_A_WEEK = 5
WEEK = timedelta(days=7)
QUIET_AFTER_CRISIS = timedelta(hours=72)
# How soon it is tried again while somebody of the team is in the conversation.
AFTER_A_PERSON = timedelta(hours=2)
MOST_TASKS_IN_A_MESSAGE = 5


class Why(StrEnum):
    """What a reminder is about."""

    BEFORE = "before"
    DUE = "due"
    AFTER = "after"
    LIMIT = "limit"


@dataclass(frozen=True, kw_only=True)
class Nudge:
    """
    One task wants a reminder on one day.

    `on` is the day it is about: when the task is due, or its `limit` ends; `kind` is that day's kind.
    """

    task: Task
    occurrence: int
    day: date
    why: Why
    on: date
    kind: DeadlineKind
    limit: str | None = None

    @property
    def key(self) -> tuple[str, int]:
        """The task it is about."""
        return self.task.id, self.occurrence


def moments(planned: Planned, *, due: date | None = None) -> tuple[Nudge, ...]:
    """
    Return the days on which a task wants a reminder, in order.

    `due` is the day that is kept for the person, where the coach pinned another. Nothing is wanted before the task
    begins, except by a limit.
    """
    if planned.applies is False or planned.is_window:
        return ()
    return tuple(
        sorted(_moments(planned, due or planned.due), key=lambda nudge: (nudge.day, nudge.on, nudge.limit or ""))
    )


def _moments(planned: Planned, due: date | None) -> Iterator[Nudge]:
    task, occurrence = planned.task, planned.occurrence
    for days in task.reminder_days if due is not None else ():
        assert due is not None
        day = due + timedelta(days=days)
        # A session is announced before its day, and that is before its "start", which is the session itself.
        if planned.starts is None or day >= planned.starts or task.by_session:
            why = Why.BEFORE if days < 0 else Why.AFTER if days > 0 else Why.DUE
            yield Nudge(task=task, occurrence=occurrence, day=day, why=why, on=due, kind=planned.kind)
    for dated in planned.limits:
        for days in dated.limit.reminder_days if dated.on is not None else ():
            assert dated.on is not None
            yield Nudge(
                task=task,
                occurrence=occurrence,
                day=dated.on + timedelta(days=days),
                why=Why.LIMIT,
                on=dated.on,
                kind=dated.limit.kind,
                limit=dated.limit.id,
            )


# ---- when


def first_moment(nudge: Nudge) -> datetime:
    """Return when a reminder is first tried."""
    return next_moment(at(nudge.day, SENT_AT), nudge)


def next_moment(after: datetime, nudge: Nudge | None = None) -> datetime:
    """Return the first moment from `after` on at which the clock and the calendar let this reminder out."""
    moment = after
    while True:
        if not is_day(moment):
            moment = next_morning(moment)
        day = local_day(moment)
        if not is_day_of_rest(day) or (nudge is not None and _cannot_wait(nudge, day)):
            return moment
        moment = at(day + timedelta(days=1), SENT_AT)


def is_day_of_rest(day: date) -> bool:
    """Return whether nobody is reminded on this day: a Sunday or a public holiday."""
    return day.weekday() == SUNDAY or is_holiday(day)


def _cannot_wait(nudge: Nudge, today: date) -> bool:
    """Return whether a day of the law comes tomorrow, or is today: on Monday it would be too late."""
    return nudge.kind is DeadlineKind.LEGAL and today <= nudge.on <= today + timedelta(days=1)


def _tomorrow(now: datetime, nudge: Nudge) -> datetime:
    return next_moment(at(local_day(now) + timedelta(days=1), SENT_AT), nudge)


# ---- whether


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """
    What is so around a reminder at this moment.

    `state` and `applies` are the task's; `waits_for` the tasks it depends on that are not settled. `sent` holds when
    reminder messages went out, of the last seven days at least (a message with several tasks counts once).
    `paused_until` is the first day on which the person wants to hear of this task again: `date.max` for never.
    `resting`: their whole trajectory rests. `escalated`: it was overdue and the coach has it now. `with_person`:
    somebody of the team is in the conversation.
    """

    now: datetime
    state: State = State.OPEN
    applies: bool | None = True
    stopped: bool = False
    waits_for: frozenset[str] = frozenset()
    crisis_at: datetime | None = None
    paused_until: date | None = None
    resting: bool = False
    escalated: bool = False
    with_person: bool = False
    sent: tuple[datetime, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Held:
    """A reminder stays in: by which rule, and when it may be tried again; None: never any more."""

    rule: str
    until: datetime | None


# A rule declines with the moment to try again, or with NEVER; None lets the reminder pass.
NEVER = datetime.max.replace(tzinfo=UTC)
_Answer: TypeAlias = datetime | None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A reason to hold a reminder back. `holds` returns until when, `NEVER` for always, None to let it pass."""

    name: str
    holds: Callable[[Nudge, Circumstances], datetime | None]


def _stopped(_: Nudge, so: Circumstances) -> _Answer:
    return NEVER if so.stopped else None


def _settled(_: Nudge, so: Circumstances) -> _Answer:
    # What waits for the coach's confirmation is done for the person: they are not asked again.
    return None if so.state is State.OPEN else NEVER


def _not_for_them(_: Nudge, so: Circumstances) -> _Answer:
    return NEVER if so.applies is False else None


def _condition_unknown(_: Nudge, so: Circumstances) -> _Answer:
    # The answer makes a new plan, and that has reminders of its own.
    return NEVER if so.applies is None else None


def _with_the_coach(_: Nudge, so: Circumstances) -> _Answer:
    return NEVER if so.escalated else None


def _too_late(nudge: Nudge, so: Circumstances) -> _Answer:
    today = local_day(so.now)
    over = today > nudge.on and (nudge.why is Why.LIMIT or nudge.task.closes or nudge.task.by_session)
    # In a series the next time has its own reminders.
    again = nudge.task.recurrence is not None and nudge.task.recurrence.kind is Repeats.REGULARLY
    return NEVER if over or (again and today > max(nudge.on, nudge.day)) else None


def _paused(nudge: Nudge, so: Circumstances) -> _Answer:
    if so.paused_until is None or local_day(so.now) >= so.paused_until:
        return None
    return NEVER if so.paused_until == date.max else next_moment(at(so.paused_until, SENT_AT), nudge)


def _resting(nudge: Nudge, so: Circumstances) -> _Answer:
    # A day of the law comes all the same, and it was said that it would.
    return _tomorrow(so.now, nudge) if so.resting and nudge.kind is not DeadlineKind.LEGAL else None


def _after_a_crisis(nudge: Nudge, so: Circumstances) -> _Answer:
    if so.crisis_at is None or so.now >= so.crisis_at + QUIET_AFTER_CRISIS:
        return None
    return next_moment(so.crisis_at + QUIET_AFTER_CRISIS, nudge)


def _with_a_person(nudge: Nudge, so: Circumstances) -> _Answer:
    # Their talk may last for days; a day of the law that comes tomorrow is said all the same.
    waits = so.with_person and not _cannot_wait(nudge, local_day(so.now))
    return next_moment(so.now + AFTER_A_PERSON, nudge) if waits else None


def _something_first(nudge: Nudge, so: Circumstances) -> _Answer:
    return _tomorrow(so.now, nudge) if so.waits_for and nudge.kind is not DeadlineKind.LEGAL else None


def _night(nudge: Nudge, so: Circumstances) -> _Answer:
    return None if is_day(so.now) else next_moment(so.now, nudge)


def _day_of_rest(nudge: Nudge, so: Circumstances) -> _Answer:
    day = local_day(so.now)
    return next_moment(so.now, nudge) if is_day_of_rest(day) and not _cannot_wait(nudge, day) else None


def _two_a_day(nudge: Nudge, so: Circumstances) -> _Answer:
    today = local_day(so.now)
    return _tomorrow(so.now, nudge) if sum(local_day(one) == today for one in so.sent) >= MOST_A_DAY else None


def _five_a_week(nudge: Nudge, so: Circumstances) -> _Answer:
    # Seven days, whichever they are: by calendar weeks somebody could get ten from Friday to Tuesday.
    first = local_day(so.now) - WEEK
    days = sorted(day for one in so.sent if (day := local_day(one)) > first)
    if len(days) < MOST_A_WEEK:
        return None
    return next_moment(at(days[-MOST_A_WEEK] + WEEK, SENT_AT), nudge)


# In this order: what ends a reminder for good comes before what only makes it wait.
RULES: tuple[Rule, ...] = (
    Rule(name="stopped", holds=_stopped),
    Rule(name="settled", holds=_settled),
    Rule(name="not_for_them", holds=_not_for_them),
    Rule(name="condition_unknown", holds=_condition_unknown),
    Rule(name="with_the_coach", holds=_with_the_coach),
    Rule(name="too_late", holds=_too_late),
    Rule(name="paused", holds=_paused),
    Rule(name="resting", holds=_resting),
    Rule(name="after_a_crisis", holds=_after_a_crisis),
    Rule(name="with_a_person", holds=_with_a_person),
    Rule(name="something_first", holds=_something_first),
    Rule(name="night", holds=_night),
    Rule(name="day_of_rest", holds=_day_of_rest),
    Rule(name="two_a_day", holds=_two_a_day),
    Rule(name="five_a_week", holds=_five_a_week),
)


def reason_to_hold(nudge: Nudge, so: Circumstances) -> Held | None:
    """Return what holds a reminder back at this moment; None: it may go out."""
    for rule in RULES:
        until = rule.holds(nudge, so)
        if until is not None:
            return Held(rule=rule.name, until=None if until is NEVER else until)
    return None


# ---- together


@dataclass(frozen=True, kw_only=True)
class Line:
    """One task in a reminder, with all its nudges. `hidden`: it is called "a task", its subject stays out of sight."""

    task: Task
    occurrence: int
    nudges: tuple[Nudge, ...]

    @property
    def hidden(self) -> bool:
        """Whether only "a task" is said of it."""
        return self.task.sensitive

    @property
    def legal(self) -> bool:
        """Whether a day of the law is near."""
        return any(nudge.kind is DeadlineKind.LEGAL for nudge in self.nudges)


@dataclass(frozen=True, kw_only=True)
class Digest:
    """One message that reminds of one to five tasks."""

    lines: tuple[Line, ...]


def digest(nudges: Iterable[Nudge]) -> tuple[Digest, ...]:
    """
    Return the reminders of one person's day as messages: legal tasks first, then by the day they are about.

    Each task stands there once. Five tasks make a message; what is left makes another, which is held like any other.
    """
    by_task: dict[tuple[str, int], list[Nudge]] = {}
    for nudge in nudges:
        by_task.setdefault(nudge.key, []).append(nudge)
    lines = sorted(
        (Line(task=found[0].task, occurrence=found[0].occurrence, nudges=tuple(found)) for found in by_task.values()),
        key=lambda line: (not line.legal, min(one.on for one in line.nudges), line.task.order, line.occurrence),
    )
    return tuple(
        Digest(lines=tuple(lines[first : first + MOST_TASKS_IN_A_MESSAGE]))
        for first in range(0, len(lines), MOST_TASKS_IN_A_MESSAGE)
    )
