"""The whole assistant, as `wegwijs serve` runs it, in a real browser on a phone-sized window."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect, sync_playwright

from bot.settings import Settings
from bot.wiring import parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
QUIET = "--no-sandbox --disable-dev-shm-usage --disable-gpu --disable-background-networking --no-first-run"


def serve(data_dir: Path) -> tuple[subprocess.Popen[str], str]:
    """Start the service and return it with its address, once it answers."""
    command = [str(Path(sys.executable).parent / "wegwijs"), "serve", "--port", "0"]
    environment = {"PATH": "/usr/bin:/bin", "WEGWIJS_DATA_DIR": str(data_dir), "HOME": str(data_dir)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    for line in process.stdout:
        if "http://" in line and "Browser" in line:
            address = line.split()[-1]
            break
    else:
        raise AssertionError("the service ended before it said where to look")
    for _ in range(100):
        with urlopen(address + "healthz") as answer:
            if answer.status == 200:
                return process, address
        time.sleep(0.1)
    raise AssertionError("the service is not well")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of its own, with the model that the other tests trained."""
    with parts(Settings()):
        own = tmp_path_factory.mktemp("whole")
        shutil.copytree(Settings().cache_dir, own / "cache")
    return own


@pytest.fixture
def phone() -> Iterator[Page]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET.split())
        page = chromium.new_context(viewport={"width": 360, "height": 740}, locale="ar").new_page()
        page.set_default_timeout(30_000)
        yield page
        chromium.close()


def say(page: Page, text: str) -> None:
    field = page.get_by_role("textbox")
    field.fill(text)
    field.press("Enter")


def test_amina_asks_in_arabic_and_goes_on_after_a_restart(phone: Page, data_dir: Path) -> None:
    service, address = serve(data_dir)
    log = phone.get_by_role("log")
    try:
        phone.goto(address)
        say(phone, "كيف أحصل على بدل السكن؟")
        expect(log).to_contain_text("STOP")  # the notice comes before the answer
        phone.get_by_role("button", name="نعم، موافقة").click()
        expect(log).to_contain_text("huurtoeslag")
        expect(log).to_contain_text("المصدر")
        expect(phone.get_by_role("button", name="غرفة")).to_be_enabled()
        answer = log.locator("[lang=ar]").filter(has_text="huurtoeslag").first
        assert answer.evaluate("e => getComputedStyle(e).direction") == "rtl"
        assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(60)
    service, address = serve(data_dir)
    try:
        # The port is another one, the cookie is not: browsers keep cookies by host.
        phone.goto(address)
        phone.get_by_role("button", name="غرفة").click()
        expect(log).to_contain_text("هل هذا واضح؟")
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(60)
