"""Who of the team looked at what, and what the organisation decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, select

from bot.store.ids import new_id
from bot.store.rows import DecisionRow, ViewRow
from bot.store.tables import decisions, views

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from bot.store.keys import Keys


class Views:
    """The journal of what was looked at. Nothing in it is ever changed; after its time it goes."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._connection = connection
        self._keys = keys

    def note(  # noqa: PLR0913  # who looked at what, whose, why
        self,
        user_id: str,
        what: str,
        now: datetime,
        *,
        newcomer_id: str | None = None,
        case_number: int | None = None,
        reason: str | None = None,
    ) -> None:
        """Write down that somebody looked; `reason` is sealed, because it may tell something of a person."""
        view_id = new_id()
        sealed = None
        if reason is not None:
            key = self._keys.of_user(user_id)
            sealed = self._keys.vault.seal(reason, key=key, table="views", column="reason_sealed", row=view_id)
        self._connection.execute(
            insert(views).values(
                id=view_id,
                at=now,
                user_id=user_id,
                newcomer_id=newcomer_id,
                case_number=case_number,
                what=what,
                reason_sealed=sealed,
            )
        )

    def latest(self, limit: int, *, newcomer_id: str | None = None, user_id: str | None = None) -> list[ViewRow]:
        """Return the last that was looked at, the newest first; of one newcomer, or by one person, when named."""
        query = select(views).order_by(views.c.at.desc(), views.c.id.desc()).limit(limit)
        if newcomer_id is not None:
            query = query.where(views.c.newcomer_id == newcomer_id)
        if user_id is not None:
            query = query.where(views.c.user_id == user_id)
        return [self.opened(row) for row in self._connection.execute(query).all()]

    def last_reason(self, user_id: str, newcomer_id: str, since: datetime) -> str | None:
        """Return why somebody opened this newcomer's file since then, when they had to say; None when they did not."""
        row = self._connection.execute(
            select(views)
            .where(views.c.user_id == user_id, views.c.newcomer_id == newcomer_id, views.c.at >= since)
            .where(views.c.reason_sealed.is_not(None))
            .order_by(views.c.at.desc())
            .limit(1)
        ).one_or_none()
        return None if row is None else self.opened(row).reason

    def has_seen(self, user_id: str, newcomer_id: str, what: str, since: datetime) -> bool:
        """Return whether it is written down that somebody looked at this of this newcomer since then."""
        query = select(views.c.id).where(views.c.newcomer_id == newcomer_id, views.c.at >= since)
        return (
            self._connection.scalar(query.where(views.c.user_id == user_id, views.c.what == what).limit(1)) is not None
        )

    def drop_older_than(self, moment: datetime) -> int:
        """Delete what was looked at before this moment; return how many rows went."""
        return self._connection.execute(delete(views).where(views.c.at < moment)).rowcount

    def opened(self, row: Row[*tuple[Any, ...]]) -> ViewRow:
        """Return a row of the journal with its reason."""
        reason = None
        if row.reason_sealed is not None:
            key = self._keys.of_user(row.user_id)
            reason = self._keys.vault.open(
                row.reason_sealed, key=key, table="views", column="reason_sealed", row=row.id
            ).decode()
        return ViewRow(
            id=row.id,
            at=row.at,
            user_id=row.user_id,
            newcomer_id=row.newcomer_id,
            case_number=row.case_number,
            what=row.what,
            reason=reason,
        )


# Made once, for every turn asks it (see bot/store/inbox.py).
_DECIDED = (
    select(decisions)
    .where(decisions.c.name == bindparam("of_name"))
    .order_by(decisions.c.at.desc(), decisions.c.id.desc())
    .limit(bindparam("most"))
)


class Decisions:
    """What the organisation decided: the newest of a name counts, the earlier ones stay readable."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, name: str, value: Any, *, note: str | None, user_id: str, now: datetime) -> None:  # JSON's values
        """Write a decision down: its value (JSON), its grounds in words, by whom and when."""
        self._connection.execute(
            insert(decisions).values(id=new_id(), name=name, value_json=value, note=note, user_id=user_id, at=now)
        )

    def current(self, name: str) -> DecisionRow | None:
        """Return what was decided last; None when nothing was."""
        return next(iter(self.history(name, limit=1)), None)

    def history(self, name: str, *, limit: int = 50) -> list[DecisionRow]:
        """Return what was decided, the newest first."""
        rows = self._connection.execute(_DECIDED, {"of_name": name, "most": limit}).all()
        return [
            DecisionRow(name=row.name, value=row.value_json, note=row.note, user_id=row.user_id, at=row.at)
            for row in rows
        ]
