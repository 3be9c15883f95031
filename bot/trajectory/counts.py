"""
Counts of people in a trajectory, and which of them may be shown: of fewer than five people nothing is told. Pure.

A group is the people of one team in one trajectory. **A row** parts the whole group: so many are late, so many are not,
and the rest, whom it does not concern. It is shown only when each of these, the rest too, is at least `K` people, and
else nothing of it: whoever knows how many the group are can work out one part that is left out from the others. A rest
of nobody is told only of what is for everybody, because of anything else it says what is so of each of them. Zero is
a small number here: "nobody" and "all" tell something of everyone. **A total** over the teams is shown only where the
same number of every team is, so it never tells anything that they do not. **Places** of one municipality, which part
its people, are told all or not at all; where one of them has too few people, their sum is. **Steps**, rows of which
each counts those of the one before among its late, are told only where each step is `K` people too. Who looks, and
what they filter by, chooses which groups they see, and never changes a number.

What this protects against: whoever adds and subtracts all that is shown, to anybody, of one week, and knows these
rules, can bring no number of people that is left out below `K`, but for the size of a group of which the page itself
says that it is smaller. A task's people are among those of its layer; that helps them no further.

What it does not: what changes from one week to the next (the numbers are as things stood on the last Monday, so at
least a week of changes lies between two of them, but one person may be all of it), and what somebody of the team knows
anyway. Within the week they change where the past does: a day that is moved, another coach, somebody erased.

Source: Handbook on Statistical Disclosure Control, https://sdctools.github.io/HandbookSDC/, chapters 4 (secondary
suppression, what can be worked out from totals) and 5 (threshold rule, group disclosure).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from bot.trajectory.template import ALWAYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from bot.trajectory.template import Task, Template

T = TypeVar("T")

# Fewer people than this are never told of.
K = 5


@dataclass(frozen=True, kw_only=True)
class Row:
    """
    How a group parts: `late` and `on_time` with a layer or task; of reminders who answered none yet, and who did.

    `rest` is the rest of the group. `for_all`: it concerns everybody, so that a rest of nobody tells nothing.
    """

    late: int
    on_time: int
    rest: int
    for_all: bool = False

    @property
    def people(self) -> int:
        """The whole group."""
        return self.late + self.on_time + self.rest


@dataclass(frozen=True, kw_only=True)
class ShownRow:
    """What is shown of a row."""

    late: int
    on_time: int


@dataclass(frozen=True, kw_only=True)
class Group:
    """
    The people of one team in one trajectory, now and before, and how they part by layer, task and reminders.

    Or of one place: who had a place at what was held there and who only waited for one, and how they part by who came.
    Nobody is both.
    """

    enrolled: int = 0
    ended: int = 0
    rows: Mapping[str, Row] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ShownGroup:
    """What may be told of a group: None where it may not. Every row has its place, so that a gap tells nothing."""

    enrolled: int | None
    ended: int | None
    rows: Mapping[str, ShownRow | None]


# ---- what may be told


def may_show(group: Group, k: int = K) -> ShownGroup:
    """Return what may be told of one group."""
    enough = group.enrolled >= k
    return ShownGroup(
        enrolled=group.enrolled if enough else None,
        ended=group.ended if group.ended >= k else None,
        rows={name: _row(row, k) if enough else None for name, row in group.rows.items()},
    )


def together(groups: Sequence[ShownGroup]) -> ShownGroup:
    """Return the totals of groups with the same rows: where one of them is not told, its total is not either."""
    return ShownGroup(
        enrolled=_sum(one.enrolled for one in groups),
        ended=_sum(one.ended for one in groups),
        rows={name: _rows([one.rows[name] for one in groups]) for name in (groups[0].rows if groups else ())},
    )


def parted(places: Mapping[T, Group], k: int = K) -> tuple[Mapping[T, ShownGroup], ShownGroup]:
    """
    Return what may be told of each place, and of all of them: each only where every one has enough people.

    Where not, nothing is told of any of them, and of all what may be told of their people together. So a place that is
    too small cannot be found from the others.
    """
    if len(places) > 1 and all(one.enrolled >= k for one in places.values()):
        shown = {name: may_show(one, k) for name, one in places.items()}
        return shown, together(list(shown.values()))
    return {}, may_show(_added(list(places.values())), k)


def in_steps(group: Group, k: int = K) -> ShownGroup:
    """
    Return what may be told of a group whose rows are steps: who is late in one is late in all after it.

    What two rows differ by is a number of people too: a row that would tell a small one is left out.
    """
    shown, rows, before = may_show(group, k), {}, 0
    for name, row in shown.rows.items():
        is_told = row is not None and row.late - before >= k
        rows[name] = row if is_told else None
        before = row.late if row is not None and is_told else before
    return ShownGroup(enrolled=shown.enrolled, ended=shown.ended, rows=rows)


def _added(groups: Sequence[Group]) -> Group:
    names = groups[0].rows if groups else ()
    return Group(
        enrolled=sum(one.enrolled for one in groups),
        ended=sum(one.ended for one in groups),
        rows={
            name: Row(
                late=sum(one.rows[name].late for one in groups),
                on_time=sum(one.rows[name].on_time for one in groups),
                rest=sum(one.rows[name].rest for one in groups),
                for_all=all(one.rows[name].for_all for one in groups),
            )
            for name in names
        },
    )


def _row(row: Row, k: int) -> ShownRow | None:
    rest_tells = 0 < row.rest < k or (row.rest == 0 and not row.for_all)
    return None if min(row.late, row.on_time) < k or rest_tells else ShownRow(late=row.late, on_time=row.on_time)


def _sum(numbers: Iterable[int | None]) -> int | None:
    total = 0
    for number in numbers:
        if number is None:
            return None
        total += number
    return total


def _rows(rows: Sequence[ShownRow | None]) -> ShownRow | None:
    late = _sum(None if row is None else row.late for row in rows)
    on_time = _sum(None if row is None else row.on_time for row in rows)
    return None if late is None or on_time is None else ShownRow(late=late, on_time=on_time)


# ---- what is counted


def as_of(today: date) -> date:
    """Return the Monday of this week: what is counted is how things stood when it began, in Amsterdam."""
    return today - timedelta(days=today.weekday())


def can_be_late(task: Task) -> bool:
    """Return whether a task can be overdue at all: not what closes, may rest, or is done with the group."""
    return not (task.closes or task.by_session or (task.recurrence is not None and task.recurrence.may_pause))


def rows_of(template: Template) -> tuple[Mapping[str, bool], Mapping[str, bool]]:
    """Return the layers and the tasks that are counted, in order, and whether each is for everybody."""
    tasks = {name: task for name, task in template.tasks.items() if can_be_late(task)}
    for_all = {name: task.applies_if == ALWAYS for name, task in tasks.items()}
    layers = {
        layer: any(for_all[name] for name, task in tasks.items() if task.layer == layer)
        for layer in template.layers
        if any(task.layer == layer for task in tasks.values())
    }
    return layers, for_all


# ---- how soon somebody is helped


@dataclass(frozen=True, kw_only=True)
class Helped:
    """How long so many questions waited for a person's first answer: half of them no longer, nine of ten no longer."""

    cases: int
    half: timedelta
    nine_in_ten: timedelta


def helped(waited: Sequence[tuple[str, timedelta]], k: int = K) -> Helped | None:
    """
    Return how soon people were helped, from who asked and how long each question waited; None of fewer than `k` people.

    Rounded up (to a quarter of an hour; after two hours to an hour, after two days to a day), because the ninth of ten
    questions is one person's.
    """
    if len({who for who, _ in waited}) < k:
        return None
    spans = sorted(span for _, span in waited)
    return Helped(cases=len(spans), half=_rounded(_at(spans, 5)), nine_in_ten=_rounded(_at(spans, 9)))


_STEPS = (
    (timedelta(hours=2), timedelta(minutes=15)),
    (timedelta(days=2), timedelta(hours=1)),
    (timedelta.max, timedelta(days=1)),
)


def _at(spans: Sequence[timedelta], tenths: int) -> timedelta:
    """Return the shortest span that so many tenths of them do not exceed."""
    return next(span for place, span in enumerate(spans, start=1) if 10 * place >= tenths * len(spans))


def _rounded(span: timedelta) -> timedelta:
    step = next(step for most, step in _STEPS if span <= most)
    return max(-(-span // step), 1) * step
