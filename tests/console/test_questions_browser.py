"""Questions in Chromium, 390 pixels wide: asked, answered, noted, taken, found, without a script too; and axe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.console.test_case_browser import chromium, complaints, page_of
from tests.console.test_questions import ANSWER, NOTE, NOTES, QUESTIONS, TEXT, Circle, circle
from tests.console.test_sessions_browser import looked_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

__all__ = ["chromium", "circle", "complaints", "page_of"]
pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(circle: Circle, page_of: Callable[..., Page], complaints: list[str], scheme: str) -> None:
    url, desk = circle.office.url, circle.office.desk
    wrong: list[str] = []
    page = page_of(circle.organiser, color_scheme=scheme)
    for name, path in {"none": QUESTIONS, "new": f"{QUESTIONS}/new", "no-notes": NOTES}.items():
        page.goto(url + path)
        wrong += looked_at(page, f"questions-{name}-{scheme}")
    page.goto(f"{url}{QUESTIONS}/new")
    page.get_by_label("Aan welk team?").select_option("form_team")
    page.get_by_label("Uw vraag").fill("Bel 06 12 34 56 78")
    page.get_by_role("button", name="Verstuur de vraag").click()
    expect(page.get_by_text("Er staat een telefoonnummer of e-mailadres in.")).to_be_visible()
    wrong += looked_at(page, f"questions-wrong-{scheme}")
    waits, answered, proposed = circle.asks(), circle.asks("Een andere vraag"), circle.proposed()
    circle.answers(answered)
    given_back = circle.proposed(title="Te lang")
    circle.does(circle.cora, given_back, "note/decline", reason="Maak het korter.")
    circle.taken(title="Al nagekeken")
    for name, path in {"own": QUESTIONS, "one": waits, "answered": answered, "notes": NOTES}.items():
        page.goto(url + path)
        wrong += looked_at(page, f"questions-{name}-{scheme}")
    for who, pages in (
        (desk.sam, {"team": QUESTIONS, "answer": waits, "note": answered, "mine": proposed, "back": given_back}),
        (desk.cora, {"all": QUESTIONS, "review": proposed, "remove": NOTES}),
    ):
        page = page_of(who, color_scheme=scheme)
        for name, path in pages.items():
            page.goto(url + path)
            wrong += looked_at(page, f"questions-{name}-{scheme}")
    assert wrong == []
    assert [one for one in complaints if "422" not in one] == []


@pytest.mark.parametrize("script", [True, False])
def test_asked_answered_noted_and_found(
    circle: Circle, page_of: Callable[..., Page], complaints: list[str], script: bool
) -> None:
    url, desk = circle.office.url, circle.office.desk
    olga = page_of(circle.organiser, java_script_enabled=script)
    olga.goto(f"{url}/desk")
    olga.get_by_role("link", name="Vragen").click()
    olga.get_by_role("link", name="Stel een vraag").click()
    olga.get_by_label("Aan welk team?").select_option("form_team")
    olga.get_by_label("Uw vraag").fill(TEXT)
    olga.get_by_role("button", name="Verstuur de vraag").click()
    expect(olga.get_by_text("Uw vraag is bij het team.")).to_be_visible()
    home = olga.url.removeprefix(url).split("?")[0]

    sam = page_of(desk.sam, java_script_enabled=script)
    sam.goto(f"{url}/desk")
    sam.get_by_role("link", name="1 vraag wacht op antwoord").click()
    sam.get_by_role("link", name=TEXT).click()
    sam.get_by_label("Uw antwoord").fill(ANSWER)
    sam.get_by_role("button", name="Geef antwoord").click()
    expect(sam.get_by_text("Uw antwoord staat er.")).to_be_visible()
    sam.locator("summary", has_text="Maak hier een notitie van").click()
    expect(sam.get_by_label("Tekst in het Nederlands")).to_have_value(ANSWER)
    sam.get_by_label("Titel").fill(NOTE["title"])
    sam.get_by_label("Tekst in het Nederlands").fill(NOTE["body"])
    sam.get_by_label("Onderwerp").select_option(NOTE["subject"])
    sam.get_by_role("button", name="Laat de notitie nakijken").click()
    expect(sam.get_by_text("Wordt nagekeken")).to_be_visible()
    expect(sam.get_by_role("button", name="Zet bij Goed om te weten")).to_have_count(0)

    olga.goto(url + home)
    expect(olga.get_by_text(ANSWER)).to_be_visible()

    kim = page_of(desk.kim, java_script_enabled=script)
    kim.goto(url + QUESTIONS)
    kim.get_by_role("link", name=NOTE["title"]).click()
    kim.get_by_role("button", name="Zet bij Goed om te weten").click()
    expect(kim.get_by_text("De notitie staat nu bij Goed om te weten.")).to_be_visible()

    olga.get_by_role("link", name="Goed om te weten").click()
    olga.get_by_label("Zoek").fill("brief gelezen")
    olga.get_by_role("button", name="Toon").click()
    expect(olga.get_by_text(NOTE["body"])).to_be_visible()
    olga.goto(url + home)
    olga.locator("summary", has_text="Sluit de vraag").click()
    olga.get_by_role("button", name="Sluit").click()
    expect(olga.get_by_text("De vraag is gesloten.")).to_be_visible()
    assert complaints == []
