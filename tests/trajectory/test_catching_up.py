"""Who starts late gets a short list of what still matters: not silence, and not a flood."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.trajectory.catching_up import MOST_AT_ONCE, CatchUp, catch_up
from bot.trajectory.plan import plan
from tests.trajectory.small import (
    ADVISED,
    BILL,
    CHECK_IN,
    EVENING,
    EVERYTHING,
    HOME,
    INSURANCE,
    LEGAL,
    REGISTER,
    SCHOOL,
    STARTED,
    SWITCH,
    WELCOME,
    WORK,
    days,
    task,
    template,
)

if TYPE_CHECKING:
    from bot.trajectory.plan import Planned
    from bot.trajectory.template import Task


def late(*tasks: Task, after: int, settled: tuple[tuple[str, int], ...] = ()) -> CatchUp:
    anchors = {"housing_date": HOME, "bill_date": STARTED}
    made = plan(template(*tasks), anchors, {"has_children": True}, started=STARTED)
    return catch_up(made, STARTED + timedelta(days=after), settled=settled)


def names(found: tuple[Planned, ...]) -> list[str]:
    return [one.task.id for one in found]


def test_the_law_comes_first_then_the_next_day() -> None:
    # Three weeks in: the insurance is late, its limit of the law is in March; the bill is due in January.
    assert names(late(WELCOME, INSURANCE, BILL, REGISTER, after=21).now) == ["register", "bill", "welcome", "insurance"]


def test_a_programme_task_is_over_with_its_layer() -> None:
    assert names(late(WELCOME, after=91).now) == ["welcome"]
    assert names(late(WELCOME, after=92).past) == ["welcome"]
    assert late(WELCOME, after=92).now == ()


def test_what_law_or_good_practice_ask_is_late_and_not_over() -> None:
    found = late(REGISTER, SCHOOL, after=200)
    assert names(found.now) == ["register", "school"]
    assert found.past == ()


def test_what_has_not_begun_follows_by_its_date() -> None:
    found = late(WORK, CHECK_IN, after=3)
    assert (found.now, found.later, found.past) == ((), (), ())


def test_of_a_series_only_the_time_that_is_open() -> None:
    found = late(CHECK_IN, after=100)
    assert [one.occurrence for one in found.now] == [3]
    assert [one.occurrence for one in found.past] == [0, 1, 2]


def test_what_is_shut_is_past() -> None:
    assert names(late(SWITCH, after=30).now) == ["switch"]
    assert names(late(SWITCH, after=40).past) == ["switch"]


def test_settled_unknown_undated_and_group_windows_are_left_out() -> None:
    made = plan(template(SCHOOL, REGISTER, EVENING, WELCOME), {}, {}, started=STARTED)
    found = catch_up(made, STARTED + timedelta(days=21), settled=[("welcome", 0)])
    assert found == CatchUp()


def test_one_message_holds_seven_and_the_rest_follows() -> None:
    many = [task(f"task_{at}", kind=ADVISED, due=days(10 + at), order=at) for at in range(12)]
    found = late(*many, after=5)
    assert len(found.now) == MOST_AT_ONCE == 7
    assert names(found.later) == [f"task_{at}" for at in range(7, 12)]


def test_nothing_is_listed_twice_or_lost() -> None:
    for after in range(0, 400, 13):
        made = plan(template(*EVERYTHING), {"housing_date": HOME}, {"has_children": True}, started=STARTED)
        today = STARTED + timedelta(days=after)
        found = catch_up(made, today)
        keys = [one.key for one in (*found.now, *found.later, *found.past)]
        begun = [one.key for one in made.tasks if one.starts and one.starts <= today and not one.is_window]
        assert sorted(keys) == sorted(begun)


def test_of_two_that_the_law_asks_the_next_day_counts() -> None:
    soon = task("soon", kind=LEGAL, due=days(30))
    assert names(late(REGISTER, soon, after=21).now) == ["register", "soon"]
