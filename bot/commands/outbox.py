"""`wegwijs outbox`: what did not arrive, and what to do with it. Shows no words and no addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from bot.domain.clock import AMSTERDAM

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rich.console import Console

    from bot.store.database import Database
    from bot.store.rows import OutboxRow

MOST = 1000


def show(database: Database, screen: Console, *, limit: int) -> int:
    """Print what failed or is uncertain, the latest first; return 0."""
    rows = database.read(lambda work: work.outbox.stuck(limit))
    if not rows:
        screen.print("Nothing is stuck: every message went out, or still waits for its turn.")
        return 0
    table = Table("id", "said", "state", "why", "tries")
    for row in rows:
        table.add_row(row.id, _local(row.created_at), row.status, row.error or "", str(row.attempts))
    screen.print(table)
    screen.print("uncertain: nobody knows whether it arrived. Ask the newcomer before you send it again.")
    return 0


def _local(moment: datetime) -> str:
    return moment.astimezone(AMSTERDAM).strftime("%Y-%m-%d %H:%M")


def retry(database: Database, ids: tuple[str, ...], screen: Console, *, every_failed: bool, now: datetime) -> int:
    """Queue these messages once more, or every failed one; return 1 when one of them could not be."""
    chosen = ids or _failed(database) if every_failed else ids
    return _each(chosen, screen, "queued again", lambda one: database.write(lambda work: work.outbox.retry(one, now)))


def drop(database: Database, ids: tuple[str, ...], screen: Console) -> int:
    """Give these messages up; return 1 when one of them could not be."""
    return _each(ids, screen, "dropped", lambda one: database.write(lambda work: work.outbox.drop(one)))


def _failed(database: Database) -> tuple[str, ...]:
    rows: list[OutboxRow] = database.read(lambda work: work.outbox.stuck(MOST))
    return tuple(row.id for row in rows if row.status == "failed")


def _each(ids: tuple[str, ...], screen: Console, done: str, act: Callable[[str], bool]) -> int:
    missed = 0
    for one in ids:
        fine = act(one)
        missed += not fine
        screen.print(f"{one} {done if fine else 'is not stuck, or its words are gone: nothing was changed'}")
    if not ids:
        screen.print("Nothing to do.")
    return 1 if missed else 0
