from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.database import Database
    from bot.store.rows import Writing


def test_a_first_message_makes_a_newcomer_and_a_conversation(database: Database, now: datetime) -> None:
    met = database.write(lambda work: work.newcomers.writing_from("telegram", "1", now=now, language="fa"))
    assert met.is_new
    assert (met.newcomer.status, met.newcomer.language, met.newcomer.consent_at) == ("active", "fa", None)
    assert met.newcomer.created_at == now
    assert met.conversation.newcomer_id == met.newcomer.id
    assert (met.conversation.channel, met.conversation.route) == ("telegram", "bot")
    assert (met.conversation.next_number, met.conversation.read_mark, met.conversation.said_count) == (
        1,
        0,
        0,
    )
    assert (met.conversation.state, met.conversation.state_version) == (None, 0)


def test_the_same_address_is_the_same_newcomer(database: Database, amina: Writing, now: datetime) -> None:
    later = now + timedelta(days=1)
    again = database.write(lambda work: work.newcomers.writing_from("telegram", "7001", now=later, language="nl"))
    assert not again.is_new
    assert again.newcomer == amina.newcomer  # a language someone chose is not overwritten by a guess
    assert again.conversation == amina.conversation


def test_the_same_number_on_another_channel_is_someone_else(database: Database, amina: Writing, now: datetime) -> None:
    other = database.write(lambda work: work.newcomers.writing_from("web", "7001", now=now))
    assert other.newcomer.id != amina.newcomer.id


def test_who_is_at_an_address_can_be_read_without_making_anybody(database: Database, amina: Writing) -> None:
    assert database.read(lambda work: work.newcomers.at("telegram", "7001")) == replace(amina, is_new=False)
    assert database.read(lambda work: work.newcomers.at("telegram", "7002")) is None


def test_eight_first_messages_at_once_make_one_newcomer(database: Database, now: datetime) -> None:
    with ThreadPoolExecutor(8) as threads:
        met = list(
            threads.map(
                lambda _: database.write(lambda work: work.newcomers.writing_from("telegram", "1", now=now)),
                range(8),
            )
        )
    assert len({writing.newcomer.id for writing in met}) == 1
    assert sum(writing.is_new for writing in met) == 1
    assert database.read(lambda work: work.connection.scalar(text("SELECT count(*) FROM data_keys"))) == 1


def test_what_a_newcomer_chose_is_kept(database: Database, amina: Writing, now: datetime) -> None:
    def choose(work: object) -> None:
        work.newcomers.set_language(amina.newcomer.id, "tr")
        work.newcomers.set_second_language(amina.newcomer.id, "en")
        work.newcomers.accept_notice(amina.newcomer.id, "2026-11", now)

    database.write(choose)
    row = database.read(lambda work: work.newcomers.get(amina.newcomer.id))
    assert (row.language, row.second_language) == ("tr", "en")
    assert (row.consent_at, row.consent_version) == (now, "2026-11")


def test_stop_and_start_again(database: Database, amina: Writing) -> None:
    def status() -> str:
        return database.read(lambda work: work.newcomers.get(amina.newcomer.id)).status

    database.write(lambda work: work.newcomers.stop(amina.newcomer.id))
    assert status() == "stopped"
    database.write(lambda work: work.newcomers.restart(amina.newcomer.id))
    assert status() == "active"


def test_who_is_being_forgotten_stays_so(database: Database, amina: Writing) -> None:
    database.write(lambda work: work.newcomers.forget(amina.newcomer.id))
    for step in ("stop", "restart"):
        database.write(lambda work, step=step: getattr(work.newcomers, step)(amina.newcomer.id))
        row = database.read(lambda work: work.newcomers.get(amina.newcomer.id))
        assert row.status == "erasing"


def test_nobody_is_nobody(database: Database) -> None:
    assert database.read(lambda work: work.newcomers.get("nobody")) is None
    database.write(lambda work: work.newcomers.forget("nobody"))
    database.write(lambda work: work.newcomers.finish_forgetting("nobody"))
