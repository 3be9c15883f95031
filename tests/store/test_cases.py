from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.store.database import Database
    from bot.store.rows import CaseRow, Writing


@pytest.fixture
def open_case(database: Database, now: datetime) -> Callable[..., CaseRow]:
    def open_case(writing: Writing, **given: Any) -> CaseRow:
        facts = {
            "reason": "asked_for_person",
            "priority": "normal",
            "topic": "housing",
            "question_id": "rent_too_high",
            "language": "ar",
            "summary": "Huur te hoog",
            "now": now,
            **given,
        }
        return database.write(lambda work: work.cases.open(writing.newcomer.id, writing.conversation.id, **facts))

    return open_case


def close(database: Database, case: CaseRow) -> None:
    database.write(
        lambda work: work.connection.execute(text("UPDATE cases SET state = 'closed' WHERE id = :id"), {"id": case.id})
    )


def test_a_case_has_a_number_people_can_say(
    database: Database, amina: Writing, yonas: Writing, now: datetime, open_case: Callable[..., CaseRow]
) -> None:
    first, second = open_case(amina), open_case(yonas, topic=None, question_id=None, summary=None)
    assert (first.number, second.number) == (1, 2)
    assert (first.state, first.priority, first.summary, first.opened_at) == (
        "queued",
        "normal",
        "Huur te hoog",
        now,
    )
    assert second.summary is None
    assert "Huur" not in repr(first)
    assert database.read(lambda work: work.cases.get(first.id)) == first
    assert database.read(lambda work: work.cases.get("nothing")) is None
    (event,) = database.read(lambda work: work.cases.events(first.id))
    assert (event.kind, event.actor, event.at) == ("opened", "bot", now)
    assert event.detail["reason"] == "asked_for_person"


def test_a_second_question_joins_the_open_case(
    database: Database, amina: Writing, open_case: Callable[..., CaseRow]
) -> None:
    first = open_case(amina)
    second = open_case(amina, reason="crisis", priority="crisis", summary="Voelt zich onveilig")
    third = open_case(amina, priority="urgent")
    assert second.id == third.id == first.id
    assert (second.priority, third.priority) == ("crisis", "crisis")  # it only rises
    assert second.summary == "Huur te hoog\n\nVoelt zich onveilig"
    assert third.summary == second.summary  # the same words are not written twice
    assert third.reason == "asked_for_person"
    kinds = [event.kind for event in database.read(lambda work: work.cases.events(first.id))]
    assert kinds == ["opened", "asked_again", "crisis", "asked_again"]


def test_after_a_case_is_closed_there_is_a_new_one(
    database: Database, amina: Writing, open_case: Callable[..., CaseRow]
) -> None:
    first = open_case(amina)
    assert database.read(lambda work: work.cases.open_for(amina.newcomer.id)) == first
    close(database, first)
    assert database.read(lambda work: work.cases.open_for(amina.newcomer.id)) is None
    assert open_case(amina).number == 2


def test_a_newcomer_who_asks_in_eight_places_at_once_has_one_case(
    database: Database, amina: Writing, open_case: Callable[..., CaseRow]
) -> None:
    with ThreadPoolExecutor(8) as threads:
        opened = list(threads.map(lambda _: open_case(amina), range(8)))
    assert len({case.id for case in opened}) == 1
    assert len(database.read(lambda work: work.cases.events(opened[0].id))) == 8


def test_numbers_have_no_gaps_when_many_ask_at_once(
    database: Database, now: datetime, open_case: Callable[..., CaseRow]
) -> None:
    people = [
        database.write(lambda work, n=n: work.newcomers.writing_from("telegram", f"n{n}", now=now)) for n in range(16)
    ]
    with ThreadPoolExecutor(8) as threads:
        numbers = sorted(case.number for case in threads.map(open_case, people))
    assert numbers == list(range(1, 17))


def test_the_database_itself_refuses_a_second_open_case(
    database: Database, amina: Writing, open_case: Callable[..., CaseRow]
) -> None:
    first = open_case(amina)
    with pytest.raises(IntegrityError):
        database.write(
            lambda work: work.connection.execute(
                text(
                    "INSERT INTO cases (id, number, newcomer_id, conversation_id, reason, opened_at)"
                    " SELECT 'other', 99, newcomer_id, conversation_id, reason, opened_at"
                    " FROM cases WHERE id = :id"
                ),
                {"id": first.id},
            )
        )


def test_a_note_is_an_event(
    database: Database, amina: Writing, now: datetime, open_case: Callable[..., CaseRow]
) -> None:
    case = open_case(amina)
    database.write(
        lambda work: work.cases.note(case.id, kind="wrote_again", actor="newcomer", now=now, detail={"number": 4})
    )
    event = database.read(lambda work: work.cases.events(case.id))[-1]
    assert (event.kind, event.actor, event.detail) == ("wrote_again", "newcomer", {"number": 4})
