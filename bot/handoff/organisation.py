"""An organisation at the desk: its teams, when they are there, and which question goes to which of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from bot.handoff.hours import Hours

NEUTRAL = "neutral"
FORM_TEAM = "form_team"


@dataclass(frozen=True, kw_only=True)
class Team:
    """A team. `hours` is None while nobody told us when it is there: then that is what we say."""

    id: str
    name: str = ""
    hours: Hours | None = None


@dataclass(frozen=True, kw_only=True)
class Route:
    """
    A rule of routing: a question goes to `team` when everything that is given here holds.

    An empty part asks nothing. `age_from` counts along, `age_below` does not.
    """

    team: str
    crisis: bool = False
    age_from: int | None = None
    age_below: int | None = None
    languages: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    questions: frozenset[str] = frozenset()
    municipalities: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """The teams of one organisation; the first route that fits decides, `otherwise` when none does."""

    id: str
    name: str = ""
    teams: Mapping[str, Team]
    otherwise: str
    routes: tuple[Route, ...] = ()
    closed_on: frozenset[date] = field(default_factory=frozenset)


def neutral() -> Organisation:
    """Return the organisation of somebody who named none: one form team, of which we know no hours."""
    return Organisation(id=NEUTRAL, teams={FORM_TEAM: Team(id=FORM_TEAM)}, otherwise=FORM_TEAM)
