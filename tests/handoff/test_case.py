"""Who may do what, as a table: every act, role and state has an answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from bot.handoff.case import (
    AFTER_CLOSE,
    ASKS_FOR,
    BECOMES,
    HELPERS,
    MAY,
    TRAINED,
    WITH_A_PERSON,
    Act,
    Actor,
    Decline,
    Event,
    Role,
    Seen,
    Status,
    becomes,
    reason_to_decline,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TEAM = "form_team"


def actor(*roles: Role, team: str = TEAM, active: bool = True) -> Actor:
    return Actor(id="me", roles=frozenset(roles), teams=frozenset({team}), active=active)


def seen(status: Status, assignee: str | None = None, crisis_at: datetime | None = None) -> Seen:
    return Seen(status=status, team=TEAM, assignee=assignee, crisis_at=crisis_at)


def test_every_open_case_can_be_closed_and_none_that_is_closed() -> None:
    assert {status for status in Status if becomes(status, Event.CLOSED)} == set(Status) - {Status.CLOSED}
    assert {status for status in Status if becomes(status, Event.REOPENED)} == {Status.CLOSED}


def test_only_a_claim_or_a_coordinator_brings_a_waiting_case_to_a_person() -> None:
    to_a_person = {event for event in Event if becomes(Status.QUEUED, event) in WITH_A_PERSON}
    assert to_a_person == {Event.CLAIMED, Event.TAKEN_OVER}


def test_every_change_leads_to_a_state() -> None:
    assert all(BECOMES[event] for event in Event)
    assert set(ASKS_FOR) == set(Act) - {Act.REPLY, Act.NOTE, Act.PRIORITISE}


@pytest.mark.parametrize("act", Act)
def test_nobody_does_anything_for_another_team_or_with_an_account_that_is_off(act: Act) -> None:
    everything = (*Role,)
    for status, assignee in product(Status, (None, "me", "you")):
        case = seen(status, assignee)
        assert reason_to_decline(act, actor(*everything, team="other"), case, NOW) is Decline.OTHER_TEAM
        assert reason_to_decline(act, actor(*everything, active=False), case, NOW) is Decline.NO_ACCOUNT
        assert reason_to_decline(act, actor(), case, NOW) is Decline.NOT_YOUR_ROLE


@pytest.mark.parametrize("act", [Act.REPLY, Act.SNOOZE])
def test_nobody_speaks_or_plans_in_anothers_place(act: Act) -> None:
    for role, status in product(HELPERS, WITH_A_PERSON):
        assert reason_to_decline(act, actor(role), seen(status, "you"), NOW) is Decline.NOT_YOURS


def test_a_coordinator_may_put_in_order_what_others_have() -> None:
    for act in (Act.RELEASE, Act.TRANSFER, Act.CLOSE, Act.NOTE):
        assert reason_to_decline(act, actor(Role.COORDINATOR), seen(Status.ACTIVE, "you"), NOW) is None
        assert reason_to_decline(act, actor(Role.VOLUNTEER), seen(Status.ACTIVE, "you"), NOW) is Decline.NOT_YOURS


def test_what_may_be_done_from_where() -> None:
    mine = {act for act in Act if reason_to_decline(act, actor(Role.VOLUNTEER), seen(Status.ACTIVE, "me"), NOW) is None}
    assert mine == {Act.REPLY, Act.NOTE, Act.SNOOZE, Act.RELEASE, Act.TRANSFER, Act.CLOSE}
    assert reason_to_decline(Act.REPLY, actor(Role.VOLUNTEER), seen(Status.SNOOZED, "me"), NOW) is Decline.NOT_NOW
    assert reason_to_decline(Act.SNOOZE, actor(Role.VOLUNTEER), seen(Status.SNOOZED, "me"), NOW) is Decline.NOT_NOW
    assert reason_to_decline(Act.RELEASE, actor(Role.COORDINATOR), seen(Status.QUEUED), NOW) is Decline.NOT_NOW
    for act in set(Act) - AFTER_CLOSE:
        assert reason_to_decline(act, actor(*MAY[act].roles), seen(Status.CLOSED), NOW) is Decline.CLOSED


def test_a_crisis_waits_a_quarter_of_an_hour_for_somebody_trained() -> None:
    case = seen(Status.QUEUED, crisis_at=NOW)
    later = NOW + timedelta(minutes=15)
    for role in HELPERS:
        first = None if role in TRAINED else Decline.PROFESSIONALS_FIRST
        assert reason_to_decline(Act.TAKE, actor(role), case, NOW) is first
        assert reason_to_decline(Act.TAKE, actor(role), case, later) is None
