"""Dates, amounts, percentages and numbers, as people write them in each of the nine languages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content.render import LRI, PDI, RLI
from tests.content.small import LANGUAGES, NAMES, Desk, Entry, catalogues, content, fact, said

if TYPE_CHECKING:
    from pathlib import Path

ALL = list(NAMES)
# What is under test is how a value is written: the sentence around it is the same in every language.
FACT, SLOT = "{fact_rent}", "{value}"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder: Path = tmp_path_factory.mktemp("locale")
    own = {
        code: [
            Entry(context=f"utter_{name}", text=text, translation=text)
            for name, text in (("fact", FACT), ("slot", SLOT))
        ]
        for code in ALL
        if code != "nl"
    }
    responses = said(FACT, name="utter_fact"), said(SLOT, name="utter_slot")
    return Desk(content=content(*responses), catalogues=catalogues(folder, own))


def written(desk: Desk, language: str, value: object, unit: str) -> str:
    facts = {"rent": fact("rent", value, unit)}
    found = Desk(content=content(*desk.content.responses.values(), facts=facts), catalogues=desk.catalogues)
    return bare(found.text("utter_fact", language))


def bare(text: str) -> str:
    """Without isolates and other marks that nobody sees, and with plain spaces."""
    shown = "".join(sign for sign in text if sign not in f"{LRI}{RLI}{PDI}\u200e\u200f")
    return shown.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("nl", "zondag 28 februari 2027"),
        ("ar", "الأحد، 28 فبراير 2027"),
        ("ti", "ሰንበት፣ 28 ለካቲት 2027"),
        ("en", "Sunday, February 28, 2027"),
        ("fa", "یکشنبه 28 فوریهٔ 2027"),
        ("tr", "28 Şubat 2027 Pazar"),
        ("uk", "неділя, 28 лютого 2027 р."),
        ("so", "Axad, Febraayo 28, 2027"),
        ("fr", "dimanche 28 février 2027"),
    ],
)
def test_a_date_is_written_in_full(desk: Desk, language: str, expected: str) -> None:
    assert bare(desk.text("utter_slot", language, value=date(2027, 2, 28))) == expected


@pytest.mark.parametrize(
    ("language", "whole", "cents"),
    [
        ("nl", "€ 1.025", "€ 1.025,50"),
        ("ar", "1,025 €", "1,025.50 €"),
        ("ti", "€1,025", "€1,025.50"),
        ("en", "€1,025", "€1,025.50"),
        ("fa", "€ 1,025", "€ 1,025.50"),
        ("tr", "€1.025", "€1.025,50"),
        ("uk", "1 025 EUR", "1 025,50 EUR"),
        ("so", "€1,025", "€1,025.50"),
        ("fr", "1 025 €", "1 025,50 €"),
    ],
)
def test_an_amount_shows_cents_only_when_there_are_any(desk: Desk, language: str, whole: str, cents: str) -> None:
    assert written(desk, language, Decimal(1025), "euro") == whole
    assert written(desk, language, Decimal("1025.00"), "euro") == whole
    assert written(desk, language, Decimal("1025.5"), "euro") == cents


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("nl", "12,5%"), ("ar", "12.5%"), ("ti", "12.5%"), ("en", "12.5%"), ("fa", "12.5%"),
        ("tr", "%12,5"), ("uk", "12,5%"), ("so", "12.5%"), ("fr", "12,5 %"),
    ],
)  # fmt: skip
def test_twelve_and_a_half_percent_never_becomes_twelve(desk: Desk, language: str, expected: str) -> None:
    assert written(desk, language, Decimal("12.5"), "percent") == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("nl", "12.345"), ("ar", "12,345"), ("ti", "12,345"), ("en", "12,345"), ("fa", "12,345"),
        ("tr", "12.345"), ("uk", "12 345"), ("so", "12,345"), ("fr", "12 345"),
    ],
)  # fmt: skip
def test_a_number_is_grouped_as_people_group_it(desk: Desk, language: str, expected: str) -> None:
    assert bare(desk.text("utter_slot", language, value=12345)) == expected
    assert written(desk, language, Decimal(12345), "plain") == expected


@pytest.mark.parametrize("language", ALL)
def test_a_figure_that_is_no_number_stays_as_it_is(desk: Desk, language: str) -> None:
    assert written(desk, language, "1 januari tot 1 april", "plain") == "1 januari tot 1 april"


@pytest.mark.parametrize("language", ALL)
def test_a_small_number_is_written_in_digits_that_a_phone_shows(desk: Desk, language: str) -> None:
    assert bare(desk.text("utter_slot", language, value=3)) == "3"


@settings(deadline=None)  # the first use of a language reads its files
@given(percent=st.decimals(min_value=0, max_value=100, places=3), language=st.sampled_from(ALL))
def test_no_digit_of_a_percentage_is_lost(desk: Desk, percent: Decimal, language: str) -> None:
    digits = [sign for sign in written(desk, language, percent, "percent") if sign.isdigit()]

    assert "".join(digits) == f"{percent.normalize():f}".replace(".", "")


@settings(deadline=None)  # the first use of a language reads its files
@given(day=st.dates(), language=st.sampled_from(ALL))
def test_every_day_can_be_written_in_every_language(desk: Desk, day: date, language: str) -> None:
    shown = desk.text("utter_slot", language, value=day)

    assert str(day.day) in shown
    assert shown.count(LRI) == shown.count(PDI) == 0  # its own words keep a date in place


def test_yes_and_no_are_no_words_to_fill_in(desk: Desk) -> None:
    """A variant that would say "True" is passed over; here there is no other."""
    with pytest.raises(KeyError):
        desk.text("utter_slot", "nl", value=True)


@pytest.mark.parametrize("language", ALL)
def test_a_language_is_called_by_its_own_name(language: str) -> None:
    desk = Desk(content=content(said("{language_name}")))

    assert desk.text(language_name=language) == LANGUAGES.all[language].name


def test_no_line_of_french_begins_with_a_mark(tmp_path: Path) -> None:
    french = "Pas de gaz ? Appelez : *DUO*. « Oui » ; non !\n: 10:30, https://x.nl/?a"
    entry = Entry(context="utter_example", text="Nederlands.", translation=french)
    desk = Desk(content=content(said("Nederlands.")), catalogues=catalogues(tmp_path, {"fr": [entry]}))

    assert desk.text(language="fr") == (
        "Pas de gaz\u00a0? Appelez\u00a0: *DUO*. «\u00a0Oui\u00a0»\u00a0; non\u00a0!\n: 10:30, https://x.nl/?a"
    )
