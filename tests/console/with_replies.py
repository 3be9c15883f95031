"""The desk of the console's tests, with the shipped texts to choose from, and a translator when one is given."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from bot.channels.webchat import WebChat
from bot.commands.serve import application
from bot.content.render import Renderer
from bot.domain.words import CANNED
from bot.settings import Settings
from bot.store.database import Database
from bot.translate import TranslationError
from bot.web.console.events import News
from bot.wiring import read_knowledge
from tests.console.conftest import Office, served, shipped_words
from tests.desk.conftest import at_the_desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.domain.clock import HeldClock
    from bot.knowledge.knowledge import Knowledge
    from bot.runtime import Runtime, Translates
    from bot.store.encryption import Vault


@dataclass
class Translator:
    """Stands for a translation service: it says what it was asked, or fails."""

    fails: str = ""
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def translate(self, text: str, source: str, target: str) -> str:
        self.asked.append((text, source, target))
        if self.fails:
            raise TranslationError(self.fails)
        return f"<{target}> {text}"


@cache
def shipped() -> Knowledge:
    return read_knowledge(Settings())


def with_replies(runtime: Runtime, *, photos: bool = True) -> Runtime:
    """Return the runtime with the shipped texts to choose from, in every language."""
    known = shipped().content
    canned = {name: response for name, response in known.responses.items() if name.startswith(CANNED)}
    content = replace(
        runtime.knowledge.content,
        responses={**runtime.knowledge.content.responses, **canned},
        terms=known.terms,
        languages=known.languages,
        letter_photos_allowed=photos,
    )
    knowledge = replace(runtime.knowledge, content=content, console=shipped_words())
    return replace(runtime, knowledge=knowledge, renderer=Renderer(content=content, catalogues=shipped().catalogues))


@contextmanager
def opened(
    tmp_path: Path, vault: Vault, clock: HeldClock, *, translator: Translates | None = None, photos: bool = True
) -> Iterator[Office]:
    with Database.open(f"sqlite:///{tmp_path / 'desk.sqlite'}", vault) as database:
        database.upgrade()
        desk = at_the_desk(database, clock)
        desk.runtime = replace(with_replies(desk.runtime, photos=photos), translator=translator)
        webchat = WebChat()
        news = News(desk.runtime)
        app = application(desk.runtime, webchat, secret=b"a secret of thirty-two bytes ...", news=news)
        for url, port in served(app):
            yield Office(url, port, desk, webchat, news)
            webchat.close()
            news.close()
