"""When somebody is reminded of a meeting, and what the rules of politeness see of such a reminder. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.clock import local_day
from bot.domain.days import at
from bot.trajectory.reminders import SENT_AT, Nudge, Why, is_day_of_rest
from bot.trajectory.template import DeadlineKind, Offset, Recurrence, Repeats, Task

if TYPE_CHECKING:
    from datetime import datetime

_NOTHING = Offset(amount=0)
# A meeting as a task: it is over after its day, and no day of the law.
MEETING = Task(
    id="meeting",
    layer="",
    anchor="",
    start=_NOTHING,
    due=_NOTHING,
    kind=DeadlineKind.PROGRAMME,
    question="",
    recurrence=Recurrence(kind=Repeats.SESSIONS),
)


def reminder_moment(meets_at: datetime, now: datetime) -> datetime | None:
    """
    Return when to remind of a meeting: the day before, at ten; earlier when that is a Sunday or a holiday.

    None when that is past: who was invited later than this has just been told.
    """
    day = local_day(meets_at) - timedelta(days=1)
    while is_day_of_rest(day):
        day -= timedelta(days=1)
    moment = at(day, SENT_AT)
    return moment if moment > now else None


def nudge_of(meets_at: datetime) -> Nudge:
    """Return a reminder of a meeting as the rules see it."""
    on = local_day(meets_at)
    return Nudge(
        task=MEETING, occurrence=1, day=on - timedelta(days=1), why=Why.BEFORE, on=on, kind=DeadlineKind.PROGRAMME
    )
