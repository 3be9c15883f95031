"""Several workers on one database: each message once, in order, whoever dies or loses its connections."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import psycopg
import pytest

from bot.channels.terminal import Terminal
from bot.channels.webchat import WebChat
from bot.commands.throwaway import Conversation
from bot.domain.turn import Inbound, Kind
from bot.domain.wakes import Wake
from bot.engine import Engine
from bot.receive import take_in
from bot.scale import worker as workers
from bot.scale.queue import Queue
from bot.scale.signals import Signals
from bot.scale.worker import Worker
from bot.store.database import Database
from bot.store.errors import DatabaseAwayError
from tests.peers.tiny import tiny_assistant
from tests.test_engine import Ear, answers, unread, until, writes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from bot.domain.wakes import Wakes
    from bot.runtime import Runtime
    from bot.store.encryption import Vault

    Process = Callable[..., AbstractContextManager[Runtime]]

pytestmark = pytest.mark.postgresql


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


@pytest.fixture
def web(url: str, secrets: Vault, terminal: Terminal) -> Iterator[Runtime]:
    """A process that takes in and leaves the rest to others. Only to make people known it can speak."""
    with Database.open(url, secrets) as database:
        runtime = tiny_assistant().runtime(database, channels={Terminal.name: terminal})
        for name in ("amina", "yonas", "olena"):
            Conversation(runtime, terminal, name).accept_notice("nl")
        database.carrier = Queue(delivers=False)
        yield runtime


@contextmanager
def working(url: str, secrets: Vault, terminal: Terminal, ear: Ear, *, turns: int = 2) -> Iterator[Runtime]:
    """Another process, as far as it can be told from the database: connections and threads of its own."""
    with Database.open(url, secrets) as database:
        database.carrier = Queue(delivers=True)
        runtime = tiny_assistant().runtime(database, channels={Terminal.name: terminal})
        runtime = replace(runtime, understander=ear)
        engine, worker = Engine(shared=True), Worker(runtime, url, turns=turns)
        signals = Signals(url, [engine.hear])
        engine.start(runtime)
        worker.start()
        signals.start()
        try:
            yield runtime
        finally:
            worker.stop()
            engine.stop()
            signals.stop()


@pytest.fixture
def ear() -> Ear:
    return Ear(tiny_assistant().understander)


@pytest.fixture
def process(url: str, secrets: Vault, terminal: Terminal, ear: Ear, web: Runtime) -> Process:
    return partial(working, url, secrets, terminal, ear)


@pytest.fixture
def two(process: Process) -> Iterator[None]:
    with process(), process():
        yield


def test_a_message_wakes_another_process(
    web: Runtime, url: str, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "POLL_SECONDS", 3600.0)
    monkeypatch.setattr(workers, "sweep", lambda _runtime: [])  # so that nothing finds what nobody was woken for
    with process(), process():
        assert until(lambda: _listening(url) == 2)
        writes(web, "amina")

        assert until(lambda: answers(web) == 1)
    assert unread(web) == []


@pytest.mark.usefixtures("two")
def test_one_conversation_is_never_worked_on_by_two_at_once(web: Runtime, ear: Ear) -> None:
    ear.pause = 0.05
    names = ["amina", "yonas", "olena"]
    for number in range(1, 9):
        for name in names:
            writes(web, name, number)

    assert until(lambda: unread(web) == [] and not any(ear.now.values()), seconds=40)
    assert [ear.most[name] for name in names] == [1, 1, 1]
    assert ear.most["anybody"] > 1
    for name in names:
        assert [text for text in ear.heard if text.startswith(name)] == [f"{name} {n}" for n in range(1, 9)]


@pytest.mark.usefixtures("two")
def test_a_wake_up_that_was_lost_is_found_by_a_sweep(web: Runtime) -> None:
    web.database.carrier = None
    writes(web, "amina")

    assert until(lambda: answers(web) == 1)


def test_a_worker_whose_connections_are_cut_begins_again(web: Runtime, url: str, process: Process, ear: Ear) -> None:
    with process():
        writes(web, "amina", 1)
        assert until(lambda: answers(web) == 1)
        for number in (2, 3):
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            _writes_until_taken(web, number)
            assert until(lambda number=number: answers(web) == number, seconds=60)  # type: ignore[misc]
    assert ear.heard == ["amina 1", "amina 2", "amina 3"]


def _writes_until_taken(web: Runtime, number: int) -> None:
    """Write, as a messenger does: while the database is away it is told to come again."""
    for _ in range(100):
        with suppress(DatabaseAwayError):
            writes(web, "amina", number)
            return
        time.sleep(0.05)
    raise AssertionError


def test_what_a_dead_worker_held_goes_to_another(web: Runtime, url: str, process: Process, ear: Ear) -> None:
    conversation = writes(web, "amina")
    with psycopg.connect(url, autocommit=True) as dead:
        dead.execute("SET search_path = wakeups")
        (worker,) = dead.execute("SELECT worker_id FROM procrastinate_register_worker_v1()").fetchone() or (None,)
        taken = dead.execute("SELECT lock FROM procrastinate_fetch_job_v2(NULL, %s)", [worker]).fetchone()
        dead.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
    assert taken == (conversation,)
    with process():
        assert until(lambda: answers(web) == 1 and _of_this(url, conversation) == 0, seconds=40)


def _of_this(url: str, conversation: str) -> int:
    with psycopg.connect(url) as connection:
        query = "SELECT count(*) FROM wakeups.procrastinate_jobs WHERE lock = %s"
        (found,) = connection.execute(query, [conversation]).fetchone() or (0,)
        return int(found)


def _listening(url: str) -> int:
    with psycopg.connect(url) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE %s"
        (found,) = connection.execute(query, ['LISTEN "procrastinate%']).fetchone() or (0,)
        return int(found)


def test_two_workers_sweep_once(web: Runtime, url: str, process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[float] = []

    def sweep(_runtime: Runtime) -> list[str]:
        swept.append(time.monotonic())
        return []

    monkeypatch.setattr(workers, "sweep", sweep)
    monkeypatch.setattr(workers, "EVERY_FIVE_SECONDS", "* * * * * *")
    with process(), process():
        assert until(lambda: len(swept) >= 5)
    # One a second, and two workers: had each asked for its own, they would come in pairs.
    assert swept[4] - swept[0] > 2.5


def test_stopping_finishes_what_was_begun_and_leaves_the_rest(
    web: Runtime, url: str, process: Process, ear: Ear
) -> None:
    ear.pause = 0.3
    with process(turns=1):
        for number in range(1, 6):
            writes(web, "amina", number)
        assert until(lambda: bool(ear.now["amina"]))
    begun = len(ear.heard)
    (waiting,) = unread(web)
    assert begun < 5
    assert len(web.database.read(lambda work: work.inbox.unread(waiting))) == 5 - begun
    ear.pause = 0.0
    with process():
        assert until(lambda: unread(web) == [])
    assert ear.heard == [f"amina {number}" for number in range(1, 6)]


def test_pages_and_the_desk_hear_what_another_process_did(web: Runtime, url: str) -> None:
    heard: list[Wakes] = []
    signals = Signals(url, [heard.append])
    signals.start()
    try:
        # On connecting it passes everything on once: what was told before is not told again.
        assert until(lambda: [list(one.others) for one in heard] == [list(Wake)])
        for _ in range(2):
            web.database.write(lambda work: work.wakes.show("amina"))
            web.database.write(lambda work: work.wakes.note(Wake.DESK))
            assert until(lambda: ["amina"] in [list(one.pages) for one in heard])
            assert until(lambda: [Wake.DESK] in [list(one.others) for one in heard])
            heard.clear()
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN wegwijs%'"
                )
            assert until(lambda: bool(heard))
            heard.clear()
    finally:
        signals.stop()


def test_a_page_is_woken_when_its_message_is_stored(url: str, secrets: Vault) -> None:
    woken: list[list[str]] = []
    with Database.open(url, secrets) as database:
        webchat = WebChat()
        database.listeners.append(lambda wakes: woken.append(list(wakes.pages)))
        runtime = tiny_assistant().runtime(database, channels={WebChat.name: webchat})
        engine = Engine()
        engine.start(runtime)
        try:
            now = runtime.clock.now()
            hello = {
                "channel": WebChat.name,
                "address": "a page",
                "provider_id": "1",
                "kind": Kind.TEXT,
                "text": "hallo",
            }
            take_in(runtime, Inbound(**hello, received_at=now))  # type: ignore[arg-type]  # as above
            assert until(lambda: ["a page"] in woken)
        finally:
            engine.stop()
