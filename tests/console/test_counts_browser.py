"""The page of counts in a real browser: for everybody, on a desk and on a phone, light and dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from bot.web.console.entrance import COOKIE
from tests.console.test_axe_browser import WINDOWS, browser
from tests.console.test_counts import MARK, ada, office, take_part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.console.conftest import Office, Person

__all__ = ["ada", "browser", "office"]

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
SMALL = """[...document.querySelectorAll("main button, main .button, nav a, main select, main summary")]
    .filter((one) => one.offsetParent && Math.min(one.offsetHeight, one.offsetWidth) < 44)
    .map((one) => one.outerHTML.slice(0, 80))"""


@pytest.fixture(params=[("desk", "light"), ("desk", "dark"), ("phone", "light"), ("phone", "dark")], ids="-".join)
def page(request: pytest.FixtureRequest, browser: Browser, office: Office, ada: Person) -> Iterator[Page]:
    office.desk.runtime.database.write(take_part)
    window, scheme = request.param
    context = browser.new_context(viewport=WINDOWS[window], color_scheme=scheme, reduced_motion="reduce")
    context.add_cookies([{"name": COOKIE, "value": ada.secret, "url": office.url}])
    page = context.new_page()
    page.goto(f"{office.url}/desk/counts")
    yield page
    context.close()


def test_nothing_keeps_anybody_out(page: Page) -> None:
    for summary in page.locator("main summary").all():
        summary.click()
    page.wait_for_load_state()  # the words may be there before the style sheet
    violations = Axe().run(page).response["violations"]
    assert [(one["id"], one["help"], [node["target"] for node in one["nodes"]][:3]) for one in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert page.evaluate(SMALL) == []
    assert page.locator("h1").count() == 1
    captions = page.locator("main table caption").all()
    assert page.locator("main table").count() == len(captions) == 7
    assert all((caption.bounding_box() or {"width": 0})["width"] > 200 for caption in captions)  # its words on a line


def test_each_number_is_read_with_what_it_counts(page: Page) -> None:
    """On a phone by the label before it, on a desk by the heading of its column."""
    cell = page.locator("table", has_text="Laag: Basis").locator("tbody td").first
    assert cell.inner_text() == "6"
    before = cell.evaluate("(cell) => getComputedStyle(cell, '::before').content")
    is_phone = (page.viewport_size or {})["width"] < 640
    assert before == ('"Te laat: "' if is_phone else "none")


def test_the_filter_and_the_file_work(page: Page) -> None:
    page.locator("#trajectory").select_option("year")
    page.get_by_role("button", name="Tonen").click()
    page.wait_for_url("**/desk/counts?trajectory=year")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Opslaan als CSV").click()
    assert saved.value.suggested_filename == "wegwijs-2026-11-23.csv"
    assert saved.value.path().read_bytes().startswith(MARK)
