"""
What organisations ask the expert teams, what these answer, and the notes that are made of it.

A question is sealed under the key of who asked it, an answer under that of who gave it; a note is for everybody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from bot.store.encryption import EncryptionError
from bot.store.ids import new_id
from bot.store.participation_tables import expert_questions, notes, organisations

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime

    from sqlalchemy import ColumnElement, Connection, Row

    from bot.store.keys import Keys

# A question with the name of its organisation.
_ASKED = select(*expert_questions.c, organisations.c.name.label("organisation")).join(
    organisations, organisations.c.id == expert_questions.c.organisation_id
)
_TABLE = "expert_questions"


@dataclass(frozen=True, kw_only=True)
class QuestionRow:
    """
    A question of an organisation to a team, and its answer when there is one.

    Words are empty when they cannot be opened any more.
    """

    id: str
    organisation_id: str
    organisation: str
    user_id: str
    team: str
    state: str
    at: datetime
    version: int
    text: str = field(repr=False)
    answer: str = field(repr=False, default="")
    answered_by: str | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class NoteRow:
    """What is good to know, made of an answer. `reviewed_as`: an expert or a coordinator took it or declined it."""

    id: str
    question_id: str | None
    team: str
    state: str
    title: str
    body: str
    subject: str
    asked_on: date
    noted_by: str
    noted_at: datetime
    reviewed_by: str | None = None
    reviewed_as: str | None = None
    reviewed_at: datetime | None = None
    reason: str | None = None


class Consulting:
    """The questions of organisations and their notes."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._connection = connection
        self._keys = keys

    # ---- questions

    def ask(self, organisation_id: str, user_id: str, *, team: str, text: str, now: datetime) -> str:
        """Store a question of somebody of an organisation to a team; return its id."""
        question_id = new_id()
        self._connection.execute(
            insert(expert_questions).values(
                id=question_id,
                organisation_id=organisation_id,
                user_id=user_id,
                team=team,
                text_sealed=self._sealed(text, user_id, "text_sealed", question_id),
                state="open",
                at=now,
            )
        )
        return question_id

    def get(self, question_id: str) -> QuestionRow | None:
        """Return a question with its words."""
        row = self._connection.execute(_ASKED.where(expert_questions.c.id == question_id)).one_or_none()
        return None if row is None else self._opened(row)

    def hold(self, question_id: str) -> QuestionRow | None:
        """Return a question that nobody else changes in the meantime."""
        held = select(expert_questions.c.id).where(expert_questions.c.id == question_id).with_for_update()
        self._connection.execute(held)
        return self.get(question_id)

    def latest(
        self, limit: int, *, organisation_id: str | None = None, teams: Collection[str] | None = None
    ) -> list[QuestionRow]:
        """Return questions with their words, the newest first: of an organisation, or to these teams; else all."""
        query = _ASKED.order_by(expert_questions.c.at.desc(), expert_questions.c.id.desc()).limit(limit)
        if organisation_id is not None:
            query = query.where(expert_questions.c.organisation_id == organisation_id)
        if teams is not None:
            query = query.where(expert_questions.c.team.in_(teams))
        return [self._opened(row) for row in self._connection.execute(query)]

    def count(self, *, teams: Collection[str] | None) -> tuple[int, int]:
        """Return how many questions these teams (None: all) have to answer, and how many there are in all."""
        is_open = func.count().filter(expert_questions.c.state == "open")
        query = select(is_open, func.count()).select_from(expert_questions)
        if teams is not None:
            query = query.where(expert_questions.c.team.in_(teams))
        waiting, every = self._connection.execute(query).one()
        return waiting, every

    def count_open_of(self, organisation_id: str) -> int:
        """Return how many questions of an organisation wait for an answer."""
        here = (expert_questions.c.organisation_id == organisation_id, expert_questions.c.state == "open")
        found: int = self._connection.scalar(select(func.count()).select_from(expert_questions).where(*here)) or 0
        return found

    def answer(self, question_id: str, user_id: str, text: str, now: datetime) -> None:
        """Store the answer of somebody of the team, in the place of the one that stood there."""
        sealed = self._sealed(text, user_id, "answer_sealed", question_id)
        self._change(question_id, answer_sealed=sealed, answered_by=user_id, answered_at=now, state="answered")

    def close(self, question_id: str, now: datetime) -> None:
        """Have nothing more be said of a question."""
        self._change(question_id, state="closed", closed_at=now)

    def drop_settled(self, before: datetime, *, limit: int) -> int:
        """
        Delete questions that were closed, or answered and left so, before this; return how many.

        A note that was taken stays, without its question; one that was not goes along.
        """
        over = func.coalesce(expert_questions.c.closed_at, expert_questions.c.answered_at) < before
        old = select(expert_questions.c.id).where(expert_questions.c.state != "open", over).limit(limit)
        ids = self._connection.scalars(old.with_for_update(skip_locked=True)).all()
        if not ids:
            return 0
        of_these = notes.c.question_id.in_(ids)
        self._connection.execute(delete(notes).where(of_these, notes.c.state != "taken"))
        self._connection.execute(update(notes).where(of_these).values(question_id=None))
        return self._connection.execute(delete(expert_questions).where(expert_questions.c.id.in_(ids))).rowcount

    def _change(self, question_id: str, **values: Any) -> None:
        query = update(expert_questions).where(expert_questions.c.id == question_id)
        self._connection.execute(query.values(version=expert_questions.c.version + 1, **values))

    # ---- notes

    def note_of(self, question_id: str) -> NoteRow | None:
        """Return the note that was made of a question's answer."""
        return self._note(notes.c.question_id == question_id)

    def note(self, note_id: str) -> NoteRow | None:
        """Return a note."""
        return self._note(notes.c.id == note_id)

    def propose(  # noqa: PLR0913  # what a note says, and of what it is made
        self, question: QuestionRow, *, title: str, body: str, subject: str, asked_on: date, by: str, now: datetime
    ) -> None:
        """Store a note for review, in the place of one that was declined; `asked_on` is the day in Amsterdam."""
        words = {"title": title, "body": body, "subject": subject, "noted_by": by, "noted_at": now}
        fresh = {"state": "proposed", "reviewed_by": None, "reviewed_as": None, "reviewed_at": None, "reason": None}
        before = self.note_of(question.id)
        if before is not None:
            self._connection.execute(update(notes).where(notes.c.id == before.id).values(**words, **fresh))
            return
        made = insert(notes).values(
            id=new_id(), question_id=question.id, team=question.team, asked_on=asked_on, **words, **fresh
        )
        self._connection.execute(made)

    def review(  # noqa: PLR0913  # which, what was decided, by whom
        self, note_id: str, state: str, *, by: str, as_what: str, now: datetime, reason: str | None = None
    ) -> None:
        """Have a note be taken or declined."""
        decided = {"state": state, "reviewed_by": by, "reviewed_as": as_what, "reviewed_at": now, "reason": reason}
        self._connection.execute(update(notes).where(notes.c.id == note_id).values(**decided))

    def drop_note(self, note_id: str) -> bool:
        """Delete a note that was taken; False when there is none."""
        here = (notes.c.id == note_id, notes.c.state == "taken")
        return self._connection.execute(delete(notes).where(*here)).rowcount == 1

    def notes(self, state: str, *, teams: Collection[str] | None = None) -> list[NoteRow]:
        """Return the notes in this state, of these teams (None: of all), the newest first."""
        query = select(notes).where(notes.c.state == state).order_by(notes.c.noted_at.desc(), notes.c.id.desc())
        if teams is not None:
            query = query.where(notes.c.team.in_(teams))
        return [_note_from(row) for row in self._connection.execute(query)]

    def _note(self, which: ColumnElement[bool]) -> NoteRow | None:
        row = self._connection.execute(select(notes).where(which)).one_or_none()
        return None if row is None else _note_from(row)

    # ---- words

    def _sealed(self, text: str, user_id: str, column: str, row: str) -> bytes:
        return self._keys.vault.seal(text, key=self._keys.of_user(user_id), table=_TABLE, column=column, row=row)

    def _words(self, sealed: bytes | None, user_id: str | None, column: str, row: str) -> str:
        if sealed is None or user_id is None:
            return ""
        try:
            key = self._keys.of_user(user_id)
        except EncryptionError:
            return ""
        return self._keys.vault.open(sealed, key=key, table=_TABLE, column=column, row=row).decode()

    def _opened(self, row: Row[*tuple[Any, ...]]) -> QuestionRow:
        return QuestionRow(
            id=row.id,
            organisation_id=row.organisation_id,
            organisation=row.organisation,
            user_id=row.user_id,
            team=row.team,
            state=row.state,
            at=row.at,
            version=row.version,
            text=self._words(row.text_sealed, row.user_id, "text_sealed", row.id),
            answer=self._words(row.answer_sealed, row.answered_by, "answer_sealed", row.id),
            answered_by=row.answered_by,
            answered_at=row.answered_at,
            closed_at=row.closed_at,
        )


def _note_from(row: Row[*tuple[Any, ...]]) -> NoteRow:
    return NoteRow(
        id=row.id,
        question_id=row.question_id,
        team=row.team,
        state=row.state,
        title=row.title,
        body=row.body,
        subject=row.subject,
        asked_on=row.asked_on,
        noted_by=row.noted_by,
        noted_at=row.noted_at,
        reviewed_by=row.reviewed_by,
        reviewed_as=row.reviewed_as,
        reviewed_at=row.reviewed_at,
        reason=row.reason,
    )
