"""Suggestions for the whole list: as many as can be, the worst-off as well off as can be, then the most points."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.participation.assign import assign, scores
from bot.participation.fit import (
    LANGUAGE,
    SAME_NEIGHBOURHOOD,
    SAME_REGION,
    SHARED_INTEREST,
    SHARED_TIME,
    Place,
    Reason,
    Why,
    Wish,
    fit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WISH = Wish(id="w", languages=frozenset({"ti"}))
PLACE = Place(id="p", languages=frozenset({"ti"}))


def of(*words: str) -> frozenset[str]:
    return frozenset(words)


# ---- two who fit


def test_each_point_has_its_reason() -> None:
    wish = replace(WISH, area="7511", times=of("evening", "weekend"), interests=of("cooking", "sport"))
    place = replace(PLACE, area="7511", times=of("evening"), interests=of("cooking", "music"))

    found = fit(wish, place)

    assert found is not None
    assert found.score == LANGUAGE + SAME_NEIGHBOURHOOD + SHARED_TIME + SHARED_INTEREST
    assert found.reasons == (
        (Reason.LANGUAGE, "ti"), (Reason.NEAR, "neighbourhood"), (Reason.TIME, "evening"), (Reason.INTEREST, "cooking"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wish", "place"),
    [
        ({"languages": of("ar")}, {}),
        ({"limits": of("women_only")}, {"limits": of("childcare")}),
        ({"times": of("day")}, {"times": of("evening", "weekend")}),
        ({"age": 17}, {"age_from": 18}),
        ({"age": 28}, {"age_to": 27}),
        ({"never": of("p")}, {}),
    ],
)
def test_a_stated_limit_decides_alone(wish: dict[str, object], place: dict[str, object]) -> None:
    here, there = replace(WISH, **wish), replace(PLACE, **place)  # type: ignore[arg-type]

    assert fit(here, there) is None
    assert assign([here], [there]).suggestions == ()


def test_what_nobody_told_forbids_nothing() -> None:
    assert fit(WISH, replace(PLACE, times=of("day"), age_from=18, limits=of("women_only"), area="7511")) is not None


def test_a_region_is_less_near_than_a_neighbourhood() -> None:
    found = fit(replace(WISH, area="7511"), replace(PLACE, area="7544"))

    assert found is not None
    assert found.score == LANGUAGE + SAME_REGION


# ---- the whole list


def test_who_asked_first_or_is_first_in_the_alphabet_gets_nothing_for_it() -> None:
    # Both fit the only neighbour; only one of them fits anybody else.
    choosy = replace(WISH, id="z", languages=of("ti"))
    easy = replace(WISH, id="a", languages=of("ti", "nl"))
    places = [PLACE, replace(PLACE, id="q", languages=of("nl"))]

    found = assign([easy, choosy], places)

    assert {(one.wish, one.place) for one in found.suggestions} == {("z", "p"), ("a", "q")}
    assert found.left == {}


def test_the_worst_off_counts_before_the_sum() -> None:
    near = replace(WISH, id="near", area="7511")
    far = replace(WISH, id="far", area="9999", interests=of("a", "b", "c"))
    best = replace(PLACE, id="best", area="7511", interests=of("a", "b", "c"))
    other = replace(PLACE, id="other", area="7511")

    found = assign([near, far], [best, other])

    # `near` with `best` and `far` with `other` would leave `far` with a shared language and nothing else.
    assert {(one.wish, one.place) for one in found.suggestions} == {("far", "best"), ("near", "other")}


def test_a_place_with_room_takes_several_and_no_more() -> None:
    wishes = [replace(WISH, id=f"w{number}") for number in range(5)]

    found = assign(wishes, [replace(PLACE, capacity=3)])

    assert len(found.suggestions) == 3
    assert set(found.left.values()) == {Why.TAKEN}


def test_who_said_no_is_not_suggested_again() -> None:
    found = assign([WISH], [PLACE], declined=[("w", "p"), ("somebody who left", "p")])

    assert found.suggestions == ()
    assert found.left == {"w": Why.DECLINED}


@pytest.mark.parametrize(
    ("places", "why"),
    [
        ([], Why.NOBODY),
        ([replace(PLACE, capacity=0)], Why.NOBODY),
        ([replace(PLACE, languages=of("so"))], Why.NO_LANGUAGE),
        ([replace(PLACE, age_from=18)], Why.LIMITS),
    ],
)
def test_who_is_left_over_has_a_reason(places: list[Place], why: Why) -> None:
    assert assign([replace(WISH, age=16)], places).left == {"w": why}


def test_how_far_it_is_ahead_of_the_next_best() -> None:
    found = assign([replace(WISH, area="7511")], [replace(PLACE, area="7511"), replace(PLACE, id="q")])

    assert [(one.place, one.ahead) for one in found.suggestions] == [("p", SAME_NEIGHBOURHOOD)]


def test_an_id_twice_is_no_list() -> None:
    with pytest.raises(ValueError, match="same id"):
        assign([WISH, WISH], [PLACE])


def test_the_last_place_in_a_list_of_words_that_is_too_long_is_refused() -> None:
    many = replace(PLACE, interests=frozenset(f"word{number}" for number in range(64)))
    with pytest.raises(ValueError, match="63 different words"):
        assign([WISH], [many])


# ---- whatever the lists are

WORDS = st.frozensets(st.sampled_from(["a", "b", "c", "d"]), max_size=3)
AREAS = st.sampled_from([None, "7511", "7544", "3111"])
TIMES = st.frozensets(st.sampled_from(["day", "evening", "weekend"]), max_size=2)
LIMITS = st.frozensets(st.sampled_from(["women_only", "childcare"]), max_size=1)
AGES = st.sampled_from([None, 16, 20, 40])
TOWNS = st.sampled_from([None, "enschede", "schiedam"])


@st.composite
def people(draw: st.DrawFn, most: int = 5) -> tuple[list[Wish], list[Place]]:
    wishes = [
        Wish(
            id=f"w{at}", languages=draw(WORDS), interests=draw(WORDS), area=draw(AREAS), municipality=draw(TOWNS),
            times=draw(TIMES), limits=draw(LIMITS), age=draw(AGES), never=draw(st.sampled_from([of(), of("p0")])),
        )
        for at in range(draw(st.integers(0, most)))
    ]  # fmt: skip
    places = [
        Place(
            id=f"p{at}", languages=draw(WORDS), interests=draw(WORDS), area=draw(AREAS), municipality=draw(TOWNS),
            times=draw(TIMES), limits=draw(LIMITS), age_from=draw(AGES), age_to=draw(AGES),
            capacity=draw(st.integers(0, 2)),
        )
        for at in range(draw(st.integers(0, most)))
    ]  # fmt: skip
    return wishes, places


def ways(wishes: Sequence[Wish], places: Sequence[Place]) -> Iterator[list[int]]:
    """Yield the scores of every way to match some of them: the slow and plain way to know the best."""
    seats = [place for place in places for _ in range(place.capacity)] + [None] * len(wishes)
    for chosen in set(itertools.permutations(range(len(seats)), len(wishes))):
        found = [fit(wish, place) for wish, at in zip(wishes, chosen, strict=True) if (place := seats[at])]
        if None not in found:
            yield [one.score for one in found if one]


@given(people(most=3))
@settings(max_examples=60, deadline=None)
def test_nothing_fairer_can_be_found_by_trying_everything(lists: tuple[list[Wish], list[Place]]) -> None:
    mine = [one.fit.score for one in assign(*lists).suggestions]

    best = max(((len(way), min(way, default=0), sum(way)) for way in ways(*lists)), default=(0, 0, 0))
    assert (len(mine), min(mine, default=0), sum(mine)) == best


@given(people())
@settings(deadline=None)
def test_scores_by_columns_are_those_of_each_pair(lists: tuple[list[Wish], list[Place]]) -> None:
    wishes, places = lists
    if wishes and places:
        found = [[(one.score if (one := fit(wish, place)) else 0) for place in places] for wish in wishes]
        assert scores(wishes, places).tolist() == found


@given(people(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_the_lists_changes_nothing(lists: tuple[list[Wish], list[Place]], chance: object) -> None:
    wishes, places = lists
    found = assign(wishes, places)
    mixed = list(wishes), list(places)
    for one in mixed:
        chance.shuffle(one)  # type: ignore[attr-defined]

    again = assign(*mixed)
    assert again.suggestions == found.suggestions
    assert dict(again.left) == dict(found.left)


@given(people())
@settings(deadline=None)
def test_everybody_is_suggested_once_or_left_with_a_reason(lists: tuple[list[Wish], list[Place]]) -> None:
    wishes, places = lists
    found = assign(wishes, places)

    assert sorted([*(one.wish for one in found.suggestions), *found.left]) == sorted(wish.id for wish in wishes)
    taken = [one.place for one in found.suggestions]
    assert all(taken.count(place.id) <= place.capacity for place in places)
