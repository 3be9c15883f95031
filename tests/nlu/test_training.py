from __future__ import annotations

import stat
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.nlu.encoder import NoEncoder
from bot.nlu.evaluation import cross_validate, evaluate, sample_of
from bot.nlu.fitting import folds_of
from bot.nlu.recipe import taught_languages, variety
from bot.nlu.training import OUT_OF_SCOPE, Example, load_or_train, train

if TYPE_CHECKING:
    from pathlib import Path

    from tests.nlu.conftest import ScatteredEncoder

NEWCOMERS = st.builds(
    Example,
    text=st.text(max_size=30),
    intent=st.sampled_from(["a", "b", "c", OUT_OF_SCOPE]),
    language=st.sampled_from(["nl", "ar", "ti"]),
)


def lines(**by_intent: str) -> list[Example]:
    return [
        Example(text=text, intent=intent, language="nl")
        for intent, all_ in by_intent.items()
        for text in all_.split(";")
    ]


HOME = lines(
    rent="hoe vraag ik huurtoeslag aan;mijn huur is te hoog;huurtoeslag",
    doctor="ik ben ziek;waar is een huisarts;ik heb pijn",
    greet="hallo;goedemorgen;hoi",
)


def test_nothing_to_learn_from_is_all_out_of_scope(tmp_path: Path, scattered: ScatteredEncoder) -> None:
    understood = train([], cache_dir=tmp_path, encoder=scattered).understand("hallo")
    assert understood.out_of_scope
    assert understood.intents == ()


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_few_lines_are_enough_to_start(tmp_path: Path, scattered: ScatteredEncoder, count: int) -> None:
    understander = train(HOME[:count], cache_dir=tmp_path, encoder=scattered)
    assert understander.understand("huurtoeslag hoe dan").intents[0].name == "rent"


def test_only_what_is_not_ours(tmp_path: Path, scattered: ScatteredEncoder) -> None:
    understander = train(lines(out_of_scope="voetbal;het weer"), cache_dir=tmp_path, encoder=scattered)
    assert understander.understand("hallo").out_of_scope
    assert understander.understand("Voetbal!").out_of_scope


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(NEWCOMERS, max_size=12), st.text(st.characters(codec=None), max_size=40))
def test_any_data_can_be_trained_on(
    tmp_path: Path, scattered: ScatteredEncoder, examples: list[Example], text: str
) -> None:
    understander = train(examples, cache_dir=tmp_path, encoder=scattered)
    understood = understander.understand(text)
    assert len(understood.intents) <= 3
    assert all(0 <= guess.confidence <= 1.0001 for guess in understood.intents)
    again = load_or_train(examples, cache_dir=tmp_path, encoder=scattered).understand(text)
    assert [guess.name for guess in again.intents] == [guess.name for guess in understood.intents]


def test_what_was_trained_is_kept(tmp_path: Path, scattered: ScatteredEncoder) -> None:
    steps: list[tuple[int, int, str]] = []
    cache = tmp_path / "cache"
    first = load_or_train(HOME, cache_dir=cache, encoder=scattered, on_progress=lambda *step: steps.append(step))
    assert {what for _, _, what in steps} == {"encode", "fit"}
    assert steps[-1][0] == steps[-1][1]
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700

    trained_again: list[object] = []
    start = time.perf_counter()
    second = load_or_train(HOME, cache_dir=cache, encoder=scattered, on_progress=lambda *s: trained_again.append(s))
    assert time.perf_counter() - start < 0.5
    assert trained_again == []
    for text in ("mijn huur is zo hoog", "ik zoek een arts", "wat is dit"):
        mine, kept = first.understand(text), second.understand(text)
        assert [guess.name for guess in mine.intents] == [guess.name for guess in kept.intents]
        assert mine.intents[0].confidence == pytest.approx(kept.intents[0].confidence, abs=1e-3)


def test_a_broken_file_is_made_anew(tmp_path: Path, scattered: ScatteredEncoder) -> None:
    load_or_train(HOME, cache_dir=tmp_path, encoder=scattered)
    for broken in (b"", b"not a model", next(tmp_path.glob("understanding-*")).read_bytes()[:-500]):
        for file in tmp_path.glob("*.npz"):
            file.write_bytes(broken)
        understander = load_or_train(HOME, cache_dir=tmp_path, encoder=scattered)
        assert understander.understand("hallo").intents[0].name == "greet"
    assert list(tmp_path.glob("*.part")) == []


def test_other_lines_are_another_model(tmp_path: Path, scattered: ScatteredEncoder) -> None:
    load_or_train(HOME, cache_dir=tmp_path, encoder=scattered)
    more = [*HOME, *lines(school="mijn kind moet naar school")]
    assert (
        load_or_train(more, cache_dir=tmp_path, encoder=scattered)
        .understand("Mijn kind moet naar SCHOOL!")
        .intents[0]
        .name
        == "school"
    )
    assert len(list(tmp_path.glob("understanding-*.npz"))) == 2


def test_without_an_encoder_the_words_teach_alone(tmp_path: Path) -> None:
    understander = load_or_train(HOME, cache_dir=tmp_path, encoder=NoEncoder())
    understood = understander.understand("hoe krijg ik huurtoeslag")
    assert understood.engine == "lexical"
    assert understood.intents[0].name == "rent"


def test_a_failing_encoder_is_tried_again_at_the_next_start(
    tmp_path: Path, scattered: ScatteredEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away(type(scattered)):
        def encode(self, texts: object) -> None:
            return None

    monkeypatch.setattr("bot.nlu.vectors.time.sleep", lambda seconds: None)
    assert load_or_train(HOME, cache_dir=tmp_path, encoder=Away()).understand("mijn huur").engine == "lexical"
    assert list(tmp_path.glob("understanding-*.npz")) == []
    assert load_or_train(HOME, cache_dir=tmp_path, encoder=scattered).recipe.meaning is not None


def test_a_language_with_controls_only_teaches_no_words() -> None:
    turkish = [Example(text="merhaba", intent="greet", language="tr")]
    assert taught_languages([*HOME, *turkish]) == {"nl"}


@pytest.mark.parametrize(
    ("text", "language", "spoken"),
    [
        ("ኣበይ ይርከብ", "ti", "ti"),
        ("abey yirkeb infopunt", "ti", "ti-Latn"),
        ("badi huurtoeslag", "ar", "ar-Latn"),
        ("كيف آخذ huurtoeslag", "ar", "ar"),
        ("كيف يمكنني الحصول على huurtoeslag", "ar", "ar"),
        ("waar is het", "nl", "nl"),
        ("123", "ar", "ar"),
    ],
)
def test_latin_letters_are_a_variety_of_their_own(text: str, language: str, spoken: str) -> None:
    assert variety(text, language) == spoken


def test_a_line_and_its_translation_share_a_fold(scattered: ScatteredEncoder) -> None:
    said = lines(rent="mijn huur is te hoog;ik kan de huur niet betalen;krijg ik geld;wie helpt")
    said += [Example(text=line.text + "!", intent=line.intent, language="en") for line in said]
    vectors = scattered.encode([line.text.removesuffix("!") for line in said])
    folds = folds_of(said, vectors, 3)
    assert folds[:4] == folds[4:]
    assert set(folds) == {0, 1, 2}
    assert folds == folds_of(said, vectors, 3)


def test_what_is_measured_adds_up(tmp_path: Path, scattered: ScatteredEncoder) -> None:
    understander = train([*HOME, *lines(out_of_scope="wie wint er vanavond")], cache_dir=tmp_path, encoder=scattered)
    asked = [*HOME, *lines(out_of_scope="Wie wint er vanavond?")]
    report = evaluate(understander, [sample_of(line) for line in asked])
    assert (report.total.ours, report.total.others) == (9, 1)
    assert report.total.top_1 == report.total.top_3 == report.total.caught == 1
    assert report.total.by_engine == {"exact": 10}
    assert report.by_language["nl"] == report.total
    assert report.confusions == ()


def test_cross_validation_hears_every_line_once(tmp_path: Path, scattered: ScatteredEncoder) -> None:
    report = cross_validate(HOME, cache_dir=tmp_path, folds=3, encoder=scattered)
    assert report.total.ours == len(HOME)


def test_lines_without_a_letter_can_be_measured(tmp_path: Path, scattered: ScatteredEncoder) -> None:
    marks = [Example(text=text, intent=intent, language="nl") for text, intent in zip("¯´¨¸", "abab", strict=True)]
    assert len(train(marks, cache_dir=tmp_path, encoder=scattered).understand("¯¯").intents) == 2
