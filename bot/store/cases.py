"""The cases: questions that the team has, at most one open per newcomer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from bot.store.dialect import insert_or
from bot.store.ids import new_id
from bot.store.rows import CaseEventRow, CaseRow
from bot.store.tables import OPEN, PRIORITIES, case_events, cases, conversations, counters, newcomers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from bot.store.keys import Keys


class Cases:
    """The cases and what happened to them."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._connection = connection
        self._keys = keys

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
    ) -> CaseRow:
        """
        Open a case, or add to the one that is open.

        A newcomer with an open case keeps it: the new reason becomes an event, the priority only rises, and
        the new summary is written under the old one.
        """
        # Two channels of one newcomer can ask at once; the newcomer's row decides who opens.
        self._connection.execute(select(newcomers.c.id).where(newcomers.c.id == newcomer_id).with_for_update())
        detail = {"reason": reason, "priority": priority, "topic": topic, "question_id": question_id}
        existing = self.open_for(newcomer_id)
        if existing is not None:
            self._add_to(existing, priority, summary)
            self.note(existing.id, kind="asked_again", actor=actor, now=now, detail=detail)
            return self._get(existing.id)
        case_id = new_id()
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
            )
        )
        self.note(case_id, kind="opened", actor=actor, now=now, detail=detail)
        return self._get(case_id)

    def keep_one_open(self, one: str, other: str, now: datetime) -> None:
        """
        Close the later case when both newcomers have one, before they become one person.

        Its words and its haste go over to the earlier case, which says where they came from; who has waited longest
        keeps their number. The closed case's conversation is the bot's again.
        """
        both = [case for case in (self.open_for(one), self.open_for(other)) if case is not None]
        if one == other or len(both) < 2:  # noqa: PLR2004  # a case each
            return
        stays, closes = sorted(both, key=lambda case: (case.opened_at, case.number))
        run = self._connection.execute
        self._add_to(stays, closes.priority, closes.summary)
        run(update(cases).where(cases.c.id == closes.id).values(state="closed", closed_at=now, summary_sealed=None))
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

    def open_for(self, newcomer_id: str) -> CaseRow | None:
        """Return the newcomer's open case, if they have one."""
        query = select(cases).where(cases.c.newcomer_id == newcomer_id, OPEN)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else self._opened(row)

    def get(self, case_id: str) -> CaseRow | None:
        """Return one case."""
        row = self._connection.execute(select(cases).where(cases.c.id == case_id)).one_or_none()
        return None if row is None else self._opened(row)

    def note(
        self, case_id: str, *, kind: str, actor: str, now: datetime, detail: Mapping[str, Any] | None = None
    ) -> None:
        """Write an event on the case. `detail` is not encrypted: codes and counts, never anyone's words."""
        self._connection.execute(
            insert(case_events).values(
                id=new_id(), case_id=case_id, at=now, kind=kind, actor=actor, detail_json=dict(detail or {})
            )
        )

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

    def _get(self, case_id: str) -> CaseRow:
        return self._opened(self._connection.execute(select(cases).where(cases.c.id == case_id)).one())

    def _add_to(self, case: CaseRow, priority: str, summary: str | None) -> None:
        changed: dict[str, object] = {}
        if PRIORITIES.index(priority) > PRIORITIES.index(case.priority):
            changed["priority"] = priority
        if summary and summary not in (case.summary or ""):
            both = f"{case.summary}\n\n{summary}" if case.summary else summary
            changed["summary_sealed"] = self._sealed(case.newcomer_id, case.id, both)
        if changed:
            self._connection.execute(update(cases).where(cases.c.id == case.id).values(**changed))

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
        return CaseRow(
            id=row.id,
            number=row.number,
            newcomer_id=row.newcomer_id,
            conversation_id=row.conversation_id,
            state=row.state,
            priority=row.priority,
            reason=row.reason,
            topic=row.topic,
            question_id=row.question_id,
            language=row.language,
            summary=summary,
            opened_at=row.opened_at,
            closed_at=row.closed_at,
        )
