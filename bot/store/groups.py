"""The groups of the coaches, as lists: who is guided by whom. Who is put where is `Newcomers.set_coach`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from bot.store.rows import GroupRow
from bot.store.tables import cases, newcomers, users

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection


class Groups:
    """Who is in whose group."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, coach_ids: Collection[str]) -> list[GroupRow]:
        """Return who is in the groups of these coaches, who came first on top."""
        number = func.coalesce(func.max(cases.c.number), 0)
        query = (
            select(newcomers.c.coach_id, newcomers.c.id, number)
            .outerjoin(cases, cases.c.newcomer_id == newcomers.c.id)
            .where(newcomers.c.coach_id.is_not(None), newcomers.c.coach_id.in_(coach_ids))
            .group_by(newcomers.c.coach_id, newcomers.c.id)
            .order_by(newcomers.c.id)
        )
        rows = self._connection.execute(query).all() if coach_ids else []
        return [GroupRow(coach_id=row[0], newcomer_id=row[1], number=row[2]) for row in rows]

    def hold(self, coach_id: str) -> None:
        """Let nobody else change this coach's group in the meantime."""
        self._connection.execute(select(users.c.id).where(users.c.id == coach_id).with_for_update())

    def case_numbered(self, number: int) -> str | None:
        """Return the id of the case with this number."""
        found: str | None = self._connection.scalar(select(cases.c.id).where(cases.c.number == number))
        return found
