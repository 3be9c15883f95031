"""
The whole circle in Chromium, on the real assistant: a newcomer who is not understood, and a volunteer on a phone.

Three times: by pointer, by keyboard alone, and with JavaScript switched off on both sides.
"""

from __future__ import annotations

import re
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyotp
import pytest
from playwright.sync_api import expect, sync_playwright

from bot import appoint, sign_in
from bot.appoint import Appointed, Known, Person
from bot.channels.webchat import WebChat
from bot.commands.serve import application
from bot.domain.clock import SystemClock
from bot.engine import Engine
from bot.sign_in import Browser as SignedInFrom
from bot.store.database import Database
from tests.console.conftest import served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

    from bot.runtime import Runtime
    from bot.store.encryption import Vault
    from bot.wiring import Parts

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
# The last three: a page is drawn and its script runs, also while another window lies over it.
QUIET = (
    "--no-sandbox --disable-dev-shm-usage --disable-gpu --disable-background-networking --no-first-run"
    " --disable-backgrounding-occluded-windows --disable-renderer-backgrounding --disable-background-timer-throttling"
)
PHONE = {"width": 390, "height": 844}
PASSWORD = "vier losse woorden samen"

WEATHER, MATCH = "ናይ ሎሚ ኩነታት ኣየር ከመይ ኣሎ", "መን ተዓዊቱ ኩዕሶ"  # neither is for us
YES, THANKS = "እወ", "የቐንየለይ"
ANSWER = "ሰላም፡ ኣብ ኢንፎፑንት ንዑ፡ ክንሕግዘኩም ኢና።"
MORE = "ሰዓት ክንደይ ክመጽእ እኽእል፧"


@dataclass(frozen=True, kw_only=True)
class Circle:
    """A running assistant with a volunteer who has an account."""

    url: str
    runtime: Runtime
    key: str


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET.split())
        yield chromium
        chromium.close()


@pytest.fixture
def circle(assistant: Parts, tmp_path: Path, migrated_file: Path, vault: Vault) -> Iterator[Circle]:
    path = tmp_path / "circle.sqlite"
    shutil.copy(migrated_file, path)
    webchat, engine = WebChat(), Engine()
    with Database.open(f"sqlite:///{path}", vault) as database:
        runtime = assistant.runtime(database, channels={webchat.name: webchat}, clock=SystemClock())
        key = hired(runtime)
        engine.start(runtime)
        for url, _ in served(application(runtime, webchat, secret=b"a secret of thirty-two bytes ...")):
            yield Circle(url=url, runtime=runtime, key=key)
            webchat.close()
        engine.stop()


def hired(runtime: Runtime) -> str:
    """Give Sam an account with both factors; return the authenticator's key."""
    team = runtime.knowledge.organisation.otherwise
    person = Person(
        pseudonym="Sam",
        sign_in="sam",
        roles=frozenset({"volunteer"}),
        teams=frozenset({team}),
        languages=("ti", "nl"),
    )
    known = Known(teams=[team], languages=["ti", "nl"])
    added = appoint.add(runtime.database, person, known, runtime.clock.now())
    assert isinstance(added, Appointed)
    assert added.link is not None
    key = sign_in.new_key()
    sign_in.choose_password(runtime, added.link, PASSWORD)
    code = pyotp.TOTP(key).at(int(time.time()) - 30)  # so that the code of now is still unused
    accepted = sign_in.accept(
        runtime, SignedInFrom(address="127.0.0.1", device=None, secret=""), link=added.link, key=key, code=code
    )
    assert not isinstance(accepted, sign_in.Refused), accepted
    return key


class By:
    """How somebody goes about: with a pointer (or a finger)."""

    script = True

    def press(self, target: Locator) -> None:
        target.click()

    def write(self, field: Locator, text: str) -> None:
        field.fill(text)

    def choose(self, target: Locator) -> None:
        target.check()


class ByKeyboard(By):
    """With the keyboard alone: from where the focus is, forwards, until it is reached."""

    def press(self, target: Locator) -> None:
        self._reach(target)
        target.page.keyboard.press("Enter")

    def write(self, field: Locator, text: str) -> None:
        self._reach(field)
        field.page.keyboard.press("ControlOrMeta+a")
        field.page.keyboard.insert_text(text)

    def choose(self, target: Locator) -> None:
        self._reach(target)
        target.page.keyboard.press("Space")
        expect(target).to_be_checked()

    def _reach(self, target: Locator) -> None:
        expect(target).to_be_visible()
        for _ in range(120):
            if target.evaluate("one => one === document.activeElement"):
                outline = target.evaluate("one => getComputedStyle(one).outlineStyle")
                assert outline != "none" or target.evaluate("one => one.matches('textarea, input')")
                return
            # A radio button is reached within its group by the arrows.
            group = target.evaluate(
                "one => one.type === 'radio' && document.activeElement.type === 'radio'"
                " && one.name === document.activeElement.name"
            )
            target.page.keyboard.press("ArrowDown" if group else "Tab")
        raise AssertionError(f"cannot be reached by keyboard: {target}")


class WithoutScript(By):
    """With JavaScript switched off."""

    script = False


@contextmanager
def pages(browser: Browser, circle: Circle, how: By, locale: str = "ti") -> Iterator[tuple[Page, Page]]:
    """Give the newcomer's page and the volunteer's."""
    kind = {"java_script_enabled": how.script, "viewport": PHONE}
    chat = browser.new_context(locale=locale, **kind)
    desk = browser.new_context(locale="nl-NL", has_touch=True, **kind)
    said: list[str] = []
    try:
        newcomer, volunteer = chat.new_page(), desk.new_page()
        for page in (newcomer, volunteer):
            page.set_default_timeout(30_000)
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
        newcomer.goto(circle.url)
        volunteer.goto(f"{circle.url}/desk")
        yield newcomer, volunteer
        assert said == []
    finally:
        chat.close()
        desk.close()


def until(page: Page, text: str | re.Pattern[str], how: By, *, seconds: float = 25) -> None:
    """Wait until the page says it; without a script somebody reloads."""
    place = page.locator("body")
    if how.script:
        expect(place).to_contain_text(text, timeout=seconds * 1000)
        return
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = re.search(text, place.inner_text()) if isinstance(text, re.Pattern) else text in place.inner_text()
        if found:
            return
        page.wait_for_timeout(500)
        page.goto(page.url.split("?")[0].split("#")[0])
    raise AssertionError(f"never said: {text}")


def says(chat: Page, text: str, how: By) -> None:
    """Have the newcomer write, and wait until it stands in their chat."""
    before = chat.locator(".line.ours:not(#dots)").count()
    how.write(chat.get_by_role("textbox"), text)
    how.press(chat.locator(".send"))
    until(chat, text, how)
    end = time.monotonic() + 30
    while chat.locator(".line.ours:not(#dots)").count() <= before and time.monotonic() < end:
        chat.wait_for_timeout(300)
        if not how.script:
            chat.goto(chat.url.split("#")[0])


def sits_down(desk: Page, circle: Circle, how: By) -> None:
    """Sign in with both factors."""
    how.write(desk.get_by_label("Naam"), "sam")
    how.write(desk.get_by_label("Wachtwoord"), PASSWORD)
    how.press(desk.get_by_role("button", name="Verder").or_(desk.locator("main button.primary")).first)
    how.write(desk.locator("input[name=code]"), pyotp.TOTP(circle.key).now())
    how.press(desk.locator("main button.primary").first)
    expect(desk.get_by_role("heading", level=1)).to_contain_text("Sam")


@pytest.mark.parametrize("how", [By(), ByKeyboard(), WithoutScript()], ids=lambda how: type(how).__name__)
def test_a_question_in_tigrinya_goes_round(circle: Circle, browser: Browser, how: By) -> None:
    with pages(browser, circle, how) as (chat, desk):
        # ---- the newcomer is not understood twice, and wants a person
        says(chat, WEATHER, how)
        chat.get_by_role("button", name=re.compile("እወ")).first.click()  # the notice
        until(chat, "እወ", how)
        says(chat, WEATHER + " ጽባሕ", how)
        says(chat, MATCH, how)
        says(chat, YES, how)
        case = open_case(circle)
        until(chat, str(case), how)

        # ---- somebody takes it, on a phone
        sits_down(desk, circle, how)
        how.press(desk.locator("#take-next"))
        expect(desk.get_by_role("heading", level=1)).to_contain_text(f"{case}")
        timeline = desk.get_by_role("log")
        expect(timeline).to_contain_text(MATCH)
        expect(timeline).to_contain_text(WEATHER)
        assert timeline.locator("[lang=ti]").first.evaluate("one => getComputedStyle(one).fontFamily").count("Ethiopic")
        assert desk.evaluate("document.documentElement.scrollWidth <= window.innerWidth") if how.script else True

        # ---- and answers; it can be taken back for five seconds, then it stands in the chat
        how.write(desk.locator("#reply-text"), ANSWER)
        how.press(desk.locator("#reply button.primary"))
        expect(desk.get_by_role("button", name="Haal terug")).to_be_visible()
        until(chat, ANSWER, how)

        # ---- the newcomer goes on, and the bot is silent
        ours = chat.locator(".line.ours:not(#dots)").count()
        how.write(chat.get_by_role("textbox"), MORE)
        how.press(chat.locator(".send"))
        until(desk, MORE, how)
        assert chat.locator(".line.ours:not(#dots)").count() == ours

        # ---- it is closed, and a thank-you keeps it closed
        if not how.script:
            desk.goto(desk.url.split("?")[0])
        close = desk.locator("details", has=desk.locator("form[action$='/close']"))
        how.press(close.locator("summary"))
        how.choose(close.locator("input[value=answered]"))
        how.press(close.locator("button.primary"))
        until(chat, re.compile(str(case)), how)
        wait_closed(circle, case)
        says(chat, THANKS, how)
        assert state_of(circle, case) == "closed"


def open_case(circle: Circle) -> int:
    """Return the number of the only open case, once it is there."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        rows = circle.runtime.database.read(
            lambda work: work.connection.exec_driver_sql("SELECT number FROM cases WHERE state = 'queued'").all()
        )
        if rows:
            return int(rows[0][0])
        time.sleep(0.2)
    raise AssertionError("no case was opened")


def state_of(circle: Circle, number: int) -> str:
    query = f"SELECT state FROM cases WHERE number = {int(number)}"
    return str(circle.runtime.database.read(lambda work: work.connection.exec_driver_sql(query).scalar_one()))


def wait_closed(circle: Circle, number: int) -> None:
    end = time.monotonic() + 30
    while state_of(circle, number) != "closed" and time.monotonic() < end:
        time.sleep(0.2)
    assert state_of(circle, number) == "closed"
