"""Finding: limits decide, reasons order, and the same list comes out of the same world in any order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.participation.finding import INTERESTS, LIMITS, TIMES, Chance, Reason, Wishes, find, may_be_shown, time_of

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)  # a Sunday, ten o'clock in Amsterdam
TUESDAY_EVENING = datetime(2026, 11, 24, 18, 30, tzinfo=UTC)
TUESDAY = datetime(2026, 11, 24, 9, tzinfo=UTC)


def chance(name: str, **known: Any) -> Chance:
    return Chance(offer_id=name, occasion_id=f"{name}-1", **{"starts_at": TUESDAY, **known})


def names(wishes: Wishes, *chances: Chance) -> list[str]:
    return [found.chance.offer_id for found in find(wishes, chances, NOW)]


def test_what_somebody_likes_comes_first_and_says_why() -> None:
    cooking, walking = chance("a", sort="walking"), chance("b", sort="cooking", cost_cents=0)

    found = find(Wishes(interests=frozenset({"cooking"})), [cooking, walking], NOW)

    assert [one.chance.offer_id for one in found] == ["b", "a"]
    assert found[0].reasons == (Reason.INTEREST, Reason.FREE)
    assert found[1].reasons == ()


def test_practising_dutch_stands_for_lessons_and_language_cafes() -> None:
    wishes = Wishes(interests=frozenset({"language"}))

    assert names(wishes, chance("a", sort="sport"), chance("b", sort="language_cafe")) == ["b", "a"]


def test_who_told_nothing_sees_what_is_soonest() -> None:
    late, soon = chance("a", starts_at=TUESDAY + timedelta(days=14)), chance("b")

    assert names(Wishes(), late, soon) == ["b", "a"]


def test_the_same_neighbourhood_is_near_and_another_region_is_not_shown() -> None:
    here, beside, far = chance("a", area="7511"), chance("b", area="7521"), chance("c", area="3131")
    wishes = Wishes(area="7511")

    found = find(wishes, [beside, far, here], NOW)

    assert [one.chance.offer_id for one in found] == ["a", "b"]
    assert found[0].reasons == (Reason.NEAR,)


def test_a_municipality_counts_where_no_postcode_is_known() -> None:
    there, nowhere = chance("a", municipality="vlaardingen"), chance("b")

    assert names(Wishes(municipality="enschede"), there, nowhere) == ["b"]
    assert names(Wishes(municipality="enschede", area="7511"), chance("a", area="9800", municipality="enschede")) == [
        "a"
    ]
    assert names(Wishes(area="7511"), chance("a", area="3131")) == []


def test_the_evening_is_reckoned_on_the_clock_of_amsterdam() -> None:
    assert time_of(datetime(2026, 11, 24, 15, 59, tzinfo=UTC)) == "day"
    assert time_of(datetime(2026, 11, 24, 16, 0, tzinfo=UTC)) == "evening"
    assert time_of(datetime(2026, 6, 23, 15, 0, tzinfo=UTC)) == "evening"
    assert time_of(datetime(2026, 11, 27, 23, 30, tzinfo=UTC)) == "weekend"


def test_when_somebody_has_time_counts() -> None:
    evening, day = chance("a", starts_at=TUESDAY_EVENING), chance("b")

    found = find(Wishes(times=frozenset({"evening"})), [day, evening], NOW)

    assert found[0].chance.offer_id == "a"
    assert found[0].reasons == (Reason.YOUR_DAYS,)


def test_a_language_that_is_spoken_there_is_named() -> None:
    found = find(Wishes(languages=frozenset({"ti", "nl"})), [chance("a", languages=frozenset({"ti", "ar"}))], NOW)

    assert found[0].reasons == (Reason.LANGUAGE,)
    assert found[0].shared == ("ti",)


def test_age_forbids_only_where_it_is_known() -> None:
    youth = chance("a", age_from=16, age_to=26)

    assert names(Wishes(age=40), youth) == []
    assert names(Wishes(age=15), youth) == []
    assert names(Wishes(age=26), youth) == ["a"]
    assert names(Wishes(), youth) == ["a"]


def test_a_stated_limit_forbids_what_does_not_meet_it() -> None:
    women, all_, childcare = chance("a", women_only=True), chance("b"), chance("c", childcare=True)

    assert names(Wishes(limits=frozenset({"women_only"})), women, all_) == ["a"]
    assert names(Wishes(limits=frozenset({"childcare"})), women, childcare) == ["c"]
    assert names(Wishes(limits=frozenset({"accessible"})), women, chance("d", accessible=True)) == ["d"]


def test_a_group_for_women_comes_last_for_who_did_not_ask_for_it_and_first_for_who_did() -> None:
    women, other = chance("a", sort="women", women_only=True), chance("b", starts_at=TUESDAY + timedelta(days=20))

    assert names(Wishes(), women, other) == ["b", "a"]
    found = find(Wishes(interests=frozenset({"women"})), [women, other], NOW)
    assert found[0].reasons == (Reason.INTEREST, Reason.WOMEN_ONLY)


def test_what_is_full_comes_after_its_equal_and_is_still_shown() -> None:
    assert names(Wishes(), chance("a", full=True), chance("b")) == ["b", "a"]


def test_of_one_offer_the_best_occasion_is_shown() -> None:
    morning = chance("a")
    evening = replace(morning, occasion_id="a-2", starts_at=TUESDAY_EVENING)

    found = find(Wishes(times=frozenset({"evening"})), [morning, evening], NOW)

    assert [one.chance.occasion_id for one in found] == ["a-2"]


_wishes = st.builds(
    Wishes,
    interests=st.frozensets(st.sampled_from(sorted(INTERESTS)), max_size=3),
    area=st.sampled_from([None, "7511", "7545", "3131"]),
    municipality=st.sampled_from([None, "enschede", "vlaardingen"]),
    times=st.frozensets(st.sampled_from(TIMES)),
    languages=st.frozensets(st.sampled_from(["nl", "ar", "ti"])),
    limits=st.frozensets(st.sampled_from(LIMITS), max_size=2),
    age=st.one_of(st.none(), st.integers(10, 90)),
)
_chances = st.lists(
    st.builds(
        Chance,
        offer_id=st.sampled_from("abcdefgh"),
        occasion_id=st.sampled_from(["1", "2", "3"]),
        starts_at=st.one_of(st.none(), st.integers(0, 40).map(lambda days: NOW + timedelta(days=days, hours=3))),
        sort=st.sampled_from(["walking", "cooking", "women", "repair"]),
        area=st.sampled_from([None, "7511", "7521", "3131"]),
        languages=st.frozensets(st.sampled_from(["nl", "ar", "ti"])),
        age_from=st.one_of(st.none(), st.integers(12, 30)),
        women_only=st.booleans(),
        childcare=st.booleans(),
        accessible=st.booleans(),
        cost_cents=st.sampled_from([None, 0, 250]),
        full=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda one: (one.offer_id, one.occasion_id),
)


@given(_wishes, _chances, st.randoms(use_true_random=False))
def test_the_order_of_the_world_changes_nothing_and_no_limit_is_passed(
    wishes: Wishes, chances: list[Chance], chance_order: Any
) -> None:
    found = find(wishes, chances, NOW)
    shuffled = list(chances)
    chance_order.shuffle(shuffled)

    assert find(wishes, shuffled, NOW) == found
    assert all(may_be_shown(wishes, one.chance) for one in found)
    assert {one.chance.offer_id for one in found} == {one.offer_id for one in chances if may_be_shown(wishes, one)}
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
