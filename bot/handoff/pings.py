"""
Who of the team is told what, and when it is still worth telling. Pure; see `bot/notify.py`.

A ping tells that there is something to look at, never what: no word, name or topic of a newcomer stands in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bot.domain.days import is_day, next_morning
from bot.handoff.case import HELPERS, TRAINED, Role, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from bot.handoff.case import Actor

# Nobody hears of the same case more often than this, unless somebody is in danger.
QUIET_FOR = timedelta(hours=1)


class Ping(StrEnum):
    """What somebody is told."""

    CRISIS = "crisis"
    WAITS = "waits"  # four working hours
    WAITS_LONG = "waits_long"  # eight
    WROTE = "wrote"  # the newcomer, in my case
    LEASE = "lease"  # my case goes back to the queue soon
    REPLY_FAILED = "reply_failed"
    ASKED = "asked"  # an organisation, my team
    ANSWERED = "answered"  # a question that I asked for my organisation
    TEST = "test"
    TIED = "tied"  # this chat is where pings go from now on


class Audience(StrEnum):
    """Who is told."""

    DUTY = "duty"  # professionals and coordinators of the team, and whoever is on shift there
    SHIFT = "shift"  # who is on shift in the team; when nobody is, everybody of it
    COORDINATORS = "coordinators"
    ASSIGNEE = "assignee"


AUDIENCE: Mapping[Ping, Audience] = {
    Ping.CRISIS: Audience.DUTY,
    Ping.WAITS: Audience.SHIFT,
    Ping.WAITS_LONG: Audience.COORDINATORS,
    Ping.WROTE: Audience.ASSIGNEE,
    Ping.LEASE: Audience.ASSIGNEE,
    Ping.REPLY_FAILED: Audience.ASSIGNEE,
}

# What happened to a case, by the name and the detail of its event. What is not here is nobody's ping.
_HAPPENED: Mapping[tuple[str, str | None, str | None], Ping] = {
    ("crisis", None, None): Ping.CRISIS,
    ("priority", "to", "crisis"): Ping.CRISIS,
    ("waits_too_long", "level", "team"): Ping.WAITS,
    ("waits_too_long", "level", "coordinator"): Ping.WAITS_LONG,
    ("newcomer_wrote", None, None): Ping.WROTE,
    ("lease_warning", None, None): Ping.LEASE,
    ("reply_failed", None, None): Ping.REPLY_FAILED,
}
EVENTS = frozenset(kind for kind, _, _ in _HAPPENED)


def ping_of(kind: str, detail: Mapping[str, Any]) -> Ping | None:
    """Return what somebody may have to be told of this event of a case."""
    for (name, part, value), ping in _HAPPENED.items():
        if name == kind and (part is None or detail.get(part) == value):
            return ping
    return None


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """Somebody of the team who may be told; `on_shift` now."""

    who: Actor
    on_shift: bool


@dataclass(frozen=True, kw_only=True)
class Matter:
    """A case, as far as a ping is about it."""

    status: Status
    team: str
    assignee: str | None
    crisis: bool
    owed: bool  # the team owes an answer
    warned: bool


def audience(ping: Ping, matter: Matter, people: Iterable[Colleague]) -> tuple[str, ...]:
    """Return whose business it is, of these people; whether they want to hear of it is another matter."""
    active = [one for one in people if one.who.active]
    team = [one for one in active if matter.team in one.who.teams]
    match AUDIENCE.get(ping):
        case Audience.DUTY:
            told = [one for one in team if one.who.roles & TRAINED or (one.on_shift and one.who.roles & HELPERS)]
            told += [one for one in active if one.who.id == matter.assignee and one not in told]
        case Audience.SHIFT:
            helping = [one for one in team if one.who.roles & HELPERS]
            told = [one for one in helping if one.on_shift] or helping
        case Audience.COORDINATORS:
            told = [one for one in team if Role.COORDINATOR in one.who.roles]
        case Audience.ASSIGNEE:
            told = [one for one in active if one.who.id == matter.assignee]
        case None:
            told = []
    return tuple(one.who.id for one in told)


def still_so(ping: Ping, matter: Matter, user: str) -> bool:
    """
    Return whether this is still worth telling this person: between the event and the ping it may be over.

    What is about no case is no matter of this; see `bot/notify.py`.
    """
    match ping:
        case Ping.CRISIS:
            return matter.crisis and matter.status is not Status.CLOSED
        case Ping.WAITS | Ping.WAITS_LONG:
            return matter.owed and matter.status in {Status.QUEUED, Status.ACTIVE}
        case Ping.WROTE:
            return matter.assignee == user and matter.owed and matter.status is Status.ACTIVE
        case Ping.LEASE:
            return matter.assignee == user and matter.warned
        case Ping.REPLY_FAILED:
            return matter.assignee == user and matter.owed
        case Ping.ASKED | Ping.ANSWERED | Ping.TEST | Ping.TIED:
            return True


def moment_for(ping: Ping, now: datetime, *, crisis: bool) -> datetime:
    """Return when it may be told: not at night, unless somebody is in danger or asked for it just now."""
    at_any_hour = crisis or ping in {Ping.CRISIS, Ping.TEST, Ping.TIED}
    return now if at_any_hour or is_day(now) else next_morning(now)
