"""Conditions mean here what they mean in Rasa: the same as in pypred, and false where pypred gives up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypred import Predicate

from bot.flows.conditions import ConditionError, read_condition

NAMES = ("age", "kind", "glad", "town")

plain_words = st.sampled_from(["room", "whole_home", "west", "Westerkwartier", "it's", "a\\", "", "27"])
quoted = plain_words.map(lambda word: f'"{word}"')
numbers = st.one_of(st.integers(-30, 300).map(str), st.sampled_from(["0", "0.5", "27.0", "-1.25"]))
slots_of = st.sampled_from([f"slots.{name}" for name in NAMES])
constants = st.sampled_from(["true", "false", "null", "empty", "TRUE", "Null"])
literals = st.one_of(quoted, numbers, constants, st.just("undefined"))
operands = st.one_of(slots_of, slots_of, literals)
patterns = st.sampled_from(['"^[0-9]+$"', '"west"', '"o+"', '"."'])
comparing = st.sampled_from(["is", "is not", "=", "!=", "<", "<=", ">", ">="])

terms = st.one_of(
    slots_of,
    st.builds("{} {} {}".format, slots_of, comparing, operands),
    st.builds("{} {} {}".format, literals.filter(lambda one: one not in ("undefined", "empty")), comparing, slots_of),
    st.builds(
        "{} contains {}".format, slots_of, st.one_of(quoted, numbers, slots_of, st.sampled_from(["true", "null"]))
    ),
    st.builds("{} matches {}".format, slots_of, patterns),
)
conditions = st.recursive(
    terms,
    lambda inner: st.one_of(
        st.builds("not {}".format, inner),
        st.builds("({})".format, inner),
        st.builds("{} {} {}".format, inner, st.sampled_from(["and", "or", "AND", "Or"]), inner),
    ),
    max_leaves=6,
)
values = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 300), st.floats(-5, 300), plain_words, st.just("Westerkwartier")
)
filled = st.fixed_dictionaries(dict.fromkeys(NAMES, values))


def in_rasa(text: str, slots: dict[str, object]) -> bool:
    """Return what Rasa makes of it: an error in a condition is a condition that does not hold."""
    try:
        return bool(Predicate(text).evaluate({"slots": slots}))
    except Exception:  # noqa: BLE001  # Rasa catches everything here too
        return False


@given(text=conditions, slots=filled)
@settings(max_examples=500, deadline=None)
def test_means_the_same_as_in_rasa(text: str, slots: dict[str, object]) -> None:
    assert read_condition(text).holds(slots) == in_rasa(text, slots)


@given(text=st.text(alphabet="slots.age knd()\"'<=>!27-{}, andortuefl", max_size=40), slots=filled)
@settings(max_examples=500, deadline=None)
def test_any_text_is_refused_or_means_the_same(text: str, slots: dict[str, object]) -> None:
    try:
        condition = read_condition(text)
    except ConditionError:
        return
    if condition.slots() <= set(NAMES):
        assert condition.holds(slots) == in_rasa(text, slots)


@pytest.mark.parametrize(
    ("text", "slots", "holds"),
    [
        ("slots.age < 27", {"age": Decimal(20)}, True),
        ("slots.age < 27", {"age": 27}, False),
        ("slots.age < 27", {}, False),
        ("not slots.age < 27", {}, False),
        ("slots.age < 27 or slots.kind is null", {}, False),
        ("slots.kind is null or slots.age < 27", {}, True),
        ("slots.kind is null", {}, True),
        ("slots.kind is not null", {"kind": "room"}, True),
        ("slots.kind is undefined", {}, False),
        ('slots.kind is "room"', {"kind": "room"}, True),
        ("slots.glad", {"glad": True}, True),
        ("not slots.glad", {}, True),
        ('slots.town contains "west"', {"town": "westerkwartier"}, True),
        ('slots.town matches "^[0-9]+$"', {"town": "3111 AB"}, False),
        ("slots.glad and slots.age > 3 or slots.age is null", {"glad": False, "age": None}, False),
        ("(slots.glad and slots.age > 3) or slots.age is null", {"glad": False, "age": None}, True),
        ('slots.date > "2026-01-01"', {"date": date(2026, 11, 22)}, True),
    ],
)
def test_examples_of_the_authors_guide(text: str, slots: dict[str, object], holds: bool) -> None:
    assert read_condition(text).holds(slots) is holds


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "slots.age <", "slots.age < 27)", "(slots.age < 27", "room", "slots.kind is room", "27abc",
        "slots.age matches slots.kind", 'slots.kind matches "("', "slots.age < 27 slots.kind", "slots.age & 3",
        'slots.kind is "room', "slots.kind contains empty",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(text: str) -> None:
    with pytest.raises(ConditionError):
        read_condition(text)


@pytest.mark.parametrize(
    ("text", "mixed"),
    [
        ("slots.a and slots.b or slots.c", True),
        ("(slots.a and slots.b) or slots.c", False),
        ("slots.a and slots.b and slots.c", False),
        ('slots.a is "this and that" or slots.b', False),
        ("(slots.a or slots.b and slots.c)", True),
    ],
)
def test_and_beside_or_is_noticed(text: str, mixed: bool) -> None:
    assert read_condition(text).mixes_and_with_or() is mixed
