"""`wegwijs offers`: a file of an organisation becomes drafts; what was not taken says where, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.appoint import LONGEST_ORGANISATION
from bot.import_offers import BECAME, LARGEST_FILE, OFF, Place, foresee_import, import_offers, read_file
from bot.participation.sheets import COLUMNS, MOST_ROWS, Unreadable, UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from rich.console import Console

    from bot.import_offers import Became, Imported, Taken
    from bot.knowledge.knowledge import Knowledge
    from bot.store.database import Database

SAID: dict[Became, str] = {
    "new": "new",
    "changed": "changed",
    "same": "the same as before",
    "left": "left as they are (published, called off or over: change those at the desk)",
    "past": "past",
}
# So much of a text is shown of what differs.
SHOWN = 60


def import_file(  # noqa: PLR0913  # what, whose, and where to
    database: Database,
    knowledge: Knowledge,
    screen: Console,
    file: Path,
    *,
    organisation: str,
    submit: bool,
    look: bool,
    now: datetime,
) -> int:
    """Take a file in (`look`: store nothing) and print what became of it; return 1 when something was not taken."""
    if not 1 <= len(organisation.strip()) <= LONGEST_ORGANISATION:
        raise click.BadParameter(f"an organisation's name has 1 to {LONGEST_ORGANISATION} signs")
    if file.stat().st_size > LARGEST_FILE:
        raise click.ClickException(f"{file.name} is larger than {LARGEST_FILE // 1024 // 1024} MB: part it")
    place = Place(database=database, knowledge=knowledge, now=now)
    try:
        sheet = read_file(knowledge, file.name, file.read_bytes())
    except UnreadableFileError as error:
        raise click.ClickException(f"{file.name} {_mend(error.why)}") from None
    if look:
        done = foresee_import(place, sheet, organisation=organisation)
    else:
        done = import_offers(place, sheet, organisation=organisation, submit=submit)
    _print(done, screen, file.name, knowledge, look=look)
    return 1 if done.problems else 0


def _mend(why: Unreadable) -> str:
    match why:
        case Unreadable.WORKBOOK:
            return "is an Excel file: save it as 'CSV UTF-8'"
        case Unreadable.BAD_SIGNS:
            return "is no text that we know: save it as 'CSV UTF-8'"
        case Unreadable.TOO_MANY | Unreadable.TOO_LARGE:
            return f"has more than {MOST_ROWS} rows: part it"
        case Unreadable.NO_CALENDAR:
            return "is no calendar (iCalendar)"
        case Unreadable.NO_SHEET:
            return (
                "is no calendar (.ics), nor a sheet whose first line has headings with 'title' among them; "
                f"the columns are: {', '.join(COLUMNS)}"
            )


def _print(done: Imported, screen: Console, name: str, knowledge: Knowledge, *, look: bool) -> None:
    words = knowledge.console.get("en", {})

    def say(line: str) -> None:
        screen.print(line, soft_wrap=True, markup=False)

    for heading in done.unknown:
        say(f"{name}:1: the column '{heading}' is none of ours and was left out")
    for one in done.problems:
        about = f" {one.field}:" if one.field else ""
        say(f"{name}:{one.line}:{about} {words.get(f'offers_wrong_{one.why}', one.why)}")
    for row in done.left_behind:
        say(f"{name}:{row.line}: '{row.title}' is {row.state} and was left as it is: {_differs(row, words)}")
    counts = [(became, len(done.those(became))) for became in BECAME]
    told = [f"{count} {SAID[became]}" for became, count in counts if count]
    would = "Would be: " if look and told else ""
    say(f"{would}{', '.join(told) or 'Nothing was taken'}.")
    if look:
        say("Nothing was stored.")


def _differs(row: Taken, words: Mapping[str, str]) -> str:
    if OFF in row.differs:
        return "the file says that it is off"
    told = [
        f"{words.get(f'offers_column_{field}', field)} '{_short(here)}' → '{_short(there)}'"
        for field, (here, there) in row.differs.items()
    ]
    return f"the file says {', '.join(told)}"


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= SHOWN else f"{plain[: SHOWN - 1]}…"
