"""
Who signed up for which occasion. Its row is held while somebody joins, leaves or moves up: never too many go.

The waiting list moves up in the order in which people came onto it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, exists, func, insert, or_, select, update

from bot.store.ids import new_id
from bot.store.participation_rows import SignUpRow
from bot.store.participation_tables import ASKS, REMINDS, occasions, offers, sign_ups

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

_OTHERS = sign_ups.alias("others")
_GOING = (
    select(func.count())
    .select_from(_OTHERS)
    .where(_OTHERS.c.occasion_id == occasions.c.id, _OTHERS.c.state == "going")
    .scalar_subquery()
)


def _by(until: datetime | None) -> tuple[ColumnElement[bool], ...]:
    return () if until is None else (occasions.c.starts_at <= until,)


class SignUps:
    """Sign-ups."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def join(self, occasion_id: str, newcomer_id: str, now: datetime) -> SignUpRow | None:
        """
        Sign somebody up, or put them on the waiting list; who is there already stays as they are.

        None when the occasion is over, off, or unknown.
        """
        capacity = self._held(occasion_id, now)
        if capacity is None:
            return None
        before = self.get(occasion_id, newcomer_id)
        if before is not None and before.state != "cancelled":
            return before
        waits = self._count(occasion_id, "waiting")
        # A place that is free belongs to who waits for it.
        is_free = not waits and (capacity < 0 or self._count(occasion_id, "going") < capacity)
        if before is not None:
            self._connection.execute(delete(sign_ups).where(sign_ups.c.id == before.id))
        values: dict[str, Any] = {
            "id": new_id(),
            "occasion_id": occasion_id,
            "newcomer_id": newcomer_id,
            "state": "going" if is_free else "waiting",
            "at": now,
        }
        self._connection.execute(insert(sign_ups).values(**values))
        return SignUpRow(**values)

    def leave(self, occasion_id: str, newcomer_id: str) -> SignUpRow | None:
        """Take somebody off; return how they stood before, None when they were not there."""
        self._connection.execute(select(occasions.c.id).where(occasions.c.id == occasion_id).with_for_update())
        before = self.get(occasion_id, newcomer_id)
        if before is None or before.state == "cancelled":
            return None
        self.change(occasion_id, newcomer_id, state="cancelled", remind_at=None, ask_at=None)
        return before

    def to_move_up(self, now: datetime, limit: int, until: datetime | None = None) -> list[tuple[str, str]]:
        """
        Return occasion and newcomer of who can get a place that became free: of each occasion who waits longest.

        With `until` only of what begins by then.
        """
        earlier = exists().where(
            _OTHERS.c.occasion_id == sign_ups.c.occasion_id,
            _OTHERS.c.state == "waiting",
            or_(_OTHERS.c.at < sign_ups.c.at, and_(_OTHERS.c.at == sign_ups.c.at, _OTHERS.c.id < sign_ups.c.id)),
        )
        query = (
            select(sign_ups.c.occasion_id, sign_ups.c.newcomer_id)
            .join(occasions, occasions.c.id == sign_ups.c.occasion_id)
            .join(offers, offers.c.id == occasions.c.offer_id)
            .where(sign_ups.c.state == "waiting", occasions.c.state == "planned", occasions.c.starts_at > now)
            .where(or_(offers.c.capacity.is_(None), offers.c.capacity > _GOING), ~earlier)
            .where(*_by(until))
            .order_by(sign_ups.c.at, sign_ups.c.id)
        )
        return [(row.occasion_id, row.newcomer_id) for row in self._connection.execute(query.limit(limit))]

    def move_up(self, occasion_id: str, newcomer_id: str, now: datetime) -> bool:
        """Give somebody the place that became free; False when there is none, or others waited longer."""
        capacity = self._held(occasion_id, now)
        if capacity is None or (0 <= capacity <= self._count(occasion_id, "going")):
            return False
        first = self._connection.scalar(
            select(sign_ups.c.newcomer_id)
            .where(sign_ups.c.occasion_id == occasion_id, sign_ups.c.state == "waiting")
            .order_by(sign_ups.c.at, sign_ups.c.id)
            .limit(1)
        )
        if first != newcomer_id:
            return False
        self.change(occasion_id, newcomer_id, state="going")
        return True

    # ---- one

    def get(self, occasion_id: str, newcomer_id: str) -> SignUpRow | None:
        """Return how somebody stands with an occasion."""
        row = self._connection.execute(
            select(sign_ups).where(sign_ups.c.occasion_id == occasion_id, sign_ups.c.newcomer_id == newcomer_id)
        ).one_or_none()
        return None if row is None else SignUpRow(**row._mapping)  # noqa: SLF001  # SQLAlchemy's own name

    def of(self, newcomer_id: str) -> list[SignUpRow]:
        """Return all that somebody signed up for, the first occasion first."""
        query = (
            select(sign_ups)
            .join(occasions, occasions.c.id == sign_ups.c.occasion_id)
            .where(sign_ups.c.newcomer_id == newcomer_id)
            .order_by(occasions.c.starts_at, sign_ups.c.id)
        )
        return [SignUpRow(**row._mapping) for row in self._connection.execute(query)]  # noqa: SLF001

    def change(self, occasion_id: str, newcomer_id: str, **values: Any) -> None:
        """Change what is known of a sign-up: its `state`, `remind_at`, `ask_at`, `attended`, `liked`, `outbox_id`."""
        here = (sign_ups.c.occasion_id == occasion_id, sign_ups.c.newcomer_id == newcomer_id)
        self._connection.execute(update(sign_ups).where(*here).values(**values))

    # ---- due

    def to_remind(self, now: datetime, limit: int) -> list[tuple[str, str]]:
        """Return occasion and newcomer of the reminders that are due, who waits longest first."""
        query = select(sign_ups.c.occasion_id, sign_ups.c.newcomer_id).where(REMINDS, sign_ups.c.remind_at <= now)
        query = query.order_by(sign_ups.c.remind_at).limit(limit)
        return [(row.occasion_id, row.newcomer_id) for row in self._connection.execute(query)]

    def to_ask(self, now: datetime, limit: int) -> list[tuple[str, str]]:
        """Return occasion and newcomer of those to be asked how it was, who waits longest first."""
        query = select(sign_ups.c.occasion_id, sign_ups.c.newcomer_id).where(ASKS, sign_ups.c.ask_at <= now)
        query = query.order_by(sign_ups.c.ask_at).limit(limit)
        return [(row.occasion_id, row.newcomer_id) for row in self._connection.execute(query)]

    def to_tell_off(self, now: datetime, limit: int, until: datetime | None = None) -> list[tuple[str, str]]:
        """
        Return occasion and newcomer of who has not been told yet that something is off, the soonest first.

        With `until` only of what would have begun by then.
        """
        is_off = or_(occasions.c.state == "cancelled", offers.c.state == "cancelled")
        query = (
            select(sign_ups.c.occasion_id, sign_ups.c.newcomer_id)
            .join(occasions, occasions.c.id == sign_ups.c.occasion_id)
            .join(offers, offers.c.id == occasions.c.offer_id)
            .where(is_off, occasions.c.starts_at > now, *_by(until))
            .where(sign_ups.c.state != "cancelled", sign_ups.c.told_cancelled_at.is_(None))
            .order_by(occasions.c.starts_at, sign_ups.c.id)
        )
        return [(row.occasion_id, row.newcomer_id) for row in self._connection.execute(query.limit(limit))]

    # ---- parts

    def _held(self, occasion_id: str, now: datetime) -> int | None:
        """Hold an occasion that is still to be; return for how many it is, -1 for any number, None when it is over."""
        row = self._connection.execute(
            select(occasions.c.starts_at, occasions.c.state, offers.c.capacity, offers.c.state.label("offer_state"))
            .join(offers, offers.c.id == occasions.c.offer_id)
            .where(occasions.c.id == occasion_id)
            .with_for_update(of=occasions)
        ).one_or_none()
        if row is None or row.state != "planned" or row.offer_state != "published" or row.starts_at <= now:
            return None
        return -1 if row.capacity is None else int(row.capacity)

    def _count(self, occasion_id: str, state: str) -> int:
        query = select(func.count()).select_from(sign_ups)
        here = (sign_ups.c.occasion_id == occasion_id, sign_ups.c.state == state)
        return self._connection.scalar(query.where(*here)) or 0
