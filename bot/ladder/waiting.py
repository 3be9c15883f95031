"""A flow is waiting for an answer: read it, or find out that the person is somewhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.domain.turn import Kind
from bot.ladder import subject
from bot.ladder.actions import events_of
from bot.ladder.answers import No, from_button, from_text, is_a_skip, pressed
from bot.ladder.turn import Decision, decided, say
from bot.nlu.slot_values import after_correction, read_yes_no
from bot.nlu.text import words_of

if TYPE_CHECKING:
    from bot.domain.turn import SlotValue
    from bot.flows.dialogue import Answered
    from bot.flows.runner import Outcome
    from bot.knowledge.knowledge import Slot
    from bot.ladder.turn import Turn

# Beyond this many words a number or a date inside a message may be part of another question …
LONG_ANSWER = 6
# … and what begins with yes or no may go on with one.
LONG_YES = 3


def answer(turn: Turn) -> Decision | None:
    """Fill, skip or correct; decline when nothing is waiting or the message is about something else."""
    name = turn.dialogue.collecting
    if name is None:
        return None
    slot = turn.knowledge.slots[name]
    if turn.heard.payload is not None:
        return _button(turn, slot, turn.heard.payload)
    if turn.heard.kind is not Kind.TEXT:
        return None
    meant = after_correction(turn.heard.text, turn.knowledge.words)
    if meant is None:
        return _text(turn, slot, turn.heard.text)
    # "No, I meant school" is no "no": what follows is the answer, to an earlier question or to this one.
    return _correction(turn, meant) or _text(turn, slot, meant)


def correction(turn: Turn) -> Decision | None:
    """Take "no, I meant …" when nothing is waiting: there is nothing to go back to, so say so."""
    if turn.heard.kind is not Kind.TEXT or turn.heard.payload is not None:
        return None
    if turn.dialogue.collecting is not None or not after_correction(turn.heard.text, turn.knowledge.words):
        return None
    if subject.sure(turn) in turn.knowledge.content.questions:
        return None
    return decided(turn.dialogue, say("utter_correction_unclear", turn))


def _button(turn: Turn, slot: Slot, payload: str) -> Decision | None:
    if payload == "/skip":
        return _outcome(turn, turn.runner.skip(turn.dialogue))
    press = pressed(payload)
    if press is None:
        return None
    if press.slot == slot.name:
        value = from_button(slot, press.value)
        return None if isinstance(value, No) else _outcome(turn, turn.runner.fill(turn.dialogue, value))
    earlier = next((a for a in turn.dialogue.answers if a.slot == press.slot), None)
    if earlier is not None:
        value = from_button(turn.knowledge.slots[press.slot], press.value)
        if not isinstance(value, No):
            return _corrected(turn, earlier, value)
    return decided(turn.dialogue, say("utter_old_button", turn), *turn.runner.ask_again(turn.dialogue))


def _correction(turn: Turn, said: str) -> Decision | None:
    for earlier in reversed(turn.dialogue.answers):
        value = from_text(turn, turn.knowledge.slots[earlier.slot], said)
        if not isinstance(value, No):
            return _corrected(turn, earlier, value)
    return None


def _corrected(turn: Turn, earlier: Answered, value: SlotValue) -> Decision | None:
    outcome = turn.runner.correct(turn.dialogue, earlier, value)
    if outcome is None:
        return None
    return decided(replace(outcome.dialogue, misses=0), say("utter_corrected", turn), *events_of(outcome, turn))


def _text(turn: Turn, slot: Slot, text: str) -> Decision | None:
    if _is_elsewhere(turn, slot, text):
        return None
    value = from_text(turn, slot, text)
    if value is No.RANGE:
        again = turn.runner.ask_again(turn.dialogue)
        return decided(turn.dialogue, say("utter_out_of_range", turn), *again)
    if not isinstance(value, No):
        return _outcome(turn, turn.runner.fill(turn.dialogue, value))
    # "On which day …?" "Not yet."
    is_without_a_day = (
        slot.kind == "date" and read_yes_no(text, turn.knowledge.words, language=turn.person.language) is False
    )
    if is_without_a_day or is_a_skip(turn, text):
        return _outcome(turn, turn.runner.skip(turn.dialogue))
    return None


def _is_elsewhere(turn: Turn, slot: Slot, text: str) -> bool:
    """
    Return whether a longer message is surely about another subject.

    One with a number in it is then no answer to "how many?", and "yes, and how do I …?" none to "is this clear?".
    """
    flow = subject.sure(turn)
    if flow is None or flow == turn.runner.subject(turn.dialogue):
        return False
    length = len(text.split())
    if slot.kind != "choice":
        return length > LONG_ANSWER
    asks = flow in turn.knowledge.content.questions or flow == "talk_to_human"
    return asks and length > LONG_YES and bool(slot.yes_value or slot.no_value) and not _is_a_button(turn, text)


def _is_a_button(turn: Turn, text: str) -> bool:
    return any(words_of(offer.title) == words_of(text) for offer in turn.dialogue.offered)


def _outcome(turn: Turn, outcome: Outcome) -> Decision:
    return decided(outcome.dialogue, *events_of(outcome, turn))
