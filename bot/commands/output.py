"""How commands talk: progress on the error stream, so that standard output stays clean for other programs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

errors = Console(stderr=True, highlight=False)


@contextmanager
def progress(quiet: bool = False) -> Iterator[Callable[[int, int, str], None]]:
    """Give a function that shows `(done, total, what)` as a bar; it appears with the first report."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
        disable=quiet or not errors.is_terminal,
    )
    tasks: dict[str, object] = {}
    said: set[str] = set()

    def show(done: int, total: int, what: str) -> None:
        if not errors.is_terminal and not quiet and what not in said:
            said.add(what)
            errors.print(f"{what} …")
        if not bar.live.is_started and not bar.disable:
            bar.start()
        if what not in tasks:
            tasks[what] = bar.add_task(what, total=total)
        bar.update(tasks[what], completed=done, total=total)  # type: ignore[arg-type]  # a TaskID

    try:
        yield show
    finally:
        bar.stop()
