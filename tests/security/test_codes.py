"""Somebody tries code after code, and is somebody else each time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.store.database import Database
from bot.store.links import MOST_TRIES, MOST_TRIES_IN_ALL, TRIES_WITHIN, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bot.store.encryption import Vault
    from bot.store.rows import EnrolCodeRow, Writing
    from bot.store.work import Work

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path, vault: Vault) -> Iterator[Database]:
    with Database.open(f"sqlite:///{tmp_path / 'codes.sqlite'}", vault) as opened:
        opened.upgrade()
        yield opened


def somebody(database: Database, channel: str, number: int) -> Writing:
    return database.write(lambda work: work.newcomers.writing_from(channel, f"{channel} {number}", now=NOW))


def joins(work: Work, code: str, conversation_id: str) -> str | Refused:
    return work.links.take(code, conversation_id, NOW)


def enrols(work: Work, code: str, conversation_id: str) -> EnrolCodeRow | Refused:
    return work.enrol_codes.take(code, conversation_id, NOW)


def guessed(database: Database, take: Callable[[Work, str, str], object], wrong: str) -> set[str]:
    """Enter wrong codes from one new conversation after another, five from each; return how the last ones went."""
    answers: list[object] = []
    for number in range(MOST_TRIES_IN_ALL // MOST_TRIES + 2):
        writing = somebody(database, "webchat", number)
        here = writing.conversation.id
        answers += [
            database.write(lambda work, here=here: take(work, wrong, here))  # type: ignore[misc]  # bound at once
            for _ in range(MOST_TRIES)
        ]
    return {str(answer) for answer in answers[MOST_TRIES_IN_ALL:]}


def test_a_new_conversation_for_every_five_tries_does_not_help(database: Database) -> None:
    amina = somebody(database, "telegram", 1)
    database.write(lambda work: work.newcomers.accept_notice(amina.newcomer.id, "2026-11", NOW))
    code = database.write(lambda work: work.links.ask(amina.newcomer.id, NOW))
    wrong = f"{(int(code) + 1) % 10**8:08d}"

    assert guessed(database, joins, wrong) == {Refused.TOO_MANY}
    thief = somebody(database, "webchat", 9999)
    assert database.write(lambda work: joins(work, code, thief.conversation.id)) is Refused.TOO_MANY


def test_nor_does_it_for_the_codes_of_a_coach(database: Database) -> None:
    code = database.write(
        lambda work: work.enrol_codes.make(template="year", coach_id=None, team=None, started=None, now=NOW)
    )
    wrong = f"T{(int(code[1:]) + 1) % 10**8:08d}"

    assert guessed(database, enrols, wrong) == {Refused.TOO_MANY}
    thief = somebody(database, "webchat", 9999)
    assert database.write(lambda work: enrols(work, code, thief.conversation.id)) is Refused.TOO_MANY


def test_who_has_themselves_forgotten_after_five_tries_begins_no_new_count(database: Database) -> None:
    for number in range(MOST_TRIES_IN_ALL // MOST_TRIES):
        writing = somebody(database, "webchat", number)
        for _ in range(MOST_TRIES):
            database.write(lambda work: joins(work, "00000000", writing.conversation.id))  # noqa: B023
        database.write(lambda work: work.newcomers.forget(writing.newcomer.id))  # noqa: B023
        database.write(lambda work: work.newcomers.finish_forgetting(writing.newcomer.id))  # noqa: B023
    anew = somebody(database, "webchat", 9999)
    assert database.write(lambda work: joins(work, "00000000", anew.conversation.id)) is Refused.TOO_MANY


def test_guessing_in_one_messenger_shuts_out_nobody_in_another(database: Database) -> None:
    amina = somebody(database, "telegram", 1)
    database.write(lambda work: work.newcomers.accept_notice(amina.newcomer.id, "2026-11", NOW))
    guessed(database, joins, "00000000")
    code = database.write(lambda work: work.links.ask(amina.newcomer.id, NOW))
    there = somebody(database, "whatsapp", 1)
    assert database.write(lambda work: joins(work, code, there.conversation.id)) == amina.newcomer.id


def test_after_an_hour_codes_count_again(database: Database) -> None:
    amina = somebody(database, "telegram", 1)
    database.write(lambda work: work.newcomers.accept_notice(amina.newcomer.id, "2026-11", NOW))
    guessed(database, joins, "00000000")
    later = NOW + TRIES_WITHIN + timedelta(seconds=1)
    code = database.write(lambda work: work.links.ask(amina.newcomer.id, later))
    there = somebody(database, "webchat", 9999)
    assert database.write(lambda work: work.links.take(code, there.conversation.id, later)) == amina.newcomer.id
