"""The catch-up: one short list for who starts late, and no word about what no longer matters. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from bot.trajectory.template import DeadlineKind

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.trajectory.plan import Plan, Planned

# What fits in one message that is read to the end.
MOST_AT_ONCE = 7


@dataclass(frozen=True, kw_only=True)
class CatchUp:
    """
    What is open for who starts late.

    `now` is what the one message says, in order; `later` is open as well, and follows by its reminders; `past` is not
    asked any more. What has not begun yet stands in none of them.
    """

    now: tuple[Planned, ...] = ()
    later: tuple[Planned, ...] = ()
    past: tuple[Planned, ...] = ()


def catch_up(
    plan: Plan, today: date, *, settled: Collection[tuple[str, int]] = (), most: int = MOST_AT_ONCE
) -> CatchUp:
    """
    Return what somebody needs who is in this plan from today on, while its days began to count earlier.

    `settled` are tasks that are done or not for them. Tasks without dates and tasks whose condition is unknown are
    asked about, not listed. Legal ones come first, then whichever has the next day.
    """
    open_now: list[Planned] = []
    past: list[Planned] = []
    for one in plan.tasks:
        if one.applies is not True or one.starts is None or one.starts > today or one.key in settled or one.is_window:
            continue
        (past if _is_over(one, plan, today) else open_now).append(one)
    open_now.sort(key=lambda one: _urgency(one, today))
    return CatchUp(now=tuple(open_now[:most]), later=tuple(open_now[most:]), past=tuple(past))


def _is_over(one: Planned, plan: Plan, today: date) -> bool:
    """Return whether nothing comes of it any more: its day in a series is past, or the layer of a programme task."""
    if one.due is None or one.due >= today:
        return False
    if one.kind is DeadlineKind.PROGRAMME:
        return one.task.recurrence is not None or plan.layers[one.task.layer].ends < today
    # What the law or good practice asks is late, not over: a person can often still mend it.
    return one.task.closes


def _urgency(one: Planned, today: date) -> tuple[bool, date, int, int]:
    days = [one.due, *(dated.on for dated in one.limits)]
    ahead = [day for day in days if day is not None and day >= today]
    return one.kind is not DeadlineKind.LEGAL, min(ahead, default=one.due or date.max), one.task.order, one.occurrence
