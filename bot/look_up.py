"""
Somebody at the desk looks up what organisations asked and what is good to know.

An organiser sees what their own organisation asked, a team what it was asked, a coordinator all of it; the notes that
were taken are for everybody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.answer import as_actor
from bot.consult import (
    ANSWERED,
    CLOSED,
    DECLINED,
    OPEN,
    PROPOSED,
    TAKEN,
    Refusal,
    is_of_the_team,
    may_review,
    may_see,
    stamp_of,
)
from bot.content.model import Note
from bot.domain.clock import local_day
from bot.handoff.case import HELPERS, Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.handoff.case import Actor
    from bot.knowledge.knowledge import Knowledge
    from bot.runtime import Runtime
    from bot.store.consulting import NoteRow, QuestionRow
    from bot.store.rows import UserRow
    from bot.store.work import Work

MOST_LISTED = 500


@dataclass(frozen=True, kw_only=True)
class Board:
    """
    The questions that somebody sees, the newest first; those that wait longest first where they wait.

    `own` is the organisation of an organiser, `asks` whether they may ask for it. `to_review` are notes that wait for
    them: by question, what stands above the note.
    """

    waiting: tuple[QuestionRow, ...]
    answered: tuple[QuestionRow, ...]
    closed: tuple[QuestionRow, ...]
    to_review: tuple[NoteRow, ...]
    own: str | None
    asks: bool
    answers: bool

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing at all."""
        return not (self.waiting or self.answered or self.closed)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """One question, the note that was made of its answer, and what who looks may do: answer, close, note, review."""

    question: QuestionRow = field(repr=False)
    note: NoteRow | None
    stamp: str
    may: frozenset[str]
    is_of_the_team: bool


def my_questions(runtime: Runtime, user_id: str) -> Board | Refusal:
    """Return what somebody sees of what was asked."""

    def look(work: Work) -> Board | Refusal:
        user = work.users.get(user_id)
        actor = as_actor(user) if user else None
        if user is None or actor is None or not actor.active or not actor.roles & (HELPERS | {Role.ORGANISER}):
            return Refusal.NOT_YOUR_ROLE
        own = user.organisation_id if Role.ORGANISER in actor.roles else None
        rows = {one.id: one for one in (*_asked_of(work, actor), *_asked_by(work, own))}
        ordered = sorted(rows.values(), key=lambda one: (one.at, one.id), reverse=True)

        def standing(state: str) -> tuple[QuestionRow, ...]:
            return tuple(one for one in ordered if one.state == state)

        proposed = work.consulting.notes(PROPOSED, teams=_teams(actor))
        return Board(
            waiting=standing(OPEN)[::-1],
            answered=standing(ANSWERED),
            closed=standing(CLOSED),
            to_review=tuple(one for one in reversed(proposed) if may_review(actor, one)),
            own=work.publishing.organisation(own) if own else None,
            asks=Role.ORGANISER in actor.roles,
            answers=bool(actor.roles & HELPERS),
        )

    return runtime.database.read(look)


def _teams(who: Actor) -> frozenset[str] | None:
    """Return the teams for which somebody speaks; None: for all."""
    if Role.COORDINATOR in who.roles:
        return None
    return who.teams if who.roles & HELPERS else frozenset()


def _asked_of(work: Work, who: Actor) -> list[QuestionRow]:
    teams = _teams(who)
    return [] if teams is not None and not teams else work.consulting.latest(MOST_LISTED, teams=teams)


def _asked_by(work: Work, own: str | None) -> list[QuestionRow]:
    return [] if own is None else work.consulting.latest(MOST_LISTED, organisation_id=own)


def waiting_for(runtime: Runtime, user: UserRow) -> tuple[int, bool]:
    """Return how many questions wait for somebody's answer, and whether there is anything for them to see."""
    who = as_actor(user)
    teams = _teams(who)
    if teams is not None and not teams:
        return 0, Role.ORGANISER in who.roles
    waiting, every = runtime.database.read(lambda work: work.consulting.count(teams=teams))
    return waiting, every > 0 or Role.ORGANISER in who.roles


def open_question(runtime: Runtime, user_id: str, question_id: str) -> Opened | Refusal:
    """Return one question and what may be done with it."""

    def look(work: Work) -> Opened | Refusal:
        user = work.users.get(user_id)
        question = work.consulting.get(question_id)
        if user is None or not user.active:
            return Refusal.NOT_YOUR_ROLE
        actor = as_actor(user)
        if question is None or not may_see(work, actor, question):
            return Refusal.NO_QUESTION
        # Of what is made of their question an organiser hears when everybody does.
        of_the_team = is_of_the_team(actor, question.team)
        note = work.consulting.note_of(question.id) if of_the_team else None
        return Opened(
            question=question,
            note=note,
            stamp=stamp_of(note) if note else "",
            may=_may(actor, question, note) if of_the_team else frozenset({"close"} - _done(question)),
            is_of_the_team=of_the_team,
        )

    return runtime.database.read(look)


def _done(question: QuestionRow) -> frozenset[str]:
    return frozenset({"close"}) if question.state == CLOSED else frozenset()


def _may(who: Actor, question: QuestionRow, note: NoteRow | None) -> frozenset[str]:
    mine = question.answered_by == who.id
    acts = {
        "answer": question.state == OPEN,
        "mend": question.state == ANSWERED and mine and note is None,
        "close": question.state != CLOSED,
        "note": mine and question.state != OPEN and (note is None or note.state == DECLINED),
        "review": note is not None and may_review(who, note),
    }
    return frozenset(act for act, may in acts.items() if may)


# ---- what is good to know


def all_notes(runtime: Runtime) -> tuple[Note, ...]:
    """Return the notes of the content and those that were taken at the desk, the newest first; each once."""
    return merged(runtime.knowledge, runtime.database.read(taken_notes))


def taken_notes(work: Work) -> tuple[Note, ...]:
    """Return the notes that were taken at the desk."""
    return tuple(as_note(row) for row in work.consulting.notes(TAKEN))


def merged(knowledge: Knowledge, taken: Iterable[Note]) -> tuple[Note, ...]:
    """Return both together; of a note that an author put under version control the author's words count."""
    found = {**{note.id: note for note in taken}, **knowledge.notes}
    return tuple(sorted(found.values(), key=lambda note: (note.reviewed_on, note.id), reverse=True))


def as_note(row: NoteRow) -> Note:
    """Return a note that was taken as the content has it."""
    assert row.reviewed_at is not None
    return Note(
        id=row.id,
        title=row.title,
        text=row.body,
        subject=row.subject,
        asked_on=row.asked_on,
        reviewed_by=row.reviewed_as or "",
        reviewed_on=local_day(row.reviewed_at),
    )
