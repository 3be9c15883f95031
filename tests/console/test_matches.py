"""The page on which a coordinator decides who is asked; nobody's name stands on it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.pair import approve
from bot.store.participation_rows import MatchRow
from tests.console.conftest import words_of_page
from tests.participation.conftest import TOPICS, shipped

if TYPE_CHECKING:
    from bot.runtime import Runtime
    from bot.store.work import Work
    from tests.console.conftest import Office

MATCHES = "/desk/matches"


@pytest.fixture
def suggested(office: Office) -> MatchRow:
    """Two newcomers of whom it is suggested that they are buddies."""
    now = office.desk.clock.now()

    def suggest(work: Work) -> MatchRow:
        people = [work.newcomers.writing_from("elsewhere", name, now=now).newcomer.id for name in ("a", "b")]
        one, other = (
            work.seekings.open(who, kind, None, now) for who, kind in zip(people, ("buddy", "be_buddy"), strict=True)
        )
        row = MatchRow(
            id="",
            kind="buddy",
            seeking_id=one.id,
            newcomer_id=one.newcomer_id,
            state="suggested",
            suggested_at=now,
            reasons=(("language", "nl"), ("near", "region"), ("time", "evening"), ("interest", "cooking")),
            other_seeking_id=other.id,
            other_newcomer_id=other.newcomer_id,
        )
        work.matches.suggest_anew([row])
        (found,) = work.matches.of(one.newcomer_id, ("suggested",))
        return found

    return office.desk.runtime.database.write(suggest)


def with_words_of_matches(runtime: Runtime) -> Runtime:
    """The small assistant of these tests does not know what is said of matches."""
    said = {name: one for name, one in shipped().content.responses.items() if one.topic in TOPICS}
    content = replace(runtime.knowledge.content, responses={**runtime.knowledge.content.responses, **said})
    return replace(
        runtime,
        knowledge=replace(runtime.knowledge, content=content),
        renderer=replace(runtime.renderer, content=content),
    )


def page(office: Office) -> str:
    reply = office.signed_in(office.desk.cora).get(MATCHES)
    assert reply.status == 200, reply.text
    return words_of_page(reply.text)


def test_an_empty_page_says_so_in_each_part(office: Office) -> None:
    found = page(office)
    assert "Er zijn nu geen voorstellen." in found
    assert "Niemand hoeft nu te antwoorden." in found
    assert "Er zijn nog geen maatjes." in found


def test_a_suggestion_stands_there_with_its_reasons_and_since_when(office: Office, suggested: MatchRow) -> None:
    found = page(office)
    assert "Spreken allebei Nederlands" in found
    assert "Wonen in de buurt" in found
    assert "Hebben allebei tijd: in de avond" in found
    assert "Vinden allebei leuk: koken" in found
    assert "Zoekt sinds" in found
    assert suggested.newcomer_id[-4:].upper() in found


def test_who_cannot_be_asked_is_not_and_the_page_says_why(office: Office, suggested: MatchRow) -> None:
    reply = office.signed_in(office.desk.cora).post(f"{MATCHES}/approve", {"match": suggested.id})
    assert reply.status == 409
    assert "Een van de twee wil nu geen berichten." in words_of_page(reply.text)


def test_what_is_asked_waits_for_an_answer_and_can_be_called_off(office: Office, suggested: MatchRow) -> None:
    now = office.desk.clock.now()

    def agrees(work: Work) -> None:
        for one in suggested.people:
            work.newcomers.accept_notice(one, "1", now)

    office.desk.runtime.database.write(agrees)
    cora = office.signed_in(office.desk.cora)
    assert isinstance(approve(with_words_of_matches(office.desk.runtime), office.desk.cora.id, suggested.id), MatchRow)
    found = page(office)
    assert "Er zijn nu geen voorstellen." in found
    assert "antwoordde nog niet" in found
    assert cora.post(f"{MATCHES}/refuse", {"match": suggested.id}).location.startswith(MATCHES)
    assert "Niemand hoeft nu te antwoorden." in page(office)


def test_not_this_one_is_gone_and_stays_away(office: Office, suggested: MatchRow) -> None:
    cora = office.signed_in(office.desk.cora)
    assert cora.post(f"{MATCHES}/refuse", {"match": suggested.id}).location.startswith(MATCHES)
    assert cora.post(f"{MATCHES}/look").location.startswith(MATCHES)
    assert "Er zijn nu geen voorstellen." in page(office)


def test_an_unknown_match_is_not_there(office: Office) -> None:
    assert office.signed_in(office.desk.cora).post(f"{MATCHES}/approve", {"match": "x"}).status == 404
