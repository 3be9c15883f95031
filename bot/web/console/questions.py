"""`/desk/questions`: an organisation asks, a team answers, a note is made of it; `/desk/notes`: the notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import consult
from bot.consult import (
    LONGEST_ANSWER,
    LONGEST_NOTE,
    LONGEST_QUESTION,
    LONGEST_REASON,
    LONGEST_TITLE,
    Refusal,
    subjects,
)
from bot.handoff.access import Screen
from bot.handoff.case import Role
from bot.look_up import all_notes, my_questions, open_question
from bot.web.console.door import Door
from bot.web.console.lists import names_for

if TYPE_CHECKING:
    from starlette.responses import Response

    from bot.consult import Consulted
    from bot.content.model import Note
    from bot.web.console.door import Visit

QUESTIONS = "/desk/questions"
QUESTION = f"{QUESTIONS}/{{question}}"
NOTES = "/desk/notes"
STATUS = {Refusal.NOT_YOUR_ROLE: 403, Refusal.NO_QUESTION: 404, Refusal.NO_NOTE: 404}
STATUS |= dict.fromkeys((Refusal.OVER, Refusal.CHANGED, Refusal.OWN_NOTE, Refusal.NOT_YOURS), 409)
# How much of a question stands in a list.
SHOWN = 140
_MOST_DIGITS = 9
_LONGEST_SOUGHT = 100


# ---- all of them


def show(visit: Visit) -> Response:
    """Show what was asked, by where it stands."""
    board = my_questions(visit.runtime, visit.user.id)
    if isinstance(board, Refusal):
        return visit.problem(403)
    return visit.page("questions.html", board=board, names=names_for(visit), shown=SHOWN)


# ---- asked


def begin(visit: Visit, *, wrong: Refusal | None = None) -> Response:
    """Show the form for a new one."""
    board = my_questions(visit.runtime, visit.user.id)
    if isinstance(board, Refusal) or not board.asks:
        return visit.problem(403)
    beside = {Refusal.NO_TEAM: "team"}.get(wrong, "text") if wrong else ""
    if wrong in {Refusal.NO_ORGANISATION, Refusal.TOO_MANY}:
        beside = ""
    return visit.page(
        "question_form.html",
        status=STATUS.get(wrong, 422) if wrong else 200,
        own=board.own,
        teams=visit.runtime.knowledge.organisation.teams,
        names=names_for(visit),
        chosen=visit.given("team"),
        text=visit.given("text"),
        longest=LONGEST_QUESTION,
        problem=_words(visit, wrong) if not beside else "",
        wrong={beside: _words(visit, wrong)} if beside else {},
    )


def ask(visit: Visit) -> Response:
    """Ask it."""
    done = consult.ask(visit.runtime, visit.user.id, team=visit.given("team"), text=_lines(visit, "text"))
    if isinstance(done, Refusal):
        return visit.problem(403) if done is Refusal.NOT_YOUR_ROLE else begin(visit, wrong=done)
    return visit.go(f"{QUESTIONS}/{done.id}", said="question_asked")


# ---- one of them


def open_one(visit: Visit, *, wrong: Refusal | None = None, at: str = "") -> Response:
    """Show one with its answer and its note; `at` is the form that was not taken, as it was filled in."""
    found = open_question(visit.runtime, visit.user.id, _id(visit))
    if isinstance(found, Refusal):
        return visit.problem(STATUS[found])
    question, note = found.question, found.note
    typed = {
        "text": question.answer if "mend" in found.may else "",
        "title": note.title if note else "",
        "body": note.body if note else question.answer,
        "subject": note.subject if note else "",
        "reason": "",
    }
    if at:
        typed |= {name: _lines(visit, name) for name in typed if name in visit.form}
    return visit.page(
        "question.html",
        status=STATUS.get(wrong, 422) if wrong else 200,
        found=found,
        names=names_for(visit),
        typed=typed,
        at=at,
        subjects=subjects(visit.runtime),
        longest={"answer": LONGEST_ANSWER, "title": LONGEST_TITLE, "note": LONGEST_NOTE, "reason": LONGEST_REASON},
        problem=_words(visit, wrong),
    )


def answer(visit: Visit) -> Response:
    """Answer it."""
    given = _lines(visit, "text")
    done = consult.answer(visit.runtime, visit.user.id, _id(visit), text=given, version=_version(visit))
    return _onward(visit, done, "question_answered", at="answer")


def close(visit: Visit) -> Response:
    """Have it be settled."""
    return _onward(visit, consult.close(visit.runtime, visit.user.id, _id(visit)), "question_closed")


def propose(visit: Visit) -> Response:
    """Have the answer become a note, once somebody else has read it."""
    done = consult.propose(
        visit.runtime,
        visit.user.id,
        _id(visit),
        title=visit.given("title"),
        text=_lines(visit, "body"),
        subject=visit.given("subject"),
    )
    return _onward(visit, done, "note_proposed", at="note")


def take(visit: Visit) -> Response:
    """Have everybody at the desk read the note."""
    done = consult.take(visit.runtime, visit.user.id, _id(visit), read=visit.given("read"))
    return _onward(visit, done, "note_taken")


def decline(visit: Visit) -> Response:
    """Give the note back with the reason."""
    done = consult.decline(visit.runtime, visit.user.id, _id(visit), reason=_lines(visit, "reason"))
    return _onward(visit, done, "note_declined", at="decline")


def _onward(visit: Visit, done: Consulted, said: str, *, at: str = "") -> Response:
    if isinstance(done, Refusal):
        return visit.problem(403) if done is Refusal.NOT_YOUR_ROLE else open_one(visit, wrong=done, at=at)
    return visit.go(f"{QUESTIONS}/{done.id}", said=said)


# ---- what is good to know


def show_notes(visit: Visit, *, wrong: Refusal | None = None) -> Response:
    """Show the notes, or those in which every word that is looked for stands."""
    sought, subject = visit.asked("q")[:_LONGEST_SOUGHT], visit.asked("subject")
    every = all_notes(visit.runtime)
    names = names_for(visit)
    found = [
        note for note in every if subject in {"", note.subject} and _holds(note, sought, names.topic(note.subject))
    ]
    taken_here = {note.id for note in every} - visit.runtime.knowledge.notes.keys()
    return visit.page(
        "notes.html",
        status=STATUS.get(wrong, 422) if wrong else 200,
        found=found,
        every=len(every),
        subjects=sorted({note.subject for note in every}),
        only=subject,
        sought=sought,
        names=names,
        removable=taken_here if Role.COORDINATOR in visit.who.roles else frozenset(),
        problem=_words(visit, wrong),
    )


def _holds(note: Note, sought: str, subject: str) -> bool:
    words = f"{note.title}\n{note.text}\n{subject}".casefold()
    return all(word in words for word in sought.casefold().split())


def remove(visit: Visit) -> Response:
    """Take a note away."""
    wrong = consult.remove(visit.runtime, visit.user.id, str(visit.request.path_params["note"]))
    if wrong is Refusal.NOT_YOUR_ROLE:
        return visit.problem(403)
    return show_notes(visit, wrong=wrong) if wrong else visit.go(NOTES, said="note_removed")


# ---- parts


def _words(visit: Visit, wrong: Refusal | None) -> str:
    return visit.words(f"questions_wrong_{wrong.value}") if wrong else ""


def _lines(visit: Visit, name: str) -> str:
    # A browser sends two signs for a new line, and counts one.
    return visit.given(name).replace("\r\n", "\n")


def _id(visit: Visit) -> str:
    return str(visit.request.path_params["question"])


def _version(visit: Visit) -> int:
    """Return the version that the form was made of; -1, which no question has, when it is none."""
    given = visit.given("version")
    return int(given) if given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS else -1


_POST = ("POST",)
DOORS = (
    Door(path=QUESTIONS, screen=Screen.QUESTIONS, endpoint=show),
    Door(path=f"{QUESTIONS}/new", screen=Screen.QUESTIONS, endpoint=begin),
    Door(path=f"{QUESTIONS}/new", screen=Screen.QUESTIONS, endpoint=ask, methods=_POST),
    Door(path=QUESTION, screen=Screen.QUESTIONS, endpoint=open_one),
    Door(path=f"{QUESTION}/answer", screen=Screen.QUESTIONS, endpoint=answer, methods=_POST),
    Door(path=f"{QUESTION}/close", screen=Screen.QUESTIONS, endpoint=close, methods=_POST),
    Door(path=f"{QUESTION}/note", screen=Screen.QUESTIONS, endpoint=propose, methods=_POST),
    Door(path=f"{QUESTION}/note/take", screen=Screen.QUESTIONS, endpoint=take, methods=_POST),
    Door(path=f"{QUESTION}/note/decline", screen=Screen.QUESTIONS, endpoint=decline, methods=_POST),
    Door(path=NOTES, screen=Screen.NOTES, endpoint=show_notes),
    Door(path=f"{NOTES}/{{note}}/remove", screen=Screen.NOTES, endpoint=remove, methods=_POST),
)
