"""Somebody says something of their tasks in the chat: done, later, help, my tasks; what is asked for their plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from bot.domain.clock import local_day
from bot.domain.turn import Choice, OpenCase, Priority, Say
from bot.flows.dialogue import Asking
from bot.guide import (
    GO_ON,
    GO_ON_BUTTON,
    GROUP_SIZE,
    NEWCOMER,
    RESTS,
    Refusal,
    Settled,
    ask_no_more,
    enrol,
    next_day,
    plan_of,
    planned_for,
    put_off,
    resume,
    settle,
    tell,
    template_of,
)
from bot.handoff.case import Role
from bot.naming import MINE, dutch_title, line_of, listed, title_of, words
from bot.store.enrol_codes import MARK
from bot.store.links import Refused
from bot.suit import ways_for
from bot.team import take_on
from bot.trajectory.plan import State
from bot.trajectory.template import DeadlineKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.domain.turn import SlotValue
    from bot.say import Voice
    from bot.store.rows import ConversationRow, NewcomerRow
    from bot.store.trajectory_rows import EnrolCodeRow, TaskRow, TrajectoryRow
    from bot.trajectory.plan import Plan, Planned

# What fits in a list that is read to the end; a list of choices holds ten.
MOST_SHOWN = 7
MOST_CHOICES = 9
# So many short questions are asked in a row; the others follow when somebody asks for them, or by the coach.
MOST_ASKED = 5
# What begins later than this is not asked about yet.
SOON = timedelta(days=30)
# A day of the law this near makes a call for help urgent.
NEAR = timedelta(days=7)
# Nobody puts a task off for longer.
LONGEST = timedelta(days=366)
NO_TRAJECTORY, NO_TASKS, MY_TASKS = "utter_no_trajectory", "utter_my_tasks_none", "utter_my_tasks"
WHICH: Mapping[str, str] = {
    "done": "utter_which_task_done",
    "later": "utter_which_task_later",
    "help": "utter_which_task_help",
    "not_for_me": "utter_which_task_done",
}
# The template of content/whatsapp_templates.yml that names a day and no task.
REMINDER = "reminder"
QUESTIONS = "utter_task_button_questions"
YES, NO, UNKNOWN = "utter_task_button_yes", "utter_task_button_no", "utter_task_button_unknown"
UNTIL: Mapping[str, str] = {
    "tomorrow": "utter_task_button_tomorrow",
    "week": "utter_task_button_week",
    "day": "utter_task_button_day",
}
PAPER_BUTTON, CALENDAR_BUTTON = "utter_task_button_paper", "utter_task_button_calendar"


@dataclass(frozen=True, kw_only=True)
class Open:
    """A task that somebody can do now or soon, with the day that counts for it."""

    row: TaskRow
    planned: Planned
    day: date | None
    begun: bool

    def title(self, voice: Voice) -> str:
        """Return what it is called."""
        return title_of(voice, self.row.task, self.row.title)


# ---- my tasks


def show(voice: Voice, newcomer_id: str) -> None:
    """Say what is next and why, and what comes after it."""
    if not voice.work.trajectories.going_on(newcomer_id):
        voice.say(Say(response=NO_TRAJECTORY))
        return
    found = open_tasks(voice, newcomer_id)
    if not found:
        voice.say(Say(response=NO_TASKS))
        return
    first, *others = found
    extra: dict[str, SlotValue] = {
        "task_title": first.title(voice),
        "task_day": first.day,
        "task_why": _why(voice, first),
        "is_over": first.day is not None and first.day < local_day(voice.now),
    }
    lines = [line_of(voice, one.title(voice), one.day) for one in others[: MOST_SHOWN - 1]]
    extra |= {"task_list": listed(lines)} if lines else {}
    ways = ways_for(voice, newcomer_id, (one.row.task for one in found[:MOST_SHOWN]))
    voice.say(Say(response=MY_TASKS, extra=extra, choices=(*_below(first), *_below_all(voice, newcomer_id), *ways)))


def lead_to_offers(voice: Voice, newcomer_id: str, question: str) -> None:
    """Have what is said next lead to what is offered for the open tasks that this question explains."""
    explained = (one.row.task for one in open_tasks(voice, newcomer_id) if one.planned.task.question == question)
    voice.below_next = ways_for(voice, newcomer_id, explained)


def open_tasks(voice: Voice, newcomer_id: str, soon: timedelta = SOON) -> list[Open]:
    """Return what somebody can do, what is next first: what has begun, then what begins so soon."""
    today = local_day(voice.now)
    going_on = voice.work.trajectories.going_on(newcomer_id)
    found = [one for trajectory in going_on for one in _open_in(voice, trajectory, today + soon)]
    return sorted(found, key=lambda one: _place(one, today))


def _place(one: Open, today: date) -> tuple[bool, date, bool, int, int]:
    """Return where a task stands in the list: what is overdue is to be done today, days of the law come first."""
    day = date.max if one.day is None else max(one.day, today)
    return not one.begun, day, one.row.kind is not DeadlineKind.LEGAL, one.planned.task.order, one.row.occurrence


def _open_in(voice: Voice, trajectory: TrajectoryRow, until: date) -> Iterator[Open]:
    made, today = plan_of(voice.runtime, voice.work, trajectory), local_day(voice.now)
    for row in voice.work.trajectories.tasks(trajectory.id):
        planned = planned_for(row, made)
        if row.state is not State.OPEN or planned is None or planned.applies is not True or planned.is_window:
            continue
        if planned.missing is not None or is_over(row, planned, made, today):
            continue
        begun = row.starts is None or row.starts <= today
        if begun or row.starts is None or row.starts <= until:
            yield Open(row=row, planned=planned, day=next_day(planned, today, row.due), begun=begun)


def is_over(row: TaskRow, planned: Planned, made: Plan, today: date) -> bool:
    """Return whether nobody can do it any more: it closed, or the next time of a series has come."""
    if row.due is None or row.due >= today:
        return False
    if planned.task.closes:
        return True
    again = planned.task.recurrence is not None
    return again and any(one.task.id == planned.task.id and one.occurrence > planned.occurrence for one in made.tasks)


def _why(voice: Voice, one: Open) -> str | None:
    name = one.planned.task.why
    if one.row.text:
        return one.row.text
    return words(voice, name) if name in voice.runtime.knowledge.content.responses else None


def _below(one: Open) -> tuple[Choice, ...]:
    what = (Choice(payload=f"/task what {one.planned.task.question}", response="utter_task_button_what"),)
    return (
        Choice(payload=f"/task done {one.row.id}", response="utter_task_button_done"),
        Choice(payload=f"/task help {one.row.id}", response="utter_task_button_help"),
        *(what if one.planned.task.question else ()),
        Choice(payload=f"/task not_for_me {one.row.id}", response="utter_task_button_not_for_me"),
        Choice(payload="/paper", response=PAPER_BUTTON),
        Choice(payload="/calendar", response=CALENDAR_BUTTON),
    )


def _below_all(voice: Voice, newcomer_id: str) -> Iterator[Choice]:
    """Yield the buttons of what concerns all tasks: to go on after a rest, to answer what the plan needs."""
    going_on = voice.work.trajectories.going_on(newcomer_id)
    if any(trajectory.state == RESTS for trajectory in going_on):
        yield Choice(payload=GO_ON, response=GO_ON_BUTTON)
    if any(_next_question(voice, trajectory) for trajectory in going_on):
        yield Choice(payload="/told more", response=QUESTIONS)


def go_on(voice: Voice, newcomer_id: str) -> None:
    """Take up every trajectory that rests; where none does, the tasks are what was asked for."""
    resting = [row for row in voice.work.trajectories.going_on(newcomer_id) if row.state == RESTS]
    for row in resting:
        resume(voice.runtime, voice.work, row.id, actor=NEWCOMER, voice=voice)
    if not resting:
        show(voice, newcomer_id)


def opened(voice: Voice, newcomer_id: str) -> None:
    """Say what the template reminded them of, once: it named a day and no task."""
    messages = voice.work.reminders.messages(newcomer_id)
    last = messages[-1] if messages else None
    row = voice.work.outbox.get(last.outbox_id) if last and last.outbox_id and last.answered_at is None else None
    if row is None or row.body.get("response") != f"template_{REMINDER}":
        return
    voice.work.reminders.answered(newcomer_id, voice.now)
    show(voice, newcomer_id)


# ---- one task


def say_of(voice: Voice, newcomer: NewcomerRow, conversation: ConversationRow, what: str, task_id: str | None) -> None:
    """
    Take what somebody says of a task.

    Without one it is that of the reminder they react to, or the only one there is; else it is asked which they mean.
    """
    if not voice.work.trajectories.going_on(newcomer.id):
        voice.say(Say(response=NO_TRAJECTORY))
        return
    found = open_tasks(voice, newcomer.id)
    if task_id is None:
        begun = _just_reminded_of(voice, newcomer.id, found) or [one for one in found if one.begun] or found
        if len(begun) != 1:
            _ask_which(voice, begun, what)
            return
        task_id = begun[0].row.id
    task = _theirs(voice, newcomer.id, task_id)
    if task is None or not task.under_way:
        voice.say(Say(response="utter_task_settled"))
    elif what == "help":
        _help(voice, newcomer, conversation, task)
    elif what == "later":
        choices = (Choice(payload=f"/task later {task.id} {until}", response=name) for until, name in UNTIL.items())
        voice.say(Say(response="utter_remind_later", choices=tuple(choices)))
    else:
        _settle(voice, newcomer.id, task, Settled.DONE if what == "done" else Settled.NOT_FOR_ME)


def _just_reminded_of(voice: Voice, newcomer_id: str, found: list[Open]) -> list[Open]:
    """Return what the last reminder was about, when nobody reacted to it yet and it was one task."""
    last = next(reversed(voice.work.reminders.messages(newcomer_id)), None)
    if last is None or last.answered_at is not None:
        return []
    named = {row.task_id for row in voice.work.reminders.in_message(last.id)}
    return [one for one in found if {one.row.id} == named]


def _ask_which(voice: Voice, found: list[Open], what: str) -> None:
    if not found:
        voice.say(Say(response=NO_TASKS))
        return
    choices = [Choice(payload=f"/task {what} {one.row.id}", named=one.title(voice)) for one in found[:MOST_CHOICES]]
    voice.say(Say(response=WHICH[what], choices=tuple(choices)))


def _theirs(voice: Voice, newcomer_id: str, task_id: str) -> TaskRow | None:
    task = voice.work.trajectories.task(task_id)
    return task if task is not None and task.newcomer_id == newcomer_id else None


def _settle(voice: Voice, newcomer_id: str, task: TaskRow, what: Settled) -> None:
    after = settle(voice.runtime, voice.work, task.id, what, actor=NEWCOMER)
    if isinstance(after, Refusal):
        voice.say(Say(response="utter_task_settled"))
        return
    extra: dict[str, SlotValue] = {"task_title": title_of(voice, task.task, task.title)}
    match after.state:
        case State.AWAITING:
            voice.say(Say(response="utter_task_done_waits", extra=extra))
        case State.SKIPPED:
            voice.say(Say(response="utter_task_not_for_me", extra=extra))
        case _:
            following = next((one for one in open_tasks(voice, newcomer_id) if one.day is not None), None)
            if following is not None:
                extra |= {"next_title": following.title(voice), "next_day": following.day}
            voice.say(Say(response="utter_task_done", extra=extra))


def _help(voice: Voice, newcomer: NewcomerRow, conversation: ConversationRow, task: TaskRow) -> None:
    """Give the task to the team as a question, with what it is about."""
    trajectory = voice.work.trajectories.get(task.trajectory_id)
    assert trajectory is not None
    planned = planned_for(task, plan_of(voice.runtime, voice.work, trajectory))
    question = (planned.task.question if planned else "") or None
    known = voice.runtime.knowledge.content.questions.get(question or "")
    today = local_day(voice.now)
    is_near = task.kind is DeadlineKind.LEGAL and task.due is not None and task.due - today <= NEAR
    ask = OpenCase(
        reason="task_help",
        priority=Priority.URGENT if is_near else Priority.NORMAL,
        topic=known.topic if known else None,
        question=question,
        summary=_summary(voice, task),
    )
    voice.learn(take_on(voice, newcomer, conversation, ask))
    voice.say(Say(response="utter_task_help", extra={"task_title": title_of(voice, task.task, task.title)}))


def _summary(voice: Voice, task: TaskRow) -> str:
    title = dutch_title(voice.runtime, task)
    return f"{title} ({task.due.isoformat()})" if task.due else title


def put_off_until(voice: Voice, newcomer_id: str, task_id: str, until: str | date) -> None:
    """Have a task rest until a day: tomorrow, in a week, or one that the person names; it is asked which."""
    task = _theirs(voice, newcomer_id, task_id)
    if task is None or not task.under_way:
        voice.say(Say(response="utter_task_settled"))
        return
    today = local_day(voice.now)
    if until == "day":
        voice.dialogue = replace(voice.dialogue, asking=Asking(kind="remind", name=task.id))
        voice.say(Say(response="utter_ask_remind_day"))
        return
    day = until if isinstance(until, date) else today + timedelta(days=7 if until == "week" else 1)
    if not today < day <= today + LONGEST:
        voice.dialogue = replace(voice.dialogue, asking=Asking(kind="remind", name=task.id))
        voice.say(Say(response="utter_remind_no_day"))
        return
    put_off(voice.runtime, voice.work, task.id, day, actor=NEWCOMER)
    extra: dict[str, SlotValue] = {"remind_day": day}
    if task.due is not None and today <= task.due < day:
        extra |= {"is_past_due": True, "task_day": task.due}
    voice.say(Say(response="utter_remind_later_done", extra=extra))


# ---- a trajectory begins


def enrol_by(voice: Voice, newcomer: NewcomerRow, code: str) -> None:
    """Begin what a coach's code is for, in the coach's group when there is room, and ask what the plan needs."""
    work, now = voice.work, voice.now
    found = work.enrol_codes.take(f"{MARK}{code}", voice.conversation_id, now)
    if isinstance(found, Refused):
        wrong = found is Refused.WRONG
        voice.say(Say(response="utter_enrol_wrong_code" if wrong else "utter_enrol_too_many"))
        return
    begun = enrol(
        voice.runtime,
        work,
        newcomer.id,
        found.template,
        started=found.started or local_day(now),
        actor=NEWCOMER,
        voice=voice,
    )
    if isinstance(begun, Refusal):
        already = begun is Refusal.ALREADY_IN
        voice.say(Say(response="utter_enrol_already" if already else "utter_enrol_wrong_code"))
        return
    _join_group(voice, newcomer, found)
    if _next_question(voice, begun.trajectory) is not None:
        voice.say(Say(response="utter_trajectory_questions"))
        ask_next(voice, newcomer.id, MOST_ASKED)


def _join_group(voice: Voice, newcomer: NewcomerRow, code: EnrolCodeRow) -> None:
    """Put somebody in the group of who gave them the code; who has a coach, or whose coach has no room, stays."""
    work = voice.work
    if code.coach_id is None or newcomer.coach_id is not None:
        return
    work.groups.hold(code.coach_id)
    coach = work.users.get(code.coach_id)
    has_room = len(work.newcomers.group_of(code.coach_id)) < GROUP_SIZE
    if coach is not None and coach.active and Role.COACH in coach.roles and has_room:
        work.newcomers.set_coach(newcomer.id, coach.id)


# ---- what the plan needs to know


def ask_next(voice: Voice, newcomer_id: str, left: int = MOST_ASKED) -> None:
    """
    Ask the next thing that a plan needs, one at a time; after the last, say so and show what is next.

    After so many in a row the person chooses whether the others follow.
    """
    for trajectory in voice.work.trajectories.going_on(newcomer_id):
        asking = _next_question(voice, trajectory)
        if asking is None:
            continue
        if not left:
            more = (Choice(payload="/told more", response=QUESTIONS), Choice(payload="/tasks", response=MINE))
            voice.dialogue = replace(voice.dialogue, asking=None)
            voice.say(Say(response="utter_trajectory_more", choices=more))
            return
        kind, name, response = asking
        voice.dialogue = replace(voice.dialogue, asking=Asking(kind=kind, name=name, left=left - 1))
        unknown = Choice(payload=f"/told {name} skip {left - 1}", response=UNKNOWN)
        answers = [Choice(payload=f"/told {name} {said} {left - 1}", response=word) for said, word in _YES_NO]
        choices = (*answers, unknown) if kind == "condition" else (unknown,)
        voice.say(Say(response=response, choices=choices))
        return
    voice.dialogue = replace(voice.dialogue, asking=None)
    voice.say(Say(response="utter_trajectory_told"))
    show(voice, newcomer_id)


_YES_NO = (("yes", YES), ("no", NO))


def _next_question(voice: Voice, trajectory: TrajectoryRow) -> tuple[str, str, str] | None:
    """Return kind, name and response of what is asked next: what dates or decides a task of now, days first."""
    template, made = template_of(voice.runtime, voice.work, trajectory), plan_of(voice.runtime, voice.work, trajectory)
    until = local_day(voice.now) + SOON
    now = [one for one in made.tasks if made.layers[one.task.layer].starts <= until]
    asked = trajectory.told.asked
    days = [one.missing for one in now if one.missing is not None and one.applies is True]
    for name in dict.fromkeys(days):
        response = template.anchors.get(name)
        if name not in asked and response in voice.runtime.knowledge.content.responses:
            assert response is not None
            return "anchor", name, response
    for name in dict.fromkeys(one.task.applies_if for one in now if one.applies is None):
        response = template.conditions.get(name)
        if name not in asked and response in voice.runtime.knowledge.content.responses:
            assert response is not None
            return "condition", name, response
    return None


def take_answer(voice: Voice, newcomer_id: str, name: str, answer: date | bool | None, left: int) -> None:
    """Take up what somebody told for their plan, or that they do not know it; then ask the next thing."""
    for trajectory in voice.work.trajectories.going_on(newcomer_id):
        template = template_of(voice.runtime, voice.work, trajectory)
        is_day = name in template.anchors
        if not is_day and name not in template.conditions:
            continue
        if answer is None or is_day is isinstance(answer, bool):
            ask_no_more(voice.work, trajectory, name)
            continue
        done = tell(
            voice.runtime,
            voice.work,
            trajectory.id,
            actor=NEWCOMER,
            anchors=None if isinstance(answer, bool) else {name: answer},
            conditions={name: answer} if isinstance(answer, bool) else None,
            voice=voice,
        )
        if isinstance(done, Refusal):
            ask_no_more(voice.work, trajectory, name)
    ask_next(voice, newcomer_id, left)
