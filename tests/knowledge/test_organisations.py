"""The organisations that come with the assistant: each question has a team, and no hours were made up."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

import pytest

from bot.handoff.organisation import FORM_TEAM, NEUTRAL
from bot.handoff.routing import Facts, team_for
from bot.knowledge.folders import folders
from bot.knowledge.load import load
from bot.settings import Settings, UnknownOrganisationError
from bot.wiring import read_knowledge
from tests.peers.tiny import GOOD

if TYPE_CHECKING:
    from pathlib import Path

    from bot.knowledge.knowledge import Knowledge


@pytest.fixture(scope="module")
def shipped() -> Knowledge:
    return read_knowledge(Settings())


def test_nobody_chose_an_organisation(shipped: Knowledge) -> None:
    assert shipped.organisation.id == NEUTRAL
    assert team_for(Facts(topic="housing"), shipped.organisation) == FORM_TEAM


def test_hours_that_nobody_told_us_are_unknown(shipped: Knowledge) -> None:
    hours = [team.hours for desk in shipped.organisations.values() for team in desk.teams.values()]
    assert set(hours) == {None}


@pytest.mark.parametrize(
    ("name", "facts", "team"),
    [
        ("westerkwartier", Facts(area="leek"), "leek"),
        ("westerkwartier", Facts(area="zuidhorn", topic="benefits"), "zuidhorn"),
        ("westerkwartier", Facts(area="marum"), "marum"),
        ("westerkwartier", Facts(area="grootegast"), "grootegast"),
        ("westerkwartier", Facts(topic="benefits"), "joint_hours"),
        ("westerkwartier", Facts(question="school_enrol"), "home_guidance"),
        ("westerkwartier", Facts(area="leek", age=24), "youth"),
        ("westerkwartier", Facts(area="leek", age=25), "leek"),
        ("thuis_in_mvs", Facts(municipality="schiedam", topic="housing"), "form_team_schiedam"),
        ("thuis_in_mvs", Facts(municipality="maassluis", topic="social"), "coaches"),
        ("thuis_in_mvs", Facts(), "infopoint"),
        ("enschede", Facts(language="ti", topic="family"), "expert_eritrean"),
        ("enschede", Facts(language="ar", topic="social"), "expert_syrian"),
        ("enschede", Facts(language="en", topic="social"), "matchmaking"),
        ("enschede", Facts(question="health_mental", topic="health"), "support_health"),
        ("enschede", Facts(topic="work"), "support_participation"),
        ("enschede", Facts(topic="admin"), "form_help"),
    ],
)
def test_where_a_question_goes(shipped: Knowledge, name: str, facts: Facts, team: str) -> None:
    assert team_for(facts, shipped.organisations[name]) == team


def test_an_organisation_of_ones_own_is_a_file_in_ones_own_folder(tmp_path: Path) -> None:
    own = tmp_path / "content" / "organisation"
    own.mkdir(parents=True)
    (own / "ours.yml").write_text(
        "organisation: ours\nname: Wij\nteams:\n"
        '  forms: {name: F, hours: {monday: ["09:00-12:00"]}, source: law_rent, checked_on: 2026-11-22}\n'
        "  trained: {name: T, hours: null, source: null, checked_on: null}\n"
        "closed_on: [2026-12-04]\non_duty: trained\notherwise: forms\n",
        encoding="utf-8",
    )
    ours = load(folders(GOOD, tmp_path)).organisations["ours"]
    assert team_for(Facts(crisis=True), ours) == "trained"
    hours = ours.teams["forms"].hours
    assert hours is not None
    assert hours.week == {0: ((time(9), time(12)),)}


def test_a_name_that_nobody_described_is_said_with_those_that_are_known() -> None:
    settings = Settings.model_validate({"WEGWIJS_ORGANISATION": "zuidhorn"})
    with pytest.raises(UnknownOrganisationError, match="westerkwartier"):
        read_knowledge(settings)
