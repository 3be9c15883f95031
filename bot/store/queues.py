"""
The cases as lists: who waits, in which order, with whom. No row here holds anything that anybody wrote.

The order of the queue is crisis, urgent, normal, and within each of them who waits longest. It is read team by team,
state by state and priority by priority, along `ix_cases_queue`, so that a page costs the same however many wait.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, union_all

from bot.handoff.case import Status
from bot.store.rows import NewsRow, QueueRow
from bot.store.tables import OPEN, PRIORITIES, case_events, cases, conversations, newcomers, users

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row, Select

# The most pressing first.
ORDER = tuple(reversed(PRIORITIES))
OPEN_STATES = tuple(status.value for status in Status if status is not Status.CLOSED)
# Of these events the detail tells in which team the case was before.
_MOVED = frozenset({"transferred", "routed"})

_LISTED = (
    *(cases.c.id, cases.c.number, cases.c.language, cases.c.topic, cases.c.reason, cases.c.priority, cases.c.state),
    *(cases.c.team, cases.c.version, cases.c.waiting_since, cases.c.opened_at, cases.c.answered_at),
    *(cases.c.lease_until, cases.c.warned, cases.c.pinged, cases.c.snoozed_until, cases.c.crisis_at, cases.c.due_at),
    *(conversations.c.channel, conversations.c.heard_at, cases.c.assignee_id, users.c.pseudonym),
)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place in the queue's order: a page begins after it."""

    priority: str
    waiting_since: datetime
    id: str


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which open cases: of these teams (none: nothing), in these states, in these languages and of this topic."""

    teams: frozenset[str]
    states: tuple[str, ...] = (Status.QUEUED.value,)
    languages: frozenset[str] | None = None
    topic: str | None = None

    def filters(self) -> Iterator[ColumnElement[bool]]:
        """Yield what a case must be besides its team and state."""
        yield OPEN
        if self.languages is not None:
            yield cases.c.language.in_(sorted(self.languages))
        if self.topic is not None:
            yield cases.c.topic == self.topic


@dataclass(frozen=True, kw_only=True)
class Counted:
    """How many open cases a team has in each state, by priority; and how many of them wait too long."""

    by_state: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def of(self, *states: str, priority: str | None = None) -> int:
        """Return how many are in these states."""
        return sum(
            count
            for state in states
            for name, count in self.by_state.get(state, {}).items()
            if priority in {None, name}
        )


class Queues:
    """Who waits, with whom, and what changed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # ---- pages of the queue

    def page(self, wanted: Wanted, *, after: Place | None = None, limit: int = 50) -> list[QueueRow]:
        """Return the next so many cases in the queue's order."""
        found: list[QueueRow] = []
        for priority in ORDER[ORDER.index(after.priority) if after else 0 :]:
            since = after if after is not None and after.priority == priority else None
            found += self._of_priority(wanted, priority, since, limit - len(found))
            if len(found) == limit:
                break
        return found

    def suggested(self, teams: frozenset[str], languages: frozenset[str], *, limit: int) -> list[QueueRow]:
        """Return what somebody who speaks these languages could take: in each priority, those languages first."""
        found: dict[str, QueueRow] = {}
        theirs, any_of_them = Wanted(teams=teams, languages=languages), Wanted(teams=teams)
        for priority in ORDER:
            for wanted in (theirs, any_of_them) if languages else (any_of_them,):
                found |= {
                    row.id: row for row in self._of_priority(wanted, priority, None, limit) if row.id not in found
                }
                if len(found) >= limit:
                    return list(found.values())[:limit]
        return list(found.values())

    def crises(self, teams: frozenset[str], *, limit: int = 20) -> list[QueueRow]:
        """Return the open crises that nobody has, who waits longest first."""
        return self._of_priority(Wanted(teams=teams), "crisis", None, limit)

    def of(self, user_id: str) -> list[QueueRow]:
        """Return the cases that somebody has, in the queue's order."""
        rows = self._rows(_listed().where(OPEN, cases.c.assignee_id == user_id))
        return sorted(rows, key=lambda row: (ORDER.index(row.priority), row.waiting_since, row.id))

    def overdue(self, teams: frozenset[str], *, limit: int) -> list[QueueRow]:
        """Return the cases of which their team was told that they wait too long, who waits longest first."""
        query = _listed().where(*_overdue(teams)).order_by(cases.c.waiting_since, cases.c.id)
        return self._rows(query.limit(limit)) if teams else []

    def _of_priority(self, wanted: Wanted, priority: str, after: Place | None, limit: int) -> list[QueueRow]:
        heads = [
            select(
                select(cases.c.id, cases.c.waiting_since)
                .where(cases.c.team == team, cases.c.state == state, cases.c.priority == priority)
                .where(*wanted.filters(), *_after(after))
                .order_by(cases.c.waiting_since, cases.c.id)
                .limit(limit)
                .subquery()
            )
            for team in sorted(wanted.teams)
            for state in wanted.states
        ]
        if not heads or limit <= 0:
            return []
        ids = union_all(*heads).subquery()
        first = select(ids.c.id).order_by(ids.c.waiting_since, ids.c.id).limit(limit).subquery()
        query = _listed().join(first, first.c.id == cases.c.id).order_by(cases.c.waiting_since, cases.c.id)
        return self._rows(query)

    # ---- counts

    def counts(self, teams: frozenset[str]) -> dict[str, Counted]:
        """Return how many open cases each of these teams has."""
        query = (
            select(cases.c.team, cases.c.state, cases.c.priority, func.count().label("count"))
            .where(OPEN, cases.c.team.in_(sorted(teams)))
            .group_by(cases.c.team, cases.c.state, cases.c.priority)
        )
        found: dict[str, dict[str, dict[str, int]]] = {team: {} for team in teams}
        for row in self._connection.execute(query).all():
            found[row.team].setdefault(row.state, {})[row.priority] = row[3]
        return {team: Counted(by_state=by_state) for team, by_state in found.items()}

    def how_many(self, wanted: Wanted) -> int:
        """Return how many cases there are of these."""
        query = (
            select(func.count())
            .select_from(cases)
            .where(cases.c.team.in_(sorted(wanted.teams)), cases.c.state.in_(wanted.states), *wanted.filters())
        )
        return self._connection.execute(query).scalar_one()

    def how_many_overdue(self, teams: frozenset[str]) -> dict[str, int]:
        """Return, by team, how many cases their team was told of that they wait too long."""
        query = select(cases.c.team, func.count()).where(*_overdue(teams)).group_by(cases.c.team)
        return {row[0]: row[1] for row in self._connection.execute(query).all()}

    def loads(self, teams: frozenset[str]) -> dict[tuple[str, str], int]:
        """Return how many open cases of each of these teams somebody has, by team and person."""
        query = (
            select(cases.c.team, cases.c.assignee_id, func.count())
            .where(OPEN, cases.c.assignee_id.is_not(None), cases.c.team.in_(sorted(teams)))
            .group_by(cases.c.team, cases.c.assignee_id)
        )
        return {(row[0], row[1]): row[2] for row in self._connection.execute(query).all()}

    # ---- what happened

    def last_of(self, case_ids: Collection[str], kinds: Collection[str]) -> dict[str, str]:
        """Return, by case, which of these kinds of events was its last."""
        query = (
            select(case_events.c.case_id, case_events.c.kind)
            .where(case_events.c.case_id.in_(case_ids), case_events.c.kind.in_(kinds))
            .order_by(case_events.c.at, case_events.c.id)
        )
        return {row.case_id: row.kind for row in self._connection.execute(query).all()} if case_ids else {}

    def news(self, since: datetime, *, limit: int) -> list[NewsRow]:
        """Return what happened from this moment on, in order."""
        query = (
            select(
                *(case_events.c.id, case_events.c.case_id, case_events.c.at, case_events.c.kind),
                *(case_events.c.detail_json, cases.c.team, newcomers.c.coach_id),
            )
            .select_from(case_events)
            .join(cases, cases.c.id == case_events.c.case_id)
            .join(newcomers, newcomers.c.id == cases.c.newcomer_id)
            .where(case_events.c.at >= since)
            .order_by(case_events.c.at, case_events.c.id)
        )
        return [_news_from(row) for row in self._connection.execute(query.limit(limit)).all()]

    def happened_at(self, event_id: str) -> datetime | None:
        """Return when something happened; None when that event is not known, or not any more."""
        found: datetime | None = self._connection.scalar(select(case_events.c.at).where(case_events.c.id == event_id))
        return found

    def _rows(self, query: Select[*tuple[Any, ...]]) -> list[QueueRow]:
        return [_row_from(row) for row in self._connection.execute(query).all()]


def _listed() -> Select[*tuple[Any, ...]]:
    return (
        select(*_LISTED)
        .select_from(cases)
        .join(conversations, conversations.c.id == cases.c.conversation_id)
        .outerjoin(users, users.c.id == cases.c.assignee_id)
    )


def _after(place: Place | None) -> Iterable[ColumnElement[bool]]:
    if place is None:
        return ()
    # The first of the two is what an index can begin at.
    since, later = cases.c.waiting_since >= place.waiting_since, cases.c.waiting_since > place.waiting_since
    return (since, or_(later, cases.c.id > place.id))


def _overdue(teams: Collection[str]) -> Iterable[ColumnElement[bool]]:
    owes = and_(cases.c.state.in_([Status.QUEUED.value, Status.ACTIVE.value]), cases.c.answered_at.is_(None))
    return (OPEN, cases.c.team.in_(sorted(teams)), owes, cases.c.pinged > 0)


def _news_from(row: Row[*tuple[Any, ...]]) -> NewsRow:
    # Who no longer has the case must see it go.
    before = {row.detail_json.get("from")} if row.kind in _MOVED else set()
    teams = frozenset(team for team in {row.team, *before} if isinstance(team, str))
    return NewsRow(id=row.id, case_id=row.case_id, at=row.at, teams=teams, coach_id=row.coach_id)


def _row_from(row: Row[*tuple[Any, ...]]) -> QueueRow:
    same = {name: getattr(row, name) for name in _AS_IT_IS}
    return QueueRow(**same, assignee=row.pseudonym, waiting_since=row.waiting_since or row.opened_at)


_AS_IT_IS = tuple(
    column.name for column in _LISTED if column.name not in {"opened_at", "waiting_since", users.c.pseudonym.name}
)
