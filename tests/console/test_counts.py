"""The page of counts and its file: the same numbers, nobody's name, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html.parser import HTMLParser
from io import StringIO
from typing import TYPE_CHECKING

import pytest

from bot.commands.serve import application
from tests.console.conftest import served, words_of_page
from tests.store.counted import BEFORE, LATE, ON_TIME, THEN, asked, enrolled, person, reminded, with_calls
from tests.store.test_participation_counts import agreed, joins, occasion, offer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.store.rows import UserRow
    from bot.store.work import Work
    from tests.console.conftest import Office, Person, Reply

FORMULA = '=HYPERLINK("http://evil.example","x")'
MARK = b"\xef\xbb\xbf"


def take_part(work: Work) -> None:
    """Two areas of Enschede, one with four people; matches that went on and that did not; who looks."""
    for area, came, away in (("7511", 8, 7), ("7522", 4, 0)):
        here = occasion(work, offer(work, area=area, title=FORMULA), THEN - timedelta(weeks=5))
        for number in range(came + away):
            joins(work, person(work).newcomer.id, here, attended=number < came)
    occasion(
        work, offer(work, "hengelo", None, kind="volunteer", sort="repair"), THEN - timedelta(weeks=6), "cancelled"
    )
    for _ in range(5):
        agreed(work, THEN - timedelta(weeks=30), timedelta(weeks=2))
        agreed(work, THEN - timedelta(weeks=30))
        work.seekings.open(person(work).newcomer.id, "buddy", None, BEFORE)


def fill(work: Work) -> UserRow:
    """Twelve people in one team, half of them late; three in another; questions in three, one with an odd name."""
    coby = work.users.add("Coby", roles=["coach"], teams=["form_team"], now=BEFORE)
    carl = work.users.add("Carl", roles=["coach"], teams=["other"], now=BEFORE)
    for number in range(12):
        who = person(work, coby.id)
        days = {"insure": LATE if number < 6 else ON_TIME, "call": LATE if number < 2 else ON_TIME}
        row = enrolled(work, who, days, template="year")
        reminded(work, who, row, THEN - timedelta(days=20), timedelta(hours=1) if number < 7 else None)
        asked(work, who, timedelta(minutes=50 * (number + 1)))
        asked(work, who, timedelta(minutes=20), team=FORMULA)
    for _ in range(3):
        who = person(work, carl.id)
        enrolled(work, who, {"insure": LATE}, template="year")
        asked(work, who, timedelta(minutes=5), team="other")
    return work.users.add("Ada", roles=["administrator"], teams=[], now=BEFORE)


@pytest.fixture
def office(office: Office) -> Iterator[Office]:
    """The office, with a trajectory of two tasks."""
    office.desk.runtime = with_calls(office.desk.runtime)
    app = application(office.desk.runtime, office.webchat, secret=b"a secret of thirty-two bytes ...", news=office.news)
    for url, port in served(app):
        yield replace(office, url=url, port=port)


@pytest.fixture
def ada(office: Office) -> Person:
    return office.signed_in(office.desk.runtime.database.write(fill))


@pytest.fixture
def taking_part(office: Office) -> Person:
    """The coordinator, in an office where people take part."""
    office.desk.runtime.database.write(take_part)
    return office.signed_in(office.desk.cora)


@dataclass
class Tables(HTMLParser):
    """Every table of a page: its caption, and its rows as heading and cells by their label."""

    def __post_init__(self) -> None:
        super().__init__()

    found: list[tuple[str, dict[str, dict[str, str]]]] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)
    inside: str = ""
    label: str = ""
    row: str = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.found.append(("", {}))
        if tag in {"caption", "th", "td"}:
            self.inside, self.label = tag, dict(attrs).get("data-label") or ""
        if tag == "th":
            self.scopes.append(dict(attrs).get("scope") or "")

    def handle_endtag(self, tag: str) -> None:
        self.inside = "" if tag == self.inside else self.inside

    def handle_data(self, data: str) -> None:
        if self.inside == "caption":
            self.found[-1] = (data, {})
        elif self.inside == "th":
            self.row = data
        elif self.inside == "td":
            self.found[-1][1].setdefault(self.row, {})[self.label] = data


def tables(html: str) -> Tables:
    parser = Tables()
    parser.feed(html)
    return parser


def lines(reply: Reply, parted_by: str = ";") -> list[dict[str, str]]:
    assert reply.status == 200
    assert reply.body.startswith(MARK)
    return list(csv.DictReader(StringIO(reply.body.removeprefix(MARK).decode(), newline=""), delimiter=parted_by))


@pytest.mark.usefixtures("ada")
def test_a_coordinator_sees_how_many_and_never_who(office: Office) -> None:
    page = office.signed_in(office.desk.cora).get("/desk/counts")
    assert page.status == 200
    by_caption = dict(tables(page.text).found)
    people = next(rows for caption, rows in by_caption.items() if caption.startswith("Mensen en herinneringen"))
    assert people == {
        "form_team": {
            "Nu in het traject": "12",
            "Gestopt of klaar": "minder dan 5",
            "Mensen die een herinnering beantwoordden": "7",
            "Mensen die er geen beantwoordden": "5",
            "Berichten verstuurd": "12",
            "Berichten beantwoord": "7",
        }
    }
    late = by_caption["Te laat en op tijd, in mensen: form_team"]
    assert late["Laag: Basis"] == {"Te laat": "6", "Op tijd": "6"}
    assert len(late) == 2  # the layer and one task
    words = words_of_page(page.text)
    assert "Niet getoonde taken van form_team: 1" in words
    assert "maandag 23 november" in words
    assert by_caption["Hoe snel een mens helpt"] == {
        "form_team": {"Beantwoorde vragen": "12", "De helft binnen": "5 uur", "9 van de 10 binnen": "10 uur"}
    }
    for name in ("Coby", "Carl", "counted", "other"):
        assert name not in words


def test_what_an_administrator_is_not_told_of_a_team_and_of_all(ada: Person) -> None:
    _, people = tables(ada.get("/desk/counts").text).found[0]
    enrolled_by_team = {team: cells["Nu in het traject"] for team, cells in people.items()}
    assert enrolled_by_team == {"form_team": "12", "other": "minder dan 5", "Alle teams samen": "niet getoond"}


def test_every_table_says_what_it_is_and_every_heading_of_what(ada: Person) -> None:
    found = tables(ada.get("/desk/counts").text)
    assert len(found.found) == 3
    assert all(caption for caption, _ in found.found)
    assert set(found.scopes) == {"col", "row"}


@pytest.mark.parametrize("asked_for", ["", "?trajectory=year"])
def test_the_file_has_the_numbers_of_the_page(ada: Person, asked_for: str) -> None:
    page = tables(ada.get(f"/desk/counts{asked_for}").text).found
    told = {
        (line["Team"], line["Laag of taak"], line["Wat is geteld"]): line["Aantal"]
        for line in lines(ada.get(f"/desk/counts.csv{asked_for}"))
    }
    seen: dict[tuple[str, str, str], str] = {}
    for caption, rows in page:
        for head, cells in rows.items():
            late = caption.startswith("Te laat")
            team, what = (caption.partition(": ")[2], head.removeprefix("Laag: ")) if late else (head, "")
            seen |= {(team, what, label): number for label, number in cells.items()}
    # A spreadsheet counts with minutes; a person reads hours.
    spans = {key: value for key, value in seen.items() if "binnen" in key[2]}
    for (team, what, label), value in spans.items():
        number = value.removesuffix(" uur")
        minutes = str(60 * int(number)) if number != value else value.removesuffix(" minuten")
        as_text = f"'{team}" if team.startswith("=") else team
        assert told.pop((as_text, what, f"{label} (minuten)")) == minutes
    left = {(team.removeprefix("'"), what, label): number for (team, what, label), number in told.items()}
    counted = {key: value for key, value in seen.items() if key not in spans}
    assert {key: left[key] for key in counted} == counted
    # What the page names below its tables, and the tasks of a team that is too small, the file says are not shown.
    others = {key: number for key, number in left.items() if key not in counted}
    assert set(others.values()) == {"niet getoond"}
    assert ("form_team", "call", "Te laat") in others


def test_a_filter_shows_no_other_number(ada: Person) -> None:
    assert ada.get("/desk/counts.csv?trajectory=year").body == ada.get("/desk/counts.csv").body
    nothing = ada.get("/desk/counts?trajectory=nothing")
    assert "Er is geen traject met deze naam." in nothing.text
    assert {line["Soort"] for line in lines(ada.get("/desk/counts.csv?trajectory=nothing"))} == {"Hulp van een mens"}


def test_a_spreadsheet_opens_the_file_and_runs_nothing_of_it(ada: Person) -> None:
    reply = ada.get("/desk/counts.csv")
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    assert reply.headers["content-disposition"] == 'attachment; filename="wegwijs-2026-11-23.csv"'
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "no-store"
    found = lines(reply)
    assert {line["Team"] for line in found} >= {f"'{FORMULA}", "form_team", "Alle teams samen"}
    assert not [cell for line in found for cell in line.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.usefixtures("ada")
def test_in_english_it_is_parted_as_an_english_spreadsheet_does(office: Office) -> None:
    desk = office.desk
    desk.runtime.database.write(lambda work: work.users.change(desk.cora.id, interface="en"))
    cora = office.signed_in(desk.cora)
    found = lines(cora.get("/desk/counts.csv"), ",")
    assert {line["Number"] for line in found if line["What is counted"] == "Ended"} == {"fewer than 5"}
    assert "This is how it was at the beginning of Monday" in cora.get("/desk/counts").text


def test_where_nobody_is_counted_the_page_says_so(office: Office) -> None:
    page = words_of_page(office.signed_in(office.desk.cora).get("/desk/counts").text)
    assert "In uw teams is nog niemand in dit traject." in page
    assert "In uw teams is nog geen vraag beantwoord." in page
    assert len(lines(office.signed_in(office.desk.cora).get("/desk/counts.csv"))) == 0


HIDDEN, FEWER = "niet getoond", "minder dan 5"


def test_who_takes_part_stands_there_without_the_area_of_four(taking_part: Person) -> None:
    by_caption = dict(tables(taking_part.get("/desk/counts").text).found)
    autumn = by_caption["Meedoen: Kwartaal 4 van 2026"]
    assert autumn["Enschede"] == {
        "Keren gehouden": "2",
        "Keren afgezegd": "0",
        "Mensen met een plek": "19",
        "Mensen die alleen wachtten": FEWER,
        "Mensen die kwamen": "12",
        "Mensen die niet kwamen": "7",
        "Mensen die het niet zeiden": "0",
        "Aanmeldingen met een plek": "19",
    }
    assert autumn["hengelo"]["Mensen met een plek"] == FEWER
    assert (autumn["hengelo"]["Keren afgezegd"], autumn["Alle plaatsen samen"]["Keren afgezegd"]) == ("1", "1")
    assert autumn["Alle plaatsen samen"]["Mensen met een plek"] == HIDDEN
    matched = by_caption["Koppelingen, in mensen die zochten"]
    assert matched["Vrijwilligerswerk: Kwartaal 2 van 2026"] == {
        "Zeiden ja": "10",
        "Na 4 weken nog door": "5",
        "Binnen 4 weken gestopt": "5",
        "Na 12 weken nog door": HIDDEN,  # nobody ended since: that is so of each of them
        "Binnen 12 weken gestopt": HIDDEN,
        "Gaan nu nog door": HIDDEN,
        "Zijn nu gestopt": HIDDEN,
    }
    assert matched["Maatje: Kwartaal 4 van 2026"]["Na 4 weken nog door"] == "nog te vroeg"
    assert by_caption["Wie nu iemand of iets zoekt"]["Zoekt een maatje"] == {"Mensen": "5"}
    assert by_caption["Wie nu iemand of iets zoekt"]["Kan iets bieden"] == {"Mensen": FEWER}
    offers = by_caption["Nieuw aanbod per kwartaal"]
    assert offers["Vrijwilligerswerk, repareren: hengelo, wijk niet gezegd"]["Kwartaal 3 van 2026"] == "1"
    assert FORMULA not in words_of_page(taking_part.get("/desk/counts").text)


def test_the_file_has_what_the_page_tells_of_taking_part(taking_part: Person) -> None:
    by_caption = dict(tables(taking_part.get("/desk/counts").text).found)
    told = {
        (line["Soort"], line["Laag of taak"], line["Plaats"], line["Kwartaal"], line["Wat is geteld"]): line["Aantal"]
        for line in lines(taking_part.get("/desk/counts.csv"))
    }
    seen = {}
    for caption, rows in by_caption.items():
        for head, cells in rows.items():
            first, _, second = head.partition(": ")
            for label, number in cells.items():
                if caption.startswith("Meedoen: "):
                    key = ("Meedoen", "", head, caption.removeprefix("Meedoen: "), label)
                elif caption == "Nieuw aanbod per kwartaal":
                    key = ("Aanbod", first, second, label, "Gepubliceerd")
                elif caption.startswith("Koppelingen"):
                    key = ("Koppelingen", first, "", second, label)
                elif caption.startswith("Wie nu"):
                    key = ("Wie zoekt", head, "", "", label)
                else:
                    continue
                seen[key] = number
    assert len(seen) > 80
    assert {key: told.get(key) for key in seen} == seen
    assert {key for key in told if key[0] in {"Meedoen", "Aanbod", "Koppelingen", "Wie zoekt"}} == set(seen)


def test_where_nobody_takes_part_the_page_says_so(office: Office) -> None:
    page = words_of_page(office.signed_in(office.desk.cora).get("/desk/counts").text)
    assert "Er is nog niets aangeboden, en niemand zoekt iets." in page


def test_only_who_steers_finds_the_way_there(office: Office) -> None:
    assert 'href="/desk/counts"' in office.signed_in(office.desk.cora).get("/desk").text
    sam = office.signed_in(office.desk.sam)
    assert 'href="/desk/counts"' not in sam.get("/desk").text
    assert {sam.get(path).status for path in ("/desk/counts", "/desk/counts.csv")} == {403}
