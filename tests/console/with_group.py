"""A console of a coach: Coby, with one newcomer in the small trajectory, and the forms of their pages."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.channels.webchat import WebChat
from bot.commands.serve import application
from bot.store.database import Database
from bot.web.console.events import News
from tests.console.conftest import Office, served, shipped_words, words_of_page
from tests.desk.conftest import at_the_desk
from tests.guide.conftest import ALL, Guide

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bot.domain.clock import HeldClock
    from bot.store.encryption import Vault
    from bot.store.rows import UserRow
    from tests.console.conftest import Person, Reply


@dataclass
class Circle:
    """A console, the coach's browser in it, and the newcomer whom they guide."""

    office: Office
    guide: Guide
    coby: UserRow
    browser: Person

    @property
    def home(self) -> str:
        return f"/desk/group/{self.guide.newcomer_id}"

    def task(self, name: str, occurrence: int = 0) -> str:
        return f"{self.home}/tasks/{self.guide.task(name, occurrence).id}"

    def page(self, path: str = "") -> str:
        reply = self.browser.get(path or self.home)
        assert reply.status == 200, (reply.status, reply.text)
        return words_of_page(reply.text)

    def posts(self, path: str, fields: Mapping[str, str] | None = None) -> str:
        """Post a form that works; return what the page says then."""
        reply = self.browser.post(path, {"trajectory": self.guide.trajectory.id, **(fields or {})})
        assert reply.status == 303, (reply.status, words_of_page(reply.text))
        return words_of_page(self.browser.follow(reply).text)

    def fails(self, path: str, fields: Mapping[str, str] | None = None) -> str:
        """Post a form that does not; return what the page says."""
        reply: Reply = self.browser.post(path, {"trajectory": self.guide.trajectory.id, **(fields or {})})
        assert reply.status == 409, (reply.status, words_of_page(reply.text))
        return words_of_page(reply.text)


def circle_at(path: Path, migrated: Path, vault: Vault, clock: HeldClock) -> Iterator[Circle]:
    """Serve the console on a new database."""
    shutil.copy(migrated, path)
    with Database.open(f"sqlite:///{path}", vault) as database:
        desk = at_the_desk(database, clock)
        talk = desk.newcomer()
        found = database.read(lambda work: work.newcomers.at(desk.wire.name, talk._address))
        assert found is not None
        guide = Guide(desk=desk, talk=talk, newcomer_id=found.newcomer.id)
        guide.knows(*ALL)
        desk.runtime = replace(desk.runtime, knowledge=replace(desk.runtime.knowledge, console=shipped_words()))
        coby = database.write(
            lambda work: work.users.add("Coby", roles=["coach"], teams=["form_team"], now=clock.now())
        )
        webchat, news = WebChat(), News(desk.runtime)
        app = application(desk.runtime, webchat, secret=b"a secret of thirty-two bytes ...", news=news)
        for url, port in served(app):
            office = Office(url, port, desk, webchat, news)
            yield Circle(office=office, guide=guide, coby=coby, browser=office.signed_in(coby))
            webchat.close()
            news.close()


def code_on(page: str) -> str:
    """Return the code that a page shows."""
    found = re.search(r'id="code">(T\d{8})<', page)
    assert found is not None, words_of_page(page)
    return found[1]
