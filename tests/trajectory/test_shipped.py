"""The trajectories that come with the assistant: two files, and nothing in the code knows their tasks."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.knowledge.folders import folders, shipped
from bot.knowledge.load import load
from bot.trajectory.catching_up import catch_up
from bot.trajectory.plan import plan
from bot.trajectory.reminders import moments
from bot.trajectory.template import DeadlineKind, Template, Track

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bot.trajectory.plan import Plan

STARTED = date(2026, 11, 23)
TOLD = {
    "housing_date": date(2026, 11, 20),
    "brp_date": date(2026, 11, 24),
    "permit_date": date(2026, 10, 1),
    "bijstand_start": date(2026, 11, 20),
}


@pytest.fixture(scope="module")
def trajectories() -> Mapping[str, Template]:
    return load(folders()).trajectories


@pytest.fixture(scope="module")
def year(trajectories: Mapping[str, Template]) -> Template:
    return trajectories["twelve_months"]


def planned(template: Template, **others: date) -> Plan:
    return plan(template, {**TOLD, **others}, dict.fromkeys(template.conditions, True), started=STARTED)


def test_the_twelve_months_have_sixty_tasks_in_four_layers_and_two_tracks(year: Template) -> None:
    assert len(year.tasks) == 60
    assert [*year.layers] == ["basis", "laag1", "laag2", "laag3", "ongoing"]
    assert Counter(task.track for task in year.tasks.values()) == {Track.INDIVIDUAL: 53, Track.GROUP: 7}
    assert {task.id for task in year.tasks.values() if task.kind is DeadlineKind.LEGAL} == {
        *("b03_brp", "b29_intake_inburgering", "b30_kot", "b37_kwijtschelding"),
        *("l1_06_switch_season", "l1_09_ontzorgen_exit", "l3_03_tax"),
    }


@pytest.mark.parametrize(
    ("task", "due"),
    [
        ("b03_brp", date(2026, 11, 25)),
        ("b09_health_ins", date(2026, 11, 27)),
        ("b29_intake_inburgering", date(2027, 2, 2)),
        ("l1_06_switch_season", date(2026, 12, 31)),
        ("l1_09_ontzorgen_exit", date(2027, 5, 20)),
        ("l3_03_tax", date(2027, 4, 30)),
        ("l3_08_handover", date(2027, 11, 23)),
        ("l1_10_pip_check", None),
    ],
)
def test_a_newcomer_of_november_has_these_days(year: Template, task: str, due: date | None) -> None:
    assert next(one for one in planned(year).tasks if one.task.id == task).due == due


def test_the_limit_of_health_insurance_is_four_months_after_the_key(year: Template) -> None:
    (one,) = [one for one in planned(year).tasks if one.task.id == "b09_health_ins"]
    assert [(limit.limit.id, limit.on) for limit in one.limits] == [("legal", date(2027, 3, 20))]


def test_what_nobody_told_is_asked(year: Template) -> None:
    nothing = plan(year, {}, {}, started=STARTED)
    asked = {name for name, question in year.anchors.items() if question}
    # Of tasks that are surely for this person two anchors count; the others wait for their condition.
    assert nothing.asks_anchors[:2] == ("housing_date", "brp_date")
    assert set(nothing.asks_anchors) < asked
    assert set(nothing.asks_conditions) == set(year.conditions)


def test_who_starts_in_month_three_gets_seven_tasks_and_no_flood(year: Template) -> None:
    found = catch_up(planned(year), STARTED + timedelta(days=75))
    assert len(found.now) == 7
    assert found.now[0].kind is DeadlineKind.LEGAL
    assert {one.task.id for one in found.past} >= {"b31_letters", "o01_monthly_checkin"}


def test_a_busy_week_stays_readable(year: Template) -> None:
    per_day = Counter(nudge.day for one in planned(year).tasks for nudge in moments(one))
    assert max(per_day.values()) <= 12
    assert sum(per_day.values()) < 400


def test_what_tells_of_danger_debts_or_the_mind_is_sensitive(year: Template) -> None:
    subjects = {"health_mental", "debt_help", "crisis_domestic_violence", "crisis_child_safety"}
    assert [task.id for task in year.tasks.values() if task.question in subjects and not task.sensitive] == []


def test_another_trajectory_is_only_a_file(trajectories: Mapping[str, Template]) -> None:
    short = trajectories["participation"]
    made = planned(short)
    assert made.ends == date(2027, 2, 23)
    assert len(short.tasks) == 10
    assert all(one.due is not None and one.due <= made.ends for one in made.tasks)
    assert len([one for one in made.tasks if one.task.id == "p05_language"]) == 9


def test_an_organisation_lays_its_own_over_it(tmp_path: Path, year: Template) -> None:
    theirs = tmp_path / "flows" / "trajectories"
    theirs.mkdir(parents=True)
    ours = (shipped() / "flows" / "trajectories" / "twelve_months.yml").read_text(encoding="utf-8")
    (theirs / "twelve_months.yml").write_text(ours.replace("due: 5 days", "due: 4 days", 1), encoding="utf-8")
    laid = load(folders(organisation=tmp_path)).trajectories
    assert {*laid} == {"twelve_months", "participation"}
    assert laid["twelve_months"].digest != year.digest
    assert next(one for one in planned(laid["twelve_months"]).tasks if one.task.id == "b03_brp").due == date(
        2026, 11, 24
    )
