"""The outbox: what is said to newcomers, in order per conversation, until a messenger has taken it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, bindparam, case, exists, func, literal_column, or_, select, true, update

from bot.domain.wakes import Wake
from bot.store.columns import Moment
from bot.store.dialect import insert_into, is_postgresql
from bot.store.encryption import EncryptionError
from bot.store.errors import AlreadySaidError, ConversationGoneError
from bot.store.ids import new_id
from bot.store.rows import LeasedRow, OutboxRow
from bot.store.tables import (
    UNCERTAIN,
    WAITING,
    addresses,
    conversations,
    on_channels,
    outbox,
    reply_files,
    unsent,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Row
    from sqlalchemy.sql.dml import ReturningInsert

    from bot.domain.wakes import Wakes
    from bot.store.keys import Keys

_earlier = outbox.alias("earlier")

# Made once, for every turn asks them (see bot/store/inbox.py).
_SAID_ONE_MORE = (
    update(conversations)
    .where(conversations.c.id == bindparam("of_conversation"))
    .values(said_count=conversations.c.said_count + 1, updated_at=bindparam("now"))
    .returning(conversations.c.said_count)
)
_RELEASE = (
    update(outbox)
    .where(outbox.c.conversation_id == bindparam("of_conversation"), WAITING)
    .values(status="queued", available_at=bindparam("now"))
)
_NEXT_POSITION = select(func.count()).select_from(outbox).where(outbox.c.cause_inbound_id == bindparam("of_message"))
_DUE = (
    unsent(),
    outbox.c.available_at <= bindparam("now"),
    or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= bindparam("now")),
)
_ON = on_channels(outbox, bindparam("channels", expanding=True))
_IS_DUE = select(outbox.c.id).where(*_DUE, _ON).limit(1)
_IN_ORDER = (outbox.c.bulk, outbox.c.available_at, outbox.c.id)
_BEHIND_ANOTHER = (
    exists()
    .where(_earlier.c.conversation_id == outbox.c.conversation_id)
    .where(_earlier.c.number < outbox.c.number)
    .where(unsent(_earlier))
)
_FREE = (
    select(outbox.c.id)
    .where(*_DUE, ~_BEHIND_ANOTHER)
    .order_by(*_IN_ORDER)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=outbox)
)
_FREE_ON = _FREE.where(_ON)
_THESE = outbox.c.id.in_(bindparam("these", expanding=True))
_LEASE = (
    update(outbox)
    .where(_THESE)
    .values(
        status="leased",
        leased_until=bindparam("until"),
        lease_token=outbox.c.lease_token + 1,
        attempts=outbox.c.attempts + 1,
    )
)
_WITH_ADDRESSES = (
    select(
        outbox,
        conversations.c.newcomer_id,
        conversations.c.heard_at,
        addresses.c.id.label("address_id"),
        addresses.c.channel,
        addresses.c.blocked_at,
        addresses.c.sealed.label("address_sealed"),
    )
    .join(conversations, conversations.c.id == outbox.c.conversation_id)
    .join(addresses, addresses.c.id == conversations.c.address_id)
    .where(_THESE)
    .order_by(*_IN_ORDER)
)
_SETTLE = update(outbox).where(
    outbox.c.id == bindparam("of_outbox"),
    outbox.c.lease_token == bindparam("under"),
    outbox.c.status == literal_column("'leased'"),
)


@cache
def _say(*, in_postgresql: bool) -> ReturningInsert[Any]:
    """Return the insertion of a message that is queued."""
    # What stands behind a message that waits for its next try is not due before it; so nobody looks at it in vain.
    lane = outbox.c.conversation_id == bindparam("of_conversation")
    late = outbox.c.available_at > bindparam("now", type_=Moment)
    behind = select(func.max(outbox.c.available_at)).where(lane, unsent(), late).scalar_subquery()
    leaves_at = bindparam("leaves_at", type_=Moment)
    return (
        insert_into(outbox, in_postgresql=in_postgresql)
        .values(available_at=case((behind > leaves_at, behind), else_=leaves_at))
        .on_conflict_do_nothing(index_elements=["cause_inbound_id", "position"])
        .returning(outbox.c.available_at)
    )


@dataclass(frozen=True, kw_only=True)
class Reply:
    """
    Which case a person of the team answers, who, the last message they had read, and when it leaves.

    A message to a group belongs to no case.
    """

    case_id: str | None
    user_id: str
    seen_number: int | None
    leaves_at: datetime


# What a receipt may move on from: what is settled never goes back, whatever order the receipts come in.
_BEFORE: Mapping[str, tuple[str, ...]] = {
    "sent": ("queued", "leased", "uncertain"),
    "delivered": ("queued", "leased", "uncertain", "sent"),
    "read": ("queued", "leased", "uncertain", "sent", "delivered"),
    "failed": ("leased", "uncertain", "sent"),
    "waiting": ("leased", "uncertain", "sent"),
    "queued": ("leased", "uncertain", "sent"),  # taken, and given back: it may go once more
}


def _on(channels: Collection[str] | None) -> ColumnElement[bool]:
    """Return the condition that a message goes out on one of these channels; on any when None."""
    return true() if channels is None else on_channels(outbox, channels)


class Outbox:
    """The messages to newcomers."""

    def __init__(self, connection: Connection, keys: Keys, wakes: Wakes) -> None:
        self._connection = connection
        self._keys = keys
        self._wakes = wakes

    def say(  # noqa: PLR0913  # one message is these things
        self,
        conversation_id: str,
        cause_inbound_id: str | None,
        position: int,
        body: Mapping[str, Any],
        now: datetime,
        *,
        bulk: bool = False,
        reply: Reply | None = None,
    ) -> OutboxRow:
        """
        Queue a message as the conversation's next one; `bulk` lets the answers to other people go first.

        With `reply` it is what a person of the team writes, and waits until it can no longer be taken back.

        `cause_inbound_id` is the message it answers and `position` its place in that answer: the same place
        twice raises `AlreadySaidError`, and undoes the whole unit of work.
        """
        counted = {"of_conversation": conversation_id, "now": now}
        number = self._connection.execute(_SAID_ONE_MORE, counted).scalar_one_or_none()
        if number is None:
            raise ConversationGoneError(conversation_id)
        row_id = new_id()
        key = self._keys.of_conversation(conversation_id)
        stored = self._connection.execute(
            _say(in_postgresql=is_postgresql(self._connection)),
            {
                "id": row_id,
                "conversation_id": conversation_id,
                "number": number,
                "cause_inbound_id": cause_inbound_id,
                "position": position,
                "sealed": self._keys.seal_json(body, key, table="outbox", column="sealed", row=row_id),
                "of_conversation": conversation_id,
                "now": now,
                "leaves_at": reply.leaves_at if reply else now,
                "created_at": now,
                "bulk": bulk,
                "case_id": reply.case_id if reply else None,
                "user_id": reply.user_id if reply else None,
                "seen_number": reply.seen_number if reply else None,
            },
        ).one_or_none()
        if stored is None:
            raise AlreadySaidError(str(cause_inbound_id), position)
        if stored.available_at <= now:
            self._wakes.note(Wake.DELIVER)
        return OutboxRow(
            id=row_id,
            conversation_id=conversation_id,
            number=number,
            cause_inbound_id=cause_inbound_id,
            position=position,
            body=body,
            status="queued",
            available_at=stored.available_at,
            attempts=0,
            lease_token=0,
            leased_until=None,
            sent_at=None,
            provider_id=None,
            error=None,
            created_at=now,
            bulk=bulk,
            delivered_at=None,
            read_at=None,
            case_id=reply.case_id if reply else None,
            user_id=reply.user_id if reply else None,
        )

    def take_back(self, outbox_id: str, user_id: str, now: datetime) -> OutboxRow | None:
        """Drop a reply, its content too, that its writer wants back; None once it left, or when it is not theirs."""
        row = self.get(outbox_id)
        taken = self._connection.execute(
            update(outbox)
            .where(outbox.c.id == outbox_id, outbox.c.user_id == user_id)
            .where(outbox.c.status == "queued", outbox.c.attempts == 0, outbox.c.available_at > now)
            .values(status="dropped", sealed=None)
        )
        if taken.rowcount != 1:
            return None
        self._empty_files(outbox.c.id == outbox_id)
        return row

    def _empty_files(self, which: ColumnElement[bool]) -> None:
        """Drop what the files of these messages hold."""
        theirs = select(outbox.c.id).where(which, outbox.c.status == "dropped")
        self._connection.execute(update(reply_files).where(reply_files.c.outbox_id.in_(theirs)).values(sealed=None))

    def next_position(self, cause_inbound_id: str) -> int:
        """Return the place after what was said already because of this message."""
        position: int = self._connection.execute(_NEXT_POSITION, {"of_message": cause_inbound_id}).scalar_one()
        return position

    def is_due(self, now: datetime, *, channel: str) -> bool:
        """Return whether something may have to be sent on this channel now: a look that holds up no writer."""
        return self._connection.scalar(_IS_DUE, {"now": now, "channels": [channel]}) is not None

    def lease(
        self, now: datetime, limit: int, for_seconds: float, *, channels: Collection[str] | None = None
    ) -> list[LeasedRow]:
        """
        Take up to `limit` due messages to send, and nobody else gets them for `for_seconds`.

        With `channels` only their messages are taken: a process leaves alone what it cannot deliver.

        Only the first unsent message of a conversation is taken, so a newcomer reads them in order; one that
        waits for a retry holds up those behind it. A lease that ran out is taken again, under a newer token;
        call `lapsed` first for a messenger on which that could say a thing twice.
        """
        asked = {"now": now, "most": limit}
        if channels is None:
            ids = list(self._connection.scalars(_FREE, asked))
        else:
            ids = list(self._connection.scalars(_FREE_ON, {**asked, "channels": list(channels)}))
        if not ids:
            return []
        self._connection.execute(_LEASE, {"these": ids, "until": now + timedelta(seconds=for_seconds)})
        return self._with_addresses(ids)

    def _with_addresses(self, ids: list[str]) -> list[LeasedRow]:
        rows = self._connection.execute(_WITH_ADDRESSES, {"these": ids}).all()
        leased = []
        for row in rows:
            try:
                leased.append(self._addressed(row))
            except EncryptionError as error:
                # One row that cannot be opened must not keep everybody else's messages from going out.
                self.failed(row.id, row.lease_token, type(error).__name__, None)
        return leased

    def _addressed(self, row: Row[*tuple[Any, ...]]) -> LeasedRow:
        key = self._keys.of_conversation(row.conversation_id)
        address = self._keys.vault.open(
            row.address_sealed, key=key, table="addresses", column="sealed", row=row.address_id
        )
        return LeasedRow(
            **self._values(row),
            newcomer_id=row.newcomer_id,
            channel=row.channel,
            address=address.decode(),
            heard_at=row.heard_at,
            blocked=row.blocked_at is not None,
        )

    def sent(self, outbox_id: str, token: int, provider_id: str | None, now: datetime) -> bool:
        """Record that the messenger took it; False when the lease has passed to another."""
        return self._settle(
            outbox_id,
            token,
            status="sent",
            sent_at=now,
            provider_id=provider_id,
            leased_until=None,
            error=None,
        )

    def failed(self, outbox_id: str, token: int, error: str, retry_at: datetime | None, *, counts: bool = True) -> bool:
        """
        Record a failure: try again at `retry_at`, or never. False when the lease has passed to another.

        A try that was no fault of the message does not count (`counts` false).
        """
        if retry_at is None:
            return self._settle(outbox_id, token, status="failed", leased_until=None, error=error)
        attempts = outbox.c.attempts if counts else outbox.c.attempts - 1
        settled = self._settle(
            outbox_id,
            token,
            status="queued",
            available_at=retry_at,
            leased_until=None,
            error=error,
            attempts=attempts,
        )
        if settled:
            conversation = select(outbox.c.conversation_id).where(outbox.c.id == outbox_id).scalar_subquery()
            lane = (outbox.c.conversation_id == conversation, outbox.c.status == "queued")
            self._connection.execute(
                update(outbox).where(*lane, outbox.c.available_at < retry_at).values(available_at=retry_at)
            )
        return settled

    def uncertain(self, outbox_id: str, token: int, error: str, now: datetime) -> bool:
        """Record that nobody knows whether it arrived: it is not sent again, and a receipt may settle it."""
        return self._settle(outbox_id, token, status="uncertain", leased_until=None, error=error, available_at=now)

    def wait(self, outbox_id: str, token: int) -> bool:
        """Record that it waits until the newcomer writes; False when the lease has passed to another."""
        return self._settle(outbox_id, token, status="waiting", leased_until=None, error=None)

    def release_waiting(self, conversation_id: str, now: datetime) -> int:
        """Let go out what waited for the newcomer to write. Return how many."""
        released = self._connection.execute(_RELEASE, {"of_conversation": conversation_id, "now": now}).rowcount
        if released:
            self._wakes.note(Wake.DELIVER)
        return released

    def waiting_for(self, conversation_id: str) -> int:
        """Return how many messages wait for the newcomer to write."""
        query = select(func.count()).select_from(outbox).where(outbox.c.conversation_id == conversation_id, WAITING)
        return self._connection.execute(query).scalar_one()

    def lapsed(self, now: datetime, *, channel: str) -> int:
        """Mark as uncertain what was leased on this channel by a process that never said what became of it."""
        return self._connection.execute(
            update(outbox)
            .where(outbox.c.status == "leased", outbox.c.leased_until <= now, _on((channel,)))
            .values(
                status="uncertain",
                leased_until=None,
                error="lease ran out",
                available_at=outbox.c.leased_until,
            )
        ).rowcount

    def uncertain_since(self, before: datetime, *, channel: str, limit: int) -> list[LeasedRow]:
        """Return what has been uncertain on this channel since `before` or longer, the oldest first."""
        query = select(outbox.c.id).where(UNCERTAIN, outbox.c.available_at <= before, _on((channel,)))
        return self._with_addresses(list(self._connection.scalars(query.order_by(outbox.c.available_at).limit(limit))))

    def settled_as(  # noqa: PLR0913  # by name, what the receipt says
        self,
        outcome: str,
        now: datetime,
        *,
        outbox_id: str | None = None,
        provider_id: str | None = None,
        channel: str,
        error: str | None = None,
        retry_at: datetime | None = None,
        tries: int = 0,
    ) -> str | None:
        """
        Record what a receipt says of the message with this id, or with this messenger's id.

        As `queued` it goes out again at `retry_at`, unless it was tried more than `tries` times.

        Return its conversation's id; None when there is no such message, or it has moved on already.
        """
        which = outbox.c.id == outbox_id if outbox_id else outbox.c.provider_id == provider_id
        moments = {"sent": "sent_at", "delivered": "delivered_at", "read": "read_at"}
        values: dict[str, object] = {"status": outcome, "leased_until": None, "error": error}
        if outcome in moments:
            values[moments[outcome]] = now
            values["sent_at"] = func.coalesce(outbox.c.sent_at, now)
            values["provider_id"] = func.coalesce(outbox.c.provider_id, provider_id)
        else:
            values["sent_at"] = None if outcome in {"waiting", "queued"} else outbox.c.sent_at
        may: ColumnElement[bool] = true()
        if outcome == "queued":
            values |= {"provider_id": None, "available_at": retry_at}
            may = outbox.c.attempts <= tries
        conversation: str | None = self._connection.scalar(
            update(outbox)
            .where(which, outbox.c.status.in_(_BEFORE[outcome]), _on((channel,)), may)
            .values(**values)
            .returning(outbox.c.conversation_id)
        )
        return conversation

    def stuck(self, limit: int) -> list[OutboxRow]:
        """Return what did not arrive, or may not have, the latest first: what a person must look at."""
        query = select(outbox).where(outbox.c.status.in_(("failed", "uncertain"))).order_by(outbox.c.id.desc())
        rows = self._connection.execute(query.limit(limit)).all()
        return [OutboxRow(**self._values(row)) for row in rows]

    def retry(self, outbox_id: str, now: datetime) -> bool:
        """Queue once more what failed or is uncertain; False when it is neither, or its content is gone."""
        self._wakes.note(Wake.DELIVER)
        return self._again(outbox_id, status="queued", available_at=now, attempts=0, error=None)

    def drop(self, outbox_id: str) -> bool:
        """Give up what failed or is uncertain, its content too; False when it is neither."""
        dropped = self._again(outbox_id, status="dropped", sealed=None)
        self._empty_files(outbox.c.id == outbox_id)
        return dropped

    def _again(self, outbox_id: str, **values: object) -> bool:
        stuck = outbox.c.status.in_(("failed", "uncertain"))
        return (
            self._connection.execute(
                update(outbox).where(outbox.c.id == outbox_id, stuck, outbox.c.sealed.is_not(None)).values(**values)
            ).rowcount
            == 1
        )

    def give_up(self, conversation_id: str, error: str) -> int:
        """Fail what still has to go out in a conversation that can't be reached any more. Return how many."""
        return self._connection.execute(
            update(outbox)
            .where(outbox.c.conversation_id == conversation_id, outbox.c.status.in_(("queued", "waiting")))
            .values(status="failed", error=error)
        ).rowcount

    def _settle(self, outbox_id: str, token: int, **values: object) -> bool:
        asked = {"of_outbox": outbox_id, "under": token}
        if any(isinstance(value, ColumnElement) for value in values.values()):
            settled = self._connection.execute(_SETTLE.values(**values), asked)
        else:
            settled = self._connection.execute(_SETTLE, {**asked, **values})
        return settled.rowcount == 1

    def after(self, conversation_id: str, number: int) -> list[OutboxRow]:
        """Return what was said in the conversation after this number, in order."""
        return self._rows(outbox.c.conversation_id == conversation_id, outbox.c.number > number)

    def all_for(self, conversation_id: str) -> list[OutboxRow]:
        """Return all that was said in the conversation, in order."""
        return self._rows(outbox.c.conversation_id == conversation_id)

    def latest(self, conversation_id: str, limit: int, *, before: datetime | None = None) -> list[OutboxRow]:
        """Return the last that was said, before a moment when one is given; the newest first."""
        query = select(outbox).where(outbox.c.conversation_id == conversation_id)
        if before is not None:
            query = query.where(outbox.c.created_at < before)
        rows = self._connection.execute(query.order_by(outbox.c.number.desc()).limit(limit)).all()
        return [OutboxRow(**self._values(row)) for row in rows]

    def get(self, outbox_id: str) -> OutboxRow | None:
        """Return one message."""
        rows = self._rows(outbox.c.id == outbox_id)
        return rows[0] if rows else None

    def cancel_for(self, conversation_id: str) -> int:
        """Drop what waits in the conversation, its content too; what is being sent goes. Return how many."""
        dropped = self._connection.execute(
            update(outbox)
            .where(outbox.c.conversation_id == conversation_id, outbox.c.status == "queued")
            .values(status="dropped", sealed=None)
        ).rowcount
        self._empty_files(outbox.c.conversation_id == conversation_id)
        return dropped

    def knows(self, provider_id: str, *, channel: str, besides: str) -> bool:
        """Return whether another message on this channel has this messenger's id."""
        same = (outbox.c.provider_id == provider_id, outbox.c.id != besides, _on((channel,)))
        return self._connection.scalar(select(outbox.c.id).where(*same).limit(1)) is not None

    def unsent_for(self, newcomer_id: str) -> int:
        """Return how many messages to this newcomer still have to go out."""
        theirs = select(conversations.c.id).where(conversations.c.newcomer_id == newcomer_id)
        query = select(func.count()).select_from(outbox).where(unsent(), outbox.c.conversation_id.in_(theirs))
        return self._connection.execute(query).scalar_one()

    def _rows(self, *conditions: ColumnElement[bool]) -> list[OutboxRow]:
        rows = self._connection.execute(select(outbox).where(*conditions).order_by(outbox.c.number)).all()
        return [OutboxRow(**self._values(row)) for row in rows]

    def _values(self, row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
        key = self._keys.of_conversation(row.conversation_id)
        return {
            "id": row.id,
            "conversation_id": row.conversation_id,
            "number": row.number,
            "cause_inbound_id": row.cause_inbound_id,
            "position": row.position,
            "body": self._keys.open_json(row.sealed, key, table="outbox", column="sealed", row=row.id),
            "status": row.status,
            "available_at": row.available_at,
            "attempts": row.attempts,
            "lease_token": row.lease_token,
            "leased_until": row.leased_until,
            "sent_at": row.sent_at,
            "provider_id": row.provider_id,
            "error": row.error,
            "created_at": row.created_at,
            "bulk": row.bulk,
            "delivered_at": row.delivered_at,
            "read_at": row.read_at,
            "case_id": row.case_id,
            "user_id": row.user_id,
        }
