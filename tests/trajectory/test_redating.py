"""A date changes: what is open follows, what is done stays, and the law's days are never moved in silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from bot.trajectory.plan import UNDER_WAY, Plan, State, plan
from bot.trajectory.redating import Moved, Standing, applied, as_standing, changes
from tests.trajectory.small import (
    ADVISED,
    BILL,
    EVENING,
    EVERYTHING,
    HOME,
    INSURANCE,
    LEGAL,
    PROGRAMME,
    REGISTER,
    SCHOOL,
    STARTED,
    WELCOME,
    WORK,
    template,
)

if TYPE_CHECKING:
    from bot.trajectory.template import Task

MOVED_HOUSE = date(2026, 12, 4)


def made(*tasks: Task, home: date | None = HOME, children: bool | None = None, shift: int = 0) -> Plan:
    anchors = {} if home is None else {"housing_date": home}
    conditions = {} if children is None else {"has_children": children}
    return plan(template(*tasks), anchors, conditions, started=STARTED, layer_shifts={"laag1": shift})


def kept(found: Plan) -> tuple[Standing, ...]:
    return tuple(as_standing(one) for one in found.tasks if one.applies is not False)


def test_the_same_plan_changes_nothing() -> None:
    same = made(*EVERYTHING)
    found = changes(kept(same), same)
    assert not found
    assert found.unchanged == kept(same)


def test_a_new_anchor_moves_what_is_open_and_tells_the_law_apart() -> None:
    before = kept(made(WELCOME, REGISTER, INSURANCE))
    found = changes(before, made(WELCOME, REGISTER, INSURANCE, home=MOVED_HOUSE))
    assert found.moved == (
        Moved(task="insurance", occurrence=0, old=date(2026, 11, 27), new=date(2026, 12, 11), kind=ADVISED),
    )
    assert found.legal_moved == (
        Moved(task="register", occurrence=0, old=date(2026, 11, 25), new=date(2026, 12, 9), kind=LEGAL),
        Moved(task="insurance", occurrence=0, old=date(2027, 3, 20), new=date(2027, 4, 4), kind=LEGAL, limit="legal"),
    )
    assert [one.task for one in found.unchanged] == ["welcome"]


def test_done_stays_done() -> None:
    done = [replace(one, state=state) for state in (State.DONE, State.SKIPPED) for one in kept(made(REGISTER))]
    for one in done:
        found = changes([one], made(REGISTER, home=MOVED_HOUSE))
        assert not found
        assert found.unchanged == (one,)


def test_what_waits_for_the_coach_moves_along() -> None:
    (one,) = kept(made(WORK))
    assert changes([replace(one, state=State.AWAITING)], made(WORK, shift=7)).moved[0].new == date(2027, 3, 22)


def test_a_pinned_day_stays_and_a_legal_one_does_not_stay_in_silence() -> None:
    pinned = [replace(one, pinned=True, due=date(2026, 12, 1)) for one in kept(made(REGISTER, INSURANCE))]
    found = changes(pinned, made(REGISTER, INSURANCE, home=MOVED_HOUSE))
    assert found.moved == ()
    assert [(one.task, one.limit, one.new) for one in found.legal_moved] == [
        ("register", None, date(2026, 12, 9)),
        ("insurance", "legal", date(2027, 4, 4)),
    ]
    after = applied(pinned, found)
    assert [(one.due, one.pinned) for one in after] == [(date(2026, 12, 9), False), (date(2026, 12, 1), True)]


def test_an_anchor_that_becomes_known_gives_days() -> None:
    found = changes(kept(made(REGISTER, home=None)), made(REGISTER))
    assert [(one.old, one.new) for one in found.legal_moved] == [(None, date(2026, 11, 25))]


def test_a_condition_brings_and_takes_tasks() -> None:
    asked = kept(made(SCHOOL))
    assert not changes(asked, made(SCHOOL, children=True))  # it was kept while it was unknown
    gone = changes(asked, made(SCHOOL, children=False))
    assert [one.task for one in gone.dropped] == ["school"]
    without = applied(asked, gone)
    assert [one.state for one in without] == [State.DROPPED]
    back = changes(without, made(SCHOOL, children=True))
    assert [one.task.id for one in back.added] == ["school"]
    assert [one.state for one in applied(without, back)] == [State.OPEN]


def test_a_legal_task_that_goes_is_told() -> None:
    found = changes(kept(made(REGISTER, WELCOME)), made(WELCOME))
    assert [one.task for one in found.legal_dropped] == ["register"]
    nobody_knew_when = changes(kept(made(REGISTER, home=None)), made(WELCOME))
    assert nobody_knew_when.legal_dropped == ()


def test_a_new_bill_is_added_beside_the_one_that_is_done() -> None:
    old = plan(template(BILL), {"bill_date": date(2027, 2, 25)}, {}, started=STARTED)
    done = [replace(one, state=State.DONE) for one in kept(old)]
    found = changes(done, plan(template(BILL), {"bill_date": date(2028, 2, 24)}, {}, started=STARTED))
    assert [one.key for one in found.added] == [("bill", 2028)]
    assert found.unchanged == tuple(done)


def test_sessions_take_the_place_of_their_window() -> None:
    planned = plan(template(EVENING), {}, {}, started=STARTED, sessions={"evening": {1: date(2027, 1, 12)}})
    found = changes(kept(made(EVENING)), planned)
    assert [one.key for one in found.added] == [("evening", 1)]
    assert [one.key for one in found.dropped] == [("evening", 0)]


def test_a_limit_that_the_template_lost_is_told() -> None:
    (one,) = kept(made(INSURANCE))
    found = changes([one], made(replace(INSURANCE, limits=())))
    assert [(move.limit, move.new) for move in found.legal_moved] == [("legal", None)]


_DAYS = st.none() | st.dates(min_value=date(2026, 1, 1), max_value=date(2029, 12, 31))
_PLANS = st.builds(
    lambda home, children, shift: made(*EVERYTHING, home=home, children=children, shift=shift),
    _DAYS,
    st.sampled_from([None, True, False]),
    st.integers(min_value=-60, max_value=60),
)


@given(old=_PLANS, new=_PLANS, data=st.data())
def test_re_dating_twice_is_re_dating_once(old: Plan, new: Plan, data: st.DataObject) -> None:
    standing = [
        replace(one, state=data.draw(st.sampled_from(State)), pinned=data.draw(st.booleans())) for one in kept(old)
    ]
    found = changes(standing, new)
    after = applied(standing, found)
    assert not changes(after, new)
    settled = [one for one in standing if one.state in (State.DONE, State.SKIPPED)]
    assert [one for one in after if one in settled] == settled
    wanted = {one.key for one in new.tasks if one.applies is not False}
    assert {one.key for one in after if one.state in UNDER_WAY} == wanted - {one.key for one in settled}


@given(old=_PLANS, new=_PLANS)
def test_no_day_of_the_law_moves_without_being_told(old: Plan, new: Plan) -> None:
    before = {one.key: one for one in kept(old)}
    found = changes(kept(old), new)
    told = {(one.key, one.limit) for one in found.legal_moved} | {(one.key, None) for one in found.dropped}
    for one in applied(kept(old), found):
        earlier = before.get(one.key)
        if earlier is None:
            continue
        if one.kind is LEGAL and earlier.due != one.due:
            assert (one.key, None) in told
        for name in {*one.limits, *earlier.limits}:
            assert one.limits.get(name) == earlier.limits.get(name) or (one.key, name) in told


def test_kinds_are_told_apart() -> None:
    found = changes(kept(made(WORK)), made(WORK, shift=7))
    assert [one.kind for one in found.moved] == [PROGRAMME]
    assert found.legal_moved == ()
