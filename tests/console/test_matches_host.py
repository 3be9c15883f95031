"""An organiser's page of who may fit their volunteer work: why, yes or no, and never who."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.ask_after import mark_of
from bot.store.participation_rows import MatchRow
from tests.console.conftest import shipped_words, words_of_page
from tests.console.test_matches import MATCHES
from tests.console.test_offers import Shop, page, shop

if TYPE_CHECKING:
    from bot.store.work import Work

__all__ = ["shop"]
NAME = "Nasrin Achternaam"


@pytest.fixture
def suggested(shop: Shop) -> MatchRow:
    """Somebody of whom it is suggested that they fit the work of Olga's organisation."""
    desk = shop.office.desk

    def suggest(work: Work) -> MatchRow:
        now, organisation = desk.clock.now(), shop.organiser.organisation_id or ""
        offer = work.offers.add(
            organisation,
            now=now,
            kind="volunteer",
            sort="other",
            title="Helpen in de tuin",
            body="x",
            state="published",
        )
        newcomer = work.newcomers.writing_from("elsewhere", NAME, now=now).newcomer.id
        seeking = work.seekings.open(newcomer, "volunteer", NAME, now)
        row = MatchRow(
            id="",
            kind="volunteer",
            seeking_id=seeking.id,
            newcomer_id=newcomer,
            state="suggested",
            suggested_at=now,
            reasons=(("language", "ar"), ("near", "area"), ("interest", "cooking")),
            offer_id=offer,
        )
        work.matches.suggest_anew([row])
        (found,) = work.matches.of(newcomer, ("suggested",))
        return found

    return desk.runtime.database.write(suggest)


def test_the_reasons_stand_there_and_not_who_it_is(shop: Shop, suggested: MatchRow) -> None:
    found = page(shop.olga, MATCHES)
    for words in ("Iemand voor Helpen in de tuin", "Spreekt Arabisch", "Woont in de buurt", "Vindt leuk: koken"):
        assert words in found, words
    raw = shop.olga.get(MATCHES).text
    for who in (NAME, suggested.newcomer_id, mark_of(suggested.newcomer_id)):
        assert who not in raw
    assert "Er is nu niemand" in page(shop.other, MATCHES)


def test_yes_and_the_coordinator_reads_it(shop: Shop, suggested: MatchRow) -> None:
    assert "heeft hier nog geen ja op gezegd" in page(shop.cora, MATCHES)
    reply = shop.olga.post(f"{MATCHES}/answer", {"match": suggested.id, "say": "yes"})
    assert "U zei ja. Een coördinator vraagt het nu." in words_of_page(shop.olga.follow(reply).text)
    assert "Er is nog niets gevraagd." in page(shop.olga, MATCHES)
    assert "De organisatie zei ja." in page(shop.cora, MATCHES)


def test_no_wants_a_reason(shop: Shop, suggested: MatchRow) -> None:
    without = shop.olga.post(f"{MATCHES}/answer", {"match": suggested.id, "say": "no", "reason": " "})
    assert without.status == 422
    assert "Schrijf waarom niet." in words_of_page(without.text)
    long = shop.olga.post(f"{MATCHES}/answer", {"match": suggested.id, "say": "no", "reason": "lang" * 200})
    assert (long.status, "langlang" in long.text) == (422, True)
    reply = shop.olga.post(f"{MATCHES}/answer", {"match": suggested.id, "say": "no", "reason": "Wij zijn vol."})
    assert "U zei nee." in words_of_page(shop.olga.follow(reply).text)
    assert "Er is nu niemand" in page(shop.olga, MATCHES)
    assert "Wij zijn vol." not in page(shop.cora, MATCHES)
    again = shop.olga.post(f"{MATCHES}/answer", {"match": suggested.id, "say": "yes"})
    assert again.status == 409


def test_another_organisation_answers_nothing_and_an_organiser_decides_nothing(shop: Shop, suggested: MatchRow) -> None:
    for say in ("yes", "no"):
        reply = shop.other.post(f"{MATCHES}/answer", {"match": suggested.id, "say": say, "reason": "x"})
        assert reply.status == 404
        assert "Helpen in de tuin" not in words_of_page(reply.text)
    for act in ("look", "approve", "refuse"):
        assert shop.olga.post(f"{MATCHES}/{act}", {"match": suggested.id}).status == 403
    assert shop.cora.post(f"{MATCHES}/answer", {"match": suggested.id, "say": "yes"}).status == 403


def test_every_reason_to_change_nothing_has_words() -> None:
    for words in shipped_words().values():
        assert all(f"matches_host_wrong_{one}" in words for one in ("no_match", "over", "no_reason", "too_long"))
