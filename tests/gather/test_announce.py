"""A session is near: one reminder, politely, and never to who said no."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.announce import announce_due
from bot.gather import cancel, move
from bot.trajectory.meetings import reminder_moment
from tests.gather.conftest import ALONE, TALK, THURSDAY

if TYPE_CHECKING:
    from tests.gather.conftest import Group

REMINDER = "utter_session_reminder"


@pytest.mark.parametrize(
    ("meets", "reminds"),
    [
        (datetime(2026, 12, 3, 13, 0, tzinfo=UTC), datetime(2026, 12, 2, 9, 0, tzinfo=UTC)),
        # On Monday, so on Saturday: nobody is written to on a Sunday.
        (datetime(2026, 12, 7, 8, 0, tzinfo=UTC), datetime(2026, 12, 5, 9, 0, tzinfo=UTC)),
        # After both days of Christmas and a Sunday.
        (datetime(2026, 12, 28, 8, 0, tzinfo=UTC), datetime(2026, 12, 24, 9, 0, tzinfo=UTC)),
        # Clocks go forward on 28 March: still at ten the Saturday before, which is nine UTC.
        (datetime(2027, 3, 28, 12, 0, tzinfo=UTC), datetime(2027, 3, 27, 9, 0, tzinfo=UTC)),
        (datetime(2027, 3, 31, 12, 0, tzinfo=UTC), datetime(2027, 3, 30, 8, 0, tzinfo=UTC)),
    ],
)
def test_it_is_the_last_day_before_on_which_people_are_written_to(meets: datetime, reminds: datetime) -> None:
    assert reminder_moment(meets, datetime(2026, 11, 23, 9, 0, tzinfo=UTC)) == reminds
    assert reminder_moment(meets, reminds) is None


def test_one_reminder_the_day_before_and_none_to_who_said_no(group: Group) -> None:
    session = group.plans(TALK)
    group.read()
    group.presses(session, "no", 1)
    group.presses(session, "yes", 2)
    assert group.lives(24 * 12) == [("02 09", REMINDER)] * 2
    assert group.guest(session).remind_at is None


def test_who_changes_their_mind_is_reminded_after_all(group: Group) -> None:
    session = group.plans(ALONE, guests=group.ids[:1])
    group.read()
    group.presses(session, "no")
    assert group.guest(session).remind_at is None
    group.presses(session, "yes")
    assert group.lives(24 * 12) == [("02 09", REMINDER)]


def test_who_was_invited_the_day_before_has_just_been_told(group: Group) -> None:
    tomorrow = group.guide.desk.clock.now() + timedelta(days=1, hours=2)
    group.plans(TALK, at=tomorrow)
    group.read()
    assert group.lives(72) == []


def test_the_tasks_own_reminders_leave_it_to_the_session(group: Group) -> None:
    group.guide.enrols()
    group.plans()
    group.read()
    read = [found for found in group.lives(24 * 11) if "session" in found[1]]
    assert read == [("02 09", REMINDER)] * 3
    ended = {row.rule for row in group.guide.reminders("evening", 1)}
    assert ended == {"session"}


def test_what_moved_is_reminded_of_on_its_new_day_and_what_is_off_not_at_all(group: Group) -> None:
    moved, off = group.plans(TALK, guests=group.ids[:1]), group.plans(TALK, guests=group.ids[1:])
    move(group.runtime, group.coach.id, moved.id, at=THURSDAY + timedelta(days=6), place="elders")
    cancel(group.runtime, group.coach.id, off.id)
    group.read()
    assert group.lives(24 * 20) == [("08 09", REMINDER)]


def test_stop_means_stop(group: Group) -> None:
    session = group.plans(ALONE, guests=group.ids[:1])
    group.read()
    group.talks[0].send("stop")
    assert group.lives(24 * 12) == []
    assert group.guest(session).remind_at is None


def test_after_a_crisis_it_stays_quiet(group: Group) -> None:
    session = group.plans(ALONE, guests=group.ids[:1])
    group.read()
    group.guide.desk.wait(days=8)
    case = group.guide.desk.asks(group.talks[0])
    now = group.guide.desk.clock.now()
    group.runtime.database.write(lambda work: work.cases.set_priority(case, "crisis", now, actor="x"))
    assert [one for one in group.lives(72) if one[1] == REMINDER] == []
    assert group.guest(session).remind_at is None  # it was over before the silence was


def test_while_a_person_talks_with_them_the_reminder_waits(group: Group) -> None:
    session = group.plans(ALONE, guests=group.ids[:1])
    group.read()
    group.guide.desk.wait(days=9)
    group.guide.desk.taken(group.guide.desk.asks(group.talks[0]))
    before = group.guide.desk.clock.now()
    assert announce_due(group.runtime) == 1
    assert before < group.guest(session).remind_at <= THURSDAY


def test_outside_whatsapps_window_it_is_the_template_that_names_day_and_time(group: Group) -> None:
    group.plans(ALONE, guests=group.ids[:1])
    group.read()
    group.guide.desk.wire.has_a_window()
    group.guide.desk.wait(days=9)
    announce_due(group.runtime)
    rows = group.runtime.database.read(lambda work: work.outbox.all_for(work.conversations.of(group.ids[0])[0].id))
    assert rows[-1].body["template"] == {"name": "appointment", "variables": ["donderdag 3 december 2026", "14.00"]}


def test_killed_before_it_is_stored_it_is_said_once(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    session = group.plans(ALONE, guests=group.ids[:1])
    group.read()
    group.guide.desk.wait(days=9)

    class Killed(BaseException):
        """The process is gone: nothing catches this."""

    def dies(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("bot.store.group_sessions.GroupSessions.told", dies)
        with pytest.raises(Killed):
            announce_due(group.runtime)
    assert group.read() == []
    assert announce_due(group.runtime) == 1
    assert announce_due(group.runtime) == 0
    assert group.read() == [REMINDER]
    assert group.guest(session).outbox_id is not None
    messages = group.runtime.database.read(lambda work: work.reminders.messages(group.ids[0]))
    assert len(messages) == 1  # it counts for the limits of a day and a week
