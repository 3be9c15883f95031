"""`wegwijs offers`: a file of an organisation becomes drafts; what was not taken says where, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.appoint import LONGEST_ORGANISATION
from bot.import_offers import LARGEST_FILE, Place, import_offers
from bot.participation.sheets import COLUMNS, MOST_ROWS, UnreadableFileError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from rich.console import Console

    from bot.import_offers import Became, Imported
    from bot.knowledge.knowledge import Knowledge
    from bot.store.database import Database

BECAME: dict[Became, str] = {
    "new": "new",
    "changed": "changed",
    "same": "the same as before",
    "left": "left as they are (published, called off or over: change those at the desk)",
    "past": "past",
}


def import_file(  # noqa: PLR0913  # what, whose, and where to
    database: Database,
    knowledge: Knowledge,
    screen: Console,
    file: Path,
    *,
    organisation: str,
    submit: bool,
    now: datetime,
) -> int:
    """Take a file in and print what became of it; return 1 when something was not taken, else 0."""
    if not 1 <= len(organisation.strip()) <= LONGEST_ORGANISATION:
        raise click.BadParameter(f"an organisation's name has 1 to {LONGEST_ORGANISATION} signs")
    if file.stat().st_size > LARGEST_FILE:
        raise click.ClickException(f"{file.name} is larger than {LARGEST_FILE // 1024 // 1024} MB: part it")
    place = Place(database=database, knowledge=knowledge, now=now)
    try:
        done = import_offers(place, file.name, file.read_bytes(), organisation=organisation, submit=submit)
    except UnreadableFileError:
        raise click.ClickException(
            f"{file.name} is no calendar (.ics), nor a sheet whose first line has headings with 'title' among them; "
            f"the columns are: {', '.join(COLUMNS)}; at most {MOST_ROWS} rows"
        ) from None
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file.name} is not UTF-8 (byte {error.start}): save it as 'CSV UTF-8'") from None
    _print(done, screen, file.name, knowledge)
    return 1 if done.problems else 0


def _print(done: Imported, screen: Console, name: str, knowledge: Knowledge) -> None:
    words = knowledge.console.get("en", {})
    for heading in done.unknown:
        screen.print(f"{name}:1: the column '{heading}' is none of ours and was left out", soft_wrap=True, markup=False)
    for one in done.problems:
        about = f" {one.field}:" if one.field else ""
        why = words.get(f"offers_wrong_{one.why}", one.why)
        screen.print(f"{name}:{one.line}:{about} {why}", soft_wrap=True, markup=False)
    told = [f"{count} {BECAME[became]}" for became, count in done.counts.items() if count]
    screen.print(f"{', '.join(told) or 'Nothing was taken'}.", soft_wrap=True, markup=False)
