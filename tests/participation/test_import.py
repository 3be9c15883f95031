"""A sheet and a calendar of an organisation become drafts; a second time nothing is doubled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.domain.clock import AMSTERDAM
from bot.import_offers import Place, Problem, foresee_import, import_offers, read_file
from bot.participation.offers import Weekly, When
from bot.participation.sheets import COLUMNS, Unreadable, UnreadableFileError, read_csv, read_ics, text_of
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
        """Take a file in; what was foreseen of it is what became of it."""
        raw = content.encode() if isinstance(content, str) else content
        runtime = self.guide.runtime
        knowledge = replace(runtime.knowledge, console=shipped_words())
        place = Place(database=runtime.database, knowledge=knowledge, now=self.guide.desk.clock.now())
        sheet, organisation = read_file(knowledge, name, raw), "Buurthuis De Brug"
        foreseen = foresee_import(place, sheet, organisation=organisation)
        done = import_offers(place, sheet, organisation=organisation, submit=submit)
        if not submit:
            known = tuple(replace(row, offer_id=None) for row in done.rows)
            assert replace(done, rows=known) == replace(
                foreseen, rows=tuple(replace(row, offer_id=None) for row in foreseen.rows)
            )
        return done

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


def test_what_newcomers_read_is_left_and_what_differs_is_named(hall: Hall) -> None:
    assert counted(hall.takes(SHEET, submit=True)) == {"new": 3}
    for offer in hall.offers().values():
        done = approve(hall.guide.runtime, hall.cora.id, offer.id, version=offer.version)
        assert isinstance(done, OfferRow), done
    cancel(hall.guide.runtime, hall.cora.id, hall.offers()["Zwemmen"].id)

    changed = SHEET.replace("2,50", "3").replace("Voor vrouwen.", "Iets anders.")

    done = hall.takes(changed)

    assert counted(done) == {"left": 2, "same": 1}
    assert hall.offers()["Samen koken"].cost_cents == 250
    assert [(row.line, row.title, row.state, row.differs) for row in done.left_behind] == [
        (2, "Samen koken", "published", {"cost": ("2,50", "3,00")}),
        (5, "Zwemmen", "cancelled", {"body": ("Voor vrouwen.", "Iets anders.")}),
    ]


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


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", Unreadable.NO_SHEET),
        (b"a,b\n1,2\n", Unreadable.NO_SHEET),
        (b'title\n"open', Unreadable.NO_SHEET),
        (b"title\n" + b"x" * 200_000, Unreadable.NO_SHEET),  # no cell is as large
        (b"title\n" + b"x\n" * 2001, Unreadable.TOO_MANY),
        (b"PK\x03\x04\x14\x00", Unreadable.WORKBOOK),
        (b"title\n\x00\n", Unreadable.BAD_SIGNS),
        (b"title\n\x81\n", Unreadable.BAD_SIGNS),
    ],
    ids=lambda one: one[:12] if isinstance(one, bytes) else one,
)
def test_what_is_no_sheet_is_refused_whole(content: bytes, why: Unreadable) -> None:
    with pytest.raises(UnreadableFileError) as told:
        read_csv(text_of(content), {})
    assert told.value.why is why


@pytest.mark.parametrize(
    ("encoding", "begins"), [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("cp1252", b""), ("utf-16", b"")]
)
def test_whatever_excel_writes_is_read(encoding: str, begins: bytes) -> None:
    text = "titel;tekst\r\nTaalcafé, met koffie;Één uur; \r\n"
    (row,) = read_csv(text_of(begins + text.encode(encoding)), {"titel": "title", "tekst": "body"}).rows
    assert row.fields == {"title": "Taalcafé, met koffie", "body": "Één uur"}
    (row,) = read_csv(f"sep=;\r\n{text}", {"titel": "title"}).rows
    assert (row.line, row.fields["title"]) == (3, "Taalcafé, met koffie")


@pytest.mark.parametrize(
    "cell", ["=1+1", "=HYPERLINK(1)", "@SUM(1)", "+cmd|' /C calc'!A0", "-SUM(1)", "#NAAM?", "#REF!"]
)
def test_a_formula_is_nothing_for_anybody_to_read(cell: str) -> None:
    row, plain = read_csv(f"title;body\n{cell};x\nKoken;- neem iets mee (gratis!)\n", {}).rows
    assert row.wrong == Misread(field="title", why=Misreading.FORMULA)
    assert plain.wrong is None


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


EVENT = "BEGIN:VEVENT\r\nUID:a\r\nSUMMARY:x\r\nDTSTART:20261203T100000Z\r\n{}END:VEVENT\r\n"
# Worked out by the library, it changes every second from 1900 until 2038.
ZONE = (
    "BEGIN:VTIMEZONE\r\nTZID:Boom\r\nBEGIN:STANDARD\r\nDTSTART:19000101T000000\r\nTZOFFSETFROM:+0000\r\n"
    "TZOFFSETTO:+0500\r\nRRULE:FREQ=SECONDLY\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
)


def calendar(*parts: str) -> bytes:
    return "".join(("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", *parts, "END:VCALENDAR\r\n")).encode()


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("RRULE:FREQ=SECONDLY\r\n", ("repeats", Misreading.BAD_REPEATS)),
        ("RRULE:FREQ=WEEKLY\r\nRRULE:FREQ=DAILY\r\n", ("repeats", Misreading.BAD_REPEATS)),
        ("RRULE:FREQ=WEEKLY;UNTIL=20270101,20280101\r\n", ("repeats", Misreading.BAD_REPEATS)),
        ("RDATE:20261210T100000Z\r\n", ("repeats", Misreading.BAD_REPEATS)),
        ("DURATION:P99999999999W\r\n", ("ends", Misreading.BAD_TIME)),
        ("DURATION:P9999999W\r\n", ("day", Misreading.BAD_DAY)),
        ("DTEND:never\r\n", ("ends", Misreading.BAD_TIME)),
    ],
)
def test_what_a_calendar_says_that_no_offer_can_be(said: str, wrong: tuple[str, Misreading]) -> None:
    (row,) = read_ics(calendar(EVENT.format(said))).rows
    assert row.wrong == Misread(field=wrong[0], why=wrong[1])


def test_what_comes_back_without_end_has_none() -> None:
    for said in ("RRULE:FREQ=WEEKLY\r\n", "RRULE:FREQ=WEEKLY;COUNT=999999\r\n"):
        (row,) = read_ics(calendar(EVENT.format(said))).rows
        assert (row.wrong, row.fields["repeats"], row.fields["until"]) == (None, "weekly", "")


@pytest.mark.parametrize(
    "content",
    [
        b"BEGIN:VCALENDAR\r\n" * 50_000,
        calendar("BEGIN:VEVENT\r\n" * 1000),
        calendar(*(EVENT.format("") for _ in range(2001))),
        calendar("END:VEVENT\r\n" * 1000),
    ],
    ids=["deep", "never ends", "many", "ends too often"],
)
def test_a_calendar_that_is_too_much_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableFileError):
        read_ics(content)


def test_a_calendar_that_would_keep_us_busy_is_read_all_the_same() -> None:
    own = EVENT.format("").replace("DTSTART:20261203T100000Z", "DTSTART;TZID=Boom:20261203T100000")
    (row,) = read_ics(calendar(ZONE, own)).rows
    # Its own zone is not worked out, nor kept for the next file: the time is ours.
    assert (row.fields["day"], row.fields["begins"]) == ("2026-12-03", "10:00")
    (row,) = read_ics(calendar(EVENT.format("DESCRIPTION:a\r\n" + "\r\n" * 100_000 + " b\r\n"))).rows
    assert row.fields["body"] == "ab"


def test_what_a_calendar_calls_off_is_called_off_at_the_desk(hall: Hall) -> None:
    hall.takes(calendar(EVENT.format("")), "agenda.ics")
    off = calendar(EVENT.format("STATUS:CANCELLED\r\n"))
    (row,) = hall.takes(off, "agenda.ics").left_behind
    assert (row.title, row.state, tuple(row.differs)) == ("x", "draft", ("off",))
    cancel(hall.guide.runtime, hall.cora.id, hall.offers()["x"].id)
    assert hall.takes(off, "agenda.ics").left_behind == ()


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
