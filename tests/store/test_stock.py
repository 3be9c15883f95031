"""How much waits, in one look: on both databases."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import event, text

from bot.store.database import Database
from bot.store.stock import Pile, StockRow
from tests.store.test_indexes import FILL

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.encryption import Vault
    from bot.store.rows import LeasedRow, Writing
    from bot.store.work import Work


def taken(database: Database, now: datetime) -> StockRow:
    return database.read(lambda work: work.stock.taken(now))


def say(database: Database, who: Writing, at: datetime) -> str:
    return database.write(lambda work: work.outbox.say(who.conversation.id, None, 0, {"text": "x"}, at)).id


def lease(database: Database, now: datetime) -> list[LeasedRow]:
    return database.write(lambda work: work.outbox.lease(now, 10, 60))


def test_where_nothing_waits_everything_is_nought(database: Database, now: datetime) -> None:
    found = taken(database, now)

    assert found == StockRow(outbox={"queued": 0, "leased": 0, "waiting": 0, "uncertain": 0})
    assert found.unread.seconds(now) == 0


def test_a_conversation_counts_once_and_is_as_old_as_its_oldest_message(
    database: Database, amina: Writing, yonas: Writing, now: datetime
) -> None:
    for who, at in ((amina, 3), (amina, 1), (yonas, 2)):
        moment = now - timedelta(minutes=at)
        database.write(
            lambda work, who=who, at=at, moment=moment: work.inbox.receive(
                who.conversation.id, who.conversation.channel, str(at), "text", {}, moment
            )
        )

    assert taken(database, now).unread == Pile(count=2, since=now - timedelta(minutes=3))
    assert taken(database, now).unread.seconds(now) == 180
    assert taken(database, now - timedelta(hours=1)).unread.seconds(now - timedelta(hours=1)) == 0


def test_what_goes_out_is_told_by_how_far_it_is(
    database: Database, amina: Writing, yonas: Writing, now: datetime
) -> None:
    for who in (amina, yonas):
        say(database, who, now - timedelta(minutes=2))
    assert taken(database, now).due == Pile(count=2, since=now - timedelta(minutes=2))

    first, second = lease(database, now)
    assert taken(database, now).outbox == {"queued": 0, "leased": 2, "waiting": 0, "uncertain": 0}

    database.write(lambda work: work.outbox.failed(first.id, first.lease_token, "503", now + timedelta(minutes=5)))
    database.write(lambda work: work.outbox.uncertain(second.id, second.lease_token, "timed_out", now))
    found = taken(database, now)
    assert (found.outbox["queued"], found.outbox["uncertain"], found.lanes_in_back_off) == (1, 1, 1)
    assert found.due == Pile()
    assert taken(database, now + timedelta(minutes=6)).lanes_in_back_off == 0  # it may go now

    again, *_ = lease(database, now + timedelta(minutes=6))
    database.write(lambda work: work.outbox.failed(again.id, again.lease_token, "refused", None))
    assert taken(database, now).failed == 1
    assert taken(database, now + timedelta(days=2)).failed == 0


def test_an_account_that_rests_says_for_how_long(database: Database, now: datetime) -> None:
    database.write(lambda work: work.budgets.pause("telegram", now + timedelta(seconds=40), now=now))

    assert taken(database, now).paused == {"telegram": 40}
    assert taken(database, now + timedelta(minutes=1)).paused == {"telegram": 0}


def test_who_leaves_is_counted_until_they_are_gone(database: Database, amina: Writing, now: datetime) -> None:
    database.write(lambda work: work.newcomers.forget(amina.newcomer.id))
    assert taken(database, now).erasures == 1

    database.write(lambda work: work.newcomers.finish_forgetting(amina.newcomer.id))
    assert taken(database, now).erasures == 0


def test_the_tables_are_those_of_this_code(database: Database) -> None:
    found = database.schema()

    assert found.fits
    assert found.at == found.newest


def test_a_database_without_tables_says_so(empty_url: str, vault: Vault) -> None:
    with Database.open(empty_url, vault) as empty:
        assert empty.schema().at is None
        assert not empty.schema().fits


def test_a_sound_database_has_no_damage_and_says_its_version(database: Database, *, on_postgresql: bool) -> None:
    assert database.damage() == database.damage(thorough=True) == []
    assert database.version().startswith("PostgreSQL 1" if on_postgresql else "SQLite 3.")


def test_nothing_large_is_read_from_end_to_end(
    database: Database, amina: Writing, now: datetime, *, on_postgresql: bool
) -> None:
    """In the third year it costs what it cost in the first: thousands are done, and few wait."""

    def fill(work: Work) -> None:
        for statement in FILL.split(";"):
            values = {"conversation": amina.conversation.id, "now": (now - timedelta(days=9)).replace(tzinfo=None)}
            work.connection.execute(text(statement), values)

    database.write(fill)

    def plans(work: Work) -> str:
        asked: list[tuple[str, object]] = []

        def listen(_c: object, _cursor: object, statement: str, values: object, *_: object) -> None:
            asked.append((statement, values))

        event.listen(work.connection, "before_cursor_execute", listen)
        work.stock.taken(now)
        event.remove(work.connection, "before_cursor_execute", listen)
        explain = "EXPLAIN " if on_postgresql else "EXPLAIN QUERY PLAN "
        rows = [row for one, values in asked for row in work.connection.exec_driver_sql(explain + one, values).all()]
        return "\n".join(str(row[-1]) for row in rows)

    found = database.read(plans)
    large = r"inbound|outbox|attachments|reminders|newcomers|cases"
    whole = rf"Seq Scan on ({large})\b" if on_postgresql else rf"^SCAN ({large})$"

    assert re.findall(rf"\b({large})\b", found)
    assert re.findall(whole, found, re.MULTILINE) == []
