"""`wegwijs rasa import`: a Rasa project as our knowledge, with a list of what has no place here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from bot.commands.output import errors, progress
from bot.knowledge.rasa_reading import REPORT, BadProjectError, InTheWayError, take

if TYPE_CHECKING:
    from pathlib import Path

    from bot.knowledge.rasa_reading import Left

SHOWN = 40  # rows; all of them stand in the report


def run(source: Path, into: Path, *, language: str, dry_run: bool) -> int:
    """Take what can be taken; return 0 when that was all, 1 when something was left, 2 when it is no project."""
    try:
        with progress() as show:
            told = take(source, into, language=language, dry_run=dry_run, show=show)
    except (BadProjectError, InTheWayError) as error:
        errors.print(f"wegwijs: {error}", markup=False, soft_wrap=True)
        return 2
    screen = Console(highlight=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    table.add_column("taken")
    table.add_column("", justify="right")
    for kind, count in sorted(told.taken.items()):
        table.add_row(kind, str(count))
    screen.print(table)
    _rows(screen, "not taken", told.left)
    _rows(screen, "taken, but changed", told.changed)
    if dry_run:
        click.echo(f"{len(told.files)} files would be written to {into}; nothing was")
    else:
        click.echo(f"{len(told.files)} files written to {into}; the whole report: {into / REPORT}")
        click.echo(f"Next: wegwijs check {into}")
    return 1 if told.left else 0


def _rows(screen: Console, title: str, rows: list[Left]) -> None:
    for row in rows[:SHOWN]:
        screen.print(f"{title}: {row.file}:{row.line}: {row.kind} {row.name}: {row.why}", markup=False)
    if len(rows) > SHOWN:
        screen.print(f"{title}: {len(rows) - SHOWN} more, in the report", markup=False)
