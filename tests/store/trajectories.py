"""What a trajectory in the store is made of, for stories about it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from bot.store.trajectory_rows import Told
from bot.trajectory.reminders import Nudge, Why
from bot.trajectory.template import DeadlineKind
from tests.trajectory.small import STARTED, task

if TYPE_CHECKING:
    from bot.store.trajectory_rows import TrajectoryRow
    from bot.store.work import Work

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
DUE = date(2026, 11, 30)


def begun(work: Work, newcomer_id: str, *, template: str = "small", told: Told | None = None) -> TrajectoryRow:
    """Somebody is in a trajectory, with no task yet."""
    return work.trajectories.begin(
        newcomer_id,
        template=template,
        digest="of the small template",
        started=STARTED,
        ends=date(2027, 11, 23),
        told=told or Told(),
        actor="newcomer",
        now=NOW,
    )


def a_task(name: str, occurrence: int = 0, **others: Any) -> dict[str, Any]:
    days = {"starts": STARTED, "due": DUE, "limits": {}}
    return {"task": name, "occurrence": occurrence, "kind": "programme", **days, **others}


def a_nudge(name: str, day: date = DUE, why: Why = Why.DUE) -> Nudge:
    return Nudge(task=task(name), occurrence=0, day=day, why=why, on=DUE, kind=DeadlineKind.PROGRAMME)
