"""A sheet and a calendar of an organisation become drafts; a second time nothing is doubled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.domain.clock import AMSTERDAM
from bot.import_offers import Place, Problem, import_offers
from bot.participation.offers import Weekly, When
from bot.participation.sheets import COLUMNS, UnreadableFileError, read_csv, read_ics
from bot.participation.writing import Draft, Misread, Misreading, as_written, read
from bot.publish import approve, cancel
from bot.store.participation_rows import OfferRow
from tests.console.conftest import shipped_words

if TYPE_CHECKING:
    from bot.import_offers import Imported
    from bot.store.rows import UserRow
    from tests.guide.conftest import Guide

SHEET = """\
Titel;Tekst;Soort;Dag;Begint;Eindigt;Herhaling;Plaats;Postcode;Talen;Kosten;Alleen voor vrouwen
Samen koken;"Wij koken.
Daarna eten wij.";koken en eten;3-12-2026;14.00;16:00;;De Brug;7511;nl, ar;2,50;nee
Taalcafé;Wij praten Nederlands.;taalcafé;2026-12-04;10:00;12:00;wekelijks;De Brug;7511;;gratis;
Zwemmen;Voor vrouwen.;sport;5-12-2026;9:00;;;Zwembad;;;;ja
"""
CALENDAR = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//Buurthuis//NL\r
BEGIN:VEVENT\r
UID:walk-1\r
SUMMARY:Wandelen\r
DESCRIPTION:Wij lopen een uur.\\nNeem water mee.\r
LOCATION:Volkspark\\, Enschede\r
DTSTART;TZID=Europe/Amsterdam:20261203T100000\r
DTEND;TZID=Europe/Amsterdam:20261203T110000\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:cafe-1\r
SUMMARY:Taalcafe\r
DESCRIPTION:Wij praten.\r
DTSTART:20261204T090000Z\r
DURATION:PT2H\r
RRULE:FREQ=WEEKLY;COUNT=4;BYDAY=FR\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:old-1\r
SUMMARY:Was al\r
DTSTART:20200101T090000Z\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:day-1\r
SUMMARY:Hele dag\r
DTSTART;VALUE=DATE:20261210\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:month-1\r
SUMMARY:Elke maand\r
DTSTART:20261210T090000Z\r
RRULE:FREQ=MONTHLY\r
END:VEVENT\r
END:VCALENDAR\r
"""


@dataclass
class Hall:
    """Where files are taken in, for one organisation."""

    guide: Guide
    cora: UserRow

    def takes(self, content: str | bytes, name: str = "offers.csv", *, submit: bool = False) -> Imported:
        raw = content.encode() if isinstance(content, str) else content
        runtime = self.guide.runtime
        knowledge = replace(runtime.knowledge, console=shipped_words())
        place = Place(database=runtime.database, knowledge=knowledge, now=self.guide.desk.clock.now())
        return import_offers(place, name, raw, organisation="Buurthuis De Brug", submit=submit)

    def offers(self) -> dict[str, OfferRow]:
        rows = self.guide.runtime.database.read(lambda work: work.publishing.all(None, 100))
        assert len({row.title for row in rows}) == len(rows)
        return {row.title: row for row in rows}


@pytest.fixture
def hall(taking_part: Guide) -> Hall:
    now = taking_part.desk.clock.now()
    cora = taking_part.runtime.database.write(
        lambda work: work.users.add("Corrie", roles=["coordinator"], teams=["form_team"], now=now)
    )
    return Hall(guide=taking_part, cora=cora)


def counted(done: Imported) -> dict[str, int]:
    return {name: count for name, count in done.counts.items() if count}


# ---- a sheet


def test_a_sheet_with_dutch_headings_becomes_drafts(hall: Hall) -> None:
    done = hall.takes(SHEET)

    assert (counted(done), done.problems, done.unknown) == ({"new": 3}, (), ())
    cooking, cafe, swimming = (hall.offers()[title] for title in ("Samen koken", "Taalcafé", "Zwemmen"))
    assert (cooking.sort, cooking.kind, cooking.state) == ("cooking", "activity", "draft")
    assert cooking.body == "Wij koken.\nDaarna eten wij."
    assert cooking.starts_at == datetime(2026, 12, 3, 13, 0, tzinfo=UTC)
    assert (cooking.cost_cents, cafe.cost_cents, swimming.cost_cents) == (250, 0, None)
    assert cooking.languages == ("nl", "ar")
    assert cafe.weekly == {"weekday": 4, "from": "10:00", "to": "12:00", "since": "2026-12-04"}
    assert swimming.women_only


def test_a_second_time_nothing_is_doubled_and_what_changed_is_changed(hall: Hall) -> None:
    hall.takes(SHEET)
    assert counted(hall.takes(SHEET)) == {"same": 3}

    done = hall.takes(SHEET.replace("2,50", "3"))

    assert counted(done) == {"changed": 1, "same": 2}
    assert hall.offers()["Samen koken"].cost_cents == 300


def test_what_newcomers_read_is_left_as_it_is(hall: Hall) -> None:
    assert counted(hall.takes(SHEET, submit=True)) == {"new": 3}
    for offer in hall.offers().values():
        done = approve(hall.guide.runtime, hall.cora.id, offer.id, version=offer.version)
        assert isinstance(done, OfferRow), done
    cancel(hall.guide.runtime, hall.cora.id, hall.offers()["Zwemmen"].id)

    changed = SHEET.replace("2,50", "3").replace("Voor vrouwen.", "Iets anders.")

    assert counted(hall.takes(changed)) == {"left": 2, "same": 1}
    assert hall.offers()["Samen koken"].cost_cents == 250


def test_a_row_with_a_name_of_its_own_may_change_its_title(hall: Hall) -> None:
    sheet = "uid,title,body,day,begins\na-1,{},Wij praten.,2026-12-03,10:00\n"
    hall.takes(sheet.format("Taalcafé"))
    assert counted(hall.takes(sheet.format("Praten"))) == {"changed": 1}
    assert list(hall.offers()) == ["Praten"]


def test_what_is_wrong_says_on_which_line_and_the_others_are_taken(hall: Hall) -> None:
    sheet = (
        "title,body,day,begins,capacity,whatever\n"
        'Goed,"twee\nregels",2026-12-03,10:00,,x\n'
        "Fout,x,3 december,10:00,,\n"
        "\n"
        "Zonder tijd,x,2026-12-03,,,\n"
        ",x,2026-12-03,10:00,,\n"
        "Voorbij,x,2026-01-03,10:00,,\n"
        "Veel,x,2026-12-03,10:00,veel,\n"
        'Goed,"twee\nregels",2026-12-03,10:00,,x\n'
    )

    done = hall.takes(sheet)

    assert counted(done) == {"new": 1}
    assert done.unknown == ("whatever",)
    assert done.problems == (
        Problem(line=4, field="day", why="bad_day"),
        Problem(line=6, field="begins", why="no_time"),
        Problem(line=7, field="", why="no_title"),
        Problem(line=8, field="", why="not_ahead"),
        Problem(line=9, field="capacity", why="bad_number"),
        Problem(line=10, field="uid", why="twice"),
    )
    words = shipped_words()["en"]
    assert all(f"offers_wrong_{one.why}" in words for one in done.problems)


def test_what_cannot_be_sent_in_stays_a_draft_and_says_what_it_lacks(hall: Hall) -> None:
    done = hall.takes("title,body\nZonder moment,Tekst\n", submit=True)
    assert done.problems == (Problem(line=2, field="", why="no_moment"),)
    assert hall.offers()["Zonder moment"].state == "draft"


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", 'title\n"open', "title\n" + "x\n" * 2001])
def test_what_is_no_sheet_is_refused_whole(text: str) -> None:
    with pytest.raises(UnreadableFileError):
        read_csv(text, {})


# ---- a calendar


def test_a_calendar_becomes_drafts(hall: Hall) -> None:
    done = hall.takes(CALENDAR, "agenda.ics")

    assert counted(done) == {"new": 2, "past": 1}
    assert done.problems == (
        Problem(line=25, field="begins", why="no_time"),
        Problem(line=30, field="repeats", why="bad_repeats"),
    )
    walk, cafe = (hall.offers()[title] for title in ("Wandelen", "Taalcafe"))
    assert (walk.body, walk.place) == ("Wij lopen een uur.\nNeem water mee.", "Volkspark, Enschede")
    assert walk.starts_at == datetime(2026, 12, 3, 9, 0, tzinfo=UTC)
    assert walk.ends_at == datetime(2026, 12, 3, 10, 0, tzinfo=UTC)
    assert cafe.weekly == {"weekday": 4, "from": "10:00", "to": "12:00", "since": "2026-12-04", "until": "2026-12-25"}
    assert counted(hall.takes(CALENDAR, "agenda.ics")) == {"same": 2, "past": 1}


@pytest.mark.parametrize("content", [b"", b"title,body\n", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", b"\xff\xfe\x00"])
def test_what_is_no_calendar_is_refused_whole(content: bytes) -> None:
    try:
        assert read_ics(content).rows == ()
    except UnreadableFileError:
        return


# ---- fields


def test_a_form_says_again_what_it_said() -> None:
    given = Draft(
        kind="activity",
        sort="music",
        title="Muziek",
        body="Wij zingen.",
        when=When(weekly=Weekly(weekday=3, begins=time(20), ends=time(22), since=date(2026, 12, 3))),
        capacity=12,
        languages=("nl", "ti"),
        childcare=True,
        cost_cents=205,
        contact="",
    )
    kept = {name: getattr(given, name) for name in given.__dataclass_fields__}
    assert read(as_written(kept, given.when)) == given
    starts = datetime(2026, 12, 3, 19, 0, tzinfo=AMSTERDAM).astimezone(UTC)
    once = replace(
        given, when=When(starts_at=starts, ends_at=starts + timedelta(hours=8), expires_on=date(2026, 12, 9))
    )
    assert read(as_written(kept, once.when)) == once


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"day": "31-2-2026"}, ("day", Misreading.BAD_DAY)),
        ({"day": "9999-12-31", "begins": "20:00", "ends": "1:00"}, ("day", Misreading.BAD_DAY)),
        ({"begins": "10:00"}, ("day", Misreading.NO_DAY)),
        ({"day": "2026-12-03", "begins": "24:10"}, ("begins", Misreading.BAD_TIME)),
        ({"day": "2026-12-03", "begins": "10:00", "repeats": "monthly"}, ("repeats", Misreading.BAD_REPEATS)),
        ({"cost": "-1"}, ("cost", Misreading.BAD_COST)),
        ({"capacity": "١٢"}, ("capacity", Misreading.BAD_NUMBER)),
        ({"childcare": "misschien"}, ("childcare", Misreading.BAD_YES_NO)),
    ],
)
def test_what_says_nothing(fields: dict[str, str], wrong: tuple[str, Misreading]) -> None:
    assert read({"title": "x", **fields}) == Misread(field=wrong[0], why=wrong[1])


def test_every_column_has_a_heading_of_its_own_in_both_languages() -> None:
    for language, words in shipped_words().items():
        headings = [words[f"offers_column_{name}"].casefold() for name in COLUMNS]
        assert len(set(headings)) == len(COLUMNS), language
    assert set(shipped_words()) == {"nl", "en"}
