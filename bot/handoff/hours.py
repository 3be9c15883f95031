"""
Opening hours and working hours, on the wall clock of Amsterdam, Dutch holidays left out.

What is told to newcomers comes from hours that somebody gave us. Where nobody did, our own timers go by office hours,
so that a case is never forgotten; those are never told to anyone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from bot.domain.clock import AMSTERDAM, local_day
from bot.domain.days import EVENING, at, is_day, is_holiday, next_morning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Span = tuple[time, time]

# Nobody is open once in longer than this; a search that comes here found a team that never opens.
FURTHEST = 400
# Fewer answers than this say nothing about the next one.
TELLING = 5
# The part of the people who had their answer by then.
MOST = 0.8
REMIND_AFTER = timedelta(hours=20)
# The last moment before the night, or before a messenger's window shuts, with room to get there.
MARGIN = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Hours:
    """When a team is there: by weekday (Monday is 0), and the days on which it is not."""

    week: Mapping[int, tuple[Span, ...]]
    closed_on: frozenset[date] = field(default_factory=frozenset)

    def spans(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """Return from when until when the team is there on this day, in UTC."""
        if day in self.closed_on or is_holiday(day):
            return ()
        return tuple((at(day, opens), at(day, closes)) for opens, closes in self.week.get(day.weekday(), ()))


# Our own timers go by these while a team's hours are unknown.
OFFICE = Hours(week={weekday: ((time(9), time(17)),) for weekday in range(5)})


def is_open(hours: Hours, moment: datetime) -> bool:
    """Return whether the team is there at this moment."""
    return any(opens <= moment < closes for opens, closes in hours.spans(local_day(moment)))


def next_opening(hours: Hours, moment: datetime) -> datetime | None:
    """Return when the team is there next: `moment` itself when it is there; None for a team that never is."""
    return next((max(opens, moment) for opens, _ in _from(hours, moment)), None)


def working_later(hours: Hours, moment: datetime, amount: timedelta) -> datetime:
    """Return when so much working time has passed since `moment`; for a team that never opens, in office hours."""
    left = amount
    for opens, closes in _from(hours, moment):
        start = max(opens, moment)
        if left <= closes - start:
            return start + left
        left -= closes - start
    return working_later(OFFICE, moment, amount)


def working_between(hours: Hours, start: datetime, end: datetime) -> timedelta:
    """Return how much working time lies between two moments; none when the end comes first."""
    passed = timedelta()
    for opens, closes in _from(hours, start):
        if opens >= end:
            break
        passed += max(timedelta(), min(closes, end) - max(opens, start))
    return passed


def answer_by(hours: Hours, now: datetime, waits: Sequence[timedelta]) -> date | None:
    """
    Return the day by which most people who ask now will have an answer, by how long others waited.

    `waits` are in working time. None when too few people were answered to say anything honest.
    """
    if len(waits) < TELLING:
        return None
    longest_of_most = sorted(waits)[min(len(waits) - 1, int(len(waits) * MOST))]
    return local_day(working_later(hours, now, longest_of_most))


def reminder_moment(since: datetime, shuts: datetime | None) -> datetime:
    """
    Return when to remind somebody who was silent since then: twenty hours later, never at night.

    `shuts` is when the messenger takes no free text any more: when only the night is left before it, the evening
    before is the time.
    """
    moment = since + REMIND_AFTER
    if is_day(moment):
        return moment
    morning = next_morning(moment)
    if shuts is None or morning <= shuts - MARGIN:
        return morning
    day = local_day(moment)
    evening = at(day if _local(moment).time() >= EVENING else day - timedelta(days=1), EVENING) - MARGIN
    return max(since, evening)


def _from(hours: Hours, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the spans that are not over at `moment`, in order."""
    first = local_day(moment)
    for later in range(FURTHEST):
        for opens, closes in hours.spans(first + timedelta(days=later)):
            if closes > moment:
                yield opens, closes


def _local(moment: datetime) -> datetime:
    return moment.astimezone(AMSTERDAM)
