"""
The processes of a measurement: each is a copy of one that read the knowledge, with a part of the service in it.

They are asked by a pipe to run a function on their runtime, and what comes back is its result.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

import bot.engine
import bot.scale.worker
from bench.scale.town import CHANNEL
from bot.channels.limits import TELEGRAM
from bot.commands.work import shared
from bot.engine import Engine
from bot.settings import Settings
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection
    from pathlib import Path
    from typing import Concatenate, ParamSpec

    from bot.domain.messenger import Letter
    from bot.receive import Report
    from bot.runtime import Runtime
    from bot.wiring import Parts

    P = ParamSpec("P")

T = TypeVar("T")
PATIENCE = 120.0  # seconds for a process to begin


class Part(Enum):
    """What a process does."""

    WORKER = "worker"  # as `wegwijs work`
    WEB = "web"  # takes messages in, as `wegwijs serve --web-only`
    EMBEDDED = "embedded"  # all of it, on SQLite


@dataclass(frozen=True)
class Answered:
    """One turn: of which conversation, and when it began and ended (seconds of the machine's monotonic clock)."""

    conversation: str
    began: float
    ended: float


@dataclass
class Seen:
    """What one process saw: its turns, what left it (address and moment), and how much it had to do (CPU seconds)."""

    turns: list[Answered] = field(default_factory=list)
    sent: list[tuple[str, float]] = field(default_factory=list)
    cpu: float = 0.0
    failed: int = 0  # turns


_seen = Seen()


class Messenger:
    """A messenger that takes everything at once. It has a budget, as real ones do, which never runs out."""

    name = CHANNEL
    limits = replace(TELEGRAM, per_second=1e6, burst=10**6)

    def send(self, letter: Letter) -> str:
        """Take it."""
        _seen.sent.append((letter.address, time.monotonic()))
        return letter.reference


def _watch_turns() -> None:
    answer = bot.engine.answer_next

    def watched(runtime: Runtime, conversation_id: str) -> Report | None:
        began = time.monotonic()
        report = answer(runtime, conversation_id)
        if report is not None:
            _seen.failed += report.rung == "failed"
            _seen.turns.append(Answered(conversation_id, began, time.monotonic()))
        return report

    bot.engine.answer_next = bot.scale.worker.answer_next = watched


def seen(_: Runtime) -> Seen:
    """Return what this process saw since the last time it was asked."""
    found = Seen(list(_seen.turns), list(_seen.sent), time.process_time(), _seen.failed)
    _seen.turns.clear()
    _seen.sent.clear()
    return found


def vault(folder: Path) -> Vault:
    """Return the vault that all processes of a measurement share."""
    return Vault(MasterKeys.load_or_create(folder / "keys"))


def _live(  # noqa: PLR0913, PLR0917  # what it is, and where
    part: Part, parts: Parts, url: str, folder: Path, turns: int, pipe: Connection
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # what was read before is nobody's garbage
    _watch_turns()
    settings = Settings(DATABASE_URL=url)
    with Database.open(url, vault(folder)) as database, ExitStack() as stack:
        runtime = parts.runtime(database, channels={CHANNEL: Messenger()})
        if part is Part.EMBEDDED:
            engine = Engine(workers=turns)
            engine.start(runtime)
            stack.callback(engine.stop)
        else:
            stack.enter_context(shared(settings, runtime, works=turns if part is Part.WORKER else 0))
        pipe.send(threading.active_count())
        while (asked := pipe.recv()) is not None:
            function, args = asked
            pipe.send(function(runtime, *args))


class Process:
    """One process."""

    def __init__(self, part: Part, parts: Parts, url: str, folder: Path, turns: int) -> None:
        fork = multiprocessing.get_context("fork")
        self._pipe, theirs = fork.Pipe()
        args = (part, parts, url, folder, turns, theirs)
        self._process = fork.Process(target=_live, args=args, name=part.value, daemon=True)
        self._process.start()
        theirs.close()

    def begun(self) -> None:
        """Wait until it is at work."""
        if not self._pipe.poll(PATIENCE):
            raise SystemExit(f"the {self._process.name} does not start")
        self._pipe.recv()

    def call(self, function: Callable[Concatenate[Runtime, P], T], *args: P.args, **_: P.kwargs) -> T:
        """Have it run the function, and return the result."""
        self._pipe.send((function, args))
        found: Any = self._pipe.recv()
        return found

    def end(self) -> None:
        """End it, when it has finished what it began."""
        self._pipe.send(None)
        self._process.join(timeout=60)
        if self._process.is_alive():
            self._process.kill()


@contextmanager
def running(parts: Parts, url: str, folder: Path, wanted: dict[Part, int], *, turns: int) -> Iterator[list[Process]]:
    """Give so many processes of each part, at work, in the order they were asked for."""
    found = [Process(part, parts, url, folder, turns) for part, many in wanted.items() for _ in range(many)]
    try:
        for one in found:
            one.begun()
        yield found
    finally:
        for one in found:
            one.end()
