"""Counts without people: whether answers helped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from bot.store.ids import new_id
from bot.store.tables import helped

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


class Counts:
    """What can be counted without knowing anybody."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record_helped(self, question_id: str, language: str | None, now: datetime, *, did_help: bool) -> None:
        """Record whether an answer helped; no person is stored with it."""
        self._connection.execute(
            insert(helped).values(id=new_id(), question_id=question_id, language=language, helped=did_help, at=now)
        )

    def helped(self, question_id: str) -> tuple[int, int]:
        """Return how often the answer to this question helped, and how often it did not."""
        query = select(helped.c.helped, func.count()).where(helped.c.question_id == question_id)
        rows = self._connection.execute(query.group_by(helped.c.helped)).all()
        counted = {row[0]: row[1] for row in rows}
        return counted.get(True, 0), counted.get(False, 0)
