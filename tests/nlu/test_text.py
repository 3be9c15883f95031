from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.text import MAX_CHARACTERS, clean, fold, words_of

ANYTHING = st.text(st.characters(codec=None), max_size=600)


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("  hoi \n\t daar  ", "hoi daar"),
        ("ሰላም፡ከመይ፡ኣለኹም", "ሰላም ከመይ ኣለኹም"),
        ("a\x00b", "a b"),
        ("ﷺ", "صلى الله عليه وسلم"),
        ("ａｂｃ １２", "abc 12"),
        ("half \ud83d pair", "half pair"),
        ("\u200fمرحبا\u200e", "مرحبا"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("", ""),
    ],
)
def test_a_message_is_cleaned(written: str, cleaned: str) -> None:
    assert clean(written) == cleaned


@given(ANYTHING)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert len(once) <= MAX_CHARACTERS
    assert unicodedata.is_normalized("NFKC", once)
    once.encode()


@pytest.mark.parametrize("character", ["a", " ", "ﷺ", "ሀ", "é\u0301"])
def test_twenty_thousand_characters_are_quick(character: str) -> None:
    start = time.perf_counter()
    assert len(clean(character * 20_000)) <= MAX_CHARACTERS
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("İSTANBUL ığdır", "istanbul igdir"),
        ("déjà vu", "deja vu"),
        ("إلى المدرسة", "الي المدرسه"),
        ("مُحَمَّد", "محمد"),
        ("کتاب", "كتاب"),
        ("ሐገር", "ሀገር"),
        ("ፀሓይ", "ጸሓይ"),
        ("їжа й", "іжа и"),
    ],
)
def test_what_people_mix_up_is_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_words_leave_signs_behind() -> None:
    assert words_of("Ekim'de, 5 (vijf)!") == ("ekim", "de", "5", "vijf")
    assert words_of("👍") == ()
