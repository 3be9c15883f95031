"""Which team a question goes to: the first rule that fits. Nobody is assigned; teams take from their queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.handoff.organisation import Organisation, Route


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a question and of who asks it. None is unknown: a rule that asks for it does not fit."""

    crisis: bool = False
    age: int | None = None
    language: str | None = None
    topic: str | None = None
    question: str | None = None
    municipality: str | None = None
    area: str | None = None


def team_for(facts: Facts, organisation: Organisation) -> str:
    """Return the team of the first route that fits, else the one for all the rest."""
    return next((route.team for route in organisation.routes if fits(route, facts)), organisation.otherwise)


def fits(route: Route, facts: Facts) -> bool:
    """Return whether everything that the route asks for is known and holds."""
    return (
        (facts.crisis or not route.crisis)
        and _of_age(route, facts.age)
        and _among(facts.language, route.languages)
        and _among(facts.topic, route.topics)
        and _among(facts.question, route.questions)
        and _among(facts.municipality, route.municipalities)
        and _among(facts.area, route.areas)
    )


def _among(value: str | None, wanted: frozenset[str]) -> bool:
    return not wanted or value in wanted


def _of_age(route: Route, age: int | None) -> bool:
    if route.age_from is None and route.age_below is None:
        return True
    if age is None:
        return False
    return (route.age_from is None or age >= route.age_from) and (route.age_below is None or age < route.age_below)
