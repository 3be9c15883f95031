"""
A task falls due: the newcomer is reminded, politely; the coach hears what stays undone; a trajectory that is over ends.

A reminder is found by one indexed read, and goes out in one unit of work with its newcomer held: what is said, the row
that says so and the reminders' own state are stored together. Killed before that, it is found again; after it, it went.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.domain.clock import local_day
from bot.domain.turn import Say
from bot.guide import RESTS, end, plan_of, planned_for
from bot.handoff.case import OVERDUE
from bot.log import place_of
from bot.naming import choices_for, choices_for_any, dutch_title, line_of, listed, title_of, words
from bot.say import window_is_open
from bot.store.errors import DatabaseAwayError
from bot.suit import ways_for
from bot.tasks import REMINDER
from bot.team import remember, team_of_coach, voice_to
from bot.trajectory.plan import State, waits_for
from bot.trajectory.reminders import (
    QUIET_AFTER_CRISIS,
    WEEK,
    Circumstances,
    Nudge,
    Why,
    digest,
    next_moment,
    reason_to_hold,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from bot.domain.turn import SlotValue
    from bot.runtime import Runtime
    from bot.say import Voice
    from bot.store.rows import NewcomerRow
    from bot.store.trajectory_rows import ReminderRow, TaskRow, TrajectoryRow
    from bot.store.work import Work
    from bot.trajectory.plan import Planned
    from bot.trajectory.reminders import Digest, Line

log = structlog.get_logger()

AT_ONCE = 100
# When reminders are looked at again that could not be.
TRY_AGAIN = timedelta(hours=1)
TIME = "time"
LONGEST_REASON = 64
ONE, MANY, OVER = "utter_reminder_one", "utter_reminder_many", "utter_overdue"
CAUTION = "utter_reminder_legal"
# Tasks that were done, skipped, or wait only for the coach's eye: what comes after them may be said.
BEHIND = frozenset({State.DONE, State.SKIPPED, State.AWAITING})


def remind_due(runtime: Runtime, limit: int = AT_ONCE) -> int:
    """Send the reminders that are due, or wind them on with the rule that holds them; return for how many people."""
    now = runtime.clock.now()
    ids = runtime.database.read(lambda work: work.reminders.due(now, limit))
    for newcomer_id in ids:
        try:
            runtime.database.write(partial(_remind, runtime, newcomer_id))
        except DatabaseAwayError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it was, the others must not wait for this one
            log.warning("not reminded", error=type(error).__name__, place=place_of(error))
            runtime.database.write(partial(_later, newcomer_id, now))
    return len(ids)


def _later(newcomer_id: str, now: datetime, work: Work) -> None:
    rows = work.reminders.due_for(newcomer_id, now)
    work.reminders.wind([row.id for row in rows], now + TRY_AGAIN, "failed")


# ---- one person


@dataclass(frozen=True, kw_only=True)
class Due:
    """A reminder whose moment has come, with the task it is of. The nudge's task is known by the id of its row."""

    row: ReminderRow
    task: TaskRow
    planned: Planned
    nudge: Nudge
    waits_for: frozenset[str]
    resting: bool


def _remind(runtime: Runtime, newcomer_id: str, work: Work) -> None:
    work.trajectories.hold(newcomer_id)
    newcomer = work.newcomers.get(newcomer_id)
    now = runtime.clock.now()
    rows = work.reminders.due_for(newcomer_id, now)
    if newcomer is None or newcomer.status == "erasing" or not rows:
        return
    around = around_of(work, newcomer, now)
    due = {one.row.id: one for one in _due(runtime, work, rows)}
    while due:
        passing = [one for one in due.values() if _may_go(work, one, around)]
        if not passing:
            return
        first, *_ = digest(one.nudge for one in passing)
        nudges = {nudge for line in first.lines for nudge in line.nudges}
        going = [one for one in passing if one.nudge in nudges]
        sent = _say(runtime, work, newcomer_id, first, {one.task.id: one for one in going})
        if sent is None:
            tomorrow = next_moment(now + timedelta(days=1))
            work.reminders.wind([one.row.id for one in passing], tomorrow, "unreachable")
            return
        conversation_id, outbox_id = sent
        work.reminders.sent(
            [one.row.id for one in going],
            newcomer_id=newcomer_id,
            conversation_id=conversation_id,
            outbox_id=outbox_id,
            tasks=len(first.lines),
            now=now,
        )
        # What is left makes another message, which the rules hold like any other.
        around = replace(around, sent=(*around.sent, now))
        due = {one.row.id: one for one in passing if one not in going}


def _due(runtime: Runtime, work: Work, rows: Sequence[ReminderRow]) -> Iterator[Due]:
    """Yield what is due of trajectories that go on, or rest; the others' is ended."""
    for trajectory_id in dict.fromkeys(row.trajectory_id for row in rows):
        trajectory = work.trajectories.get(trajectory_id)
        theirs = [row for row in rows if row.trajectory_id == trajectory_id]
        if trajectory is None or trajectory.state == "ended":
            work.reminders.end([row.id for row in theirs], "ended")
            continue
        yield from _due_in(runtime, work, trajectory, theirs)


def _due_in(runtime: Runtime, work: Work, trajectory: TrajectoryRow, rows: Sequence[ReminderRow]) -> Iterator[Due]:
    tasks = work.trajectories.these(*{row.task_id for row in rows})
    made = plan_of(runtime, work, trajectory, only={task.task for task in tasks.values()})
    behind = work.trajectories.in_states(trajectory.id, BEHIND)
    for row in rows:
        task = tasks[row.task_id]
        planned = planned_for(task, made)
        if planned is None:
            work.reminders.end([row.id], "dropped")
            continue
        if planned.task.by_session and work.group_sessions.is_invited(
            trajectory.newcomer_id, template=trajectory.template, task=task.task, number=task.occurrence
        ):
            # Who is invited hears of the session itself, with its hour and place: see `bot/announce.py`.
            work.reminders.end([row.id], "session")
            continue
        yield Due(
            row=row,
            task=task,
            planned=planned,
            nudge=Nudge(
                task=replace(planned.task, id=task.id),
                occurrence=task.occurrence,
                day=row.day,
                why=row.why,
                on=row.about,
                kind=row.kind,
                limit=row.limit_id,
            ),
            waits_for=waits_for(planned.task, made, behind),
            resting=trajectory.state == RESTS,
        )


def around_of(work: Work, newcomer: NewcomerRow, now: datetime) -> Circumstances:
    """Return what is so around every reminder of this person."""
    quiet = now - QUIET_AFTER_CRISIS
    crises = (work.cases.last_crisis(newcomer.id), work.inbox.last_crisis(newcomer.id, quiet))
    return Circumstances(
        now=now,
        stopped=newcomer.status == "stopped",
        crisis_at=max((moment for moment in crises if moment is not None), default=None),
        with_person=any(one.route == "human" for one in work.conversations.of(newcomer.id)),
        sent=work.reminders.sent_since(newcomer.id, now - WEEK - timedelta(days=1)),
    )


def _may_go(work: Work, due: Due, around: Circumstances) -> bool:
    """Return whether this reminder may go out now; one that may not is wound on, or ended, with the rule."""
    task = due.task
    so = replace(
        around,
        state=task.state,
        applies=due.planned.applies,
        waits_for=due.waits_for,
        resting=due.resting,
        paused_until=task.paused_until,
        escalated=task.escalated_at is not None,
    )
    held = reason_to_hold(due.nudge, so)
    if held is None:
        return True
    if held.until is None:
        work.reminders.end([due.row.id], held.rule)
    else:
        work.reminders.wind([due.row.id], held.until, held.rule)
    return False


# ---- the message


def _say(
    runtime: Runtime, work: Work, newcomer_id: str, what: Digest, due: Mapping[str, Due]
) -> tuple[str, str] | None:
    """Say it where the person wants reminders; return in which conversation and outbox row, None when all is shut."""
    where = work.newcomers.reminder_conversation(newcomer_id)
    voice = voice_to(runtime, work, where) if where else None
    if where is None or voice is None:
        return None
    if not window_is_open(runtime, work, where, voice.now) and REMINDER in runtime.knowledge.content.templates:
        voice.say_template(REMINDER, min(nudge.on for line in what.lines for nudge in line.nudges), bulk=True)
    else:
        voice.say(said_of(voice, what, due), bulk=True)
        remember(voice)
    assert voice.last is not None
    return where, voice.last


def said_of(voice: Voice, what: Digest, due: Mapping[str, Due]) -> Say:
    """Return a reminder in words. `due` goes by the id of a task's row."""
    if len(what.lines) == 1:
        (line,) = what.lines
        return _one(voice, line, due[line.task.id])
    lines = [
        line_of(voice, _title(voice, due[line.task.id], hidden=line.hidden), min(nudge.on for nudge in line.nudges))
        for line in what.lines
    ]
    return Say(response=MANY, extra={"task_list": listed(lines)}, choices=choices_for_any())


def _one(voice: Voice, line: Line, due: Due) -> Say:
    today = local_day(voice.now)
    nudge = min(line.nudges, key=lambda one: one.on)
    choices = choices_for(due.task.id, due.planned.task.question or None)
    extra: dict[str, SlotValue] = {"task_day": nudge.on, "is_hidden": line.hidden}
    if not line.hidden:
        choices = (*choices, *ways_for(voice, due.task.newcomer_id, (due.task.task,)))
        extra |= {"task_title": _title(voice, due, hidden=False), "task_why": _why(voice, due, nudge)}
    is_over = nudge.on < today and nudge.why is not Why.LIMIT
    return Say(response=OVER if is_over else ONE, extra=extra, choices=choices)


def _title(voice: Voice, due: Due, *, hidden: bool) -> str:
    return title_of(voice, due.task.task, due.task.title, hidden=hidden)


def _why(voice: Voice, due: Due, nudge: Nudge) -> str:
    """Return what to do and why: of a last day what happens on it; of a day of the law that a person can check it."""
    limits = {dated.limit.id: dated.limit.note for dated in due.planned.limits}
    name = limits.get(nudge.limit or "") or due.planned.task.why
    known = voice.runtime.knowledge.content.responses
    parts = [words(voice, name)] if name in known else [due.task.text or ""]
    parts += [words(voice, CAUTION)] if nudge.kind == "legal" else []
    return listed(part for part in parts if part)


# ---- what stays undone


def escalate_due(runtime: Runtime, limit: int = AT_ONCE) -> int:
    """Give the coach's team what is overdue, each task once; return how many."""
    now = runtime.clock.now()
    ids = runtime.database.read(lambda work: work.trajectories.escalating(local_day(now), limit))
    for task_id in ids:
        runtime.database.write(partial(_escalate, runtime, task_id))
    return len(ids)


def _escalate(runtime: Runtime, task_id: str, work: Work) -> None:
    task = work.trajectories.task(task_id)
    row = work.trajectories.held(task.trajectory_id) if task else None
    task = work.trajectories.task(task_id)
    now = runtime.clock.now()
    if task is None or row is None or task.escalates_on is None or task.escalates_on > local_day(now):
        return
    work.trajectories.change(task.id, escalates_on=None, escalated_at=now)
    newcomer = work.newcomers.get(row.newcomer_id)
    if newcomer is None or newcomer.status == "erasing" or row.state == "ended" or not task.under_way:
        return
    conversations = work.conversations.of(newcomer.id)
    where = work.newcomers.reminder_conversation(newcomer.id) or conversations[0].id
    planned = planned_for(task, plan_of(runtime, work, row, only={task.task}))
    question = planned.task.question if planned else None
    known = runtime.knowledge.content.questions.get(question or "")
    work.cases.open(
        newcomer.id,
        where,
        reason=f"{OVERDUE}{task.task}"[:LONGEST_REASON],
        priority="normal",
        topic=known.topic if known else None,
        question_id=question or None,
        language=newcomer.language,
        summary=dutch_title(runtime, task),
        now=now,
        actor=TIME,
        team=team_of_coach(runtime, work, newcomer),
    )
    detail = {"task": task.task, "number": task.occurrence}
    work.trajectories.note(row, kind="overdue", actor=TIME, now=now, detail=detail)


# ---- over


def end_over(runtime: Runtime, limit: int = AT_ONCE) -> int:
    """End the trajectories whose last day is past, in the daytime, because it is said; return how many."""
    now = runtime.clock.now()
    if next_moment(now) != now:
        return 0
    ids = runtime.database.read(lambda work: work.trajectories.over(local_day(now), limit))
    for trajectory_id in ids:
        runtime.database.write(partial(_end, runtime, trajectory_id))
    return len(ids)


def _end(runtime: Runtime, trajectory_id: str, work: Work) -> None:
    end(runtime, work, trajectory_id, actor=TIME)
