"""What each `action_…` of a flow asks of the world. A table, so that an author's list and ours stay one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.content.dates import due_on
from bot.domain.taking_part import AskSeeking, FindOffers
from bot.domain.turn import (
    AcceptNotice,
    Choice,
    DeclineNotice,
    EraseNewcomer,
    OpenCase,
    Priority,
    ReactedToReminder,
    RecordHelped,
    Say,
    SayOfTask,
    ShowTasks,
    StopMessages,
)
from bot.flows.runner import Do, Outcome, Resumed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.domain.turn import Event
    from bot.ladder.turn import Turn

# A legal deadline this near makes a case urgent: the team must see it the same or the next day.
NEAR = timedelta(days=7)
# These ask for a new question; nobody asks for one and goes back to an earlier one in the same breath.
INVITING = frozenset({"utter_glad", "utter_greet", "utter_no_person"})
# After these the newcomer chooses or leaves: an earlier subject waits without being repeated.
LAST_WORDS = frozenset({"utter_list_questions", "utter_goodbye", "utter_stopped", "utter_erased"})


def events_of(outcome: Outcome, turn: Turn) -> tuple[Event, ...]:
    """Return what the runner's outputs mean: actions become effects, a resumed subject is announced."""
    events: list[Event] = []
    resumes = any(isinstance(output, Resumed) for output in outcome.outputs)
    for output in outcome.outputs:
        if resumes and isinstance(output, Say) and output.response in INVITING:
            continue
        if isinstance(output, Resumed) and events and getattr(events[-1], "response", None) in LAST_WORDS:
            break
        match output:
            case Say():
                events.append(output)
            case Resumed(flow=flow):
                events.append(Say(response="utter_back_to", extra={"flow_name": flow}))
            case Do():
                events.extend(ACTIONS[output.action](output, turn))
    return tuple(events)


def open_case(turn: Turn, reason: str, question: str | None) -> OpenCase:
    """Return the case for what the newcomer just asked; a legal deadline within a week makes it urgent."""
    row = turn.knowledge.content.questions.get(question or "")
    return OpenCase(
        reason=reason,
        priority=_priority(turn, question),
        topic=row.topic if row else None,
        question=question,
        summary=turn.heard.text,
    )


def _priority(turn: Turn, question: str | None) -> Priority:
    row = turn.knowledge.content.questions.get(question or "")
    slots = turn.runner.slots(turn.dialogue)
    for deadline in row.deadlines if row else ():
        day = due_on(deadline, slots, turn.today) if deadline.anchor in slots else None
        if deadline.kind == "legal" and day is not None and day - turn.today <= NEAR:
            return Priority.URGENT
    return Priority.NORMAL


def _open(do: Do, turn: Turn) -> tuple[Event, ...]:
    return (open_case(turn, "asked", do.question),)


def _more(do: Do, turn: Turn) -> tuple[Event, ...]:
    more = f"utter_{do.question}_more"
    return (Say(response=more, slots=do.slots),) if more in turn.knowledge.content.responses else ()


def _helped(do: Do, _turn: Turn) -> tuple[Event, ...]:
    return (RecordHelped(question=do.question, helped=True),) if do.question else ()


def _not_helped(do: Do, _turn: Turn) -> tuple[Event, ...]:
    return (RecordHelped(question=do.question, helped=False),) if do.question else ()


def _list_questions(do: Do, turn: Turn) -> tuple[Event, ...]:
    subject = do.slots.get("subject")
    known = turn.knowledge.menu.get(str(subject), ())
    choices = tuple(Choice(payload=f"/{name}", flow=name) for name in known)
    return (Say(response="utter_list_questions", slots=do.slots, choices=choices),)


def language_choices(turn: Turn) -> tuple[Choice, ...]:
    """Return a button for each language, by its own name."""
    return tuple(Choice(payload=f"/language {code}", language=code) for code in turn.knowledge.content.languages.all)


def _choose_language(_do: Do, turn: Turn) -> tuple[Event, ...]:
    return (Say(response="utter_choose_language", choices=language_choices(turn)),)


ACTIONS: Mapping[str, Callable[[Do, Turn], tuple[Event, ...]]] = {
    "action_open_case": _open,
    "action_more": _more,
    "action_record_helped": _helped,
    "action_record_not_helped": _not_helped,
    "action_list_questions": _list_questions,
    "action_choose_language": _choose_language,
    "action_stop": lambda _do, _turn: (StopMessages(),),
    "action_erase": lambda _do, _turn: (EraseNewcomer(),),
    "action_my_tasks": lambda _do, _turn: (ReactedToReminder(), ShowTasks()),
    # The reaction is counted last: what nobody reacted to yet says which task is meant.
    "action_task_done": lambda _do, _turn: (SayOfTask(what="done"), ReactedToReminder()),
    "action_task_later": lambda _do, _turn: (SayOfTask(what="later"), ReactedToReminder()),
    "action_find_activities": lambda do, _turn: (FindOffers(what="activity", question=do.question),),
    "action_find_volunteering": lambda _do, _turn: (FindOffers(what="volunteer"),),
    "action_ask_seeking": lambda _do, _turn: (AskSeeking(),),
    "action_accept_notice": lambda _do, _turn: (AcceptNotice(),),
    "action_decline_notice": lambda _do, _turn: (DeclineNotice(),),
}
