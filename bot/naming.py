"""What a task is called, and how its day is written, in the language of who reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.content.render import Known, Reader
from bot.domain.clock import local_day
from bot.domain.languages import SOURCE
from bot.domain.turn import Choice

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from bot.domain.turn import SlotValue
    from bot.runtime import Runtime
    from bot.say import Voice
    from bot.store.trajectory_rows import TaskRow

# A task whose subject nobody who looks over a shoulder may read.
HIDDEN = "utter_task_hidden"
LINE, LINE_WITHOUT_A_DAY = "utter_task_line", "utter_task_line_no_day"
LINE_PAST, LINE_LAST_DAY = "utter_task_line_past", "utter_task_line_last"
# The titles of buttons that are made when they are said: each is a response of one or two words.
DONE, LATER = "utter_task_button_done", "utter_task_button_later"
HELP, WHAT, MINE = "utter_task_button_help", "utter_task_button_what", "utter_task_button_mine"


def title_of(voice: Voice, task: str, own: str | None = None, *, hidden: bool = False) -> str:
    """
    Return what a task is called; `own` are the words of a task that a coach added.

    A task that the texts do not know any more is "a task", as a hidden one is.
    """
    name = f"utter_task_{task}"
    if own is not None and not hidden:
        return own
    if hidden or name not in voice.runtime.knowledge.content.responses:
        name = HIDDEN
    return words(voice, name)


def words(voice: Voice, response: str, **extra: SlotValue) -> str:
    """Return a short text that stands inside another, without buttons."""
    reader = Reader(language=voice.language, second=voice.second_language, explained=_nothing_to_explain(voice))
    known = Known(extra=extra)
    return voice.runtime.renderer.render(response, reader, known, now=voice.now).message.text


def line_of(voice: Voice, title: str, day: date | None, *, is_limit: bool = False) -> str:
    """Return a line of a list of tasks: what it is called, and its day; of a limit, that it is the last one."""
    if day is None:
        return words(voice, LINE_WITHOUT_A_DAY, task_title=title)
    line = LINE_PAST if day < local_day(voice.now) else LINE_LAST_DAY if is_limit else LINE
    return words(voice, line, task_title=title, task_day=day)


def listed(lines: Iterable[str]) -> str:
    """Return lines as one value of a text."""
    return "\n".join(lines)


def choices_for(task_id: str, question: str | None) -> tuple[Choice, ...]:
    """Return the buttons below one task; `question` is what answers "what is this?"."""
    what = (Choice(payload=f"/task what {question}", response=WHAT),) if question else ()
    return (
        Choice(payload=f"/task done {task_id}", response=DONE),
        Choice(payload=f"/task later {task_id}", response=LATER),
        Choice(payload=f"/task help {task_id}", response=HELP),
        *what,
    )


def choices_for_any() -> tuple[Choice, ...]:
    """Return the buttons below several tasks: which one is meant is asked next."""
    return (
        Choice(payload="/task done", response=DONE),
        Choice(payload="/task later", response=LATER),
        Choice(payload="/tasks", response=MINE),
    )


def dutch_title(runtime: Runtime, task: TaskRow) -> str:
    """Return what the team calls a task."""
    return task.title or dutch_name(runtime, task.task)


def dutch_name(runtime: Runtime, task: str) -> str:
    """Return what the team calls a task of a template; one that the texts do not know goes by its own name."""
    name = f"utter_task_{task}"
    return runtime.renderer.words(name, SOURCE) if name in runtime.knowledge.content.responses else task


def _nothing_to_explain(voice: Voice) -> frozenset[str]:
    """Have no official word explained, and no other language announced, inside a line."""
    return voice.dialogue.explained | {*voice.runtime.knowledge.content.terms, f"language:{voice.language}"}
