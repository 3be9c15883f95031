from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot.store import links
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
from bot.store.links import MOST_TRIES, TRIES_WITHIN, VALID_FOR, Refused

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.rows import Writing
    from bot.store.work import Work

OTHER = base64.b64encode(b"2" * 32).decode()


@pytest.fixture
def asker(database: Database, amina: Writing, now: datetime) -> str:
    """Amina accepted the notice: she may ask for a code."""
    database.write(lambda work: work.newcomers.accept_notice(amina.newcomer.id, "2026-11", now))
    return amina.newcomer.id


def ask(database: Database, newcomer: str, now: datetime) -> str:
    return database.write(lambda work: work.links.ask(newcomer, now))


def take(database: Database, writing: Writing, code: str, now: datetime) -> str | Refused:
    return database.write(lambda work: work.links.take(code, writing.conversation.id, now))


def wrong_ones(code: str) -> list[str]:
    return [f"{(int(code) + step) % 10**8:08d}" for step in range(1, 20)]


def test_a_code_is_eight_digits_and_leads_to_who_asked(
    database: Database, asker: str, yonas: Writing, now: datetime
) -> None:
    code = ask(database, asker, now)
    assert len(code) == 8
    assert code.isascii()
    assert code.isdigit()
    assert take(database, yonas, code, now) == asker


def test_a_code_works_once(database: Database, asker: str, yonas: Writing, now: datetime) -> None:
    code = ask(database, asker, now)
    take(database, yonas, code, now)
    assert take(database, yonas, code, now) is Refused.WRONG


def test_a_code_works_for_a_quarter_of_an_hour(database: Database, asker: str, yonas: Writing, now: datetime) -> None:
    code = ask(database, asker, now)
    assert take(database, yonas, code, now + VALID_FOR - timedelta(seconds=1)) == asker
    code = ask(database, asker, now)
    assert take(database, yonas, code, now + VALID_FOR) is Refused.WRONG


def test_asking_again_voids_the_earlier_code(database: Database, asker: str, yonas: Writing, now: datetime) -> None:
    first, second = ask(database, asker, now), ask(database, asker, now)
    assert take(database, yonas, first, now) is Refused.WRONG
    assert take(database, yonas, second, now) == asker


def test_a_code_that_somebody_else_has_now_is_not_given_out(
    database: Database, asker: str, yonas: Writing, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter([7, 7, 8])
    monkeypatch.setattr(links.secrets, "randbelow", lambda _below: next(numbers))
    assert ask(database, yonas.newcomer.id, now) == "00000007"
    assert ask(database, asker, now) == "00000008"


def test_nothing_that_is_stored_shows_the_code(database: Database, asker: str, now: datetime) -> None:
    code = ask(database, asker, now)

    def rows(work: Work) -> str:
        return repr(work.connection.execute(text("SELECT * FROM link_codes")).all())

    assert code not in database.read(rows)
    digest = database.read(lambda work: bytes(work.connection.scalar(text("SELECT digest FROM link_codes"))))
    assert digest == Vault(database.vault._master).code_digests(code)[0]
    assert digest != Vault(MasterKeys.from_base64(OTHER)).code_digests(code)[0], "it cannot be tried without the key"


def test_a_code_outlives_a_new_master_key(
    url: str, database: Database, asker: str, yonas: Writing, now: datetime
) -> None:
    code = ask(database, asker, now)
    both = Vault(MasterKeys.from_base64(f"{OTHER},{base64.b64encode(b'1' * 32).decode()}"))
    with Database.open(url, both) as later:
        assert take(later, yonas, code, now) == asker


def test_after_five_wrong_codes_in_an_hour_not_even_the_right_one_counts(
    database: Database, asker: str, yonas: Writing, now: datetime
) -> None:
    code = ask(database, asker, now)
    tried = [take(database, yonas, wrong, now) for wrong in wrong_ones(code)[:MOST_TRIES]]
    assert tried == [Refused.WRONG] * MOST_TRIES
    assert take(database, yonas, code, now) is Refused.TOO_MANY
    last = now + TRIES_WITHIN - timedelta(seconds=1)
    code = ask(database, asker, last)
    assert take(database, yonas, code, last) is Refused.TOO_MANY
    assert take(database, yonas, code, now + TRIES_WITHIN) == asker


def test_tries_are_counted_in_any_hour_not_by_the_clock(
    database: Database, asker: str, yonas: Writing, now: datetime
) -> None:
    code = ask(database, asker, now)
    guesses = iter(wrong_ones(code))
    moments = [now, *(now + timedelta(minutes=59, seconds=second) for second in range(4))]
    for moment in moments:
        assert take(database, yonas, next(guesses), moment) is Refused.WRONG
    # The first one is an hour ago, the other four are not: there is room for one.
    later = now + TRIES_WITHIN + timedelta(seconds=1)
    assert take(database, yonas, next(guesses), later) is Refused.WRONG
    assert take(database, yonas, next(guesses), later) is Refused.TOO_MANY


def test_one_conversation_that_guesses_does_not_shut_out_another(
    database: Database, asker: str, yonas: Writing, now: datetime
) -> None:
    code = ask(database, asker, now)
    guesser = database.write(lambda work: work.newcomers.writing_from("telegram", "6666", now=now))
    for wrong in wrong_ones(code)[: MOST_TRIES + 1]:
        take(database, guesser, wrong, now)
    assert take(database, yonas, code, now) == asker


@pytest.mark.parametrize("odd", ["", "1", "x" * 5000, "12 34", "٠٠٠٠٠٠٠٧", "'; DROP TABLE link_codes"])
def test_what_is_no_code_is_a_wrong_one(
    database: Database, asker: str, yonas: Writing, now: datetime, odd: str
) -> None:
    ask(database, asker, now)
    assert take(database, yonas, odd, now) is Refused.WRONG


def test_a_code_entered_where_it_was_asked_for_joins_nothing_and_is_kept(
    database: Database, asker: str, amina: Writing, yonas: Writing, now: datetime
) -> None:
    code = ask(database, asker, now)
    assert take(database, amina, code, now) is Refused.WRONG
    assert take(database, yonas, code, now) == asker


def test_who_is_one_person_already_is_told_so(
    database: Database, asker: str, amina: Writing, yonas: Writing, now: datetime
) -> None:
    database.write(lambda work: work.merging.merge(yonas.newcomer.id, asker, now))
    code = ask(database, asker, now)
    assert take(database, yonas, code, now) == asker
    assert take(database, amina, code, now) is Refused.WRONG, "it is used up"


def test_without_a_yes_to_the_notice_a_code_joins_nobody(
    database: Database, amina: Writing, yonas: Writing, now: datetime
) -> None:
    code = ask(database, amina.newcomer.id, now)
    assert take(database, yonas, code, now) is Refused.WRONG


def test_stop_voids_a_code(database: Database, asker: str, yonas: Writing, now: datetime) -> None:
    code = ask(database, asker, now)
    database.write(lambda work: work.newcomers.stop(asker))
    database.write(lambda work: work.newcomers.restart(asker))
    assert take(database, yonas, code, now) is Refused.WRONG


def test_who_is_being_forgotten_joins_nobody(
    database: Database, asker: str, amina: Writing, yonas: Writing, now: datetime
) -> None:
    code = ask(database, asker, now)
    database.write(lambda work: work.newcomers.forget(yonas.newcomer.id))
    assert take(database, yonas, code, now) is Refused.WRONG
    code = ask(database, asker, now)
    database.write(lambda work: work.newcomers.forget(asker))
    other = database.write(lambda work: work.newcomers.writing_from("telegram", "7002", now=now))
    assert take(database, other, code, now) is Refused.WRONG


def test_a_code_goes_to_one_of_many_who_enter_it_at_once(database: Database, asker: str, now: datetime) -> None:
    code = ask(database, asker, now)
    others = [
        database.write(lambda work, n=n: work.newcomers.writing_from("whatsapp", f"+316000000{n}", now=now))
        for n in range(6)
    ]

    def enter(writing: Writing) -> bool:
        def unit(work: Work) -> bool:
            work.conversations.locked(writing.conversation.id)
            taken = work.links.take(code, writing.conversation.id, now)
            return taken == asker and work.merging.merge(writing.newcomer.id, asker, now)

        return database.write(unit)

    with ThreadPoolExecutor(6) as threads:
        joined = list(threads.map(enter, others))
    assert sum(joined) == 1
    assert len(database.read(lambda work: work.conversations.of(asker))) == 2


def test_what_no_longer_counts_is_deleted(database: Database, asker: str, yonas: Writing, now: datetime) -> None:
    code = ask(database, asker, now)
    take(database, yonas, wrong_ones(code)[0], now)
    assert database.write(lambda work: work.links.drop_expired(now)) == 0
    assert database.write(lambda work: work.links.drop_expired(now + TRIES_WITHIN)) == 1

    def left(work: Work) -> int:
        return work.connection.scalar(
            text("SELECT (SELECT count(*) FROM link_codes) + (SELECT count(*) FROM link_tries)")
        )

    assert database.read(left) == 0
