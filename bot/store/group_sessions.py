"""The sessions of the coaches' groups: when and where, who is invited, who says they come, who was there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, insert, select, update

from bot.store.dialect import insert_or
from bot.store.ids import new_id
from bot.store.trajectory_rows import GuestRow, SessionOfGroupRow
from bot.store.trajectory_tables import REMINDS, group_sessions, session_guests

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

_NAMES = tuple(column.name for column in group_sessions.c)
# Built once: it is asked whenever somebody's days are counted.
_FOR_NEWCOMER = (
    select(session_guests, *(column.label(f"of_{column.name}") for column in group_sessions.c))
    .join(group_sessions, group_sessions.c.id == session_guests.c.session_id)
    .where(session_guests.c.newcomer_id == bindparam("newcomer"))
    .order_by(group_sessions.c.at)
)


class GroupSessions:
    """Meetings of groups."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def plan(  # noqa: PLR0913  # a meeting is these things
        self, coach_id: str, *, template: str, task: str, at: datetime, place: str, subject: str | None = None
    ) -> SessionOfGroupRow:
        """Plan the next session of a task for a coach's group. The coach must be held (`Groups.hold`)."""
        here = (
            group_sessions.c.coach_id == coach_id,
            group_sessions.c.template == template,
            group_sessions.c.task == task,
        )
        last = self._connection.scalar(select(func.max(group_sessions.c.number)).where(*here))
        values: dict[str, Any] = {
            "id": new_id(),
            "coach_id": coach_id,
            "template": template,
            "task": task,
            "number": (last or 0) + 1,
            "at": at,
            "place": place,
            "state": "planned",
            "subject": subject,
        }
        self._connection.execute(insert(group_sessions).values(**values))
        return SessionOfGroupRow(**values)

    def get(self, session_id: str) -> SessionOfGroupRow | None:
        """Return one session."""
        row = self._connection.execute(select(group_sessions).where(group_sessions.c.id == session_id)).one_or_none()
        return None if row is None else SessionOfGroupRow(**row._mapping)  # noqa: SLF001  # SQLAlchemy's own name

    def of_coach(self, coach_id: str) -> list[SessionOfGroupRow]:
        """Return the sessions of a coach's group, the first first."""
        query = select(group_sessions).where(group_sessions.c.coach_id == coach_id).order_by(group_sessions.c.at)
        return [SessionOfGroupRow(**row._mapping) for row in self._connection.execute(query).all()]  # noqa: SLF001

    def change(self, session_id: str, **values: object) -> None:
        """Change when (`at`), where (`place`), or what became of it (`state`)."""
        self._connection.execute(update(group_sessions).where(group_sessions.c.id == session_id).values(**values))

    # ---- guests

    def invite(self, session_id: str, newcomer_id: str, now: datetime) -> bool:
        """Invite somebody; False when they are invited already."""
        invited = self._connection.scalar(
            insert_or(self._connection, session_guests)
            .values(id=new_id(), session_id=session_id, newcomer_id=newcomer_id, invited_at=now)
            .on_conflict_do_nothing(index_elements=["session_id", "newcomer_id"])
            .returning(session_guests.c.id)
        )
        return invited is not None

    def answer(self, session_id: str, newcomer_id: str, answer: str | None) -> bool:
        """Record whether somebody comes (`yes`, `no`; None: they are asked anew); False when they are not invited."""
        return self._of_guest(session_id, newcomer_id, answer=answer)

    def attended(self, session_id: str, newcomer_id: str, *, was_there: bool) -> bool:
        """Record whether somebody was there; False when they are not invited."""
        return self._of_guest(session_id, newcomer_id, attended=was_there)

    def told(self, session_id: str, newcomer_id: str, outbox_id: str | None) -> None:
        """Record in which message somebody was told of it last; None: there was no way to them."""
        self._of_guest(session_id, newcomer_id, outbox_id=outbox_id)

    def wind(self, session_id: str, newcomer_id: str, remind_at: datetime | None) -> None:
        """Set when somebody's reminder is tried next; None: none is wanted any more."""
        self._of_guest(session_id, newcomer_id, remind_at=remind_at)

    def to_remind(self, now: datetime, limit: int) -> list[tuple[str, str]]:
        """Return session and newcomer of the reminders that are due, who waits longest first."""
        query = select(session_guests.c.session_id, session_guests.c.newcomer_id)
        query = query.where(REMINDS, session_guests.c.remind_at <= now).order_by(session_guests.c.remind_at)
        return [(row.session_id, row.newcomer_id) for row in self._connection.execute(query.limit(limit)).all()]

    def invitation(self, session_id: str, newcomer_id: str) -> tuple[SessionOfGroupRow, GuestRow] | None:
        """Return the session and what is known of this guest; None when they are not invited to it."""
        found = [pair for pair in self.for_newcomer(newcomer_id) if pair[0].id == session_id]
        return found[0] if found else None

    def is_invited(self, newcomer_id: str, *, template: str, task: str, number: int) -> bool:
        """Return whether somebody is invited to this session of a task, and it is not cancelled."""
        query = (
            select(session_guests.c.id)
            .join(group_sessions, group_sessions.c.id == session_guests.c.session_id)
            .where(session_guests.c.newcomer_id == newcomer_id, group_sessions.c.template == template)
            .where(group_sessions.c.task == task, group_sessions.c.number == number)
            .where(group_sessions.c.state != "cancelled")
        )
        return self._connection.scalar(query.limit(1)) is not None

    def guests(self, session_id: str) -> list[GuestRow]:
        """Return who is invited to a session, who was invited first on top."""
        query = select(session_guests).where(session_guests.c.session_id == session_id).order_by(session_guests.c.id)
        return [_guest(row) for row in self._connection.execute(query).all()]

    def for_newcomer(self, newcomer_id: str) -> list[tuple[SessionOfGroupRow, GuestRow]]:
        """Return the sessions that somebody is invited to, the first first."""
        return [
            (SessionOfGroupRow(**{name: getattr(row, f"of_{name}") for name in _NAMES}), _guest(row))
            for row in self._connection.execute(_FOR_NEWCOMER, {"newcomer": newcomer_id})
        ]

    def _of_guest(self, session_id: str, newcomer_id: str, **values: object) -> bool:
        here = (session_guests.c.session_id == session_id, session_guests.c.newcomer_id == newcomer_id)
        return self._connection.execute(update(session_guests).where(*here).values(**values)).rowcount == 1


def _guest(row: Any) -> GuestRow:
    return GuestRow(
        session_id=row.session_id,
        newcomer_id=row.newcomer_id,
        invited_at=row.invited_at,
        answer=row.answer,
        attended=row.attended,
        remind_at=row.remind_at,
        outbox_id=row.outbox_id,
    )
