"""`wegwijs rasa export`: the knowledge as a Rasa project, for who moves over or compares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.commands.output import errors, progress
from bot.knowledge.rasa_project import FolderNotEmptyError, UnknownLanguageError, export

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from bot.knowledge.folders import Folders


def run(folders: Folders, target: Path, *, language: str, today: date, force: bool) -> int:
    """Write the project and say what is in it; return 2 when it cannot be written there."""
    try:
        with progress() as show:
            told = export(folders, target, language=language, today=today, force=force, show=show)
    except (FolderNotEmptyError, UnknownLanguageError) as error:
        errors.print(f"wegwijs: {error}", markup=False, soft_wrap=True)
        return 2
    click.echo(f"{told.files} files written to {target}")
    click.echo(f"{told.examples} examples, {told.responses} responses in {told.language}, {told.flows} flows")
    click.echo(f"{told.cases} conversations; {told.cases_left_out} more need steps that Rasa does not have")
    for code, count in sorted(told.other.items()):
        click.echo(f"{count} of {told.texts} texts have no {told.language} and are in {code}")
    if told.escaped:
        click.echo(f"{told.escaped} examples look like Rasa's entities and got a space; an import takes it out again")
    return 0
