from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from bot.store.database import Database
from bot.store.encryption import KeyMissingError, MasterKeys, Vault

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.rows import Writing

ONE = base64.b64encode(b"1" * 32).decode()
TWO = base64.b64encode(b"2" * 32).decode()


def test_a_rotation_moves_everybody_and_loses_nobody(
    database: Database, url: str, amina: Writing, yonas: Writing, now: datetime
) -> None:
    database.write(lambda work: work.inbox.receive(amina.conversation.id, "telegram", "a", "text", {"text": "hi"}, now))
    with Database.open(url, Vault(MasterKeys.from_base64(f"{TWO},{ONE}"))) as rotating:
        # Before, halfway and after the move a newcomer is found by the same address.
        for moved in (1, 1, 0):
            found = rotating.write(lambda work: work.newcomers.writing_from("telegram", "7001", now=now))
            assert (found.newcomer.id, found.is_new) == (amina.newcomer.id, False)
            assert rotating.write(lambda work: work.keys.rewrap(1)) == moved
    with Database.open(url, Vault(MasterKeys.from_base64(TWO))) as rotated:
        for writing, address in ((amina, "7001"), (yonas, "+31611111111")):
            channel = writing.conversation.channel
            found = rotated.write(lambda work, c=channel, a=address: work.newcomers.writing_from(c, a, now=now))
            assert found.newcomer == writing.newcomer
        (row,) = rotated.read(lambda work: work.inbox.unread(amina.conversation.id))
        assert row.body == {"text": "hi"}


def test_the_keys_of_another_database_are_refused_in_words(
    database: Database, url: str, amina: Writing, now: datetime
) -> None:
    with (
        Database.open(url, Vault(MasterKeys.from_base64(TWO))) as wrong,
        pytest.raises(KeyMissingError, match="another database's"),
    ):
        wrong.write(lambda work: work.inbox.receive(amina.conversation.id, "telegram", "a", "text", {}, now))
