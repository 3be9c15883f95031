"""The bucket of an account, on a clock that everybody shares and that may be set back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.store.database import Database

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def taken(database: Database, wanted: int, at: datetime) -> int:
    return database.write(lambda work: work.budgets.take("telegram", wanted, per_second=4, burst=8, now=at))


def test_a_bucket_fills_with_time(database: Database, now: datetime) -> None:
    assert taken(database, 10, now) == 8
    assert taken(database, 10, now) == 0
    assert taken(database, 10, now + SECOND) == 4


def test_a_clock_that_is_a_moment_behind_takes_nothing_twice(database: Database, now: datetime) -> None:
    assert taken(database, 8, now) == 8
    assert taken(database, 8, now - SECOND) == 0
    assert taken(database, 8, now) == 0


def test_a_clock_that_was_set_back_does_not_stop_the_account_until_it_has_caught_up(
    database: Database, now: datetime
) -> None:
    assert taken(database, 8, now + HOUR) == 8
    assert taken(database, 8, now) == 0
    assert taken(database, 8, now + SECOND) == 4
