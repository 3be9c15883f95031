"""
A backup: every row of one moment in a sealed file, and back.

In it, line by line: the tables; of each its rows and then how many there were and their digest; at the end how many
rows in all. It holds no master key: what is sealed in the rows stays sealed. docs/decisions/0016-backup.md says why.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tempfile
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy import select

from bot.store.dump import Shape, Tables, as_line, from_line
from bot.store.encryption import EncryptionError, WrappedKey
from bot.store.errors import StoreError
from bot.store.migrate import is_known, upgrade_within
from bot.store.sealed_file import BrokenBackupError, NewerBackupError, Reader, Writer
from bot.store.tables import data_keys
from bot.store.whole import NothingThereError, filled_anew, seen
from bot.store.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Connection

    from bot.store.dump import Row
    from bot.store.encryption import Vault
    from bot.store.sealed_file import BackupKeys

    Progress = Callable[[int, int, str], None]

_OFTEN = 500  # rows between two moves of a progress bar


class FileThereError(StoreError):
    """There is a file of this name already, and a backup never takes the place of another."""


class RestoredWrongError(StoreError):
    """What was restored is not what stands in the backup; nothing was changed."""

    def __init__(self, table: str) -> None:
        super().__init__()
        self.args = (f"{self.__doc__} (table {table})",)
        self.table = table


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a backup holds: when it was made, of which revision, and how many rows of each table."""

    created_at: datetime
    revision: str
    rows: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What came of restoring: who of the erased was left out, and how many data keys the master key does not open."""

    made: Made
    erased: int
    keys: int
    shut: int


# ---- making one


def write(url: str, path: Path, keys: BackupKeys, *, now: datetime, on_progress: Progress) -> tuple[Made, set[bytes]]:
    """
    Write every row as it is now to a new file; return what is in it, and the digests of who was erased.

    Others may go on writing meanwhile. The file gets its name when it is whole.

    Raises:
        FileThereError: the name is taken.
        NothingThereError: there is no database.

    """
    if path.exists():
        raise FileThereError
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with seen(url) as connection:
                made = _write_rows(file, connection, keys, now, on_progress)
                listed = _listed(connection)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # unlike a rename this never replaces what came meanwhile
        except FileExistsError:
            raise FileThereError from None
    finally:
        draft.unlink(missing_ok=True)
    return made, listed


def _write_rows(
    file: IO[bytes], connection: Connection, keys: BackupKeys, now: datetime, on_progress: Progress
) -> Made:
    tables = Tables(connection)
    revision = tables.revision or ""
    counts = {shape.name: tables.count(shape) for shape in tables.shapes}
    total, done = sum(counts.values()), 0
    head = {"created_at": now.isoformat(), "revision": revision}
    writer = Writer(file, keys.current, head)
    _say(writer, {"tables": [shape.as_value() for shape in tables.shapes], "rows": total})
    for shape in tables.shapes:
        digest = hashlib.sha256()
        before = done
        for row in tables.rows(shape):
            line = as_line(shape, row) + b"\n"
            digest.update(line)
            writer.write(line)
            done += 1
            if done % _OFTEN == 0:
                on_progress(done, total, "backing up")
        _say(writer, {"table": shape.name, "rows": done - before, "digest": digest.hexdigest()})
    _say(writer, {"rows": done})
    writer.finish()
    on_progress(done, total, "backing up")
    return Made(created_at=now, revision=revision, rows=counts)


def _say(writer: Writer, value: Mapping[str, Any]) -> None:
    writer.write(json.dumps(value).encode("ascii") + b"\n")


def _listed(connection: Connection) -> set[bytes]:
    """Return who is listed as erased; nobody in a database from before there was a list."""
    tables = Tables(connection)
    shapes = {shape.name: shape for shape in tables.shapes}
    return {row[0] for row in tables.rows(shapes["erased"])} if "erased" in shapes else set()


# ---- reading one


class _Lines:
    """The lines of a backup: its tables first, then each table's rows with their count and digest, then the end."""

    def __init__(self, reader: Reader) -> None:
        self._lines = reader.lines()
        self.revision = str(reader.head.get("revision"))
        self.created_at = datetime.fromisoformat(str(reader.head.get("created_at")))
        if not is_known(self.revision):
            raise NewerBackupError
        first = self._mark("tables")
        self.shapes = tuple(Shape.from_value(one) for one in first["tables"])
        self.total = int(first["rows"])
        self.digests: dict[str, str] = {}
        self.counts: dict[str, int] = {}

    def rows_of(self, shape: Shape) -> Iterator[Row]:
        """Yield the rows of the next table; raise `BrokenBackupError` when they are not those that were counted."""
        digest = hashlib.sha256()
        for rows, line in enumerate(self._lines):
            if line.startswith(b"{"):
                said = json.loads(line)
                if said != {"table": shape.name, "rows": rows, "digest": digest.hexdigest()}:
                    raise BrokenBackupError
                self.digests[shape.name], self.counts[shape.name] = said["digest"], rows
                return
            digest.update(line + b"\n")
            yield from_line(shape, line)
        raise BrokenBackupError

    def end(self) -> None:
        """Read to the end: only then is it sure that nothing was cut off."""
        if self._mark("rows")["rows"] != sum(self.counts.values()) or next(self._lines, None) is not None:
            raise BrokenBackupError

    def _mark(self, name: str) -> Mapping[str, Any]:
        said = json.loads(next(self._lines, b"{}"))
        if not isinstance(said, dict) or name not in said:
            raise BrokenBackupError
        return said


def restore(  # noqa: PLR0913  # all but the first three have a name at the call
    path: Path,
    keys: BackupKeys,
    url: str,
    *,
    vault: Vault,
    erased: Collection[bytes] = (),
    replace: bool = False,
    on_progress: Progress,
) -> Restored:
    """
    Put a backup's rows into an empty database, compare them with what the backup says, and bring the tables up to date.

    Nobody comes back who is in `erased`, in the backup's own list, or in the list of the database that is replaced.
    All of it happens, or nothing.

    Raises:
        NoBackupError, BrokenBackupError, OtherBackupKeyError, NewerBackupError: the file cannot be used.
        NotEmptyError, InUseError, DatabaseUnusableError: the database cannot be filled.
        RestoredWrongError: the database does not hold what the backup says.

    """
    with path.open("rb") as file:
        lines = _Lines(Reader(file, keys))
        listed = set(erased) | (_listed_at(url) if replace else set())
        with filled_anew(url, lines.revision, replace=replace) as connection:
            tables = Tables(connection)
            done = 0
            for shape in lines.shapes:
                done += tables.put(shape, _counted(lines, shape, done, on_progress))
            lines.end()
            _compare(tables, lines, on_progress)
            tables.count_on()
            upgrade_within(connection)
            work = Work(connection, vault)
            gone = _leave_out(work, listed)
            all_keys, shut = _shut(work)
    made = Made(created_at=lines.created_at, revision=lines.revision, rows=lines.counts)
    return Restored(made=made, erased=gone, keys=all_keys, shut=shut)


def check(path: Path, keys: BackupKeys, *, vault: Vault, erased: Collection[bytes], on_progress: Progress) -> Restored:
    """Restore a backup into a database that is thrown away; return what came of it, or raise what `restore` raises."""
    with tempfile.TemporaryDirectory(prefix="wegwijs-check-") as folder:
        url = f"sqlite:///{folder}/check.sqlite"
        return restore(path, keys, url, vault=vault, erased=erased, on_progress=on_progress)


def head_of(path: Path, keys: BackupKeys) -> tuple[datetime, str]:
    """Return when a backup was made and its revision, without reading its rows."""
    with path.open("rb") as file:
        lines = _Lines(Reader(file, keys))
        return lines.created_at, lines.revision


def _counted(lines: _Lines, shape: Shape, done: int, on_progress: Progress) -> Iterator[Row]:
    for row in lines.rows_of(shape):
        if (done := done + 1) % _OFTEN == 0:
            on_progress(done, lines.total, "restoring")
        yield row


def _compare(tables: Tables, lines: _Lines, on_progress: Progress) -> None:
    """Read what was written once more: every row, in the order and the words of the backup."""
    total, done = sum(lines.counts.values()), 0
    for shape in lines.shapes:
        digest = hashlib.sha256()
        for row in tables.rows(shape):
            digest.update(as_line(shape, row) + b"\n")
            if (done := done + 1) % _OFTEN == 0:
                on_progress(done, total, "comparing")
        if digest.hexdigest() != lines.digests[shape.name]:
            raise RestoredWrongError(shape.name)
    on_progress(done, total, "comparing")


def _listed_at(url: str) -> set[bytes]:
    """Return who is listed as erased in the database that is about to be replaced; nobody when there is none."""
    try:
        with seen(url) as connection:
            return _listed(connection)
    except NothingThereError:
        return set()


def _leave_out(work: Work, listed: Collection[bytes]) -> int:
    """List who was erased, and delete those of them who are in the backup; return how many."""
    work.erased.add(listed)
    back = work.erased.who_came_back()
    for newcomer_id in back:
        work.newcomers.finish_forgetting(newcomer_id)
    if back:
        work.counts.owe_a_scrub()
    return len(back)


def _shut(work: Work) -> tuple[int, int]:
    """Return how many data keys there are, and how many of them the present master key does not open."""
    rows = work.connection.execute(select(data_keys.c.id, data_keys.c.master_key_id, data_keys.c.wrapped)).all()
    shut = 0
    for row in rows:
        try:
            work.keys.vault.unwrap(WrappedKey(id=row.id, master_key_id=row.master_key_id, wrapped=row.wrapped))
        except EncryptionError:
            shut += 1
    return len(rows), shut
