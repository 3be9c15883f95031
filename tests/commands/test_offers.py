"""`wegwijs offers import`, and organisers: from the command line, with errors that say what to do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.conftest import Home

HEADINGS = "title,body,day,begins,repeats\n"


def sheet(folder: Path, text: str, name: str = "offers.csv") -> str:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_a_sheet_is_taken_in_and_a_second_time_nothing_is_doubled(home: Home, tmp_path: Path) -> None:
    file = sheet(tmp_path, "title,kind,sort,body\nMeubels,goods,furniture,U mag kiezen.\n")
    first = home.run("offers", "import", file, "--organisation", "Kringloop", "--submit")
    second = home.run("offers", "import", file, "--organisation", "Kringloop")

    assert (first.exit_code, first.stderr) == (0, "")
    assert "1 new." in first.stdout
    assert "1 the same as before." in second.stdout


def test_what_was_not_taken_says_on_which_line(home: Home, tmp_path: Path) -> None:
    file = sheet(tmp_path, f"{HEADINGS}Koken,Samen,2026-13-40,10:00,\n")
    told = home.run("offers", "import", file, "--organisation", "Kringloop")

    assert told.exit_code == 1
    assert "offers.csv:2: day:" in told.stdout
    assert "Nothing was taken." in told.stdout


def test_a_dry_run_says_what_would_become_of_it_and_stores_nothing(home: Home, tmp_path: Path) -> None:
    latin = tmp_path / "latin.csv"
    latin.write_bytes("title;body;kind\r\nCafé;U mag komen.;goods\r\n".encode("cp1252"))
    for _ in range(2):
        told = home.run("offers", "import", str(latin), "--organisation", "Kringloop", "--dry-run")
        assert "Would be: 1 new." in told.stdout
        assert "Nothing was stored." in told.stdout


def test_what_a_calendar_calls_off_is_named_and_left(home: Home, tmp_path: Path) -> None:
    calendar = (
        "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:w-1\nSUMMARY:Wandelen\n{}"
        "DTSTART:DAYT100000Z\nEND:VEVENT\nEND:VCALENDAR\n"
    ).replace("DAY", f"{SystemClock().now() + timedelta(days=60):%Y%m%d}")
    home.run("offers", "import", sheet(tmp_path, calendar.format(""), "a.ics"), "--organisation", "Kringloop")
    off = sheet(tmp_path, calendar.format("STATUS:CANCELLED\n"), "a.ics")
    told = home.run("offers", "import", off, "--organisation", "Kringloop")
    assert "a.ics:3: 'Wandelen' is draft and was left as it is: the file says that it is off" in told.stdout
    assert "1 left as they are" in told.stdout


def test_what_is_no_file_of_offers_says_what_one_is(home: Home, tmp_path: Path) -> None:
    nothing = home.run("offers", "import", sheet(tmp_path, "a,b\n1,2\n"), "--organisation", "Kringloop")
    assert nothing.exit_code == 1
    assert "the columns are: uid, title, body" in " ".join(nothing.stderr.split())
    workbook = tmp_path / "offers.xlsx"
    workbook.write_bytes(b"PK\x03\x04 and so on")
    told = home.run("offers", "import", str(workbook), "--organisation", "Kringloop")
    assert "save it as 'CSV UTF-8'" in told.stderr
    nameless = home.run("offers", "import", str(workbook), "--organisation", " ")
    assert "an organisation's name has 1 to 200 signs" in nameless.stderr


def test_an_organiser_is_of_an_organisation_and_in_no_team(home: Home) -> None:
    without = home.run("users", "add", "olga", "--role", "organiser")
    assert without.exit_code == 2
    assert "--organisation NAME" in without.stderr
    told = home.run("users", "add", "olga", "--role", "organiser", "--organisation", "Kringloop")
    assert told.exit_code == 0
    assert "olga is added as organiser in no team." in told.stdout
    kept = home.run("users", "roles", "olga", "organiser", "coordinator", "--team", "form_team")
    assert kept.exit_code == 0, kept.stderr
    assert home.run("users", "roles", "olga", "volunteer").exit_code == 0
    again = home.run("users", "roles", "olga", "organiser")
    assert "--organisation NAME" in again.stderr
