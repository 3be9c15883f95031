"""What opens an account besides a password counts once, on both databases, however many try at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import pytest

from bot import appoint
from bot.appoint import Appointed
from bot.handoff.case import Role

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.store.database import Database
    from bot.store.work import Work

T = TypeVar("T")
AT_ONCE = 12


@pytest.fixture
def nora(database: Database, now: datetime) -> str:
    return database.write(
        lambda work: work.users.add("Nora", roles=["volunteer"], teams=[], now=now, sign_in="nora").id
    )


def all_at_once(database: Database, act: Callable[[Work], T]) -> list[T]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda _: database.write(act), range(AT_ONCE)))


def test_a_half_minute_is_used_once_and_never_one_before_it(database: Database, nora: str) -> None:
    assert sorted(all_at_once(database, lambda work: work.sign_ins.use_step(nora, 100))) == [False] * 11 + [True]
    assert not database.write(lambda work: work.sign_ins.use_step(nora, 99))
    assert database.write(lambda work: work.sign_ins.use_step(nora, 101))


def test_a_recovery_code_is_used_once_and_only_by_its_owner(database: Database, nora: str, now: datetime) -> None:
    other = database.write(lambda work: work.users.add("Olaf", roles=[], teams=[], now=now).id)
    database.write(lambda work: work.sign_ins.keep_recovery_codes(nora, ["one", "two"]))
    assert not database.write(lambda work: work.sign_ins.use_recovery_code(other, "one", now))
    used = all_at_once(database, lambda work: work.sign_ins.use_recovery_code(nora, "one", now))

    assert sum(used) == 1
    assert database.read(lambda work: work.sign_ins.recovery_codes_left(nora)) == 1
    database.write(lambda work: work.sign_ins.keep_recovery_codes(nora, ["one"]))  # the same word, but a new code
    assert database.write(lambda work: work.sign_ins.use_recovery_code(nora, "one", now))
    assert not database.write(lambda work: work.sign_ins.use_recovery_code(nora, "two", now))


def test_an_invitation_is_used_once(database: Database, nora: str, now: datetime) -> None:
    database.write(lambda work: work.sign_ins.invite(nora, "link", now + timedelta(days=7)))
    used = all_at_once(database, lambda work: work.sign_ins.use_invitation("link", now))

    assert [one for one in used if one] == [nora]
    assert not database.read(lambda work: work.sign_ins.has_invitation(nora, now))


def test_tries_and_links_go_when_their_time_is_over(database: Database, nora: str, now: datetime) -> None:
    database.write(lambda work: work.sign_ins.note_try("name nora", now))
    database.write(lambda work: work.sign_ins.invite(nora, "link", now + timedelta(days=7)))
    later = now + timedelta(days=8)
    assert database.read(lambda work: work.sign_ins.tries("name nora", now - timedelta(hours=1))) == [now]
    assert database.read(lambda work: work.sign_ins.tries("name olaf", now - timedelta(hours=1))) == []

    assert database.write(lambda work: work.sign_ins.drop_expired(later, later - timedelta(hours=1))) == 2


def test_an_account_that_goes_off_keeps_no_session_and_no_link(database: Database, nora: str, now: datetime) -> None:
    def start(work: Work) -> None:
        work.sessions.start(nora, secret="cookie", device=None, now=now, until=now + timedelta(hours=1))
        work.sign_ins.invite(nora, "link", now + timedelta(days=7))

    database.write(start)
    database.write(lambda work: work.users.set_active(nora, active=False))

    assert database.read(lambda work: work.sessions.find("cookie", now)) is None
    assert database.read(lambda work: work.sign_ins.invited("link", now)) is None


def test_two_administrators_who_switch_each_other_off_at_once_leave_one(database: Database, now: datetime) -> None:
    def administrator(name: str) -> str:
        def add(work: Work) -> str:
            user = work.users.add(name, roles=[Role.ADMINISTRATOR], teams=[], now=now, sign_in=name)
            work.users.change(user.id, password_hash="x")
            work.users.set_secret(user.id, "totp", "x")
            return user.id

        return database.write(add)

    for number in range(5):
        pair = [administrator(f"ada{number}"), administrator(f"eve{number}")]
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(lambda one: appoint.switch_off(database, one), pair))
        assert sum(isinstance(one, Appointed) for one in done) == 1, done
        left = [user for user in database.read(lambda work: work.users.everybody()) if user.active]
        assert len(left) == 1
        database.write(lambda work, one=left[0].id: work.users.set_active(one, active=False))
