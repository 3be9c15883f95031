"""
Who was erased: digests of ids, in the database and in a file beside it, so that no backup brings them back.

An id is a random number that stood in the person's own rows and nowhere else: once those are gone, its digest tells
nobody anything, and still it is known again in a backup of those rows. A person is listed by each of their
conversations too, for two newcomers of an old backup can have become one before they were erased.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.store.dialect import insert_or
from bot.store.errors import BadErasedListError
from bot.store.tables import conversations, erased, newcomers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sqlalchemy import Connection

_DIGEST_BYTES = 32


class Erased:
    """The list in the database; it only grows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(self, newcomer_id: str) -> None:
        """List the newcomer, with every conversation they still have."""
        theirs = select(conversations.c.id).where(conversations.c.newcomer_id == newcomer_id)
        self.add(digest(one) for one in (newcomer_id, *self._connection.scalars(theirs)))

    def add(self, digests: Iterable[bytes]) -> None:
        """List these; what is listed already stays so."""
        rows = [{"digest": one} for one in sorted(set(digests))]
        if rows:
            self._connection.execute(insert_or(self._connection, erased).on_conflict_do_nothing(), rows)

    def all(self) -> set[bytes]:
        """Return every digest."""
        return set(self._connection.scalars(select(erased.c.digest)))

    def who_came_back(self) -> list[str]:
        """Return the ids of newcomers who are listed and are here all the same."""
        listed = self.all()
        found = {id_: None for id_ in self._connection.scalars(select(newcomers.c.id)) if digest(id_) in listed}
        talks = self._connection.execute(select(conversations.c.id, conversations.c.newcomer_id))
        found |= {row.newcomer_id: None for row in talks if digest(row.id) in listed}
        return list(found)


def digest(id_: str) -> bytes:
    """Return what an id is listed by."""
    return hashlib.sha256(b"wegwijs erased:" + id_.encode()).digest()


# ---- the file, which must not lie where the database is lost


def read_list(path: Path) -> set[bytes]:
    """
    Return the digests in the file; none when there is no such file.

    Raises:
        BadErasedListError: something else stands in it.

    """
    found: set[bytes] = set()
    try:
        lines = path.read_text(encoding="ascii", errors="replace").split("\n")
    except FileNotFoundError:
        return found
    for number, line in enumerate(lines, start=1):
        if line.strip():
            found.add(_digest_in(line.strip(), path, number))
    return found


def _digest_in(line: str, path: Path, number: int) -> bytes:
    try:
        one = bytes.fromhex(line)
    except ValueError:
        raise BadErasedListError(path, number) from None
    if len(one) != _DIGEST_BYTES:
        raise BadErasedListError(path, number)
    return one


def add_to_list(path: Path, digests: set[bytes]) -> bool:
    """
    Add to the file what it has not yet, and make it when it is not there; return whether it was written.

    It is written anew beside itself and takes its own place, so it is never half there. What it had stays.
    """
    before = read_list(path)
    if digests <= before and path.exists():
        return False
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.writelines(f"{one.hex()}\n" for one in sorted(before | digests))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return True
