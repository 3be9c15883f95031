"""What organisations ask, as it is kept: sealed, held, gone after its time; on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot.consult import Refusal, answer, ask, close, propose, stamp_of, take
from bot.forget import expire
from bot.store.consulting import QuestionRow

if TYPE_CHECKING:
    from bot.consult import Consulted
    from bot.store.work import Work
    from tests.desk.conftest import Desk

QUESTION, ANSWER = "Mag een vrijwilliger meerijden?", "Vraag het aan de coördinator."
NOTE = {"title": "Meerijden", "text": "Vraag het eerst.", "subject": "housing"}


def done(what: Consulted) -> QuestionRow:
    assert isinstance(what, QuestionRow), what
    return what


@pytest.fixture
def olga(desk: Desk) -> str:
    """An organiser."""

    def add(work: Work) -> str:
        own = work.offers.add_organisation("De Brug", desk.clock.now())
        made = work.users.add("Olga", roles=["organiser"], teams=[], now=desk.clock.now(), organisation_id=own)
        return made.id

    return desk.runtime.database.write(add)


def answered(desk: Desk, olga: str) -> QuestionRow:
    asked = done(ask(desk.runtime, olga, team="form_team", text=QUESTION))
    return done(answer(desk.runtime, desk.sam.id, asked.id, text=ANSWER, version=asked.version))


def noted(desk: Desk, olga: str) -> QuestionRow:
    question = answered(desk, olga)
    return done(propose(desk.runtime, desk.sam.id, question.id, **NOTE))


def taken(desk: Desk, olga: str) -> QuestionRow:
    question = noted(desk, olga)
    row = desk.runtime.database.read(lambda work: work.consulting.note_of(question.id))
    assert row is not None
    return done(take(desk.runtime, desk.kim.id, question.id, read=stamp_of(row)))


def count(desk: Desk, table: str) -> int:
    query = text(f"SELECT count(*) FROM {table}")
    return desk.runtime.database.read(lambda work: work.connection.scalar(query))


def test_words_are_sealed(desk: Desk, olga: str) -> None:
    question = answered(desk, olga)
    assert (question.text, question.answer) == (QUESTION, ANSWER)
    query = text("SELECT text_sealed, answer_sealed FROM expert_questions")
    row = desk.runtime.database.read(lambda work: work.connection.execute(query).one())
    for sealed, said in zip(row, (QUESTION, ANSWER), strict=True):
        assert said.encode() not in bytes(sealed)
    assert QUESTION not in repr(question)


def test_words_whose_key_is_gone_are_empty(desk: Desk, olga: str) -> None:
    question = answered(desk, olga)
    gone = text("UPDATE users SET data_key_id = NULL WHERE id = :id")
    desk.runtime.database.write(lambda work: work.connection.execute(gone, {"id": olga}) and None)
    left = desk.runtime.database.read(lambda work: work.consulting.get(question.id))
    assert left is not None
    assert (left.text, left.answer) == ("", ANSWER)


def test_of_two_who_answer_at_the_same_moment_one_does(desk: Desk, olga: str) -> None:
    asked = done(ask(desk.runtime, olga, team="form_team", text=QUESTION))

    def try_it(who: str) -> Consulted:
        return answer(desk.runtime, who, asked.id, text=ANSWER, version=asked.version)

    with ThreadPoolExecutor(2) as threads:
        became = list(threads.map(try_it, (desk.sam.id, desk.kim.id)))
    assert sorted(isinstance(one, QuestionRow) for one in became) == [False, True]
    assert [one for one in became if isinstance(one, Refusal)] == [Refusal.CHANGED]


def test_what_was_closed_goes_after_its_time_and_what_waits_stays(desk: Desk, olga: str) -> None:
    closed, left = answered(desk, olga), answered(desk, olga)
    done(close(desk.runtime, olga, closed.id))
    done(ask(desk.runtime, olga, team="form_team", text="Nog een vraag"))
    desk.wait(days=89)
    expire(desk.runtime)
    assert count(desk, "expert_questions") == 3
    desk.wait(days=2)
    # Closed, or answered and left so for as long.
    assert expire(desk.runtime) == 2
    get = desk.runtime.database.read
    assert [get(lambda work, one=one: work.consulting.get(one.id)) for one in (closed, left)] == [None, None]
    assert count(desk, "expert_questions") == 1
    desk.wait(days=800)
    expire(desk.runtime)
    assert count(desk, "expert_questions") == 1  # it still waits for an answer


def test_a_note_that_was_taken_stays_and_one_that_was_not_goes_along(desk: Desk, olga: str) -> None:
    kept = taken(desk, olga)
    noted(desk, olga)
    desk.clock.wait(days=91)
    expire(desk.runtime)
    assert count(desk, "expert_questions") == 0
    (note,) = desk.runtime.database.read(lambda work: work.consulting.notes("taken"))
    assert (note.title, note.question_id) == ("Meerijden", None)
    assert note.asked_on == (kept.at + timedelta(hours=1)).date()
    assert count(desk, "notes") == 1


def test_so_many_wait_of_which_team(desk: Desk, olga: str) -> None:
    answered(desk, olga)
    for team in ("form_team", "other", "other"):
        done(ask(desk.runtime, olga, team=team, text=QUESTION))
    read = desk.runtime.database.read
    assert read(lambda work: work.consulting.count(teams=["form_team"])) == (1, 2)
    assert read(lambda work: work.consulting.count(teams=["other"])) == (2, 2)
    assert read(lambda work: work.consulting.count(teams=None)) == (3, 4)
    assert read(lambda work: work.consulting.count(teams=[])) == (0, 0)
