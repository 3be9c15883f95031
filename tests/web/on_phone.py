"""
A newcomer's phone: the real assistant served with a small ear and a held clock, and what somebody does on it.

The ear knows the examples of a few intents by heart, so nothing is trained for minutes and no encoder is needed.
"""

from __future__ import annotations

import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from bot.channels.webchat import WebChat
from bot.commands import demo
from bot.commands.serve import application
from bot.domain.clock import HeldClock
from bot.engine import Engine
from bot.nlu.encoder import NoEncoder
from bot.nlu.examples import OUT_OF_SCOPE
from bot.nlu.training import load_or_train
from bot.settings import Settings
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
from bot.wiring import Parts, read_knowledge
from tests.console.conftest import served

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.sync_api import Browser, BrowserContext, Page

    from bot.runtime import Runtime

# The last three: a page is drawn and its script runs, also while another window lies over it.
QUIET = (
    "--no-sandbox --disable-dev-shm-usage --disable-gpu --disable-background-networking --no-first-run"
    " --disable-backgrounding-occluded-windows --disable-renderer-backgrounding --disable-background-timer-throttling"
)
WINDOW = {"width": 390, "height": 844}
# Ten in the morning in Amsterdam on a Sunday, so that the team says when it is there again.
SUNDAY = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
GREETING = "greet"
ALWAYS = frozenset({"affirm", "deny", GREETING, OUT_OF_SCOPE})
ACCEPT = "Ja, goed"  # the button below the notice


class CountingClock(HeldClock):
    """
    A held clock of which no two moments are the same: the page keeps its lines in order by them.

    It runs a microsecond each time somebody looks, far too little to show.
    """

    def __init__(self, moment: datetime) -> None:
        super().__init__(moment)
        self._one_at_a_time = threading.Lock()

    def now(self) -> datetime:
        """Return the held moment, a little later than the last time."""
        with self._one_at_a_time:
            self.wait(microseconds=1)
            return super().now()


def parts_for(intents: frozenset[str]) -> Parts:
    """Return the shipped knowledge with the demo's teams, and an ear for these intents in nine languages."""
    settings = Settings(organisation="neutral", nlu_encoder=False)
    knowledge = read_knowledge(settings)
    heard = [example for example in knowledge.examples if example.intent in intents | ALWAYS]
    ear = load_or_train(heard, cache_dir=settings.cache_dir / "nlu-on-a-phone", encoder=NoEncoder())
    hours = replace(knowledge, organisation=demo.organisation(knowledge))
    return Parts(settings=settings, knowledge=hours, understander=ear)


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Where the preview is served, and what serves it."""

    url: str
    runtime: Runtime

    def example(self, intent: str, language: str) -> str:
        """Return the first example that newcomers' messages of this kind have in nlu/data/<language>/."""
        return next(
            example.text
            for example in self.runtime.knowledge.examples
            if (example.intent, example.language) == (intent, language)
        )

    def title(self, dutch: str, language: str) -> str:
        """Return what stands on a button in this language."""
        return self.runtime.renderer.title(dutch, language)


@contextmanager
def preview(parts: Parts) -> Iterator[Preview]:
    """Serve the preview, with an engine that answers, on a database that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="wegwijs-") as folder:
        vault = Vault(MasterKeys.load_or_create(Path(folder) / "keys"))
        with Database.open(f"sqlite:///{folder}/phone.sqlite", vault) as database:
            database.upgrade()
            webchat, engine = WebChat(), Engine()
            runtime = parts.runtime(database, channels={webchat.name: webchat}, clock=CountingClock(SUNDAY))
            engine.start(runtime)
            for url, _ in served(application(runtime, webchat, secret=b"a secret of thirty-two bytes ...")):
                yield Preview(url=url, runtime=runtime)
                webchat.close()
            engine.stop()


class Phone:
    """One newcomer with the preview open, who chose a language, said hello and accepted the notice."""

    def __init__(self, preview: Preview, page: Page, language: str) -> None:
        self.page = page
        self._preview = preview
        self._language = language
        self._said = 0
        page.goto(preview.url)
        with page.expect_navigation():
            page.locator(f".languages button[value={language}]").click()
        self._settle()
        self.ask(GREETING)
        self.press(ACCEPT)

    def ask(self, intent: str) -> None:
        """Type a question as the examples of this language have it."""
        self.write(self._preview.example(intent, self._language))

    def write(self, text: str) -> None:
        """Type this and send it."""
        self.page.locator("#text").fill(text)
        self.page.locator(".send").click()
        self._settle()

    def press(self, dutch: str) -> None:
        """Press the open button that has this title in the sources."""
        title = self._preview.title(dutch, self._language)
        self.page.locator("#log").get_by_role("button", name=title, exact=True, disabled=False).click()
        self._settle()

    def _settle(self) -> None:
        """Wait until one line more of the newcomer's is taken in, and all is answered and on the page."""
        self._said += 1
        for _ in range(400):
            news = self._news()
            lines = [bool(line["mine"]) for line in news["lines"]]
            if sum(lines) == self._said and not lines[-1] and not news["busy"]:
                break
            self.page.wait_for_timeout(50)
        else:
            raise AssertionError(f"no answer to the newcomer's line {self._said}")
        expect(self.page.locator("[data-number]")).to_have_count(len(lines))
        expect(self.page.locator("#dots")).to_be_hidden()

    def _news(self) -> Mapping[str, Any]:
        answer = self.page.request.get(f"{self._preview.url}/messages?after=0", headers={"accept": "application/json"})
        assert answer.ok, answer.status
        return answer.json()  # type: ignore[no-any-return]  # its shape is Preview.lines


@contextmanager
def phone(browser: Browser, preview: Preview, language: str, **window: Any) -> Iterator[Phone]:
    """Give a phone on which the conversation is about to begin."""
    kind = {"viewport": WINDOW, "reduced_motion": "reduce", "locale": "nl-NL", "timezone_id": "Europe/Amsterdam"}
    context: BrowserContext = browser.new_context(**{**kind, **window})
    try:
        yield Phone(preview, context.new_page(), language)
    finally:
        context.close()
