"""A simulated year, made small: over a change of the clock, New Year and 29 February; and that its judge sees."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from bench.year.__main__ import simulate
from bot.trajectory import reminders

if TYPE_CHECKING:
    from bot.wiring import Parts

pytestmark = [pytest.mark.endurance, pytest.mark.timeout(600)]


def test_over_a_winter_everybody_is_reminded_once_and_politely(assistant: Parts) -> None:
    begins, days = date(2027, 10, 25), 128
    found = simulate(12, days, begins=begins, knowledge=assistant.knowledge)
    assert found.wrong == {name: [] for name in found.wrong}
    assert found.counts["reminders sent"] > 12 * 10
    assert found.counts["wanted, counted anew"] > 0
    assert found.counts["messages by template, outside the window"] > 0
    assert {told.split()[0] for told in found.languages} == {"ar", "ti", "nl", "en", "fa", "tr", "so", "uk", "fr"}
    assert date(2027, 10, 31) not in found.days, "the clock changes on a Sunday"
    assert date(2028, 1, 1) not in found.days
    assert found.days[date(2028, 2, 29)] > 0
    assert {"five_a_week", "paused", "something_first"} <= {*found.held}
    assert {"settled", "with_the_coach"} <= {*found.ended}


def test_the_judge_of_the_year_sees_what_a_house_without_rules_does(
    assistant: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminders, "RULES", ())
    found = simulate(8, 60, knowledge=assistant.knowledge)
    assert not found.is_good
    assert found.wrong["more than five in seven days"]
