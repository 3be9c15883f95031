"""`wegwijs migrate-to`: the database moves, to a server or back to a file, and is compared row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.store.move import move
from bot.store.whole import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from bot.settings import Settings


def run(settings: Settings, to: str, screen: Console, *, on_progress: Callable[[int, int, str], None]) -> int:
    """Carry the database of these settings to an empty one, and say what to do next; return 0."""
    counts = move(settings.url, to, on_progress=on_progress)
    screen.print(f"{sum(counts.values())} rows of {len(counts)} tables are in {shown(to)}, and each was compared.")
    screen.print("What to do next:")
    screen.print("  1. Set DATABASE_URL to the new address, password and all.")
    screen.print(f"  2. Take the same master key along: {_key(settings)}.")
    screen.print("  3. Start the assistant; /healthz answers when it is well.")
    screen.print(f"  4. Keep {shown(settings.url)} as it is for a week, and do not start on it again: it would answer")
    screen.print("     people from what it knew. Then throw it away: who is erased from now on is still in it.")
    return 0


def _key(settings: Settings) -> str:
    if settings.master_key is not None:
        return "WEGWIJS_MASTER_KEY stays what it is"
    return f"{settings.keys_dir / 'master.json'}, in the data directory of every process that uses the new address"
