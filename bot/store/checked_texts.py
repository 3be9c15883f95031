"""Texts in a language that somebody who speaks it has read, as they were then: another wording is not read any more."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from bot.store.dialect import insert_or
from bot.store.ids import new_id
from bot.store.rows import CheckedRow
from bot.store.tables import checked_texts

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


def digest_of(words: tuple[str, ...]) -> bytes:
    """Return what these words are known by: any other words have another."""
    counted = "".join(f"{len(word)}:{word}" for word in words)
    return hashlib.blake2b(counted.encode(), digest_size=16).digest()


class CheckedTexts:
    """Who has read which text. Nothing personal of newcomers stands here."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[CheckedRow]:
        """Return every text that was read, as it was."""
        rows = self._connection.execute(select(checked_texts)).all()
        return [
            CheckedRow(name=row.name, language=row.language, digest=row.digest, user_id=row.user_id, at=row.at)
            for row in rows
        ]

    def sign(self, name: str, language: str, digest: bytes, *, user_id: str, now: datetime) -> None:
        """Write down that somebody read these words; an earlier reading of the same text is replaced."""
        read = {"digest": digest, "user_id": user_id, "at": now}
        self._connection.execute(
            insert_or(self._connection, checked_texts)
            .values(id=new_id(), name=name, language=language, **read)
            .on_conflict_do_update(index_elements=["name", "language"], set_=read)
        )

    def withdraw(self, name: str, language: str) -> None:
        """Take a reading back."""
        self._connection.execute(
            delete(checked_texts).where(checked_texts.c.name == name, checked_texts.c.language == language)
        )
