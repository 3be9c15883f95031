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


def hear(database: Database, writing: Writing, at: datetime) -> None:
    """They write in this conversation now."""
    heard = text("UPDATE conversations SET heard_at = :at WHERE id = :id")
    at = at if database.read(lambda work: work.connection.dialect.name) == "postgresql" else at.replace(tzinfo=None)
    database.write(lambda work: work.connection.execute(heard, {"at": at, "id": writing.conversation.id}))


def test_reminders_go_where_the_person_wants_else_where_they_last_wrote(
    database: Database, amina: Writing, yonas: Writing, now: datetime
) -> None:
    person, telegram, whatsapp = amina.newcomer.id, amina.conversation.id, yonas.conversation.id

    def reminders() -> str | None:
        return database.read(lambda work: work.newcomers.reminder_conversation(person))

    assert reminders() == telegram
    database.write(lambda work: work.merging.merge(yonas.newcomer.id, person, now))
    assert reminders() == whatsapp, "nobody wrote yet: the newest"
    hear(database, amina, now)
    assert reminders() == telegram
    hear(database, yonas, now + timedelta(hours=1))
    assert reminders() == whatsapp
    database.write(lambda work: work.newcomers.set_reminders_to(person, telegram))
    assert reminders() == telegram
    for channel, address, left in (("telegram", "7001", whatsapp), ("whatsapp", "+31611111111", None)):
        database.write(lambda work, c=channel, a=address: work.newcomers.set_reachable(c, a, reachable=False, now=now))
        assert reminders() == left
    assert database.read(lambda work: work.newcomers.ways_to(person)) == []
    database.write(lambda work: work.newcomers.set_reachable("telegram", "7001", reachable=True, now=now))
    assert reminders() == telegram


def test_since_when_an_address_is_blocked_is_kept(database: Database, amina: Writing, now: datetime) -> None:
    def set_reachable(address: str, at: datetime, *, reachable: bool) -> bool:
        return database.write(
            lambda work: work.newcomers.set_reachable("telegram", address, reachable=reachable, now=at)
        )

    def blocked_at() -> str | None:
        return database.read(
            lambda work: work.connection.scalar(text("SELECT CAST(blocked_at AS TEXT) FROM addresses"))
        )

    assert not set_reachable("nobody", now, reachable=False)
    assert set_reachable("7001", now, reachable=False)
    first = blocked_at()
    assert set_reachable("7001", now + timedelta(days=1), reachable=False)
    assert blocked_at() == first != None  # noqa: E711  # neither now nor gone
    assert set_reachable("7001", now, reachable=True)
    assert blocked_at() is None


def test_a_chat_that_moves_stays_the_same_conversation(database: Database, amina: Writing, now: datetime) -> None:
    def move(old: str, new: str) -> bool:
        return database.write(lambda work: work.newcomers.move_address("telegram", old, new))

    assert move("7001", "-1007001")
    assert not move("7001", "-1007001"), "told once more"
    there = database.write(lambda work: work.newcomers.writing_from("telegram", "-1007001", now=now))
    assert (there.conversation.id, there.is_new) == (amina.conversation.id, False)
    assert database.read(lambda work: work.newcomers.at("telegram", "7001")) is None
    database.write(lambda work: work.outbox.say(amina.conversation.id, None, 0, {}, now))
    (leased,) = database.write(lambda work: work.outbox.lease(now, 1, 60))
    assert leased.address == "-1007001"


def test_a_chat_does_not_move_over_somebody(database: Database, amina: Writing, now: datetime) -> None:
    other = database.write(lambda work: work.newcomers.writing_from("telegram", "7002", now=now))
    assert not database.write(lambda work: work.newcomers.move_address("telegram", "7001", "7002"))
    assert not database.write(lambda work: work.newcomers.move_address("telegram", "7001", "7001"))
    assert database.read(lambda work: work.newcomers.at("telegram", "7001")).newcomer == amina.newcomer
    assert database.read(lambda work: work.newcomers.at("telegram", "7002")).newcomer == other.newcomer


def test_a_chat_moves_once_however_often_it_is_told_at_once(database: Database, amina: Writing, now: datetime) -> None:
    def tell(number: int) -> bool:
        if number % 2:
            database.write(lambda work: work.newcomers.writing_from("telegram", "new", now=now))
            return False
        return database.write(lambda work: work.newcomers.move_address("telegram", "7001", "new"))

    with ThreadPoolExecutor(8) as threads:
        moved = list(threads.map(tell, range(16)))
    at_new = database.read(lambda work: work.newcomers.at("telegram", "new"))
    assert sum(moved) == (at_new.newcomer.id == amina.newcomer.id)
    assert sum(moved) <= 1


def test_a_profile_name_is_kept_sealed_and_only_after_a_yes(database: Database, amina: Writing, now: datetime) -> None:
    mine = amina.conversation.id

    def name(given: str | None) -> str | None:
        database.write(lambda work: work.newcomers.set_profile_name(mine, given))
        return database.read(lambda work: work.newcomers.profile_name(mine))

    def sealed() -> bytes | None:
        return database.read(lambda work: work.connection.scalar(text("SELECT name_sealed FROM addresses")))

    assert name("Amina") is None
    assert sealed() is None
    database.write(lambda work: work.newcomers.accept_notice(amina.newcomer.id, "2026-11", now))
    assert name(" Amina H. ") == "Amina H."
    first = sealed()
    assert b"Amina" not in bytes(first)
    assert name("Amina H.") == "Amina H."
    assert sealed() == first, "the same name is not written again"
    for nothing in (None, "", "  "):
        assert name(nothing) == "Amina H."
    assert name("أ" * 5000) == "أ" * 100
    database.write(lambda work: work.newcomers.set_profile_name("nowhere", "Amina"))
    assert database.read(lambda work: work.newcomers.profile_name("nowhere")) is None


def test_the_first_link_of_a_coach_stays(database: Database, amina: Writing) -> None:
    for code in ("c" * 80, "later"):
        database.write(lambda work, c=code: work.newcomers.enrol(amina.newcomer.id, c))
    code = database.read(lambda work: work.connection.scalar(text("SELECT enrolment_code FROM newcomers")))
    assert code == "c" * 64


def test_nobody_is_nobody(database: Database) -> None:
    assert database.read(lambda work: work.newcomers.get("nobody")) is None
    database.write(lambda work: work.newcomers.forget("nobody"))
    database.write(lambda work: work.newcomers.finish_forgetting("nobody"))


def test_the_language_on_file_is_found_by_the_conversation(database: Database, amina: Writing) -> None:
    def language(conversation_id: str) -> str | None:
        return database.read(lambda work: work.newcomers.language_in(conversation_id))

    database.write(lambda work: work.newcomers.set_language(amina.newcomer.id, "ti"))
    assert (language(amina.conversation.id), language("nobody's")) == ("ti", None)
