"""Kill -9 at any point: no message is lost, none is answered twice, nothing is half done."""

from __future__ import annotations

import http.client
import json
import logging
import random
import re
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from bot.channels.terminal import Terminal
from bot.channels.webchat import WebChat
from bot.commands.throwaway import Conversation, conversation, throwaway
from bot.deliver import deliver_due
from bot.domain.clock import HeldClock
from bot.domain.turn import Inbound, Kind
from bot.flows.dialogue import Dialogue
from bot.receive import answer_next, take_in
from bot.settings import Settings
from bot.store.columns import metadata
from bot.wiring import open_database, parts
from tests.peers.killable import Heard, Server, environment, killable, rows
from tests.peers.small import small_assistant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.runtime import Runtime
    from bot.store.database import Database
    from bot.store.work import Work

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent
MESSAGES = 1000
NEWCOMERS = 20
KILLS = 26
MOST_WAITING = 40  # messages accepted and not yet taken, so that every kill meets all kinds of work
SEED = 20261122

QUESTIONS = (
    "Hoe vind ik een huisarts?",
    "lekkage in de badkamer",
    "schimmel op de muur in de slaapkamer van mijn kind",
    "de huisarts zegt dat ze vol zijn",
    "waar haal ik mijn medicijnen",
    "ik ga verhuizen naar mijn eerste huis",
)
ANSWERS = ("ja", "nee", "gisteren", "3", "weet ik niet", "20 november 2026", "nee ik bedoelde vandaag", "2")
WORDS = ("menu", "mens", "stop", "annuleren", "bedankt", "Türkçe", "Nederlands", "qqq zzz", "www vvv", "العربية", "👍")


def plans(chance: random.Random) -> list[list[str]]:
    """Return what each newcomer writes, from the first question and the yes to the notice on."""
    written = []
    for number in range(NEWCOMERS):
        rest = [chance.choice(chance.choice((QUESTIONS, ANSWERS, WORDS))) for _ in range(MESSAGES // NEWCOMERS - 3)]
        written.append([chance.choice(QUESTIONS), "ja", f"bericht {number}", *rest])
    return written


# ---- the server, and those who write to it


@dataclass
class Post:
    """The newcomers' side: counts what was accepted, and the posts that were cut off."""

    port: int
    accepted: int = 0
    taken: int = 0
    cut_off: int = 0
    refused: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stop: threading.Event = field(default_factory=threading.Event)

    def ask(
        self, method: str, path: str, headers: dict[str, str], form: dict[str, str] | None = None
    ) -> tuple[Any, ...]:
        """Ask until there is an answer: whoever gets none asks the same again."""
        body = urlencode(form) if form is not None else None
        while not self.stop.is_set():
            sent = False
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            with closing(connection), suppress(OSError, http.client.HTTPException):
                connection.connect()
                sent = True
                connection.request(method, path, body, headers)
                response = connection.getresponse()
                return response.status, response.headers, response.read().decode()
            with self.lock:
                self.cut_off += sent
            time.sleep(0.1)
        raise InterruptedError

    def write_all(self, name: str, texts: Sequence[str], chance: random.Random) -> None:
        """Open the page, then write one message after the other, now and then without waiting at all."""
        status, headers, page = self.ask("GET", "/", {"accept-language": "nl"})
        assert status == 200
        cookie = str(headers["set-cookie"]).split(";")[0]
        token = re.search(r'name="token" value="([^"]+)"', page)
        assert token is not None
        said = {
            "accept": "application/json",
            "accept-language": "nl",
            "cookie": cookie,
            "content-type": "application/x-www-form-urlencoded",
        }
        for number, words in enumerate(texts):
            while self.accepted - self.taken > MOST_WAITING and not self.stop.is_set():
                time.sleep(0.01)
            form = {"token": token[1], "id": f"{name}-{number:04}", "text": words}
            status, headers, answer = self.ask("POST", "/messages", said, form)
            while status == 429:
                time.sleep(float(headers["retry-after"]))
                status, headers, answer = self.ask("POST", "/messages", said, form)
            with self.lock:
                self.accepted += 1
                if status != 200:
                    self.refused.append(f"{status} {answer}")
            time.sleep(chance.choice((0, 0, 0.02, 0.1, 0.2)))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    with killable(tmp_path) as server:
        yield server


def taken(server: Server) -> int:
    """Return how many messages had their turn."""
    return sum(n for (n,) in rows(server, "SELECT count(*) FROM inbound WHERE status <> 'unread'"))


def left_behind(server: Server) -> Counter[str]:
    """Return in which states something is."""
    states = rows(server, "SELECT 'inbound ' || status FROM inbound UNION SELECT 'outbox ' || status FROM outbox")
    return Counter(state for (state,) in states)


# ---- a thousand messages


def lives(database: Database) -> dict[tuple[str, ...], tuple[list[Heard], Dialogue]]:
    """Return every conversation by what was written in it, with all that is promised of it looked at."""

    def read(work: Work) -> dict[tuple[str, ...], tuple[list[Heard], Dialogue]]:
        found = {}
        for conversation_id in work.connection.scalars(text("SELECT id FROM conversations")).all():
            row = work.conversations.get(conversation_id)
            messages, answers = work.inbox.all_for(conversation_id), work.outbox.all_for(conversation_id)
            assert row is not None
            assert [message.number for message in messages] == list(range(1, row.next_number)), "no gap, no twin"
            assert [answer.number for answer in answers] == list(range(1, row.said_count + 1))
            assert row.read_mark == len(messages)
            heard = []
            for message in messages:
                said = [answer for answer in answers if answer.cause_inbound_id == message.id]
                assert sorted(answer.position for answer in said) == list(range(len(said)))
                words = tuple((answer.body["response"], answer.body["language"]) for answer in said)
                heard.append(Heard(message.body["text"], message.status, words))
            assert row.state is not None
            dialogue = Dialogue.from_json(row.state.decode())
            found[tuple(one.text for one in heard)] = heard, dialogue
        return found

    return database.read(read)


def undisturbed(runtime: Runtime, written: Sequence[Sequence[str]]) -> None:
    """Have the same written to an assistant that nobody kills."""
    for number, texts in enumerate(written):
        for at, words in enumerate(texts):
            inbound = Inbound(
                channel=WebChat.name,
                address=f"newcomer {number}",
                provider_id=f"{number}-{at}",
                kind=Kind.TEXT,
                text=words,
                received_at=runtime.clock.now(),
                language_hint="nl",
            )
            taken = take_in(runtime, inbound)
            assert taken is not None
            while answer_next(runtime, taken):
                pass


@pytest.mark.endurance
@pytest.mark.timeout(600)
def test_killed_at_any_point_of_a_thousand_turns_nothing_is_lost_or_answered_twice(server: Server) -> None:
    chance = random.Random(SEED)
    written = plans(chance)
    with parts(Settings()) as ready, throwaway(ready) as calm, ThreadPoolExecutor(NEWCOMERS + 1) as everybody:
        compared = everybody.submit(undisturbed, calm, written)
        post, left = _killed_again_and_again(server, written, chance, everybody)
        compared.result()
        with open_database(Settings()) as database:
            assert database.read(lambda work: work.conversations.with_unread(10)) == []
            lived, expected = lives(database), lives(calm.database)
            assert sorted(lived) == sorted(map(tuple, written)), "each message is there once, in its order"
            for texts in map(tuple, written):
                assert lived[texts] == expected[texts], "as if nothing had happened"
            _all_goes_out(calm, database)
    log.info("%d kills; posts cut off: %d; kills that left behind: %s", server.kills, post.cut_off, dict(left))
    assert server.kills >= 25
    assert post.cut_off > 0, "some died while a message came in"
    assert left["inbound unread"] > 0, "some before or in a turn"
    assert left["outbox queued"] + left["outbox leased"] > 0, "some before or while an answer went out"


def _killed_again_and_again(
    server: Server, written: Sequence[Sequence[str]], chance: random.Random, everybody: ThreadPoolExecutor
) -> tuple[Post, Counter[str]]:
    """Have everybody write, kill the server at so many moments, and wait until the last message is answered."""
    post = Post(server.port)
    left: Counter[str] = Counter()
    server.start()
    writing = [
        everybody.submit(post.write_all, f"newcomer-{number}", texts, random.Random(number))
        for number, texts in enumerate(written)
    ]
    try:
        moments = sorted(chance.sample(range(5, MESSAGES - 2 * MOST_WAITING), KILLS - 1))
        for number, moment in enumerate(moments):
            while post.taken < moment:
                _look(server, post)
            time.sleep(chance.uniform(0, 0.06))
            server.kill()
            # The server itself must mend what it left, so only now and then we are the first to open the file.
            if number % 3 == 0:
                left.update(left_behind(server))
            server.start()
        while post.accepted < MESSAGES or not _nobody_waits(server.port):
            _look(server, post)
        for one in writing:
            one.result()
    finally:
        post.stop.set()
    assert post.refused == []
    server.kill()
    return post, left


def _look(server: Server, post: Post) -> None:
    post.taken = taken(server)
    assert time.monotonic() < server.until, f"nothing happens any more:\n{server.log()}"
    time.sleep(0.01)


def _nobody_waits(port: int) -> bool:
    with suppress(OSError), closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", "/healthz")
        return bool(json.loads(connection.getresponse().read()).get("conversations_waiting") == 0)
    return False


def _all_goes_out(runtime: Runtime, database: Database) -> None:
    """What was leased when the process died goes out once its lease has run out, and in order."""
    later = HeldClock(datetime.now(UTC) + timedelta(minutes=2))
    after = replace(runtime, database=database, clock=later, channels={WebChat.name: WebChat()})
    while deliver_due(after):
        pass
    with_status = "SELECT status, count(*) FROM outbox GROUP BY status"
    states = database.read(lambda work: dict(work.connection.execute(text(with_status)).all()))
    assert set(states) == {"sent"}


# ---- one turn, interrupted at each of its steps


class Killed(BaseException):
    """Stands for the end of the process: nothing in our house catches it."""


class Stopwatch:
    """Ends the process at the call with this number, before or after it is done."""

    def __init__(self, at: int, *, after: bool) -> None:
        self.left, self.after = at, after

    def step(self, call: Callable[[], Any]) -> Any:
        self.left -= 1
        if self.left < 0 and not self.after:
            raise Killed
        result = call()
        if self.left < 0:
            raise Killed
        return result


class Watched:
    """A collection, or the whole unit of work, in which every call is a step."""

    def __init__(self, inner: Any, watch: Stopwatch) -> None:
        self._inner, self._watch = inner, watch

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return Watched(found, self._watch)
        return lambda *args, **named: self._watch.step(lambda: found(*args, **named))


@dataclass
class Dying:
    """A database whose units of work end the process at a given step."""

    inner: Database
    watch: Stopwatch

    def read(self, fn: Callable[[Any], Any]) -> Any:
        return self.inner.read(fn)

    def write(self, fn: Callable[[Any], Any], *, urgent: bool = False) -> Any:
        return self.inner.write(lambda work: fn(Watched(work, self.watch)))


def everything(database: Database) -> dict[str, list[Any]]:
    """Return every row of every table as it stands in the file."""

    def read(work: Work) -> dict[str, list[Any]]:
        return {
            table.name: work.connection.execute(table.select().order_by(*table.primary_key)).all()
            for table in metadata.sorted_tables
        }

    return database.read(read)


@pytest.fixture(scope="module")
def assistant() -> Iterator[Runtime]:
    with throwaway(small_assistant(), HeldClock(datetime(2026, 11, 22, 9, 0, tzinfo=UTC))) as runtime:
        yield runtime


STORIES = {
    "the first message": ((), "lekkage in de badkamer"),
    "the yes to the notice": (("lekkage in de badkamer", "huisarts zoeken"), "ja"),
    "danger before the notice": ((), "ik wil dood"),
    "a question": (("hallo", "ja"), "lekkage in de badkamer"),
    "an answer": (("hallo", "ja", "lekkage in de badkamer"), "ja"),
    "a case": (("hallo", "ja", "lekkage in de badkamer"), "mens"),
    "another language": (("hallo", "ja", "lekkage in de badkamer"), "العربية"),
    "stop": (("hallo", "ja", "lekkage in de badkamer"), "stop"),
    "deleting everything": (("hallo", "ja", "lekkage in de badkamer", "mens", "verwijder mijn gegevens"), "ja"),
}


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("after", [False, True], ids=["before each step", "after each step"])
def test_a_turn_that_is_interrupted_leaves_nothing_half_done(assistant: Runtime, story: str, after: bool) -> None:
    before, last = STORIES[story]
    talk = conversation(assistant)
    for words in before:
        talk.send(words)

    taken = _interrupted(assistant, after, lambda runtime: take_in(runtime, _last(talk, last)))
    assert taken is not None
    answered = _interrupted(assistant, after, lambda runtime: answer_next(runtime, taken))
    assert answered is not None
    assert answered.rung not in {"failed", "taken", "gone"}
    while answer_next(assistant, taken):
        pass
    while deliver_due(assistant):
        pass
    assert assistant.database.read(lambda work: work.conversations.with_unread(10)) == []
    rows = assistant.database.read(lambda work: work.outbox.all_for(taken))
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))


def _last(talk: Conversation, words: str) -> Inbound:
    return Inbound(
        channel=Terminal.name,
        address=talk._address,
        provider_id=f"last of {talk._address}",
        kind=Kind.TEXT,
        text=words,
        received_at=talk.runtime.clock.now(),
    )


def _interrupted(assistant: Runtime, after: bool, verb: Callable[[Runtime], Any]) -> Any:
    """Do it with an end at its first step, its second, and so on, until it comes to its own end."""
    there = everything(assistant.database)
    for step in range(200):
        dying = Dying(assistant.database, Stopwatch(step, after=after))
        try:
            done = verb(replace(assistant, database=dying))  # type: ignore[arg-type]
        except Killed:
            assert everything(assistant.database) == there, f"step {step} left something behind"
        else:
            assert step > 1, "it was interrupted at all"
            return done
    raise AssertionError("it never comes to an end")
