"""
A newcomer's trajectory: it begins, gets its days, moves, ends.

All of it happens in the caller's unit of work: rows, reminders and what is said are stored together. Who may do it is
asked before (the desk: `bot/coach.py`; the chat: a turn). `voice` is the turn's; without one the newcomer hears it
where their reminders go.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bot.domain.clock import local_day
from bot.domain.turn import Choice, Say
from bot.naming import line_of, listed, title_of
from bot.store.trajectory_rows import Told
from bot.team import remember, voice_to
from bot.trajectory.catching_up import CatchUp, catch_up
from bot.trajectory.escalation import escalates_on
from bot.trajectory.plan import UNDER_WAY, Planned, State, plan
from bot.trajectory.redating import Changes, applied, changes, limit_days
from bot.trajectory.reminders import Nudge, Why, first_moment, moments
from bot.trajectory.template import DeadlineKind, Offset, Task

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from bot.domain.turn import SlotValue
    from bot.runtime import Runtime
    from bot.say import Voice
    from bot.store.trajectory_rows import ReminderRow, TaskRow, TrajectoryRow
    from bot.store.work import Work
    from bot.trajectory.plan import Plan
    from bot.trajectory.redating import Moved
    from bot.trajectory.template import Template

NEWCOMER = "newcomer"
# How many newcomers a coach guides.
GROUP_SIZE = 5
# A task of the coach's own: no template knows it, so no plan moves it.
OWN = "own"
OWN_REMINDERS = (-1, 0, 3)
# Who begins late, or is told late of a day, first gets this long to do it before the coach hears that it is overdue.
GRACE = timedelta(days=7)
# A trajectory counts as begun late after this long.
LATE = timedelta(days=14)
# A trajectory that somebody lets rest, and the button that takes it up again.
RESTS = "paused"
GO_ON, GO_ON_BUTTON = "/tasks go_on", "utter_task_button_go_on"
PAUSED, RESUMED = "utter_trajectory_paused", "utter_trajectory_resumed"
WELCOME, CATCH_UP, MOVED, ENDED = (
    "utter_trajectory_welcome",
    "utter_trajectory_catch_up",
    "utter_dates_moved",
    "utter_tasks_ended",
)


class Refusal(StrEnum):
    """Why nothing changed."""

    NOBODY = "nobody"  # gone, or leaving
    UNKNOWN_TEMPLATE = "unknown_template"
    ALREADY_IN = "already_in"
    NOT_GOING_ON = "not_going_on"
    UNKNOWN_NAME = "unknown_name"  # no anchor, condition or layer of this trajectory
    NO_TASK = "no_task"
    RESTS = "rests"  # already
    DOES_NOT_REST = "does_not_rest"
    SETTLED = "settled"  # it is not open any more, or not waiting for the coach
    DAY_OF_THE_LAW = "day_of_the_law"  # it follows what it counts from, and nobody pins it
    NEEDS_A_DAY = "needs_a_day"  # the coach's own task counts from nothing
    OUT_OF_CALENDAR = "out_of_calendar"


class Settled(StrEnum):
    """What somebody says of a task."""

    DONE = "done"
    NOT_FOR_ME = "not_for_me"


@dataclass(frozen=True, kw_only=True)
class Begun:
    """Somebody is in a trajectory now. `late`: its days began to count a while ago."""

    trajectory: TrajectoryRow
    changes: Changes
    catch_up: CatchUp
    late: bool


# ---- begin and end


def enrol(  # noqa: PLR0913  # who, in what, since when, what is known, by whom
    runtime: Runtime,
    work: Work,
    newcomer_id: str,
    template: str,
    *,
    started: date,
    actor: str,
    anchors: Mapping[str, date] | None = None,
    conditions: Mapping[str, bool] | None = None,
    voice: Voice | None = None,
) -> Begun | Refusal:
    """Put somebody in a trajectory and tell them: a welcome, or one list of what still matters when they start late."""
    found = runtime.knowledge.trajectories.get(template)
    work.trajectories.hold(newcomer_id)
    newcomer = work.newcomers.get(newcomer_id)
    if newcomer is None or newcomer.status == "erasing":
        return Refusal.NOBODY
    if found is None:
        return Refusal.UNKNOWN_TEMPLATE
    if any(row.template == template for row in work.trajectories.going_on(newcomer_id)):
        return Refusal.ALREADY_IN
    told = Told(anchors=_known(found, anchors or {}), conditions=dict(conditions or {}))
    now = runtime.clock.now()
    made = _plan(work, newcomer_id, found, told, started)
    if made is None:
        return Refusal.OUT_OF_CALENDAR
    work.trajectories.keep_template(found, now)
    row = work.trajectories.begin(
        newcomer_id,
        template=found.id,
        digest=found.digest,
        started=started,
        ends=made.ends,
        told=told,
        actor=actor,
        now=now,
    )
    changed = _follow(work, row, found, made, now, begins=True)
    work.trajectories.note(row, kind="begun", actor=actor, now=now, detail={"started": started.isoformat()})
    today = local_day(now)
    still = catch_up(made, today)
    begun = Begun(trajectory=row, changes=changed, catch_up=still, late=today - started >= LATE)
    _tell(runtime, work, newcomer_id, voice, lambda speaking: _welcome(speaking, found, begun))
    return begun


def end(
    runtime: Runtime, work: Work, trajectory_id: str, *, actor: str, voice: Voice | None = None
) -> TrajectoryRow | Refusal:
    """End a trajectory: nothing of it is reminded of any more. What was done stays readable for a while."""
    row = _going_on(work, trajectory_id)
    if isinstance(row, Refusal):
        return row
    now = runtime.clock.now()
    work.trajectories.end(row.id, now)
    work.reminders.end_all(row.id, "ended")
    for task in work.trajectories.tasks(row.id):
        if task.escalates_on is not None:
            work.trajectories.change(task.id, escalates_on=None)
    work.trajectories.note(row, kind="ended", actor=actor, now=now)
    _tell(runtime, work, row.newcomer_id, voice, lambda speaking: speaking.say(Say(response=ENDED)))
    return row


def pause(
    runtime: Runtime, work: Work, trajectory_id: str, *, actor: str, voice: Voice | None = None
) -> TrajectoryRow | Refusal:
    """
    Let a trajectory rest until somebody takes it up, and tell the newcomer.

    Its days stay. Only those of the law are still reminded of, and brought to the coach when they are overdue.
    """
    row = _going_on(work, trajectory_id)
    if isinstance(row, Refusal):
        return row
    if row.state == RESTS:
        return Refusal.RESTS
    resting = _set_state(runtime, work, row, RESTS, actor)
    choices = (Choice(payload=GO_ON, response=GO_ON_BUTTON),)
    _tell(runtime, work, row.newcomer_id, voice, lambda speaking: speaking.say(Say(response=PAUSED, choices=choices)))
    return resting


def resume(
    runtime: Runtime, work: Work, trajectory_id: str, *, actor: str, voice: Voice | None = None
) -> TrajectoryRow | Refusal:
    """Take up a trajectory that rested: one list of what matters now, and no reminder of the days that passed."""
    row = _going_on(work, trajectory_id)
    if isinstance(row, Refusal):
        return row
    if row.state != RESTS:
        return Refusal.DOES_NOT_REST
    active = _set_state(runtime, work, row, "active", actor)
    settled = [task.key for task in work.trajectories.tasks(row.id) if not task.under_way]
    still = catch_up(plan_of(runtime, work, active), local_day(runtime.clock.now()), settled=settled)
    _tell(runtime, work, row.newcomer_id, voice, lambda speaking: _say_resumed(speaking, still))
    return active


def _set_state(runtime: Runtime, work: Work, row: TrajectoryRow, state: str, actor: str) -> TrajectoryRow:
    now = runtime.clock.now()
    work.trajectories.rest(row.id, state)
    changed = replace(row, state=state)
    _wind(work, changed, plan_of(runtime, work, changed), now, begins=state != RESTS)
    work.trajectories.note(changed, kind="paused" if state == RESTS else "resumed", actor=actor, now=now)
    return changed


# ---- what is known


def tell(  # noqa: PLR0913  # what was told, by whom
    runtime: Runtime,
    work: Work,
    trajectory_id: str,
    *,
    actor: str,
    anchors: Mapping[str, date | None] | None = None,
    conditions: Mapping[str, bool | None] | None = None,
    voice: Voice | None = None,
) -> Changes | Refusal:
    """
    Take up days and answers that somebody told, and re-date every open task; None forgets one.

    What moves is told to the newcomer, and written down for the coach.
    """

    def learn(template: Template, told: Told) -> Told | None:
        names = {*template.anchors, *template.conditions}
        if not {*(anchors or {}), *(conditions or {})} <= names:
            return None
        days = {name: day for name, day in {**told.anchors, **(anchors or {})}.items() if day is not None}
        answers = {name: yes for name, yes in {**told.conditions, **(conditions or {})}.items() if yes is not None}
        return replace(told, anchors=_known(template, days), conditions=answers)

    said = {"told": sorted({*(anchors or {}), *(conditions or {})})}
    return _redate(runtime, work, trajectory_id, learn, kind="told", actor=actor, detail=said, voice=voice)


def ask_no_more(work: Work, trajectory: TrajectoryRow, name: str) -> None:
    """Record that the person was asked for this and did not tell it: it is not asked again by itself."""
    work.trajectories.learn(trajectory, replace(trajectory.told, asked=trajectory.told.asked | {name}))


def move_layer(  # noqa: PLR0913  # which layer, by how much, by whom
    runtime: Runtime, work: Work, trajectory_id: str, layer: str, days: int, *, actor: str
) -> Changes | Refusal:
    """Have a layer begin so many days later than its template says; days of the law and of good practice stay."""

    def learn(template: Template, told: Told) -> Told | None:
        if layer not in template.layers:
            return None
        return replace(told, layer_shifts={**told.layer_shifts, layer: days})

    said = {"layer": layer, "days": days}
    return _redate(runtime, work, trajectory_id, learn, kind="layer_moved", actor=actor, detail=said)


def redate(runtime: Runtime, work: Work, trajectory_id: str, *, actor: str, quietly: bool = False) -> Changes | Refusal:
    """
    Count the days anew, after something outside the trajectory changed: a session of the group.

    `quietly`: the newcomer hears what moved in other words.
    """
    return _redate(
        runtime, work, trajectory_id, lambda _, told: told, kind="redated", actor=actor, detail={}, quietly=quietly
    )


def follow_template(
    runtime: Runtime, work: Work, trajectory_id: str, *, actor: str, preview: bool = True
) -> Changes | Refusal:
    """
    Have a running trajectory follow its template as an author changed it; with `preview` only say what that would do.

    Until then it goes on with the template it was counted by.
    """
    row = _going_on(work, trajectory_id)
    if isinstance(row, Refusal):
        return row
    template = runtime.knowledge.trajectories.get(row.template)
    if template is None:
        return Refusal.UNKNOWN_TEMPLATE
    made = _plan(work, row.newcomer_id, template, row.told, row.started)
    if made is None:
        return Refusal.OUT_OF_CALENDAR
    if preview:
        return changes([task.standing for task in work.trajectories.tasks(row.id) if task.task != OWN], made)
    now = runtime.clock.now()
    work.trajectories.keep_template(template, now)
    changed = _follow(work, row, template, made, now)
    work.trajectories.note(row, kind="template_followed", actor=actor, now=now, detail=_counted(changed))
    _tell_what_moved(runtime, work, row, template, changed, None, now, actor)
    return changed


def has_changed(runtime: Runtime, trajectory: TrajectoryRow) -> bool:
    """Return whether an author changed the template since this trajectory's days were counted."""
    template = runtime.knowledge.trajectories.get(trajectory.template)
    return template is not None and template.digest != trajectory.digest


# ---- one task


def pin(runtime: Runtime, work: Work, task_id: str, due: date | None, *, actor: str) -> TaskRow | Refusal:
    """Set a task's day by hand; None lets it follow what it counts from again. A day of the law is not pinned."""
    found = _open_task(work, task_id)
    if isinstance(found, Refusal):
        return found
    row, task = found
    if task.kind is DeadlineKind.LEGAL:
        return Refusal.DAY_OF_THE_LAW
    now = runtime.clock.now()
    if task.task == OWN:
        if due is None:
            return Refusal.NEEDS_A_DAY
        work.trajectories.change(task.id, due=due)
    else:
        work.trajectories.change(task.id, due=due if due is not None else task.due, pinned=due is not None)
    template = template_of(runtime, work, row)
    made = _plan(work, row.newcomer_id, template, row.told, row.started)
    assert made is not None  # it was counted before
    _follow(work, row, template, made, now)
    detail = {"task": task.task, "number": task.occurrence, "due": due.isoformat() if due else None}
    work.trajectories.note(row, kind="pinned", actor=actor, now=now, detail=detail)
    return _task(work, task.id)


def add_own_task(  # noqa: PLR0913  # what the coach wrote, and when it is due
    runtime: Runtime, work: Work, trajectory_id: str, *, title: str, text: str, due: date, actor: str
) -> TaskRow | Refusal:
    """Add a task in the coach's own words; it has reminders as any other."""
    row = _going_on(work, trajectory_id)
    if isinstance(row, Refusal):
        return row
    now = runtime.clock.now()
    number = max((task.occurrence for task in work.trajectories.tasks(row.id) if task.task == OWN), default=0) + 1
    what = {"task": OWN, "occurrence": number, "kind": DeadlineKind.ADVISED.value, "limits": {}}
    (task_id,) = work.trajectories.add(
        row, [what | {"starts": local_day(now), "due": due, "title": title.strip(), "text": text.strip()}]
    )
    _wind(work, row, None, now)
    detail = {"number": number, "due": due.isoformat()}
    work.trajectories.note(row, kind="task_added", actor=actor, now=now, detail=detail)
    return _task(work, task_id)


def settle(  # noqa: PLR0913  # what is said of which task, by whom, why
    runtime: Runtime,
    work: Work,
    task_id: str,
    what: Settled,
    *,
    actor: str,
    reason: str | None = None,
    offer: str | None = None,
) -> TaskRow | Refusal:
    """
    Take a task for done, or as not for this person; its reminders end.

    Where the template asks for the coach's eye, "done" by the newcomer waits for it. What is not for somebody is not
    for them any other time either. `reason` is why the coach skips it; `offer` is the id of what they took part in, and
    so did it: the coach sees that.
    """
    found = _open_task(work, task_id)
    if isinstance(found, Refusal):
        return found
    row, task = found
    now = runtime.clock.now()
    known = template_of(runtime, work, row).tasks.get(task.task)
    if what is Settled.DONE:
        waits = actor == NEWCOMER and known is not None and known.confirm
        state = State.AWAITING if waits else State.DONE
        those = [task]
    else:
        state = State.SKIPPED
        those = [one for one in work.trajectories.tasks(row.id) if one.task == task.task and one.under_way]
        those = [task] if task.task == OWN else those
    for one in those:
        _settled(work, one, state, actor, now, reason)
    work.reminders.end_for([one.id for one in those], "settled")
    detail = {"task": task.task, "number": task.occurrence, **({"offer": offer} if offer else {})}
    work.trajectories.note(row, kind=state.value, actor=actor, now=now, detail=detail)
    return _task(work, task.id)


def skip(runtime: Runtime, work: Work, task_id: str, reason: str, *, actor: str) -> TaskRow | Refusal:
    """Let the coach skip a task, with the reason, which is kept sealed."""
    return settle(runtime, work, task_id, Settled.NOT_FOR_ME, actor=actor, reason=reason)


def confirm(runtime: Runtime, work: Work, task_id: str, *, actor: str, accepted: bool = True) -> TaskRow | Refusal:
    """Let the coach confirm that a task is done, or give it back as open."""
    row = _row_of(work, task_id)
    task = work.trajectories.task(task_id)
    if isinstance(row, Refusal) or task is None:
        return Refusal.NO_TASK
    if task.state is not State.AWAITING:
        return Refusal.SETTLED
    now = runtime.clock.now()
    if accepted:
        _settled(work, task, State.DONE, actor, now, None)
    else:
        work.trajectories.change(task.id, state=State.OPEN.value, settled_at=None, settled_by=None)
        template = template_of(runtime, work, row)
        _wind(work, row, _plan(work, row.newcomer_id, template, row.told, row.started), now)
    detail = {"task": task.task, "number": task.occurrence}
    work.trajectories.note(row, kind="confirmed" if accepted else "given_back", actor=actor, now=now, detail=detail)
    return _task(work, task.id)


def put_off(runtime: Runtime, work: Work, task_id: str, until: date, *, actor: str) -> TaskRow | Refusal:
    """
    Have nothing said of a task until this day (`date.max`: never); what it is due stays.

    When no reminder is left to come, one comes on that day.
    """
    found = _open_task(work, task_id)
    if isinstance(found, Refusal):
        return found
    row, task = found
    now = runtime.clock.now()
    work.trajectories.change(task.id, paused_until=until)
    if until < date.max:
        _once_more(runtime, work, row, task, until)
    detail = {"task": task.task, "number": task.occurrence, "until": until.isoformat()}
    work.trajectories.note(row, kind="put_off", actor=actor, now=now, detail=detail)
    return _task(work, task.id)


# ---- what the others ask


def template_of(runtime: Runtime, work: Work, trajectory: TrajectoryRow) -> Template:
    """Return the template by which this trajectory's days were counted."""
    current = runtime.knowledge.trajectories.get(trajectory.template)
    if current is not None and current.digest == trajectory.digest:
        return current
    kept = work.trajectories.template(trajectory)
    assert kept is not None  # it is kept before anything is counted by it
    return kept


def plan_of(runtime: Runtime, work: Work, trajectory: TrajectoryRow, *, only: Collection[str] | None = None) -> Plan:
    """Return a trajectory's plan as it was counted; with `only` of these tasks and what they wait for."""
    template = template_of(runtime, work, trajectory)
    if only is not None:
        known = [template.tasks[name] for name in only if name in template.tasks]
        only = {*only, *(first for task in known for first in task.depends_on)}
    made = _plan(work, trajectory.newcomer_id, template, trajectory.told, trajectory.started, only)
    assert made is not None  # it was counted before
    return made


def planned_for(task: TaskRow, made: Plan | None) -> Planned | None:
    """Return a task as its plan has it; None when the plan has it no more."""
    if task.task == OWN:
        return own_task(task)
    return next((one for one in made.tasks if one.key == task.key), None) if made else None


def own_task(task: TaskRow) -> Planned:
    """Return a task of the coach's own as a plan would have it."""
    nothing = Offset(amount=0)
    what = Task(
        id=OWN,
        layer="",
        anchor="",
        start=nothing,
        due=nothing,
        kind=task.kind,
        question="",
        reminder_days=OWN_REMINDERS,
        order=task.occurrence,
    )
    return Planned(task=what, occurrence=task.occurrence, starts=task.starts, due=task.due, kind=task.kind)


# ---- days and reminders


def _redate(  # noqa: PLR0913  # which, what is learnt, and how it is written down
    runtime: Runtime,
    work: Work,
    trajectory_id: str,
    learn: Any,  # from the template and what is known to what is known now; None: no such name
    *,
    kind: str,
    actor: str,
    detail: Mapping[str, Any],
    voice: Voice | None = None,
    quietly: bool = False,
) -> Changes | Refusal:
    row = _going_on(work, trajectory_id)
    if isinstance(row, Refusal):
        return row
    template = template_of(runtime, work, row)
    told: Told | None = learn(template, row.told)
    if told is None:
        return Refusal.UNKNOWN_NAME
    made = _plan(work, row.newcomer_id, template, told, row.started)
    if made is None:
        return Refusal.OUT_OF_CALENDAR
    now = runtime.clock.now()
    work.trajectories.learn(row, told)
    changed = _follow(work, row, template, made, now)
    work.trajectories.note(row, kind=kind, actor=actor, now=now, detail={**detail, **_counted(changed)})
    if not quietly:
        _tell_what_moved(runtime, work, row, template, changed, voice, now, actor)
    return changed


def _known(template: Template, anchors: Mapping[str, date]) -> dict[str, date]:
    """Return the days that somebody can tell; the start and the days of the calendar are none of them."""
    return {name: day for name, day in anchors.items() if template.anchors.get(name) is not None}


def _plan(  # noqa: PLR0913, PLR0917  # whose, by what, what is known
    work: Work,
    newcomer_id: str,
    template: Template,
    told: Told,
    started: date,
    only: Collection[str] | None = None,
) -> Plan | None:
    sessions: dict[str, dict[int, date]] = {}
    for session, _ in work.group_sessions.for_newcomer(newcomer_id):
        if session.template == template.id and session.state != "cancelled":
            sessions.setdefault(session.task, {})[session.number] = local_day(session.at)
    try:
        return plan(
            template,
            told.anchors,
            told.conditions,
            started=started,
            layer_shifts=told.layer_shifts,
            sessions=sessions,
            only=only,
        )
    except OverflowError:
        return None


def _follow(  # noqa: PLR0913, PLR0917  # which, by what, when
    work: Work, row: TrajectoryRow, template: Template, made: Plan, now: datetime, begins: bool = False
) -> Changes:
    """Bring the tasks that are kept, and their reminders, in line with a plan; return what that changed."""
    kept = {task.key: task for task in work.trajectories.tasks(row.id) if task.task != OWN}
    found = changes([task.standing for task in kept.values()], made)
    after = {one.key: one for one in applied([task.standing for task in kept.values()], found)}
    planned = {one.key: one for one in made.tasks}
    added = {one.key for one in found.added}
    dropped = {one.key for one in found.dropped}
    moved: dict[str, dict[str, Any]] = {}
    for key, task in kept.items():
        if key in dropped:
            work.trajectories.change(task.id, state=State.DROPPED.value, settled_at=now, escalates_on=None)
        elif key in planned and (task.under_way or key in added):
            days: dict[str, Any] = {
                "state": after[key].state.value,
                "kind": planned[key].kind.value,
                "starts": planned[key].starts,
                "due": after[key].due,
                "pinned": after[key].pinned,
            }
            as_kept = {"state": task.state.value, "kind": task.kind.value}
            as_kept |= {name: getattr(task, name) for name in ("starts", "due", "pinned")}
            if days != as_kept or dict(after[key].limits) != dict(task.limits):
                settled = (None, None) if key in added else (task.settled_at, task.settled_by)
                again = {"settled_at": settled[0], "settled_by": settled[1]}
                moved[task.id] = {"limits": after[key].limits, **days, **again}
    work.trajectories.change_each(moved)
    work.reminders.end_for([kept[key].id for key in dropped], "dropped")
    work.trajectories.add(row, [_as_row(one) for one in found.added if one.key not in kept])
    work.trajectories.follow(row.id, template.digest, made.ends)
    _wind(work, row, made, now, begins=begins)
    return found


def _as_row(one: Planned) -> dict[str, Any]:
    return {
        "task": one.task.id,
        "occurrence": one.occurrence,
        "kind": one.kind.value,
        "starts": one.starts,
        "due": one.due,
        "limits": limit_days(one),
    }


def _wind(work: Work, row: TrajectoryRow, made: Plan | None, now: datetime, *, begins: bool = False) -> None:
    """
    Have every open task reminded of on the days it wants, and the coach hear of it in time; what went out stays.

    Without a plan only the coach's own tasks are looked at. Of who just begins nothing is said on the same day: they
    have read it all. No reminder is made of a day that is past; but one that waits since then (for a Monday, or because
    somebody had five this week) and is still wanted, stays, unless the plan begins or is taken up again.
    """
    today = local_day(now)
    first = today + timedelta(days=1) if begins else today
    wanted: dict[tuple[object, ...], tuple[str, Nudge]] = {}
    looked_at: set[str] = set()
    plans = {one.key: one for one in made.tasks} if made else {}
    kept: dict[tuple[object, ...], ReminderRow] = {one.key: one for one in work.reminders.of_trajectory(row.id)}
    heard_on: dict[str, dict[str, Any]] = {}
    for task in work.trajectories.tasks(row.id):
        one = own_task(task) if task.task == OWN else plans.get(task.key)
        if one is None and made is None:
            continue
        looked_at.add(task.id)
        # Who rests hears of days of the law only, and so does the coach.
        resting = row.state == RESTS and task.kind is not DeadlineKind.LEGAL
        heard_on |= _set_escalation(task, None if resting else one, today)
        if one is None or task.state is not State.OPEN:
            continue
        nudges = [*moments(one, due=task.due)]
        if task.paused_until is not None and task.paused_until < date.max:
            # The day until which they put it off was their own wish, and may be the last that is said of it.
            last = _on_the_day(one, task, task.paused_until)
            is_last = all(nudge.day < today for nudge in nudges)
            nudges += [last] if is_last or _key(task.id, last) in kept else []
        wanted |= {_key(task.id, nudge): (task.id, nudge) for nudge in nudges}
    work.trajectories.change_each(heard_on)
    kept = {key: found for key, found in kept.items() if found.task_id in looked_at}
    to_come = {key: found for key, found in wanted.items() if found[1].day >= first}
    stays = to_come if begins else wanted
    work.reminders.drop([found.id for key, found in kept.items() if key not in stays and found.state == "waiting"])
    for key, row_of_it in kept.items():
        if key in to_come and row_of_it.state == "ended":
            work.reminders.again(row_of_it.id, first_moment(to_come[key][1]))
    missing = [(task_id, nudge, first_moment(nudge)) for key, (task_id, nudge) in to_come.items() if key not in kept]
    work.reminders.add(row.newcomer_id, row.id, missing)


def _set_escalation(task: TaskRow, one: Planned | None, today: date) -> dict[str, dict[str, Any]]:
    """Return when the coach hears that this task is overdue, by its id, where that is another day now."""
    day = escalates_on(one, task.state, due=task.due) if one is not None and task.under_way else None
    if day is not None and task.escalated_at is not None and day <= local_day(task.escalated_at):
        return {}  # they have heard of it
    if day is not None and day <= today and task.escalates_on != day:
        # It is told only now that it is late: first there is time to do it. A day that was set before stays.
        day = task.escalates_on or today + GRACE
    return {} if day == task.escalates_on else {task.id: {"escalates_on": day, "escalated_at": None}}


def _once_more(runtime: Runtime, work: Work, row: TrajectoryRow, task: TaskRow, day: date) -> None:
    """Have a task that somebody put off reminded of on that day, when nothing of it is left to come."""
    if any(one.state == "waiting" for one in work.reminders.of_task(task.id)):
        return
    one = planned_for(task, plan_of(runtime, work, row, only={task.task}))
    if one is None:
        return
    nudge = _on_the_day(one, task, day)
    if all(kept.key != _key(task.id, nudge) for kept in work.reminders.of_task(task.id)):
        work.reminders.add(row.newcomer_id, row.id, [(task.id, nudge, first_moment(nudge))])


def _on_the_day(one: Planned, task: TaskRow, day: date) -> Nudge:
    """Return the reminder of a task on the day until which somebody put it off."""
    due = task.due or day
    why = Why.BEFORE if day < due else Why.DUE if day == due else Why.AFTER
    return Nudge(task=one.task, occurrence=one.occurrence, day=day, why=why, on=due, kind=task.kind)


def _key(task_id: str, nudge: Nudge) -> tuple[object, ...]:
    """Return what a reminder is known by, as `ReminderRow.key`."""
    return task_id, nudge.day, nudge.why, nudge.on, nudge.limit


def _settled(  # noqa: PLR0913, PLR0917  # what became of it, by whom, when, why
    work: Work, task: TaskRow, state: State, actor: str, now: datetime, reason: str | None
) -> None:
    on = task.escalates_on if state is State.AWAITING else None
    work.trajectories.change(task.id, state=state.value, settled_at=now, settled_by=actor, escalates_on=on)
    if reason:
        work.trajectories.give_reason(task, reason)


# ---- finding


def _going_on(work: Work, trajectory_id: str) -> TrajectoryRow | Refusal:
    row = work.trajectories.held(trajectory_id)
    return Refusal.NOT_GOING_ON if row is None or row.state == "ended" else row


def _row_of(work: Work, task_id: str) -> TrajectoryRow | Refusal:
    task = work.trajectories.task(task_id)
    return Refusal.NO_TASK if task is None else _going_on(work, task.trajectory_id)


def _open_task(work: Work, task_id: str) -> tuple[TrajectoryRow, TaskRow] | Refusal:
    row = _row_of(work, task_id)
    task = work.trajectories.task(task_id)
    if isinstance(row, Refusal) or task is None:
        return row if isinstance(row, Refusal) else Refusal.NO_TASK
    return (row, task) if task.state in UNDER_WAY else Refusal.SETTLED


def _task(work: Work, task_id: str) -> TaskRow:
    task = work.trajectories.task(task_id)
    assert task is not None
    return task


# ---- saying it


def _tell(runtime: Runtime, work: Work, newcomer_id: str, voice: Voice | None, say: Any) -> None:
    """Say it in the turn that is going on, else where the person's reminders go; not to who has not agreed yet."""
    if voice is not None:
        say(voice)
        return
    newcomer = work.newcomers.get(newcomer_id)
    where = work.newcomers.reminder_conversation(newcomer_id)
    speaking = voice_to(runtime, work, where) if where and newcomer and newcomer.consent_at else None
    if speaking is not None:
        say(speaking)
        remember(speaking)


def _welcome(voice: Voice, template: Template, begun: Begun) -> None:
    if not begun.late or not begun.catch_up.now:
        voice.say(Say(response=WELCOME, extra={"trajectory": title_of_trajectory(voice, template)}))
        return
    voice.say(Say(response=CATCH_UP, extra={"task_list": _listed_now(voice, begun.catch_up)}))


def _say_resumed(voice: Voice, still: CatchUp) -> None:
    extra: dict[str, SlotValue] = {"task_list": _listed_now(voice, still)} if still.now else {}
    voice.say(Say(response=RESUMED, extra=extra))


def _listed_now(voice: Voice, still: CatchUp) -> str:
    today = local_day(voice.now)
    return listed(
        line_of(voice, title_of(voice, one.task.id, hidden=one.task.sensitive), next_day(one, today))
        for one in still.now
    )


def title_of_trajectory(voice: Voice, template: Template) -> str:
    """Return what a trajectory is called."""
    return voice.runtime.renderer.words(template.title, voice.language, voice.second_language)


def next_day(one: Planned, today: date, due: date | None = None) -> date | None:
    """Return the next day that counts for a task: when it is due, or an earlier last day; the past one when none is."""
    days = [day for day in (due or one.due, *(dated.on for dated in one.limits)) if day is not None]
    ahead = [day for day in days if day >= today]
    return min(ahead, default=max(days, default=None))


def _tell_what_moved(  # noqa: PLR0913, PLR0917  # what moved in which, and who did it
    runtime: Runtime,
    work: Work,
    row: TrajectoryRow,
    template: Template,
    found: Changes,
    voice: Voice | None,
    now: datetime,
    actor: str,
) -> None:
    """Say which days are other ones now: to the newcomer in words, to the coach as an event. Never silently."""
    legal = [*found.legal_moved]
    if legal or found.legal_dropped:
        detail = {
            "moved": [_as_detail(one) for one in legal if one.old is not None],
            "dropped": [[one.task, one.occurrence] for one in found.legal_dropped],
        }
        work.trajectories.note(row, kind="legal_moved", actor=actor, now=now, detail=detail)
    # A day that nobody knew before has not moved.
    moved = [one for one in (*legal, *found.moved) if one.old is not None]
    if moved or found.legal_dropped:
        _tell(runtime, work, row.newcomer_id, voice, lambda speaking: _say_moved(speaking, template, moved, found))


def _say_moved(voice: Voice, template: Template, moved: Sequence[Moved], found: Changes) -> None:
    lines = [
        line_of(voice, _name(voice, template, one.task), one.new, is_limit=one.limit is not None)
        for one in _the_first(moved)
    ]
    lines += [line_of(voice, _name(voice, template, one.task), None) for one in found.legal_dropped]
    voice.say(Say(response=MOVED, extra={"task_list": listed(lines), "is_legal": bool(found.legal_moved)}))


MOST_MOVED = 7


def _the_first(moved: Iterable[Moved]) -> list[Moved]:
    """Return what is told of what moved: each task once, and its day of the law; those first and all of them."""
    each: dict[tuple[tuple[str, int], bool], Moved] = {}
    for one in moved:
        each.setdefault((one.key, one.kind is DeadlineKind.LEGAL), one)
    legal = [one for one in each.values() if one.kind is DeadlineKind.LEGAL]
    others = [one for one in each.values() if one.kind is not DeadlineKind.LEGAL]
    return [*legal, *others[: max(0, MOST_MOVED - len(legal))]]


def _name(voice: Voice, template: Template, task: str) -> str:
    known = template.tasks.get(task)
    return title_of(voice, task, hidden=known is not None and known.sensitive)


def _as_detail(one: Moved) -> list[Any]:
    days = [day.isoformat() if day else None for day in (one.old, one.new)]
    return [one.task, one.occurrence, one.limit, *days]


def _counted(found: Changes) -> dict[str, int]:
    return {
        "moved": len(found.moved) + len(found.legal_moved),
        "added": len(found.added),
        "dropped": len(found.dropped),
    }
