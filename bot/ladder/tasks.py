"""
Tasks in the chat: their buttons, a coach's code, and the answers to what is asked for the plan.

Which tasks somebody has is known only to the world, so each effect says itself how it went.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.domain.taking_part import LeadToOffers
from bot.domain.turn import (
    AnswerSession,
    AskForPlan,
    EnrolBy,
    GoOn,
    HandOut,
    Kind,
    PutOff,
    ReactedToReminder,
    SayOfTask,
    ShowTasks,
    TellForPlan,
)
from bot.ladder.actions import events_of
from bot.ladder.turn import Decision, decided, say
from bot.nlu.slot_values import is_skip, plain_digits, read_date, read_yes_no
from bot.nlu.text import clean, words_of

if TYPE_CHECKING:
    from datetime import date

    from bot.flows.dialogue import Asking
    from bot.ladder.turn import Turn
    from bot.nlu.slot_values import Prefer

# What is asked for a plan, and when to say more of a task; other rungs ask for other things.
ASKED = frozenset({"anchor", "condition", "remind"})
_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SAID = re.compile(rf"/task (done|later|help|not_for_me)(?: ({_ID}))?")
_UNTIL = re.compile(rf"/task later ({_ID}) (tomorrow|week|day)")
_WHAT = re.compile(r"/task what ([a-z][a-z0-9_]*)")
_COMES = re.compile(rf"/session (yes|no) ({_ID})")
_TOLD = re.compile(r"/told ([a-z][a-z0-9_]*) (yes|no|skip) (\d)")
# A coach's code: T and eight digits, parted or not. The T also stands on a Ukrainian keyboard.
_CODE = re.compile(r"(?:/start\s+)?[TТ]((?:[ -]?\d){8})", re.IGNORECASE)


def pressed(turn: Turn) -> Decision | None:
    """Take a button below a task, also while a person of the team has the conversation; what was going on stays."""
    said = (turn.heard.payload or turn.heard.text).strip()
    if not said.startswith("/"):
        return None
    calm = replace(turn.dialogue, asking=None, misses=0)
    if found := _UNTIL.fullmatch(said):
        return decided(calm, ReactedToReminder(), PutOff(task=found[1], until=found[2]))
    if found := _SAID.fullmatch(said):
        return decided(calm, ReactedToReminder(), SayOfTask(what=found[1], task=found[2]))
    if found := _COMES.fullmatch(said):
        return decided(calm, ReactedToReminder(), AnswerSession(session=found[2], comes=found[1] == "yes"))
    if found := _TOLD.fullmatch(said):
        answer = {"yes": True, "no": False}.get(found[2])
        return decided(calm, TellForPlan(name=found[1], answer=answer, left=int(found[3])))
    if found := _WHAT.fullmatch(said):
        return _what(replace(turn, dialogue=calm), found[1])
    return {
        "/tasks": decided(calm, ReactedToReminder(), ShowTasks()),
        "/tasks go_on": decided(calm, GoOn()),
        "/told more": decided(calm, AskForPlan()),
        "/paper": decided(calm, ReactedToReminder(), HandOut(what="paper")),
        "/calendar": decided(calm, ReactedToReminder(), HandOut(what="calendar")),
    }.get(said)


def help_by_name(turn: Turn) -> Decision | None:
    """Take "help" for the button of that name below a task that was just shown; else the word asks for the menu."""
    if turn.heard.kind is not Kind.TEXT or turn.heard.payload is not None or turn.dialogue.collecting is not None:
        return None
    said = words_of(turn.heard.text)
    for offer in turn.dialogue.offered:
        if said and words_of(offer.title) == said and offer.payload.startswith("/task help "):
            return pressed(replace(turn, heard=replace(turn.heard, payload=offer.payload, kind=Kind.BUTTON)))
    return None


def _what(turn: Turn, question: str) -> Decision | None:
    """Answer what a task means; while a person has the conversation only the answer, and no question below it."""
    if question not in turn.knowledge.flows or question not in turn.knowledge.content.questions:
        return None
    leads = LeadToOffers(question=question)
    if turn.person.helped_by_person:
        return decided(turn.dialogue, ReactedToReminder(), leads, say(f"utter_{question}", turn))
    outcome = turn.runner.start(turn.dialogue, question)
    return decided(outcome.dialogue, ReactedToReminder(), leads, *events_of(outcome, turn))


def by_code(turn: Turn) -> Decision | None:
    """Begin the trajectory that a coach's code is for, typed or brought by a link."""
    if turn.heard.kind is not Kind.TEXT and turn.heard.payload is None:
        return None
    found = _CODE.fullmatch(plain_digits(clean(turn.heard.payload or turn.heard.text)))
    if found is None:
        return None
    return decided(turn.dialogue, EnrolBy(code="".join(filter(str.isdecimal, found[1]))))


def told(turn: Turn) -> Decision | None:
    """Read the answer to what was asked for the plan; what is no answer is about something else."""
    asking = turn.dialogue.asking
    if asking is None or asking.kind not in ASKED or turn.heard.kind is not Kind.TEXT or turn.heard.payload is not None:
        return None
    if turn.person.helped_by_person or turn.dialogue.collecting is not None:
        return None
    calm = replace(turn.dialogue, asking=None, misses=0)
    if asking.kind == "remind":
        day = _day(turn, asking)
        return None if day is None else decided(calm, PutOff(task=asking.name, until=day))
    knows_not = is_skip(turn.heard.text, turn.knowledge.words)
    yes = read_yes_no(turn.heard.text, turn.knowledge.words, language=turn.person.language)
    answer = yes if asking.kind == "condition" else _day(turn, asking)
    # "On which day …?" "Not yet."
    is_without_a_day = asking.kind == "anchor" and yes is False
    if answer is None and not knows_not and not is_without_a_day:
        return None
    return decided(calm, TellForPlan(name=asking.name, answer=answer, left=asking.left))


def _day(turn: Turn, asking: Asking) -> date | None:
    prefer: Prefer = "future" if asking.kind == "remind" else "past"
    return read_date(turn.heard.text, turn.person.language, turn.today, prefer=prefer, words=turn.knowledge.words)
