"""axe-core on every page of the console, on a desk and on a phone, light and dark: nothing that keeps anybody out."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from tests.console.on_stage import Stage, on_stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from bot.wiring import Parts

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
# The last three: a page is drawn and its script runs, also while another window lies over it.
QUIET = (
    "--no-sandbox --disable-dev-shm-usage --disable-gpu --disable-background-networking --no-first-run"
    " --disable-backgrounding-occluded-windows --disable-renderer-backgrounding --disable-background-timer-throttling"
)
WINDOWS = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
# The pages behind the eight screens, and who looks at them.
MORE = {
    "outside": ("vera", "/desk/cases/{urgent}"),
    "crisis": ("nora", "/desk/cases/{crisis}"),
    "redact": ("vera", "/desk/cases/{active}/files/{letter}/redact"),
    "shift_end": ("vera", "/desk/shift/end"),
    "log": ("nora", "/desk/privacy/log"),
    "counts": ("nora", "/desk/counts"),
    "password": ("vera", "/desk/settings/password"),
    "app": ("vera", "/desk/settings/app"),
    "codes": ("vera", "/desk/settings/recovery-codes"),
    "notifications": ("vera", "/desk/settings/notifications"),
    "people": ("bas", "/desk/settings/people"),
    "nowhere": ("vera", "/desk/nowhere"),
    "door": ("", "/desk/sign-in"),
    "demo": ("", "/desk/demo"),
}


@pytest.fixture(scope="module")
def stage(assistant: Parts) -> Iterator[Stage]:
    with on_stage(assistant) as served:
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET.split())
        yield chromium
        chromium.close()


def pages(stage: Stage) -> dict[str, tuple[str, str]]:
    ids = {name: case.id for name, case in stage.demo.cases.items()} | {"letter": stage.letter}
    more = {name: (who, path.format_map(ids)) for name, (who, path) in MORE.items()}
    return stage.screens | more


@pytest.mark.parametrize(("window", "scheme"), [("desk", "dark"), ("phone", "light"), ("phone", "dark")])
def test_axe_finds_nothing_anywhere(stage: Stage, browser: Browser, window: str, scheme: str) -> None:
    found: list[str] = []
    for who in ("vera", "sami", "nora", "bas", "olga", ""):
        context = browser.new_context(
            viewport=WINDOWS[window], color_scheme=scheme, locale="nl-NL", reduced_motion="reduce"
        )
        if who:
            stage.enter(context, who)
        page = context.new_page()
        for name, (reader, path) in pages(stage).items():
            if reader == who:
                found += looked_at(page, stage, name, path)
        context.close()
    assert found == []


def looked_at(page: Page, stage: Stage, name: str, path: str) -> list[str]:
    page.goto(stage.url + path)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")  # folded is there too
    page.wait_for_load_state()  # the words may be there before the style sheet
    report = Axe().run(page)
    wrong = [
        f"{name}: {one['id']}: {one['help']}: {[node['target'] for node in one['nodes']][:3]}"
        for one in report.response["violations"]
    ]
    if page.locator("h1").count() != 1:
        wrong.append(f"{name}: {page.locator('h1').count()} headings of the first order")
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if sideways > 0:
        wrong.append(f"{name}: wider than the window by {sideways}")
    small = page.evaluate(
        """[...document.querySelectorAll("main button, main .button, nav a, main select, main summary")]
           .filter((one) => one.offsetParent && Math.min(one.offsetHeight, one.offsetWidth) < 44)
           .map((one) => one.outerHTML.slice(0, 80))"""
    )
    wrong += [f"{name}: smaller than a finger: {one}" for one in small]
    return wrong
