"""A file with offers at the desk: first what would become of it, and only then, when somebody says so, drafts."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

from bot.import_offers import LARGEST_AT_DESK
from bot.participation.sheets import COLUMNS, MOST_ROWS, Unreadable
from bot.participation.writing import Misreading
from tests.console.conftest import shipped_words, words_of_page
from tests.console.test_offers import OFFERS, Shop, page, shop

if TYPE_CHECKING:
    from bot.store.participation_rows import OfferRow
    from tests.console.conftest import Person, Reply

__all__ = ["shop"]
IMPORT = f"{OFFERS}/import"
SHEET = (
    "nummer;titel;tekst;soort;dag;begint;kosten\r\n"
    "a-1;Samen koken;Wij koken.;koken en eten;3-12-2026;14:00;2,50\r\n"
    "a-2;Taalcafé;;taalcafé;4-12-2026;10:00;gratis\r\n"
    "a-3;Zwemmen;Wij zwemmen.;sport;3 december;10:00;\r\n"
)
CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:w-1\r\nSUMMARY:Wandelen\r\nDESCRIPTION:Wij lopen.\r\n"
    "DTSTART;TZID=Europe/Amsterdam:20261203T100000\r\n{}END:VEVENT\r\nEND:VCALENDAR\r\n"
)


def chosen(who: Person, content: bytes, name: str = "aanbod.csv", **fields: str) -> Reply:
    """Choose a file and look at what would become of it."""
    return who.upload(IMPORT, fields, {"file": (name, content, "text/csv")})


def confirmed(who: Person, looked: Reply) -> Reply:
    """Press the button below what was shown, with all that its form holds."""
    form = looked.text.split(f'action="{IMPORT}/confirm"')[1].split("</form>")[0]
    fields = dict(re.findall(r'name="(organisation|name|content)" value="([^"]*)"', form))
    return who.post(f"{IMPORT}/confirm", {name: html.unescape(value) for name, value in fields.items()})


def stored(shop: Shop) -> dict[str, OfferRow]:
    rows = shop.office.desk.runtime.database.read(lambda work: work.publishing.all(None, 5000))
    return {row.title: row for row in rows}


def test_nothing_is_stored_before_it_is_confirmed(shop: Shop) -> None:
    looked = chosen(shop.olga, SHEET.encode("cp1252"))
    found = words_of_page(looked.text)
    assert looked.status == 200
    assert "Nieuw: 2. Veranderd: 0. Blijft zoals het is: 0. Kan niet: 1. Er is nog niets bewaard." in found
    assert "regel 4 dag Schrijf een dag, zoals 3-12-2026." in found
    assert "Taalcafé" in found
    assert "Nog nodig voor het insturen: Schrijf eerst een tekst" in found
    assert stored(shop) == {}

    done = confirmed(shop.olga, looked)

    assert "Nieuw: 2. Veranderd: 0. Bleef zoals het was: 0. Kon niet: 1." in words_of_page(done.text)
    offers = stored(shop)
    assert {(one.title, one.state, one.organisation, one.created_by) for one in offers.values()} == {
        ("Samen koken", "draft", "Buurthuis De Brug", shop.organiser.id),
        ("Taalcafé", "draft", "Buurthuis De Brug", shop.organiser.id),
    }
    assert f'href="{OFFERS}/{offers["Taalcafé"].id}"' in done.text


def test_a_second_file_changes_and_what_is_published_is_named_with_what_differs(shop: Shop) -> None:
    confirmed(shop.olga, chosen(shop.olga, SHEET.encode()))
    cooking = f"{OFFERS}/{stored(shop)['Samen koken'].id}"
    shop.does(shop.olga, cooking, "submit")
    shop.does(shop.cora, cooking, "approve")
    again = SHEET.replace("2,50", "3").replace("Taalcafé;", "Taalcafé;Wij praten.")

    looked = chosen(shop.olga, again.encode("utf-8-sig"))

    found = words_of_page(looked.text)
    assert "Nieuw: 0. Veranderd: 1. Blijft zoals het is: 1. Kan niet: 1." in found
    assert "Samen koken regel 2 · Gepubliceerd kosten: nu 2,50, in het bestand 3,00" in found
    assert "tekst: nu leeg, in het bestand Wij praten." in found
    assert "maar in het bestand staat iets anders (1)" in words_of_page(confirmed(shop.olga, looked).text)
    assert stored(shop)["Samen koken"].cost_cents == 250
    assert stored(shop)["Taalcafé"].body == "Wij praten."
    assert "Uit dit bestand is niets over te nemen." in words_of_page(chosen(shop.olga, again.encode()).text)


def test_a_calendar_too_and_what_it_calls_off(shop: Shop) -> None:
    looked = chosen(shop.olga, CALENDAR.format("RRULE:FREQ=WEEKLY\r\n").encode(), "agenda.ics")
    assert "Wandelen" in words_of_page(looked.text)
    confirmed(shop.olga, looked)
    assert (stored(shop)["Wandelen"].weekly or {})["from"] == "10:00"
    off = chosen(shop.olga, CALENDAR.format("STATUS:CANCELLED\r\n").encode(), "zonder-naam")
    assert "In het bestand gaat dit niet door." in words_of_page(off.text)


def test_an_organiser_imports_for_their_own_organisation_whatever_the_form_says(shop: Shop) -> None:
    looked = chosen(shop.olga, SHEET.encode(), organisation="Sportclub Vooruit")
    confirmed(shop.olga, looked)
    assert {one.organisation for one in stored(shop).values()} == {"Buurthuis De Brug"}
    # The same rows of another organisation are other offers, of which nobody hears anything here.
    other = chosen(shop.other, SHEET.encode())
    assert "Nieuw: 2." in words_of_page(other.text)


def test_a_coordinator_says_whose_they_are_and_a_new_name_is_made_only_then(shop: Shop) -> None:
    nameless = chosen(shop.cora, SHEET.encode())
    assert nameless.status == 422
    assert "Schrijf van welke organisatie het is." in words_of_page(nameless.text)
    looked = chosen(shop.cora, SHEET.encode(), organisation="Fietsenmaker Wiel")
    named = shop.office.desk.runtime.database.read
    assert named(lambda work: work.publishing.organisation_named("Fietsenmaker Wiel")) is None
    confirmed(shop.cora, looked)
    assert {one.organisation for one in stored(shop).values()} == {"Fietsenmaker Wiel"}


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "leeg.csv", "Dit is geen lijst met op de eerste regel"),
        (b"a;b\n1;2\n", "x.csv", "Dit is geen lijst met op de eerste regel"),
        (b"PK\x03\x04\x14\x00\x06\x00", "aanbod.xlsx", "Dit is een bestand van Excel zelf."),
        (b"titel\n\x00\x01", "x.csv", "Dit is geen tekst die wij kunnen lezen."),
        (b"titel\n" + b"x\n" * (MOST_ROWS + 1), "x.csv", "Dit zijn meer dan 2000 regels."),
        (b"titel\n" + b"x" * LARGEST_AT_DESK, "x.csv", "Dit bestand is groter dan 1 MB."),
        (b"BEGIN:VCALENDAR\r\n" * 60_000, "x.ics", "Dit is geen agenda (ICS)"),
    ],
    ids=["empty", "no title", "workbook", "binary", "rows", "large", "deep"],
)
def test_what_cannot_be_read_says_why_and_what_to_do(shop: Shop, content: bytes, name: str, said: str) -> None:
    reply = chosen(shop.olga, content, name)
    assert reply.status == 422
    assert said in words_of_page(reply.text)
    assert stored(shop) == {}


def test_a_file_of_a_megabyte_comes_back_whole(shop: Shop) -> None:
    rows = "".join(f"n-{number};Koken {number};{'Wij koken. ' * 40}\n" for number in range(2000))
    content = f"nummer;titel;tekst\n{rows}".encode()
    assert LARGEST_AT_DESK * 3 // 4 < len(content) <= LARGEST_AT_DESK
    looked = chosen(shop.olga, content)
    assert "en nog 1900" in words_of_page(looked.text)
    assert "Nieuw: 2000." in words_of_page(confirmed(shop.olga, looked).text)
    assert len(stored(shop)) == 2000


@pytest.mark.parametrize(
    ("fields", "status"),
    [({}, 422), ({"content": "geen base64!"}, 422), ({"content": "w6k"}, 422), ({"content": "PGI+"}, 422)],
)
def test_who_confirms_what_was_never_shown_makes_nothing(shop: Shop, fields: dict[str, str], status: int) -> None:
    assert shop.olga.post(f"{IMPORT}/confirm", fields).status == status
    assert shop.olga.post(IMPORT, {}).status == 422
    assert stored(shop) == {}


def test_what_a_file_says_is_shown_as_words(shop: Shop) -> None:
    looked = chosen(shop.olga, b"titel;tekst;<i>kolom</i>\n<script>alert(1)</script>;x;y\n=1+1;x;y\n", 'a".csv')
    assert "<script>alert" not in looked.text
    assert "<i>kolom" not in looked.text
    assert "Hier staat een formule, of een fout van Excel." in words_of_page(looked.text)


def test_the_empty_file_is_one_that_is_read(shop: Shop) -> None:
    found = shop.olga.get(f"{IMPORT}/template.csv")
    assert found.headers["content-type"].startswith("text/csv")
    assert found.body.startswith(b"\xef\xbb\xbfnummer;titel;tekst;")
    width = found.text.count(";")
    looked = chosen(shop.olga, found.body + f"k-1;Koken{';' * (width - 1)}\r\n".encode())
    assert "Nieuw: 1." in words_of_page(looked.text)
    assert "Kolommen die wij niet kennen" not in words_of_page(looked.text)


def test_who_is_of_no_organisation_is_told_so(shop: Shop) -> None:
    desk = shop.office.desk
    nobody = desk.runtime.database.write(
        lambda work: work.users.add("Nobody", roles=["organiser"], teams=[], now=desk.clock.now())
    )
    browser = shop.office.signed_in(nobody)
    assert "Uw account hoort nog bij geen organisatie." in page(browser, IMPORT)
    assert chosen(browser, SHEET.encode()).status == 422


def test_every_reason_and_every_column_has_words_in_both_languages() -> None:
    for language, words in shipped_words().items():
        names = [f"offers_import_{one.value}" for one in Unreadable]
        names += [f"offers_wrong_{one.value}" for one in Misreading]
        names += [f"offers_import_example_{name}" for name in COLUMNS]
        assert [name for name in names if name not in words] == [], language
