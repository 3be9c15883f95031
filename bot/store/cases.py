"""
The cases: questions that the team has, at most one open per newcomer.

Every change of where a case stands goes by the table of `bot/handoff/case.py`, is one UPDATE on the version that was
read, and leaves an event. It also sets `due_at` to now: `bot/attend.py` then works out when time will act next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, case, func, insert, not_, or_, select, update

from bot.domain.wakes import Wake
from bot.handoff.case import OVERDUE, WITH_A_PERSON, Event, Outcome, Status, becomes
from bot.store.dialect import insert_or
from bot.store.errors import CannotHappenError
from bot.store.holding import hold_people
from bot.store.ids import new_id
from bot.store.rows import CaseEventRow, CaseRow, NoteRow, StandingRow
from bot.store.tables import (
    DUE,
    OPEN,
    PRIORITIES,
    REPLY,
    case_events,
    case_notes,
    cases,
    conversations,
    counters,
    newcomers,
    outbox,
    users,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from bot.domain.wakes import Wakes
    from bot.store.keys import Keys

# What the case of a reply is told of it, by what became of it in the outbox.
# Made once, for every turn asks it (see bot/store/inbox.py).
_STANDING = (
    select(cases.c.id, cases.c.number, cases.c.state, cases.c.after_close)
    .where(cases.c.newcomer_id == bindparam("of_newcomer"))
    .where(or_(OPEN, cases.c.closed_at > bindparam("closed_after")))
    # What the team was told by time alone is no question that the newcomer waits for.
    .where(or_(not_(cases.c.reason.startswith(OVERDUE)), cases.c.first_answered_at.is_not(None)))
    .order_by(case((OPEN, 0), else_=1), cases.c.closed_at.desc())
    .limit(1)
)
_TOLD = {"sent": "accepted", "delivered": "accepted", "read": "accepted", "waiting": "waits", "failed": "failed"}
_EVENT = {"accepted": Event.REPLY_ACCEPTED, "waits": Event.REPLY_WAITS, "failed": Event.REPLY_FAILED}


class Cases:
    """The cases and what happened to them."""

    def __init__(self, connection: Connection, keys: Keys, wakes: Wakes) -> None:
        self._connection = connection
        self._keys = keys
        self._wakes = wakes

    # ---- opening

    def open(  # noqa: PLR0913  # what a case is made of; all but whose it is goes by name
        self,
        newcomer_id: str,
        conversation_id: str,
        *,
        reason: str,
        priority: str,
        topic: str | None,
        question_id: str | None,
        language: str | None,
        summary: str | None,
        now: datetime,
        actor: str = "bot",
        team: str | None = None,
    ) -> CaseRow:
        """
        Open a case, or add to the one that is open.

        A newcomer with an open case keeps it: the new reason becomes an event, the priority only rises, and
        the new summary is written under the old one. `team` is who gets a new case, and one in the queue that
        becomes a crisis.
        """
        # Two channels of one newcomer can ask at once; the newcomer's row decides who opens.
        self._hold(newcomer_id)
        detail = {"reason": reason, "priority": priority, "topic": topic, "question_id": question_id}
        existing = self.open_for(newcomer_id)
        if existing is not None:
            became_crisis = self._add_to(existing, priority, summary, now)
            if existing.reason.startswith(OVERDUE) and actor == "bot":
                # Nobody had asked; now the newcomer does, and waits for an answer.
                asked = {"reason": reason, "topic": topic, "question_id": question_id, "waiting_since": now}
                self._set(existing.id, **asked, due_at=now)
            self.note(existing.id, kind="asked_again", actor=actor, now=now, detail=detail)
            if became_crisis:
                self.note(existing.id, kind="crisis", actor=actor, now=now)
            self._told_where(existing, conversation_id, team if became_crisis else None, now)
            return self._get(existing.id)
        case_id = new_id()
        earlier = self._last_closed(newcomer_id)
        self._connection.execute(
            insert(cases).values(
                id=case_id,
                number=self._next_number(),
                newcomer_id=newcomer_id,
                conversation_id=conversation_id,
                priority=priority,
                reason=reason,
                topic=topic,
                question_id=question_id,
                language=language,
                summary_sealed=self._sealed(newcomer_id, case_id, summary),
                opened_at=now,
                waiting_since=now,
                due_at=now,
                crisis_at=now if priority == "crisis" else None,
                earlier_case_id=earlier,
                **({"team": team} if team else {}),
            )
        )
        if earlier is not None:
            self.settle_choice(earlier)
        self.note(case_id, kind="opened", actor=actor, now=now, detail=detail | ({"team": team} if team else {}))
        if priority == "crisis":
            self.note(case_id, kind="crisis", actor=actor, now=now)
        return self._get(case_id)

    def keep_one_open(self, one: str, other: str, now: datetime) -> None:
        """
        Close the later case when both newcomers have one, before they become one person.

        Its words, its notes and its haste go over to the earlier case, which says where they came from; who has waited
        longest keeps their number. When only the later one is with a person of the same team, that person now has the
        earlier one. Who answers next is decided by `route_all`, once they are one.
        """
        both = [case for case in (self.open_for(one), self.open_for(other)) if case is not None]
        if one == other or len(both) < 2:  # noqa: PLR2004  # a case each
            return
        stays, closes = sorted(both, key=lambda case: (case.opened_at, case.number))
        run = self._connection.execute
        if self._add_to(stays, closes.priority, closes.summary, now):
            self.note(stays.id, kind="crisis", actor="bot", now=now)
        if stays.state == Status.QUEUED and closes.assignee_id and stays.team == closes.team:
            kept = ("state", "assignee_id", "answered_at", "lease_from", "snoozed_until", "reminded_at", "pinged")
            values = {name: getattr(closes, name) for name in kept}
            run(update(cases).where(cases.c.id == stays.id).values(**values, version=cases.c.version + 1, due_at=now))
        ended = {"state": Status.CLOSED.value, "outcome": Outcome.JOINED.value, "closed_at": now, "due_at": None}
        run(
            update(cases)
            .where(cases.c.id == closes.id)
            .values(**ended, summary_sealed=None, assignee_id=None, version=cases.c.version + 1, after_close="new")
        )
        run(update(case_notes).where(case_notes.c.case_id == closes.id).values(case_id=stays.id))
        run(update(outbox).where(outbox.c.case_id == closes.id).values(case_id=stays.id))
        run(update(conversations).where(conversations.c.id == closes.conversation_id).values(route="bot"))
        self.note(closes.id, kind="joined_to", actor="bot", now=now, detail={"case": stays.number})
        detail = {
            "case": closes.number,
            "reason": closes.reason,
            "priority": closes.priority,
            "topic": closes.topic,
            "question_id": closes.question_id,
        }
        self.note(stays.id, kind="joined", actor="bot", now=now, detail=detail)

    # ---- finding

    def open_for(self, newcomer_id: str) -> CaseRow | None:
        """Return the newcomer's open case, if they have one."""
        query = select(cases).where(cases.c.newcomer_id == newcomer_id, OPEN)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else self._opened(row)

    def get(self, case_id: str) -> CaseRow | None:
        """Return one case."""
        row = self._connection.execute(select(cases).where(cases.c.id == case_id)).one_or_none()
        return None if row is None else self._opened(row)

    def of(self, newcomer_id: str) -> list[CaseRow]:
        """Return every case of one newcomer, the latest first."""
        query = select(cases).where(cases.c.newcomer_id == newcomer_id).order_by(cases.c.number.desc())
        return [self._opened(row) for row in self._connection.execute(query).all()]

    def held(self, case_id: str) -> CaseRow | None:
        """Return one case, with its newcomer and all their conversations held for this unit of work."""
        whose = select(cases.c.newcomer_id).where(cases.c.id == case_id)
        newcomer_id = self._connection.scalar(whose)
        while newcomer_id is not None:
            hold_people(self._connection, newcomer_id)
            # They may have become another person while we waited; then that one is held too.
            now = self._connection.scalar(whose)
            if now == newcomer_id:
                return self._get(case_id, hold=True)
            newcomer_id = now
        return None

    def standing(self, newcomer_id: str, closed_after: datetime) -> StandingRow | None:
        """Return the newcomer's open case, else the last one that was closed after this moment and left a choice."""
        asked = {"of_newcomer": newcomer_id, "closed_after": closed_after}
        row = self._connection.execute(_STANDING, asked).one_or_none()
        if row is None or (row.state == Status.CLOSED and row.after_close == "new"):
            return None
        return StandingRow(id=row.id, number=row.number, state=row.state, after_close=row.after_close)

    def due(self, now: datetime, limit: int) -> list[str]:
        """Return cases in which time may have to act, the one that waits longest for it first."""
        query = select(cases.c.id).where(DUE, cases.c.due_at <= now).order_by(cases.c.due_at).limit(limit)
        return list(self._connection.scalars(query))

    def without_account(self, limit: int) -> list[str]:
        """Return cases whose person's account is off."""
        query = (
            select(cases.c.id)
            .join(users, users.c.id == cases.c.assignee_id)
            .where(cases.c.assignee_id.is_not(None), users.c.active.is_(False))
        )
        return list(self._connection.scalars(query.limit(limit)))

    def last_crisis(self, newcomer_id: str) -> datetime | None:
        """Return when a case of this person last became a crisis; None when none did."""
        query = select(cases.c.crisis_at).where(cases.c.newcomer_id == newcomer_id, cases.c.crisis_at.is_not(None))
        return max(self._connection.scalars(query), default=None)

    def waiting_before(self, waiting: CaseRow) -> int:
        """Return how many cases of the same team come before this one."""
        rank = case({name: at for at, name in enumerate(PRIORITIES)}, value=cases.c.priority)
        mine = PRIORITIES.index(waiting.priority)
        query = (
            select(func.count())
            .select_from(cases)
            .where(OPEN, cases.c.team == waiting.team, cases.c.state == Status.QUEUED.value, cases.c.id != waiting.id)
            .where(or_(rank > mine, and_(rank == mine, cases.c.waiting_since < waiting.waiting_since)))
        )
        return self._connection.execute(query).scalar_one()

    def first_answers(self, team: str, since: datetime, limit: int = 200) -> list[tuple[datetime, datetime]]:
        """Return when cases of this team that were opened after `since` were asked and first answered."""
        rows = self._connection.execute(
            select(cases.c.opened_at, cases.c.first_answered_at)
            .where(cases.c.team == team, cases.c.opened_at >= since, cases.c.first_answered_at.is_not(None))
            .order_by(cases.c.opened_at.desc())
            .limit(limit)
        ).all()
        return [(row.opened_at, row.first_answered_at) for row in rows]

    # ---- what happens to a case

    def claim(self, case_id: str, version: int, user_id: str, now: datetime) -> CaseRow | None:
        """Give a waiting case to the first who asks, by one UPDATE; None for everybody else."""
        claimed = self._connection.execute(
            update(cases)
            .where(cases.c.id == case_id, cases.c.version == version)
            .where(cases.c.assignee_id.is_(None), cases.c.state == Status.QUEUED.value)
            .values(
                assignee_id=user_id,
                state=Status.ACTIVE.value,
                version=cases.c.version + 1,
                lease_from=now,
                warned=False,
                due_at=now,
            )
        )
        if claimed.rowcount != 1:
            return None
        self.note(case_id, kind=Event.CLAIMED, actor=user_id, now=now)
        return self._get(case_id)

    def move(
        self,
        case: CaseRow,
        event: Event,
        *,
        actor: str,
        now: datetime,
        detail: Mapping[str, Any] | None = None,
        **values: object,
    ) -> CaseRow | None:
        """
        Let this happen to the case as it was read; None when it has changed since.

        Raises:
            CannotHappenError: it cannot happen where the case stands.

        """
        after = becomes(Status(case.state), event)
        if after is None:
            raise CannotHappenError(event, case.state)
        changed = {**_follows(case, event, after, now), **values}
        moved = self._connection.execute(
            update(cases)
            .where(cases.c.id == case.id, cases.c.version == case.version, cases.c.state == case.state)
            .values(state=after.value, version=cases.c.version + 1, due_at=now, **changed)
        )
        if moved.rowcount != 1:
            return None
        self.note(case.id, kind=event, actor=actor, now=now, detail=detail)
        return self._get(case.id)

    def heard(self, newcomer_id: str, conversation_id: str, now: datetime) -> CaseRow | None:
        """
        Record that the newcomer wrote to the person who has their case: it is that person's turn again.

        The case goes along to the conversation in which they wrote.
        """
        self._hold(newcomer_id)
        found = self.open_for(newcomer_id)
        if found is None:
            return None
        # A receipt may change it too, without holding its newcomer.
        found = self._get(found.id, hold=True)
        return self.move(found, Event.NEWCOMER_WROTE, actor="newcomer", now=now, conversation_id=conversation_id)

    def touch(self, case_id: str, now: datetime) -> None:
        """Record that who has the case did something about it: their time starts anew."""
        self._connection.execute(
            update(cases)
            .where(cases.c.id == case_id, cases.c.assignee_id.is_not(None))
            .values(lease_from=now, warned=False, due_at=now)
        )

    def ask_earlier_or_new(self, case_id: str, until: datetime) -> None:
        """Record that the newcomer was asked whether they mean this closed case; silence until then means yes."""
        self._set(case_id, after_close="asked", choice_until=until, due_at=until)

    def settle_choice(self, case_id: str) -> None:
        """Record that what the newcomer asks now is another question than this closed case."""
        self._set(case_id, after_close="new", choice_until=None, due_at=None)

    def reopen(
        self, case_id: str, conversation_id: str, *, summary: str | None, actor: str, now: datetime
    ) -> CaseRow | None:
        """Put a closed case back into the queue, with what the newcomer added; None when it is open, or another is."""
        closed = self.get(case_id)
        if closed is None or closed.state != Status.CLOSED:
            return None
        self._hold(closed.newcomer_id)
        if self.open_for(closed.newcomer_id) is not None:
            return None
        self._add_to(closed, "normal", summary, now)
        closed = self._get(case_id, hold=True)
        return self.move(closed, Event.REOPENED, actor=actor, now=now, conversation_id=conversation_id)

    def set_priority(self, case: CaseRow, priority: str, now: datetime, *, actor: str) -> CaseRow | None:
        """Change how soon a person must look, as the case was read; None when it has changed since."""
        crisis_at = (case.crisis_at or now) if priority == "crisis" else None
        changed = self._connection.execute(
            update(cases)
            .where(cases.c.id == case.id, cases.c.version == case.version)
            .values(priority=priority, crisis_at=crisis_at, version=cases.c.version + 1, due_at=now)
        )
        if changed.rowcount != 1:
            return None
        self.note(case.id, kind="priority", actor=actor, now=now, detail={"from": case.priority, "to": priority})
        return self._get(case.id)

    def wind(self, case_id: str, due_at: datetime | None, **values: object) -> None:
        """Set when time may act next, and what it has done (`pinged`, `warned`, `reminded_at`, `lease_until`)."""
        self._set(case_id, due_at=due_at, **values)

    def route_all(self, newcomer_id: str) -> None:
        """Have who answers next be the same in all of a person's conversations: a person while one has their case."""
        found = self.open_for(newcomer_id)
        route = "human" if found is not None and found.state in WITH_A_PERSON else "bot"
        self._connection.execute(
            update(conversations)
            .where(conversations.c.newcomer_id == newcomer_id, conversations.c.route != route)
            .values(route=route)
        )

    # ---- replies

    def after_delivery(self, conversation_id: str, now: datetime) -> None:
        """Tell the cases of this conversation's replies what became of them; each only once."""
        rows = self._connection.execute(
            select(outbox.c.id, outbox.c.case_id, outbox.c.status, outbox.c.seen_number, outbox.c.error, outbox.c.told)
            .where(outbox.c.conversation_id == conversation_id, REPLY, outbox.c.status.in_(tuple(_TOLD)))
            .order_by(outbox.c.number)
        ).all()
        for row in rows:
            told = _TOLD[row.status]
            if told != row.told:
                self._connection.execute(update(outbox).where(outbox.c.id == row.id).values(told=told))
                self._tell(row, told, conversation_id, now)

    def _tell(self, row: Row[*tuple[Any, ...]], told: str, conversation_id: str, now: datetime) -> None:
        found = self._get(row.case_id, hold=True)
        detail = {"outbox": row.id} | ({"reason": row.error} if told == "failed" else {})
        wrote_since = self._connection.scalar(
            select(conversations.c.next_number - 1 > row.seen_number).where(conversations.c.id == conversation_id)
        )
        if told != "failed" and wrote_since and found.state == Status.ACTIVE:
            # It answers an earlier message than the newcomer's last one: the team still owes an answer.
            self.note(found.id, kind=_EVENT[told], actor="messenger", now=now, detail={**detail, "wrote_since": True})
            first = found.first_answered_at or now
            self._set(found.id, first_answered_at=first, due_at=now)
            return
        self.move(found, _EVENT[told], actor="messenger", now=now, detail=detail)

    # ---- notes and events

    def write_note(self, case: CaseRow, user_id: str, text: str, now: datetime) -> str:
        """Keep what somebody of the team wrote about the case, encrypted; return the note's id."""
        note_id = new_id()
        key = self._keys.of_newcomer(case.newcomer_id)
        sealed = self._keys.vault.seal(text, key=key, table="case_notes", column="sealed", row=note_id)
        self._connection.execute(
            insert(case_notes).values(
                id=note_id, case_id=case.id, newcomer_id=case.newcomer_id, user_id=user_id, at=now, sealed=sealed
            )
        )
        return note_id

    def notes(self, case_id: str) -> list[NoteRow]:
        """Return what the team wrote about the case, in order."""
        query = select(case_notes).where(case_notes.c.case_id == case_id).order_by(case_notes.c.at, case_notes.c.id)
        return [
            NoteRow(id=row.id, case_id=row.case_id, user_id=row.user_id, at=row.at, text=self._note_text(row))
            for row in self._connection.execute(query).all()
        ]

    def _note_text(self, row: Row[*tuple[Any, ...]]) -> str | None:
        if row.sealed is None:
            return None
        key = self._keys.of_newcomer(row.newcomer_id)
        return self._keys.vault.open(row.sealed, key=key, table="case_notes", column="sealed", row=row.id).decode()

    def note(
        self, case_id: str, *, kind: str, actor: str, now: datetime, detail: Mapping[str, Any] | None = None
    ) -> None:
        """Write an event on the case. `detail` is not encrypted: codes and counts, never anyone's words."""
        self._connection.execute(
            insert(case_events).values(
                id=new_id(), case_id=case_id, at=now, kind=str(kind), actor=actor, detail_json=dict(detail or {})
            )
        )
        self._wakes.note(Wake.DESK)

    def events(self, case_id: str) -> list[CaseEventRow]:
        """Return what happened to the case, in order."""
        query = select(case_events).where(case_events.c.case_id == case_id)
        rows = self._connection.execute(query.order_by(case_events.c.at, case_events.c.id)).all()
        return [
            CaseEventRow(
                id=row.id,
                case_id=row.case_id,
                at=row.at,
                kind=row.kind,
                actor=row.actor,
                detail=row.detail_json,
            )
            for row in rows
        ]

    # ---- parts

    def _hold(self, newcomer_id: str) -> None:
        self._connection.execute(select(newcomers.c.id).where(newcomers.c.id == newcomer_id).with_for_update())

    def _set(self, case_id: str, **values: object) -> None:
        self._connection.execute(update(cases).where(cases.c.id == case_id).values(**values))

    def _last_closed(self, newcomer_id: str) -> str | None:
        query = select(cases.c.id).where(cases.c.newcomer_id == newcomer_id).order_by(cases.c.closed_at.desc())
        last: str | None = self._connection.scalar(query.limit(1))
        return last

    def _get(self, case_id: str, *, hold: bool = False) -> CaseRow:
        query = select(cases).where(cases.c.id == case_id)
        # Its events point to it, and may be written all the same.
        return self._opened(self._connection.execute(query.with_for_update(key_share=True) if hold else query).one())

    def _add_to(self, case: CaseRow, priority: str, summary: str | None, now: datetime) -> bool:
        """Raise the priority and add the words; return whether it became a crisis by this."""
        changed: dict[str, object] = {}
        if PRIORITIES.index(priority) > PRIORITIES.index(case.priority):
            changed |= {"priority": priority, "version": cases.c.version + 1, "due_at": now}
        became_crisis = "priority" in changed and priority == "crisis"
        if became_crisis:
            changed["crisis_at"] = now
        if summary and summary not in (case.summary or ""):
            both = f"{case.summary}\n\n{summary}" if case.summary else summary
            changed["summary_sealed"] = self._sealed(case.newcomer_id, case.id, both)
        if changed:
            self._set(case.id, **changed)
        return became_crisis

    def _told_where(self, case: CaseRow, conversation_id: str, team: str | None, now: datetime) -> None:
        """Have the case follow the newcomer to where they asked again, and a waiting crisis go to who is on duty."""
        self._set(case.id, conversation_id=conversation_id)
        if team is not None and team != case.team and case.state == Status.QUEUED:
            self._set(case.id, team=team)
            self.note(case.id, kind="routed", actor="bot", now=now, detail={"from": case.team, "to": team})

    def _sealed(self, newcomer_id: str, case_id: str, summary: str | None) -> bytes | None:
        if summary is None:
            return None
        key = self._keys.of_newcomer(newcomer_id)
        return self._keys.vault.seal(summary, key=key, table="cases", column="summary_sealed", row=case_id)

    def _next_number(self) -> int:
        """Take the next number; openings wait for each other on the counter's row: no gaps."""
        number: int = self._connection.execute(
            insert_or(self._connection, counters)
            .values(name="cases", value=1)
            .on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + 1})
            .returning(counters.c.value)
        ).scalar_one()
        return number

    def _opened(self, row: Row[*tuple[Any, ...]]) -> CaseRow:
        summary = None
        if row.summary_sealed is not None:
            key = self._keys.of_newcomer(row.newcomer_id)
            summary = self._keys.vault.open(
                row.summary_sealed, key=key, table="cases", column="summary_sealed", row=row.id
            ).decode()
        # What the row holds by these names goes over as it is; the words are opened, the first clock is the opening.
        same = {name: getattr(row, name) for name in _AS_IT_IS}
        return CaseRow(**same, summary=summary, waiting_since=row.waiting_since or row.opened_at)


_AS_IT_IS = tuple(column.name for column in cases.columns if column.name not in {"summary_sealed", "waiting_since"})


_NOBODY = {"lease_from": None, "lease_until": None, "warned": False}
_ANEW = {"answered_at": None, "pinged": 0, "reminded_at": None}


def _follows(case: CaseRow, event: Event, after: Status, now: datetime) -> Mapping[str, object]:
    """Return what else changes in a case when this happens. The waiting clock only starts anew after an answer."""
    match event:
        case Event.REPLY_ACCEPTED | Event.REPLY_WAITS:
            answered = {"answered_at": now, "first_answered_at": case.first_answered_at or now}
            return answered | (_NOBODY if after is Status.AWAITING else {})
        case Event.REPLY_FAILED:
            owes_again = case.state == Status.AWAITING
            return {"answered_at": None, "reminded_at": None, "lease_from": now} if owes_again else {}
        case Event.NEWCOMER_WROTE:
            anew = _ANEW | {"waiting_since": now} if case.answered_at is not None else {"reminded_at": None}
            return anew | _in(after, now)
        case Event.REOPENED:
            again = {"closed_at": None, "outcome": None, "after_close": None, "choice_until": None}
            return _ANEW | again | {"waiting_since": now} | _in(after, now)
        case _:
            return _in(after, now)


def _in(after: Status, now: datetime) -> dict[str, object]:
    """Return what holds in a case as soon as it stands there."""
    match after:
        case Status.QUEUED:
            return {**_NOBODY, "snoozed_until": None, "assignee_id": None}
        case Status.ACTIVE:
            return {**_NOBODY, "snoozed_until": None, "lease_from": now}
        case Status.AWAITING | Status.SNOOZED:
            return {**_NOBODY, "snoozed_until": None}
        case Status.CLOSED:
            return {**_NOBODY, "snoozed_until": None, "assignee_id": None, "closed_at": now}
