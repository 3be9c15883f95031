"""A session is planned, moved, called off, held; who is invited hears it and says whether they come."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.coach import take_out_of_group
from bot.domain.clock import AMSTERDAM
from bot.domain.days import at
from bot.foresee import Doubt, doubts, my_sessions, open_session, topics
from bot.gather import Refusal, What, cancel, invite, move, note_attendance
from bot.trajectory.plan import State
from tests.gather.conftest import ALONE, EVENING, PLACE, TALK, THURSDAY

if TYPE_CHECKING:
    from tests.gather.conftest import Group

INVITED = "utter_session_invited"


# ---- planned


def test_each_is_told_once_what_when_and_where(group: Group) -> None:
    group.plans(TALK)
    messages = group.guide.read()
    assert [one.response for one in messages] == [INVITED] * 3
    assert messages[0].text == "Come: Samen koken, donderdag 3 december 2026, 14:00, De bibliotheek."
    assert [button.title for button in messages[0].buttons] == ["Comes.", "Cannot."]
    assert group.comes(hours=1) == []


def test_the_days_of_the_task_follow_for_who_is_invited_and_nobody_is_told_twice(group: Group) -> None:
    group.guide.enrols()
    group.read()
    group.plans(EVENING)
    assert group.read() == [INVITED] * 3
    assert group.guide.task("evening", 1).due == date(2026, 12, 3)
    assert group.guide.task("evening", 0).state is State.DROPPED


def test_what_is_about_nobody_in_particular_has_no_title_that_others_may_read(group: Group) -> None:
    group.plans(ALONE, guests=group.ids[:1])
    (message,) = group.guide.read()
    assert message.text.startswith("Come: Appointment.,")


@pytest.mark.parametrize(
    ("what", "refusal"),
    [
        (What(template="small", task="welcome"), Refusal.NO_TASK),  # nobody plans sessions for it
        (What(template="nothing", task="evening"), Refusal.NO_TASK),
        (What(subject=" "), Refusal.NO_SUBJECT),
        (What(subject="x" * 121), Refusal.TOO_LONG),
        (What(task="other", subject="x"), Refusal.NO_SUBJECT),
        (ALONE, Refusal.ONE_PERSON),
    ],
)
def test_what_no_session_can_be_about(group: Group, what: What, refusal: Refusal) -> None:
    assert group.tries(what) is refusal
    assert group.sessions() == []
    assert group.read() == []


@pytest.mark.parametrize("away", [timedelta(0), timedelta(hours=-1), timedelta(days=367)])
def test_a_session_is_ahead_and_within_a_year(group: Group, away: timedelta) -> None:
    assert group.tries(at=group.guide.desk.clock.now() + away) is Refusal.NOT_AHEAD
    assert group.sessions() == []


def test_a_session_has_a_place(group: Group) -> None:
    assert group.tries(place="  ") is Refusal.NO_PLACE
    assert group.tries(place="x" * 201) is Refusal.TOO_LONG
    assert group.plans(TALK, place="Zaal 2, BSN 111222333").place == "Zaal 2, BSN [BSN]"


def test_only_a_coach_and_only_the_own_group(group: Group) -> None:
    desk = group.guide.desk
    for who in (desk.sam, desk.cora, desk.pia):
        assert group.tries(who=who) is Refusal.NOT_YOUR_ROLE
    assert group.tries(who=group.other) is Refusal.NOBODY
    assert group.tries(guests=[]) is Refusal.NOBODY
    stranger = desk.newcomer()
    found = group.runtime.database.read(lambda work: work.newcomers.at(desk.wire.name, stranger._address))
    assert group.tries(guests=[*group.ids, found.newcomer.id]) is Refusal.NOBODY
    session = group.plans()
    group.read()
    for who, refusal in ((group.other, Refusal.NO_SESSION), (desk.cora, Refusal.NOT_YOUR_ROLE)):
        assert move(group.runtime, who.id, session.id, at=THURSDAY, place="elders") is refusal
        assert cancel(group.runtime, who.id, session.id) is refusal
        assert note_attendance(group.runtime, who.id, session.id, present=group.ids) is refusal
        assert invite(group.runtime, who.id, session.id, guests=group.ids) is refusal
        assert open_session(group.runtime, who.id, session.id) is refusal
    assert my_sessions(group.runtime, desk.cora.id) is Refusal.NOT_YOUR_ROLE
    assert group.sessions() == [session]
    assert group.read() == []


def test_an_account_that_is_off_plans_nothing(group: Group) -> None:
    group.runtime.database.write(lambda work: work.users.set_active(group.coach.id, active=False))
    assert group.tries() is Refusal.NOT_YOUR_ROLE


def test_who_wants_no_messages_is_invited_and_not_told(group: Group) -> None:
    group.runtime.database.write(lambda work: work.newcomers.stop(group.ids[1]))
    session = group.plans(TALK)
    assert group.read() == [INVITED] * 2
    opened = open_session(group.runtime, group.coach.id, session.id)
    assert not isinstance(opened, Refusal)
    assert [guest.delivery is None for guest in opened.guests] == [guest.person.stopped for guest in opened.guests]
    assert sum(guest.person.stopped for guest in opened.guests) == 1


def test_more_of_the_group_are_invited_later_and_nobody_twice(group: Group) -> None:
    session = group.plans(TALK, guests=group.ids[:1])
    group.read()
    invite(group.runtime, group.coach.id, session.id, guests=group.ids[:2])
    assert group.read() == [INVITED]
    alone = group.plans(ALONE, guests=group.ids[:1])
    assert invite(group.runtime, group.coach.id, alone.id, guests=group.ids[1:]) is Refusal.ONE_PERSON


# ---- answered


def test_who_is_invited_says_whether_they_come(group: Group) -> None:
    session = group.plans(TALK)
    group.read()
    assert group.presses(session, "yes") == ["utter_session_comes"]
    assert group.presses(session, "no", 1) == ["utter_session_comes_not"]
    answers = [group.guest(session, member).answer for member in range(3)]
    assert answers == ["yes", "no", None]
    (listed,) = my_sessions(group.runtime, group.coach.id).coming
    assert (listed.title, listed.invited, listed.come, listed.comes_not) == ("Samen koken", 3, 1, 1)
    assert group.presses(session, "yes", 1) == ["utter_session_comes"]
    assert group.guest(session, 1).answer == "yes"


def test_the_button_works_while_a_person_has_the_conversation(group: Group) -> None:
    session = group.plans(TALK)
    group.read()
    desk = group.guide.desk
    case = desk.taken(desk.asks(group.talks[0]))
    assert desk.route(case) == "human"
    assert group.presses(session, "yes") == ["utter_session_comes"]


@pytest.mark.parametrize("why", ["of nobody", "not invited", "off", "over"])
def test_an_old_button_changes_nothing(group: Group, why: str) -> None:
    session = group.plans(TALK, guests=group.ids[:2])
    group.read()
    member = 2 if why == "not invited" else 0
    if why == "off":
        cancel(group.runtime, group.coach.id, session.id)
        group.read()
    if why == "over":
        group.guide.desk.wait(days=11)
    payload = session.id if why != "of nobody" else session.id[:-4] + "0000"
    answers, _ = group.talks[member].send("knop", payload=f"/session yes {payload}")
    assert [one.response for one in answers] == ["utter_session_gone"]
    guests = group.runtime.database.read(lambda work: work.group_sessions.guests(session.id))
    assert [guest.answer for guest in guests] == [None, None]


# ---- moved and off


def test_a_session_that_moves_is_told_and_asked_anew(group: Group) -> None:
    group.guide.enrols()
    session = group.plans()
    group.read()
    group.presses(session, "no")
    later = THURSDAY + timedelta(days=7, hours=1)
    moved = move(group.runtime, group.coach.id, session.id, at=later, place="Het wijkhuis")
    messages = group.guide.read()
    assert [one.response for one in messages] == ["utter_session_moved"] * 3
    assert "donderdag 10 december 2026, 15:00, Het wijkhuis" in messages[0].text
    assert moved.at == later
    assert group.guest(session).answer is None
    assert group.guide.task("evening", 1).due == date(2026, 12, 10)
    # The same again is nothing new.
    move(group.runtime, group.coach.id, session.id, at=later, place=" Het wijkhuis")
    assert group.read() == []


def test_who_said_no_need_not_hear_that_it_is_off(group: Group) -> None:
    group.guide.enrols()
    session = group.plans()
    group.read()
    group.presses(session, "no", 2)
    off = cancel(group.runtime, group.coach.id, session.id)
    assert group.read() == ["utter_session_cancelled"] * 2
    assert off.state == "cancelled"
    assert group.guide.task("evening", 1).state is State.DROPPED
    assert group.guide.task("evening", 0).state is State.OPEN  # it is to be planned again
    assert cancel(group.runtime, group.coach.id, session.id) is Refusal.OVER
    assert move(group.runtime, group.coach.id, session.id, at=THURSDAY, place="x") is Refusal.OVER
    assert group.plans().number == 2


def test_what_was_cannot_be_moved_or_called_off(group: Group) -> None:
    session = group.plans(TALK)
    group.guide.desk.wait(days=11)
    assert cancel(group.runtime, group.coach.id, session.id) is Refusal.OVER
    assert invite(group.runtime, group.coach.id, session.id, guests=group.ids) is Refusal.OVER
    assert my_sessions(group.runtime, group.coach.id).past[0].row.id == session.id


# ---- held


def test_who_was_there_has_done_it(group: Group) -> None:
    group.guide.enrols()
    session = group.plans()
    assert note_attendance(group.runtime, group.coach.id, session.id, present=group.ids) is Refusal.NOT_YET
    group.guide.desk.wait(days=10, hours=5)
    held = note_attendance(group.runtime, group.coach.id, session.id, present=[group.ids[0], "nobody"])
    assert held.state == "held"
    assert [group.guest(session, member).attended for member in range(3)] == [True, False, False]
    task = group.guide.task("evening", 1)
    assert (task.state, task.settled_by) == (State.DONE, group.coach.id)
    # A mistake in the list is mended; what was done is not undone by it.
    note_attendance(group.runtime, group.coach.id, session.id, present=[group.ids[1]])
    assert [group.guest(session, member).attended for member in range(3)] == [False, True, False]
    assert group.guide.task("evening", 1).state is State.DONE


def test_who_was_not_there_has_it_still_open(group: Group) -> None:
    group.guide.enrols()
    session = group.plans()
    group.guide.desk.wait(days=10, hours=5)
    note_attendance(group.runtime, group.coach.id, session.id, present=[])
    assert group.guide.task("evening", 1).state is State.OPEN


def test_a_session_that_was_off_was_attended_by_nobody(group: Group) -> None:
    session = group.plans()
    cancel(group.runtime, group.coach.id, session.id)
    group.guide.desk.wait(days=11)
    assert note_attendance(group.runtime, group.coach.id, session.id, present=group.ids) is Refusal.OVER


def test_who_left_the_group_still_hears_that_it_moved_and_nothing_of_theirs_is_settled(group: Group) -> None:
    group.guide.enrols()
    session = group.plans()
    case = group.guide.desk.asks(group.talks[0])
    assert take_out_of_group(group.runtime, group.guide.desk.cora.id, number=case.number) is None
    group.read()
    move(group.runtime, group.coach.id, session.id, at=THURSDAY + timedelta(hours=1), place=PLACE)
    assert group.read() == ["utter_session_moved"] * 3
    group.guide.desk.wait(days=11)
    note_attendance(group.runtime, group.coach.id, session.id, present=group.ids)
    assert group.guide.task("evening", 1).state is State.OPEN


# ---- when


# Clocks change at one in the morning, UTC, on the last Sundays of March and October.
@pytest.mark.parametrize(
    ("day", "utc_hour"),
    [
        (date(2027, 3, 27), 13),
        (date(2027, 3, 28), 12),
        (date(2027, 3, 29), 12),
        (date(2027, 10, 30), 12),
        (date(2027, 10, 31), 13),
        (date(2027, 11, 1), 13),
    ],
)
def test_two_o_clock_is_two_o_clock_whatever_the_clocks_do(group: Group, day: date, utc_hour: int) -> None:
    moment = at(day, time(14))
    assert (moment.hour, moment.astimezone(AMSTERDAM).hour) == (utc_hour, 14)
    planned = group.plans(TALK, at=moment)
    assert group.sessions()[0].at == moment == planned.at
    assert ", 14:00, " in group.guide.read()[0].text
    again = group.runtime.database.read(lambda work: work.group_sessions.get(planned.id))
    assert again.at.astimezone(AMSTERDAM).strftime("%d-%m %H:%M") == f"{day:%d-%m} 14:00"


@pytest.mark.parametrize(
    ("moment", "team", "found"),
    [
        (datetime(2026, 11, 26, 13, 0, tzinfo=UTC), "form_team", ()),
        (datetime(2026, 11, 26, 8, 0, tzinfo=UTC), "form_team", ()),  # nine, when it opens
        (datetime(2026, 11, 26, 16, 0, tzinfo=UTC), "form_team", (Doubt.OUTSIDE,)),  # five, when it closes
        (datetime(2026, 11, 28, 13, 0, tzinfo=UTC), "form_team", (Doubt.CLOSED,)),  # a Saturday
        (datetime(2026, 12, 4, 13, 0, tzinfo=UTC), "form_team", (Doubt.CLOSED,)),  # told by the organisation
        (datetime(2026, 12, 25, 13, 0, tzinfo=UTC), "form_team", (Doubt.HOLIDAY,)),
        (datetime(2026, 12, 25, 13, 0, tzinfo=UTC), "", (Doubt.HOLIDAY,)),
        (datetime(2026, 11, 26, 13, 0, tzinfo=UTC), "other", (Doubt.UNKNOWN,)),
        (datetime(2026, 11, 28, 13, 0, tzinfo=UTC), "", ()),
    ],
)
def test_what_speaks_against_a_moment(group: Group, moment: datetime, team: str, found: tuple[Doubt, ...]) -> None:
    assert doubts(group.runtime, moment, team) == found


def test_sessions_are_for_the_tasks_that_ask_for_them(group: Group) -> None:
    assert [(one.template, one.task) for one in topics(group.runtime)] == [("small", "evening")]


def test_who_changes_their_mind_finds_the_other_answer_below(group: Group) -> None:
    session = group.plans(TALK, guests=group.ids[:1])
    group.read()
    answers, _ = group.talks[0].send("Cannot.")  # the words of the button, written out
    assert [button.payload for button in answers[0].buttons] == [f"/session yes {session.id}"]
    assert group.guest(session).answer == "no"
    answers, _ = group.talks[0].send("knop", payload=answers[0].buttons[0].payload)
    assert [button.payload for button in answers[0].buttons] == [f"/session no {session.id}"]
    assert group.guest(session).answer == "yes"
