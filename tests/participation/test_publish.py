"""An organiser offers something, a coordinator looks at it, newcomers are told when it is off; on both databases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from bot.deliver import deliver_due
from bot.domain.clock import AMSTERDAM
from bot.engine import Engine
from bot.participation.offers import Weekly, When
from bot.participation.writing import Draft
from bot.publish import (
    Refusal,
    approve,
    cancel,
    cancel_occasion,
    change,
    decline,
    draft,
    keep_up,
    submit,
    translate,
    when_of,
    withdraw,
)
from bot.recall import recall_due
from bot.store.participation_rows import CountedRow, OfferRow
from bot.sweep import sweep
from tests.test_engine import until, working

if TYPE_CHECKING:
    from bot.commands.throwaway import Conversation
    from bot.publish import Published
    from bot.store.rows import UserRow
    from bot.store.work import Work
    from tests.guide.conftest import Guide

CANCELLED = "utter_offer_cancelled"


@dataclass
class House:
    """A neighbourhood house with its organiser, another one's, and a coordinator."""

    guide: Guide
    olga: UserRow
    other: UserRow
    cora: UserRow

    @property
    def now(self) -> datetime:
        return self.guide.desk.clock.now()

    def given(self, **other: object) -> Draft:
        whole = {
            "kind": "activity",
            "sort": "language_cafe",
            "title": "Taalcafé",
            "body": "Wij praten Nederlands bij de koffie.",
            "place": "De Brug",
            "when": When(starts_at=self.now + timedelta(days=3), ends_at=self.now + timedelta(days=3, hours=2)),
        }
        return Draft(**{**whole, **other})  # type: ignore[arg-type]

    def drafted(self, **other: object) -> OfferRow:
        return done(draft(self.guide.runtime, self.olga.id, self.given(**other)))

    def submitted(self, **other: object) -> OfferRow:
        offer = self.drafted(**other)
        return done(submit(self.guide.runtime, self.olga.id, offer.id, version=offer.version))

    def published(self, **other: object) -> OfferRow:
        offer = self.submitted(**other)
        return done(approve(self.guide.runtime, self.cora.id, offer.id, version=offer.version))

    def occasions(self, offer: OfferRow) -> list[CountedRow]:
        return self.guide.runtime.database.read(lambda work: work.publishing.occasions(offer.id))

    def state(self, offer: OfferRow) -> str:
        found = self.guide.runtime.database.read(lambda work: work.offers.get(offer.id))
        assert found is not None
        return found.state

    def presses(self, payload: str, talk: Conversation | None = None) -> list[str]:
        # As text an id may look like the number of a person, and be masked.
        answers, _ = (talk or self.guide.talk).send("knop", payload=payload)
        return [one.response for one in answers]

    def read(self) -> list[str]:
        return self.guide.desk.delivered()

    def comes(self, **units: float) -> list[str]:
        self.guide.desk.clock.wait(**units)
        while recall_due(self.guide.runtime):
            pass
        return self.read()


def done(found: Published) -> OfferRow:
    assert isinstance(found, OfferRow), found
    return found


@pytest.fixture
def house(taking_part: Guide) -> House:
    def fill(work: Work) -> tuple[UserRow, UserRow, UserRow]:
        now = taking_part.desk.clock.now()
        own, others = (work.offers.add_organisation(name, now) for name in ("Buurthuis De Brug", "Sportclub"))
        return (
            work.users.add("Olga", roles=["organiser"], teams=[], now=now, organisation_id=own),
            work.users.add("Ot", roles=["organiser"], teams=[], now=now, organisation_id=others),
            work.users.add("Corrie", roles=["coordinator"], teams=["form_team"], now=now),
        )

    olga, other, cora = taking_part.runtime.database.write(fill)
    return House(guide=taking_part, olga=olga, other=other, cora=cora)


# ---- from draft to published


def test_nothing_is_found_before_a_coordinator_looked(house: House) -> None:
    offer = house.submitted()
    assert house.presses("/offers") == ["utter_offers_none"]

    done(approve(house.guide.runtime, house.cora.id, offer.id, version=offer.version))

    assert house.presses("/offers") == ["utter_offers_found"]
    (counted,) = house.occasions(offer)
    assert counted.occasion.starts_at == offer.starts_at


def test_an_organiser_publishes_nothing_and_touches_nobody_elses(house: House) -> None:
    runtime, offer = house.guide.runtime, house.submitted()
    version = offer.version
    assert approve(runtime, house.olga.id, offer.id, version=version) is Refusal.NOT_YOUR_ROLE
    assert decline(runtime, house.olga.id, offer.id, version=version, reason="nee") is Refusal.NOT_YOUR_ROLE
    stranger = house.other.id
    assert change(runtime, stranger, offer.id, house.given(), version=version) is Refusal.NO_OFFER
    assert withdraw(runtime, stranger, offer.id, version=version) is Refusal.NO_OFFER
    assert cancel(runtime, stranger, offer.id) is Refusal.NO_OFFER
    for who in (house.guide.desk.sam, house.guide.desk.pia):
        assert draft(runtime, who.id, house.given(), organisation="X") is Refusal.NOT_YOUR_ROLE
        assert cancel(runtime, who.id, offer.id) is Refusal.NOT_YOUR_ROLE
    assert house.state(offer) == "submitted"


def test_an_organiser_writes_for_their_own_organisation_whatever_they_name(house: House) -> None:
    offer = done(draft(house.guide.runtime, house.olga.id, house.given(), organisation="Sportclub"))
    assert offer.organisation == "Buurthuis De Brug"
    assert draft(house.guide.runtime, house.cora.id, house.given()) is Refusal.NO_ORGANISATION
    other = done(draft(house.guide.runtime, house.cora.id, house.given(), organisation="Fietsenmaker"))
    assert other.organisation == "Fietsenmaker"


def test_what_is_published_is_what_was_read(house: House) -> None:
    runtime, offer = house.guide.runtime, house.submitted()
    done(change(runtime, house.olga.id, offer.id, house.given(title="Iets anders"), version=offer.version))
    assert approve(runtime, house.cora.id, offer.id, version=offer.version) is Refusal.CHANGED
    assert change(runtime, house.olga.id, offer.id, house.given(), version=offer.version) is Refusal.CHANGED


def test_what_is_declined_says_why_and_can_be_sent_in_again(house: House) -> None:
    runtime, offer = house.guide.runtime, house.submitted()
    assert decline(runtime, house.cora.id, offer.id, version=offer.version, reason=" ") is Refusal.NO_REASON
    declined = done(decline(runtime, house.cora.id, offer.id, version=offer.version, reason="Te moeilijke woorden"))
    assert declined.reason == "Te moeilijke woorden"
    mended = done(change(runtime, house.olga.id, offer.id, house.given(body="Wij praten."), version=declined.version))
    assert mended.state == "draft"
    again = done(submit(runtime, house.olga.id, offer.id, version=mended.version))
    assert (again.state, again.reason) == ("submitted", None)


def test_newcomers_read_what_only_a_coordinator_changes(house: House) -> None:
    runtime, offer = house.guide.runtime, house.published()
    given = house.given(capacity=4)
    assert change(runtime, house.olga.id, offer.id, given, version=offer.version) is Refusal.PUBLISHED
    assert done(change(runtime, house.cora.id, offer.id, given, version=offer.version)).capacity == 4


@pytest.mark.parametrize(
    ("other", "refused"),
    [
        ({"kind": "party"}, Refusal.NO_KIND),
        ({"title": "  "}, Refusal.NO_TITLE),
        ({"title": "x" * 121}, Refusal.TOO_LONG),
        ({"area": "75AB"}, Refusal.BAD_AREA),
        ({"area": "٧٥١١"}, Refusal.BAD_AREA),
        ({"municipality": "nergens"}, Refusal.BAD_MUNICIPALITY),
        ({"languages": ("tlh",)}, Refusal.BAD_LANGUAGE),
        ({"tasks": ("no_such_task",)}, Refusal.BAD_TASK),
        ({"capacity": 0}, Refusal.BAD_CAPACITY),
        ({"age_from": 30, "age_to": 20}, Refusal.BAD_AGE),
        ({"cost_cents": -1}, Refusal.BAD_COST),
        ({"when": When(starts_at=datetime(2026, 11, 1, tzinfo=UTC))}, Refusal.NOT_AHEAD),
        ({"when": When(starts_at=datetime(2028, 11, 1, tzinfo=UTC))}, Refusal.NOT_AHEAD),
        ({"when": When(expires_on=date(2026, 1, 1))}, Refusal.NOT_AHEAD),
        ({"when": When(weekly=Weekly(weekday=7, begins=time(9)))}, Refusal.NO_MOMENT),
        (
            {"when": When(weekly=Weekly(weekday=1, begins=time(9), since=date(2027, 2, 2), until=date(2027, 1, 1)))},
            Refusal.ENDS_BEFORE,
        ),
        (
            {"when": When(starts_at=datetime(2026, 12, 10, 9, tzinfo=UTC), expires_on=date(2026, 12, 9))},
            Refusal.ENDS_BEFORE,
        ),
        (
            {
                "when": When(
                    weekly=Weekly(weekday=1, begins=time(9), since=date(2027, 2, 2)), expires_on=date(2027, 2, 1)
                )
            },
            Refusal.ENDS_BEFORE,
        ),
    ],
)
def test_what_is_not_taken(house: House, other: dict[str, object], refused: Refusal) -> None:
    assert draft(house.guide.runtime, house.olga.id, house.given(**other)) is refused


def test_an_activity_needs_a_moment_and_a_text_before_it_is_sent_in(house: House) -> None:
    runtime = house.guide.runtime
    without = house.drafted(when=When())
    assert submit(runtime, house.olga.id, without.id, version=0) is Refusal.NO_MOMENT
    wordless = house.drafted(body="")
    assert submit(runtime, house.olga.id, wordless.id, version=0) is Refusal.NO_TEXT
    late = house.drafted()
    house.guide.desk.clock.wait(days=4)
    assert submit(runtime, house.olga.id, late.id, version=0) is Refusal.NOT_AHEAD
    goods = house.drafted(kind="goods", sort="furniture", when=When())
    assert done(submit(runtime, house.olga.id, goods.id, version=0)).state == "submitted"


def test_how_to_reach_who_made_it_stays_sealed(house: House) -> None:
    offer = house.drafted(contact="Olga, 06 12 34 56 78")
    read = house.guide.runtime.database.read
    assert read(lambda work: work.publishing.contact(offer)) == "Olga, 06 12 34 56 78"
    changed = done(change(house.guide.runtime, house.cora.id, offer.id, house.given(), version=offer.version))
    assert read(lambda work: work.publishing.contact(changed)) == "Olga, 06 12 34 56 78"
    emptied = done(change(house.guide.runtime, house.olga.id, offer.id, house.given(contact=""), version=1))
    assert read(lambda work: work.publishing.contact(emptied)) == ""


def test_words_in_another_language_are_read_until_the_dutch_changes(house: House) -> None:
    runtime, offer = house.guide.runtime, house.submitted()
    words = {"language": "ar", "title": "مقهى اللغة", "body": "نتحدث الهولندية."}
    said = done(translate(runtime, house.olga.id, offer.id, **words, version=offer.version))
    assert approve(runtime, house.cora.id, offer.id, version=offer.version) is Refusal.CHANGED
    shown = done(approve(runtime, house.cora.id, offer.id, version=said.version))
    read = runtime.database.read
    found = read(lambda work: work.offers.text_in(shown, "ar"))
    assert found is not None
    assert (found.title, found.by) == ("مقهى اللغة", "person")
    assert [row.is_checked for row in read(lambda work: work.publishing.texts(shown))] == [False]
    assert translate(runtime, house.olga.id, offer.id, **words, version=shown.version) is Refusal.PUBLISHED
    changed = done(
        change(runtime, house.cora.id, offer.id, house.given(body="Nieuw.", when=when_of(shown)), version=shown.version)
    )
    assert read(lambda work: work.offers.text_in(changed, "ar")) is None
    assert [row.is_stale for row in read(lambda work: work.publishing.texts(changed))] == [True]
    runtime.database.write(lambda work: work.users.change(house.cora.id, languages_json=["ar"]))
    again = done(translate(runtime, house.cora.id, offer.id, **words, version=changed.version))
    assert [(row.is_stale, row.is_checked) for row in read(lambda work: work.publishing.texts(again))] == [
        (False, True)
    ]
    none = {"language": "ar", "title": " ", "body": ""}
    done(translate(runtime, house.cora.id, offer.id, **none, version=again.version))
    assert read(lambda work: work.publishing.texts(again)) == []


def test_which_words_in_other_languages_are_not_taken(house: House) -> None:
    runtime, offer = house.guide.runtime, house.drafted()
    for words, refused in (
        ({"language": "nl", "title": "x", "body": ""}, Refusal.BAD_LANGUAGE),
        ({"language": "tlh", "title": "x", "body": ""}, Refusal.BAD_LANGUAGE),
        ({"language": "ar", "title": "", "body": "x"}, Refusal.NO_TITLE),
        ({"language": "ar", "title": "x" * 121, "body": ""}, Refusal.TOO_LONG),
    ):
        assert translate(runtime, house.olga.id, offer.id, **words, version=offer.version) is refused
    words = {"language": "ar", "title": "x", "body": ""}
    assert translate(runtime, house.other.id, offer.id, **words, version=offer.version) is Refusal.NO_OFFER
    assert translate(runtime, house.olga.id, offer.id, **words, version=7) is Refusal.CHANGED


# ---- every week


def test_six_weeks_are_made_and_go_on(house: House) -> None:
    offer = house.published(when=When(weekly=Weekly(weekday=3, begins=time(10), ends=time(12))))
    first = [row.occasion.starts_at for row in house.occasions(offer)]
    assert len(first) == 6
    house.guide.desk.clock.wait(days=8)
    assert keep_up(house.guide.runtime) == 0
    keep_up(house.guide.runtime)
    rows = house.occasions(offer)
    assert [row.occasion.starts_at for row in rows][:6] == first
    assert len(rows) == 7
    assert [row.occasion.state for row in rows[:3]] == ["held", "planned", "planned"]
    assert {f"{row.occasion.starts_at.astimezone(AMSTERDAM):%a %H:%M}" for row in rows} == {"Thu 10:00"}


def test_one_time_that_is_off_is_not_made_again(house: House) -> None:
    offer = house.published(when=When(weekly=Weekly(weekday=3, begins=time(10))))
    second = house.occasions(offer)[1].occasion
    house.presses(f"/join {second.id}")
    done(cancel_occasion(house.guide.runtime, house.olga.id, offer.id, second.id))
    assert house.comes(minutes=1) == [CANCELLED]
    keep_up(house.guide.runtime)
    assert [row.occasion.state for row in house.occasions(offer)].count("cancelled") == 1
    assert house.state(offer) == "published"
    assert cancel_occasion(house.guide.runtime, house.olga.id, offer.id, second.id) is Refusal.OVER


def test_what_is_over_ends_and_is_not_found(house: House) -> None:
    once, soon = house.published(), house.published(kind="goods", when=When(expires_on=date(2026, 11, 24)))
    house.guide.desk.clock.wait(days=2)
    assert keep_up(house.guide.runtime) == 1
    assert (house.state(once), house.state(soon)) == ("published", "ended")
    house.guide.desk.clock.wait(days=2)
    assert keep_up(house.guide.runtime) == 1
    assert house.state(once) == "ended"
    assert cancel(house.guide.runtime, house.olga.id, once.id) is Refusal.OVER


def test_a_day_that_moved_calls_the_old_one_off(house: House) -> None:
    runtime, offer = house.guide.runtime, house.published()
    old = house.occasions(offer)[0].occasion
    house.presses(f"/join {old.id}")
    later = When(starts_at=old.starts_at + timedelta(days=1))
    moved = done(change(runtime, house.cora.id, offer.id, house.given(when=later), version=offer.version))
    assert [row.occasion.state for row in house.occasions(offer)] == ["cancelled", "planned"]
    assert house.comes(minutes=1) == [CANCELLED]
    back = house.given(when=When(starts_at=old.starts_at))
    assert change(runtime, house.cora.id, offer.id, back, version=moved.version) is Refusal.CALLED_OFF


# ---- called off


def test_an_offer_cancelled_an_hour_before_tells_everyone_signed_up_once(house: House) -> None:
    guide, offer = house.guide, house.published(capacity=2)
    occasion = house.occasions(offer)[0].occasion
    people = [guide.talk, guide.desk.newcomer("en"), guide.desk.newcomer()]
    assert [house.presses(f"/join {occasion.id}", one) for one in people] == [
        ["utter_offer_signed_up"],
        ["utter_offer_signed_up"],
        ["utter_offer_waiting"],
    ]
    left = guide.desk.newcomer()
    house.presses(f"/join {occasion.id}", left)
    house.presses(f"/leave {occasion.id}", left)
    guide.desk.clock.wait(days=2, hours=23)
    house.read()
    wire = guide.desk.wire.delivered

    with working(guide.runtime, Engine()):
        done(cancel(guide.runtime, house.olga.id, offer.id))
        assert until(lambda: wire.qsize() >= len(people))

    # The held clock stood still: all of them are told in the same minute in which it was called off.
    assert house.read() == [CANCELLED] * 3
    sweep(guide.runtime)
    deliver_due(guide.runtime)
    assert house.comes(minutes=1) == []
    assert house.comes(days=2) == []


def test_of_a_series_that_ends_who_was_there_is_asked_all_the_same(house: House) -> None:
    offer = house.published(when=When(weekly=Weekly(weekday=2, begins=time(10), ends=time(12))))
    house.presses(f"/join {house.occasions(offer)[0].occasion.id}")
    house.comes(days=2, hours=4)
    done(cancel(house.guide.runtime, house.cora.id, offer.id))

    assert house.comes(days=1) == ["utter_offer_how_was_it"]


def test_with_fewer_places_than_people_nobody_is_sent_away_and_nobody_moves_up(house: House) -> None:
    offer = house.published(capacity=3)
    occasion = house.occasions(offer)[0].occasion.id
    house.presses(f"/join {occasion}")
    database, now = house.guide.runtime.database, house.now
    others = [
        database.write(lambda work: work.newcomers.writing_from("elsewhere", uuid4().hex, now=now)).newcomer.id
        for _ in range(3)
    ]
    for one in others:
        database.write(partial(joins, occasion, one, now))
    given = house.given(capacity=1)
    done(change(house.guide.runtime, house.cora.id, offer.id, given, version=offer.version))

    assert house.comes(hours=1) == []
    assert [(row.going, row.waiting) for row in house.occasions(offer)] == [(3, 1)]
    for one in others[:2]:
        database.write(partial(leaves, occasion, one))
    house.comes(hours=1)
    assert [(row.going, row.waiting) for row in house.occasions(offer)] == [(1, 1)]


def joins(occasion: str, newcomer_id: str, now: datetime, work: Work) -> None:
    work.sign_ups.join(occasion, newcomer_id, now)


def leaves(occasion: str, newcomer_id: str, work: Work) -> None:
    work.sign_ups.leave(occasion, newcomer_id)


def test_a_weekly_time_stays_on_the_clock_when_the_clocks_change(house: House) -> None:
    house.guide.desk.clock.wait(days=110)  # it is the middle of March 2027
    offer = house.published(when=When(weekly=Weekly(weekday=6, begins=time(10), ends=time(12))))

    starts = [row.occasion.starts_at for row in house.occasions(offer)]

    assert {one.astimezone(AMSTERDAM).strftime("%a %H:%M") for one in starts} == {"Sun 10:00"}
    assert len({one.astimezone(UTC).hour for one in starts}) == 2
    house.presses(f"/join {house.occasions(offer)[-1].occasion.id}")
    row = house.guide.runtime.database.read(lambda work: work.sign_ups.of(house.guide.newcomer_id))[-1]
    assert row.remind_at is not None
    assert row.remind_at.astimezone(AMSTERDAM).hour == 10


def test_at_night_who_must_come_soon_is_told_and_others_in_the_morning(house: House) -> None:
    guide = house.guide
    guide.desk.clock.wait(hours=13)  # eleven in the evening
    soon = house.published(when=When(starts_at=house.now + timedelta(hours=10)))
    later = house.published(when=When(starts_at=house.now + timedelta(days=3)), title="Wandelen")
    for offer in (soon, later):
        house.presses(f"/join {house.occasions(offer)[0].occasion.id}")
        done(cancel(guide.runtime, house.olga.id, offer.id))
    assert house.comes(minutes=1) == [CANCELLED]
    assert house.comes(hours=10) == [CANCELLED]


def test_what_an_organiser_sees_are_numbers(house: House) -> None:
    offer = house.published(capacity=1)
    occasion = house.occasions(offer)[0].occasion
    house.presses(f"/join {occasion.id}")
    house.presses(f"/join {occasion.id}", house.guide.desk.newcomer())
    house.guide.desk.clock.wait(days=4)
    house.presses(f"/how_was_it {occasion.id} good")
    (row,) = house.occasions(offer)
    assert row == replace(row, going=1, waiting=1, came=1)
