"""A template as JSON and back: a trajectory goes on with the template it began with until somebody says otherwise."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bot.trajectory.template import (
    DeadlineKind,
    Layer,
    Limit,
    Offset,
    Recurrence,
    Repeats,
    Task,
    Template,
    Track,
    Unit,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


def as_json(template: Template) -> dict[str, Any]:
    """Return the template in JSON's values."""
    # A list, because a JSON object need not keep the order in which people do the tasks.
    return asdict(template) | {"tasks": [asdict(task) for task in template.tasks.values()]}


def from_json(value: Mapping[str, Any]) -> Template:
    """Return the template that `as_json` described."""
    tasks = [_task(one) for one in value["tasks"]]
    layers = {
        name: Layer(id=name, starts=_offset(one["starts"]), ends=_offset(one["ends"]))
        for name, one in value["layers"].items()
    }
    return Template(**{**value, "layers": layers, "tasks": {task.id: task for task in tasks}})


def _task(value: Mapping[str, Any]) -> Task:
    recurrence = value["recurrence"]
    made = {
        "start": _offset(value["start"]),
        "due": _offset(value["due"]),
        "kind": DeadlineKind(value["kind"]),
        "track": Track(value["track"]),
        "limits": tuple(_limit(one) for one in value["limits"]),
        "recurrence": None if recurrence is None else _recurrence(recurrence),
    }
    listed = {name: tuple(value[name]) for name in ("reminder_days", "depends_on", "who_helps")}
    return Task(**{**value, **made, **listed})


def _limit(value: Mapping[str, Any]) -> Limit:
    made = {
        "offset": _offset(value["offset"]),
        "kind": DeadlineKind(value["kind"]),
        "reminder_days": tuple(value["reminder_days"]),
    }
    return Limit(**{**value, **made})


def _recurrence(value: Mapping[str, Any]) -> Recurrence:
    offsets = {name: None if value[name] is None else _offset(value[name]) for name in ("every", "until")}
    return Recurrence(kind=Repeats(value["kind"]), may_pause=value["may_pause"], **offsets)


def _offset(value: Mapping[str, Any]) -> Offset:
    return Offset(amount=value["amount"], unit=Unit(value["unit"]))
