"""`wegwijs work`: one of many workers on a shared PostgreSQL."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from bot.channels.webchat import WebChat
from bot.commands.figures import figures
from bot.commands.messengers import messengers
from bot.domain.clock import SystemClock
from bot.engine import Engine
from bot.log import keep_threads_quiet
from bot.wiring import open_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.domain.wakes import Wakes
    from bot.runtime import Runtime
    from bot.settings import Settings
    from bot.wiring import Parts


class NotManyError(click.ClickException):
    """What is asked for needs many processes, and SQLite serves one."""

    def __init__(self) -> None:
        super().__init__(
            "many processes need PostgreSQL: set DATABASE_URL=postgresql://…; "
            "on SQLite `wegwijs serve` does everything in one process"
        )


def run(settings: Settings, parts: Parts, *, turns: int, metrics_port: int | None = None) -> None:
    """Work until interrupted. On `metrics_port` it tells its figures (None: to nobody)."""
    if not settings.is_shared:
        raise NotManyError
    ending = threading.Event()
    for sig in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sig, lambda *_: ending.set())
    with open_database(settings) as database, ExitStack() as stack:
        clock = SystemClock()
        webchat = WebChat()
        channels = stack.enter_context(messengers(settings, parts.knowledge, database, clock))
        runtime = parts.runtime(database, channels={WebChat.name: webchat, **channels}, clock=clock)
        runtime = replace(runtime, erased_list=settings.erased_list)
        parts.understander.warm()
        stack.enter_context(figures(settings, runtime, metrics_port))
        stack.enter_context(shared(settings, runtime, works=turns))
        keep_threads_quiet()
        click.echo(f"A worker takes {turns} turns at a time. Stop with Ctrl-C; what was begun is finished.")
        ending.wait()


class NoQueueError(click.ClickException):
    """The shared queue's library is not installed."""

    def __init__(self) -> None:
        super().__init__("a shared PostgreSQL needs one more library: pip install 'wegwijs[scale]'")


@contextmanager
def shared(
    settings: Settings, runtime: Runtime, *, works: int, listeners: Sequence[Callable[[Wakes], None]] = ()
) -> Iterator[None]:
    """
    Take part in the queue that many processes share; with `works` turns at a time, or with none only by filling it.

    `listeners` hear what other processes tell.
    """
    try:
        from bot.scale import queue, signals, worker
    except ImportError:
        raise NoQueueError from None
    queue.prepare(settings.url)
    runtime.database.carrier = queue.Queue(delivers=bool(works))
    engine = Engine(shared=True)
    takes_turns = worker.Worker(runtime, settings.url, turns=works) if works else None
    ears = [*listeners, *([engine.hear] if works else [])]
    told = signals.Signals(settings.url, ears)
    told.start()
    if takes_turns:
        engine.start(runtime)
        takes_turns.start()
    try:
        yield
    finally:
        if takes_turns:
            takes_turns.stop()
            engine.stop()
        told.stop()
