"""The team's side of a conversation: who is silent when, what is still with the team, what comes after a close."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.domain.turn import (
    CAPTIONED,
    AnswerCoach,
    AskEarlierOrNew,
    EraseNewcomer,
    HoldMessage,
    Kind,
    NewcomerWrote,
    OpenCase,
    OpenedTemplate,
    ReopenCase,
    Say,
    StopMessages,
    TakeAsNew,
)
from bot.ladder import commands, notice, subject, waiting
from bot.ladder.actions import events_of
from bot.ladder.answers import pressed
from bot.ladder.turn import Decision, decided, say
from bot.nlu.text import words_of

if TYPE_CHECKING:
    from bot.domain.turn import Event
    from bot.ladder.turn import Turn

EARLIER, NEW = "/earlier_question", "/new_question"
# A tap on a template opens the window, and what waited comes; nothing was written to anybody.
OPENS_THE_WINDOW = "open"
MENU = "help_menu"
CRISIS = "crisis"
# What asks for nothing: after a close it gets a friendly line, and the case stays closed.
COURTESIES = frozenset({"thanks", "goodbye", "affirm"})


def by_a_person(turn: Turn) -> Decision | None:
    """
    While a person of the team has the conversation the bot is silent, and the message is theirs.

    Still the bot's: the yes to deleting everything, an explicit menu with its buttons, and the buttons of tasks.
    """
    if not turn.person.helped_by_person:
        return None
    erasing = turn.dialogue.top is not None and turn.dialogue.top.flow == notice.ERASE
    own = (waiting.answer(turn) if erasing else None) or _explicit(turn)
    return own or decided(turn.dialogue, NewcomerWrote())


def _explicit(turn: Turn) -> Decision | None:
    match commands.meaning(turn):
        case "menu":
            return _started(turn, MENU)
        case name if name == OPENS_THE_WINDOW:
            return decided(turn.dialogue, OpenedTemplate())
    payload = turn.heard.payload or ""
    top = turn.dialogue.top
    if top is not None and top.flow == MENU and (press := pressed(payload)) and press.slot == turn.dialogue.collecting:
        return waiting.answer(turn)
    question = payload.removeprefix("/")
    was_offered = any(offer.payload == payload for offer in turn.dialogue.offered)
    if payload and was_offered and question in turn.knowledge.content.questions:
        # One answer, and no question below it: the person who has the conversation asks the questions.
        return decided(replace(turn.dialogue, stack=(), offered=()), say(f"utter_{question}", turn))
    return None


def _started(turn: Turn, flow: str) -> Decision:
    outcome = turn.runner.start(replace(turn.dialogue, stack=()), flow)
    return decided(outcome.dialogue, *events_of(outcome, turn))


def to_their_coach(turn: Turn) -> Decision | None:
    """
    Give what answers a message to their group to their coach, whatever it looks like: a person asked, a person hears.

    Once for each message, so that the next question is the bot's again if nobody takes it up; see docs/decisions/0013.
    """
    letter = turn.person.group_letter
    if letter is None or turn.heard.kind is not Kind.TEXT or turn.heard.payload is not None:
        return None
    if turn.dialogue.collecting is not None or not words_of(turn.heard.text):
        return None
    calm = replace(turn.dialogue, offered=(), misses=0)
    return decided(calm, AnswerCoach(letter=letter, text=turn.heard.text))


def earlier_or_new(turn: Turn) -> Decision | None:
    """Take the choice between the earlier question and a new one; whoever goes on writing means the earlier."""
    closed = turn.person.closed
    if closed is None or not closed.asked or turn.dialogue.collecting is not None:
        return None
    choice = turn.heard.payload or _title_written(turn)
    calm = replace(turn.dialogue, offered=(), misses=0)
    if choice == NEW:
        return decided(calm, TakeAsNew(case_id=closed.case_id), say("utter_desk_new_question", turn))
    if choice == EARLIER:
        return decided(calm, ReopenCase(case_id=closed.case_id, summary=""), say("utter_desk_reopened", turn))
    if choice is not None or not _says_something(turn) or _is_courtesy(turn):
        return None
    return decided(calm, ReopenCase(case_id=closed.case_id, summary=turn.heard.text), say("utter_desk_reopened", turn))


def after_close(turn: Turn) -> Decision | None:
    """
    Answer what comes within three days after a close: thanks with a friendly line, the rest with a choice.

    What they wrote waits for the choice, so that nobody has to write it twice. Who presses a button, or is answering
    something, is with the bot already.
    """
    closed = turn.person.closed
    if closed is None or turn.dialogue.collecting is not None or turn.heard.payload is not None:
        return None
    if _is_courtesy(turn):
        return decided(replace(turn.dialogue, misses=0), say("utter_desk_thanks", turn))
    if closed.asked or not _says_something(turn):
        return None
    asked = (AskEarlierOrNew(case_id=closed.case_id), HoldMessage(), say("utter_desk_earlier_or_new", turn))
    return decided(turn.dialogue, *asked)


def still_with_the_team(turn: Turn, decision: Decision) -> Decision:
    """Return the decision; to an answer of the bot it adds that it is automatic, and that the team has the question."""
    number = turn.person.waiting
    final = (OpenCase, StopMessages, EraseNewcomer, HoldMessage)
    if number is None or any(isinstance(event, final) for event in decision.events):
        return decision
    if not any(isinstance(event, Say) and _answers(turn, event) for event in decision.events):
        return decision
    line = say("utter_desk_still_with_team", turn, case_number=str(number))
    *before, last = decision.events
    asks = isinstance(last, Say) and (last.response.startswith("utter_ask_") or bool(last.choices))
    # What is asked stands last, with its buttons below it.
    events: tuple[Event, ...] = (*before, line, last) if asks and before else (*decision.events, line)
    return replace(decision, events=events)


def _answers(turn: Turn, event: Say) -> bool:
    row = turn.knowledge.content.questions.get(event.response.removeprefix("utter_"))
    # A text of a crisis stands alone: it says what to do now.
    return (row is not None and row.topic != CRISIS) or event.response == "utter_not_understood"


def _says_something(turn: Turn) -> bool:
    """Return whether the message says or shows something that may be a question; a sticker does not."""
    kind = turn.heard.kind
    return kind in CAPTIONED or (kind in {Kind.TEXT, Kind.EDIT, Kind.OTHER} and bool(words_of(turn.heard.text)))


def _is_courtesy(turn: Turn) -> bool:
    if turn.heard.kind in {Kind.STICKER, Kind.REACTION}:
        return True
    if turn.heard.kind is not Kind.TEXT:
        return False
    return not words_of(turn.heard.text) or subject.sure(turn) in COURTESIES


def _title_written(turn: Turn) -> str | None:
    """Return the payload of the button whose words were written out."""
    said = words_of(turn.heard.text)
    offers = turn.dialogue.offered if said and turn.heard.kind is Kind.TEXT else ()
    return next((offer.payload for offer in offers if words_of(offer.title) == said), None)
