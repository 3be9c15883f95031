"""A backup holds every row of one moment, is refused when a bit of it is wrong, and brings nobody erased back."""

from __future__ import annotations

import base64
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot.store import backup, migrate, sealed_file
from bot.store.columns import metadata
from bot.store.database import Database
from bot.store.encryption import KeyMissingError, MasterKeys, Vault
from bot.store.errors import DatabaseUnusableError
from bot.store.sealed_file import BackupKeys
from bot.store.whole import InUseError, NotEmptyError, NothingThereError
from tests.store.filled import ROWS, engine_for, everything, fill

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.store.rows import Writing
    from bot.store.work import Work

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
KEY = base64.b64encode(b"b" * 32).decode()
STATE = bytes(range(256)) * 400
OTHER = base64.b64encode(b"c" * 32).decode()


def quiet(done: int, total: int, what: str) -> None:
    assert 0 <= done <= total, what


@dataclass(frozen=True, kw_only=True)
class Safe:
    """Where backups go in a story."""

    path: Path
    vault: Vault
    keys: BackupKeys

    def make(self, url: str, name: str = "one.backup") -> Path:
        path = self.path / name
        backup.write(url, path, self.keys, now=NOW, on_progress=quiet)
        return path

    def restore(self, path: Path, url: str, **choices: object) -> backup.Restored:
        given = {"vault": self.vault, "on_progress": quiet, **choices}
        return backup.restore(path, self.keys, url, **given)  # type: ignore[arg-type]  # as the story says


@dataclass(frozen=True, kw_only=True)
class Two:
    """The two who are there."""

    amina: Writing
    yonas: Writing


@pytest.fixture
def two(amina: Writing, yonas: Writing) -> Two:
    return Two(amina=amina, yonas=yonas)


@pytest.fixture
def safe(tmp_path: Path, vault: Vault) -> Safe:
    return Safe(path=tmp_path, vault=vault, keys=BackupKeys.from_base64(KEY))


def test_every_row_of_every_table_comes_back_in_either_database(url: str, other_url: str, safe: Safe) -> None:
    fill(url)
    before = everything(url)
    restored = safe.restore(safe.make(url), other_url)

    assert everything(other_url) == before
    # A table that is new in the metadata is filled, carried and compared too, or this says so.
    assert restored.made.rows == {**dict.fromkeys(metadata.tables, ROWS), "cases": ROWS}
    assert {len(rows) for rows in before.values()} == {ROWS}
    assert (restored.keys, restored.shut) == (ROWS, ROWS)  # what stands there as a wrapped key is invented
    with Database.open(other_url, safe.vault) as database:
        database.upgrade()
        with pytest.raises(Exception, match=r"(?i)foreign key"):
            database.write(lambda work: work.connection.execute(text("DELETE FROM data_keys")))


def test_there_and_back_again_is_the_same(url: str, other_url: str, safe: Safe) -> None:
    fill(url)
    before = everything(url)
    safe.restore(safe.make(url), other_url)
    safe.restore(safe.make(other_url, "two.backup"), url, replace=True)

    assert everything(url) == before


def test_the_file_tells_nothing_without_its_key(url: str, safe: Safe, amina: Writing, database: Database) -> None:
    content = safe.make(url).read_bytes()

    assert content.startswith(b"wegwijs backup 1\n")
    for told in (amina.newcomer.id, amina.conversation.id, "telegram", "newcomers"):
        assert told.encode() not in content


# ---- while the assistant works


def test_a_backup_made_while_others_write_is_one_moment(
    url: str, other_url: str, database: Database, amina: Writing, safe: Safe
) -> None:
    written, stop = threading.Event(), threading.Event()

    def turn(work: Work, number: int) -> None:
        mine = amina.conversation.id
        received = work.inbox.receive(mine, "telegram", f"p{number}", "text", {"text": str(number)}, NOW)
        work.outbox.say(mine, received.id, 0, {"text": f"antwoord {number}"}, NOW)
        work.newcomers.writing_from("telegram", f"new {number}", now=NOW)

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            database.write(lambda work, number=number: turn(work, number))
            if number >= 20:
                written.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert written.wait(60)
        backups = [safe.make(url, f"{number}.backup") for number in range(3)]
    finally:
        stop.set()
        writer.join()

    seen = 0
    for path in backups:
        safe.restore(path, other_url, replace=True)
        rows = everything(other_url)
        column = {name: [one.name for one in metadata.tables[name].columns] for name in rows}
        received = sorted(row[column["inbound"].index("number")] for row in rows["inbound"])
        said = sorted(row[column["outbox"].index("number")] for row in rows["outbox"])
        (talk,) = (row for row in rows["conversations"] if row[0] == amina.conversation.id)
        count = len(received)
        assert received == said == list(range(1, count + 1))  # no gap, and every answer with its message
        assert talk[column["conversations"].index("next_number")] == count + 1
        assert talk[column["conversations"].index("said_count")] == count
        assert len(rows["newcomers"]) == len(rows["data_keys"]) == count + 1
        assert count >= seen >= 0
        seen = count
    assert seen >= 20


# ---- what is refused


def chunk(number: int) -> slice:
    return slice(number * (64 * 1024 + 16), (number + 1) * (64 * 1024 + 16))


def cut(body: bytes) -> bytes:
    return body[:-1]


def cut_at_a_chunk(body: bytes) -> bytes:
    return body[chunk(0)] + body[chunk(1)]


def flip_a_bit(body: bytes) -> bytes:
    return body[:1000] + bytes([body[1000] ^ 1]) + body[1001:]


def swap(body: bytes) -> bytes:
    return body[chunk(1)] + body[chunk(0)] + body[chunk(1).stop :]


def leave_one_out(body: bytes) -> bytes:
    return body[chunk(0)] + body[chunk(1).stop :]


def say_one_twice(body: bytes) -> bytes:
    return body[chunk(0)] + body


def add_something(body: bytes) -> bytes:
    return body + b"x"


def nothing_at_all(_body: bytes) -> bytes:
    return b""


DAMAGE = [cut, cut_at_a_chunk, flip_a_bit, swap, leave_one_out, say_one_twice, add_something, nothing_at_all]


@pytest.fixture
def large(migrated_file: Path, tmp_path: Path, safe: Safe) -> Path:
    """A backup of several chunks."""
    source = tmp_path / "large.sqlite"
    source.write_bytes(migrated_file.read_bytes())
    with Database.open(f"sqlite:///{source}", safe.vault) as database:
        for number in range(4):
            talk = database.write(
                lambda work, number=number: work.newcomers.writing_from("telegram", str(number), now=NOW)
            ).conversation
            database.write(lambda work, talk=talk: work.conversations.save_state(talk.id, STATE, version=1, now=NOW))
    return safe.make(f"sqlite:///{source}", "large.backup")


def head_and_body(path: Path) -> tuple[bytes, bytes]:
    what, head, body = path.read_bytes().split(b"\n", 2)
    return what + b"\n" + head + b"\n", body


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_backup_changes_nothing(
    damage: Callable[[bytes], bytes], large: Path, other_url: str, safe: Safe
) -> None:
    head, body = head_and_body(large)
    assert len(body) > chunk(2).stop
    large.write_bytes(head + damage(body))

    with pytest.raises(sealed_file.BrokenBackupError):
        safe.restore(large, other_url)
    assert nothing_is_there(other_url)
    with pytest.raises(sealed_file.BrokenBackupError):
        backup.check(large, safe.keys, vault=safe.vault, erased=(), on_progress=quiet)


def nothing_is_there(url: str) -> bool:
    if url.startswith("sqlite"):
        from pathlib import Path  # noqa: PLC0415

        folder = Path(url.removeprefix("sqlite:///")).parent
        return not folder.exists() or list(folder.iterdir()) == []
    engine = engine_for(url)
    with engine.connect() as connection:
        found = connection.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
    engine.dispose()
    return found == 0


def test_a_head_that_was_changed_is_refused(large: Path, other_url: str, safe: Safe) -> None:
    head, body = head_and_body(large)
    large.write_bytes(head.replace(b"2026-11-23", b"2026-11-24") + body)
    with pytest.raises(sealed_file.BrokenBackupError):
        safe.restore(large, other_url)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda head: b"", sealed_file.NoBackupError),
        (lambda head: b"PK\x03\x04" + head, sealed_file.NoBackupError),
        (lambda head: head.replace(b"backup 1", b"backup 2"), sealed_file.NewerBackupError),
        (lambda head: head.replace(b'"revision": "0', b'"revision": "9'), sealed_file.NewerBackupError),
        (lambda head: head.replace(b"{", b""), sealed_file.BrokenBackupError),
    ],
)
def test_what_is_no_backup_of_ours_says_why(
    change: Callable[[bytes], bytes], error: type[Exception], large: Path, other_url: str, safe: Safe
) -> None:
    head, body = head_and_body(large)
    large.write_bytes(change(head) + body)
    with pytest.raises(error):
        safe.restore(large, other_url)
    assert nothing_is_there(other_url)


def test_another_key_is_named_and_an_older_key_still_opens(large: Path, other_url: str, safe: Safe) -> None:
    with pytest.raises(sealed_file.OtherBackupKeyError, match=sealed_file.key_id(b"b" * 32)):
        backup.restore(large, BackupKeys.from_base64(OTHER), other_url, vault=safe.vault, on_progress=quiet)
    both = BackupKeys.from_base64(f"{OTHER},{KEY}")
    assert backup.restore(large, both, other_url, vault=safe.vault, on_progress=quiet).shut == 0


@pytest.mark.parametrize("wrong", ["", "x", KEY[:-4], f"{KEY},", base64.b64encode(b"b" * 31).decode()])
def test_what_is_no_key_says_how_to_get_one(wrong: str) -> None:
    with pytest.raises(sealed_file.BadBackupKeyError, match="--new-key"):
        BackupKeys.from_base64(wrong)
    assert len(BackupKeys.from_base64(sealed_file.new_key()).current) == 32


def test_a_database_with_rows_is_kept_unless_it_may_be_replaced(
    url: str, other_url: str, safe: Safe, yonas: Writing, database: Database
) -> None:
    with Database.open(other_url, safe.vault) as other:
        other.upgrade()
        other.write(lambda work: work.newcomers.writing_from("telegram", "somebody", now=NOW))
        path = safe.make(url)
        with pytest.raises(NotEmptyError):
            safe.restore(path, other_url)
        with pytest.raises(InUseError):
            safe.restore(path, other_url, replace=True)
        assert other.read(lambda work: work.newcomers.at("telegram", "somebody")) is not None

    safe.restore(path, other_url, replace=True)
    with Database.open(other_url, safe.vault) as other:
        assert other.read(lambda work: work.newcomers.at("telegram", "somebody")) is None
        found = other.read(lambda work: work.newcomers.at("whatsapp", "+31611111111"))
        assert found is not None
        assert found.newcomer.language == "ti"


def test_a_name_that_is_taken_and_a_database_that_is_not_there(url: str, safe: Safe, tmp_path: Path) -> None:
    path = safe.make(url)
    before = path.read_bytes()
    with pytest.raises(backup.FileThereError):
        safe.make(url)
    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(NothingThereError):
        safe.make(f"sqlite:///{tmp_path / 'nowhere.sqlite'}", "two.backup")
    (tmp_path / "words.sqlite").write_text("no database " * 1000)
    with pytest.raises(DatabaseUnusableError):
        safe.make(f"sqlite:///{tmp_path / 'words.sqlite'}", "two.backup")
    assert not list(tmp_path.glob("*two.backup*"))


# ---- other versions, other keys


def test_the_tables_of_an_older_version_are_restored_and_brought_up_to_date(
    empty_url: str, other_url: str, safe: Safe
) -> None:
    Database.open(empty_url, safe.vault).close()  # which makes the folder
    engine = engine_for(empty_url)
    migrate.upgrade(engine, "0001")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO counters (name, value) VALUES ('cases', 7)"))
        connection.execute(
            text(
                "INSERT INTO helped (id, question_id, language, helped, at)"
                " VALUES ('h', 'rent', NULL, true, '2026-11-22 09:00:00.000000')"
            )
        )
    engine.dispose()
    restored = safe.restore(safe.make(empty_url), other_url)

    assert restored.made.revision == "0001"
    assert "erased" not in restored.made.rows
    rows = everything(other_url)
    assert rows["helped"] == [("h", "rent", None, True, datetime(2026, 11, 22, 9, tzinfo=UTC))]
    assert rows["counters"] == [("cases", 7)]
    assert rows["erased"] == []


def test_a_master_key_that_does_not_fit_is_counted(
    url: str, other_url: str, safe: Safe, two: Two, database: Database
) -> None:
    path = safe.make(url)
    wrong = Vault(MasterKeys.from_base64(OTHER))
    restored = safe.restore(path, other_url, vault=wrong)

    assert (restored.keys, restored.shut) == (2, 2)
    with Database.open(other_url, wrong) as other, pytest.raises(KeyMissingError):
        other.read(lambda work: work.keys.of_newcomer(two.amina.newcomer.id))
    # The right one in its place, all is there.
    with Database.open(other_url, safe.vault) as other:
        assert other.read(lambda work: work.newcomers.at("telegram", "7001")) is not None


# ---- who was erased


def erase(work: Work, writing: Writing) -> None:
    work.newcomers.forget(writing.newcomer.id)
    work.newcomers.finish_forgetting(writing.newcomer.id)


def ids_of(url: str, table: str) -> set[str]:
    return {row[0] for row in everything(url)[table]}


def test_who_was_erased_since_does_not_come_back_over_the_same_database(
    url: str, safe: Safe, two: Two, database: Database
) -> None:
    path = safe.make(url)
    database.write(lambda work: erase(work, two.amina))
    database.close()
    restored = safe.restore(path, url, replace=True)

    assert restored.erased == 1
    assert ids_of(url, "newcomers") == {two.yonas.newcomer.id}
    assert ids_of(url, "conversations") == {two.yonas.conversation.id}
    assert len(ids_of(url, "data_keys")) == 1
    # And who was erased is still known in the next backup, which is put somewhere else.
    _, listed = backup.write(url, safe.path / "next.backup", safe.keys, now=NOW, on_progress=quiet)
    assert len(listed) == 2


def test_who_was_erased_since_does_not_come_back_when_the_database_is_lost(
    url: str, other_url: str, safe: Safe, two: Two, database: Database
) -> None:
    path = safe.make(url)
    database.write(lambda work: work.newcomers.forget(two.amina.newcomer.id))  # the goodbye is still on its way
    listed = database.read(lambda work: work.erased.all())
    restored = safe.restore(path, other_url, erased=listed)

    assert restored.erased == 1
    assert ids_of(other_url, "newcomers") == {two.yonas.newcomer.id}
    with Database.open(other_url, safe.vault) as other:
        assert other.read(lambda work: work.counts.scrubs_owed()) > 0
        assert other.read(lambda work: work.erased.all()) >= listed


def test_two_who_became_one_and_were_erased_do_not_come_back_as_two(
    url: str, other_url: str, safe: Safe, two: Two, database: Database
) -> None:
    path = safe.make(url)
    assert database.write(lambda work: work.merging.merge(two.yonas.newcomer.id, two.amina.newcomer.id, NOW))
    database.write(lambda work: erase(work, two.amina))
    restored = safe.restore(path, other_url, erased=database.read(lambda work: work.erased.all()))

    assert restored.erased == 2
    assert ids_of(other_url, "newcomers") == set()
    assert ids_of(other_url, "addresses") == set()


def test_who_writes_again_after_being_erased_is_somebody_new(
    url: str, other_url: str, safe: Safe, amina: Writing, database: Database
) -> None:
    database.write(lambda work: erase(work, amina))
    again = database.write(lambda work: work.newcomers.writing_from("telegram", "7001", now=NOW))
    restored = safe.restore(safe.make(url), other_url)

    assert restored.erased == 0
    assert ids_of(other_url, "newcomers") == {again.newcomer.id}


def test_trying_out_leaves_everything_as_it_is(url: str, safe: Safe, database: Database, amina: Writing) -> None:
    path = safe.make(url)
    before = everything(url)
    tried = backup.check(path, safe.keys, vault=safe.vault, erased=(), on_progress=quiet)

    assert (tried.made.rows["newcomers"], tried.shut) == (1, 0)
    assert everything(url) == before
