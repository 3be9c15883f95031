"""People in a trajectory, many at once, for stories about how many they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from bot.store.tables import cases
from bot.store.trajectory_rows import Told
from bot.store.trajectory_tables import reminder_messages
from tests.store.trajectories import a_nudge, a_task
from tests.trajectory.small import task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.runtime import Runtime
    from bot.store.rows import Writing
    from bot.store.trajectory_rows import TrajectoryRow
    from bot.store.work import Work

MONDAY = date(2026, 11, 23)
THEN = datetime(2026, 11, 22, 23, tzinfo=UTC)  # when that Monday begins in Amsterdam
BEFORE = THEN - timedelta(days=60)
LATE, ON_TIME = MONDAY - timedelta(days=1), MONDAY
_NUMBERS = count()


def with_calls(runtime: Runtime) -> Runtime:
    """The same assistant; besides insurance its trajectory asks everybody for a call."""
    knowledge = runtime.knowledge
    year = knowledge.trajectories["year"]
    both = replace(year, tasks={**year.tasks, "call": task("call")})
    return replace(runtime, knowledge=replace(knowledge, trajectories={"year": both}))


def person(work: Work, coach: str | None = None) -> Writing:
    """Somebody who wrote, in the group of this coach."""
    writing = work.newcomers.writing_from("terminal", f"counted {next(_NUMBERS)}", now=BEFORE, language="ar")
    if coach is not None:
        work.newcomers.set_coach(writing.newcomer.id, coach)
    return writing


def enrolled(
    work: Work,
    whose: Writing,
    due: Mapping[str, date | None],
    *,
    template: str = "small",
    now: datetime = BEFORE,
) -> TrajectoryRow:
    """Put them in a trajectory with tasks that are due on these days; `task#1` is its second time."""
    row = work.trajectories.begin(
        whose.newcomer.id,
        template=template,
        digest="counted",
        started=now.date(),
        ends=date(2027, 11, 23),
        told=Told(),
        actor="newcomer",
        now=now,
    )
    tasks = [a_task(name.partition("#")[0], int(name.partition("#")[2] or 0), due=day) for name, day in due.items()]
    work.trajectories.add(row, tasks)
    return row


def settled(work: Work, trajectory: TrajectoryRow, name: str, state: str, at: datetime) -> None:
    """Have something become of a task at this moment."""
    found = next(one for one in work.trajectories.tasks(trajectory.id) if one.task == name)
    work.trajectories.change(found.id, state=state, settled_at=at, settled_by="newcomer")


def reminded(
    work: Work, whose: Writing, trajectory: TrajectoryRow, at: datetime, answered_after: timedelta | None = None
) -> None:
    """Send one message that reminds of every task of a trajectory; they answer it so long after it."""
    tasks = work.trajectories.tasks(trajectory.id)
    work.reminders.add(whose.newcomer.id, trajectory.id, [(one.id, a_nudge(one.task), at) for one in tasks])
    ids = [one.id for one in work.reminders.of_trajectory(trajectory.id) if one.state == "waiting"]
    where: Any = {"newcomer_id": whose.newcomer.id, "conversation_id": whose.conversation.id}
    message = work.reminders.sent(ids, **where, outbox_id="", tasks=len(ids), now=at)
    if answered_after is not None:
        here = update(reminder_messages).where(reminder_messages.c.id == message)
        work.connection.execute(here.values(answered_at=at + answered_after))


def asked(  # noqa: PLR0913  # whose, how long, of which team, why, when
    work: Work,
    whose: Writing,
    waited: timedelta | None,
    *,
    team: str = "form_team",
    reason: str = "asked",
    at: datetime = BEFORE,
) -> None:
    """Open a case of theirs, and have the team answer it first after so long."""
    case = work.cases.open(
        whose.newcomer.id,
        whose.conversation.id,
        reason=reason,
        priority="normal",
        topic=None,
        question_id=None,
        language="ar",
        summary=None,
        now=at,
        team=team,
    )
    ended = {"state": "closed", "closed_at": at, "first_answered_at": at + waited if waited is not None else None}
    work.connection.execute(update(cases).where(cases.c.id == case.id).values(**ended))
