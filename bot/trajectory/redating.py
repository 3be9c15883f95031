"""Re-dating: a running trajectory meets a new plan. What moves, comes and goes, and what must be told. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.trajectory.plan import UNDER_WAY, State
from bot.trajectory.template import DeadlineKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from bot.trajectory.plan import Plan, Planned


@dataclass(frozen=True, kw_only=True)
class Standing:
    """
    A task as it is kept for somebody.

    `pinned`: the coach set the day by hand, so it does not follow its anchor any more. `limits` are days by the id of
    the limit; a limit without a date is left out.
    """

    task: str
    occurrence: int = 0
    state: State = State.OPEN
    kind: DeadlineKind
    due: date | None
    pinned: bool = False
    limits: Mapping[str, date] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, int]:
        """What it is known by."""
        return self.task, self.occurrence


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A day that is another one now; None while unknown. `limit` names the limit when it is not the due day."""

    task: str
    occurrence: int
    old: date | None
    new: date | None
    kind: DeadlineKind
    limit: str | None = None

    @property
    def key(self) -> tuple[str, int]:
        """The task it is about."""
        return self.task, self.occurrence


@dataclass(frozen=True, kw_only=True)
class Changes:
    """
    What a new plan does to the tasks that are kept.

    `legal_moved` are the days of the law among all that moved: they are always told, to the newcomer and to the coach.
    So is a legal task among `dropped`. `unchanged` holds what is done, too.
    """

    moved: tuple[Moved, ...] = ()
    legal_moved: tuple[Moved, ...] = ()
    added: tuple[Planned, ...] = ()
    dropped: tuple[Standing, ...] = ()
    unchanged: tuple[Standing, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.moved or self.legal_moved or self.added or self.dropped)

    @property
    def legal_dropped(self) -> tuple[Standing, ...]:
        """The tasks of the law that had a day and are no longer asked."""
        return tuple(one for one in self.dropped if one.kind is DeadlineKind.LEGAL and one.due is not None)


def changes(standing: Sequence[Standing], plan: Plan) -> Changes:
    """
    Return what is to be changed so that the tasks of somebody follow the plan.

    What is done or skipped stays as it was. A day that the coach pinned stays, unless it is one of the law: that one
    follows its anchor and is told. A task whose condition is unknown is kept, so that it can be asked.
    """
    wanted = {one.key: one for one in plan.tasks if one.applies is not False}
    kept = {one.key: one for one in standing}
    moved: list[Moved] = []
    dropped: list[Standing] = []
    unchanged: list[Standing] = []
    for one in standing:
        new = wanted.get(one.key)
        if one.state in UNDER_WAY and new is None:
            dropped.append(one)
            continue
        found = list(_moved(one, new)) if new is not None and one.state in UNDER_WAY else []
        moved += found
        # What was dropped and is wanted again comes back below.
        if not found and not (new is not None and one.state is State.DROPPED):
            unchanged.append(one)
    added = [one for key, one in wanted.items() if key not in kept or kept[key].state is State.DROPPED]
    return Changes(
        moved=tuple(one for one in moved if one.kind is not DeadlineKind.LEGAL),
        legal_moved=tuple(one for one in moved if one.kind is DeadlineKind.LEGAL),
        added=tuple(added),
        dropped=tuple(dropped),
        unchanged=tuple(unchanged),
    )


def _moved(one: Standing, new: Planned) -> Iterator[Moved]:
    stays = one.pinned and new.kind is not DeadlineKind.LEGAL
    if one.due != new.due and not stays:
        yield Moved(task=one.task, occurrence=one.occurrence, old=one.due, new=new.due, kind=new.kind)
    days = limit_days(new)
    kinds = {dated.limit.id: dated.limit.kind for dated in new.limits}
    for name in sorted({*days, *one.limits}):
        if one.limits.get(name) != days.get(name):
            yield Moved(
                task=one.task,
                occurrence=one.occurrence,
                old=one.limits.get(name),
                new=days.get(name),
                # A limit that the template no longer has may have been the law's: better told once too often.
                kind=kinds.get(name, DeadlineKind.LEGAL),
                limit=name,
            )


def limit_days(planned: Planned) -> dict[str, date]:
    """Return the days of the limits that have one, by the limit's id."""
    return {dated.limit.id: dated.on for dated in planned.limits if dated.on is not None}


def as_standing(planned: Planned) -> Standing:
    """Return a planned task as it is kept from now on."""
    return Standing(
        task=planned.task.id,
        occurrence=planned.occurrence,
        kind=planned.kind,
        due=planned.due,
        limits=limit_days(planned),
    )


def applied(standing: Sequence[Standing], found: Changes) -> tuple[Standing, ...]:
    """Return the tasks after the changes."""
    dropped = {one.key for one in found.dropped}
    added = {one.key: as_standing(one) for one in found.added}
    moved: dict[tuple[str, int], list[Moved]] = {}
    for one in (*found.moved, *found.legal_moved):
        moved.setdefault(one.key, []).append(one)
    after = [
        replace(one, state=State.DROPPED) if one.key in dropped else _after(one, moved.get(one.key, []))
        for one in standing
        if one.key not in added
    ]
    return (*after, *added.values())


def _after(one: Standing, moved: Sequence[Moved]) -> Standing:
    limits = dict(one.limits)
    due, pinned = one.due, one.pinned
    for move in moved:
        if move.limit is None:
            # A pinned day only moves when the law moved it, and then it follows the law again.
            due, pinned = move.new, False
        elif move.new is None:
            limits.pop(move.limit, None)
        else:
            limits[move.limit] = move.new
    return replace(one, due=due, pinned=pinned, limits=limits)
