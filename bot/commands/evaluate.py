"""`wegwijs evaluate`: how well the understanding does on messages it was not trained on."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from bot.nlu.evaluation import cross_validate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.knowledge.knowledge import Knowledge
    from bot.nlu.encoder import Encoder
    from bot.nlu.evaluation import Score

FOLDS = 3


def run(
    knowledge: Knowledge,
    *,
    cache_dir: Path,
    on_progress: Callable[[int, int, str], None],
    as_json: bool,
    encoder: Encoder | None = None,
) -> None:
    """Cross-validate on nlu/ and print the figures in all and per language, with what is mixed up most."""
    on_progress(0, 1, f"training {FOLDS} times")
    report = cross_validate(knowledge.examples, cache_dir=cache_dir, folds=FOLDS, encoder=encoder)
    on_progress(1, 1, f"training {FOLDS} times")
    if as_json:
        click.echo(json.dumps(asdict(report), ensure_ascii=False, indent=2))
        return
    table = Table(
        "language", "messages", "right", "among 3", "refused", "out of scope caught", title="cross-validation"
    )
    for language, score in (*report.by_language.items(), ("all", report.total)):
        table.add_row(language, str(score.ours), *_shares(score))
    screen = Console()
    screen.print(table)
    for meant, said, times in report.confusions[:15]:
        screen.print(f"{times:4} × {meant} taken for {said}")


def _shares(score: Score) -> list[str]:
    shares = [f"{share:.1%}" for share in (score.top_1, score.top_3, score.refused)]
    return [*shares, f"{score.caught:.1%}" if score.others else "–"]
