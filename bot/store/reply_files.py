"""The files that people of the team send along with a reply: sealed, and gone when the reply is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from bot.store.rows import ReplyFileRow
from bot.store.tables import outbox, reply_files

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.domain.turn import SentFile
    from bot.store.keys import Keys
    from bot.store.rows import OutboxRow

_is_here = reply_files.c.sealed.is_not(None)


class ReplyFiles:
    """The team's files."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._connection = connection
        self._keys = keys

    def add(self, row: OutboxRow, place: int, file: SentFile, content: bytes) -> None:
        """Keep what a file of this message holds."""
        key = self._keys.of_conversation(row.conversation_id)
        self._connection.execute(
            insert(reply_files).values(
                id=file.id,
                outbox_id=row.id,
                conversation_id=row.conversation_id,
                place=place,
                media_type=file.media_type,
                size=file.size,
                sealed=self._keys.vault.seal(content, key=key, table="reply_files", column="sealed", row=file.id),
            )
        )

    def get(self, file_id: str) -> ReplyFileRow | None:
        """Return what is known of a file; None when there is none."""
        row = self._connection.execute(
            select(
                reply_files.c.id,
                reply_files.c.outbox_id,
                reply_files.c.conversation_id,
                reply_files.c.media_type,
                reply_files.c.size,
                _is_here.label("is_here"),
                outbox.c.status,
                outbox.c.sent_at,
            )
            .join(outbox, outbox.c.id == reply_files.c.outbox_id)
            .where(reply_files.c.id == file_id)
        ).one_or_none()
        if row is None:
            return None
        return ReplyFileRow(
            id=row.id,
            outbox_id=row.outbox_id,
            conversation_id=row.conversation_id,
            media_type=row.media_type,
            size=row.size,
            is_here=bool(row.is_here),
            status=row.status,
            sent_at=row.sent_at,
        )

    def open(self, file_id: str) -> bytes | None:
        """Return what a file holds; None when it is gone."""
        query = select(reply_files.c.conversation_id, reply_files.c.sealed).where(reply_files.c.id == file_id)
        row = self._connection.execute(query).one_or_none()
        if row is None or row.sealed is None:
            return None
        key = self._keys.of_conversation(row.conversation_id)
        return self._keys.vault.open(row.sealed, key=key, table="reply_files", column="sealed", row=file_id)
