"""What somebody told for finding, sealed under their own key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

from bot.store.dialect import insert_or
from bot.store.ids import new_id
from bot.store.participation_rows import ProfileRow
from bot.store.participation_tables import DIGEST, profiles

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.store.keys import Keys


class Profiles:
    """Profiles: one of a newcomer."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._connection = connection
        self._keys = keys

    def get(self, newcomer_id: str) -> ProfileRow | None:
        """Return what somebody told; None when nothing."""
        row = self._connection.execute(select(profiles).where(profiles.c.newcomer_id == newcomer_id)).one_or_none()
        if row is None:
            return None
        key = self._keys.of_newcomer(newcomer_id)
        told = self._keys.open_json(row.sealed, key, table="profiles", column="sealed", row=row.id)
        return ProfileRow(newcomer_id=newcomer_id, told=told, digest_at=row.digest_at, changed_at=row.changed_at)

    def keep(self, newcomer_id: str, told: Mapping[str, Any], now: datetime) -> None:
        """Keep what somebody told, in place of what they told before."""
        row_id = self._id_of(newcomer_id, now)
        key = self._keys.of_newcomer(newcomer_id)
        sealed = self._keys.seal_json(told, key, table="profiles", column="sealed", row=row_id)
        self._connection.execute(update(profiles).where(profiles.c.id == row_id).values(sealed=sealed, changed_at=now))

    def set_digest(self, newcomer_id: str, digest_at: datetime | None, now: datetime) -> None:
        """Set when somebody's message of the week goes out next; None: they want none."""
        row_id = self._id_of(newcomer_id, now)
        self._connection.execute(update(profiles).where(profiles.c.id == row_id).values(digest_at=digest_at))

    def drop(self, newcomer_id: str) -> None:
        """Delete all that somebody told."""
        self._connection.execute(delete(profiles).where(profiles.c.newcomer_id == newcomer_id))

    def digests_due(self, now: datetime, limit: int) -> list[str]:
        """Return whose message of the week is due, who waits longest first."""
        query = select(profiles.c.newcomer_id).where(DIGEST, profiles.c.digest_at <= now)
        return list(self._connection.scalars(query.order_by(profiles.c.digest_at).limit(limit)))

    def _id_of(self, newcomer_id: str, now: datetime) -> str:
        made = insert_or(self._connection, profiles).values(id=new_id(), newcomer_id=newcomer_id, changed_at=now)
        self._connection.execute(made.on_conflict_do_nothing(index_elements=["newcomer_id"]))
        found: str = self._connection.scalars(select(profiles.c.id).where(profiles.c.newcomer_id == newcomer_id)).one()
        return found
