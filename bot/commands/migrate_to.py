"""`wegwijs migrate-to`: the database moves, to a server or back to a file, and is compared row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.store.move import move
from bot.store.whole import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.settings import Settings


def run(settings: Settings, to: str, *, on_progress: Callable[[int, int, str], None]) -> int:
    """Carry the database of these settings to an empty one, and say what to do next; return 0."""
    counts = move(settings.url, to, on_progress=on_progress)
    click.echo(f"{sum(counts.values())} rows of {len(counts)} tables are in {shown(to)}, and each was compared.")
    click.echo("What to do next:")
    click.echo("  1. Set DATABASE_URL to the new address, password and all.")
    click.echo(f"  2. Take the same master key along: {_key(settings)}.")
    click.echo("  3. Start the assistant; /healthz answers when it is well.")
    click.echo(f"  4. Keep {shown(settings.url)} as it is for a week, and do not start on it again: it would answer")
    click.echo("     people from what it knew. Then throw it away: who is erased from now on is still in it.")
    return 0


def _key(settings: Settings) -> str:
    if settings.master_key is not None:
        return "WEGWIJS_MASTER_KEY stays what it is"
    return f"{settings.keys_dir / 'master.json'}, in the data directory of every process that uses the new address"
