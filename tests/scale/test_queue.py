"""Wake-ups are stored with what leads to them, and never stand in its way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import text

from bot.domain.turn import Inbound, Kind
from bot.receive import take_in
from bot.scale import queue
from bot.scale.queue import Queue, prepare, untaken
from bot.store.database import Database
from bot.store.errors import DatabaseUnusableError
from tests.peers.tiny import tiny_assistant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.runtime import Runtime
    from bot.store.encryption import Vault
    from bot.store.work import Work

pytestmark = pytest.mark.postgresql


@pytest.fixture
def database(url: str, secrets: Vault) -> Iterator[Database]:
    with Database.open(url, secrets) as database:
        database.carrier = Queue(delivers=False)
        yield database


@pytest.fixture
def runtime(database: Database) -> Runtime:
    return tiny_assistant().runtime(database)


def message(number: int = 1) -> Inbound:
    at = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    return Inbound(
        channel="preview", address="amina", provider_id=str(number), kind=Kind.TEXT, text="hallo", received_at=at
    )


def jobs(url: str) -> list[tuple[str, str, str]]:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT task_name, lock, status::text FROM wakeups.procrastinate_jobs ORDER BY id")
        return [(str(name), str(lock), str(status)) for name, lock, status in found]


def test_a_message_and_its_wake_up_are_stored_together(runtime: Runtime, url: str) -> None:
    conversation = take_in(runtime, message())

    assert jobs(url) == [("answer", str(conversation), "todo")]


def test_what_is_undone_wakes_nobody(database: Database, url: str) -> None:
    def fails(work: Work) -> None:
        work.newcomers.writing_from("preview", "amina", now=datetime(2026, 11, 22, tzinfo=UTC))
        work.wakes.answer("somebody")
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011  # the one above
        database.write(fails)

    assert jobs(url) == []


def test_a_message_that_was_given_before_wakes_nobody_again(runtime: Runtime, url: str) -> None:
    take_in(runtime, message())
    take_in(runtime, message())

    assert len(jobs(url)) == 1


def test_a_queue_that_is_broken_loses_the_wake_up_and_not_the_message(runtime: Runtime, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA wakeups CASCADE")

    conversation = take_in(runtime, message())

    assert conversation is not None
    unread = runtime.database.read(lambda work: work.inbox.unread(conversation))
    assert [row.body["text"] for row in unread] == ["hallo"]


def test_who_waits_for_a_worker_is_not_asked_for_again(runtime: Runtime) -> None:
    conversation = take_in(runtime, message())
    assert conversation is not None

    found = runtime.database.read(lambda work: untaken(work.connection, [conversation, "nobody has this one"]))

    assert found == ["nobody has this one"]
    assert runtime.database.read(lambda work: untaken(work.connection, [])) == []


def test_what_others_are_told_is_heard_when_it_is_stored(database: Database, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as ear:
        ear.execute("LISTEN wegwijs")

        def told(work: Work) -> list[str]:
            work.wakes.show("amina")
            work.wakes.note(queue.Wake.DELIVER)
            work.wakes.note(queue.Wake.DESK)
            return [one.payload for one in ear.notifies(timeout=0.2)]

        before = database.write(told)
        after = [one.payload for one in ear.notifies(timeout=5, stop_after=3)]

    assert before == []
    assert sorted(after) == ["deliver", "desk", "page:amina"]


def test_who_delivers_by_itself_sends_nobody_else(database: Database, url: str) -> None:
    database.carrier = Queue(delivers=True)
    with psycopg.connect(url, autocommit=True) as ear:
        ear.execute("LISTEN wegwijs")
        database.write(lambda work: work.wakes.note(queue.Wake.DELIVER))
        database.write(lambda work: work.wakes.note(queue.Wake.DESK))

        assert [one.payload for one in ear.notifies(timeout=5, stop_after=1)] == ["desk"]


def test_preparing_again_keeps_what_waits(runtime: Runtime, url: str) -> None:
    take_in(runtime, message())
    prepare(url)

    assert len(jobs(url)) == 1


def test_another_version_of_the_queue_makes_its_tables_anew(
    runtime: Runtime, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(runtime, message())
    monkeypatch.setattr(queue, "version", lambda _name: "99.0")
    prepare(url)

    assert jobs(url) == []
    with psycopg.connect(url) as connection:
        comment = connection.execute("SELECT obj_description(to_regnamespace('wakeups'), 'pg_namespace')").fetchone()
    assert comment == ("procrastinate 99.0",)
    take_in(runtime, message(2))
    assert len(jobs(url)) == 1


def test_a_server_that_is_away_is_said_in_one_line() -> None:
    with pytest.raises(DatabaseUnusableError, match="does its server run"):
        prepare("postgresql://nobody@127.0.0.1:9/none")


def test_a_process_that_was_cut_off_holds_nobody_for_long(database: Database) -> None:
    def settings(work: Work) -> dict[str, str]:
        names = ("idle_in_transaction_session_timeout", "TimeZone")
        return {name: work.connection.execute(text(f"SHOW {name}")).scalar_one() for name in names}

    assert database.read(settings) == {"idle_in_transaction_session_timeout": "30s", "TimeZone": "UTC"}
