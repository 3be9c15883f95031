"""Whose day it is: the law's, good practice's, or the plan's own."""

from __future__ import annotations

from datetime import date
from typing import get_args

from bot.domain.words import HELPERS
from bot.knowledge.schema import Helper
from bot.paper.plan import kind_of
from bot.trajectory.template import DeadlineKind
from tests.trajectory.small import INSURANCE, WELCOME, planned


def test_a_day_has_the_kind_of_the_task_or_of_its_last_day() -> None:
    (insurance,) = planned(INSURANCE)
    assert kind_of(insurance, date(2026, 11, 27), due=date(2026, 11, 27)) is DeadlineKind.ADVISED
    assert kind_of(insurance, date(2027, 3, 20), due=date(2026, 11, 27)) is DeadlineKind.LEGAL


def test_a_day_that_a_coach_set_is_of_the_tasks_own_kind() -> None:
    (welcome,) = planned(WELCOME)
    assert kind_of(welcome, date(2027, 1, 1), due=date(2027, 1, 1)) is DeadlineKind.PROGRAMME
    assert kind_of(welcome, date(2027, 1, 2), due=date(2027, 1, 1)) is DeadlineKind.PROGRAMME


def test_whoever_may_help_has_a_name_for_newcomers() -> None:
    assert set(HELPERS) == set(get_args(Helper))
