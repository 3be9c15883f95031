"""Who closes a case tells which question it was, and whether the assistant should know the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.answer import Declined, Done, close
from bot.handoff.case import Decline, Outcome

if TYPE_CHECKING:
    from tests.desk.conftest import Desk


def test_closing_tells_what_it_was_about(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    about = next(iter(desk.runtime.knowledge.content.questions))
    done = close(desk.runtime, desk.sam.id, case.id, outcome=Outcome.ANSWERED, was_about=about, answer_wanted=False)
    assert isinstance(done, Done)
    assert (done.case.was_about, done.case.answer_wanted) == (about, False)
    assert desk.events(case)[-1].detail["was_about"] == about


def test_closing_without_telling_leaves_it_open(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    done = close(desk.runtime, desk.sam.id, case.id, outcome=Outcome.ANSWERED)
    assert isinstance(done, Done)
    assert (done.case.was_about, done.case.answer_wanted) == (None, None)


def test_a_question_that_nobody_knows_closes_nothing(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    done = close(desk.runtime, desk.sam.id, case.id, outcome=Outcome.ANSWERED, was_about="something_else")
    assert done == Declined(why=Decline.NO_QUESTION)
    assert desk.now(case).state == "active"
