"""One child, two children: each language has its own forms, and the reader's number decides."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content.model import Variant
from tests.content.small import Desk, Entry, catalogues, content, fact, said

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE, MANY = "U heeft {n} kind.", "U heeft {n} kinderen."
CHILDREN = Variant(context="utter_example/counted", text=ONE, text_plural=MANY, plural_of="n")
FORMS = {
    "en": ("You have {n} child.", "You have {n} children."),
    "ar": (
        "ليس لديكم أطفال ({n}).",
        "لديكم طفل واحد ({n}).",
        "لديكم طفلان ({n}).",
        "لديكم {n} أطفال.",
        "لديكم {n} طفل.",
        "لديكم {n} طفلًا.",
    ),
    "uk": ("У вас {n} дитина.", "У вас {n} дитини.", "У вас {n} дітей."),
    "tr": ("{n} çocuğunuz var.",),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    own = {
        code: [Entry(context=CHILDREN.context, text=ONE, plural=MANY, translation=forms)]
        for code, forms in FORMS.items()
    }
    folder = tmp_path_factory.mktemp("locale")
    return Desk(content=content(said(CHILDREN, "Heeft u kinderen?")), catalogues=catalogues(folder, own))


def numbers() -> Iterator[tuple[str, int, int]]:
    """Language, number, and the form it takes; from CLDR's plural rules."""
    for language, forms in {
        "en": {0: (1,), 1: (0, 2, 5, 11, 21, 101)},
        "ar": {0: (0,), 1: (1,), 2: (2,), 3: (3, 10, 103), 4: (100, 101, 102, 200), 5: (11, 26, 99, 111)},
        "uk": {0: (1, 21, 101), 1: (2, 4, 22, 104), 2: (0, 5, 11, 12, 14, 111, 25)},
        "tr": {0: (0, 1, 2, 100)},
    }.items():
        for form, those in forms.items():
            for number in those:
                yield language, number, form


@pytest.mark.parametrize(("language", "number", "form"), list(numbers()))
def test_the_number_takes_the_form_of_its_language(desk: Desk, language: str, number: int, form: int) -> None:
    spoken = "".join(sign for sign in desk.text(language=language, n=number) if sign.isprintable())

    assert spoken == FORMS[language][form].format(n=number)


@pytest.mark.parametrize(
    ("number", "spoken"), [(0, "0 kinderen"), (1, "1 kind."), (2, "2 kinderen"), (21, "21 kinderen")]
)
def test_dutch_has_one_and_more(desk: Desk, number: int, spoken: str) -> None:
    assert spoken in desk.text(n=number)


@settings(deadline=None)  # the first use of a language reads its files
@given(number=st.integers(0, 10_000), language=st.sampled_from(["nl", *FORMS]))
def test_every_number_has_a_form_in_every_language(desk: Desk, number: int, language: str) -> None:
    message = desk.read(language=language, n=number).message

    assert message.language == language
    assert "{" not in message.text


def test_one_may_be_said_in_words_when_the_number_is_known() -> None:
    counted = Variant(context="utter_example/counted", text="U heeft één kind.", text_plural=MANY, plural_of="n")
    desk = Desk(content=content(said(counted, "Heeft u kinderen?")))

    assert desk.text(n=1) == "U heeft één kind."
    assert desk.text(n=2) == "U heeft 2 kinderen."
    assert desk.text() == "Heeft u kinderen?"  # not "U heeft  kinderen."


def test_a_figure_from_the_facts_can_decide_too() -> None:
    weeks = Variant(context="utter_example", text="{fact_n} week.", text_plural="{fact_n} weken.", plural_of="fact_n")

    for number, spoken in ((1, "1 week."), (6, "6 weken.")):
        facts = {"n": fact("n", Decimal(number), "plain")}
        assert Desk(content=content(said(weeks), facts=facts)).text() == spoken


def test_a_language_that_lacks_a_form_is_not_spoken_half(tmp_path_factory: pytest.TempPathFactory) -> None:
    half = [Entry(context=CHILDREN.context, text=ONE, plural=MANY, translation=("", "طفل", "", "", "", ""))]
    english = [Entry(context=CHILDREN.context, text=ONE, plural=MANY, translation=FORMS["en"])]
    found = catalogues(tmp_path_factory.mktemp("locale"), {"ar": half, "en": english})
    desk = Desk(content=content(said(CHILDREN, "Heeft u kinderen?")), catalogues=found)

    assert desk.read(language="ar", n=1).message.language == "en"
    assert desk.read(language="ar", n=2).message.text == "You have 2 children."


def test_a_translation_that_reads_as_the_dutch_is_a_translation(tmp_path_factory: pytest.TempPathFactory) -> None:
    euro = Variant(context="utter_example", text="{n} euro", text_plural="{n} euro's", plural_of="n")
    french = [
        Entry(context="utter_example", text="{n} euro", plural="{n} euro's", translation=("{n} euro", "{n} euros"))
    ]
    found = catalogues(tmp_path_factory.mktemp("locale"), {"fr": french})

    assert Desk(content=content(said(euro)), catalogues=found).read(language="fr", n=1).message.language == "fr"
