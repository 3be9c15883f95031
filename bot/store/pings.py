"""
What tells people of the team that there is something to look at: queued, sent, failed; and the codes that tie a chat.

Pings follow the events of the cases by a cursor. An event that was written while another was looked at may lie before
it, so a look goes back a little, and an event of which a person was told is known by its id: nobody is told twice.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, func, insert, select, update

from bot.store.dialect import insert_or
from bot.store.ids import new_id
from bot.store.rows import CaseEventRow, MatterRow, PingRow
from bot.store.tables import PINGS_DUE, case_events, cases, counters, invitations, newcomers, pings

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

    from bot.store.encryption import Vault

# An event is stored at most so long after the moment it bears.
_STORED_WITHIN = timedelta(minutes=2)
_CURSOR = "pings"
_TELEGRAM = "telegram"
# A code that ties a chat is good once, and so long.
TIE_WITHIN = timedelta(minutes=15)


class Pings:
    """The pings, and how far the events of the cases have been looked at."""

    def __init__(self, connection: Connection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    # ---- what happened

    def looked_until(self) -> datetime | None:
        """Return up to which minute events were looked at; None when nobody has looked yet."""
        minute = self._connection.scalar(select(counters.c.value).where(counters.c.name == _CURSOR))
        return None if minute is None else datetime.fromtimestamp(minute * 60, UTC)

    def hold(self) -> None:
        """Be the only one who looks, until the end of this unit of work."""
        query = select(counters.c.value).where(counters.c.name == _CURSOR)
        self._connection.execute(query.with_for_update())

    def looked(self, now: datetime) -> None:
        """Move the cursor to this minute; it never goes back."""
        minute = int(now.timestamp()) // 60
        stored = insert_or(self._connection, counters).values(name=_CURSOR, value=minute)
        self._connection.execute(
            stored.on_conflict_do_update(
                index_elements=["name"], set_={"value": minute}, where=counters.c.value < minute
            )
        )

    def events_since(self, moment: datetime, kinds: Collection[str]) -> list[CaseEventRow]:
        """Return what happened to the cases since then and nobody was told of, in order."""
        told = exists().where(pings.c.event_id == case_events.c.id)
        query = (
            select(case_events)
            .where(case_events.c.at >= moment - _STORED_WITHIN, case_events.c.kind.in_(kinds), ~told)
            .order_by(case_events.c.at, case_events.c.id)
        )
        return [
            CaseEventRow(
                id=row.id, case_id=row.case_id, at=row.at, kind=row.kind, actor=row.actor, detail=row.detail_json
            )
            for row in self._connection.execute(query).all()
        ]

    # ---- telling

    def was_told_of(self, user_id: str, case_id: str, since: datetime) -> bool:
        """Return whether somebody was told of this case after that moment, or is about to be."""
        theirs = (pings.c.user_id == user_id, pings.c.case_id == case_id, pings.c.available_at > since)
        return self._connection.scalar(select(pings.c.id).where(*theirs).limit(1)) is not None

    def queue(  # noqa: PLR0913  # one ping is these things
        self,
        user_id: str,
        *,
        kind: str,
        channel: str,
        now: datetime,
        at: datetime,
        case_id: str | None = None,
        event_id: str | None = None,
    ) -> None:
        """Have somebody told on one of their ways, at this moment; of the same event only once."""
        self._connection.execute(
            insert_or(self._connection, pings)
            .values(
                id=new_id(),
                user_id=user_id,
                kind=kind,
                channel=channel,
                case_id=case_id,
                event_id=event_id,
                available_at=at,
                created_at=now,
            )
            .on_conflict_do_nothing(index_elements=["event_id", "user_id", "channel"])
        )

    def matter(self, case_id: str) -> MatterRow | None:
        """Return what pings go by of a case, without any of its words; None when its newcomer is being forgotten."""
        names = ("state", "team", "assignee_id", "priority", "answered_at", "warned")
        row = self._connection.execute(
            select(*(cases.c[name] for name in names))
            .join(newcomers, newcomers.c.id == cases.c.newcomer_id)
            .where(cases.c.id == case_id, newcomers.c.status != "erasing")
        ).one_or_none()
        return None if row is None else MatterRow(**{name: getattr(row, name) for name in names})

    def due(self, now: datetime, limit: int, channels: Collection[str]) -> list[PingRow]:
        """Return pings that are to be sent on these channels, the oldest first."""
        query = (
            select(pings)
            .where(PINGS_DUE, pings.c.available_at <= now, pings.c.channel.in_(channels))
            .order_by(pings.c.available_at)
            .limit(limit)
        )
        return [
            PingRow(
                id=row.id,
                user_id=row.user_id,
                kind=row.kind,
                channel=row.channel,
                case_id=row.case_id,
                event_id=row.event_id,
                status=row.status,
                attempts=row.attempts,
                created_at=row.created_at,
            )
            for row in self._connection.execute(query).all()
        ]

    def lease(self, ping: PingRow, until: datetime) -> bool:
        """Take a ping to send it, so that nobody else does until then; False when somebody was before us."""
        return self._settle(ping, ping.attempts, attempts=ping.attempts + 1, available_at=until)

    def sent(self, ping: PingRow) -> None:
        """Record that a leased ping was taken by the messenger."""
        self._settle(ping, ping.attempts + 1, status="sent")

    def failed(self, ping: PingRow, again_at: datetime | None) -> None:
        """Record that a leased ping was not taken; it is tried again at this moment, or never."""
        changed = {"status": "failed"} if again_at is None else {"available_at": again_at}
        self._settle(ping, ping.attempts + 1, **changed)

    def give_up(self, ping: PingRow) -> None:
        """Record that a ping cannot be sent, whoever has it."""
        self._connection.execute(update(pings).where(pings.c.id == ping.id, PINGS_DUE).values(status="failed"))

    def drop(self, ping: PingRow) -> None:
        """Tell it to nobody after all."""
        self._connection.execute(delete(pings).where(pings.c.id == ping.id))

    def _settle(self, ping: PingRow, tried: int, **values: object) -> bool:
        mine = (pings.c.id == ping.id, PINGS_DUE, pings.c.attempts == tried)
        return self._connection.execute(update(pings).where(*mine).values(**values)).rowcount == 1

    def last_of(self, user_id: str, kind: str) -> datetime | None:
        """Return when somebody was last told this."""
        mine = (pings.c.user_id == user_id, pings.c.kind == kind)
        last: datetime | None = self._connection.scalar(select(func.max(pings.c.created_at)).where(*mine))
        return last

    def drop_before(self, moment: datetime) -> int:
        """Delete what was told, or could not be, before this moment; return how many."""
        old = (pings.c.created_at < moment, pings.c.status != "queued")
        return self._connection.execute(delete(pings).where(*old)).rowcount

    # ---- a chat that is somebody's

    def ask_tie(self, user_id: str, now: datetime) -> str:
        """Make a code that ties the chat in which it is entered to this person; an earlier one no longer counts."""
        mine = (invitations.c.user_id == user_id, invitations.c.purpose == _TELEGRAM)
        self._connection.execute(delete(invitations).where(*mine))
        code = secrets.token_urlsafe(16)
        digest, *_ = self._vault.code_digests(f"telegram {code}")
        self._connection.execute(
            insert(invitations).values(
                id=new_id(), user_id=user_id, purpose=_TELEGRAM, digest=digest, expires_at=now + TIE_WITHIN
            )
        )
        return code

    def take_tie(self, code: str, now: datetime) -> str | None:
        """Use a code up and return whose it is; None when it is unknown, used or too old."""
        digests = self._vault.code_digests(f"telegram {code}")
        taken = self._connection.execute(
            delete(invitations)
            .where(invitations.c.purpose == _TELEGRAM, invitations.c.digest.in_(digests))
            .returning(invitations.c.user_id, invitations.c.expires_at)
        ).one_or_none()
        return None if taken is None or taken.expires_at <= now else str(taken.user_id)
