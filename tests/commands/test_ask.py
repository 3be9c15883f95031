"""`wegwijs ask`: one question, its answer, and nothing that stays behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.commands.conftest import A_REPAIR

if TYPE_CHECKING:
    from tests.commands.conftest import Home


def asked(home: Home, text: str, *words: str) -> dict[str, Any]:
    told = home.run("ask", text, "--json", *words)
    assert told.exit_code == 0, told.output
    assert told.stderr == ""
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def test_the_shape_is_what_other_programs_rely_on(trained: Home) -> None:
    answer = asked(trained, A_REPAIR)

    assert list(answer) == ["language", "intents", "out_of_scope", "crisis", "flow", "replies", "effects"]
    assert answer["language"] == "nl"
    assert answer["flow"] == "housing_repairs"
    assert (answer["out_of_scope"], answer["crisis"], answer["effects"]) == (False, None, [])
    assert 1 <= len(answer["intents"]) <= 3
    assert answer["intents"][0] == {"name": "housing_repairs", "confidence": 1.0}
    confidences = [intent["confidence"] for intent in answer["intents"]]
    assert confidences == sorted(confidences, reverse=True)
    assert all(0 <= confidence <= 1 for confidence in confidences)
    first, second = answer["replies"]
    assert set(first) >= {"text", "buttons", "direction"}
    assert (first["direction"], first["buttons"]) == ("ltr", [])
    assert first["text"].startswith("Schrijf aan uw *woningcorporatie* wat er kapot is.\n")
    assert second["buttons"][0] == {"title": "De verwarming", "payload": "/SetSlots(repair_kind=heating)"}


def test_the_answer_comes_in_the_language_on_file(trained: Home) -> None:
    answer = asked(trained, A_REPAIR, "--language", "ar")

    answered, asked_back, offered = answer["replies"]
    assert (answered["direction"], asked_back["direction"]) == ("rtl", "rtl")
    assert answer["language"] == "nl"  # what the message is in
    assert offered["buttons"] == [{"title": "Nederlands", "payload": "/language nl"}]


def test_a_language_may_be_named_as_clients_name_it(trained: Home) -> None:
    assert asked(trained, A_REPAIR, "--language", "AR-sy")["replies"][0]["language"] == "ar"


def test_danger_is_named(trained: Home) -> None:
    answer = asked(trained, "er is brand")

    assert answer["crisis"] == "immediate_danger"
    assert answer["replies"][0]["text"].startswith("Bel nu 112.")
    assert answer["effects"] == ["OpenCase"]


@pytest.mark.parametrize("text", ["", "👍 !!!"])
def test_a_message_without_words_is_no_question(text: str, trained: Home) -> None:
    answer = asked(trained, text)

    assert (answer["language"], answer["intents"], answer["out_of_scope"]) == (None, [], True)
    assert [reply["response"] for reply in answer["replies"]] == ["utter_only_text"]


def test_people_read_the_answer_with_its_buttons(trained: Home) -> None:
    told = trained.run("ask", A_REPAIR)

    assert told.exit_code == 0
    assert "  [De verwarming]\n  [Iets anders]\n  [Weet ik niet]\n" in told.stdout


def test_nothing_stays_behind(home: Home) -> None:
    home.run("ask", A_REPAIR)

    assert [path.name for path in home.data.iterdir()] == ["cache"]
