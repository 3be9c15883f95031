"""`wegwijs check`: print what is wrong in the knowledge, file by file, and how far it is."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.knowledge.check import check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.knowledge.check import Report
    from bot.knowledge.document import Mistake
    from bot.knowledge.folders import Folders


def run(folders: Folders) -> int:
    """Print the report; return 0 when nothing needs mending, else 1."""
    report = check(folders)
    console = Console(highlight=False, soft_wrap=True)
    _list(console, report.mistakes, "red")
    _list(console, report.warnings, "yellow")
    _summary(console, report)
    return 0 if report.good else 1


def _list(console: Console, mistakes: Sequence[Mistake], colour: str) -> None:
    for file, found in groupby(mistakes, key=lambda mistake: mistake.file):
        console.print(f"[bold]{escape(file)}[/bold]")
        for mistake in found:
            where = escape(f"{mistake.file}:{mistake.line}: ")
            kind = escape(f"[{mistake.kind}]")
            console.print(f"  {where}[{colour}]{escape(mistake.why)}[/] → {escape(mistake.mend)} {kind}")
        console.print()


def _summary(console: Console, report: Report) -> None:
    table = Table(box=None, pad_edge=False)
    for head in ("language", "", "spoken", "unreviewed", "stale", "missing", "examples"):
        table.add_column(head, justify="left" if head in ("language", "") else "right")
    for code, count in report.counts.languages.items():
        state = "complete" if count.complete else "next"
        numbers = (count.spoken, count.unreviewed, count.stale, count.missing, count.examples)
        table.add_row(f"{code} {count.name}", state, *map(str, numbers))
    console.print(table)
    complete = sum(count.complete for count in report.counts.languages.values())
    console.print(
        f"\n{report.counts.answered} of {report.counts.questions} questions answered, "
        f"{complete} of {len(report.counts.languages)} languages complete"
    )
    verdict = "[green]nothing needs mending[/]" if report.good else f"[red]{len(report.mistakes)} mistakes[/]"
    console.print(f"{verdict}, {len(report.warnings)} warnings")
