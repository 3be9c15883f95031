"""Counts of taking part, on both databases: a person once in a period, and only what was."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from bot.store.participation_counts import Held, Published, PutTogether, TookPart, Where
from bot.store.participation_rows import MatchRow
from bot.store.tables import newcomers
from tests.participation.offering import occur
from tests.store.counted import BEFORE, THEN, person

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.database import Database
    from bot.store.work import Work

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
PERIODS = (THEN - 26 * WEEK, THEN - 13 * WEEK)
EARLIER, LATER = PERIODS
SPANS = (4 * WEEK, 12 * WEEK)


def offer(work: Work, municipality: str | None = "enschede", area: str | None = "7511", **more: Any) -> str:
    values = {"title": "Taalcafé", "kind": "activity", "sort": "language_cafe", "state": "published", **more}
    house = work.offers.add_organisation("Het Huis", BEFORE)
    return work.offers.add(house, now=LATER, municipality=municipality, area=area, **values)


def occasion(work: Work, offer_id: str, at: datetime, state: str = "held") -> str:
    made = occur(work, offer_id, at)
    work.publishing.set_occasion(made, state)
    return made


def joins(work: Work, who: str, occasion_id: str, state: str = "going", attended: bool | None = None) -> None:
    begins = work.offers.at(occasion_id)
    assert begins is not None
    assert begins.occasion is not None
    work.publishing.set_occasion(occasion_id, "planned")
    assert work.sign_ups.join(occasion_id, who, begins.occasion.starts_at - DAY) is not None
    work.publishing.set_occasion(occasion_id, begins.occasion.state)
    work.sign_ups.change(occasion_id, who, state=state, attended=attended)


def erased(work: Work, who: str) -> None:
    work.connection.execute(update(newcomers).where(newcomers.c.id == who).values(status="erasing"))


def place(period: datetime, area: str | None = "7511", municipality: str | None = "enschede") -> Where:
    return Where(period=period, municipality=municipality, area=area)


def test_what_was_offered_and_what_was_held_by_place_and_period(database: Database) -> None:
    def story(work: Work) -> None:
        offer(work, decided_at=EARLIER + DAY)
        cafe = offer(work, state="ended")
        offer(work, state="cancelled", decided_at=LATER)
        offer(work, None, None, kind="goods", sort="clothing")
        for state in ("draft", "submitted", "declined"):
            offer(work, state=state)
        offer(work, state="cancelled")  # before anybody could find it
        offer(work, decided_at=EARLIER - DAY)
        offer(work, decided_at=THEN)
        for at, state in ((LATER, "held"), (LATER + DAY, "cancelled"), (LATER - DAY, "held"), (THEN, "planned")):
            occasion(work, cafe, at, state)

    database.write(story)
    found = database.read(lambda work: work.participation_counts.published(PERIODS, THEN))
    cafe = {"kind": "activity", "sort": "language_cafe"}
    assert sorted(found, key=lambda one: (one.where.period, one.kind)) == [
        Published(where=place(EARLIER), offers=1, **cafe),
        Published(where=place(LATER), offers=2, **cafe),
        Published(where=place(LATER, None, None), offers=1, kind="goods", sort="clothing"),
    ]
    held = database.read(lambda work: work.participation_counts.held(PERIODS, THEN))
    assert sorted(held, key=lambda one: one.where.period) == [
        Held(where=place(EARLIER), held=1, called_off=0),
        Held(where=place(LATER), held=1, called_off=1),
    ]


def test_somebody_counts_once_where_they_first_had_a_place(database: Database) -> None:
    def story(work: Work) -> None:
        here, there = offer(work), offer(work, area="7522")
        first, second = occasion(work, here, LATER + DAY), occasion(work, there, LATER + 2 * DAY)
        off = occasion(work, here, LATER + 3 * DAY, "cancelled")
        before, after = occasion(work, here, LATER - DAY), occasion(work, here, THEN)
        people = [person(work).newcomer.id for _ in range(7)]
        both, silent, away, waits, left, leaving, moved = people
        joins(work, both, first, attended=False)
        joins(work, both, second, attended=True)  # came once: they came
        joins(work, both, before)
        joins(work, silent, first)
        joins(work, away, first, attended=False)
        joins(work, waits, first, state="waiting")
        joins(work, left, first, state="cancelled")
        joins(work, leaving, first)
        erased(work, leaving)
        joins(work, moved, first, state="waiting")
        joins(work, moved, second)  # there they had a place
        joins(work, silent, off)
        joins(work, silent, after)

    database.write(story)
    found = database.read(lambda work: work.participation_counts.took_part(PERIODS, THEN))
    assert sorted(found, key=lambda one: (one.where.period, one.where.area)) == [
        TookPart(where=place(EARLIER), people=1, waited=0, sign_ups=1, came=0, stayed_away=0),
        TookPart(where=place(LATER), people=3, waited=1, sign_ups=4, came=1, stayed_away=1),
        TookPart(where=place(LATER, "7522"), people=1, waited=0, sign_ups=1, came=0, stayed_away=0),
    ]


def agreed(work: Work, at: datetime, ended: timedelta | None = None, who: str | None = None) -> str:
    mine = who or person(work).newcomer.id
    seeking = work.seekings.open(mine, "volunteer", None, BEFORE)
    match = {"kind": "volunteer", "seeking_id": seeking.id, "newcomer_id": mine, "offer_id": offer(work)}
    work.matches.suggest_anew([MatchRow(id="", state="suggested", suggested_at=BEFORE, **match)])
    (row,) = work.matches.in_states(["suggested"])
    became = "agreed" if ended is None else "ended"
    work.matches.change(row.id, state=became, agreed_at=at, ended_at=None if ended is None else at + ended)
    return mine


def test_matches_that_went_on_for_four_and_for_twelve_weeks(database: Database) -> None:
    def story(work: Work) -> None:
        agreed(work, EARLIER)
        agreed(work, EARLIER, 4 * WEEK)
        agreed(work, EARLIER, 4 * WEEK + DAY)
        agreed(work, EARLIER, 20 * WEEK)
        agreed(work, EARLIER, 27 * WEEK)  # when the week began it went on
        agreed(work, THEN - 5 * WEEK)
        agreed(work, THEN - 3 * WEEK)
        agreed(work, THEN - 3 * WEEK, WEEK)
        agreed(work, THEN)
        again = agreed(work, EARLIER, WEEK)
        agreed(work, EARLIER + 2 * WEEK, who=again)
        erased(work, agreed(work, EARLIER))

    database.write(story)
    found = database.read(lambda work: work.participation_counts.put_together(PERIODS, THEN, SPANS))
    assert sorted(found, key=lambda one: one.period) == [
        PutTogether(period=EARLIER, kind="volunteer", people=6, ended_within=(1, 2), ended=3),
        PutTogether(period=LATER, kind="volunteer", people=3, ended_within=(1, 1), ended=1),
    ]


def test_who_looks_by_kind(database: Database) -> None:
    def story(work: Work) -> None:
        for kind in ("buddy", "buddy", "can_offer"):
            work.seekings.open(person(work).newcomer.id, kind, None, BEFORE)
        closed, matched, later = (person(work).newcomer.id for _ in range(3))
        work.seekings.open(closed, "buddy", None, BEFORE)
        work.seekings.close(closed)
        work.seekings.set_state([work.seekings.open(matched, "buddy", None, BEFORE).id], "matched")
        work.seekings.open(later, "buddy", None, THEN)

    database.write(story)
    assert database.read(lambda work: work.participation_counts.seeking(THEN)) == {"buddy": 2, "can_offer": 1}
