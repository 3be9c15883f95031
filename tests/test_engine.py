"""Wake-ups in process: lost or repeated ones are harmless, and nobody's messages are taken by two at once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.channels.terminal import Terminal
from bot.commands.throwaway import Conversation
from bot.domain.turn import Inbound, Kind
from bot.engine import Engine
from bot.receive import take_in
from bot.store.errors import StoreError
from bot.sweep import SWEEP_SECONDS
from tests.peers.tiny import at_work, tiny_assistant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.nlu.model import Understanding
    from bot.runtime import Runtime, Understands
    from bot.store.database import Database

QUESTION = "Wat voor weer wordt het?"  # answered by one message: it was not understood
PATIENCE = 20.0


def until(happened: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Wait until it happened; return whether it did."""
    end = time.monotonic() + seconds
    while not happened() and time.monotonic() < end:
        time.sleep(0.01)
    return happened()


@dataclass
class Ear:
    """The real ear, which notes who is being listened to at the same time."""

    real: Understands
    pause: float = 0.0
    now: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)
    heard: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def understand(self, text: str, *, language: str | None = None) -> Understanding:
        who = text.split(maxsplit=1)[0]
        with self.lock:
            self.heard.append(text)
            for one in (who, "anybody"):
                self.now[one] += 1
                self.most[one] = max(self.most[one], self.now[one])
        time.sleep(self.pause)
        try:
            return self.real.understand(text, language=language)
        finally:
            with self.lock:
                self.now.subtract([who, "anybody"])


@contextmanager
def working(runtime: Runtime, engine: Engine) -> Iterator[None]:
    engine.start(runtime)
    try:
        yield
    finally:
        engine.stop()


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def ear() -> Ear:
    return Ear(tiny_assistant().understander)


@pytest.fixture
def runtime(engine: Engine, ear: Ear) -> Iterator[Runtime]:
    with at_work() as runtime:
        yield replace(runtime, understander=ear)


def known(runtime: Runtime, name: str) -> None:
    terminal = runtime.channels[Terminal.name]
    assert isinstance(terminal, Terminal)
    Conversation(runtime, terminal, name).accept_notice("nl")


def writes(runtime: Runtime, name: str, number: int = 1) -> str:
    inbound = Inbound(
        channel=Terminal.name,
        address=name,
        provider_id=f"{name}.{number}",
        kind=Kind.TEXT,
        text=f"{name} {number}",
        received_at=runtime.clock.now(),
    )
    conversation = take_in(runtime, inbound)
    assert conversation is not None
    return conversation


def unread(runtime: Runtime) -> list[str]:
    return runtime.database.read(lambda work: work.conversations.with_unread(1000))


def answers(runtime: Runtime) -> int:
    terminal = runtime.channels[Terminal.name]
    assert isinstance(terminal, Terminal)
    return terminal.delivered.qsize()


def test_a_message_is_answered_and_delivered(runtime: Runtime, engine: Engine) -> None:
    known(runtime, "amina")
    with working(runtime, engine):
        writes(runtime, "amina")

        assert until(lambda: answers(runtime) == 1)
    assert unread(runtime) == []


def test_what_nobody_was_woken_for_is_found_by_the_sweep(runtime: Runtime, engine: Engine) -> None:
    known(runtime, "amina")
    engine.hear = lambda _wakes: None  # type: ignore[method-assign]  # every wake-up is lost
    with working(runtime, engine):
        writes(runtime, "amina")

        assert until(lambda: answers(runtime) == 1)
    assert SWEEP_SECONDS <= 5  # a lost wake-up is a pause, not a silence


def test_what_came_in_before_the_start_is_answered(runtime: Runtime) -> None:
    known(runtime, "amina")
    writes(runtime, "amina")
    engine = Engine()
    with working(runtime, engine):
        assert until(lambda: answers(runtime) == 1)


def test_waking_too_often_answers_once(runtime: Runtime, engine: Engine, ear: Ear) -> None:
    known(runtime, "amina")
    with working(runtime, engine):
        conversation = writes(runtime, "amina")
        for _ in range(200):
            engine.wake(conversation)
        engine.wake("nobody's conversation")

        assert until(lambda: answers(runtime) == 1)
        assert not until(lambda: answers(runtime) > 1, seconds=0.3)
    assert ear.heard == ["amina 1"]


def test_one_conversation_is_never_worked_on_by_two_at_once(runtime: Runtime, ear: Ear) -> None:
    names = ["amina", "yonas", "olena"]
    for name in names:
        known(runtime, name)
    ear.pause = 0.1  # long enough that two people are surely being helped at the same moment
    conversations = [writes(runtime, name, number) for number in range(1, 6) for name in names]
    engine = Engine(workers=4)
    with working(runtime, engine):
        pushers = [
            threading.Thread(target=lambda: [engine.wake(c) for c in conversations for _ in range(20)])
            for _ in range(4)
        ]
        for pusher in pushers:
            pusher.start()
        for pusher in pushers:
            pusher.join()

        assert until(lambda: unread(runtime) == [] and not any(ear.now.values()))
    assert [ear.most[name] for name in names] == [1, 1, 1]
    assert ear.most["anybody"] > 1  # while different people are helped side by side
    for name in names:
        assert [text for text in ear.heard if text.startswith(name)] == [f"{name} {n}" for n in range(1, 6)]


def test_a_message_that_comes_in_while_the_last_one_is_answered_is_not_forgotten(
    runtime: Runtime, engine: Engine, ear: Ear
) -> None:
    known(runtime, "amina")
    ear.pause = 0.1
    with working(runtime, engine):
        writes(runtime, "amina", 1)
        assert until(lambda: ear.now["amina"] == 1)
        writes(runtime, "amina", 2)

        assert until(lambda: ear.heard == ["amina 1", "amina 2"], seconds=SWEEP_SECONDS / 2)


def test_stopping_finishes_what_was_begun_and_leaves_the_rest(runtime: Runtime, ear: Ear) -> None:
    known(runtime, "amina")
    ear.pause = 0.2
    engine = Engine(workers=1)
    engine.start(runtime)
    for number in range(1, 6):
        writes(runtime, "amina", number)
    assert until(lambda: bool(ear.now["amina"]))
    began = time.monotonic()
    engine.stop()

    assert time.monotonic() - began < 5
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("engine-")]
    begun = len(ear.heard)
    (waiting,) = unread(runtime)
    assert begun < 5
    assert len(runtime.database.read(lambda work: work.inbox.unread(waiting))) == 5 - begun
    ear.pause = 0.0
    following = Engine()
    with working(runtime, following):
        assert until(lambda: unread(runtime) == [])
    assert ear.heard == [f"amina {number}" for number in range(1, 6)]


def test_stopping_without_work_is_quick(runtime: Runtime, engine: Engine) -> None:
    engine.start(runtime)
    began = time.monotonic()
    engine.stop()

    assert time.monotonic() - began < 2


class Away:
    """A database that is away for its first reads and writes, as during a restart of the server."""

    def __init__(self, database: Database, times: int) -> None:
        self._database = database
        self.left = times

    def __getattr__(self, name: str) -> Any:
        if name in {"read", "write"} and self.left > 0:
            self.left -= 1
            raise StoreError
        return getattr(self._database, name)


def test_a_database_that_is_away_for_a_moment_does_not_end_the_service(runtime: Runtime, engine: Engine) -> None:
    known(runtime, "amina")
    writes(runtime, "amina")
    away = Away(runtime.database, times=2)
    with working(replace(runtime, database=away), engine):  # type: ignore[arg-type]  # it is one, most of the time
        assert until(lambda: answers(runtime) == 1)
    assert away.left == 0
