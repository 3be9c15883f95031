"""Who may do something in somebody's trajectory: their own coach, who is active; and what a coach may not do either."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot import guide as guiding
from bot.guide import GROUP_SIZE, Settled, has_changed, settle
from bot.mentor import Mentor, Refusal, give_code, withdraw_code
from bot.reckon import Stage
from bot.review import Group, Year, my_group, open_year
from bot.trajectory.plan import State
from tests.guide.conftest import ALL
from tests.trajectory.small import HOME, STARTED, WELCOME

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.store.rows import UserRow
    from tests.guide.conftest import Guide

TODAY = STARTED
LATER = TODAY + timedelta(days=30)


def hired(guide: Guide, name: str, *roles: str) -> UserRow:
    now = guide.desk.clock.now()
    return guide.runtime.database.write(lambda work: work.users.add(name, roles=roles, teams=["form_team"], now=now))


@pytest.fixture
def coby(guide: Guide) -> UserRow:
    """The newcomer's coach; the newcomer is in the small trajectory."""
    coach = hired(guide, "Coby", "coach")
    guide.runtime.database.write(lambda work: work.newcomers.set_coach(guide.newcomer_id, coach.id))
    guide.enrols(anchors={"housing_date": HOME})
    guide.read()
    return coach


def by(guide: Guide, who: str, newcomer_id: str | None = None) -> Mentor:
    return Mentor(runtime=guide.runtime, who=who, newcomer_id=newcomer_id or guide.newcomer_id)


def waiting(guide: Guide) -> str:
    """Have the newcomer say that the first task is done, where the template asks for the coach's eye."""
    task = guide.task("welcome")
    now = guide.desk.clock.now()
    guide.runtime.database.write(
        lambda work: work.trajectories.change(task.id, state=State.AWAITING.value, settled_at=now)
    )
    return task.id


ACTS: dict[str, Callable[[Guide, Mentor], Any]] = {
    "enrol": lambda _, mentor: mentor.enrol("small", TODAY),
    "pause": lambda guide, mentor: mentor.pause(guide.trajectory.id),
    "end": lambda guide, mentor: mentor.end(guide.trajectory.id),
    "tell": lambda guide, mentor: mentor.tell(guide.trajectory.id, {"housing_date": LATER}, {"has_children": True}),
    "layer": lambda guide, mentor: mentor.move_layer(guide.trajectory.id, "laag1", 7),
    "preview": lambda guide, mentor: mentor.preview_template(guide.trajectory.id),
    "follow": lambda guide, mentor: mentor.follow_template(guide.trajectory.id, "0"),
    "add": lambda guide, mentor: mentor.add_task(guide.trajectory.id, "Bel oma", "", LATER),
    "done": lambda guide, mentor: mentor.done(guide.task("welcome").id),
    "skip": lambda guide, mentor: mentor.skip(guide.task("welcome").id, "niet nodig"),
    "pin": lambda guide, mentor: mentor.pin(guide.task("welcome").id, LATER),
    "put_off": lambda guide, mentor: mentor.put_off(guide.task("welcome").id, LATER),
    "never": lambda guide, mentor: mentor.put_off(guide.task("welcome").id, None),
    "confirm": lambda guide, mentor: mentor.confirm(waiting(guide), accepted=True),
    "give_back": lambda guide, mentor: mentor.confirm(waiting(guide), accepted=False),
}


@pytest.mark.parametrize("act", sorted(set(ACTS) - {"enrol"}))
def test_the_coach_of_somebody_may(guide: Guide, coby: UserRow, act: str) -> None:
    done = ACTS[act](guide, by(guide, coby.id))
    assert not isinstance(done, Refusal | guiding.Refusal), done
    assert isinstance(open_year(guide.runtime, coby.id, guide.newcomer_id), Year)


def test_the_coach_has_somebody_begin(guide: Guide) -> None:
    coach = hired(guide, "Coby", "coach")
    guide.runtime.database.write(lambda work: work.newcomers.set_coach(guide.newcomer_id, coach.id))
    begun = by(guide, coach.id).enrol("small", TODAY - timedelta(days=60))
    assert isinstance(begun, guiding.Begun)
    assert begun.late
    assert guide.trajectory.created_by == coach.id
    assert [message.response for message in guide.read()] == ["utter_trajectory_catch_up"]


def others(guide: Guide, coby: UserRow) -> dict[str, tuple[str, Refusal]]:
    off = hired(guide, "Otis", "coach")
    guide.runtime.database.write(lambda work: work.users.change(off.id, active=False))
    return {
        "another coach": (hired(guide, "Carl", "coach").id, Refusal.NOT_YOURS),
        "a volunteer": (guide.desk.sam.id, Refusal.NOT_YOUR_ROLE),
        "a coordinator": (guide.desk.cora.id, Refusal.NOT_YOUR_ROLE),
        "a professional": (guide.desk.pia.id, Refusal.NOT_YOUR_ROLE),
        "an administrator": (hired(guide, "Bas", "administrator").id, Refusal.NOT_YOUR_ROLE),
        "a coach who is switched off": (off.id, Refusal.NO_ACCOUNT),
        "nobody": ("nobody", Refusal.NO_ACCOUNT),
        "the newcomer": (guide.newcomer_id, Refusal.NO_ACCOUNT),
    }


def test_nobody_else_may_and_nothing_changes(guide: Guide, coby: UserRow) -> None:
    waits = waiting(guide)
    before = (guide.tasks(), guide.events(), guide.trajectory)
    for who, (user_id, why) in others(guide, coby).items():
        for name, act in ACTS.items():
            mentor = by(guide, user_id)
            found = mentor.confirm(waits, accepted=name == "confirm") if name in {"confirm", "give_back"} else None
            assert (found or act(guide, mentor)) is why, (who, name)
        assert open_year(guide.runtime, user_id, guide.newcomer_id) is why, who
    assert (guide.tasks(), guide.events(), guide.trajectory) == before
    assert guide.read() == []


def test_a_role_that_is_taken_away_and_a_group_that_is_left_shut_it_at_once(guide: Guide, coby: UserRow) -> None:
    guide.runtime.database.write(lambda work: work.users.change(coby.id, roles_json=["volunteer"]))
    assert by(guide, coby.id).end(guide.trajectory.id) is Refusal.NOT_YOUR_ROLE
    assert my_group(guide.runtime, coby.id) is Refusal.NOT_YOUR_ROLE
    guide.runtime.database.write(lambda work: work.users.change(coby.id, roles_json=["coach"]))
    guide.runtime.database.write(lambda work: work.newcomers.set_coach(guide.newcomer_id, None))
    assert by(guide, coby.id).end(guide.trajectory.id) is Refusal.NOT_YOURS
    assert open_year(guide.runtime, coby.id, guide.newcomer_id) is Refusal.NOT_YOURS
    assert guide.trajectory.state == "active"


def test_the_own_newcomer_does_not_open_the_trajectory_of_another(guide: Guide, coby: UserRow) -> None:
    """Somebody of the group in the address, and a task of somebody else in the form."""
    task, trajectory = guide.task("welcome"), guide.trajectory
    talk = guide.desk.newcomer()
    found = guide.runtime.database.read(lambda work: work.newcomers.at(guide.desk.wire.name, talk._address))
    assert found is not None
    carl = hired(guide, "Carl", "coach")
    guide.runtime.database.write(lambda work: work.newcomers.set_coach(found.newcomer.id, carl.id))
    mentor = by(guide, carl.id, found.newcomer.id)
    assert mentor.done(task.id) is guiding.Refusal.NO_TASK
    assert mentor.skip(task.id, "zo") is guiding.Refusal.NO_TASK
    assert mentor.end(trajectory.id) is guiding.Refusal.NOT_GOING_ON
    assert mentor.tell(trajectory.id, {"housing_date": LATER}, {}) is guiding.Refusal.NOT_GOING_ON
    assert guide.task("welcome") == task


def test_who_is_being_erased_is_nobodys(guide: Guide, coby: UserRow) -> None:
    guide.runtime.database.write(lambda work: work.newcomers.forget(guide.newcomer_id))
    assert open_year(guide.runtime, coby.id, guide.newcomer_id) is Refusal.NOT_YOURS
    group = my_group(guide.runtime, coby.id)
    assert isinstance(group, Group)
    assert group.members == ()


# ---- what a coach may not do either


@pytest.mark.parametrize(
    ("act", "refusal"),
    [
        (lambda guide, mentor: mentor.pin(guide.task("register").id, LATER), guiding.Refusal.DAY_OF_THE_LAW),
        (lambda guide, mentor: mentor.pin(guide.task("welcome").id, TODAY - timedelta(days=1)), Refusal.NOT_AHEAD),
        (lambda guide, mentor: mentor.put_off(guide.task("welcome").id, TODAY), Refusal.NOT_AHEAD),
        (lambda guide, mentor: mentor.put_off(guide.task("welcome").id, date(2040, 1, 1)), Refusal.NOT_AHEAD),
        (lambda guide, mentor: mentor.skip(guide.task("welcome").id, "  "), Refusal.NO_REASON),
        (lambda guide, mentor: mentor.add_task(guide.trajectory.id, " ", "", LATER), Refusal.NO_TITLE),
        (lambda guide, mentor: mentor.add_task(guide.trajectory.id, "x", "", date(2020, 1, 1)), Refusal.NOT_AHEAD),
        (lambda _, mentor: mentor.enrol("small", date(2024, 1, 1)), Refusal.NOT_A_START),
        (lambda _, mentor: mentor.enrol("small", date.max), Refusal.NOT_A_START),
        (lambda _, mentor: mentor.enrol("nothing", TODAY), guiding.Refusal.UNKNOWN_TEMPLATE),
        (lambda _, mentor: mentor.enrol("small", TODAY), guiding.Refusal.ALREADY_IN),
        (lambda guide, mentor: mentor.tell(guide.trajectory.id, {"x": TODAY}, {}), guiding.Refusal.UNKNOWN_NAME),
        (
            lambda guide, mentor: mentor.move_layer(guide.trajectory.id, "laag1", 10**9),
            guiding.Refusal.OUT_OF_CALENDAR,
        ),
        (lambda guide, mentor: mentor.follow_template(guide.trajectory.id, "9"), Refusal.CHANGED),
        (lambda guide, mentor: mentor.confirm(guide.task("welcome").id, accepted=True), guiding.Refusal.SETTLED),
    ],
)
def test_a_coach_cannot_either(
    guide: Guide, coby: UserRow, act: Callable[[Guide, Mentor], Any], refusal: Refusal
) -> None:
    before = guide.tasks()
    assert act(guide, by(guide, coby.id)) is refusal
    assert guide.tasks() == before


def test_what_is_as_before_is_no_change(guide: Guide, coby: UserRow) -> None:
    before = guide.events()
    assert by(guide, coby.id).tell(guide.trajectory.id, {"housing_date": HOME}, {"has_children": None}) is not None
    assert guide.events() == before


def test_the_reason_and_the_words_are_masked(guide: Guide, coby: UserRow) -> None:
    mentor = by(guide, coby.id)
    mentor.skip(guide.task("welcome").id, "zie BSN 111222333")
    assert "111222333" not in (guide.task("welcome").reason or "")
    mentor.add_task(guide.trajectory.id, "Bel 111222333", "over 111222333", LATER)
    own = guide.task("own", 1)
    assert "111222333" not in f"{own.title} {own.text}"


# ---- what a coach sees


def test_overdue_stands_first_and_the_longest_on_top(guide: Guide, coby: UserRow) -> None:
    fine = guide.desk.newcomer()
    found = guide.runtime.database.read(lambda work: work.newcomers.at(guide.desk.wire.name, fine._address))
    assert found is not None
    guide.runtime.database.write(lambda work: work.newcomers.set_coach(found.newcomer.id, coby.id))
    by(guide, coby.id).done(guide.task("welcome").id)
    guide.desk.wait(days=10)
    group = my_group(guide.runtime, coby.id)
    assert isinstance(group, Group)
    late, other = group.members
    assert (late.newcomer_id, other.newcomer_id) == (guide.newcomer_id, found.newcomer.id)
    # What is sensitive is "a task" in a list that others see over a shoulder.
    assert [one.title for one in late.stuck] == ["[task_register]", "[task_insurance]", "Een taak"]
    assert late.stuck[0].since <= late.stuck[1].since <= late.stuck[2].since
    assert late.overdue == 3
    assert late.courses[0][1] == 2  # the tenth day is in the second week
    assert other.courses == ()
    assert other.overdue == 0


def test_each_look_at_a_year_is_in_the_journal(guide: Guide, coby: UserRow) -> None:
    open_year(guide.runtime, coby.id, guide.newcomer_id)
    open_year(guide.runtime, coby.id, guide.newcomer_id)
    seen = guide.runtime.database.read(lambda work: work.views.latest(9, newcomer_id=guide.newcomer_id))
    assert [(one.user_id, one.what) for one in seen] == [(coby.id, "trajectory")] * 2
    open_year(guide.runtime, guide.desk.sam.id, guide.newcomer_id)
    assert len(guide.runtime.database.read(lambda work: work.views.latest(9))) == 2


def test_every_task_stands_somewhere(guide: Guide, coby: UserRow) -> None:
    guide.does(settle, guide.task("work").id, Settled.NOT_FOR_ME, actor="newcomer")
    guide.does(settle, guide.task("debts").id, Settled.DONE, actor="newcomer")
    waiting(guide)
    guide.desk.wait(days=4)
    year = open_year(guide.runtime, coby.id, guide.newcomer_id)
    assert isinstance(year, Year)
    (course,) = year.courses
    stages = {step.row.task: step.stage for step in course.steps if step.row.occurrence in {0, 2026}}
    assert stages["welcome"] is Stage.AWAITING
    assert stages["register"] is Stage.OVERDUE
    assert stages["school"] is Stage.UNSURE
    assert stages["bill"] is Stage.NO_DAY
    assert stages["work"] is Stage.SKIPPED
    assert stages["debts"] is Stage.DONE
    assert stages["evening"] is Stage.TO_PLAN
    assert stages["check_in"] is Stage.LATER
    assert course.overdue[0].row.due == min(step.row.due for step in course.overdue if step.row.due)
    kinds = [one.kind for one in year.history]
    assert kinds.count("begun") == 1


def test_why_nothing_is_said_can_be_read(guide: Guide, coby: UserRow) -> None:
    mentor = by(guide, coby.id)
    mentor.done(guide.task("welcome").id)
    year = open_year(guide.runtime, coby.id, guide.newcomer_id)
    assert isinstance(year, Year)
    found = year.step(guide.task("welcome").id)
    assert found is not None
    assert found[1].held_by == "settled"
    assert found[1].next_reminder is None


def test_a_changed_template_is_previewed_first(guide: Guide, coby: UserRow) -> None:
    guide.knows(*(one for one in ALL if one is not WELCOME), digest="1")
    assert has_changed(guide.runtime, guide.trajectory)
    mentor = by(guide, coby.id)
    preview = mentor.preview_template(guide.trajectory.id)
    assert not isinstance(preview, Refusal | guiding.Refusal)
    assert [one.task for one in preview.dropped] == ["welcome"]
    assert guide.task("welcome").state is State.OPEN
    assert mentor.follow_template(guide.trajectory.id, "0") is Refusal.CHANGED
    mentor.follow_template(guide.trajectory.id, "1")
    assert guide.task("welcome").state is State.DROPPED


# ---- codes


def test_a_code_is_for_coaches_with_room(guide: Guide, coby: UserRow) -> None:
    assert give_code(guide.runtime, guide.desk.sam.id, "small", 7) is Refusal.NOT_YOUR_ROLE
    assert give_code(guide.runtime, coby.id, "nothing", 7) is guiding.Refusal.UNKNOWN_TEMPLATE
    assert give_code(guide.runtime, coby.id, "small", 999) is guiding.Refusal.UNKNOWN_TEMPLATE
    given = [give_code(guide.runtime, coby.id, "small", 7) for _ in range(GROUP_SIZE)]
    assert [isinstance(one, Refusal) for one in given] == [False] * (GROUP_SIZE - 1) + [True]
    assert given[-1] is Refusal.FULL
    group = my_group(guide.runtime, coby.id)
    assert isinstance(group, Group)
    assert [one.expires_at for one in group.codes] == [guide.desk.clock.now() + timedelta(days=7)] * 4


def test_a_code_that_was_withdrawn_begins_nothing(guide: Guide, coby: UserRow) -> None:
    give_code(guide.runtime, coby.id, "small", 7)
    (code,) = guide.runtime.database.read(lambda work: work.enrol_codes.of_coach(coby.id))
    assert withdraw_code(guide.runtime, hired(guide, "Carl", "coach").id, code.id) is Refusal.NO_CODE
    assert withdraw_code(guide.runtime, guide.desk.sam.id, code.id) is Refusal.NOT_YOUR_ROLE
    assert withdraw_code(guide.runtime, coby.id, code.id) is None
    assert withdraw_code(guide.runtime, coby.id, code.id) is Refusal.NO_CODE
    assert guide.runtime.database.read(lambda work: work.enrol_codes.of_coach(coby.id)) == []
