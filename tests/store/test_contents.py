"""What a messenger's provider keeps for us, remembered by our own name for it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.database import Database

BUTTONS = ("AC1", "buttons_1", "nl")


def test_a_content_is_found_by_account_name_and_language(database: Database, now: datetime) -> None:
    database.write(lambda work: work.contents.keep(*BUTTONS, sid="HX1", status="made", now=now))

    found = database.read(lambda work: work.contents.find(*BUTTONS))
    others = [("AC2", "buttons_1", "nl"), ("AC1", "buttons_2", "nl"), ("AC1", "buttons_1", "ar")]

    assert found is not None
    assert (found.sid, found.status, found.checked_at) == ("HX1", "made", now)
    assert [database.read(lambda work, of=other: work.contents.find(*of)) for other in others] == [None, None, None]


def test_what_is_known_later_replaces_what_was_known(database: Database, now: datetime) -> None:
    later = now + timedelta(hours=1)
    for sid, at in (("HX1", now), ("HX2", later)):
        database.write(lambda work, s=sid, a=at: work.contents.keep(*BUTTONS, sid=s, status="made", now=a))

    rows = database.read(lambda work: work.contents.all_for("AC1"))

    assert [(row.sid, row.checked_at) for row in rows] == [("HX2", later)]


def test_a_content_that_is_gone_is_forgotten(database: Database, now: datetime) -> None:
    database.write(lambda work: work.contents.keep(*BUTTONS, sid="HX1", status="made", now=now))
    database.write(lambda work: work.contents.forget(*BUTTONS))

    assert database.read(lambda work: work.contents.find(*BUTTONS)) is None
