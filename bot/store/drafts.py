"""What people of the team are writing: one draft per person and case, kept until it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from bot.store.dialect import insert_or
from bot.store.ids import new_id
from bot.store.rows import DraftRow
from bot.store.tables import drafts

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.store.keys import Keys
    from bot.store.rows import CaseRow


class Drafts:
    """The drafts, each sealed under the key of the newcomer that it is for."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._connection = connection
        self._keys = keys

    def keep(self, case: CaseRow, user_id: str, text: str, now: datetime, *, language: str | None = None) -> None:
        """Keep what somebody is writing in a case, in place of what they wrote before; without words it is dropped."""
        self.drop(case.id, user_id)
        if not text.strip():
            return
        draft_id = new_id()
        key = self._keys.of_newcomer(case.newcomer_id)
        body = {"text": text, "language": language}
        written = {"sealed": self._keys.seal_json(body, key, table="drafts", column="sealed", row=draft_id), "at": now}
        whose = {"case_id": case.id, "user_id": user_id, "newcomer_id": case.newcomer_id}
        # Two windows of one person may save at once: the later one stays.
        self._connection.execute(
            insert_or(self._connection, drafts)
            .values(id=draft_id, **whose, **written)
            .on_conflict_do_update(index_elements=["case_id", "user_id"], set_={"id": draft_id, **written})
        )

    def get(self, case_id: str, user_id: str) -> DraftRow | None:
        """Return what somebody was writing in a case; None when nothing."""
        row = self._connection.execute(
            select(drafts).where(drafts.c.case_id == case_id, drafts.c.user_id == user_id)
        ).one_or_none()
        if row is None:
            return None
        key = self._keys.of_newcomer(row.newcomer_id)
        body = self._keys.open_json(row.sealed, key, table="drafts", column="sealed", row=row.id)
        return DraftRow(text=str(body.get("text") or ""), language=body.get("language"), at=row.at)

    def drop(self, case_id: str, user_id: str) -> None:
        """Drop what somebody was writing in a case: it was sent, or thrown away."""
        self._connection.execute(delete(drafts).where(drafts.c.case_id == case_id, drafts.c.user_id == user_id))
