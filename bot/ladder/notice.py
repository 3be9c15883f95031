"""Consent: before the notice is answered, a message is held and nothing else is done with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.domain.turn import AcceptNotice, DeclineNotice, HoldMessage, SetLanguage
from bot.ladder import commands, waiting
from bot.ladder.actions import events_of
from bot.ladder.answers import No, from_button, from_text, pressed
from bot.ladder.turn import Decision, decided, say

if TYPE_CHECKING:
    from bot.ladder.turn import Turn

NOTICE = "notice"
ERASE = "erase"


def arrival(turn: Turn) -> Decision | None:
    """Show the notice in the language of the link that somebody came by."""
    code = None if turn.person.consented else commands.language_link(turn)
    if code is None:
        return None
    fresh = replace(turn.dialogue, stack=(), language_chosen=True, notice_shown=True)
    outcome = turn.runner.start(fresh, NOTICE)
    return decided(outcome.dialogue, SetLanguage(language=code), *events_of(outcome, turn))


def notice(turn: Turn) -> Decision | None:
    """Ask for consent, or take the answer; a message that is neither waits encrypted, at most a day."""
    if turn.person.consented:
        return None
    dialogue = turn.dialogue
    if dialogue.top is not None and dialogue.top.flow == ERASE and (erasing := waiting.answer(turn)) is not None:
        return erasing
    slot_name = dialogue.collecting
    if dialogue.top is None or dialogue.top.flow != NOTICE or slot_name is None:
        outcome = turn.runner.start(replace(dialogue, stack=()), NOTICE)
        return decided(replace(outcome.dialogue, notice_shown=True), HoldMessage(), *events_of(outcome, turn))
    slot = turn.knowledge.slots[slot_name]
    press = pressed(turn.heard.payload or "")
    value = from_button(slot, press.value) if press and press.slot == slot_name else No.VALUE
    if value is No.VALUE and turn.heard.payload is None:
        value = from_text(turn, slot, turn.heard.text)
    if isinstance(value, No):
        patience = say("utter_notice_waiting", turn)
        return decided(dialogue, HoldMessage(), patience, *turn.runner.ask_again(dialogue))
    outcome = turn.runner.fill(dialogue, value)
    events = events_of(outcome, turn)
    chosen = any(isinstance(event, (AcceptNotice, DeclineNotice)) for event in events)
    return decided(replace(outcome.dialogue, language_chosen=dialogue.language_chosen or chosen), *events)
