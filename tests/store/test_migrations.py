from __future__ import annotations

import base64
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateIndex, CreateTable

from bot.domain.turn import Attachment
from bot.store import migrate
from bot.store.columns import metadata
from bot.store.database import Database

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from bot.store.encryption import Vault
    from bot.store.rows import Writing
    from bot.store.work import Work

ROOT = Path(__file__).parents[2]


def engine_for(url: str) -> Engine:
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://"))


def test_the_migrations_make_the_tables_that_the_code_expects(url: str) -> None:
    engine = engine_for(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


# Comparing metadata does not see CHECKs and predicates, so on SQLite the words themselves are compared.
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_migrations_say_word_for_word_what_the_tables_say(url: str) -> None:
    engine = engine_for(url)
    expected = {str(CreateTable(table).compile(engine)) for table in metadata.tables.values()}
    indexes = [index for table in metadata.tables.values() for index in table.indexes]
    expected |= {str(CreateIndex(index).compile(engine)) for index in indexes}
    with engine.connect() as connection:
        found = connection.scalars(text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")).all()
    engine.dispose()
    assert {words(sql) for sql in found if "alembic_version" not in sql} == {words(sql) for sql in expected}


def words(sql: str) -> str:
    """A statement without its white space, and with the constraints of a table in a fixed order."""
    head, _, rest = re.sub(r"\s+", " ", sql).strip().partition("(")
    if not head.startswith("CREATE TABLE"):
        return f"{head}({rest}"
    parts = re.split(r", (?=CONSTRAINT|[a-z_]+ [A-Z])", rest.strip().removesuffix(")").strip())
    head = head.replace('"', "")  # SQLite quotes the name of a table that was remade
    return f"{head}({', '.join(sorted(parts))})"


# As the first version left them, with rows that point to each other.
FIRST_ROWS = """
INSERT INTO data_keys (id, master_key_id, wrapped, created_at) VALUES ('k', 'm', '', '2026-11-22 09:00:00');
INSERT INTO newcomers (id, data_key_id, created_at) VALUES ('n', 'k', '2026-11-22 09:00:00');
INSERT INTO addresses (id, newcomer_id, channel, digest, sealed) VALUES ('a', 'n', 'preview', '1', '');
INSERT INTO conversations (id, newcomer_id, channel, address_id, created_at, updated_at)
    VALUES ('c', 'n', 'preview', 'a', '2026-11-22 09:00:00', '2026-11-22 09:00:00');
INSERT INTO inbound (id, conversation_id, number, channel, provider_id, kind, received_at)
    VALUES ('i', 'c', 1, 'preview', 'p', 'text', '2026-11-22 09:00:00');
INSERT INTO outbox (id, conversation_id, number, cause_inbound_id, position, available_at, created_at)
    VALUES ('o', 'c', 1, 'i', 0, '2026-11-22 09:00:00', '2026-11-22 09:00:00')
"""


def test_an_upgrade_keeps_every_row_and_what_it_points_to(empty_url: str, vault: Vault) -> None:
    Database.open(empty_url, vault).close()  # which makes the folder
    engine = engine_for(empty_url)
    migrate.upgrade(engine, "0001")
    with engine.begin() as connection:
        for statement in FIRST_ROWS.split(";"):
            connection.execute(text(statement))
    engine.dispose()
    with Database.open(empty_url, vault) as database:
        database.upgrade()
        query = text(
            "SELECT o.status, o.bulk, i.number, c.id FROM outbox o"
            " JOIN inbound i ON i.id = o.cause_inbound_id JOIN conversations c ON c.id = i.conversation_id"
        )
        assert database.read(lambda work: work.connection.execute(query).all()) == [("queued", False, 1, "c")]
        with pytest.raises(IntegrityError):
            database.write(lambda work: work.connection.execute(text("DELETE FROM conversations")))


WRONG = [
    "INSERT INTO helped (id, question_id, helped) VALUES ('1', 'q', true)",
    "INSERT INTO newcomers (id, data_key_id, created_at) VALUES ('n', 'nobody', '2026-01-01 00:00:00')",
    "UPDATE newcomers SET status = 'odd'",
    "UPDATE conversations SET route = 'odd'",
    "UPDATE inbound SET status = 'odd'",
    "UPDATE outbox SET status = 'odd'",
    "UPDATE attachments SET status = 'odd'",
    "UPDATE cases SET state = 'odd'",
    "UPDATE cases SET priority = 'odd'",
]


@pytest.mark.parametrize("statement", WRONG)
def test_the_database_itself_refuses_what_is_wrong(
    database: Database, amina: Writing, now: datetime, statement: str
) -> None:
    def fill(work: Work) -> None:
        conversation = amina.conversation.id
        received = work.inbox.receive(conversation, "telegram", "p1", "text", {}, now)
        work.outbox.say(conversation, received.id, 0, {}, now)
        work.attachments.expect(conversation, received.id, 0, Attachment(reference="r"), status="wanted", now=now)
        work.cases.open(
            amina.newcomer.id,
            conversation,
            reason="asked",
            priority="normal",
            topic=None,
            question_id=None,
            language=None,
            summary=None,
            now=now,
        )

    database.write(fill)
    with pytest.raises(IntegrityError):
        database.write(lambda work: work.connection.execute(text(statement)))


UPGRADE = """
import sys
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
database = Database.open(sys.argv[1], Vault(MasterKeys.from_base64(sys.argv[2])))
database.upgrade()
database.close()
"""


def test_processes_that_start_together_upgrade_once(empty_url: str, vault: Vault) -> None:
    command = [sys.executable, "-c", UPGRADE, empty_url, base64.b64encode(b"1" * 32).decode()]
    processes = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")
    with Database.open(empty_url, vault) as database:
        database.upgrade()
        assert database.read(lambda work: work.conversations.with_unread(1)) == []


def test_threads_that_start_together_upgrade_once(empty_url: str, vault: Vault) -> None:
    databases = [Database.open(empty_url, vault) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda database: database.upgrade(), databases))
    for database in databases:
        database.close()


def test_a_migration_that_fails_leaves_nothing_behind(
    empty_url: str, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Operations.create_index

    def fails(self: Operations, name: str, *arguments: object, **options: object) -> None:
        if name == "ix_outbox_lanes":
            raise RuntimeError(name)
        real(self, name, *arguments, **options)

    with Database.open(empty_url, vault) as database:
        with monkeypatch.context() as patched:
            patched.setattr(Operations, "create_index", fails)
            with pytest.raises(RuntimeError):
                database.upgrade()
        names = database.read(lambda work: inspect(work.connection).get_table_names())
        assert names == []
        database.upgrade()


def test_there_is_one_line_of_migrations() -> None:
    folder = migrate.Path(migrate.__file__).parent / "migrations"
    assert len(ScriptDirectory(folder).get_heads()) == 1
