"""Who takes part, in numbers that may be told: by place and quarter, the same to everybody who may see counts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.answer import Declined
from bot.handoff.case import Decline
from bot.tally import WHOLE, Here, Matched, Offers, Place, Tally, quarters_until, tally
from bot.trajectory.counts import ShownGroup, ShownRow
from tests.store.counted import BEFORE, THEN, person
from tests.store.test_participation_counts import agreed, joins, occasion, offer

if TYPE_CHECKING:
    from bot.store.work import Work
    from tests.desk.conftest import Desk

WEEK = timedelta(weeks=1)
SPRING, SUMMER, AUTUMN = date(2026, 4, 1), date(2026, 7, 1), date(2026, 10, 1)
IN_AUTUMN, IN_SUMMER = THEN - 5 * WEEK, THEN - 15 * WEEK
NORTH, SOUTH = "7522", "7511"


def came(  # noqa: PLR0913  # where, and of how many people what became
    work: Work, area: str, *, came: int = 0, away: int = 0, silent: int = 0, waits: int = 0
) -> None:
    """Have an occasion in a part of Enschede for so many."""
    here = occasion(work, offer(work, area=area), IN_AUTUMN)
    states: list[tuple[int, dict[str, Any]]] = [
        (came, {"attended": True}),
        (away, {"attended": False}),
        (silent, {}),
        (waits, {"state": "waiting"}),
    ]
    for people, stands in states:
        for _ in range(people):
            joins(work, person(work).newcomer.id, here, **stands)


def told(desk: Desk) -> Tally:
    found = tally(desk.runtime, desk.cora.id)
    assert isinstance(found, Tally)
    return found


def shown(enrolled: int | None, ended: int | None, row: tuple[int, int] | None) -> ShownGroup:
    late, on_time = row or (0, 0)
    return ShownGroup(
        enrolled=enrolled, ended=ended, rows={"came": ShownRow(late=late, on_time=on_time) if row else None}
    )


def here(
    area: str | None, what: ShownGroup, *, held: int = 1, sign_ups: int | None = None, is_sum: bool = False
) -> Here:
    place = Place(municipality="enschede", area=area)
    return Here(quarter=AUTUMN, place=place, held=held, called_off=0, shown=what, sign_ups=sign_ups, is_sum=is_sum)


def test_each_area_is_told_when_all_have_enough_people(desk: Desk) -> None:
    def story(work: Work) -> None:
        came(work, SOUTH, came=6, away=5, silent=7, waits=5)
        came(work, NORTH, came=5, silent=1, waits=2)

    desk.runtime.database.write(story)
    found = told(desk)
    assert found.day == date(2026, 11, 23)
    assert found.quarters == (date(2026, 1, 1), SPRING, SUMMER, AUTUMN)
    assert found.places == (
        here(SOUTH, shown(18, 5, (5, 6)), sign_ups=18),
        here(NORTH, shown(6, None, None), sign_ups=6),
        here(WHOLE, shown(24, None, None), held=2, sign_ups=24, is_sum=True),
    )
    assert found.places[0].not_told == 7
    assert found.places[1].not_told is None


def test_an_area_with_four_is_told_of_with_its_neighbours(desk: Desk) -> None:
    def story(work: Work) -> None:
        came(work, SOUTH, came=6, away=5, silent=5)
        came(work, NORTH, came=4, waits=6)

    desk.runtime.database.write(story)
    assert told(desk).places == (here(WHOLE, shown(20, 6, (5, 10)), held=2, sign_ups=20),)


def test_all_places_are_added_only_where_each_is_told(desk: Desk) -> None:
    def story(work: Work) -> None:
        came(work, SOUTH, came=5, away=5)
        elsewhere = occasion(work, offer(work, "hengelo", None), IN_AUTUMN)
        for _ in range(4):
            joins(work, person(work).newcomer.id, elsewhere)

    desk.runtime.database.write(story)
    *_, hengelo, everywhere = told(desk).places
    assert (hengelo.place, hengelo.shown.enrolled) == (Place(municipality="hengelo", area=WHOLE), None)
    assert (everywhere.place, everywhere.held, everywhere.sign_ups) == (None, 2, None)
    assert everywhere.shown == shown(None, None, None)


def test_what_was_a_few_days_ago_does_not_count_yet(desk: Desk) -> None:
    def story(work: Work) -> None:
        recent = occasion(work, offer(work), THEN - WEEK)
        for _ in range(6):
            joins(work, person(work).newcomer.id, recent)

    desk.runtime.database.write(story)
    assert told(desk).places == ()
    desk.wait(days=7)
    assert [one.shown.enrolled for one in told(desk).places] == [6]


def test_offers_are_told_as_they_are(desk: Desk) -> None:
    def story(work: Work) -> None:
        offer(work, decided_at=IN_AUTUMN)
        offer(work, decided_at=IN_SUMMER)
        offer(work, decided_at=IN_AUTUMN, kind="volunteer", sort="repair")

    desk.runtime.database.write(story)
    place = Place(municipality="enschede", area=SOUTH)
    assert told(desk).offers == (
        Offers(place=place, kind="activity", sort="language_cafe", numbers=(0, 0, 1, 1)),
        Offers(place=place, kind="volunteer", sort="repair", numbers=(0, 0, 0, 1)),
    )


def test_matches_that_went_on_are_told_when_all_could(desk: Desk) -> None:
    def story(work: Work) -> None:
        for _ in range(5):
            agreed(work, THEN - 30 * WEEK, 2 * WEEK)
            agreed(work, THEN - 30 * WEEK, 20 * WEEK)
            agreed(work, IN_AUTUMN, WEEK)
        for _ in range(6):
            agreed(work, THEN - 30 * WEEK)
        agreed(work, THEN - 30 * WEEK, 10 * WEEK)

    desk.runtime.database.write(story)
    by_quarter = {one.quarter: one for one in told(desk).matched if one.kind == "volunteer"}
    assert by_quarter[SPRING] == Matched(
        quarter=SPRING,
        kind="volunteer",
        shown=ShownGroup(
            enrolled=17,
            ended=None,
            rows={
                "week_4": ShownRow(late=5, on_time=12),
                "week_12": None,  # one more than before
                "now": ShownRow(late=11, on_time=6),
            },
        ),
    )
    assert list(by_quarter[SUMMER].shown.rows) == ["week_4", "now"]  # the last twelve weeks are not over for all
    assert by_quarter[AUTUMN].shown == ShownGroup(enrolled=5, ended=None, rows={"now": None})


def test_who_looks_is_told_of_five(desk: Desk) -> None:
    def story(work: Work) -> None:
        for kind, people in (("buddy", 5), ("be_buddy", 4)):
            for _ in range(people):
                work.seekings.open(person(work).newcomer.id, kind, None, BEFORE)

    assert told(desk).is_empty
    desk.runtime.database.write(story)
    assert told(desk).seeking == {"buddy": 5, "be_buddy": None, "volunteer": None, "can_offer": None}


def test_what_was_deleted_in_part_is_not_told(desk: Desk) -> None:
    desk.runtime.database.write(
        lambda work: work.decisions.record(
            "retention",
            {"files": 30, "messages": 90, "journal": 100},
            note="so",
            user_id=desk.cora.id,
            now=desk.clock.now(),
        )
    )
    assert told(desk).quarters == (AUTUMN,)


@pytest.mark.parametrize(
    ("day", "kept_from", "quarters"),
    [
        (date(2026, 2, 28), date(2025, 2, 28), [(2025, 4), (2025, 7), (2025, 10), (2026, 1)]),
        (date(2026, 12, 31), date(2025, 12, 31), [(2026, 1), (2026, 4), (2026, 7), (2026, 10)]),
        (date(2026, 12, 31), date(2026, 1, 1), [(2026, 4), (2026, 7), (2026, 10)]),
        (date(2026, 7, 1), date(2026, 7, 2), [(2026, 7)]),
    ],
)
def test_quarters_of_which_everything_is_kept(day: date, kept_from: date, quarters: list[tuple[int, int]]) -> None:
    assert quarters_until(day, kept_from) == tuple(date(year, month, 1) for year, month in quarters)


def test_only_who_steers_is_told(desk: Desk) -> None:
    for who in (desk.sam, desk.pia):
        assert tally(desk.runtime, who.id) == Declined(why=Decline.NOT_YOUR_ROLE)
    assert tally(desk.runtime, "nobody") == Declined(why=Decline.NO_ACCOUNT)
