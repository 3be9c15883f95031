"""From a template and what is known of somebody to tasks with dates. Nothing is guessed: what misses a date says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.trajectory.template import ALWAYS, DeadlineKind, Repeats

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from bot.trajectory.template import Limit, Recurrence, Task, Template

DECEMBER = 12


class State(StrEnum):
    """What became of a task."""

    OPEN = "open"
    AWAITING = "awaiting"  # the person says it is done, the coach has not seen it yet
    DONE = "done"
    SKIPPED = "skipped"  # "not for me", by the person or with a reason by the coach
    DROPPED = "dropped"  # no longer part of the plan: a condition or the template changed


# In these there is still something to do, so dates move along and reminders go out.
UNDER_WAY = frozenset({State.OPEN, State.AWAITING})


@dataclass(frozen=True, kw_only=True)
class DatedLimit:
    """A limit with its day; None while its anchor is unknown."""

    limit: Limit
    on: date | None


@dataclass(frozen=True, kw_only=True)
class Planned:
    """
    One time that a task is to be done.

    `occurrence` tells the times of a task apart and stays the same when dates move: 0, 1, 2 … for what comes back
    regularly, the calendar year for what comes back each year, the session's number for a group. `missing` names the
    anchor without which there are no dates. `applies` is None while the condition is unknown.
    """

    task: Task
    occurrence: int = 0
    starts: date | None = None
    due: date | None = None
    kind: DeadlineKind
    limits: tuple[DatedLimit, ...] = ()
    missing: str | None = None
    applies: bool | None = True

    @property
    def key(self) -> tuple[str, int]:
        """What it is known by."""
        return self.task.id, self.occurrence

    @property
    def is_window(self) -> bool:
        """Whether its days are only the time in which sessions are to be planned."""
        return self.task.by_session and self.occurrence == 0


@dataclass(frozen=True, kw_only=True)
class Window:
    """From when until when, both included."""

    starts: date
    ends: date


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A template with dates, in the order of the template. `layers` lie where the coach moved them."""

    template: str
    digest: str
    started: date
    ends: date
    layers: Mapping[str, Window]
    tasks: tuple[Planned, ...]

    @property
    def asks_anchors(self) -> tuple[str, ...]:
        """The anchors that somebody must still tell, those of tasks that surely apply first."""
        return self._missing(True, None)

    @property
    def asks_conditions(self) -> tuple[str, ...]:
        """The conditions that nobody told yet."""
        return tuple(dict.fromkeys(one.task.applies_if for one in self.tasks if one.applies is None))

    def _missing(self, *applies: bool | None) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for certain in applies:
            for one in (one for one in self.tasks if one.applies is certain):
                found |= dict.fromkeys([one.missing] if one.missing else [])
        return tuple(found)


def plan(  # noqa: PLR0913  # everything that is known of a person, and nothing that can be looked up
    template: Template,
    anchors: Mapping[str, date],
    conditions: Mapping[str, bool],
    *,
    started: date,
    layer_shifts: Mapping[str, int] | None = None,
    until: date | None = None,
    sessions: Mapping[str, Mapping[int, date]] | None = None,
    only: Collection[str] | None = None,
) -> Plan:
    """
    Return every task of the template with its dates.

    `anchors` are the days that somebody told; `started` is the day of the start anchor. Only two days of the calendar
    are worked out here. `year_end` is 31 December of the year in which the trajectory starts, because that is the first
    year that ends while somebody is guided; what comes back each year has every year whose window touches the
    trajectory. `toeslag_year_end` is 31 December of the year in which somebody got their home, or of the start while
    that is unknown: allowances run from the home, and who enrols in January must still ask for last year's.

    `layer_shifts` are days by which the coach moved a layer: they move programme tasks that count from the start, never
    what the law or good practice sets. `until` ends what comes back (the end of the trajectory, unless given).
    `sessions` are the days that the coach planned, by task and by session (numbered from 1). With `only` the plan has
    no more than these tasks, with the same days: who is reminded of one need not wait for a hundred.

    Raises:
        OverflowError: a date lies outside the calendar.

    """
    known = _known(template, anchors, started)
    shifts = {name: timedelta(days=(layer_shifts or {}).get(name, 0)) for name in template.layers}
    span = Window(starts=started, ends=until or template.ends_on(started))
    made: list[Planned] = []
    for task in template.tasks.values():
        if only is not None and task.id not in only:
            continue
        applies = True if task.applies_if == ALWAYS else conditions.get(task.applies_if)
        shift = shifts[task.layer] if _moves_with_layer(task, template) else timedelta()
        planned = (sessions or {}).get(task.id, {})
        for occurrence, starts, due in _times(task, known.get(task.anchor), shift, span, planned):
            made.append(
                Planned(
                    task=task,
                    occurrence=occurrence,
                    starts=starts,
                    due=due,
                    kind=task.kind,
                    limits=_limits(task, occurrence, known),
                    missing=None if task.anchor in known else task.anchor,
                    applies=applies,
                )
            )
    return Plan(
        template=template.id,
        digest=template.digest,
        started=started,
        ends=span.ends,
        layers={
            name: Window(
                starts=layer.starts.after(started) + shifts[name], ends=layer.ends.after(started) + shifts[name]
            )
            for name, layer in template.layers.items()
        },
        tasks=tuple(made),
    )


def waits_for(task: Task, plan: Plan, settled: Collection[tuple[str, int]]) -> frozenset[str]:
    """
    Return the tasks that come before this one and are not settled.

    What is not for this person, or not known to be, is not waited for: it may never come.
    """
    first = [one for one in plan.tasks if one.task.id in task.depends_on and one.applies is True]
    return frozenset(one.task.id for one in first if one.key not in settled)


def _known(template: Template, anchors: Mapping[str, date], started: date) -> dict[str, date]:
    """Return the day of every anchor that has one."""
    homes = anchors.get("housing_date", started)
    calendar = {"year_end": _year_end(started.year), "toeslag_year_end": _year_end(homes.year)}
    return {**anchors, **calendar, template.start_anchor: started}


def _year_end(year: int) -> date:
    return date(year, DECEMBER, 31)


def _moves_with_layer(task: Task, template: Template) -> bool:
    return task.kind is DeadlineKind.PROGRAMME and task.anchor == template.start_anchor


def _limits(task: Task, occurrence: int, known: Mapping[str, date]) -> tuple[DatedLimit, ...]:
    if task.recurrence and task.recurrence.kind is Repeats.YEARLY:
        known = {**known, task.anchor: _year_end(occurrence)}
    return tuple(
        DatedLimit(limit=limit, on=limit.offset.after(known[limit.anchor]) if limit.anchor in known else None)
        for limit in task.limits
    )


_Time = tuple[int, date | None, date | None]


def _times(
    task: Task, anchor: date | None, shift: timedelta, span: Window, sessions: Mapping[int, date]
) -> Iterator[_Time]:
    """Yield occurrence, start and due day of each time that a task is to be done."""
    if anchor is None:
        yield 0, None, None
        return
    starts, due = task.start.after(anchor) + shift, task.due.after(anchor) + shift
    match task.recurrence.kind if task.recurrence else None:
        case None:
            yield 0, starts, due
        case Repeats.REGULARLY:
            yield 0, starts, due
            assert task.recurrence is not None
            yield from _again(task.recurrence, anchor, shift, due, span.ends)
        case Repeats.YEARLY:
            yield from _each_year(task, anchor.year, span)
        case Repeats.ANEW:
            yield anchor.year, starts, due
        case Repeats.SESSIONS:
            if not sessions:
                yield 0, starts, due
            for number, day in sorted(sessions.items(), key=lambda one: (one[1], one[0])):
                yield number, day, day


def _again(recurrence: Recurrence, anchor: date, shift: timedelta, first: date, ends: date) -> Iterator[_Time]:
    """Yield the second time and those after it; each begins when the one before it was due."""
    assert recurrence.every is not None
    last = min(ends, recurrence.until.after(anchor) + shift) if recurrence.until else ends
    before, number = first, 1
    while (due := recurrence.every.times(number).after(first)) <= last and due > before:
        yield number, before + timedelta(days=1), due
        before, number = due, number + 1


def _each_year(task: Task, year: int, span: Window) -> Iterator[_Time]:
    """Yield the years whose window touches the trajectory: it may open before the start, or close after the end."""
    for each in range(year - 2, span.ends.year + 2):
        starts, due = task.start.after(_year_end(each)), task.due.after(_year_end(each))
        if due >= span.starts and starts <= span.ends:
            yield each, starts, due
