"""Who looks for a buddy or volunteer work, wants to be a buddy, or can offer something; their words sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from bot.store.ids import new_id
from bot.store.participation_rows import SeekingRow
from bot.store.participation_tables import STANDS, seekings

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from bot.store.keys import Keys


class Seekings:
    """Seekings: one of a kind stands for a newcomer. The newcomer's conversation must be held."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._connection = connection
        self._keys = keys

    def open(self, newcomer_id: str, kind: str, words: str | None, now: datetime) -> SeekingRow:
        """Note that somebody looks; who does so already keeps their place, with new words where they gave some."""
        before = next((one for one in self.of(newcomer_id) if one.kind == kind), None)
        row_id = before.id if before else new_id()
        if before is None:
            self._connection.execute(
                insert(seekings).values(id=row_id, newcomer_id=newcomer_id, kind=kind, state="open", at=now)
            )
        if words is not None:
            sealed = self._keys.vault.seal(
                words, key=self._keys.of_newcomer(newcomer_id), table="seekings", column="words_sealed", row=row_id
            )
            self._connection.execute(update(seekings).where(seekings.c.id == row_id).values(words_sealed=sealed))
        return next(one for one in self.of(newcomer_id) if one.id == row_id)

    def of(self, newcomer_id: str) -> list[SeekingRow]:
        """Return what stands of somebody, the first first."""
        query = select(seekings).where(seekings.c.newcomer_id == newcomer_id, STANDS).order_by(seekings.c.at)
        return [self._opened(row) for row in self._connection.execute(query)]

    def close(self, newcomer_id: str) -> int:
        """End all that somebody looks for, and drop their words; return how many stood."""
        here = (seekings.c.newcomer_id == newcomer_id, STANDS)
        closed = update(seekings).where(*here).values(state="closed", words_sealed=None)
        return self._connection.execute(closed).rowcount

    def waiting(self, kinds: Collection[str]) -> list[SeekingRow]:
        """Return who looks for somebody now, who waits longest first; without their words."""
        query = select(seekings).where(seekings.c.state == "open", seekings.c.kind.in_(kinds))
        return [
            SeekingRow(id=row.id, newcomer_id=row.newcomer_id, kind=row.kind, state=row.state, words=None, at=row.at)
            for row in self._connection.execute(query.order_by(seekings.c.at, seekings.c.id))
        ]

    def states(self, ids: Collection[str]) -> frozenset[str]:
        """Return the states of these."""
        return frozenset(self._connection.scalars(select(seekings.c.state).where(seekings.c.id.in_(ids))))

    def since(self, ids: Collection[str]) -> dict[str, datetime]:
        """Return since when each of these stands."""
        rows = self._connection.execute(select(seekings.c.id, seekings.c.at).where(seekings.c.id.in_(ids)))
        return {row.id: row.at for row in rows}

    def set_state(self, ids: Collection[str], state: str) -> None:
        """Have these be `open` or `matched`; what its person closed stays closed."""
        self._connection.execute(update(seekings).where(seekings.c.id.in_(ids), STANDS).values(state=state))

    def _opened(self, row: Row[Any]) -> SeekingRow:
        words = None
        if row.words_sealed is not None:
            key = self._keys.of_newcomer(row.newcomer_id)
            opened = self._keys.vault.open(
                row.words_sealed, key=key, table="seekings", column="words_sealed", row=row.id
            )
            words = opened.decode()
        return SeekingRow(
            id=row.id, newcomer_id=row.newcomer_id, kind=row.kind, state=row.state, words=words, at=row.at
        )
