"""
The files that newcomers send: what the messenger keeps for us, until it is here and deleted there.

wanted → its content is stored → deleted at the messenger: fetched. unwanted → deleted there: gone, or refused when
there is an `error`. So a process that dies in between leaves nothing at the messenger for ever.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from sqlalchemy import ColumnElement, case, func, null, select, true, update

from bot.store.dialect import insert_or
from bot.store.encryption import EncryptionError
from bot.store.ids import new_id
from bot.store.rows import AttachmentRow, DueFileRow
from bot.store.tables import FILES_DUE, attachments, conversations, on_channels

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.domain.turn import Attachment
    from bot.store.keys import Keys

# How long a worker has for the files it took, before another may take them too.
LEASE = timedelta(minutes=10)
_LONGEST_TYPE = 128
_LONGEST_REASON = 64

_is_here = attachments.c.sealed.is_not(None)


class Attachments:
    """The newcomers' files."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._connection = connection
        self._keys = keys

    def expect(  # noqa: PLR0913  # one file is these things
        self,
        conversation_id: str,
        inbound_id: str,
        place: int,
        attachment: Attachment,
        *,
        status: Literal["wanted", "unwanted"],
        now: datetime,
    ) -> None:
        """Note that the messenger keeps a file for us; the same place of the same message counts once."""
        row_id = new_id()
        key = self._keys.of_conversation(conversation_id)
        self._connection.execute(
            insert_or(self._connection, attachments)
            .values(
                id=row_id,
                conversation_id=conversation_id,
                inbound_id=inbound_id,
                place=place,
                reference_sealed=self._keys.vault.seal(
                    attachment.reference, key=key, table="attachments", column="reference_sealed", row=row_id
                ),
                media_type=(attachment.media_type or "")[:_LONGEST_TYPE] or None,
                size=attachment.size,
                status=status,
                available_at=now,
                created_at=now,
            )
            .on_conflict_do_nothing(index_elements=["inbound_id", "place"])
        )

    def is_due(self, now: datetime, *, channels: Collection[str]) -> bool:
        """Return whether something may have to be done with a file on these channels: it holds up no writer."""
        query = (
            select(attachments.c.id)
            .where(FILES_DUE, attachments.c.available_at <= now, on_channels(attachments, channels))
            .limit(1)
        )
        return self._connection.scalar(query) is not None

    def due(self, now: datetime, limit: int, *, channels: Collection[str] | None = None) -> list[DueFileRow]:
        """
        Take up to `limit` files to fetch or to delete at the messenger; nobody else gets them for a while.

        With `channels` only theirs are taken: a process leaves alone what it cannot reach.
        """
        found = self._connection.scalars(
            select(attachments.c.id)
            .where(
                FILES_DUE,
                attachments.c.available_at <= now,
                true() if channels is None else on_channels(attachments, channels),
            )
            .order_by(attachments.c.available_at, attachments.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True, of=attachments)
        ).all()
        if not found:
            return []
        self._connection.execute(
            update(attachments)
            .where(attachments.c.id.in_(found))
            .values(available_at=now + LEASE, attempts=attachments.c.attempts + 1)
        )
        return self._taken(found)

    def _taken(self, ids: Sequence[str]) -> list[DueFileRow]:
        rows = self._connection.execute(
            select(
                attachments.c.id,
                attachments.c.conversation_id,
                conversations.c.channel,
                attachments.c.reference_sealed,
                attachments.c.status,
                _is_here.label("is_here"),
                attachments.c.attempts,
            )
            .join(conversations, conversations.c.id == attachments.c.conversation_id)
            .where(attachments.c.id.in_(ids))
            .order_by(attachments.c.created_at, attachments.c.id)
        ).all()
        taken = []
        for row in rows:
            reference = self._reference(row.id, row.conversation_id, row.reference_sealed)
            if reference is None:
                self._lost(row.id)
                continue
            taken.append(
                DueFileRow(
                    id=row.id,
                    conversation_id=row.conversation_id,
                    channel=row.channel,
                    reference=reference,
                    wanted=row.status == "wanted",
                    is_here=bool(row.is_here),
                    attempts=row.attempts,
                )
            )
        return taken

    def _reference(self, row_id: str, conversation_id: str, sealed: bytes | None) -> str | None:
        if sealed is None:
            return None
        key = self._keys.of_conversation(conversation_id)
        try:
            return self._keys.vault.open(
                sealed, key=key, table="attachments", column="reference_sealed", row=row_id
            ).decode()
        except EncryptionError:
            return None

    def _lost(self, row_id: str) -> None:
        """Give up a file whose reference cannot be read: it must not keep the others waiting."""
        status = case((_is_here, "fetched"), else_="refused")
        error = case((_is_here, null()), else_="damaged")
        self._set(row_id, FILES_DUE, status=status, error=error, reference_sealed=None)

    def fetched(self, attachment_id: str, content: bytes, media_type: str, now: datetime) -> bool:
        """Store what a file holds; it still has to be deleted at the messenger. False when nobody wants it any more."""
        conversation_id = self._connection.scalar(
            select(attachments.c.conversation_id)
            .where(attachments.c.id == attachment_id, attachments.c.status == "wanted", ~_is_here)
            .with_for_update()  # before the key is asked for: the person may just become another
        )
        if conversation_id is None:
            return False
        key = self._keys.of_conversation(conversation_id)
        sealed = self._keys.vault.seal(content, key=key, table="attachments", column="sealed", row=attachment_id)
        return self._set(
            attachment_id,
            sealed=sealed,
            media_type=media_type,
            size=len(content),
            attempts=0,
            available_at=now,
        )

    def refused(self, attachment_id: str, reason: str, now: datetime) -> bool:
        """Record a code of why a file is not kept; it still has to be deleted at the messenger. True the first time."""
        return self._set(
            attachment_id,
            attachments.c.status == "wanted",
            ~_is_here,
            status="unwanted",
            error=reason[:_LONGEST_REASON],
            attempts=0,
            available_at=now,
        )

    def not_wanted(self, attachment_id: str, now: datetime) -> bool:
        """Record that a file is not to be fetched after all; False when it was already."""
        wanted = attachments.c.status == "wanted"
        return self._set(attachment_id, wanted, ~_is_here, status="unwanted", attempts=0, available_at=now)

    def again(self, attachment_id: str, at: datetime) -> bool:
        """Have somebody try again at this moment."""
        return self._set(attachment_id, FILES_DUE, available_at=at)

    def gone(self, attachment_id: str) -> bool:
        """Record that the messenger keeps the file no longer, or that nothing more can be done about it."""
        here = case((_is_here, "fetched"), (attachments.c.error.is_not(None), "refused"), else_="gone")
        return self._set(attachment_id, FILES_DUE, status=here, reference_sealed=None)

    def open(self, attachment_id: str) -> bytes | None:
        """Return what the file holds; None when it is not here."""
        row = self._connection.execute(
            select(attachments.c.conversation_id, attachments.c.sealed).where(attachments.c.id == attachment_id)
        ).one_or_none()
        if row is None or row.sealed is None:
            return None
        key = self._keys.of_conversation(row.conversation_id)
        return self._keys.vault.open(row.sealed, key=key, table="attachments", column="sealed", row=attachment_id)

    def for_inbound(self, inbound_id: str) -> list[AttachmentRow]:
        """Return the files that came with a message, in order."""
        rows = self._connection.execute(
            select(*(c for c in attachments.c if not c.name.endswith("sealed")), _is_here.label("is_here"))
            .where(attachments.c.inbound_id == inbound_id)
            .order_by(attachments.c.place)
        ).all()
        return [
            AttachmentRow(
                id=row.id,
                conversation_id=row.conversation_id,
                inbound_id=row.inbound_id,
                place=row.place,
                status=row.status,
                media_type=row.media_type,
                size=row.size,
                error=row.error,
                is_here=bool(row.is_here),
                created_at=row.created_at,
            )
            for row in rows
        ]

    def unsettled_for(self, newcomer_id: str) -> int:
        """Return how many files of this person a messenger may still keep."""
        theirs = select(conversations.c.id).where(conversations.c.newcomer_id == newcomer_id)
        query = select(func.count()).select_from(attachments)
        return self._connection.execute(query.where(FILES_DUE, attachments.c.conversation_id.in_(theirs))).scalar_one()

    def replace(self, attachment_id: str, content: bytes) -> bool:
        """Put another content in the place of what a file holds; False when it is not here."""
        row = self._connection.execute(
            select(attachments.c.conversation_id).where(attachments.c.id == attachment_id, _is_here).with_for_update()
        ).one_or_none()
        if row is None:
            return False
        key = self._keys.of_conversation(row.conversation_id)
        sealed = self._keys.vault.seal(content, key=key, table="attachments", column="sealed", row=attachment_id)
        return self._set(attachment_id, _is_here, sealed=sealed, size=len(content))

    def drop(self, attachment_id: str) -> bool:
        """Drop what a file holds; False when it was gone already."""
        # One that must still be deleted at the messenger is not wanted any more, but not forgotten either.
        status = case((attachments.c.reference_sealed.is_not(None), "unwanted"), else_="gone")
        return self._set(attachment_id, _is_here, sealed=None, media_type=None, size=None, status=status)

    def _set(self, attachment_id: str, *conditions: ColumnElement[bool], **values: object) -> bool:
        changed = update(attachments).where(attachments.c.id == attachment_id, *conditions).values(**values)
        return self._connection.execute(changed).rowcount == 1
