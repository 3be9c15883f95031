"""
An organisation asks a team something about working with newcomers; the team answers; an answer may become a note.

An organiser asks for their own organisation and sees nobody else's questions. Somebody of the team that was asked
answers, or a coordinator. Who answered may propose a note for everybody at the desk; somebody else takes it or declines
it. Each of these is one unit of work with the question held. What was declined changed nothing and says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from bot.answer import as_actor
from bot.domain.clock import local_day
from bot.handoff.case import HELPERS, Role
from bot.handoff.pings import Ping
from bot.notify import tell_of_question
from bot.safety.redaction import mask, reaches_somebody
from bot.store.consulting import QuestionRow

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.handoff.case import Actor
    from bot.runtime import Runtime
    from bot.store.consulting import NoteRow
    from bot.store.rows import UserRow
    from bot.store.work import Work

LONGEST_QUESTION, LONGEST_ANSWER, LONGEST_REASON = 2000, 4000, 500
LONGEST_TITLE, LONGEST_NOTE = 120, 4000
MOST_OPEN = 20  # questions of one organisation that wait at the same time
OPEN, ANSWERED, CLOSED = "open", "answered", "closed"
PROPOSED, TAKEN, DECLINED = "proposed", "taken", "declined"
EXPERT, COORDINATOR = "expert", "coordinator"


class Refusal(StrEnum):
    """Why nothing changed; the console has a sentence for each."""

    NOT_YOUR_ROLE = "not_your_role"
    NO_QUESTION = "no_question"  # unknown, or not theirs to see: nobody learns which
    NO_NOTE = "no_note"
    NO_ORGANISATION = "no_organisation"
    NO_TEAM = "no_team"
    NO_TEXT = "no_text"
    NO_TITLE = "no_title"
    NO_SUBJECT = "no_subject"
    NO_REASON = "no_reason"  # who is declined may know why
    TOO_LONG = "too_long"
    TOO_MANY = "too_many"
    PERSONAL = "personal"  # how to reach somebody: nobody needs that to answer
    NOT_YOURS = "not_yours"  # somebody else answered
    OWN_NOTE = "own_note"  # somebody else looks at it
    OVER = "over"  # where it stands, this cannot be done any more
    CHANGED = "changed"  # somebody changed it since it was read


Consulted: TypeAlias = QuestionRow | Refusal


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Somebody before a question that is held, inside a unit of work."""

    runtime: Runtime
    work: Work
    who: Actor
    now: datetime
    question: QuestionRow

    @property
    def answers(self) -> bool:
        """Whether they may speak for the team that was asked."""
        return is_of_the_team(self.who, self.question.team)

    @property
    def note(self) -> NoteRow | None:
        """The note that was made of it."""
        return self.work.consulting.note_of(self.question.id)


# ---- asked and answered


def ask(runtime: Runtime, who: str, *, team: str, text: str) -> Consulted:
    """Ask a team something for one's own organisation; the team is told that there is a question."""

    def attempt(work: Work) -> Consulted:
        user = work.users.get(who)
        actor = as_actor(user) if user else None
        if user is None or actor is None or not actor.active or Role.ORGANISER not in actor.roles:
            return Refusal.NOT_YOUR_ROLE
        own = user.organisation_id
        if own is None:
            return Refusal.NO_ORGANISATION
        if team not in runtime.knowledge.organisation.teams:
            return Refusal.NO_TEAM
        refused = _reason_not_to_say(text, LONGEST_QUESTION, is_of_nobody=True)
        if refused is not None:
            return refused
        if work.consulting.count_open_of(own) >= MOST_OPEN:
            return Refusal.TOO_MANY
        question_id = work.consulting.ask(own, who, team=team, text=_clean(text), now=runtime.clock.now())
        there = [one for one in work.users.everybody() if one.active and team in one.teams]
        tell_of_question(runtime, work, filter(_helps, there), Ping.ASKED, question_id)
        return _again(work, question_id)

    return runtime.database.write(attempt)


def answer(runtime: Runtime, who: str, question_id: str, *, text: str, version: int) -> Consulted:
    """Answer a question, or mend one's own answer before it is a note; who asked is told that it is there."""

    def answer_it(scene: Scene) -> Consulted:
        question = scene.question
        if not scene.answers:
            return Refusal.NOT_YOUR_ROLE
        if question.version != version:
            return Refusal.CHANGED
        if question.state == CLOSED or (question.state == ANSWERED and scene.note is not None):
            return Refusal.OVER
        if question.state == ANSWERED and question.answered_by != scene.who.id:
            return Refusal.NOT_YOURS
        # The number of a service may be the answer; a citizen's number never is.
        refused = _reason_not_to_say(text, LONGEST_ANSWER)
        if refused is not None:
            return refused
        scene.work.consulting.answer(question.id, scene.who.id, _clean(text), scene.now)
        asker = scene.work.users.get(question.user_id)
        if asker is not None and asker.active and asker.organisation_id == question.organisation_id:
            tell_of_question(runtime, scene.work, [asker], Ping.ANSWERED, question.id)
        return _again(scene.work, question.id)

    return _do(runtime, who, question_id, answer_it)


def close(runtime: Runtime, who: str, question_id: str) -> Consulted:
    """Have it be settled, also without an answer: who asked it, or the team."""

    def close_it(scene: Scene) -> Consulted:
        if scene.question.state == CLOSED:
            return Refusal.OVER
        scene.work.consulting.close(scene.question.id, scene.now)
        return _again(scene.work, scene.question.id)

    return _do(runtime, who, question_id, close_it)


# ---- what is good to know


def propose(  # noqa: PLR0913  # who, of which answer, what the note says
    runtime: Runtime, who: str, question_id: str, *, title: str, text: str, subject: str
) -> Consulted:
    """Have one's own answer become a note for everybody at the desk, once somebody else has read it."""

    def propose_it(scene: Scene) -> Consulted:
        question, note = scene.question, scene.note
        if not scene.answers:
            return Refusal.NOT_YOUR_ROLE
        if question.state == OPEN or (note is not None and note.state != DECLINED):
            return Refusal.OVER
        if question.answered_by is None:
            return Refusal.OVER
        if question.answered_by != scene.who.id:
            return Refusal.NOT_YOURS
        refused = _reason_not_to_note(runtime, title, text, subject)
        if refused is not None:
            return refused
        scene.work.consulting.propose(
            question,
            title=_clean(title),
            body=_clean(text),
            subject=subject,
            asked_on=local_day(question.at),
            by=scene.who.id,
            now=scene.now,
        )
        return question

    return _do(runtime, who, question_id, propose_it)


def take(runtime: Runtime, who: str, question_id: str, *, read: str) -> Consulted:
    """
    Have a proposed note be read by everybody at the desk; never by who wrote it.

    `read` is when the words were proposed that they read (`stamp_of`): nobody takes what they did not see.
    """

    def take_it(scene: Scene) -> Consulted:
        note = _for_review(scene)
        if isinstance(note, Refusal):
            return note
        if stamp_of(note) != read:
            return Refusal.CHANGED
        scene.work.consulting.review(note.id, TAKEN, by=scene.who.id, as_what=_reviewer(scene), now=scene.now)
        return scene.question

    return _do(runtime, who, question_id, take_it)


def decline(runtime: Runtime, who: str, question_id: str, *, reason: str) -> Consulted:
    """Give a proposed note back with the reason; who wrote it may mend it and propose it again."""

    def decline_it(scene: Scene) -> Consulted:
        note = _for_review(scene)
        if isinstance(note, Refusal):
            return note
        if not reason.strip():
            return Refusal.NO_REASON
        if len(reason) > LONGEST_REASON:
            return Refusal.TOO_LONG
        said, as_what = _clean(reason), _reviewer(scene)
        scene.work.consulting.review(note.id, DECLINED, by=scene.who.id, as_what=as_what, now=scene.now, reason=said)
        return scene.question

    return _do(runtime, who, question_id, decline_it)


def remove(runtime: Runtime, who: str, note_id: str) -> Refusal | None:
    """Take a note away that turned out not to be so; a coordinator does. Return why not, when not."""

    def attempt(work: Work) -> Refusal | None:
        user = work.users.get(who)
        if user is None or not user.active or Role.COORDINATOR not in as_actor(user).roles:
            return Refusal.NOT_YOUR_ROLE
        return None if work.consulting.drop_note(note_id) else Refusal.NO_NOTE

    return runtime.database.write(attempt)


# ---- who may


def may_see(work: Work, who: Actor, question: QuestionRow) -> bool:
    """Return whether a question is somebody's: their team's, their organisation's, or any to a coordinator."""
    if is_of_the_team(who, question.team):
        return True
    user = work.users.get(who.id)
    return Role.ORGANISER in who.roles and user is not None and user.organisation_id == question.organisation_id


def is_of_the_team(who: Actor, team: str) -> bool:
    """Return whether somebody speaks for this team: who helps in it, and a coordinator for all of them."""
    return Role.COORDINATOR in who.roles or (bool(who.roles & HELPERS) and team in who.teams)


def may_review(who: Actor, note: NoteRow) -> bool:
    """Return whether somebody may take or decline a note: of its team or a coordinator, and not who wrote it."""
    return note.state == PROPOSED and note.noted_by != who.id and is_of_the_team(who, note.team)


def stamp_of(note: NoteRow) -> str:
    """Return by what it is known which words of a note somebody read."""
    return note.noted_at.isoformat()


def subjects(runtime: Runtime) -> tuple[str, ...]:
    """Return what a note can be about: the subjects of the questions that newcomers ask."""
    return tuple(sorted({question.topic for question in runtime.knowledge.content.questions.values()}))


# ---- parts


def _for_review(scene: Scene) -> NoteRow | Refusal:
    note = scene.note
    if not scene.answers:
        return Refusal.NOT_YOUR_ROLE
    if note is None:
        return Refusal.NO_NOTE
    if note.state != PROPOSED:
        return Refusal.OVER
    return note if may_review(scene.who, note) else Refusal.OWN_NOTE


def _reviewer(scene: Scene) -> str:
    return COORDINATOR if Role.COORDINATOR in scene.who.roles else EXPERT


def _reason_not_to_say(text: str, longest: int, *, is_of_nobody: bool = False) -> Refusal | None:
    """Return what is wrong with words; `is_of_nobody`: nothing by which somebody is reached may stand in them."""
    if not text.strip():
        return Refusal.NO_TEXT
    if len(text) > longest:
        return Refusal.TOO_LONG
    return Refusal.PERSONAL if is_of_nobody and reaches_somebody(text) else None


def _reason_not_to_note(runtime: Runtime, title: str, text: str, subject: str) -> Refusal | None:
    if not title.strip():
        return Refusal.NO_TITLE
    if len(title) > LONGEST_TITLE:
        return Refusal.TOO_LONG
    if reaches_somebody(title):
        return Refusal.PERSONAL
    if subject not in subjects(runtime):
        return Refusal.NO_SUBJECT
    return _reason_not_to_say(text, LONGEST_NOTE, is_of_nobody=True)


def _helps(user: UserRow) -> bool:
    return bool(as_actor(user).roles & HELPERS)


def _again(work: Work, question_id: str) -> QuestionRow:
    question = work.consulting.get(question_id)
    assert question is not None
    return question


def _do(runtime: Runtime, who: str, question_id: str, act: Callable[[Scene], Consulted]) -> Consulted:
    def attempt(work: Work) -> Consulted:
        user = work.users.get(who)
        actor = as_actor(user) if user else None
        if actor is None or not actor.active or not actor.roles & (HELPERS | {Role.ORGANISER}):
            return Refusal.NOT_YOUR_ROLE
        question = work.consulting.hold(question_id)
        if question is None or not may_see(work, actor, question):
            return Refusal.NO_QUESTION
        return act(Scene(runtime=runtime, work=work, who=actor, now=runtime.clock.now(), question=question))

    return runtime.database.write(attempt)


def _clean(text: str) -> str:
    return mask(text.replace("\x00", "").replace("\r\n", "\n").strip()).text
