from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.store.checked_texts import digest_of

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.database import Database


def test_a_later_reading_replaces_the_earlier_and_can_be_withdrawn(database: Database, now: datetime) -> None:
    def user(name: str) -> str:
        return database.write(lambda work: work.users.add(name, roles=["volunteer"], teams=["x"], now=now)).id

    huda, noor = user("Huda"), user("Noor")
    first, second = digest_of(("een",)), digest_of(("twee",))
    later = now + timedelta(days=1)
    database.write(lambda work: work.checked_texts.sign("utter_reply_x", "ar", first, user_id=huda, now=now))
    database.write(lambda work: work.checked_texts.sign("utter_reply_x", "ti", first, user_id=huda, now=now))
    database.write(lambda work: work.checked_texts.sign("utter_reply_x", "ar", second, user_id=noor, now=later))
    rows = {row.language: row for row in database.read(lambda work: work.checked_texts.all())}
    assert (rows["ar"].user_id, rows["ar"].digest, rows["ar"].at) == (noor, second, later)
    assert (rows["ti"].user_id, rows["ti"].digest) == (huda, first)
    database.write(lambda work: work.checked_texts.withdraw("utter_reply_x", "ti"))
    assert [row.language for row in database.read(lambda work: work.checked_texts.all())] == ["ar"]


def test_where_one_text_ends_and_the_next_begins_counts() -> None:
    assert digest_of(("een", "twee")) != digest_of(("een twee",))
    assert digest_of(("een", "twee")) != digest_of(("eent", "wee"))
