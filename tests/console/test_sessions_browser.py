"""A coach's pages in Chromium, 390 pixels wide: by pointer, by keyboard, without a script; and what axe says."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.console.test_case_browser import chromium, complaints, never_sideways, page_of
from tests.console.test_sessions import MESSAGE, SESSIONS, Circle, circle

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

__all__ = ["chromium", "circle", "complaints", "page_of"]
pytestmark = pytest.mark.browser
SHOTS = os.environ.get("SHOTS")
TEXT = "Donderdag koken we samen in het wijkhuis."


def looked_at(page: Page, name: str) -> list[str]:
    """Return what keeps somebody out of this page."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    never_sideways(page)
    assert page.locator("h1").count() == 1
    page.wait_for_load_state()  # the words may be there before the style sheet
    found = Axe().run(page)
    return [f"{name}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found.response["violations"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(circle: Circle, page_of: Callable[..., Page], complaints: list[str], scheme: str) -> None:
    desk, url = circle.office.desk, circle.office.url
    coming, past = circle.plans(), circle.plans(day="2026-11-24")
    circle.post(MESSAGE, {"text": TEXT, "language": "nl"}, to=circle.ids)
    page = page_of(circle.coach, color_scheme=scheme)
    page.goto(url + MESSAGE)
    wrong = looked_at(page, f"message-held-{scheme}")
    desk.wait(seconds=6)
    desk.delivered()
    circle.talks[0].send("ik breng rijst")
    desk.wait(days=2)
    page = page_of(circle.coach, color_scheme=scheme)
    for name, path in {
        "message": MESSAGE,
        "sessions": SESSIONS,
        "appointment": f"{SESSIONS}?for=appointment",
        "coming": coming,
        "past": past,
    }.items():
        page.goto(url + path)
        wrong += looked_at(page, f"{name}-{scheme}")
    page.goto(url + SESSIONS)
    page.get_by_label("Dag", exact=True).fill("2026-12-25")
    page.get_by_label("Tijd", exact=True).fill("14:00")
    page.get_by_label("Plaats: adres, zaal").fill("De bibliotheek")
    for box in page.get_by_role("checkbox").all():
        box.uncheck()
    page.get_by_role("button", name="Plannen en uitnodigen").click()
    expect(page.get_by_text("Dit is een feestdag.")).to_be_visible()
    wrong += looked_at(page, f"doubt-{scheme}")
    page.get_by_role("button", name="Toch plannen").click()
    expect(page.get_by_text("Kies wie u uitnodigt")).to_be_visible()
    wrong += looked_at(page, f"nobody-{scheme}")
    assert wrong == []
    assert [one for one in complaints if "422" not in one] == []


@pytest.mark.parametrize("script", [True, False])
def test_plan_an_appointment_and_write_to_all(
    circle: Circle, page_of: Callable[..., Page], complaints: list[str], script: bool
) -> None:
    desk, url = circle.office.desk, circle.office.url
    page = page_of(circle.coach, java_script_enabled=script)
    page.goto(url + SESSIONS)
    page.get_by_role("link", name="Een afspraak maken met één persoon").click()
    page.get_by_label("Dag", exact=True).fill("2026-12-03")
    page.get_by_label("Tijd", exact=True).fill("10:00")
    page.get_by_label("Bij een team of infopunt").select_option("Infopunt")
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Plannen en uitnodigen").click()
    expect(page.get_by_text("donderdag 3 december om 10:00, Infopunt")).to_be_visible()
    assert desk.delivered() == ["utter_session_invited"]
    page.goto(url + MESSAGE)
    page.get_by_label("Uw bericht", exact=True).fill(TEXT)
    page.get_by_role("button", name="Verstuur").click()
    expect(page.get_by_text("Uw bericht gaat naar iedereen die u koos.")).to_be_visible()
    page.get_by_role("button", name="Haal terug").click()
    expect(page.get_by_label("Uw bericht", exact=True)).to_have_value(TEXT)
    page.get_by_role("button", name="Verstuur").click()
    desk.wait(seconds=6)
    assert desk.delivered() == ["reply"] * 2
    page.goto(url + MESSAGE)
    expect(page.get_by_text("Verstuurd").first).to_be_visible()
    assert complaints == []


def test_by_keyboard_alone(circle: Circle, page_of: Callable[..., Page]) -> None:
    home = circle.plans()
    circle.office.desk.delivered()
    page = page_of(circle.coach)
    page.goto(circle.office.url + home)
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Afgezegd.")).to_be_visible()
    assert circle.office.desk.delivered() == ["utter_session_cancelled"] * 2
