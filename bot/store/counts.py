"""Counts without people: whether answers helped, and how often something still has to be done to the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, func, insert, select, update

from bot.store.dialect import insert_or
from bot.store.ids import new_id
from bot.store.tables import counters, helped

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


_SCRUBS = "scrubs_owed"


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

    # ---- what deleted rows left behind is rewritten outside the unit of work that deleted them

    def owe_a_scrub(self) -> None:
        """Remember that the files must be rewritten, also when this process ends before it is done."""
        stored = insert_or(self._connection, counters).values(name=_SCRUBS, value=1)
        self._connection.execute(
            stored.on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + 1})
        )

    def scrubs_owed(self) -> int:
        """Return how often rewriting was asked for since it was last done."""
        return self._connection.scalar(select(counters.c.value).where(counters.c.name == _SCRUBS)) or 0

    def scrubbed(self, owed: int) -> None:
        """Record that it was done for what was asked until then; what came meanwhile is still owed."""
        left = case((counters.c.value > owed, counters.c.value - owed), else_=0)
        self._connection.execute(update(counters).where(counters.c.name == _SCRUBS).values(value=left))
