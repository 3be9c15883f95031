"""What time alone does to a case: a warning, a lease that runs out, a reminder, an end. Pure; see `bot/attend.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.handoff.case import Status
from bot.handoff.hours import reminder_moment, working_later

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.handoff.hours import Hours

# In working hours of the team.
LEASE = timedelta(hours=8)
LEASE_WARNING = timedelta(hours=6)
TEAM_PINGED = timedelta(hours=4)
COORDINATOR_PINGED = timedelta(hours=8)
# On the calendar.
EXPIRES_AFTER = timedelta(days=7)
CHOICE_OPEN = timedelta(hours=1)
SAME_QUESTION_FOR = timedelta(hours=72)
UNDO = timedelta(seconds=5)


class Timer(StrEnum):
    """What is due."""

    SNOOZE_ENDED = "snooze_ended"
    LEASE_WARNING = "lease_warning"
    LEASE_EXPIRED = "lease_expired"
    TEAM_PINGED = "team_pinged"
    COORDINATOR_PINGED = "coordinator_pinged"
    REMINDED = "reminded"
    EXPIRED = "expired"
    NO_CHOICE = "no_choice"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """
    What the timers see of a case.

    `waiting_since`: since when the newcomer waits; `answered_at`: when the team last answered, None while it owes an
    answer. `lease_from`: when who has the case last did something. `heard_at` and `shuts`: when the newcomer last wrote
    and when their messenger shuts for free text after that.
    """

    status: Status
    waiting_since: datetime
    crisis: bool = False
    answered_at: datetime | None = None
    lease_from: datetime | None = None
    warned: bool = False
    pinged: int = 0
    snoozed_until: datetime | None = None
    reminded_at: datetime | None = None
    heard_at: datetime | None = None
    shuts: datetime | None = None
    choice_until: datetime | None = None


def timers(case: Standing, hours: Hours) -> tuple[tuple[datetime, Timer], ...]:
    """Return what will be due and when, the first one first, if nothing else happens to the case."""
    return tuple(sorted(_timers(case, hours)))


def _timers(case: Standing, hours: Hours) -> Iterator[tuple[datetime, Timer]]:
    match case.status:
        case Status.QUEUED:
            yield from _pings(case, hours)
        case Status.ACTIVE:
            if case.answered_at is None:
                yield from _pings(case, hours)
            yield from _lease(case, hours)
        case Status.AWAITING:
            if case.reminded_at is None:
                since = case.heard_at if case.shuts and case.heard_at else case.answered_at or case.waiting_since
                yield reminder_moment(since, case.shuts), Timer.REMINDED
            elif not case.crisis:
                yield case.reminded_at + EXPIRES_AFTER, Timer.EXPIRED
        case Status.SNOOZED:
            if case.snoozed_until is not None:
                yield case.snoozed_until, Timer.SNOOZE_ENDED
        case Status.CLOSED:
            if case.choice_until is not None:
                yield case.choice_until, Timer.NO_CHOICE


def _pings(case: Standing, hours: Hours) -> Iterator[tuple[datetime, Timer]]:
    if case.pinged < 1:
        yield working_later(hours, case.waiting_since, TEAM_PINGED), Timer.TEAM_PINGED
    if case.pinged < 2:  # noqa: PLR2004  # the team first, then the coordinator
        yield working_later(hours, case.waiting_since, COORDINATOR_PINGED), Timer.COORDINATOR_PINGED


def _lease(case: Standing, hours: Hours) -> Iterator[tuple[datetime, Timer]]:
    if case.lease_from is None:
        return
    if not case.warned:
        yield working_later(hours, case.lease_from, LEASE_WARNING), Timer.LEASE_WARNING
    yield lease_end(hours, case.lease_from), Timer.LEASE_EXPIRED


def lease_end(hours: Hours, since: datetime) -> datetime:
    """Return when a case goes back to the queue if who has it does nothing from `since` on."""
    return working_later(hours, since, LEASE)
