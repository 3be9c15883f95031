"""The browsers that people of the team are signed in with. Only a digest of the cookie is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from bot.store.ids import new_id
from bot.store.rows import SessionRow
from bot.store.tables import sessions

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from bot.store.encryption import Vault

_LONGEST_DEVICE = 64


class Sessions:
    """Who is signed in where."""

    def __init__(self, connection: Connection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    def start(  # noqa: PLR0913  # all but whose it is goes by name
        self,
        user_id: str,
        *,
        secret: str,
        device: str | None,
        now: datetime,
        until: datetime,
        confirmed_at: datetime | None = None,
    ) -> SessionRow:
        """Keep a session under the digest of what the browser's cookie holds."""
        session_id = new_id()
        self._connection.execute(
            insert(sessions).values(
                id=session_id,
                user_id=user_id,
                digest=self._vault.code_digests(secret)[0],
                created_at=now,
                seen_at=now,
                expires_at=until,
                confirmed_at=confirmed_at,
                device=device[:_LONGEST_DEVICE] if device else None,
            )
        )
        row = self._connection.execute(select(sessions).where(sessions.c.id == session_id)).one()
        return _session_from(row)

    def find(self, secret: str, now: datetime) -> SessionRow | None:
        """Return the session of this cookie; None when it is unknown, revoked or over."""
        digests = self._vault.code_digests(secret)
        row = self._connection.execute(
            select(sessions).where(sessions.c.digest.in_(digests), sessions.c.expires_at > now)
        ).one_or_none()
        return None if row is None else _session_from(row)

    def open_among(self, session_ids: Collection[str], now: datetime) -> dict[str, str]:
        """Return whose these sessions are, of those that open the desk now."""
        query = select(sessions.c.id, sessions.c.user_id).where(
            sessions.c.id.in_(session_ids), sessions.c.expires_at > now, sessions.c.confirmed_at.is_not(None)
        )
        return {row.id: row.user_id for row in self._connection.execute(query).all()}

    def confirm(self, session_id: str, now: datetime, until: datetime) -> None:
        """Record that the second factor was given: from now on the session opens the desk."""
        self._change(session_id, confirmed_at=now, seen_at=now, expires_at=until)

    def seen(self, session_id: str, now: datetime, until: datetime) -> None:
        """Record that the session was used, and let it last until this moment."""
        self._change(session_id, seen_at=now, expires_at=until)

    def of(self, user_id: str, now: datetime) -> list[SessionRow]:
        """Return where somebody is signed in, the last used first."""
        query = select(sessions).where(sessions.c.user_id == user_id, sessions.c.expires_at > now)
        rows = self._connection.execute(query.order_by(sessions.c.seen_at.desc())).all()
        return [_session_from(row) for row in rows]

    def end(self, session_id: str, user_id: str) -> bool:
        """End one of somebody's own sessions; False when it is not theirs."""
        ended = delete(sessions).where(sessions.c.id == session_id, sessions.c.user_id == user_id)
        return self._connection.execute(ended).rowcount == 1

    def end_all(self, user_id: str, *, but: str | None = None) -> int:
        """End somebody's sessions, but one when it is named; return how many ended."""
        ended = delete(sessions).where(sessions.c.user_id == user_id)
        return self._connection.execute(ended if but is None else ended.where(sessions.c.id != but)).rowcount

    def drop_expired(self, now: datetime) -> int:
        """Delete the sessions that are over; return how many."""
        return self._connection.execute(delete(sessions).where(sessions.c.expires_at <= now)).rowcount

    def _change(self, session_id: str, **values: object) -> None:
        self._connection.execute(update(sessions).where(sessions.c.id == session_id).values(**values))


def _session_from(row: Row[*tuple[Any, ...]]) -> SessionRow:
    return SessionRow(
        id=row.id,
        user_id=row.user_id,
        created_at=row.created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        confirmed_at=row.confirmed_at,
        device=row.device,
    )
