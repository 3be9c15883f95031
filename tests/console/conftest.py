"""The console on a real server over a real SQLite, with the people and the newcomers of the desk's own tests."""

from __future__ import annotations

import http.client
import re
import secrets
import shutil
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import pytest
import uvicorn
import yaml

from bot.channels.webchat import WebChat
from bot.commands.serve import application
from bot.domain.clock import HeldClock
from bot.store.database import Database
from bot.web.console.door import token_of
from bot.web.console.entrance import COOKIE
from bot.web.console.events import News
from bot.web.patience import Patient
from tests.desk.conftest import MONDAY, Desk, at_the_desk
from tests.store.conftest import migrated_file, vault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.applications import Starlette

    from bot.store.encryption import Vault
    from bot.store.rows import UserRow

__all__ = ["migrated_file", "vault"]

CONSOLE = Path(__file__).parents[2] / "content" / "console"


@dataclass
class Reply:
    """What the server answered. `location` is where it sends the browser."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def location(self) -> str:
        return self.headers.get("location", "")


@dataclass
class Person:
    """A browser without a screen, of somebody who is signed in (or of nobody: no secret)."""

    port: int
    secret: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def token(self) -> str:
        return token_of(self.secret)

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask("GET", path, None, headers)

    def post(self, path: str, fields: Mapping[str, str] | None = None, **headers: str) -> Reply:
        body = urlencode({"token": self.token, **(fields or {})}).encode()
        return self.ask("POST", path, body, {"content_type": "application/x-www-form-urlencoded", **headers})

    def upload(
        self, path: str, fields: Mapping[str, str], files: Mapping[str, tuple[str, bytes, str]], **headers: str
    ) -> Reply:
        """Post a form with files: field → (file name, content, media type)."""
        edge = uuid4().hex
        parts = [
            f'--{edge}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in {"token": self.token, **fields}.items()
        ]
        parts += [
            f'--{edge}\r\ncontent-disposition: form-data; name="{name}"; filename="{file}"\r\n'.encode()
            + f"content-type: {kind}\r\n\r\n".encode()
            + content
            + b"\r\n"
            for name, (file, content, kind) in files.items()
        ]
        body = b"".join(parts) + f"--{edge}--\r\n".encode()
        return self.ask("POST", path, body, {"content_type": f"multipart/form-data; boundary={edge}", **headers})

    def ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {**self.cookies, **({COOKIE: self.secret} if self.secret else {})}
        if kept:
            given["cookie"] = "; ".join(f"{name}={value}" for name, value in kept.items())
        try:
            connection.request(method, path, body, given)
            answer = connection.getresponse()
            reply = Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
            for value in answer.headers.get_all("set-cookie") or ():
                name, _, rest = value.split(";")[0].partition("=")
                self.cookies[name] = rest
                if name == COOKIE:
                    self.secret = rest
        finally:
            connection.close()
        return reply

    def follow(self, reply: Reply) -> Reply:
        """Go where the server sends the browser."""
        assert reply.status == 303, (reply.status, reply.text[:500])
        to = urlsplit(reply.location)
        return self.get(to.path + (f"?{to.query}" if to.query else ""))


@dataclass
class Office:
    """A running console, and who works there."""

    url: str
    port: int
    desk: Desk
    webchat: WebChat
    news: News

    def signed_in(self, user: UserRow) -> Person:
        """Return the browser of somebody whose both factors are done."""
        secret = secrets.token_urlsafe(32)
        now = self.desk.clock.now()

        def start(work: object) -> None:
            work.sessions.start(  # type: ignore[attr-defined]
                user.id, secret=secret, device="test", now=now, until=now + timedelta(hours=12), confirmed_at=now
            )

        self.desk.runtime.database.write(start)
        return Person(self.port, secret)

    def stranger(self) -> Person:
        """Return a browser that nobody signed in with."""
        return Person(self.port)


@cache
def shipped_words() -> Mapping[str, Mapping[str, str]]:
    """The console's own words: the small assistant of these tests knows everything else."""
    words: dict[str, dict[str, str]] = {}
    for file in sorted(CONSOLE.glob("*.yml")):
        for name, by_language in yaml.safe_load(file.read_text(encoding="utf-8"))["console"].items():
            for language, text in by_language.items():
                words.setdefault(language, {})[name] = text
    return words


def served(app: Starlette) -> Iterator[tuple[str, int]]:
    config = uvicorn.Config(
        app,
        port=0,
        log_level="critical",
        log_config=None,
        timeout_graceful_shutdown=3,
        # As `wegwijs serve` has it.
        http=Patient,
        server_header=False,
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", port
    # It ends within its next two ticks; nobody waits for that after every test.
    server.should_exit = True


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(MONDAY)


@pytest.fixture
def office(tmp_path: Path, migrated_file: Path, vault: Vault, clock: HeldClock) -> Iterator[Office]:
    path = tmp_path / "desk.sqlite"
    shutil.copy(migrated_file, path)
    with Database.open(f"sqlite:///{path}", vault) as database:
        desk = at_the_desk(database, clock)
        knowledge = replace(desk.runtime.knowledge, console=shipped_words())
        desk.runtime = replace(desk.runtime, knowledge=knowledge)
        webchat = WebChat()
        news = News(desk.runtime)
        app = application(desk.runtime, webchat, secret=b"a secret of thirty-two bytes ...", news=news)
        for url, port in served(app):
            yield Office(url, port, desk, webchat, news)
            webchat.close()
            news.close()


def words_of_page(html: str) -> str:
    """Return what a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
