"""
A trajectory as an author wrote it: tasks without dates, each counted from an anchor. Pure; see `flows/README.md`.

What a newcomer reads of a task stands in content/responses, under the names that `Task` and `Limit` give.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from bot.domain.days import months_later

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

# The condition of a task that is for everybody.
ALWAYS = "all"
# Anchors that are days of the calendar: nobody is asked for them.
CALENDAR = frozenset({"year_end", "toeslag_year_end"})


class Unit(StrEnum):
    """What an offset is counted in."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, kw_only=True)
class Offset:
    """So many days, weeks, months or years after an anchor; before it when negative."""

    amount: int
    unit: Unit = Unit.DAY

    def after(self, day: date) -> date:
        """
        Return the day this much later; a month or year ends on the last day of a shorter month.

        Raises:
            OverflowError: the day lies outside the calendar.

        """
        match self.unit:
            case Unit.DAY:
                return day + timedelta(days=self.amount)
            case Unit.WEEK:
                return day + timedelta(weeks=self.amount)
            case Unit.MONTH:
                return months_later(day, self.amount)
            case Unit.YEAR:
                return months_later(day, 12 * self.amount)
            case _:
                assert_never(self.unit)

    def times(self, number: int) -> Offset:
        """Return this offset so many times: counted at once, so that month ends come back after February."""
        return Offset(amount=self.amount * number, unit=self.unit)


class DeadlineKind(StrEnum):
    """Who wants it done by then: the law, good practice, or only the trajectory. The coach moves the last kind only."""

    LEGAL = "legal"
    ADVISED = "advised"
    PROGRAMME = "programme"


class Track(StrEnum):
    """Whether somebody does it for themselves or together with the group."""

    INDIVIDUAL = "individual"
    GROUP = "group"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """
    A last day beside the day a task is due, often of the law, counted from an anchor of its own.

    `reminder_days` are days from the limit; `note` is the response that says what happens on that day.
    """

    id: str
    anchor: str
    offset: Offset
    kind: DeadlineKind = DeadlineKind.LEGAL
    reminder_days: tuple[int, ...] = ()
    note: str | None = None


class Repeats(StrEnum):
    """When a task comes back."""

    REGULARLY = "regularly"  # every so long after the day it was first due
    YEARLY = "yearly"  # in each calendar year: its anchor is a day of the calendar
    ANEW = "anew"  # when its anchor gets a date in another year, which nobody can know beforehand
    SESSIONS = "sessions"  # on the days that the coach plans with the group


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    """
    How a task comes back: `every` for REGULARLY; `until` counts from the task's anchor, like its due day.

    Without `until` it goes on to the end of the trajectory. `may_pause`: the person may let it rest, and take it up
    again.
    """

    kind: Repeats
    every: Offset | None = None
    until: Offset | None = None
    may_pause: bool = False


@dataclass(frozen=True, kw_only=True)
class Task:
    """
    Something to do in the trajectory.

    `start` and `due` count from `anchor`; `reminder_days` from the day it is due, negative before it. `depends_on` are
    tasks that come first. `question` answers "what is this?". `sensitive`: its subject never stands where somebody
    looking over a shoulder reads it. `confirm`: done counts when the coach saw it. `proof` tells the team what done is.
    `closes`: after the day it is due nobody can do it any more, so it is over and never overdue.
    """

    id: str
    layer: str
    anchor: str
    start: Offset
    due: Offset
    kind: DeadlineKind
    question: str
    track: Track = Track.INDIVIDUAL
    limits: tuple[Limit, ...] = ()
    recurrence: Recurrence | None = None
    reminder_days: tuple[int, ...] = ()
    applies_if: str = ALWAYS
    depends_on: tuple[str, ...] = ()
    who_helps: tuple[str, ...] = ()
    sensitive: bool = False
    confirm: bool = False
    closes: bool = False
    proof: str = ""
    order: int = 0

    @property
    def title(self) -> str:
        """The response that names it in a few words."""
        return f"utter_task_{self.id}"

    @property
    def why(self) -> str:
        """The response that tells what to do and why."""
        return f"utter_task_{self.id}_why"

    @property
    def by_session(self) -> bool:
        """Whether its days come from the sessions that the coach plans."""
        return self.recurrence is not None and self.recurrence.kind is Repeats.SESSIONS


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A part of the trajectory: from when until when, after its start."""

    id: str
    starts: Offset
    ends: Offset


@dataclass(frozen=True, kw_only=True)
class Template:
    """
    A whole trajectory. `tasks` stand in the order in which people do them.

    `digest` changes when anything in it does. `anchors` and `conditions` hold the response that asks for each; the
    start and the days of the calendar need no asking and have None.
    """

    id: str
    digest: str
    start_anchor: str
    months: int
    anchors: Mapping[str, str | None]
    conditions: Mapping[str, str]
    layers: Mapping[str, Layer]
    tasks: Mapping[str, Task] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The response that names the trajectory."""
        return f"utter_trajectory_{self.id}"

    def ends_on(self, started: date) -> date:
        """Return the last day of a trajectory that began then."""
        return months_later(started, self.months)
