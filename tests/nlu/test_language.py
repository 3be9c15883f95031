from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.nlu.language import LANGUAGES, LanguageIdentifier


@pytest.fixture(scope="module")
def identifier() -> LanguageIdentifier:
    return LanguageIdentifier()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("hoe vraag ik huurtoeslag aan", "nl"),
        ("I got a letter and I do not understand it", "en"),
        ("كيف أسجل في البلدية", "ar"),
        ("ናብ ምምሕዳር ከተማ ከመይ ጌረ ክምዝገብ እኽእል", "ti"),
        ("چطور می‌توانم ثبت نام کنم", "fa"),
        ("belediyeye nasıl kayıt olabilirim, bir randevu lazım mı", "tr"),
        ("як мені записатися до лікаря", "uk"),
        ("sidee baan isaga diiwaan geliyaa degmada, maxaan u baahanahay", "so"),
        ("comment est-ce que je peux m'inscrire à la commune", "fr"),
    ],
)
def test_a_sentence_is_known_for_certain(identifier: LanguageIdentifier, text: str, language: str) -> None:
    guess = identifier.identify(text, current="nl" if language != "nl" else "ar")
    assert (guess.language, guess.certain) == (language, True)


@pytest.mark.parametrize("text", ["ok", "ja", "DigiD", "BSN 2", "👍", "", "123", "?", "huurtoeslag", "你好吗"])
@pytest.mark.parametrize("current", ["ar", "ti", "nl"])
def test_a_word_changes_nothing(identifier: LanguageIdentifier, text: str, current: str) -> None:
    guess = identifier.identify(text, current=current)
    assert (guess.language, guess.certain) == (current, False)


@pytest.mark.parametrize(
    ("text", "current"),
    [
        ("badi e7ki ma3 7ada", "ar"),
        ("kif fini sajel wladi bel madrase", "ar"),
        ("shu lazem a3mel hala2", "ar"),
        ("kemey gere kmzgeb ykl", "ti"),
        ("abey yirkeb infopunt", "ti"),
    ],
)
def test_latin_letters_do_not_make_it_another_language(identifier: LanguageIdentifier, text: str, current: str) -> None:
    guess = identifier.identify(text, current=current)
    assert (guess.language, guess.certain) == (current, False)


def test_another_script_is_followed_even_in_one_word(identifier: LanguageIdentifier) -> None:
    assert identifier.identify("مرحبا", current="nl").language == "ar"
    assert identifier.identify("ሰላም", current="nl").language == "ti"


def test_amharic_is_not_taken_for_certain_tigrinya(identifier: LanguageIdentifier) -> None:
    assert not identifier.identify("እንዴት ነህ ዛሬ ምን ትሰራለህ", current="ti").certain


@settings(deadline=None)
@given(st.text(st.characters(codec=None), max_size=100), st.sampled_from([None, *LANGUAGES]))
def test_anything_gets_one_of_our_languages(text: str, current: str | None) -> None:
    assert LANGUAGE_IDENTIFIER.identify(text, current=current).language in LANGUAGES


LANGUAGE_IDENTIFIER = LanguageIdentifier()
