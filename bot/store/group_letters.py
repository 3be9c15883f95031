"""Messages of a coach to their group: to whom each went, and who wrote back. Their words are in the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, select, update

from bot.store.ids import new_id
from bot.store.tables import outbox
from bot.store.trajectory_rows import GroupLetterRow
from bot.store.trajectory_tables import group_letters

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection, Row

# Made once, for every turn asks it (see bot/store/inbox.py).
_LAST = (
    select(group_letters)
    .join(outbox, outbox.c.id == group_letters.c.outbox_id)
    .where(group_letters.c.newcomer_id == bindparam("of_newcomer"), group_letters.c.at > bindparam("since"))
    .where(outbox.c.sent_at.is_not(None), outbox.c.status != "dropped")
    .order_by(group_letters.c.at.desc(), group_letters.c.id.desc())
    .limit(1)
)


class GroupLetters:
    """The messages to groups, one row for each who got it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, message_id: str, coach_id: str, sent: Iterable[tuple[str, str | None]], now: datetime) -> None:
        """Record a message to a group: each newcomer, and the outbox id of what goes to them (None: no way)."""
        rows = [
            {
                "id": new_id(),
                "message_id": message_id,
                "coach_id": coach_id,
                "newcomer_id": newcomer_id,
                "outbox_id": outbox_id,
                "at": now,
            }
            for newcomer_id, outbox_id in sent
        ]
        self._connection.execute(insert(group_letters), rows)

    def of_coach(self, coach_id: str, limit: int) -> list[GroupLetterRow]:
        """Return the last that a coach sent to their group, the newest first."""
        query = select(group_letters).where(group_letters.c.coach_id == coach_id)
        query = query.order_by(group_letters.c.at.desc(), group_letters.c.id).limit(limit)
        return [_letter(row) for row in self._connection.execute(query).all()]

    def of_message(self, message_id: str) -> list[GroupLetterRow]:
        """Return one message to a group, as it went to each."""
        query = select(group_letters).where(group_letters.c.message_id == message_id).order_by(group_letters.c.id)
        return [_letter(row) for row in self._connection.execute(query).all()]

    def unanswered(self, newcomer_id: str, since: datetime) -> GroupLetterRow | None:
        """Return the last message to a group that reached this person after `since`, if they did not answer it yet."""
        row = self._connection.execute(_LAST, {"of_newcomer": newcomer_id, "since": since}).one_or_none()
        return None if row is None or row.answered_at is not None else _letter(row)

    def answered(self, letter_id: str, now: datetime) -> None:
        """Record that what the person wrote back was given to the coach."""
        self._connection.execute(update(group_letters).where(group_letters.c.id == letter_id).values(answered_at=now))

    def drop(self, letter_id: str) -> None:
        """Forget what was taken back."""
        self._connection.execute(delete(group_letters).where(group_letters.c.id == letter_id))

    def drop_before(self, moment: datetime, *, limit: int) -> int:
        """Delete so many of what went out before this moment; return how many."""
        old = select(group_letters.c.id).where(group_letters.c.at < moment).limit(limit)
        return self._connection.execute(delete(group_letters).where(group_letters.c.id.in_(old))).rowcount


def _letter(row: Row[*tuple[Any, ...]]) -> GroupLetterRow:
    return GroupLetterRow(**{name: getattr(row, name) for name in _NAMES})


_NAMES = tuple(column.name for column in group_letters.columns)
