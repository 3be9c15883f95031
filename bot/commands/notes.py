"""`wegwijs notes`: what was taken at the desk as good to know, in the shape of content/notes/."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.knowledge.notes import written
from bot.look_up import taken_notes

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from bot.store.database import Database


def export(database: Database, screen: Console, file: Path) -> int:
    """
    Write the notes to a file that is not there yet; return 0.

    Raises:
        ClickException: the file is there, or cannot be written.

    """
    found = database.read(taken_notes)
    try:
        # An author may have mended what an earlier export wrote.
        with file.open("x", encoding="utf-8") as sheet:
            sheet.write(written(found))
    except FileExistsError:
        raise click.ClickException(f"{file} is there already: choose another name") from None
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from None
    screen.print(f"Notes: {len(found)} → {file}", soft_wrap=True, markup=False)
    return 0
