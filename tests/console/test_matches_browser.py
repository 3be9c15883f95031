"""
Two are put together, in Chromium: the coordinator's telephone and the chats of both, on the real assistant.

Three times: by pointer, by keyboard alone, and with JavaScript switched off. And axe, in the light and in the dark.
"""

from __future__ import annotations

import secrets
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from bot.channels.webchat import WebChat
from bot.commands.serve import application
from bot.domain.clock import SystemClock
from bot.engine import Engine
from bot.pair import approve
from bot.store.database import Database
from bot.store.participation_rows import MatchRow
from bot.web.console.entrance import COOKIE
from tests.console.conftest import served
from tests.console.test_case_browser import complaints, page_of
from tests.console.test_circle_browser import PHONE, By, ByKeyboard, Circle, WithoutScript, browser, says, until
from tests.console.test_matches import MATCHES, suggested, with_words_of_matches
from tests.console.test_matches_host import suggested as for_work
from tests.console.test_offers import Shop, shop
from tests.console.test_sessions_browser import looked_at
from tests.desk.conftest import MONDAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from bot.store.encryption import Vault
    from bot.store.work import Work
    from bot.wiring import Parts
    from tests.console.conftest import Office

__all__ = ["browser", "complaints", "for_work", "page_of", "shop", "suggested"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
YES, NO, STOP = "Ja, graag", "Nee, liever niet", "Ik wil stoppen"
LOOK, APPROVE = "Nieuwe voorstellen zoeken", "Goedkeuren en vragen"
HOW = [By(), ByKeyboard(), WithoutScript()]


class MondayClock(SystemClock):
    """It runs as the machine's does, and begins on a Monday at ten: at night nobody is asked anything."""

    def __init__(self) -> None:
        self._ahead = MONDAY - super().now()

    def now(self) -> datetime:
        return super().now() + self._ahead


@dataclass(kw_only=True)
class Pair:
    """A coordinator at her desk, and the chats of somebody who looks for a buddy and somebody who wants to be one."""

    circle: Circle
    how: By
    desk: Page
    amina: Page
    joke: Page

    def suggests(self) -> None:
        """Have the coordinator look for suggestions, and find the two with the reasons."""
        self.desk.goto(self.circle.url + MATCHES)
        self.how.press(self.desk.get_by_role("button", name=LOOK))
        for words in ("Spreken allebei Nederlands", "Vinden allebei leuk: koken", "Hebben allebei tijd: in de avond"):
            expect(self.desk.get_by_text(words)).to_be_visible()

    def approves(self) -> None:
        self.how.press(self.desk.get_by_role("button", name=APPROVE))
        expect(self.desk.get_by_text("Er is gevraagd.")).to_be_visible()
        for chat in (self.amina, self.joke):
            until(chat, YES, self.how)

    def presses(self, chat: Page, button: str) -> None:
        self.how.press(chat.get_by_role("button", name=button).last)

    def gives(self, chat: Page, name: str) -> None:
        """Say yes, and by which name the other may know them."""
        self.presses(chat, YES)
        until(chat, "Welke voornaam", self.how)
        says(chat, name, self.how)

    def looks_again(self) -> str:
        """Have the coordinator look once more; return what stands on her page."""
        self.desk.goto(self.circle.url + MATCHES)
        self.how.press(self.desk.get_by_role("button", name=LOOK))
        expect(self.desk.get_by_text("Er is opnieuw gezocht.")).to_be_visible()
        return self.desk.locator("main").inner_text()


@pytest.fixture(scope="module")
def chromium(browser: Browser) -> Browser:
    """The same browser for all of this: Playwright starts once at a time."""
    return browser


@pytest.fixture
def circle(assistant: Parts, tmp_path: Path, migrated_file: Path, vault: Vault) -> Iterator[Circle]:
    """A running assistant on a Monday morning."""
    path = tmp_path / "matches.sqlite"
    shutil.copy(migrated_file, path)
    webchat, engine = WebChat(), Engine()
    with Database.open(f"sqlite:///{path}", vault) as database:
        runtime = assistant.runtime(database, channels={webchat.name: webchat}, clock=MondayClock())
        engine.start(runtime)
        for url, _ in served(application(runtime, webchat, secret=b"a secret of thirty-two bytes ...")):
            yield Circle(url=url, runtime=runtime, key="")
            webchat.close()
        engine.stop()


@contextmanager
def pair(browser: Browser, circle: Circle, how: By) -> Iterator[Pair]:
    contexts = [
        browser.new_context(locale="nl-NL", viewport=PHONE, java_script_enabled=how.script, has_touch=True)
        for _ in range(3)
    ]
    said: list[str] = []
    try:
        contexts[0].add_cookies([{"name": COOKIE, "value": hired(circle), "url": circle.url}])
        pages = [context.new_page() for context in contexts]
        for page in pages:
            page.set_default_timeout(20_000)
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
        desk, amina, joke = pages
        for chat, kind in ((amina, "buddy"), (joke, "be_buddy")):
            chat.goto(circle.url)
            says(chat, "Hallo", how)
            how.press(chat.get_by_role("button", name="Ja").first)  # the notice
            until(chat, "Wegwijs", how)
            seeks(circle, kind)
        yield Pair(circle=circle, how=how, desk=desk, amina=amina, joke=joke)
        assert said == []
    finally:
        for context in contexts:
            context.close()


def hired(circle: Circle) -> str:
    """Have a coordinator be signed in; return what her browser carries."""
    now, secret = circle.runtime.clock.now(), secrets.token_urlsafe(32)

    def start(work: Work) -> None:
        cora = work.users.add("Cora", roles=["coordinator"], teams=["form_team"], now=now)
        until = now + timedelta(hours=12)
        work.sessions.start(cora.id, secret=secret, device="test", now=now, until=until, confirmed_at=now)

    circle.runtime.database.write(start)
    return secret


def seeks(circle: Circle, kind: str) -> None:
    """Have whoever came last look for this, with the same wishes as the other."""

    def tell(work: Work) -> None:
        now = circle.runtime.clock.now()
        found = work.connection.execute(
            text("SELECT id FROM newcomers WHERE id NOT IN (SELECT newcomer_id FROM seekings)")
        )
        newcomer_id = str(found.scalars().one())
        work.seekings.open(newcomer_id, kind, None, now)
        work.profiles.keep(newcomer_id, {"interests": ["cooking"], "times": ["evening"]}, now)

    circle.runtime.database.write(tell)


def knows(page: Page, *names: str) -> bool:
    return any(name in page.content() for name in names)


@pytest.mark.parametrize("how", HOW, ids=lambda how: type(how).__name__)
def test_names_are_there_when_both_said_yes_and_not_before(circle: Circle, browser: Browser, how: By) -> None:
    with pair(browser, circle, how) as two:
        two.suggests()
        two.approves()
        two.gives(two.amina, "Nasrin")
        two.desk.goto(circle.url + MATCHES)
        expect(two.desk.get_by_text("zei ja")).to_be_visible()
        assert not knows(two.joke, "Nasrin")
        two.gives(two.joke, "Willemijn")

        until(two.amina, "Willemijn", how)
        until(two.joke, "Nasrin", how)
        two.desk.goto(circle.url + MATCHES)
        expect(two.desk.get_by_text("Samen sinds")).to_be_visible()
        assert not knows(two.desk, "Nasrin", "Willemijn")

        two.presses(two.joke, STOP)
        until(two.amina, "Stop met zoeken", how)
        assert "Er zijn nu geen voorstellen." in two.looks_again()


def test_who_says_no_is_not_put_together_with_them_again(circle: Circle, browser: Browser) -> None:
    how = By()
    with pair(browser, circle, how) as two:
        two.suggests()
        two.approves()
        two.gives(two.amina, "Nasrin")
        two.presses(two.joke, NO)
        until(two.amina, "Stop met zoeken", how)
        assert not knows(two.joke, "Nasrin")
        said = two.looks_again()
        assert "Er zijn nu geen voorstellen." in said
        assert "Een maatje: 1." in said


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_at_the_coordinators(
    office: Office, suggested: MatchRow, page_of: Callable[..., Page], complaints: list[str], scheme: str
) -> None:
    runtime, cora = office.desk.runtime, office.desk.cora
    page, wrong = page_of(cora, color_scheme=scheme), []
    page.goto(office.url + MATCHES)
    wrong += looked_at(page, f"matches-suggested-{scheme}")
    page.get_by_role("button", name=APPROVE).click()
    expect(page.get_by_role("alert")).to_contain_text("wil nu geen berichten")
    wrong += looked_at(page, f"matches-wrong-{scheme}")

    def agrees(work: Work) -> None:
        for one in suggested.people:
            work.newcomers.accept_notice(one, "1", runtime.clock.now())

    runtime.database.write(agrees)
    assert isinstance(approve(with_words_of_matches(runtime), cora.id, suggested.id), MatchRow)
    page.goto(office.url + MATCHES)
    wrong += looked_at(page, f"matches-approved-{scheme}")
    runtime.database.write(
        lambda work: work.matches.change(suggested.id, state="agreed", agreed_at=runtime.clock.now())
    )
    page.goto(office.url + MATCHES)
    wrong += looked_at(page, f"matches-agreed-{scheme}")
    page.get_by_role("button", name="Laten stoppen").click()
    expect(page.get_by_text("Dit gaat niet door.")).to_be_visible()
    wrong += looked_at(page, f"matches-none-{scheme}")
    assert wrong == []
    assert [one for one in complaints if "409" not in one] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_at_the_organisers(
    shop: Shop, for_work: MatchRow, page_of: Callable[..., Page], complaints: list[str], scheme: str
) -> None:
    url = shop.office.url
    wrong: list[str] = []
    page = page_of(shop.organiser, color_scheme=scheme)
    page.goto(url + MATCHES)
    wrong += looked_at(page, f"host-waiting-{scheme}")
    page.get_by_role("button", name="Ja, er is plaats").click()
    expect(page.get_by_text("U zei ja. Een coördinator vraagt het nu.")).to_be_visible()
    wrong += looked_at(page, f"host-answered-{scheme}")
    page.goto(url + MATCHES)
    page.locator("summary", has_text="Toch niet").click()
    page.get_by_label("Waarom niet?").fill(" ")
    page.get_by_role("button", name="Zeg nee").click()
    expect(page.get_by_role("alert")).to_contain_text("Schrijf waarom niet.")
    wrong += looked_at(page, f"host-wrong-{scheme}")
    page.get_by_label("Waarom niet?").fill("Wij zijn vol.")
    page.get_by_role("button", name="Zeg nee").click()
    expect(page.get_by_text("U zei nee.")).to_be_visible()
    wrong += looked_at(page, f"host-none-{scheme}")
    assert wrong == []
    assert [one for one in complaints if "422" not in one] == []
