"""The way in, in Chromium on a phone: with JavaScript and without, and under the strict policy of these pages."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pyotp
import pytest
from playwright.sync_api import expect, sync_playwright

from bot.web.console.entrance import COOKIE
from tests.console.test_sign_in import PASSWORD, hired

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.console.conftest import Office

pytestmark = pytest.mark.browser
SMALLEST_TARGET = 44


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    quiet = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=quiet)
        yield chromium
        chromium.close()


def fits(page: Page) -> None:
    """Nothing sticks out at the side, there is one heading of the page, and what is pressed is large enough."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("h1").count() == 1
    for button in page.locator(
        "button:visible, a.button:visible, input:visible:not([type=checkbox], [type=radio])"
    ).all():
        box = button.bounding_box()
        assert box
        assert box["height"] >= SMALLEST_TARGET, button.inner_text()


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])
def test_an_invitation_on_a_phone_up_to_the_settings(script: bool, office: Office, browser: Browser) -> None:
    link = hired(office, "nora", "volunteer", "administrator").link
    complaints: list[str] = []
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, locale="nl-NL", java_script_enabled=script, base_url=office.url
    )
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    look = fits if script else (lambda _page: None)

    page.goto(f"/desk/invitation?link={link}")
    look(page)
    page.get_by_label("Nieuw wachtwoord").fill(PASSWORD)
    page.get_by_label("Nog een keer").fill(PASSWORD)
    page.get_by_role("button", name="Verder").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Stel uw app in")
    look(page)
    if script:
        assert page.locator("img.qr").evaluate("image => image.complete && image.naturalWidth > 100")
    key = page.locator("code.key").inner_text().replace(" ", "")
    at = int(office.desk.clock.now().timestamp())
    page.get_by_label("Code van zes cijfers").fill(pyotp.TOTP(key).at(at))
    page.get_by_role("button", name="Verder").click()

    expect(page.locator("ol.codes li")).to_have_count(10)
    look(page)
    (cookie,) = [one for one in context.cookies() if one["name"] == COOKIE]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/desk")
    page.goto("/desk/settings")
    look(page)
    page.get_by_label("Donker").check()
    page.get_by_role("button", name="Opslaan").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    for path in ("people", "password", "app", "recovery-codes"):
        page.goto(f"/desk/settings/{path}")
        look(page)
    page.goto("/desk/settings")
    page.get_by_role("button", name="Uitloggen", exact=True).first.click()

    expect(page.get_by_text("U bent uitgelogd.")).to_be_visible()
    office.desk.wait(minutes=2)
    page.get_by_label("Inlognaam").fill("nora")
    page.get_by_label("Wachtwoord").fill(PASSWORD)
    page.get_by_role("button", name="Verder").click()
    at = int(office.desk.clock.now().timestamp())
    look(page)
    page.get_by_label("Code van zes cijfers").fill(pyotp.TOTP(key).at(at))
    page.get_by_role("button", name="Verder").first.click()
    page.goto("/desk/settings")
    expect(page.get_by_role("heading", level=1)).to_have_text("Instellingen")
    assert [line for line in complaints if "Content Security Policy" in line] == []
    context.close()
