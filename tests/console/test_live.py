"""The desk's pages in Chromium: they come anew by themselves, in nobody's way, and say so once."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect, sync_playwright

from bot.web.console.entrance import COOKIE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from bot.store.rows import UserRow
    from tests.console.conftest import Office

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    quiet = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=quiet)
        yield chromium
        chromium.close()


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def opened(office: Office, browser: Browser, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    contexts = []

    def opens(user: UserRow, path: str, **kind: Any) -> Page:
        context = browser.new_context(**{"viewport": PHONE, "locale": "nl-NL", **kind})
        context.set_default_timeout(30_000)
        context.add_cookies([{"name": COOKIE, "value": office.signed_in(user).secret, "url": office.url}])
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(office.url + path)
        return page

    yield opens
    for context in contexts:
        context.close()


def test_a_new_case_appears_by_itself_and_is_announced_once(
    office: Office, opened: Callable[..., Page], complaints: list[str]
) -> None:
    page = opened(office.desk.sam, "/desk/queue")
    expect(page.get_by_text("Iedereen is geholpen.")).to_be_visible()
    case = office.desk.asks()
    expect(page.get_by_role("button", name=f"Nemen Zaak {case.number}")).to_be_visible()
    expect(page.locator("#news")).to_have_text("Er wacht één vraag.")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []


def test_what_i_am_at_stays_until_i_leave_it(office: Office, opened: Callable[..., Page]) -> None:
    desk = office.desk
    mine, other = desk.asks(), desk.asks()
    page = opened(desk.sam, "/desk/queue")
    button = page.get_by_role("button", name=f"Nemen Zaak {mine.number}")
    button.focus()
    third = desk.asks()
    expect(page.get_by_text(f"Zaak {third.number}").first).to_be_visible()
    expect(button).to_be_focused()  # the row is still there, and so is the focus
    desk.taken(mine, by=desk.kim)
    desk.taken(other, by=desk.kim)
    page.wait_for_timeout(2500)
    expect(button).to_be_focused()  # the row is gone elsewhere; here it waits until I look away
    page.get_by_label("Onderwerp").focus()
    expect(button).to_have_count(0)
    expect(page.get_by_label("Onderwerp")).to_be_focused()


def test_without_scripts_the_day_is_whole(office: Office, opened: Callable[..., Page]) -> None:
    desk = office.desk
    case = desk.asks()
    page = opened(desk.sam, "/desk", java_script_enabled=False)
    page.get_by_role("button", name="Dienst beginnen").click()
    expect(page.get_by_text("Uw dienst is begonnen.")).to_be_visible()
    page.get_by_role("button", name="Neem de volgende").click()
    assert page.url == f"{office.url}/desk/cases/{case.id}"
    page.goto(f"{office.url}/desk")
    expect(page.get_by_role("link", name=f"Zaak {case.number}")).to_be_visible()
    page.get_by_role("link", name="Dienst beëindigen").click()
    page.get_by_role("button", name="Teruggeven").click()
    expect(page.get_by_text("Uw zaken staan weer in de wachtrij.")).to_be_visible()
    page.goto(f"{office.url}/desk/queue")
    page.get_by_label("Taal").select_option("nl")
    page.get_by_role("button", name="Toon").click()
    expect(page.get_by_text(f"Zaak {case.number}").first).to_be_visible()
