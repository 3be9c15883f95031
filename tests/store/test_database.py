from __future__ import annotations

import base64
import os
import signal
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, StatementError

from bot.store.columns import NaiveMomentError
from bot.store.database import Database
from bot.store.errors import DatabaseClosedError, UnitInsideUnitError, UnknownDatabaseError

if TYPE_CHECKING:
    from bot.store.encryption import Vault
    from bot.store.rows import Writing
    from bot.store.work import Work
    from tests.peers.postgresql import Cluster

ROOT = Path(__file__).parents[2]


def test_what_a_unit_raises_undoes_it(database: Database, now: datetime) -> None:
    def half(work: Work) -> None:
        work.newcomers.writing_from("telegram", "1", now=now)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        database.write(half)
    assert database.write(lambda work: work.newcomers.writing_from("telegram", "1", now=now)).is_new


def test_a_reader_cannot_write(database: Database, now: datetime) -> None:
    with pytest.raises(DBAPIError, match=r"readonly|read-only"):
        database.read(lambda work: work.newcomers.writing_from("telegram", "1", now=now))


def test_a_reader_sees_what_was_stored_and_not_what_is_being_written(database: Database, now: datetime) -> None:
    written, go_on = threading.Event(), threading.Event()

    def slow(work: Work) -> str:
        newcomer = work.newcomers.writing_from("telegram", "1", now=now).newcomer.id
        written.set()
        assert go_on.wait(30)
        return newcomer

    def count(work: Work) -> int:
        return work.connection.scalar(text("SELECT count(*) FROM newcomers"))

    with ThreadPoolExecutor(1) as threads:
        writing = threads.submit(database.write, slow)
        assert written.wait(30)
        assert database.read(count) == 0
        go_on.set()
        writing.result()
    assert database.read(count) == 1


@pytest.mark.parametrize("outer", ["read", "write"])
@pytest.mark.parametrize("inner", ["read", "write"])
def test_a_unit_inside_a_unit_is_refused(database: Database, outer: str, inner: str) -> None:
    with pytest.raises(UnitInsideUnitError, match="use the `work` you were given"):
        getattr(database, outer)(lambda _: getattr(database, inner)(lambda _: None))
    assert database.write(lambda _: "goes on") == "goes on"


def test_a_closed_database_says_so(url: str, vault: Vault) -> None:
    database = Database.open(url, vault)
    database.close()
    for run in (database.read, database.write):
        with pytest.raises(DatabaseClosedError):
            run(lambda _: None)


@pytest.mark.parametrize("wrong", ["sqlite://", "sqlite:///:memory:", "mysql://user:secret@host/db"])
def test_an_unknown_database_is_explained_without_its_password(wrong: str, vault: Vault) -> None:
    with pytest.raises(UnknownDatabaseError, match="sqlite:///") as caught:
        Database.open(wrong, vault)
    assert "secret" not in caught.value.url


def test_a_moment_without_a_zone_is_refused(database: Database, now: datetime) -> None:
    with pytest.raises(StatementError) as caught:
        database.write(lambda work: work.newcomers.writing_from("telegram", "1", now=now.replace(tzinfo=None)))
    assert isinstance(caught.value.orig, NaiveMomentError)


def test_a_moment_comes_back_in_utc_to_the_microsecond(database: Database, now: datetime) -> None:
    there = now.replace(microsecond=123456).astimezone(timezone(timedelta(hours=2)))
    row = database.write(lambda work: work.newcomers.writing_from("telegram", "1", now=there)).newcomer
    assert row.created_at == there
    assert row.created_at.utcoffset() == timedelta(0)


def test_many_threads_write_at_once_and_nothing_is_lost(database: Database, amina: Writing, now: datetime) -> None:
    def receive(number: int) -> None:
        database.write(
            lambda work: work.inbox.receive(
                amina.conversation.id, "telegram", f"p{number}", "text", {"text": str(number)}, now
            )
        )

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(receive, range(80)))
    rows = database.read(lambda work: work.inbox.unread(amina.conversation.id))
    assert [row.number for row in rows] == list(range(1, 81))
    assert {row.body["text"] for row in rows} == {str(number) for number in range(80)}


def test_two_units_that_collide_are_both_done(
    on_postgresql: bool, database: Database, amina: Writing, yonas: Writing, now: datetime
) -> None:
    """On PostgreSQL each locks what the other wants next; the server picks a victim and we do it again."""
    meet = threading.Barrier(2, timeout=30)

    def both(first: str, second: str) -> int:
        tries = 0

        def unit(work: Work) -> None:
            nonlocal tries
            tries += 1
            work.outbox.say(first, None, 0, {}, now)
            if tries == 1 and on_postgresql:
                meet.wait()
            work.outbox.say(second, None, 0, {}, now)

        database.write(unit)
        return tries

    here, there = amina.conversation.id, yonas.conversation.id
    with ThreadPoolExecutor(2) as threads:
        tries = [work.result() for work in (threads.submit(both, here, there), threads.submit(both, there, here))]
    counts = [database.read(lambda work, c=c: len(work.outbox.all_for(c))) for c in (here, there)]
    assert counts == [2, 2]
    assert sum(tries) == (3 if on_postgresql else 2)


STORES_UNTIL_KILLED = """
import sys
from datetime import UTC, datetime
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
database = Database.open(sys.argv[1], Vault(MasterKeys.from_base64(sys.argv[2])))
now = datetime.now(UTC)
amina = database.write(lambda work: work.newcomers.writing_from("telegram", "7001", now=now))
conversation = amina.conversation.id
for number in range(100_000):
    database.write(lambda work: work.inbox.receive(conversation, "telegram", str(number), "text", {}, now))
    print(number, flush=True)
"""


def test_a_killed_process_loses_nothing_it_said_it_had(url: str, database: Database, amina: Writing) -> None:
    key = base64.b64encode(b"1" * 32).decode()
    process = subprocess.Popen(
        [sys.executable, "-c", STORES_UNTIL_KILLED, url, key], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    said = [process.stdout.readline() for _ in range(50)]
    os.kill(process.pid, signal.SIGKILL)
    said += process.stdout.readlines()
    process.wait()
    said = [line for line in said if line.endswith("\n")]
    kept = {row.provider_id for row in database.read(lambda work: work.inbox.unread(amina.conversation.id))}
    assert {line.strip() for line in said} <= kept
    assert len(said) >= 50


def test_the_embedded_file_is_for_the_owner_alone(tmp_path: Path, vault: Vault, now: datetime) -> None:
    path = tmp_path / "database" / "wegwijs.sqlite"
    with Database.open(f"sqlite:///{path}", vault) as database:
        database.upgrade()
        database.write(lambda work: work.newcomers.writing_from("telegram", "1", now=now))
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
        assert len(list(path.parent.iterdir())) > 1


def test_the_embedded_file_keeps_what_it_acknowledged_through_a_power_cut(tmp_path: Path, vault: Vault) -> None:
    with Database.open(f"sqlite:///{tmp_path / 'd.sqlite'}", vault) as database:
        settings = {
            name: database.write(lambda work, name=name: work.connection.scalar(text(f"PRAGMA {name}")))
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


@pytest.mark.postgresql
def test_a_connection_that_the_server_ended_is_not_used_again(
    cluster: Cluster, migrated_template: str, vault: Vault
) -> None:
    def process(work: Work) -> int:
        return int(work.connection.scalar(text("SELECT pg_backend_pid()")))

    with cluster.database(template=migrated_template) as url, Database.open(url, vault) as database:
        first = database.read(process)
        assert database.write(process) == first  # it is kept
        with psycopg.connect(url) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
        assert database.write(process) != first
