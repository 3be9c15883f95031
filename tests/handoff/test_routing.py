"""A question goes to the team of the first rule that fits; what is not known fits no rule that asks for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.handoff.organisation import Organisation, Route, Team, neutral
from bot.handoff.routing import Facts, fits, team_for

ORGANISATION = Organisation(
    id="example",
    teams={name: Team(id=name) for name in ("duty", "youth", "expert", "health", "leek", "forms")},
    otherwise="forms",
    routes=(
        Route(team="duty", crisis=True),
        Route(team="youth", age_from=16, age_below=25),
        Route(team="expert", languages=frozenset({"ti"}), municipalities=frozenset({"enschede"})),
        Route(team="health", topics=frozenset({"health"})),
        Route(team="leek", areas=frozenset({"leek"})),
    ),
)


@pytest.mark.parametrize(
    ("facts", "team"),
    [
        (Facts(), "forms"),
        (Facts(crisis=True, age=17, topic="health"), "duty"),
        (Facts(age=16), "youth"),
        (Facts(age=24, topic="health"), "youth"),
        (Facts(age=25, topic="health"), "health"),
        (Facts(age=15), "forms"),
        (Facts(language="ti"), "forms"),
        (Facts(language="ti", municipality="enschede"), "expert"),
        (Facts(language="ar", municipality="enschede"), "forms"),
        (Facts(area="leek"), "leek"),
        (Facts(area="marum"), "forms"),
    ],
)
def test_the_first_rule_that_fits_decides(facts: Facts, team: str) -> None:
    assert team_for(facts, ORGANISATION) == team


def test_an_unknown_fact_fits_no_rule_that_asks_for_it() -> None:
    for route in ORGANISATION.routes:
        assert not fits(route, Facts())


def test_who_named_no_organisation_has_one_team_and_no_hours() -> None:
    organisation = neutral()
    assert team_for(Facts(crisis=True, topic="work", age=17), organisation) == organisation.otherwise
    assert [team.hours for team in organisation.teams.values()] == [None]
    assert team_for(Facts(), replace(organisation, routes=ORGANISATION.routes)) == organisation.otherwise
