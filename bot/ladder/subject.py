"""A new subject: by button, by words that were just shown, or by what the message means."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.domain.turn import Choice, Kind
from bot.ladder import participation, tasks
from bot.ladder.actions import events_of
from bot.ladder.answers import pressed
from bot.ladder.commands import about_messengers, other_commands
from bot.ladder.crisis import crisis
from bot.ladder.turn import Decision, decided, say
from bot.nlu.slot_values import plain_digits
from bot.nlu.text import clean, words_of

if TYPE_CHECKING:
    from bot.flows.dialogue import Offered
    from bot.ladder.turn import Turn

# Chosen by hand so that a plain question starts its flow and a vague one is asked about; see docs/decisions/0003.
SURE = 0.55
# Two subjects are offered when the first is not surely ahead; below POSSIBLE a guess would only confuse.
AHEAD = 0.25
POSSIBLE = 0.08
MOST_CHOICES = 3
# While a question waits, a short answer that we cannot read easily looks like small talk: only this sure is it one.
SURE_SMALL_TALK = 0.95
SMALL_TALK = frozenset({"greet", "thanks", "goodbye", "tasks", "task_done", "remind_later"})
# A yes or a no belongs to the question that waits; when it fits there no better, that is said.
ONLY_WHEN_NOTHING_WAITS = frozenset({"affirm", "deny"})
# Questions whose answers are chosen; to the others ("how many?", "which day?") a number is an answer of its own.
CHOSEN = frozenset({"choice", "yes_no"})
_BARE_NUMBER = re.compile(r"\W*(\d{1,2})\W*")
_DIGIT = re.compile(r"\d")


def picked(turn: Turn) -> Turn:
    """Return the turn with a bare number, in any script, taken for the choice of that number on the screen."""
    if turn.heard.kind is not Kind.TEXT or turn.heard.payload is not None or turn.person.helped_by_person:
        return turn
    number = _BARE_NUMBER.fullmatch(plain_digits(clean(turn.heard.text)))
    shown = _numbered(turn) if number else ()
    if number is None or not 1 <= int(number[1]) <= len(shown):
        return turn
    payload = shown[int(number[1]) - 1].payload
    return replace(turn, heard=replace(turn.heard, payload=payload, kind=Kind.BUTTON))


def _numbered(turn: Turn) -> tuple[Offered, ...]:
    """Return the choices that a number may mean; none where a number is an answer of its own."""
    messages: dict[int, list[Offered]] = {}
    for offer in turn.dialogue.offered:
        messages.setdefault(offer.message, []).append(offer)
    groups = [tuple(group) for group in messages.values()]
    slot = turn.knowledge.slots.get(turn.dialogue.collecting or "")
    if slot is not None and slot.kind not in CHOSEN:
        return ()
    asking = [group for group in groups if slot and any(_fills(offer, slot.name) for offer in group)]
    # The offer of another language stands below an answer; its one button is not what "1" means there.
    own = [group for group in groups if not all(offer.payload.startswith("/language ") for offer in group)]
    # A list of languages, or the question after a crisis text, may stand where the flow's own question was.
    shown = next(reversed(asking or own or groups), ())
    # Below "0 to 3 years" and "4 to 12 years" a 4 is an age.
    return () if slot and any(_DIGIT.search(plain_digits(offer.title)) for offer in shown) else shown


def _fills(offer: Offered, slot: str) -> bool:
    press = pressed(offer.payload)
    return press is not None and press.slot == slot


def offered(turn: Turn) -> Decision | None:
    """Take the words of a button that was just shown for the button itself."""
    if turn.heard.kind is not Kind.TEXT or turn.heard.payload is not None:
        return None
    said = words_of(turn.heard.text)
    for offer in turn.dialogue.offered:
        if said and words_of(offer.title) == said:
            press = replace(turn, heard=replace(turn.heard, payload=offer.payload, kind=Kind.BUTTON))
            ours = tasks.pressed(press) or participation.pressed(press)
            return ours or about_messengers(press) or other_commands(press) or button(press)
    return None


def button(turn: Turn) -> Decision | None:
    """Start the flow that a button names; an old button that fits nowhere says so."""
    payload = turn.heard.payload
    if payload is None:
        return None
    name, *_ = payload.removeprefix("/").split(maxsplit=1) or [""]
    flow = turn.knowledge.flow_of_intent.get(name) if payload.startswith("/") else None
    if flow is not None:
        return start(turn, flow)
    if pressed(payload) is not None and turn.dialogue.collecting is not None:
        return None
    return decided(turn.dialogue, say("utter_old_button", turn), *turn.runner.ask_again(turn.dialogue))


def sure(turn: Turn) -> str | None:
    """Return the flow that the message surely asks for, or None."""
    understood = turn.understood
    if understood is None or understood.out_of_scope or not understood.intents:
        return None
    best = understood.intents[0]
    second = understood.intents[1].confidence if len(understood.intents) > 1 else 0.0
    if best.confidence >= SURE or (best.confidence - second >= AHEAD and best.confidence >= SURE - AHEAD):
        flow = turn.knowledge.flow_of_intent.get(best.name)
        # The guard has the last word on danger: what it knows as a turn of phrase is none by its meaning either.
        return None if turn.turn_of_phrase and flow in turn.knowledge.crisis_of_flow else flow
    return None


def new_subject(turn: Turn) -> Decision | None:
    """Start the flow that the message surely asks for; what was going on waits and is taken up again."""
    flow = sure(turn)
    if flow is None or (turn.dialogue.collecting is not None and _is_an_answer(turn, flow)):
        return None
    return start(turn, flow)


def _is_an_answer(turn: Turn, flow: str) -> bool:
    """Return whether what looks like this flow is rather an answer, to the question that waits, that we cannot read."""
    best = turn.understood.intents[0].confidence if turn.understood else 0.0
    return flow in ONLY_WHEN_NOTHING_WAITS or (flow in SMALL_TALK and best < SURE_SMALL_TALK)


def start(turn: Turn, flow: str) -> Decision:
    """
    Start a flow; asked for what is going on already, repeat the question that is waiting.

    A flow that speaks a crisis text is taken as the crisis itself: the guard's rules cannot know every wording.
    """
    category = turn.knowledge.crisis_of_flow.get(flow)
    if category is not None and (danger := crisis(replace(turn, crisis=category))) is not None:
        return danger
    if flow == turn.runner.subject(turn.dialogue) and turn.dialogue.collecting is not None:
        top = turn.dialogue.top
        asks_about_person = top is not None and turn.knowledge.flows[top.flow].comes_back
        if asks_about_person:
            return decided(turn.dialogue, *turn.runner.ask_again(turn.dialogue))
    outcome = turn.runner.start(turn.dialogue, flow)
    started = replace(turn, dialogue=outcome.dialogue)
    return decided(replace(outcome.dialogue, misses=0), *events_of(outcome, started))


def clarify(turn: Turn) -> Decision | None:
    """Offer the two or three subjects it may be about, as buttons."""
    choices = _possible(turn)
    if turn.dialogue.misses or len(choices) < 2 or turn.understood is None or turn.understood.out_of_scope:  # noqa: PLR2004
        return None
    dialogue = replace(turn.dialogue, misses=turn.dialogue.misses + 1)
    return decided(dialogue, say("utter_clarify", turn, choices=choices))


def not_understood(turn: Turn) -> Decision:
    """Say that it was not understood, better the second time: then a person is offered."""
    dialogue = replace(turn.dialogue, misses=turn.dialogue.misses + 1)
    if turn.dialogue.misses:
        outcome = turn.runner.start(replace(dialogue, misses=0), "offer_person")
        return decided(outcome.dialogue, *events_of(outcome, turn))
    waiting = turn.dialogue.collecting
    if waiting is not None:
        kind = turn.knowledge.slots[waiting].kind
        return decided(dialogue, say(f"utter_unclear_{kind}", turn), *turn.runner.ask_again(dialogue))
    choices = _possible(turn)
    return decided(dialogue, say("utter_not_understood", turn, choices=choices, has_suggestions=bool(choices)))


def _possible(turn: Turn) -> tuple[Choice, ...]:
    if turn.understood is None or turn.understood.out_of_scope:
        return ()
    flows = [
        turn.knowledge.flow_of_intent[guess.name]
        for guess in turn.understood.intents
        if guess.confidence >= POSSIBLE and guess.name in turn.knowledge.flow_of_intent
    ]
    questions = [flow for flow in dict.fromkeys(flows) if flow in turn.knowledge.content.questions]
    return tuple(Choice(payload=f"/{flow}", flow=flow) for flow in questions[:MOST_CHOICES])
