"""When an offer is, what may become of it: pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.clock import AMSTERDAM, local_day
from bot.participation.offers import AHEAD, KINDS, SORTS, State, Weekly, When, is_over, may_become, moments
from bot.store.participation_tables import OFFER_KINDS, OFFER_STATES

NOW = datetime(2026, 10, 20, 12, 0, tzinfo=UTC)  # a Tuesday; the clocks go back on the 25th


def test_kinds_and_states_are_those_of_the_store() -> None:
    assert KINDS == OFFER_KINDS
    assert tuple(State) == OFFER_STATES
    assert len(set(SORTS)) == len(SORTS)


def test_ten_in_the_morning_stays_ten_when_the_clocks_change() -> None:
    found = list(moments(When(weekly=Weekly(weekday=3, begins=time(10), ends=time(12))), NOW))

    assert [begins.isoformat() for begins, _ in found[:2]] == ["2026-10-22T08:00:00+00:00", "2026-10-29T09:00:00+00:00"]
    assert {f"{begins.astimezone(AMSTERDAM):%H:%M}" for begins, _ in found} == {"10:00"}
    assert {f"{ends.astimezone(AMSTERDAM):%H:%M}" for _, ends in found if ends} == {"12:00"}
    assert len(found) == 6


def test_what_ends_after_midnight_ends_on_the_next_day() -> None:
    ((begins, ends), *_) = moments(When(weekly=Weekly(weekday=4, begins=time(20), ends=time(0, 30))), NOW)

    assert ends is not None
    assert ends - begins == timedelta(hours=4, minutes=30)


def test_what_was_today_is_not_made_any_more() -> None:
    today = Weekly(weekday=1, begins=time(13), ends=time(18))

    ((begins, _), *_) = moments(When(weekly=today), NOW)

    assert local_day(begins) == date(2026, 10, 27)


@given(
    weekday=st.integers(0, 6),
    begins=st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    since=st.none() | st.dates(date(2026, 9, 1), date(2026, 12, 31)),
    until=st.none() | st.dates(date(2026, 9, 1), date(2026, 12, 31)),
    expires_on=st.none() | st.dates(date(2026, 9, 1), date(2026, 12, 31)),
)
def test_every_moment_lies_where_it_should(
    weekday: int, begins: time, since: date | None, until: date | None, expires_on: date | None
) -> None:
    weekly = Weekly(weekday=weekday, begins=begins, since=since, until=until)
    when = When(weekly=weekly, expires_on=expires_on)

    found = [moment for moment, _ in moments(when, NOW)]

    days = [local_day(moment) for moment in found]
    assert all(day.weekday() == weekday for day in days)
    assert all(moment > NOW for moment in found)
    assert all(day <= (limit or date.max) for day in days for limit in (until, expires_on, local_day(NOW + AHEAD)))
    assert all(day >= (since or date.min) for day in days)
    assert all(later - earlier == timedelta(weeks=1) for earlier, later in pairwise(days))
    assert Weekly.from_json(weekly.to_json()) == weekly
    if is_over(when, NOW):
        assert found == []


def test_once_is_one_moment_until_it_was() -> None:
    once = When(starts_at=NOW + timedelta(days=2), ends_at=NOW + timedelta(days=2, hours=2))

    assert list(moments(once, NOW)) == [(once.starts_at, once.ends_at)]
    assert list(moments(once, NOW + timedelta(days=2))) == []
    assert not is_over(once, NOW + timedelta(days=2, hours=1))
    assert is_over(once, NOW + timedelta(days=2, hours=2))


@pytest.mark.parametrize(
    ("when", "over"),
    [
        (When(), False),
        (When(expires_on=date(2026, 10, 20)), False),
        (When(expires_on=date(2026, 10, 19)), True),
        (When(weekly=Weekly(weekday=0, begins=time(9), until=date(2026, 10, 19))), True),
        (When(weekly=Weekly(weekday=0, begins=time(9), until=date(2026, 10, 20))), False),
        (When(starts_at=NOW + timedelta(days=9), expires_on=date(2026, 10, 19)), True),
    ],
)
def test_what_is_over(when: When, over: bool) -> None:
    assert is_over(when, NOW) is over


def test_nothing_comes_back_from_what_is_off_or_over() -> None:
    assert not any(may_become(State.CANCELLED, state) or may_become(State.ENDED, state) for state in State)
    assert [state for state in State if may_become(state, State.PUBLISHED)] == [State.SUBMITTED]
