"""Which question a case was about: suggested from what was guessed, found by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from bot.handoff.learning import by_topic, called, is_unknown, search, suggestions
from bot.settings import Settings
from bot.wiring import read_knowledge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.knowledge.knowledge import Knowledge


@dataclass(frozen=True)
class Asked:
    question_id: str | None = None


@dataclass(frozen=True)
class Heard:
    understood: Mapping[str, Any] | None = field(default=None)


def heard(*intents: tuple[str, float]) -> Heard:
    return Heard({"rung": "not_understood", "intents": [list(guess) for guess in intents]})


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return read_knowledge(Settings())


def test_the_question_of_the_case_comes_first_then_the_likeliest_guess(knowledge: Knowledge) -> None:
    rows = [heard(("health_gp", 0.2), ("admin_bank", 0.1)), heard(("debt_help", 0.5), ("health_gp", 0.3))]
    assert suggestions(knowledge, Asked("benefits_huurtoeslag"), rows) == (
        "benefits_huurtoeslag",
        "debt_help",
        "health_gp",
        "admin_bank",
    )


def test_small_talk_old_questions_and_faint_guesses_are_not_suggested(knowledge: Knowledge) -> None:
    rows = [Heard(), heard(("greet", 0.9), ("gone_long_ago", 0.8), ("health_gp", 0.01))]
    assert suggestions(knowledge, Asked("gone_long_ago"), rows) == ()


def test_a_question_is_found_by_its_name_and_by_its_id(knowledge: Knowledge) -> None:
    assert search(knowledge, "Bijstand AANvragen")[0] == "benefits_bijstand_apply"
    assert "benefits_huurtoeslag" in search(knowledge, "benefits_huur")
    assert search(knowledge, "  ") == search(knowledge, "no such words at all") == ()


def test_every_question_stands_in_the_list_once(knowledge: Knowledge) -> None:
    listed = [name for names in by_topic(knowledge).values() for name in names]
    assert sorted(listed) == sorted(knowledge.content.questions)
    assert called(knowledge, "gone_long_ago") == "gone_long_ago"
    assert is_unknown(knowledge, "gone_long_ago")
    assert not is_unknown(knowledge, None)
