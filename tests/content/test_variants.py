"""Which variant is spoken: the first whose conditions hold and in which everything is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from bot.content.model import DeadlineIs, SlotIs, Variant
from bot.content.render import UnknownResponseError
from tests.content.small import NOW, Desk, content, deadline, fact, place, said

if TYPE_CHECKING:
    from bot.domain.turn import SlotValue

CHILDREN = said(
    Variant(
        context="utter_example/none", text="Geen kinderen.", conditions=(SlotIs(slot="has_children", value=False),)
    ),
    Variant(
        context="utter_example/many",
        text="U heeft {children_count} kinderen.",
        conditions=(SlotIs(slot="has_children", value=True),),
    ),
    "Heeft u kinderen?",
)


@pytest.mark.parametrize(
    ("slots", "spoken"),
    [
        ({}, "Heeft u kinderen?"),
        ({"has_children": False}, "Geen kinderen."),
        ({"has_children": True, "children_count": 3}, "U heeft 3 kinderen."),
        ({"has_children": True}, "Heeft u kinderen?"),  # how many is not known, so that variant is passed over
        ({"has_children": True, "children_count": None}, "Heeft u kinderen?"),
        ({"has_children": False, "children_count": 3}, "Geen kinderen."),
    ],
)
def test_first_variant_that_can_be_said_is_spoken(slots: dict[str, SlotValue], spoken: str) -> None:
    assert Desk(content=content(CHILDREN)).text(**slots) == spoken


def test_all_conditions_must_hold() -> None:
    both = (SlotIs(slot="city", value="ede"), SlotIs(slot="age", value=18))
    desk = Desk(content=content(said(Variant(context="a", text="Beide.", conditions=both), "Niet beide.")))

    assert desk.text(city="ede", age=18) == "Beide."
    assert desk.text(city="ede", age=17) == "Niet beide."
    assert desk.text(city="ede") == "Niet beide."


def test_what_the_moment_brings_goes_before_what_was_told() -> None:
    desk = Desk(content=content(said("Uw nummer is {case_number}.")))

    assert desk.read(case_number="1", extra={"case_number": "2"}).message.text == "Uw nummer is 2."


def test_unknown_response_is_an_error() -> None:
    with pytest.raises(UnknownResponseError, match="utter_nothing"):
        Desk(content=content()).read("utter_nothing")


def test_response_of_which_nothing_can_be_said_is_an_error() -> None:
    with pytest.raises(UnknownResponseError, match="utter_example"):
        Desk(content=content(said("Bel {number_nobody}."))).read()


def test_an_unknown_placeholder_is_never_shown_with_its_braces() -> None:
    with pytest.raises(UnknownResponseError):
        Desk(content=content(said("{fact_rent} en {local_desk} en {deadline_soon} en {age}"))).read()


# ---- facts


RENT = said(Variant(context="utter_example/known", text="De grens is {fact_limit}."), "De grens verandert elk jaar.")


@pytest.mark.parametrize(
    ("valid_until", "known"),
    [(None, True), (date(2026, 11, 22), True), (date(2026, 11, 21), False), (date(2027, 1, 1), True)],
)
def test_a_fact_counts_as_unknown_after_its_last_day(valid_until: date | None, known: bool) -> None:
    desk = Desk(content=content(RENT, facts={"limit": fact("limit", Decimal(900), valid_until=valid_until)}))

    assert ("grens is" in desk.text()) is known


def test_the_last_day_of_a_fact_ends_at_midnight_in_amsterdam() -> None:
    desk = Desk(content=content(RENT, facts={"limit": fact("limit", Decimal(900), valid_until=date(2026, 11, 22))}))

    assert "grens is" in replace(desk, now=NOW.replace(hour=22, minute=59)).text()
    assert "elk jaar" in replace(desk, now=NOW.replace(hour=23)).text()  # in Amsterdam it is tomorrow


# ---- what differs per municipality


DESK = said(Variant(context="utter_example/local", text="Ga naar {local_desk}."), "Ik weet het adres niet.")
PLACES = {"ede": place("Ede", desk="Markt 1"), "urk": place("Urk", desk=None), "epe": place("Epe")}


@pytest.mark.parametrize(
    ("municipality", "spoken"),
    [
        ("ede", "Ga naar Markt 1."),
        ("urk", "Ik weet het adres niet."),  # nobody gave it to us
        ("epe", "Ik weet het adres niet."),
        ("other", "Ik weet het adres niet."),
        (None, "Ik weet het adres niet."),
    ],
)
def test_local_facts_are_those_of_the_persons_municipality(municipality: str | None, spoken: str) -> None:
    assert Desk(content=content(DESK, municipalities=PLACES)).text(municipality=municipality) == spoken


def test_a_municipality_is_called_by_its_name() -> None:
    assert (
        Desk(content=content(said("U woont in {municipality}."), municipalities=PLACES)).text(municipality="ede")
        == "U woont in Ede."
    )


# ---- deadlines


LETTER = said(
    Variant(
        context="utter_example/passed",
        text="Het was voorbij op {deadline_objection}.",
        conditions=(DeadlineIs(deadline="objection", passed=True),),
    ),
    Variant(
        context="utter_example/coming",
        text="Het kan tot {deadline_objection}.",
        conditions=(DeadlineIs(deadline="objection", passed=False),),
    ),
    "U heeft zes weken.",
)


@pytest.mark.parametrize(
    ("letter_date", "spoken"),
    [
        (date(2026, 10, 10), "Het was voorbij op zaterdag 21 november 2026."),
        (date(2026, 10, 11), "Het kan tot zondag 22 november 2026."),  # the last day itself has not passed
        (date(2026, 10, 12), "Het kan tot maandag 23 november 2026."),
        (None, "U heeft zes weken."),
        ("gisteren", "U heeft zes weken."),
        (date(9999, 12, 1), "U heeft zes weken."),  # beyond the calendar
    ],
)
def test_a_deadline_has_passed_is_coming_or_is_unknown(letter_date: SlotValue, spoken: str) -> None:
    desk = Desk(content=content(LETTER, deadlines={"objection": deadline()}))

    assert desk.text(letter_date=letter_date) == spoken


def test_today_is_the_day_in_amsterdam() -> None:
    desk = Desk(content=content(LETTER, deadlines={"objection": deadline()}), now=NOW.replace(hour=23, minute=30))

    assert "voorbij" in desk.text(letter_date=date(2026, 10, 11))
