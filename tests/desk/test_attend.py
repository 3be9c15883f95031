"""What time alone does: nothing is forgotten, nobody is hurried, and a crisis never ends by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot import answer
from bot.answer import Done
from tests.desk.conftest import MONDAY, Desk, said

if TYPE_CHECKING:
    from bot.domain.clock import HeldClock
    from bot.store.rows import CaseRow

TUESDAY = MONDAY + timedelta(days=1)


def levels(desk: Desk, case: CaseRow) -> list[object]:
    return [event.detail.get("level") for event in desk.events(case) if event.kind == "waits_too_long"]


def test_who_waits_too_long_is_told_once_and_the_team_before_that(desk: Desk) -> None:
    case = desk.asks()
    assert desk.attend(hours=3, minutes=59) == []
    assert levels(desk, case) == []
    assert desk.attend(minutes=2) == []
    assert levels(desk, case) == ["team"]
    # Open from nine to five: eight working hours from ten on Monday are ten on Tuesday.
    assert desk.attend(hours=18) == []
    assert desk.attend(hours=2) == ["utter_desk_waits_too_long"]
    assert levels(desk, case) == ["team", "coordinator"]
    assert desk.attend(days=6) == [], "it is said once"
    assert desk.now(case).state == "queued"


def test_a_case_that_nobody_does_anything_about_goes_back_with_a_warning_first(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    desk.attend()
    assert desk.now(case).lease_until == TUESDAY
    desk.attend(hours=6)
    assert "lease_warning" in desk.kinds(case)
    assert desk.now(case).state == "active"
    desk.attend(hours=18)
    back = desk.now(case)
    assert (back.state, back.assignee_id, back.waiting_since) == ("queued", None, case.waiting_since)
    assert desk.kinds(case).count("lease_warning") == 1
    assert "lease_expired" in desk.kinds(case)
    assert desk.route(case) == "bot"


def test_whoever_does_something_keeps_the_case(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    desk.attend(hours=6)
    answer.note(desk.runtime, desk.sam.id, case.id, text="Ik bel morgen")
    desk.attend(hours=18)  # eight hours after it was taken, two after the note
    assert desk.now(case).state == "active"
    desk.attend(hours=6)
    assert desk.now(case).state == "queued"


def test_a_lease_does_not_run_on_holidays_and_weekends(desk: Desk) -> None:
    desk.clock.wait(days=10, hours=4)  # Thursday 3 December, two o'clock; the team is closed on the fourth
    case = desk.taken(desk.asks())
    desk.attend(hours=1)
    assert desk.now(case).lease_until == datetime(2026, 12, 7, 13, 0, tzinfo=UTC)


def test_while_the_newcomer_has_the_word_no_lease_runs_out(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    desk.answered(case)
    desk.attend(days=3)
    waiting = desk.now(case)
    assert (waiting.state, waiting.assignee_id) == ("awaiting_newcomer", desk.sam.id)


def test_one_reminder_and_seven_days_later_the_end(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    desk.answered(case)
    assert desk.attend(hours=19) == [], "it is five in the morning"
    assert desk.attend(hours=4) == ["utter_desk_reminder"]
    assert desk.attend(days=6, hours=23) == [], "one reminder, not several"
    assert desk.now(case).state == "awaiting_newcomer"
    assert desk.attend(hours=2) == ["utter_desk_closed"]
    ended = desk.now(case)
    assert (ended.state, ended.outcome) == ("closed", "no_reply")
    assert desk.route(case) == "bot"


def test_whoever_answers_the_reminder_is_heard(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    desk.answered(case)
    assert desk.attend(hours=24) == ["utter_desk_reminder"]
    assert said(talk, "Nee, nog niet", payload="/deny") == []
    assert desk.now(case).state == "active"
    desk.answered(case)
    assert desk.attend(hours=24) == ["utter_desk_reminder"], "a new answer has its own reminder"


def test_on_a_messenger_with_a_window_the_reminder_comes_inside_it(desk: Desk, clock: HeldClock) -> None:
    desk.wire.has_a_window()
    talk = desk.newcomer()
    case = desk.asks(talk)  # ten in the morning: twenty hours later it is six, and the window shuts at ten
    desk.taken(case)
    desk.attend(hours=5)
    desk.answered(case)
    assert desk.attend(hours=15) == []
    assert desk.attend(hours=3) == ["utter_desk_reminder"]
    assert [row.status for row in desk.outbox(case) if row.status == "waiting"] == []


def test_a_crisis_is_never_closed_by_time(desk: Desk) -> None:
    talk = desk.newcomer()
    said(talk, "er is brand")
    case = desk.open_case(talk)
    desk.taken(case, by=desk.pia)
    desk.replies(case, by=desk.pia)
    desk.wait(seconds=6)
    desk.delivered()
    desk.attend(hours=24)
    desk.attend(days=60)
    assert desk.now(case).state == "awaiting_newcomer"
    assert desk.attend(days=60) == []


def test_who_said_stop_is_not_reminded(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    desk.answered(case)
    said(talk, "/stop")
    assert desk.attend(days=30) == []
    assert desk.now(case).state == "awaiting_newcomer"


def test_a_snooze_ends_at_its_time(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    answer.snooze(desk.runtime, desk.sam.id, case.id, until=MONDAY + timedelta(days=2))
    desk.attend(days=1)
    assert desk.now(case).state == "snoozed"
    assert levels(desk, case) == [], "who put it away knows"
    desk.attend(days=1)
    woken = desk.now(case)
    assert (woken.state, woken.assignee_id, woken.snoozed_until) == ("active", desk.sam.id, None)


@pytest.mark.parametrize("snoozed", [False, True])
def test_the_cases_of_an_account_that_is_off_go_back(desk: Desk, snoozed: bool) -> None:
    case = desk.taken(desk.asks())
    if snoozed:
        answer.snooze(desk.runtime, desk.sam.id, case.id, until=MONDAY + timedelta(days=9))
    desk.attend()
    assert answer.switch_off(desk.runtime, desk.sam.id)
    desk.attend()
    back = desk.now(case)
    assert (back.state, back.assignee_id, desk.route(case)) == ("queued", None, "bot")
    assert "account_off" in desk.kinds(case)
    assert not answer.switch_off(desk.runtime, "nobody")


def test_a_late_look_or_two_looks_do_no_harm(desk: Desk) -> None:
    case = desk.asks()
    desk.clock.wait(days=5)
    assert desk.attend() == ["utter_desk_waits_too_long"]
    before = desk.events(case)
    assert desk.attend() == []
    assert desk.events(case) == before
    taken = answer.take(desk.runtime, desk.kim.id, case.id, version=desk.now(case).version)
    assert isinstance(taken, Done)
    assert taken.case.waiting_since == case.waiting_since


def test_a_case_that_cannot_be_opened_keeps_no_other_waiting(desk: Desk) -> None:
    damaged, whole = desk.asks(), desk.asks()
    damage = text("UPDATE cases SET summary_sealed = :bytes WHERE id = :id")
    database = desk.runtime.database
    database.write(lambda work: work.connection.execute(damage, {"bytes": b"damaged", "id": damaged.id}))
    assert desk.attend(days=3) == ["utter_desk_waits_too_long"]
    assert levels(desk, whole) == ["team", "coordinator"]
    due = database.read(lambda work: work.cases.due(desk.clock.now(), 10))
    assert due == [], "it is tried again later, not at once"
