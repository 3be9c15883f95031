"""
The reminders: one row for each day on which a task wants one, and the messages in which they went out.

A reminder that is due is found by one indexed read. Who sends it holds its newcomer first, so nobody locks more than
their own rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from bot.store.ids import new_id
from bot.store.trajectory_rows import ReminderMessageRow, ReminderRow
from bot.store.trajectory_tables import WAITING, reminder_messages, reminders
from bot.trajectory.reminders import Why
from bot.trajectory.template import DeadlineKind

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, RowMapping, Select

    from bot.trajectory.reminders import Nudge

# Parameters of one statement stay far below what either database takes.
AT_ONCE = 500

# Built once: they are asked at every sweep and for everybody, and to build one costs more than to run it.
_DUE = (
    select(reminders.c.newcomer_id)
    .where(WAITING, reminders.c.due_at <= bindparam("now"))
    .order_by(reminders.c.due_at)
    .limit(bindparam("most"))
)
_ALL = select(reminders).order_by(reminders.c.day, reminders.c.id)
_DUE_FOR = _ALL.where(reminders.c.newcomer_id == bindparam("newcomer"), WAITING, reminders.c.due_at <= bindparam("now"))
_OF_TRAJECTORY = _ALL.where(reminders.c.trajectory_id == bindparam("trajectory"))
_OF_TASK = _ALL.where(reminders.c.task_id == bindparam("task"))
_IN_MESSAGE = _ALL.where(reminders.c.message_id == bindparam("message"))
_STILL_WAITING = update(reminders).where(reminders.c.id.in_(bindparam("ids", expanding=True)), WAITING)
_SENT_SINCE = (
    select(reminder_messages.c.sent_at)
    .where(reminder_messages.c.newcomer_id == bindparam("newcomer"), reminder_messages.c.sent_at > bindparam("moment"))
    .order_by(reminder_messages.c.sent_at)
)


class Reminders:
    """The reminders of everybody."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # ---- planned

    def add(self, newcomer_id: str, trajectory_id: str, wanted: Sequence[tuple[str, Nudge, datetime]]) -> None:
        """Plan reminders: each is a task's id, what is wanted, and when it is first tried."""
        rows = [
            {
                "id": new_id(),
                "task_id": task_id,
                "trajectory_id": trajectory_id,
                "newcomer_id": newcomer_id,
                "day": nudge.day,
                "why": nudge.why.value,
                "about": nudge.on,
                "kind": nudge.kind.value,
                "limit_id": nudge.limit,
                "due_at": due_at,
                "state": "waiting",
            }
            for task_id, nudge, due_at in wanted
        ]
        if rows:
            self._connection.execute(insert(reminders), rows)

    def of_trajectory(self, trajectory_id: str) -> list[ReminderRow]:
        """Return every reminder of a trajectory, in the order of their days."""
        return self._found(_OF_TRAJECTORY, trajectory=trajectory_id)

    def of_task(self, task_id: str) -> list[ReminderRow]:
        """Return every reminder of one task, in the order of their days."""
        return self._found(_OF_TASK, task=task_id)

    def drop(self, ids: Collection[str]) -> None:
        """Delete reminders that are not wanted any more, where they still wait."""
        for some in _parts(ids):
            self._connection.execute(delete(reminders).where(reminders.c.id.in_(some), WAITING))

    def again(self, reminder_id: str, due_at: datetime) -> None:
        """Have a reminder that had ended wait again: its task is asked after all."""
        here = (reminders.c.id == reminder_id, reminders.c.state == "ended")
        self._connection.execute(update(reminders).where(*here).values(state="waiting", rule=None, due_at=due_at))

    def end_for(self, task_ids: Collection[str], rule: str) -> None:
        """End what still waits for these tasks; `rule` says why."""
        for some in _parts(task_ids):
            here = (reminders.c.task_id.in_(some), WAITING)
            self._connection.execute(update(reminders).where(*here).values(state="ended", rule=rule))

    def end_all(self, trajectory_id: str, rule: str) -> None:
        """End what still waits in this trajectory."""
        here = (reminders.c.trajectory_id == trajectory_id, WAITING)
        self._connection.execute(update(reminders).where(*here).values(state="ended", rule=rule))

    # ---- due

    def due(self, now: datetime, limit: int) -> list[str]:
        """Return the newcomers of the first so many reminders that are due, who waits longest first."""
        return list(dict.fromkeys(self._connection.scalars(_DUE, {"now": now, "most": limit})))

    def due_for(self, newcomer_id: str, now: datetime) -> list[ReminderRow]:
        """Return what is due for one newcomer."""
        return self._found(_DUE_FOR, newcomer=newcomer_id, now=now)

    def wind(self, ids: Collection[str], due_at: datetime, rule: str | None) -> None:
        """Have reminders tried again at this moment; `rule` is what holds them back until then."""
        self._move(ids, due_at=due_at, rule=rule)

    def end(self, ids: Collection[str], rule: str) -> None:
        """End reminders for good; `rule` says why."""
        self._move(ids, state="ended", rule=rule)

    def sent(  # noqa: PLR0913  # which, in what message, to whom, when
        self,
        ids: Collection[str],
        *,
        newcomer_id: str,
        conversation_id: str,
        outbox_id: str,
        tasks: int,
        now: datetime,
    ) -> str:
        """Record that these went out together; return the id of the message they went in."""
        message_id = new_id()
        self._connection.execute(
            insert(reminder_messages).values(
                id=message_id,
                newcomer_id=newcomer_id,
                conversation_id=conversation_id,
                outbox_id=outbox_id,
                sent_at=now,
                tasks=tasks,
            )
        )
        self._move(ids, state="sent", sent_at=now, message_id=message_id, rule=None)
        return message_id

    def in_message(self, message_id: str) -> list[ReminderRow]:
        """Return what went out in one message."""
        return self._found(_IN_MESSAGE, message=message_id)

    # ---- messages

    def messages(self, newcomer_id: str) -> list[ReminderMessageRow]:
        """Return every message that reminded this person, the first first."""
        query = select(reminder_messages).where(reminder_messages.c.newcomer_id == newcomer_id)
        rows = self._connection.execute(query.order_by(reminder_messages.c.sent_at)).all()
        return [ReminderMessageRow(**row._mapping) for row in rows]  # noqa: SLF001  # SQLAlchemy's own name for it

    def sent_since(self, newcomer_id: str, moment: datetime) -> tuple[datetime, ...]:
        """Return when messages reminded this person, after this moment."""
        return tuple(self._connection.scalars(_SENT_SINCE, {"newcomer": newcomer_id, "moment": moment}))

    def answered(self, newcomer_id: str, now: datetime) -> None:
        """Record that the person reacted to the last message that reminded them; only the first time counts."""
        mine = reminder_messages.c.newcomer_id == newcomer_id
        last = select(func.max(reminder_messages.c.sent_at)).where(mine).scalar_subquery()
        here = (mine, reminder_messages.c.sent_at == last, reminder_messages.c.answered_at.is_(None))
        self._connection.execute(update(reminder_messages).where(*here).values(answered_at=now))

    # ---- parts

    def _move(self, ids: Collection[str], **values: Any) -> None:
        """Set this of the reminders that still wait."""
        for some in _parts(ids):
            self._connection.execute(_STILL_WAITING, {"ids": some, **values})

    def _found(self, query: Select[*tuple[Any, ...]], **of: Any) -> list[ReminderRow]:
        return [_opened(row) for row in self._connection.execute(query, of).mappings()]


def _opened(row: RowMapping) -> ReminderRow:
    same = {**row, "why": Why(row["why"]), "kind": DeadlineKind(row["kind"])}
    return ReminderRow(**same)


def _parts(ids: Collection[str]) -> list[list[str]]:
    listed = list(ids)
    return [listed[start : start + AT_ONCE] for start in range(0, len(listed), AT_ONCE)]
