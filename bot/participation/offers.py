"""
What an offer is, what may become of it, and on which days it comes back. Pure.

A weekly offer stands on the wall clock of Amsterdam: ten in the morning stays that when the clocks change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bot.domain.clock import local_day
from bot.domain.days import at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KINDS = ("activity", "volunteer", "goods", "buddy")
SORTS = (
    "meeting",
    "walking",
    "cooking",
    "music",
    "sport",
    "company_visit",
    "language_lesson",
    "language_cafe",
    "women",
    "repair",
    "clothing",
    "furniture",
    "other",
)
# Of a weekly offer so much is made ahead.
AHEAD = timedelta(weeks=6)
# Nobody plans further than this.
FURTHEST = timedelta(days=366)
WEEKDAYS = range(7)


class State(StrEnum):
    """Where an offer stands. Newcomers find only what is published."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    PUBLISHED = "published"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    ENDED = "ended"


MAY_BECOME: Mapping[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.SUBMITTED, State.CANCELLED}),
    State.SUBMITTED: frozenset({State.DRAFT, State.PUBLISHED, State.DECLINED, State.CANCELLED}),
    State.DECLINED: frozenset({State.DRAFT, State.SUBMITTED, State.CANCELLED}),
    State.PUBLISHED: frozenset({State.CANCELLED, State.ENDED}),
    State.CANCELLED: frozenset(),
    State.ENDED: frozenset(),
}


def may_become(now: str, then: State) -> bool:
    """Return whether an offer that stands there may stand there next."""
    return then in MAY_BECOME[State(now)]


@dataclass(frozen=True, kw_only=True)
class Weekly:
    """Every week on this day (0 is Monday), from when to when, from `since` until and with `until` (None: no end)."""

    weekday: int
    begins: time
    ends: time | None = None
    since: date | None = None
    until: date | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as the store keeps it."""
        whole = {
            "weekday": self.weekday,
            "from": f"{self.begins:%H:%M}",
            "to": f"{self.ends:%H:%M}" if self.ends else None,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }
        return {name: value for name, value in whole.items() if value is not None}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Weekly:
        """Return what the store kept."""
        return cls(
            weekday=int(kept["weekday"]),
            begins=time.fromisoformat(kept["from"]),
            ends=time.fromisoformat(kept["to"]) if kept.get("to") else None,
            since=date.fromisoformat(kept["since"]) if kept.get("since") else None,
            until=date.fromisoformat(kept["until"]) if kept.get("until") else None,
        )


@dataclass(frozen=True, kw_only=True)
class When:
    """When an offer is: once, every week, or (neither) at no moment of its own; after `expires_on` not any more."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    weekly: Weekly | None = None
    expires_on: date | None = None


def moments(when: When, now: datetime) -> Iterator[tuple[datetime, datetime | None]]:
    """Yield when it begins and ends (UTC) from now on; of what comes back weekly the next six weeks."""
    if when.weekly is None:
        if when.starts_at is not None and when.starts_at > now and not _expired(when, local_day(when.starts_at)):
            yield when.starts_at, when.ends_at
        return
    weekly, day = when.weekly, local_day(now)
    day = max(day, weekly.since or day)
    day += timedelta(days=(weekly.weekday - day.weekday()) % 7)
    last = min(weekly.until or date.max, local_day(now + AHEAD))
    while day <= last and not _expired(when, day):
        begins = at(day, weekly.begins)
        if begins > now:
            yield begins, _end(weekly, day)
        day += timedelta(weeks=1)


def _end(weekly: Weekly, day: date) -> datetime | None:
    if weekly.ends is None:
        return None
    # What ends earlier on the clock than it begins, ends on the next day.
    return at(day if weekly.ends > weekly.begins else day + timedelta(days=1), weekly.ends)


def _expired(when: When, day: date) -> bool:
    return when.expires_on is not None and day > when.expires_on


def is_over(when: When, now: datetime) -> bool:
    """Return whether nothing of it is still to be, nor going on."""
    today = local_day(now)
    if when.weekly is not None:
        until = when.weekly.until
        return _expired(when, today) or (until is not None and today > until)
    if when.starts_at is not None:
        return (when.ends_at or when.starts_at) <= now or _expired(when, today)
    return _expired(when, today)
