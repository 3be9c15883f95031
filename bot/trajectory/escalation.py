"""When the coach hears that a task is overdue. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.trajectory.plan import UNDER_WAY
from bot.trajectory.template import DeadlineKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from bot.trajectory.plan import Planned, State

# After a day of the law each day can cost rights or money, and a person may still mend it: the coach hears it the next
# day. Everything else first gets its last reminder (three days later) and some days to react to it.
ESCALATES_AFTER: Mapping[DeadlineKind, timedelta] = {
    DeadlineKind.LEGAL: timedelta(days=1),
    DeadlineKind.ADVISED: timedelta(days=7),
    DeadlineKind.PROGRAMME: timedelta(days=7),
}


def escalates_on(planned: Planned, state: State, *, due: date | None = None) -> date | None:
    """
    Return the day from which the coach is told that this is overdue; None when there is nothing to tell.

    `due` is the day that is kept for the person, where the coach pinned another. A limit of the law counts beside it.
    What closes, a series that somebody may pause and the days of a group are never overdue.
    """
    day = due or planned.due
    if day is None or planned.applies is not True or state not in UNDER_WAY or _is_free(planned):
        return None
    days = [day + ESCALATES_AFTER[planned.kind]]
    days += [one.on + ESCALATES_AFTER[one.limit.kind] for one in planned.limits if one.on is not None]
    return min(days)


def _is_free(planned: Planned) -> bool:
    recurrence = planned.task.recurrence
    return planned.task.closes or (recurrence is not None and (recurrence.may_pause or planned.task.by_session))
