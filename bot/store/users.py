"""The people who work at the desk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from bot.store.ids import new_id
from bot.store.rows import UserRow
from bot.store.tables import users

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection, Row


class Users:
    """Who works at the desk: what they may do, in which teams, and which languages they speak."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        pseudonym: str,
        *,
        roles: Collection[str],
        teams: Collection[str],
        languages: Collection[str] = (),
        now: datetime,
    ) -> UserRow:
        """Add somebody by the name that newcomers may see; no two have the same."""
        user_id = new_id()
        self._connection.execute(
            insert(users).values(
                id=user_id,
                pseudonym=pseudonym,
                roles_json=sorted(roles),
                teams_json=sorted(teams),
                languages_json=list(languages),
                created_at=now,
            )
        )
        user = self.get(user_id)
        assert user is not None
        return user

    def get(self, user_id: str) -> UserRow | None:
        """Return somebody, also when their account is off."""
        row = self._connection.execute(select(users).where(users.c.id == user_id)).one_or_none()
        return None if row is None else _user_from(row)

    def set_active(self, user_id: str, *, active: bool) -> bool:
        """Switch an account on or off; False when there is no such account. Their cases are another matter."""
        changed = self._connection.execute(update(users).where(users.c.id == user_id).values(active=active))
        return changed.rowcount == 1


def _user_from(row: Row[*tuple[Any, ...]]) -> UserRow:
    return UserRow(
        id=row.id,
        pseudonym=row.pseudonym,
        roles=frozenset(row.roles_json),
        teams=frozenset(row.teams_json),
        languages=tuple(row.languages_json),
        active=row.active,
    )
