"""
The trajectories of newcomers and their tasks.

Whoever changes one holds its newcomer first (`held`), as with a case: days and reminders then move together.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, select, update

from bot.store.dialect import insert_or
from bot.store.holding import hold_people
from bot.store.ids import new_id
from bot.store.trajectory_rows import TaskRow, Told, TrajectoryEventRow, TrajectoryRow
from bot.store.trajectory_tables import (
    ACTIVE,
    ENDED,
    ESCALATES,
    GOES_ON,
    RESTS,
    reminders,
    template_versions,
    trajectories,
    trajectory_events,
    trajectory_tasks,
)
from bot.trajectory.keeping import as_json, from_json
from bot.trajectory.plan import State
from bot.trajectory.template import DeadlineKind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row, RowMapping

    from bot.store.keys import Keys
    from bot.trajectory.template import Template

SETTLED = frozenset({State.DONE, State.SKIPPED})

# Built once: they are asked for everybody who is reminded, and to build one costs more than to run it.
_ONE = select(trajectories).where(trajectories.c.id == bindparam("id"))
_WHOSE = select(trajectories.c.newcomer_id).where(trajectories.c.id == bindparam("id"))
_SET = update(trajectories).where(trajectories.c.id == bindparam("of"))
_PAST = (
    select(trajectories.c.id)
    .where(trajectories.c.ends < bindparam("today"))
    .order_by(trajectories.c.ends)
    .limit(bindparam("most"))
)
_OVER, _OVER_AND_RESTING = _PAST.where(ACTIVE), _PAST.where(RESTS)
_TASKS = select(trajectory_tasks).order_by(trajectory_tasks.c.id)
_ALL_TASKS = _TASKS.where(trajectory_tasks.c.trajectory_id == bindparam("trajectory"))
_THESE_TASKS = _TASKS.where(trajectory_tasks.c.id.in_(bindparam("ids", expanding=True)))
_SET_TASK = update(trajectory_tasks).where(trajectory_tasks.c.id == bindparam("of"))
_BEHIND = select(trajectory_tasks.c.task, trajectory_tasks.c.occurrence).where(
    trajectory_tasks.c.trajectory_id == bindparam("trajectory"),
    trajectory_tasks.c.state.in_(bindparam("states", expanding=True)),
)
_ESCALATING = (
    select(trajectory_tasks.c.id)
    .where(ESCALATES, trajectory_tasks.c.escalates_on <= bindparam("today"))
    .order_by(trajectory_tasks.c.escalates_on)
    .limit(bindparam("most"))
)
_VERSION = (template_versions.c.template == bindparam("template"), template_versions.c.digest == bindparam("digest"))
_KEPT = select(template_versions.c.id).where(*_VERSION)
_DOCUMENT = select(template_versions.c.document_json).where(template_versions.c.id == bindparam("id"))
# A kept template never changes, so it is read from its JSON once in a process.
_READ: dict[str, Template] = {}
_MOST_READ = 64


class Trajectories:
    """Who is in which trajectory, and how far they are."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._connection = connection
        self._keys = keys

    # ---- trajectories

    def begin(  # noqa: PLR0913  # what a trajectory is made of; all but whose it is goes by name
        self,
        newcomer_id: str,
        *,
        template: str,
        digest: str,
        started: date,
        ends: date,
        told: Told,
        actor: str,
        now: datetime,
    ) -> TrajectoryRow:
        """Put somebody in a trajectory, without tasks yet. The newcomer must be held, and in no other of this kind."""
        trajectory_id = new_id()
        values: dict[str, Any] = {
            "id": trajectory_id,
            "newcomer_id": newcomer_id,
            "template": template,
            "digest": digest,
            "started": started,
            "ends": ends,
            "state": "active",
            "created_at": now,
            "created_by": actor,
        }
        sealed = self._sealed(newcomer_id, trajectory_id, told)
        self._connection.execute(insert(trajectories).values(**values, told_sealed=sealed))
        return TrajectoryRow(**values, told=told, ended_at=None)

    def get(self, trajectory_id: str) -> TrajectoryRow | None:
        """Return one trajectory."""
        row = self._connection.execute(_ONE, {"id": trajectory_id}).one_or_none()
        return None if row is None else self._opened(row)

    def held(self, trajectory_id: str) -> TrajectoryRow | None:
        """Return one trajectory, with its newcomer and all their conversations held for this unit of work."""
        newcomer_id = self._connection.scalar(_WHOSE, {"id": trajectory_id})
        while newcomer_id is not None:
            hold_people(self._connection, newcomer_id)
            # They may have become another person while we waited; then that one is held too.
            now = self._connection.scalar(_WHOSE, {"id": trajectory_id})
            if now == newcomer_id:
                return self.get(trajectory_id)
            newcomer_id = now
        return None

    def hold(self, *newcomer_ids: str) -> None:
        """Keep other writers off these newcomers and their conversations until the end of the unit of work."""
        hold_people(self._connection, *newcomer_ids)

    def going_on(self, newcomer_id: str) -> list[TrajectoryRow]:
        """Return the trajectories that the newcomer is in, the first one first."""
        query = select(trajectories).where(trajectories.c.newcomer_id == newcomer_id, GOES_ON)
        return [self._opened(row) for row in self._connection.execute(query.order_by(trajectories.c.id)).all()]

    def of(self, newcomer_id: str) -> list[TrajectoryRow]:
        """Return every trajectory that the newcomer is or was in, the first one first."""
        query = select(trajectories).where(trajectories.c.newcomer_id == newcomer_id).order_by(trajectories.c.id)
        return [self._opened(row) for row in self._connection.execute(query).all()]

    def learn(self, trajectory: TrajectoryRow, told: Told) -> None:
        """Keep what is known of somebody now."""
        sealed = self._sealed(trajectory.newcomer_id, trajectory.id, told)
        self._set(trajectory.id, told_sealed=sealed)

    def follow(self, trajectory_id: str, digest: str, ends: date) -> None:
        """Record by which version of the template the days were counted."""
        self._set(trajectory_id, digest=digest, ends=ends)

    def end(self, trajectory_id: str, now: datetime) -> None:
        """Record that the trajectory is over."""
        self._set(trajectory_id, state="ended", ended_at=now)

    def rest(self, trajectory_id: str, state: str) -> None:
        """Record that the trajectory rests (`paused`), or goes on (`active`)."""
        self._set(trajectory_id, state=state)

    def over(self, today: date, limit: int) -> list[str]:
        """Return trajectories whose last day is past, the longest past first."""
        asked = {"today": today, "most": limit}
        # Asked apart: few rest, and most are found by an index of those that are active.
        found = [*self._connection.scalars(_OVER, asked), *self._connection.scalars(_OVER_AND_RESTING, asked)]
        return found[:limit]

    def drop_ended(self, before: datetime, *, limit: int) -> int:
        """Delete trajectories that ended before this moment, with all that was in them; return how many."""
        query = select(trajectories.c.id).where(ENDED, trajectories.c.ended_at < before)
        ids = self._connection.scalars(query.order_by(trajectories.c.ended_at).limit(limit)).all()
        if ids:
            for table in (reminders, trajectory_tasks, trajectory_events):
                self._connection.execute(delete(table).where(table.c.trajectory_id.in_(ids)))
            self._connection.execute(delete(trajectories).where(trajectories.c.id.in_(ids)))
        return len(ids)

    # ---- templates

    def keep_template(self, template: Template, now: datetime) -> None:
        """Keep a template as it is now: whoever's days were counted by it goes on with it."""
        if self._connection.scalar(_KEPT, {"template": template.id, "digest": template.digest}) is not None:
            return
        self._connection.execute(
            insert_or(self._connection, template_versions)
            .values(id=new_id(), template=template.id, digest=template.digest, document_json=as_json(template), at=now)
            .on_conflict_do_nothing(index_elements=["template", "digest"])
        )

    def template(self, trajectory: TrajectoryRow) -> Template | None:
        """Return the template as it was when this trajectory's days were counted; None when it was not kept."""
        which = self._connection.scalar(_KEPT, {"template": trajectory.template, "digest": trajectory.digest})
        if which is not None and which not in _READ:
            if len(_READ) >= _MOST_READ:
                _READ.clear()
            document = self._connection.execute(_DOCUMENT, {"id": which}).scalar_one()
            _READ[which] = from_json(document)
        return _READ.get(which or "")

    # ---- tasks

    def tasks(self, trajectory_id: str) -> list[TaskRow]:
        """Return the tasks of a trajectory, in the order in which they came into it."""
        found = self._connection.execute(_ALL_TASKS, {"trajectory": trajectory_id}).mappings()
        return [self._task(row) for row in found]

    def task(self, task_id: str) -> TaskRow | None:
        """Return one task."""
        return self.these(task_id).get(task_id)

    def these(self, *task_ids: str) -> dict[str, TaskRow]:
        """Return these tasks by their ids; there are never more than a person has."""
        found = self._connection.execute(_THESE_TASKS, {"ids": task_ids}).mappings()
        return {row["id"]: self._task(row) for row in found}

    def in_states(self, trajectory_id: str, states: Collection[State]) -> set[tuple[str, int]]:
        """Return what the tasks of a trajectory that are in one of these states are known by."""
        of = {"trajectory": trajectory_id, "states": [state.value for state in states]}
        return {(row.task, row.occurrence) for row in self._connection.execute(_BEHIND, of)}

    def add(self, trajectory: TrajectoryRow, tasks: Sequence[Mapping[str, Any]]) -> list[str]:
        """
        Put tasks in a trajectory; return their ids, in order.

        Each has `task`, `occurrence`, `kind`, `starts`, `due` and `limits` (days by the limit's name), and for a task
        of the coach's own `title` and `text`.
        """
        made = []
        for one in tasks:
            task_id = new_id()
            words = {name: one[name] for name in ("title", "text") if one.get(name)}
            made.append(
                {
                    "id": task_id,
                    "trajectory_id": trajectory.id,
                    "newcomer_id": trajectory.newcomer_id,
                    "task": one["task"],
                    "occurrence": one["occurrence"],
                    "state": State.OPEN.value,
                    "kind": one["kind"],
                    "starts": one["starts"],
                    "due": one["due"],
                    "limits_json": _days_out(one["limits"]),
                    "words_sealed": self._words(trajectory.newcomer_id, task_id, words),
                    "escalates_on": one.get("escalates_on"),
                }
            )
        if made:
            self._connection.execute(insert(trajectory_tasks), made)
        return [str(one["id"]) for one in made]

    def change(self, task_id: str, *, limits: Mapping[str, date] | None = None, **values: Any) -> None:
        """Change days and state of a task. Of a state give its value."""
        if limits is not None:
            values["limits_json"] = _days_out(limits)
        self._connection.execute(_SET_TASK, {"of": task_id, **values})

    def change_each(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Change the same columns of several tasks at once, by the id of each; `limits` are days, as in `change`."""
        rows = [
            {"of": task_id, **{name: value for name, value in values.items() if name != "limits"}}
            | ({"limits_json": _days_out(values["limits"])} if "limits" in values else {})
            for task_id, values in changes.items()
        ]
        if rows:
            self._connection.execute(_SET_TASK, rows)

    def give_reason(self, task: TaskRow, reason: str | None) -> None:
        """Keep why a task was skipped, sealed."""
        words = {name: value for name, value in (("title", task.title), ("text", task.text)) if value}
        words |= {"reason": reason} if reason else {}
        self.change(task.id, words_sealed=self._words(task.newcomer_id, task.id, words))

    def escalating(self, today: date, limit: int) -> list[str]:
        """Return tasks of which the coach has to hear that they are overdue, the longest overdue first."""
        return list(self._connection.scalars(_ESCALATING, {"today": today, "most": limit}))

    # ---- what happened

    def note(
        self,
        trajectory: TrajectoryRow,
        *,
        kind: str,
        actor: str,
        now: datetime,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Write down what happened. `detail` is not encrypted: names of tasks, days, counts, never anyone's words."""
        self._connection.execute(
            insert(trajectory_events).values(
                id=new_id(),
                trajectory_id=trajectory.id,
                newcomer_id=trajectory.newcomer_id,
                at=now,
                kind=kind,
                actor=actor,
                detail_json=dict(detail or {}),
            )
        )

    def events(self, trajectory_id: str) -> list[TrajectoryEventRow]:
        """Return what happened in a trajectory, in order."""
        query = select(trajectory_events).where(trajectory_events.c.trajectory_id == trajectory_id)
        rows = self._connection.execute(query.order_by(trajectory_events.c.at, trajectory_events.c.id)).all()
        return [TrajectoryEventRow(at=row.at, kind=row.kind, actor=row.actor, detail=row.detail_json) for row in rows]

    # ---- one person

    def keep_one_going(self, gone: str, stays: str, now: datetime) -> None:
        """
        End one of two trajectories of the same kind, before two newcomers become one person.

        The one that began first goes on. What was done or skipped in the other is so in this one too.
        """
        theirs = {row.template: row for row in self.going_on(stays)}
        for row in self.going_on(gone):
            other = theirs.get(row.template)
            if other is None:
                continue
            on, ends = sorted((row, other), key=lambda one: (one.created_at, one.id))
            self._settled_there_too(on, ends)
            self.end(ends.id, now)
            waiting = (reminders.c.trajectory_id == ends.id, reminders.c.state == "waiting")
            self._connection.execute(update(reminders).where(*waiting).values(state="ended", rule="joined"))
            over = trajectory_tasks.c.trajectory_id == ends.id
            self._connection.execute(update(trajectory_tasks).where(over).values(escalates_on=None))

    def _settled_there_too(self, on: TrajectoryRow, ends: TrajectoryRow) -> None:
        settled = {task.key: task for task in self.tasks(ends.id) if task.state in SETTLED}
        for task in self.tasks(on.id):
            other = settled.get(task.key)
            if other is not None and task.under_way:
                by, at = other.settled_by, other.settled_at
                self.change(task.id, state=other.state.value, settled_by=by, settled_at=at, escalates_on=None)
                waiting = (reminders.c.task_id == task.id, reminders.c.state == "waiting")
                self._connection.execute(update(reminders).where(*waiting).values(state="ended", rule="settled"))

    # ---- parts

    def _set(self, trajectory_id: str, **values: object) -> None:
        self._connection.execute(_SET, {"of": trajectory_id, **values})

    def _sealed(self, newcomer_id: str, trajectory_id: str, told: Told) -> bytes:
        key = self._keys.of_newcomer(newcomer_id)
        place = {"table": "trajectories", "column": "told_sealed", "row": trajectory_id}
        return self._keys.seal_json(told.as_json(), key, **place)

    def _words(self, newcomer_id: str, task_id: str, words: Mapping[str, Any]) -> bytes | None:
        if not words:
            return None
        key = self._keys.of_newcomer(newcomer_id)
        return self._keys.seal_json(words, key, table="trajectory_tasks", column="words_sealed", row=task_id)

    def _opened(self, row: Row[*tuple[Any, ...]]) -> TrajectoryRow:
        key = self._keys.of_newcomer(row.newcomer_id)
        place = {"table": "trajectories", "column": "told_sealed", "row": row.id}
        told = Told.from_json(self._keys.open_json(row.told_sealed, key, **place))
        same = {name: getattr(row, name) for name in _TRAJECTORY_AS_IT_IS}
        return TrajectoryRow(**same, told=told)

    def _task(self, row: RowMapping) -> TaskRow:
        same = dict(row)
        limits, sealed = same.pop("limits_json"), same.pop("words_sealed")
        words: Mapping[str, Any] = {}
        if sealed is not None:
            key = self._keys.of_newcomer(same["newcomer_id"])
            place = {"table": "trajectory_tasks", "column": "words_sealed", "row": same["id"]}
            words = self._keys.open_json(sealed, key, **place)
        same["state"], same["kind"] = State(same["state"]), DeadlineKind(same["kind"])
        return TaskRow(
            **same,
            limits={name: date.fromisoformat(day) for name, day in limits.items()},
            reason=words.get("reason"),
            title=words.get("title"),
            text=words.get("text"),
        )


_TRAJECTORY_AS_IT_IS = tuple(column.name for column in trajectories.columns if column.name != "told_sealed")


def _days_out(limits: Mapping[str, date]) -> dict[str, str]:
    return {name: day.isoformat() for name, day in limits.items()}
