"""
How much of everything waits, read by those who watch the service: counts and ages, nobody's row.

Each figure is one read along an index that holds only what waits, so that it costs the same in the third year. What is
not kept in such an index (messages that failed) is counted over the last day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, distinct, exists, func, literal_column, select

from bot.store.tables import (
    ERASING,
    FILES_DUE,
    HELD,
    OPEN,
    PINGS_DUE,
    UNCERTAIN,
    UNREAD,
    WAITING,
    attachments,
    budgets,
    cases,
    conversations,
    inbound,
    newcomers,
    outbox,
    pings,
    sessions,
    unsent,
)
from bot.store.trajectory_tables import WAITING as REMINDER_WAITS
from bot.store.trajectory_tables import reminders

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

RECENTLY = timedelta(days=1)
# A goodbye is tried for an hour; what is still here after two was forgotten by us.
GOODBYE_AT_MOST = timedelta(hours=2)


@dataclass(frozen=True, kw_only=True)
class Pile:
    """How many there are, and since when the oldest waits; None when there are none."""

    count: int = 0
    since: datetime | None = None

    def seconds(self, now: datetime) -> float:
        """Return for how long the oldest waits; 0 when there are none."""
        return max(0.0, (now - self.since).total_seconds()) if self.since else 0.0


@dataclass(frozen=True, kw_only=True)
class OpenCases:
    """The open cases of one team, in one state, of one priority."""

    team: str
    state: str
    priority: str
    pile: Pile
    overdue: int  # how many of them their team was told of that they wait too long


@dataclass(frozen=True, kw_only=True)
class StockRow:
    """All of it, at one moment."""

    unread: Pile = Pile()  # conversations with a message that was not answered yet
    held: Pile = Pile()  # messages that wait for a yes to the notice
    outbox: Mapping[str, int] = field(default_factory=dict)  # by status, of what is not settled
    due: Pile = Pile()  # messages whose moment to be sent has come
    lanes_in_back_off: int = 0  # conversations whose next message waits for another try
    failed: int = 0  # of the messages of the last day
    paused: Mapping[str, float] = field(default_factory=dict)  # seconds that an account still rests, as it asked
    reminders: Pile = Pile()  # due now
    cases: tuple[OpenCases, ...] = ()
    erasures: int = 0  # people who asked to be erased, and whose last rows are still here
    erasures_overdue: int = 0  # of them, those whose goodbye had time enough
    pings: Pile = Pile()  # messages to the team
    files: Pile = Pile()  # to fetch from a messenger, or to delete there
    sessions: int = 0  # people signed in at the desk


class Stock:
    """Counts what waits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def taken(self, now: datetime) -> StockRow:
        """Return how much waits at this moment."""
        files = attachments.c
        return StockRow(
            unread=self._pile(distinct(inbound.c.conversation_id), inbound.c.received_at, UNREAD),
            held=self._pile(inbound.c.id, inbound.c.received_at, HELD),
            outbox=self._outbox(),
            due=self._pile(outbox.c.id, outbox.c.available_at, unsent(), outbox.c.available_at <= now),
            lanes_in_back_off=self._lanes_in_back_off(now),
            failed=self.failed_since(now - RECENTLY),
            paused=self._paused(now),
            reminders=self._pile(reminders.c.id, reminders.c.due_at, REMINDER_WAITS, reminders.c.due_at <= now),
            cases=self._cases(),
            erasures=self._pile(newcomers.c.id, newcomers.c.created_at, ERASING).count,
            erasures_overdue=self._erasures_overdue(now),
            pings=self._pile(pings.c.id, pings.c.available_at, PINGS_DUE, pings.c.available_at <= now),
            files=self._pile(files.id, files.available_at, FILES_DUE, files.available_at <= now),
            sessions=self._sessions(now),
        )

    def failed_since(self, moment: datetime) -> int:
        """Return how many of the messages that were written since then did not arrive, and never will by themselves."""
        conditions = (outbox.c.created_at >= moment, outbox.c.status == "failed")
        return self._connection.execute(select(func.count()).select_from(outbox).where(*conditions)).scalar_one()

    def _pile(
        self, what: ColumnElement[str], moment: ColumnElement[datetime], *conditions: ColumnElement[bool]
    ) -> Pile:
        row = self._connection.execute(select(func.count(what), func.min(moment)).where(*conditions)).one()
        return Pile(count=row[0], since=row[1])

    def _outbox(self) -> dict[str, int]:
        found = {"queued": 0, "leased": 0}
        by_status = select(outbox.c.status, func.count()).where(unsent()).group_by(outbox.c.status)
        found |= {row[0]: row[1] for row in self._connection.execute(by_status).all()}
        for name, condition in (("waiting", WAITING), ("uncertain", UNCERTAIN)):
            found[name] = self._connection.execute(
                select(func.count()).select_from(outbox).where(condition)
            ).scalar_one()
        return found

    def _lanes_in_back_off(self, now: datetime) -> int:
        tried = and_(outbox.c.status == literal_column("'queued'"), outbox.c.attempts > 0)
        query = select(func.count(distinct(outbox.c.conversation_id))).where(
            unsent(), tried, outbox.c.available_at > now
        )
        return self._connection.execute(query).scalar_one()

    def _erasures_overdue(self, now: datetime) -> int:
        theirs = conversations.c.newcomer_id == newcomers.c.id
        lately = exists().where(theirs, conversations.c.updated_at > now - GOODBYE_AT_MOST)
        return self._connection.execute(
            select(func.count()).select_from(newcomers).where(ERASING, ~lately)
        ).scalar_one()

    def _paused(self, now: datetime) -> dict[str, float]:
        rows = self._connection.execute(select(budgets.c.account, budgets.c.paused_until)).all()
        return {
            row.account: max(0.0, (row.paused_until - now).total_seconds()) if row.paused_until else 0.0 for row in rows
        }

    def _cases(self) -> tuple[OpenCases, ...]:
        owed = and_(cases.c.answered_at.is_(None), cases.c.pinged > 0, cases.c.state.in_(["queued", "active"]))
        query = (
            select(
                *(cases.c.team, cases.c.state, cases.c.priority, func.count()),
                *(func.min(cases.c.waiting_since), func.sum(case((owed, 1), else_=0))),
            )
            .where(OPEN)
            .group_by(cases.c.team, cases.c.state, cases.c.priority)
            .order_by(cases.c.team, cases.c.state, cases.c.priority)
        )
        return tuple(
            OpenCases(
                team=row[0], state=row[1], priority=row[2], pile=Pile(count=row[3], since=row[4]), overdue=int(row[5])
            )
            for row in self._connection.execute(query).all()
        )

    def _sessions(self, now: datetime) -> int:
        conditions = (sessions.c.expires_at > now, sessions.c.confirmed_at.is_not(None))
        query = select(func.count(distinct(sessions.c.user_id))).where(*conditions)
        return self._connection.execute(query).scalar_one()
