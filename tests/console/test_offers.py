"""What organisations offer, at the desk: their own pages, the coordinator's, and numbers instead of names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from bot.participation.writing import Misreading
from bot.publish import Refusal
from tests.console.conftest import shipped_words, words_of_page

if TYPE_CHECKING:
    from bot.store.rows import UserRow
    from bot.store.work import Work
    from tests.console.conftest import Office, Person, Reply

OFFERS = "/desk/offers"
FORM = {
    "kind": "activity",
    "sort": "cooking",
    "title": "Samen koken",
    "body": "Wij koken samen. Daarna eten wij.",
    "day": "2026-12-03",
    "begins": "14:00",
    "ends": "16:00",
    "place": "De Brug, Brugstraat 1",
    "area": "7511",
    "capacity": "2",
    "languages": "ar",
    "cost": "2,50",
    "childcare": "1",
    "contact": "Olga, 053 123 45 67",
}


@dataclass
class Shop:
    """An organiser, one of another organisation, and a coordinator, at their browsers."""

    office: Office
    organiser: UserRow
    olga: Person
    other: Person
    cora: Person

    def writes(self, **other: str) -> str:
        """Write an offer down; return its address."""
        reply = self.olga.post(OFFERS, {**FORM, **other})
        assert reply.status == 303, words_of_page(reply.text)
        return reply.location.split("?")[0]

    def version(self, home: str) -> str:
        offer_id = home.rsplit("/", 1)[1]
        offer = self.office.desk.runtime.database.read(lambda work: work.offers.get(offer_id))
        assert offer is not None
        return str(offer.version)

    def does(self, who: Person, home: str, act: str, **fields: str) -> str:
        """Post what is done with an offer; return what the page says then."""
        reply = who.post(f"{home}/{act}", {"version": self.version(home), **fields})
        assert reply.status == 303, (reply.status, words_of_page(reply.text))
        return words_of_page(who.follow(reply).text)

    def publishes(self, **other: str) -> str:
        home = self.writes(**other)
        self.does(self.olga, home, "submit")
        self.does(self.cora, home, "approve")
        return home

    def joins(self, home: str, number: int = 0) -> str:
        """Have a newcomer sign up for one of its times; return how they stand."""
        desk, offer_id = self.office.desk, home.rsplit("/", 1)[1]

        def join(work: Work) -> str:
            occasion = work.publishing.occasions(offer_id)[number].occasion
            writing = work.newcomers.writing_from("wire", f"someone-{desk.clock.now()}", now=desk.clock.now())
            row = work.sign_ups.join(occasion.id, writing.newcomer.id, desk.clock.now())
            assert row is not None
            return row.state

        desk.wait(seconds=1)
        return desk.runtime.database.write(join)


def page(who: Person, path: str, status: int = 200) -> str:
    reply: Reply = who.get(path)
    assert reply.status == status, (reply.status, reply.text[:300])
    return words_of_page(reply.text)


@pytest.fixture
def shop(office: Office) -> Shop:
    desk = office.desk

    def fill(work: Work) -> tuple[UserRow, UserRow]:
        now = desk.clock.now()
        own, other = (work.offers.add_organisation(name, now) for name in ("Buurthuis De Brug", "Sportclub Vooruit"))
        return (
            work.users.add("Olga", roles=["organiser"], teams=[], now=now, organisation_id=own),
            work.users.add("Ot", roles=["organiser"], teams=[], now=now, organisation_id=other),
        )

    olga, other = desk.runtime.database.write(fill)
    return Shop(office, olga, office.signed_in(olga), office.signed_in(other), office.signed_in(desk.cora))


def test_from_a_draft_to_published(shop: Shop) -> None:
    assert "Er is nog geen aanbod. Maak het eerste." in page(shop.olga, OFFERS)
    home = shop.writes()
    found = page(shop.olga, home)
    for words in (
        "Concept",
        "donderdag 3 december, 14:00",
        "Brugstraat 1",
        "7511",
        "€ 2,50",
        "Arabisch",
        "kinderopvang",
    ):
        assert words in found, words
    assert "Olga, 053 123 45 67" in found
    assert "Publiceren" not in found
    assert "Ingestuurd. Een coördinator leest het." in shop.does(shop.olga, home, "submit")
    assert "Wacht op uw oordeel" in page(shop.cora, OFFERS)
    assert "Buurthuis De Brug" in page(shop.cora, OFFERS)
    assert "Publiceren" in page(shop.cora, home)
    assert "Gepubliceerd. Nieuwkomers kunnen het nu vinden." in shop.does(shop.cora, home, "approve")
    assert "Gepubliceerd" in page(shop.olga, OFFERS)
    assert "Vraag een coördinator om het te veranderen" in page(shop.olga, home)


def test_an_organiser_sees_nothing_of_another_nor_of_newcomers(shop: Shop) -> None:
    home = shop.publishes()
    assert "Er is nog geen aanbod." in page(shop.other, OFFERS)
    for path in (home, f"{home}/change"):
        assert shop.other.get(path).status == 404
    for act in ("change", "submit", "withdraw", "cancel", "times/x/cancel"):
        reply = shop.other.post(f"{home}/{act}", {**FORM, "version": shop.version(home)})
        assert reply.status == 404, (act, reply.status)
        assert "Samen koken" not in words_of_page(reply.text)
    for path in ("/desk/queue", "/desk/team", "/desk/privacy", "/desk/group", "/desk/counts", "/desk/replies"):
        assert shop.olga.get(path).status == 403
    assert shop.olga.get("/desk").location == OFFERS


def test_only_a_coordinator_decides(shop: Shop) -> None:
    home = shop.writes()
    shop.does(shop.olga, home, "submit")
    for act in ("approve", "decline"):
        reply = shop.olga.post(f"{home}/{act}", {"version": shop.version(home), "reason": "zo"})
        assert reply.status == 403
    assert "Ingestuurd" in page(shop.olga, home)


def test_given_back_with_the_reason_and_mended(shop: Shop) -> None:
    home = shop.writes()
    shop.does(shop.olga, home, "submit")
    reply = shop.cora.post(f"{home}/decline", {"version": shop.version(home), "reason": ""})
    assert reply.status == 422
    assert "Schrijf waarom u het teruggeeft." in words_of_page(reply.text)
    shop.does(shop.cora, home, "decline", reason="Te moeilijke woorden")
    assert "Te moeilijke woorden" in page(shop.olga, home)
    form = shop.olga.get(f"{home}/change").text
    assert 'value="2026-12-03"' in form
    assert 'value="14:00"' in form
    assert 'value="2,50"' in form
    shop.does(shop.olga, home, "change", **{**FORM, "body": "Wij koken."})
    found = page(shop.olga, home)
    assert "Concept" in found
    assert "Olga, 053 123 45 67" in found


def test_what_was_read_is_what_is_published(shop: Shop) -> None:
    home = shop.writes()
    shop.does(shop.olga, home, "submit")
    read = shop.version(home)
    shop.does(shop.olga, home, "change", **{**FORM, "title": "Iets anders"})
    reply = shop.cora.post(f"{home}/approve", {"version": read})
    assert reply.status == 409
    assert "Iemand heeft dit intussen veranderd." in words_of_page(reply.text)


def test_numbers_and_never_names(shop: Shop) -> None:
    home = shop.publishes()
    assert [shop.joins(home) for _ in range(3)] == ["going", "going", "waiting"]
    found = page(shop.olga, home)
    assert "2 van 2" in found
    assert "namen staan hier nooit" in found
    assert "someone" not in shop.olga.get(home).text


def test_one_of_many_times_is_called_off_and_then_all(shop: Shop) -> None:
    home = shop.publishes(repeats="weekly")
    assert shop.joins(home, 1) == "going"
    assert "elke donderdag om 14:00" in page(shop.olga, home)
    offer_id = home.rsplit("/", 1)[1]
    read = shop.office.desk.runtime.database.read
    second = read(lambda work: work.publishing.occasions(offer_id))[1].occasion
    said = shop.does(shop.olga, home, f"times/{second.id}/cancel")
    assert "Deze keer is afgezegd." in said
    assert [row.occasion.state for row in read(lambda work: work.publishing.occasions(offer_id))[:3]] == [
        "planned",
        "cancelled",
        "planned",
    ]
    assert "Afgezegd." in shop.does(shop.olga, home, "cancel")
    again = shop.olga.post(f"{home}/cancel")
    assert again.status == 409
    assert "Dit kan niet meer" in words_of_page(again.text)
    assert shop.olga.get(f"{home}/change").status == 409


def test_a_coordinator_writes_for_an_organisation(shop: Shop) -> None:
    nameless = shop.cora.post(OFFERS, FORM)
    assert nameless.status == 422
    assert "Schrijf van welke organisatie het is." in words_of_page(nameless.text)
    reply = shop.cora.post(OFFERS, {**FORM, "organisation": "Fietsenmaker Wiel"})
    assert "Fietsenmaker Wiel" in words_of_page(shop.cora.follow(reply).text)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"title": ""}, "Geef het een titel."),
        ({"day": "2026-11-20"}, "Kies een dag en een tijd die nog komen"),
        ({"day": "gisteren"}, "Schrijf een dag, zoals 3-12-2026."),
        ({"begins": ""}, "Schrijf ook hoe laat het begint."),
        ({"day": ""}, "Schrijf ook op welke dag het is."),
        ({"begins": "25:00"}, "Schrijf een tijd, zoals 14:00."),
        ({"area": "75"}, "Schrijf de vier cijfers van de postcode."),
        ({"capacity": "veel"}, "Schrijf een getal in cijfers"),
        ({"capacity": "0"}, "Schrijf een aantal van 1 tot 10000."),
        ({"cost": "duur"}, "Schrijf een bedrag in euro"),
        ({"age_from": "40", "age_to": "20"}, "Deze leeftijden kloppen niet."),
        ({"kind": "feest"}, "Kies wat voor aanbod het is."),
        ({"repeats": "weekly", "until": "2026-12-01"}, "Het eindigt voordat het begint."),
        ({"body": "x" * 2001}, "Dat is te lang."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_filled_in_stays(shop: Shop, other: dict[str, str], said: str) -> None:
    reply = shop.olga.post(OFFERS, {**FORM, **other})
    assert reply.status == 422
    assert said in words_of_page(reply.text)
    assert "Brugstraat 1" in reply.text


def test_every_reason_has_words_in_both_languages() -> None:
    names = [f"offers_wrong_{one.value}" for one in (*Refusal, *Misreading)]
    for language, words in shipped_words().items():
        assert [name for name in names if name not in words] == [], language


def test_who_is_of_no_organisation_is_told_so(shop: Shop) -> None:
    desk = shop.office.desk
    nobody = desk.runtime.database.write(
        lambda work: work.users.add("Nobody", roles=["organiser"], teams=[], now=desk.clock.now())
    )
    browser = shop.office.signed_in(nobody)
    assert "Uw account hoort nog bij geen organisatie." in page(browser, OFFERS)
    assert browser.post(OFFERS, FORM).status == 422


def test_an_administrator_makes_an_organiser(shop: Shop) -> None:
    desk = shop.office.desk
    boss = desk.runtime.database.write(
        lambda work: work.users.add("Ada", roles=["administrator"], teams=[], now=desk.clock.now())
    )
    browser = shop.office.signed_in(boss)
    fields = {"pseudonym": "Oscar", "sign_in": "oscar", "role": "organiser"}
    without = browser.post("/desk/settings/people", fields)
    assert without.status == 422
    assert "Schrijf van welke organisatie deze organisator is." in words_of_page(without.text)
    made = browser.post("/desk/settings/people", {**fields, "organisation": "Sportclub Vooruit"})
    assert made.status == 200
    oscar = desk.runtime.database.read(lambda work: work.users.by_sign_in("oscar"))
    assert oscar is not None
    assert desk.runtime.database.read(lambda work: work.publishing.organisation(oscar.organisation_id or "")) == (
        "Sportclub Vooruit"
    )
    assert 'value="Sportclub Vooruit"' in browser.get(f"/desk/settings/people/{oscar.id}").text
    browser.post(f"/desk/settings/people/{oscar.id}", {**fields, "role": "volunteer", "organisation": ""})
    now = desk.runtime.database.read(lambda work: work.users.by_sign_in("oscar"))
    assert now is not None
    assert now.organisation_id is None


def test_the_day_that_passes_shows_how_many_came(shop: Shop) -> None:
    home = shop.publishes()
    shop.joins(home)
    offer_id, desk = home.rsplit("/", 1)[1], shop.office.desk
    address = f"someone-{desk.clock.now()}"

    def was_there(work: Work) -> None:
        (row,) = work.publishing.occasions(offer_id)
        found = work.newcomers.at("wire", address)
        assert found is not None
        work.sign_ups.change(row.occasion.id, found.newcomer.id, attended=True, liked="good")

    desk.runtime.database.write(was_there)
    desk.wait(days=11)
    olga = shop.office.signed_in(shop.organiser)  # her session of eleven days ago is over
    assert re.search(r'data-label="Was er">1<', olga.get(home).text)


def test_words_in_other_languages_stand_beside_the_dutch(shop: Shop) -> None:
    home = shop.writes()
    assert "العربية : nog niet" in page(shop.olga, home)
    shop.does(shop.olga, home, "texts", language="ar", title="نطبخ معا", body="نطبخ ثم نأكل.")
    assert "العربية : nog niet nagekeken door wie de taal spreekt" in page(shop.olga, home)
    assert 'value="نطبخ معا"' in shop.olga.get(home).text
    shop.does(shop.olga, home, "change", **{**FORM, "body": "Wij koken iets anders."})
    assert "العربية : het Nederlands is veranderd" in page(shop.olga, home)
    assert (
        shop.olga.post(f"{home}/texts", {"version": shop.version(home), "language": "xx", "title": "x"}).status == 422
    )


def test_a_long_list_has_pages_and_what_waits_is_never_pushed_off(shop: Shop) -> None:
    desk, waits = shop.office.desk, shop.writes(title="Wacht al lang")
    shop.does(shop.olga, waits, "submit")

    def fill(work: Work) -> None:
        for number in range(520):
            work.offers.add(
                shop.organiser.organisation_id or "",
                now=desk.clock.now(),
                kind="goods",
                sort="other",
                title=f"Stoel {number:03}",
                body="x",
            )

    desk.runtime.database.write(fill)
    for who in (shop.olga, shop.cora):
        found = page(who, OFFERS)
        assert "Wacht al lang" in found
        assert "Stoel 519" in found
        assert "Stoel 499" not in found
        assert "Alle 520" in found
    second = page(shop.olga, f"{OFFERS}?list=written&page=1")
    assert "51 tot en met 100 van 520" in second
    assert "Stoel 469" in second
    assert "Wacht al lang" not in second
    last = page(shop.olga, f"{OFFERS}?list=written&page=10")
    assert "501 tot en met 520 van 520" in last
    assert "Volgende" not in last
    for odd in ("list=written&page=-1", "list=written&page=999999999", "list=x&page=3", "page=2"):
        page(shop.olga, f"{OFFERS}?{odd}")
    assert "Stoel" not in page(shop.other, f"{OFFERS}?list=written")
