"""
Ten thousand webhook posts, a fifth of them repeated, out of order, at a server that is killed every few seconds.

Both messengers post; each has its own way to say "this is the same message". In the end each message is there once and
had exactly the effect that it has on an assistant that nobody kills.
"""

from __future__ import annotations

import http.client
import json
import logging
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from sqlalchemy import text
from twilio.request_validator import RequestValidator

from bot.commands.throwaway import throwaway
from bot.domain.turn import Inbound, Kind
from bot.flows.dialogue import Dialogue
from bot.receive import answer_next, take_in
from bot.settings import Settings
from bot.wiring import open_database, parts
from tests.peers.killable import Heard, Server, environment, killable, rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bot.runtime import Runtime
    from bot.store.database import Database
    from bot.store.work import Work

log = logging.getLogger(__name__)

POSTS = 10_000
REPEATED = 0.2
NEWCOMERS = 250
SENDERS = 12
SECONDS_BETWEEN_KILLS = (2.0, 5.0)
SEED = 20261128

PUBLIC = "https://wegwijs.example"
SECRET, TOKEN = "telegram-secret", "123456:telegram-token"
ACCOUNT, AUTH, SENDER = "AC" + "0" * 32, "twilio-secret", "whatsapp:+31970000000"
# Both messengers are away: what comes in must not depend on what goes out.
NOWHERE = "http://127.0.0.1:9"
MESSENGERS = {
    "PUBLIC_URL": PUBLIC,
    "TELEGRAM_TOKEN": TOKEN,
    "TELEGRAM_WEBHOOK_SECRET": SECRET,
    "TELEGRAM_API_URL": NOWHERE,
    "TWILIO_ACCOUNT_SID": ACCOUNT,
    "TWILIO_AUTH_TOKEN": AUTH,
    "TWILIO_WHATSAPP_FROM": SENDER,
    "TWILIO_API_URL": NOWHERE,
}
# Quick to answer and of many kinds. No "nee": it declines the notice, and what is dropped then cannot be said again.
WORDS = ("menu", "ja", "lekkage in de badkamer", "Hoe vind ik een huisarts?", "mens", "bedankt", "3", "qqq zzz")


@dataclass(frozen=True, kw_only=True)
class Post:
    """One webhook request. `newcomer` and `number` say which message it is, whatever often it is posted."""

    newcomer: int
    number: int
    words: str

    @property
    def by_telegram(self) -> bool:
        return self.newcomer % 2 == 0

    def request(self) -> tuple[str, bytes, dict[str, str]]:
        return self._telegram() if self.by_telegram else self._whatsapp()

    def _telegram(self) -> tuple[str, bytes, dict[str, str]]:
        person = {"id": 1000 + self.newcomer, "is_bot": False, "first_name": "Amina", "language_code": "nl"}
        message = {
            "message_id": 1 + self.number,
            "date": 1_795_000_000 + self.number,
            "chat": {"id": person["id"], "type": "private", "first_name": "Amina"},
            "from": person,
            "text": self.words,
        }
        update = {"update_id": self.newcomer * 1000 + self.number, "message": message}
        headers = {"content-type": "application/json", "x-telegram-bot-api-secret-token": SECRET}
        return "/webhooks/telegram", json.dumps(update).encode(), headers

    def _whatsapp(self) -> tuple[str, bytes, dict[str, str]]:
        number = f"3161{self.newcomer:07}"
        form = {
            "MessageSid": f"SM{self.newcomer:016}{self.number:016}",
            "AccountSid": ACCOUNT,
            "From": f"whatsapp:+{number}",
            "To": SENDER,
            "WaId": number,
            "ProfileName": "Yonas",
            "Body": self.words,
            "NumMedia": "0",
        }
        path = "/webhooks/whatsapp"
        signature = RequestValidator(AUTH).compute_signature(PUBLIC + path, form)
        headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature}
        return path, urlencode(form).encode(), headers


def plan(chance: random.Random) -> list[Post]:
    """Return every post: each message once, a fifth of all posts again, neighbours in another order."""
    distinct = round(POSTS * (1 - REPEATED))
    each = distinct // NEWCOMERS
    posts = [
        Post(newcomer=newcomer, number=number, words="ja" if number == 1 else chance.choice(WORDS))
        for number in range(each)
        for newcomer in range(NEWCOMERS)
    ]
    posts += chance.choices(posts, k=POSTS - len(posts))
    # Moved by up to a few of its conversation's messages, as webhooks overtake each other.
    places = {id(post): at for at, post in enumerate(posts)}
    return sorted(posts, key=lambda post: (post.number + chance.uniform(0, 3), places[id(post)]))


@dataclass
class Senders:
    """The messengers: they post until the answer is 2xx, as Telegram does; a post without an answer is made again."""

    server: Server
    todo: list[Post]
    lock: threading.Lock = field(default_factory=threading.Lock)
    done: int = 0
    again: int = 0
    refused: set[int] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        connection: http.client.HTTPConnection | None = None
        while not self.stop.is_set() and (post := self._next()) is not None:
            path, body, headers = post.request()
            while not self.stop.is_set():
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
                status = 0
                with suppress(OSError, http.client.HTTPException):
                    connection.request("POST", path, body, headers)
                    response = connection.getresponse()
                    response.read()
                    status = response.status
                if 200 <= status < 300:
                    with self.lock:
                        self.done += 1
                    break
                connection.close()
                connection = None
                with self.lock:
                    self.again += 1
                    if status not in {0, 503}:
                        self.refused.add(status)
                        self.stop.set()
                time.sleep(0.05)
        if connection is not None:
            connection.close()

    def _next(self) -> Post | None:
        with self.lock:
            return self.todo.pop(0) if self.todo else None


def unread(server: Server) -> int:
    return sum(n for (n,) in rows(server, "SELECT count(*) FROM inbound WHERE status = 'unread'"))


@dataclass(frozen=True, kw_only=True)
class Life:
    """One conversation: what became of each message, in the order of their numbers, and what is remembered."""

    channel: str
    heard: tuple[Heard, ...]
    dialogue: Dialogue

    @property
    def key(self) -> tuple[str, ...]:
        return (self.channel, *(one.text for one in self.heard))


def lives(database: Database) -> Mapping[tuple[str, ...], Life]:
    """Return every conversation by what was heard in it."""

    def read(work: Work) -> list[Life]:
        ids = work.connection.scalars(text("SELECT id FROM conversations ORDER BY id")).all()
        return [_life(work, one) for one in ids]

    return {life.key: life for life in database.read(read)}


def _life(work: Work, conversation_id: str) -> Life:
    row = work.conversations.get(conversation_id)
    messages, answers = work.inbox.all_for(conversation_id), work.outbox.all_for(conversation_id)
    assert row is not None
    assert row.state is not None
    assert [message.number for message in messages] == list(range(1, row.next_number)), "no gap, no twin"
    assert [answer.number for answer in answers] == list(range(1, row.said_count + 1))
    heard = []
    for message in messages:
        said = [answer for answer in answers if answer.cause_inbound_id == message.id]
        assert sorted(answer.position for answer in said) == list(range(len(said)))
        words = tuple((answer.body["response"], answer.body["language"]) for answer in said)
        heard.append(Heard(message.body["text"], message.status, words))
    return Life(channel=row.channel, heard=tuple(heard), dialogue=Dialogue.from_json(row.state.decode()))


def written(database: Database) -> list[tuple[str, list[str]]]:
    """Return of every conversation its channel and what was written in it, in the order in which it came in."""

    def read(work: Work) -> list[tuple[str, list[str]]]:
        found = []
        for one in work.connection.scalars(text("SELECT id FROM conversations ORDER BY id")).all():
            row = work.conversations.get(one)
            assert row is not None
            found.append((row.channel, [message.body["text"] for message in work.inbox.all_for(one)]))
        return found

    return database.read(read)


def undisturbed(runtime: Runtime, conversations: Iterable[tuple[str, Sequence[str]]]) -> None:
    """Have the same said to an assistant that nobody kills."""
    for number, (channel, texts) in enumerate(conversations):
        for at, words in enumerate(texts):
            inbound = Inbound(
                channel=channel,
                address=f"newcomer {number}",
                provider_id=f"{at}",
                kind=Kind.TEXT,
                text=words,
                received_at=runtime.clock.now(),
                language_hint="nl" if channel == "telegram" else None,
            )
            taken = take_in(runtime, inbound)
            assert taken is not None
            while answer_next(runtime, taken):
                pass


def posted(server: Server, posts: Sequence[Post], chance: random.Random) -> Senders:
    """Post all, and kill the server every few seconds; what it took it may still have to answer."""
    senders = Senders(server=server, todo=list(posts))
    server.start()
    with ThreadPoolExecutor(SENDERS) as threads:
        working = [threads.submit(senders.work) for _ in range(SENDERS)]
        try:
            while not all(one.done() for one in working):
                time.sleep(chance.uniform(*SECONDS_BETWEEN_KILLS))
                assert not senders.refused, server.log()
                if senders.todo:
                    server.kill()
                    server.start()
        finally:
            senders.stop.set()
    return senders


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name, value in {**environment(tmp_path), **MESSENGERS}.items():
        monkeypatch.setenv(name, value)
    with killable(tmp_path) as server:
        yield server


@pytest.mark.endurance
@pytest.mark.timeout(1200)
def test_ten_thousand_posts_each_have_exactly_one_effect(server: Server) -> None:
    chance = random.Random(SEED)
    posts = plan(chance)
    messages = {(post.newcomer, post.number): post.words for post in posts}
    senders = posted(server, posts, chance)

    assert senders.done == len(posts) == POSTS
    assert len(messages) == round(POSTS * (1 - REPEATED))
    with open_database(Settings()) as database, parts(Settings()) as ready, throwaway(ready) as calm:
        # The other assistant hears the same while the server answers what it still has to: that halves the waiting.
        undisturbed(calm, written(database))
        while unread(server):
            time.sleep(0.5)
        server.kill()
        lived = lives(database)
        assert len(lived) == NEWCOMERS
        heard = [one.text for life in lived.values() for one in life.heard]
        assert len(heard) == len(messages), "each message is there once"
        assert sorted(heard) == sorted(messages.values())
        assert lived == lives(calm.database), "as if nothing had happened"
    log.info("%d kills, %d posts made again", server.kills, senders.again)
    assert server.kills >= 5
    assert senders.again > 0, "some were cut off"
