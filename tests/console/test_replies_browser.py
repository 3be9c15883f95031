"""Replies in Chromium: a text chosen, a translation asked for, files chosen; with and without a script."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.console.test_case_browser import chromium, complaints, never_sideways, page_of
from tests.console.with_replies import Translator, opened
from tests.desk.conftest import said
from tests.desk.test_reply_files import PDF, photo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from bot.domain.clock import HeldClock
    from bot.store.encryption import Vault
    from tests.console.conftest import Office

__all__ = ["chromium", "complaints", "page_of"]
pytestmark = pytest.mark.browser
SHOTS = os.environ.get("SHOTS")


@pytest.fixture
def office(tmp_path: Path, vault: Vault, clock: HeldClock) -> Iterator[Office]:
    with opened(tmp_path, vault, clock, translator=Translator()) as found:
        yield found


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def violations(page: Page) -> list[str]:
    page.wait_for_load_state()  # the words may be there before the style sheet
    found = Axe().run(page)
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found.response["violations"]]


@pytest.mark.parametrize("script", [True, False])
def test_a_text_a_translation_and_files_are_all_put_into_one_reply(  # fixtures and the example
    office: Office, page_of: Callable[..., Page], complaints: list[str], script: bool
) -> None:
    desk = office.desk
    talk = desk.newcomer("ar")
    case = desk.taken(desk.asks(talk))
    desk.wait(seconds=5)
    said(talk, "وصلتني رسالة من البلدية")
    page = page_of(desk.sam, java_script_enabled=script)
    page.goto(f"{office.url}/desk/cases/{case.id}")

    page.get_by_role("link", name="Vertaal").last.click()
    expect(page.get_by_text("Machine, kan fout zijn")).to_be_visible()
    expect(page.get_by_text("<nl> وصلتني رسالة من البلدية")).to_be_visible()
    if not script:
        page.get_by_role("link", name="Terug naar de zaak").click()

    page.get_by_label("Tekst", exact=True).select_option("appointment")
    page.get_by_role("button", name="Zet in het antwoord", exact=True).click()
    page.get_by_label("Dag", exact=True).fill("2026-11-30")
    page.get_by_label("Tijd", exact=True).fill("14:30")
    page.get_by_label("Plaats of organisatie").fill("bibliotheek")
    page.get_by_role("button", name="Vul in en zet in het antwoord").click()
    box = page.locator("#reply-text")
    assert "14:30" in box.input_value()
    expect(page.get_by_text("U heeft een afspraak.")).to_be_visible()
    if script:
        never_sideways(page)
    shot(page, f"chosen-{script}")

    page.get_by_label("Bestanden meesturen").set_input_files(
        [
            {"name": "brief.jpg", "mimeType": "image/jpeg", "buffer": photo()},
            {"name": "formulier.pdf", "mimeType": "application/pdf", "buffer": PDF},
        ]
    )
    page.get_by_role("button", name="Verstuur", exact=True).click()
    expect(page.get_by_role("button", name="Haal terug")).to_have_count(1)
    expect(page.get_by_role("link", name="formulier.pdf")).to_be_visible()
    desk.wait(seconds=6)
    assert desk.delivered() == ["reply", "reply"]
    assert complaints == []


def test_a_proposal_of_the_machine_is_read_before_it_is_sent(office: Office, page_of: Callable[..., Page]) -> None:
    desk = office.desk
    case = desk.taken(desk.asks(desk.newcomer("ar")))
    page = page_of(desk.sam)
    page.goto(f"{office.url}/desk/cases/{case.id}")
    page.locator("#reply-text").fill("Kom morgen naar het infopunt met de brief")
    page.get_by_role("button", name="Vertaal naar het Arabisch").click()
    expect(page.locator("#reply-text")).to_have_value("<ar> Kom morgen naar het infopunt met de brief")
    expect(page.get_by_text("Dit schreef u.")).to_be_visible()
    shot(page, "proposal")
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_texts_in_every_language(
    office: Office, page_of: Callable[..., Page], complaints: list[str], scheme: str, width: int
) -> None:
    page = page_of(office.desk.sam, color_scheme=scheme, viewport={"width": width, "height": 844})
    page.goto(f"{office.url}/desk/replies")
    page.locator("summary").click()
    never_sideways(page)
    assert violations(page) == []
    page.get_by_label("Zoek in de teksten").fill("afspraak")
    page.get_by_label("Taal naast het Nederlands").select_option("ti")
    page.get_by_role("button", name="Toon", exact=True).click()
    expect(page.get_by_role("heading", name="Uw afspraak")).to_be_visible()
    expect(page.get_by_text("ቆጸራ ኣለኩም")).to_be_visible()
    page.get_by_role("link", name="Toon alles").click()
    shot(page, f"replies-{width}-{scheme}")
    assert complaints == []
