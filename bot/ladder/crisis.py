"""The crisis guard's rung, and the message that follows it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.domain.turn import HoldMessage, NewcomerWrote, NoteOnCase, OpenCase, Priority
from bot.ladder.turn import Decision, decided, say
from bot.nlu.slot_values import read_yes_no

if TYPE_CHECKING:
    from bot.domain.turn import Event
    from bot.knowledge.knowledge import Knowledge
    from bot.ladder.turn import Turn
    from bot.nlu.model import Understanding
    from bot.safety.crisis import CrisisCategory, CrisisGuard

# The longest answer to "may a person contact you?"; more than that is a story of its own.
SHORT_ANSWER = 6


def danger_in(
    text: str, understood: Understanding | None, guard: CrisisGuard, knowledge: Knowledge
) -> CrisisCategory | None:
    """
    Return the kind of danger that a message speaks of: by the guard's rules, or else by its meaning.

    Most people in danger tell of it round about, in words that no list has. What the guard knows as a turn of phrase
    ("my phone died") is no danger by its meaning either.
    """
    by_rule = guard.check(text)
    if by_rule is not None or understood is None or understood.alarm is None or guard.is_turn_of_phrase(text):
        return by_rule
    return knowledge.crisis_of_flow.get(knowledge.flow_of_intent.get(understood.alarm, ""))


def crisis(turn: Turn) -> Decision | None:
    """
    Answer danger at once with its fixed text, and put a case on top of the team's list.

    Before consent too: then the case says only which kind of crisis it is. What was going on keeps its place.
    """
    if turn.crisis is None:
        return None
    category = turn.crisis
    events: list[Event] = []
    if turn.knowledge.crisis_alerts.get(category.id) == "always":
        summary = turn.heard.text if turn.person.consented else ""
        events.append(
            OpenCase(
                reason=f"crisis:{category.id}",
                priority=Priority.CRISIS,
                topic="crisis",
                question=category.id,
                summary=summary,
            )
        )
    if not turn.person.consented:
        events.append(HoldMessage())
    if turn.person.helped_by_person:
        events.append(NewcomerWrote())  # the bot answers danger at once, and who has the case reads it all the same
    events.append(say(category.response, turn))
    return decided(replace(turn.dialogue, crisis=category.id, misses=0), *events)


def after_crisis(turn: Turn) -> Decision | None:
    """Take "yes, a person may contact me" or "no"; anything else ends the waiting for it."""
    if turn.dialogue.crisis is None:
        return None
    calm = replace(turn.dialogue, crisis=None)
    wanted = _wants_contact(turn)
    if wanted is None:
        return None
    events: list[Event] = []
    if wanted:
        # Asked for by hand too: a kind of crisis that alerts nobody by itself still gets its person here.
        summary = turn.dialogue.crisis
        events.append(
            OpenCase(
                reason=f"crisis:{summary}",
                priority=Priority.CRISIS,
                topic="crisis",
                question=summary,
                summary="",
            )
        )
    if turn.person.helped_by_person:
        events.append(NewcomerWrote())
    events.append(NoteOnCase(kind="wants_contact" if wanted else "wants_no_contact"))
    events.append(say("utter_crisis_contact" if wanted else "utter_crisis_no_contact", turn))
    if not turn.person.consented:
        events.append(HoldMessage())
    return decided(calm, *events)


def _wants_contact(turn: Turn) -> bool | None:
    if turn.heard.payload is not None:
        return {"/talk_to_human": True, "/deny": False}.get(turn.heard.payload)
    if len(turn.heard.text.split()) > SHORT_ANSWER:
        return None
    return read_yes_no(turn.heard.text, turn.knowledge.words, language=turn.person.language)
