"""Counts: an attacker who adds and subtracts all that is told finds no small group; what is large enough is told."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from bot.trajectory.counts import (
    Group,
    Helped,
    K,
    Row,
    ShownGroup,
    ShownRow,
    as_of,
    helped,
    in_steps,
    may_show,
    parted,
    rows_of,
    together,
)
from tests.trajectory.small import BILL, CHECK_IN, EVENING, REGISTER, SCHOOL, SWITCH, WORK, task, template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LAYERS = {"one": ("a", "b"), "two": ("c", "d")}
TASKS = ("a", "b", "c", "d")
FOR_ALL = {"a": True, "b": False, "c": False, "d": False, "one": True, "two": False}
PARTS = ("late", "on_time", "rest")
Person = tuple[str, str, str, str]


# ---- a world: teams of people who are late, on time, or not concerned, with each of four tasks


def group(people: Sequence[Person], ended: int = 0) -> Group:
    """Count as the store does: late in a layer is who is late with anything of it."""

    def row(name: str, tasks: Sequence[str]) -> Row:
        found = [{one[TASKS.index(task)] for task in tasks} for one in people]
        late = sum("late" in each for each in found)
        on_time = sum("late" not in each and "on_time" in each for each in found)
        return Row(late=late, on_time=on_time, rest=len(people) - late - on_time, for_all=FOR_ALL[name])

    named = {name: (name,) for name in TASKS} | LAYERS
    return Group(enrolled=len(people), ended=ended, rows={name: row(name, tasks) for name, tasks in named.items()})


@st.composite
def teams(draw: st.DrawFn) -> Group:
    several = draw(st.lists(st.tuples(st.tuples(*[st.sampled_from(PARTS)] * 4), st.integers(1, 9)), max_size=7))
    return group([person for person, times in several for _ in range(times)], draw(st.integers(0, 9)))


class Attack:
    """Who knows every number that is told, and how tasks and layers hang together: what is the most of something?"""

    def __init__(self, tell: Sequence[ShownGroup], totals: ShownGroup) -> None:
        self.tell = tell
        self.rows = tuple(FOR_ALL)
        names = [(team, row, part) for team in range(len(tell)) for row in self.rows for part in PARTS]
        self.place = {name: place for place, name in enumerate(names)}
        self.place |= {(team, "", "enrolled"): len(names) + team for team in range(len(tell))}
        self.same: list[tuple[dict[tuple[int, str, str], float], float]] = []
        self.at_most: list[tuple[dict[tuple[int, str, str], float], float]] = []
        for team, one in enumerate(tell):
            self._of_a_team(team, one)
        everywhere = range(len(tell))
        if totals.enrolled is not None:
            self.same.append(({(team, "", "enrolled"): 1 for team in everywhere}, totals.enrolled))
        for row, shown in totals.rows.items():
            for part in PARTS[:2] if shown else ():
                self.same.append(({(team, row, part): 1 for team in everywhere}, getattr(shown, part)))

    def _of_a_team(self, team: int, one: ShownGroup) -> None:
        if one.enrolled is not None:
            self.same.append(({(team, "", "enrolled"): 1}, one.enrolled))
        for row, shown in one.rows.items():
            self.same.append((dict.fromkeys(self._row(team, row), 1.0) | {(team, "", "enrolled"): -1.0}, 0))
            for part in PARTS[:2] if shown else ():
                self.same.append(({(team, row, part): 1}, getattr(shown, part)))
        for layer, tasks in LAYERS.items():
            for parts in (("late",), ("late", "on_time")):
                whole = {(team, layer, part): 1.0 for part in parts}
                each = [{(team, task, part): -1.0 for part in parts} for task in tasks]
                # Who is late with a task is late in its layer; who is late in a layer is so with one of its tasks.
                self.at_most += [({name: -value for name, value in (whole | one).items()}, 0) for one in each]
                self.at_most.append((whole | {name: value for one in each for name, value in one.items()}, 0))

    def _row(self, team: int, row: str) -> list[tuple[int, str, str]]:
        return [(team, row, part) for part in PARTS]

    def bound(self, team: int, row: str, part: str, *, most: bool = True) -> float:
        """Return the most (or least) that this number of people can be."""
        aim = np.zeros(len(self.place))
        aim[self.place[team, row, part]] = -1 if most else 1
        (equal, values), (less, limits) = self._matrix(self.same), self._matrix(self.at_most)
        found = linprog(aim, A_ub=less, b_ub=limits, A_eq=equal, b_eq=values, bounds=(0, 999))
        assert found.status == 0, found.message
        return float(-found.fun if most else found.fun)

    def _matrix(self, lines: list[tuple[dict[tuple[int, str, str], float], float]]) -> tuple[np.ndarray, np.ndarray]:
        made = np.zeros((len(lines), len(self.place)))
        for number, (line, _) in enumerate(lines):
            for name, value in line.items():
                made[number, self.place[name]] = value
        return made, np.array([value for _, value in lines], dtype=float)

    def found(self) -> list[tuple[int, str, str]]:
        """Return what is not told, of a team that is large enough, and is known to be fewer than K."""
        caught = []
        for team, one in enumerate(self.tell):
            for row, shown in one.rows.items() if one.enrolled is not None else ():
                # What is for everybody leaves out nobody, as everyone knows.
                parts = () if shown else PARTS[:2] if FOR_ALL[row] else PARTS
                caught += [(team, row, part) for part in parts if self.bound(team, row, part) < K - 1e-6]
        return caught


@settings(max_examples=40, deadline=None)
@given(st.lists(teams(), min_size=1, max_size=3))
def test_nobody_works_out_that_a_number_that_is_left_out_is_small(world: list[Group]) -> None:
    tell = [may_show(one) for one in world]
    attack = Attack(tell, together(tell))
    assert attack.found() == []
    for team, one in enumerate(tell):
        if one.enrolled is None:
            assert attack.bound(team, "", "enrolled") >= K  # only the words say that it is less


def test_the_attacker_is_worth_the_name() -> None:
    """With small numbers left out one by one, as is often done, they find them: from the group, and from a total."""
    small = group([("late", "rest", "rest", "rest")] * 2 + [("on_time", "rest", "rest", "rest")] * 8)
    only = may_show(small)
    naive = ShownGroup(enrolled=10, ended=None, rows={**only.rows, "a": None, "one": ShownRow(late=5, on_time=5)})
    one_of_three = ShownGroup(enrolled=10, ended=None, rows={**only.rows, "a": ShownRow(late=6, on_time=4)})
    total = ShownGroup(enrolled=20, ended=None, rows={**only.rows, "a": ShownRow(late=8, on_time=12)})
    assert Attack([naive], naive).found() == []
    assert (0, "a", "late") in Attack([only, one_of_three], total).found()


@given(people=st.integers(K, 24), for_all=st.booleans())
def test_whoever_knows_the_rules_learns_nothing_of_a_row_that_is_left_out(*, people: int, for_all: bool) -> None:
    worlds = [(late, on) for late, on in product(range(people + 1), repeat=2) if late + on <= people]
    rows = {(late, on): Row(late=late, on_time=on, rest=people - late - on, for_all=for_all) for late, on in worlds}
    hidden = [row for row in rows.values() if may_show(Group(enrolled=people, rows={"a": row})).rows["a"] is None]
    for part in PARTS:
        assert {getattr(row, part) for row in hidden} >= {*range(K), people}


@given(teams())
def test_what_is_large_enough_in_every_part_is_told_as_it_is(world: Group) -> None:
    tell = may_show(world)
    assert tell.enrolled == (world.enrolled if world.enrolled >= K else None)
    assert tell.ended == (world.ended if world.ended >= K else None)
    for name, row in world.rows.items():
        if min(row.late, row.on_time, row.rest) >= K:
            assert tell.rows[name] == ShownRow(late=row.late, on_time=row.on_time)


@given(st.lists(teams(), min_size=1, max_size=4))
def test_a_total_is_the_sum_of_what_is_told_or_is_not_told(world: list[Group]) -> None:
    tell = [may_show(one) for one in world]
    total = together(tell)
    for name in FOR_ALL:
        rows = [one.rows[name] for one in tell]
        known = [row for row in rows if row is not None]
        whole = ShownRow(late=sum(row.late for row in known), on_time=sum(row.on_time for row in known))
        assert total.rows[name] == (whole if len(known) == len(rows) else None)
    enrolled = [one.enrolled for one in tell]
    assert total.enrolled == (None if None in enrolled else sum(one.enrolled for one in world))


@pytest.mark.parametrize(
    ("row", "is_shown"),
    [
        (Row(late=5, on_time=5, rest=5), True),
        (Row(late=4, on_time=9, rest=9), False),
        (Row(late=9, on_time=4, rest=9), False),
        (Row(late=9, on_time=9, rest=4), False),
        (Row(late=9, on_time=9, rest=4, for_all=True), False),
        (Row(late=9, on_time=9, rest=0), False),  # that all of them have a partner abroad
        (Row(late=9, on_time=9, rest=0, for_all=True), True),
        (Row(late=0, on_time=9, rest=9), False),
        (Row(late=9, on_time=0, rest=0, for_all=True), False),  # that all of them are late
    ],
)
def test_a_row_is_told_whole_or_not_at_all(row: Row, *, is_shown: bool) -> None:
    found = may_show(Group(enrolled=row.people, rows={"a": row})).rows["a"]
    assert found == (ShownRow(late=row.late, on_time=row.on_time) if is_shown else None)


def test_nothing_is_told_of_a_group_that_is_too_small() -> None:
    row = Row(late=5, on_time=5, rest=0, for_all=True)  # what cannot be, and still is not told
    assert may_show(Group(enrolled=4, ended=4, rows={"a": row})) == ShownGroup(
        enrolled=None, ended=None, rows={"a": None}
    )
    assert together([]) == ShownGroup(enrolled=0, ended=0, rows={})


# ---- places of a municipality, and steps


def came(late: int, on_time: int, rest: int, waited: int = 0) -> Group:
    row = Row(late=late, on_time=on_time, rest=rest, for_all=True)
    return Group(enrolled=row.people, ended=waited, rows={"came": row})


def small(most: int = 9) -> st.SearchStrategy[int]:
    return st.integers(0, most)


places = st.builds(came, small(), small(), small(), small())
municipalities = st.dictionaries(st.sampled_from("abcd"), places, min_size=1)


class OfPlaces:
    """Who knows all that is told of municipalities and their places, and adds and subtracts it."""

    def __init__(self, towns: Sequence[tuple[Sequence[str], Mapping[str, ShownGroup], ShownGroup]]) -> None:
        numbers = ("late", "on_time", "rest", "waited")
        names = [(town, place, what) for town, (all_, _, _) in enumerate(towns) for place in all_ for what in numbers]
        self.place = {name: number for number, name in enumerate(names)}
        self.lines: list[tuple[list[tuple[int, str, str]], int]] = []
        for town, (all_, parts, whole) in enumerate(towns):
            self._told(whole, [(town, place) for place in all_])
            for place, one in parts.items():
                self._told(one, [(town, place)])
        everywhere = [(town, place) for town, (all_, _, _) in enumerate(towns) for place in all_]
        self._told(together([whole for _, _, whole in towns]), everywhere)

    def _told(self, shown: ShownGroup, where: list[tuple[int, str]]) -> None:
        row = shown.rows["came"]
        for number, parts in (
            (shown.enrolled, PARTS),
            (shown.ended, ("waited",)),
            (row and row.late, ("late",)),
            (row and row.on_time, ("on_time",)),
        ):
            if number is not None:
                self.lines.append(([(*here, part) for here in where for part in parts], number))

    def bounds(self, names: Sequence[tuple[int, str, str]]) -> tuple[float, float]:
        """Return the least and the most that these can be together."""
        made = np.zeros((len(self.lines), len(self.place)))
        for number, (line, _) in enumerate(self.lines):
            for name in line:
                made[number, self.place[name]] = 1
        aim = np.zeros(len(self.place))
        for name in names:
            aim[self.place[name]] = 1
        known = {"A_eq": made, "b_eq": [value for _, value in self.lines]} if self.lines else {}
        ends = [linprog(sign * aim, bounds=(0, 999), **known) for sign in (1, -1)]
        assert all(found.status == 0 for found in ends)
        return float(ends[0].fun), float(-ends[1].fun)


@settings(max_examples=60, deadline=None)
@given(st.lists(municipalities, min_size=1, max_size=3))
def test_nobody_works_out_a_small_number_of_a_place_from_what_is_told(world: list[dict[str, Group]]) -> None:
    towns = [(sorted(one), *parted({place: one[place] for place in sorted(one)})) for one in world]
    attack = OfPlaces(towns)
    for town, (all_, parts, whole) in enumerate(towns):
        one_by_one = [((place,), parts.get(place)) for place in all_] if len(all_) > 1 else []
        groups: list[tuple[tuple[str, ...], ShownGroup | None]] = [*one_by_one, (tuple(all_), whole)]
        for of, shown in groups:
            row = shown.rows["came"] if shown else None
            hidden = [] if row else [("late",), ("on_time",)]
            hidden += [] if shown and shown.enrolled is not None else [PARTS]
            hidden += [] if shown and shown.ended is not None else [("waited",)]
            for parts_of_it in hidden:
                least, most = attack.bounds([(town, place, part) for place in of for part in parts_of_it])
                assert most >= K
                assert most > least


def test_who_adds_places_up_finds_the_one_that_is_left_out_alone() -> None:
    world = {"7511": came(5, 10, 6), "7522": came(0, 4, 0)}
    whole = may_show(came(5, 14, 6))
    alone = OfPlaces([(sorted(world), {"7511": may_show(world["7511"])}, whole)])
    assert alone.bounds([(0, "7522", part) for part in PARTS]) == (4, 4)


def test_an_area_with_four_hides_its_neighbours_and_not_the_municipality() -> None:
    world = {"7511": came(5, 10, 6, waited=7), "7522": came(0, 4, 0)}
    parts, whole = parted(world)
    assert parts == {}
    assert (whole.enrolled, whole.ended, whole.rows) == (25, 7, {"came": ShownRow(late=5, on_time=14)})
    parts, whole = parted({**world, "7522": came(0, 5, 0)})
    assert {place: one.enrolled for place, one in parts.items()} == {"7511": 21, "7522": 5}
    assert parts["7522"].rows == {"came": None}
    # Of all of them only what of each of them: else a row that is left out is what is left.
    assert (whole.enrolled, whole.ended, whole.rows) == (26, None, {"came": None})
    assert parted({"7522": came(0, 4, 0)})[1].enrolled is None
    assert parted({})[1] == ShownGroup(enrolled=None, ended=None, rows={})


def steps(*ended: int, going: int) -> Group:
    people = sum(ended) + going
    rows = {
        str(number): Row(late=sum(ended[: number + 1]), on_time=people - sum(ended[: number + 1]), rest=0, for_all=True)
        for number in range(len(ended))
    }
    return Group(enrolled=people, rows=rows)


@given(st.lists(small(), min_size=1, max_size=4), small(30))
def test_no_two_steps_that_are_told_differ_by_a_few_people(ended: list[int], going: int) -> None:
    group = steps(*ended, going=going)
    told = [row for row in in_steps(group).rows.values() if row is not None]
    numbers = [0, *(row.late for row in told), *([group.enrolled] if told else [])]
    assert all(later - earlier >= K for earlier, later in pairwise(numbers))
    assert in_steps(group).enrolled == (group.enrolled if group.enrolled >= K else None)


def test_steps_that_are_large_enough_are_told() -> None:
    shown = in_steps(steps(5, 4, 5, going=8))
    assert shown.rows == {"0": ShownRow(late=5, on_time=17), "1": None, "2": ShownRow(late=14, on_time=8)}


# ---- what is counted


@pytest.mark.parametrize("day", [date(2026, 11, 23), date(2026, 11, 25), date(2026, 11, 29)])
def test_a_week_has_one_day_of_which_it_tells(day: date) -> None:
    assert as_of(day) == date(2026, 11, 23)


def test_what_can_never_be_late_is_not_counted() -> None:
    closes = task("closes", closes=True)
    layers, tasks = rows_of(template(REGISTER, SCHOOL, CHECK_IN, SWITCH, BILL, EVENING, closes, WORK))
    assert tasks["register"]
    assert not tasks["school"]  # only for who has children
    assert {"closes", EVENING.id} & set(tasks) == set()
    assert layers["basis"]
    assert set(layers) == {"basis", "laag1"}


# ---- how soon somebody is helped


def minutes(*waited: int) -> list[tuple[str, timedelta]]:
    return [(f"person {number}", timedelta(minutes=each)) for number, each in enumerate(waited)]


def test_how_soon_people_are_helped_is_told_of_five_people() -> None:
    assert helped(minutes(1, 2, 3, 4)) is None
    assert helped([*minutes(1, 2, 3, 4), *minutes(5, 6, 7)]) is None  # more questions of the same four
    found = helped(minutes(10, 20, 31, 40, 300))
    assert found == Helped(cases=5, half=timedelta(minutes=45), nine_in_ten=timedelta(hours=5))


def test_nine_in_ten_is_the_ninth_of_ten_and_times_are_rounded_up() -> None:
    found = helped(minutes(*[0] * 5, *[121] * 4, 9_999))
    assert found == Helped(cases=10, half=timedelta(minutes=15), nine_in_ten=timedelta(hours=3))
    slow = helped(minutes(*[60 * 49] * 5))
    assert slow is not None
    assert slow.half == slow.nine_in_ten == timedelta(days=3)


@given(st.lists(st.tuples(st.sampled_from("abcdefg"), st.timedeltas(timedelta(), timedelta(days=90))), max_size=30))
def test_times_never_tell_less_than_was_waited(waited: list[tuple[str, timedelta]]) -> None:
    found = helped(waited)
    assert (found is None) == (len(Counter(who for who, _ in waited)) < K)
    if found is not None:
        assert 2 * sum(span <= found.half for _, span in waited) >= found.cases
        assert 10 * sum(span <= found.nine_in_ten for _, span in waited) >= 9 * found.cases
