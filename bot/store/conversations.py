"""The conversations: what the assistant remembers between two messages, and who answers the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, func, select, update

from bot.store.rows import ConversationRow
from bot.store.tables import UNREAD, addresses, conversations, inbound

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from bot.store.keys import Keys

CONVERSATION = list(conversations.c)

# Made once, for every turn asks them (see bot/store/inbox.py).
_ONE = select(*CONVERSATION).where(conversations.c.id == bindparam("of_conversation"))
# SQLite has no row locks and needs none: its writes come one at a time.
_HELD = {wait: _ONE.with_for_update(skip_locked=not wait) for wait in (True, False)}
_OF = select(*CONVERSATION).where(conversations.c.newcomer_id == bindparam("newcomer")).order_by(conversations.c.id)
_CHANGE = update(conversations).where(conversations.c.id == bindparam("of_conversation"))
_MARK = case((conversations.c.read_mark < bindparam("up_to"), bindparam("up_to")), else_=conversations.c.read_mark)
_SAVE = _CHANGE.values(read_mark=_MARK)
_ADDRESS = update(addresses).where(
    addresses.c.id
    == select(conversations.c.address_id).where(conversations.c.id == bindparam("of_conversation")).scalar_subquery()
)
_BLOCK = _ADDRESS.where(addresses.c.blocked_at.is_(None))
_UNBLOCK = _ADDRESS.where(addresses.c.blocked_at.is_not(None))


class Conversations:
    """The conversations, one per address."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._connection = connection
        self._keys = keys

    def locked(self, conversation_id: str, *, wait: bool = True) -> ConversationRow | None:
        """
        Return the conversation, held for this unit of work alone; None when it does not exist.

        With `wait=False` it is None too when another unit of work holds it: that one will take its messages.
        """
        row = self._connection.execute(_HELD[wait], {"of_conversation": conversation_id}).one_or_none()
        return None if row is None else conversation_from(row, self._keys)

    def get(self, conversation_id: str) -> ConversationRow | None:
        """Return the conversation as it is now, without holding it."""
        row = self._connection.execute(_ONE, {"of_conversation": conversation_id}).one_or_none()
        return None if row is None else conversation_from(row, self._keys)

    def of(self, newcomer_id: str) -> list[ConversationRow]:
        """Return every conversation of one newcomer, the oldest first."""
        rows = self._connection.execute(_OF, {"newcomer": newcomer_id}).all()
        return [conversation_from(row, self._keys) for row in rows]

    def save_state(
        self, conversation_id: str, state: bytes, *, version: int, now: datetime, read_up_to: int = 0
    ) -> None:
        """
        Seal and store what the assistant remembers; `version` names the shape of those bytes.

        The read mark moves to the number `read_up_to`, or stays where it is when it is further.
        """
        key = self._keys.of_conversation(conversation_id)
        sealed = self._keys.vault.seal(
            state, key=key, table="conversations", column="state_sealed", row=conversation_id
        )
        saved = {"state_sealed": sealed, "state_version": version, "updated_at": now, "up_to": read_up_to}
        self._connection.execute(_SAVE, {"of_conversation": conversation_id, **saved})

    def with_unread(self, limit: int) -> list[str]:
        """Return conversations in which a message waits for its turn, the longest waiting first."""
        waiting_since = func.min(inbound.c.received_at)
        query = select(inbound.c.conversation_id).where(UNREAD).group_by(inbound.c.conversation_id)
        return list(self._connection.scalars(query.order_by(waiting_since).limit(limit)))

    def set_route(self, conversation_id: str, route: str, *, now: datetime) -> None:
        """Record who answers the next message: bot or human."""
        self._set(conversation_id, route=route, updated_at=now)

    def block(self, conversation_id: str, *, now: datetime) -> None:
        """Record that this person lets nothing through here; they do again when they write."""
        self._connection.execute(_BLOCK, {"of_conversation": conversation_id, "blocked_at": now})

    def unblock(self, conversation_id: str) -> None:
        """Record that this person wrote, or let us in again."""
        self._connection.execute(_UNBLOCK, {"of_conversation": conversation_id, "blocked_at": None})

    def add_attempt(self, conversation_id: str) -> int:
        """Count one more attempt in a row that did not help, and return how many there are."""
        count: int = self._connection.execute(
            update(conversations)
            .where(conversations.c.id == conversation_id)
            .values(attempts=conversations.c.attempts + 1)
            .returning(conversations.c.attempts)
        ).scalar_one()
        return count

    def clear_attempts(self, conversation_id: str) -> None:
        """Start counting attempts from nought."""
        self._set(conversation_id, attempts=0)

    def _set(self, conversation_id: str, **values: object) -> None:
        self._connection.execute(_CHANGE, {"of_conversation": conversation_id, **values})


def conversation_from(row: Row[*tuple[Any, ...]], keys: Keys) -> ConversationRow:
    """Open a row of the `CONVERSATION` columns."""
    state: bytes | None = None
    if row.state_sealed is not None:
        key = keys.of_conversation(row.id)
        state = keys.vault.open(row.state_sealed, key=key, table="conversations", column="state_sealed", row=row.id)
    return ConversationRow(
        id=row.id,
        newcomer_id=row.newcomer_id,
        channel=row.channel,
        next_number=row.next_number,
        read_mark=row.read_mark,
        said_count=row.said_count,
        state=state,
        state_version=row.state_version,
        route=row.route,
        attempts=row.attempts,
        created_at=row.created_at,
        updated_at=row.updated_at,
        heard_at=row.heard_at,
    )
