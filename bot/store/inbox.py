"""The inbox: every message a newcomer sent, once, numbered in the order it came in."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, bindparam, select, update

from bot.store.dialect import insert_into, is_postgresql
from bot.store.errors import ConversationGoneError
from bot.store.ids import new_id
from bot.store.rows import InboundRow
from bot.store.tables import HELD, UNREAD, conversations, inbound

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Row
    from sqlalchemy.sql.dml import ReturningInsert

    from bot.domain.wakes import Wakes
    from bot.store.keys import Keys


# What every turn asks is made once: to make a statement costs eight times what it costs to have it run.
_NEXT_NUMBER = (
    select(conversations.c.next_number).where(conversations.c.id == bindparam("of_conversation")).with_for_update()
)
_CAME_IN = (
    update(conversations)
    .where(conversations.c.id == bindparam("of_conversation"))
    .values(next_number=bindparam("next"), updated_at=bindparam("now"), heard_at=bindparam("now"))
)
_UNREAD = (
    select(inbound)
    .where(inbound.c.conversation_id == bindparam("of_conversation"), UNREAD)
    .order_by(inbound.c.number)
    .limit(bindparam("most"))
)
_UNDERSTOOD = update(inbound).where(inbound.c.id == bindparam("of_message"))
_READ = (
    update(inbound)
    .where(inbound.c.id.in_(bindparam("of_messages", expanding=True)), inbound.c.status.in_(("unread", "held")))
    .values(status="read", error=None)
    .returning(inbound.c.conversation_id, inbound.c.number)
)
_TAKEN = (
    update(inbound)
    .where(inbound.c.id == bindparam("of_message"), inbound.c.status.in_(("unread", "held")))
    .values(status="read", error=None, understood_json=bindparam("understood"))
)
_MARK = (
    update(conversations)
    .where(conversations.c.id == bindparam("of_conversation"), conversations.c.read_mark < bindparam("up_to"))
    .values(read_mark=bindparam("up_to"))
)


@cache
def _receive(*, in_postgresql: bool) -> ReturningInsert[Any]:
    """Return the insertion of a message; a second one with its provider id is left out."""
    return (
        insert_into(inbound, in_postgresql=in_postgresql)
        .on_conflict_do_nothing(index_elements=["conversation_id", "provider_id"])
        .returning(inbound.c.id)
    )


_ALL = 2**31 - 1  # "no limit", in words that both databases take


class Inbox:
    """The messages from newcomers."""

    def __init__(self, connection: Connection, keys: Keys, wakes: Wakes) -> None:
        self._connection = connection
        self._keys = keys
        self._wakes = wakes

    def receive(  # noqa: PLR0913, PLR0917  # one message is these six things
        self,
        conversation_id: str,
        channel: str,
        provider_id: str,
        kind: str,
        body: Mapping[str, Any],
        now: datetime,
    ) -> InboundRow | None:
        """Store a message as the conversation's next one; None when this provider id was seen before."""
        # The lock comes first: a number is only given out when it is used, so there are no gaps.
        number = self._connection.scalar(_NEXT_NUMBER, {"of_conversation": conversation_id})
        if number is None:
            raise ConversationGoneError(conversation_id)
        row_id = new_id()
        key = self._keys.of_conversation(conversation_id)
        stored = self._connection.scalar(
            _receive(in_postgresql=is_postgresql(self._connection)),
            {
                "id": row_id,
                "conversation_id": conversation_id,
                "number": number,
                "channel": channel,
                "provider_id": provider_id,
                "kind": kind,
                "sealed": self._keys.seal_json(body, key, table="inbound", column="sealed", row=row_id),
                "received_at": now,
            },
        )
        if stored is None:
            return None
        self._connection.execute(_CAME_IN, {"of_conversation": conversation_id, "next": number + 1, "now": now})
        self._wakes.answer(conversation_id)
        return InboundRow(
            id=row_id,
            conversation_id=conversation_id,
            number=number,
            channel=channel,
            provider_id=provider_id,
            kind=kind,
            body=body,
            received_at=now,
            status="unread",
            attempts=0,
            error=None,
        )

    def reword(self, conversation_id: str, provider_id: str, words: Mapping[str, Any]) -> bool | None:
        """
        Replace parts of the body of a message that no turn has taken yet, or that waits for the notice.

        The latter is read once more: danger may be in the new words. Return False when a turn has taken it, None
        when it is not there. The conversation must be held.
        """
        row = self._connection.execute(
            select(inbound)
            .where(inbound.c.conversation_id == conversation_id, inbound.c.provider_id == provider_id)
            .with_for_update()
        ).one_or_none()
        if row is None:
            return None
        if row.status not in {"unread", "held"}:
            return False
        key = self._keys.of_conversation(conversation_id)
        body = {**self._opened(row).body, **words}
        sealed = self._keys.seal_json(body, key, table="inbound", column="sealed", row=row.id)
        self._connection.execute(update(inbound).where(inbound.c.id == row.id).values(sealed=sealed, status="unread"))
        self._wakes.answer(conversation_id)
        return True

    def unread(self, conversation_id: str) -> list[InboundRow]:
        """Return the messages that no turn has taken yet, in order."""
        return self._waiting(conversation_id, most=_ALL)

    def next_unread(self, conversation_id: str) -> InboundRow | None:
        """Return the message whose turn it is; None when all had theirs."""
        return next(iter(self._waiting(conversation_id, most=1)), None)

    def _waiting(self, conversation_id: str, *, most: int) -> list[InboundRow]:
        asked = {"of_conversation": conversation_id, "most": most}
        return [self._opened(row) for row in self._connection.execute(_UNREAD, asked).all()]

    def held(self, conversation_id: str) -> list[InboundRow]:
        """Return the messages that wait for the notice to be answered, in order."""
        return self._rows(conversation_id, HELD)

    def all_for(self, conversation_id: str) -> list[InboundRow]:
        """Return every message of the conversation, in order."""
        return self._rows(conversation_id)

    def latest(self, conversation_id: str, limit: int, *, before: datetime | None = None) -> list[InboundRow]:
        """Return the last messages that came in, before a moment when one is given; the newest first."""
        query = select(inbound).where(inbound.c.conversation_id == conversation_id)
        if before is not None:
            query = query.where(inbound.c.received_at < before)
        rows = self._connection.execute(query.order_by(inbound.c.number.desc()).limit(limit)).all()
        return [self._opened(row) for row in rows]

    def get(self, inbound_id: str) -> InboundRow | None:
        """Return one message."""
        row = self._connection.execute(select(inbound).where(inbound.c.id == inbound_id)).one_or_none()
        return None if row is None else self._opened(row)

    def _rows(self, conversation_id: str, *conditions: ColumnElement[bool]) -> list[InboundRow]:
        query = select(inbound).where(inbound.c.conversation_id == conversation_id, *conditions)
        rows = self._connection.execute(query.order_by(inbound.c.number)).all()
        return [self._opened(row) for row in rows]

    def _opened(self, row: Row[*tuple[Any, ...]]) -> InboundRow:
        key = self._keys.of_conversation(row.conversation_id)
        return InboundRow(
            id=row.id,
            conversation_id=row.conversation_id,
            number=row.number,
            channel=row.channel,
            provider_id=row.provider_id,
            kind=row.kind,
            body=self._keys.open_json(row.sealed, key, table="inbound", column="sealed", row=row.id),
            received_at=row.received_at,
            status=row.status,
            attempts=row.attempts,
            error=row.error,
            understood=row.understood_json,
        )

    def note_understood(self, inbound_id: str, understood: Mapping[str, Any]) -> None:
        """Keep what the assistant made of a message: codes and figures, never anyone's words."""
        self._connection.execute(_UNDERSTOOD, {"of_message": inbound_id, "understood_json": dict(understood)})

    def taken(self, inbound_id: str, understood: Mapping[str, Any]) -> None:
        """
        Record that a turn took this message, and what the assistant made of it.

        Its conversation's read mark is moved with what is remembered: see `Conversations.save_state`.
        """
        asked = {"of_message": inbound_id, "understood": dict(understood)}
        if self._connection.execute(_TAKEN, asked).rowcount == 0:  # the turn itself did something else with it
            self.note_understood(inbound_id, understood)

    def last_crisis(self, newcomer_id: str, since: datetime) -> datetime | None:
        """Return when this person last wrote of danger, after this moment; None when they did not."""
        theirs = select(conversations.c.id).where(conversations.c.newcomer_id == newcomer_id)
        rows = self._connection.execute(
            select(inbound.c.received_at, inbound.c.understood_json)
            .where(inbound.c.conversation_id.in_(theirs), inbound.c.received_at > since)
            .where(inbound.c.understood_json.is_not(None))
        ).all()
        return max((row.received_at for row in rows if (row.understood_json or {}).get("crisis")), default=None)

    def mark_read(self, ids: Collection[str]) -> None:
        """Record that a turn took these messages, and move their conversations' read marks up to them."""
        if not ids:
            return
        read = self._connection.execute(_READ, {"of_messages": list(ids)}).all()
        marks: dict[str, int] = {}
        for conversation_id, number in read:
            marks[conversation_id] = max(number, marks.get(conversation_id, 0))
        for conversation_id, number in marks.items():
            self._connection.execute(_MARK, {"of_conversation": conversation_id, "up_to": number})

    def hold(self, ids: Collection[str]) -> None:
        """Keep these messages, encrypted and unanswered, until the notice is answered."""
        if ids:
            self._connection.execute(
                update(inbound).where(inbound.c.id.in_(ids), inbound.c.status == "unread").values(status="held")
            )

    def release_held(self, conversation_id: str) -> int:
        """Let what waited for the notice be read after all: it was accepted. Return how many."""
        self._wakes.answer(conversation_id)
        return self._connection.execute(
            update(inbound).where(inbound.c.conversation_id == conversation_id, HELD).values(status="unread")
        ).rowcount

    def drop_held(self, conversation_id: str) -> int:
        """Drop what one conversation holds, its content too: the notice was declined. Return how many."""
        return self._drop(HELD, inbound.c.conversation_id == conversation_id)

    def drop_held_older_than(self, moment: datetime) -> int:
        """Drop what was received before `moment` and is still held, its content too. Return how many."""
        return self._drop(HELD, inbound.c.received_at < moment)

    def _drop(self, *conditions: ColumnElement[bool]) -> int:
        return self._connection.execute(
            update(inbound).where(*conditions).values(sealed=None, status="dropped", error=None)
        ).rowcount

    def failed_once(self, inbound_id: str) -> int:
        """Count one more turn that this message made fail, and return how many there were."""
        count: int = self._connection.execute(
            update(inbound)
            .where(inbound.c.id == inbound_id)
            .values(attempts=inbound.c.attempts + 1)
            .returning(inbound.c.attempts)
        ).scalar_one()
        return count

    def set_aside(self, inbound_id: str, error: str) -> None:
        """Take a message out of the turns for good; `error` names the failure and quotes nobody."""
        self._connection.execute(
            update(inbound).where(inbound.c.id == inbound_id).values(status="set_aside", error=error)
        )
