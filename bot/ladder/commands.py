"""Words that always work, in every state: stop, delete my data, another language, menu, a person."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.domain.turn import (
    CAPTIONED,
    AskLinkCode,
    AskRemindersTo,
    Enrol,
    HandOverData,
    Kind,
    LinkWith,
    OpenedTemplate,
    SetLanguage,
    SetRemindersTo,
    StopMessages,
)
from bot.domain.words import MESSENGERS
from bot.flows.runner import Outcome
from bot.ladder.actions import events_of, language_choices
from bot.ladder.turn import Decision, decided, say
from bot.nlu.slot_values import plain_digits, read_phrase
from bot.nlu.text import clean

if TYPE_CHECKING:
    from bot.domain.turn import Event
    from bot.flows.dialogue import Dialogue
    from bot.ladder.turn import Turn

# Slash commands as the messengers know them; after a word the rest is its argument.
SLASH = {
    "/stop": "stop",
    "/help": "menu",
    "/menu": "menu",
    "/language": "language",
    "/help_menu": "menu",
    "/change_language": "language",
    "/talk_to_human": "person",
    "/delete": "delete_my_data",
    "/mydata": "my_data",
    "/start": "start",
    "/tasks": "tasks",
    "/link": "link",
    "/reminders": "reminders",
    "/open": "open",  # below a template: the press itself opens WhatsApp's window, and what waited comes
}
MEANINGS = ("stop", "delete_my_data", "my_data", "language", "menu", "person", "cancel")
# A code that joins two messengers: K and eight digits, parted or not. The K also stands on a Ukrainian keyboard.
_CODE = re.compile(r"(?:/link\s+|/start\s+(?=[KК]))?([KК]?)((?:[ -]?\d){8})", re.IGNORECASE)
# A link in somebody's own language: t.me/…?start=l-ar
_LANGUAGE_LINK = re.compile(r"/start\s+l-([a-z]{2,3})", re.IGNORECASE)


def meaning(turn: Turn) -> str | None:
    """Return the fixed meaning of the whole message (`stop`, `menu` …), or None."""
    said = (turn.heard.payload or turn.heard.text).strip()
    if said.startswith("/"):
        return SLASH.get(said.split()[0].split("@")[0].lower())
    if turn.heard.kind is not Kind.TEXT:
        return None
    return read_phrase(said, turn.knowledge.words, MEANINGS)


def _in_words(turn: Turn) -> Turn:
    """Read what stands below a photo, or an edited text, as a text: leaving must work however it is said."""
    if turn.heard.kind not in CAPTIONED | {Kind.EDIT}:
        return turn
    return replace(turn, heard=replace(turn.heard, kind=Kind.TEXT))


def says_stop(turn: Turn) -> bool:
    """Return whether the whole message means STOP."""
    return meaning(_in_words(turn)) == "stop"


def stop(turn: Turn) -> Decision | None:
    """STOP always works, at once, without a question."""
    if not says_stop(turn):
        return None
    return decided(replace(turn.dialogue, stack=(), misses=0), StopMessages(), say("utter_stopped", turn))


def delete_my_data(turn: Turn) -> Decision | None:
    """Deleting works before consent too; it is asked once, because it cannot be undone."""
    if meaning(_in_words(turn)) != "delete_my_data":
        return None
    # Before consent only the notice can be going on; it asks again by itself.
    dialogue = turn.dialogue if turn.person.consented else replace(turn.dialogue, stack=())
    outcome = turn.runner.start(dialogue, "erase")
    return decided(outcome.dialogue, *events_of(outcome, turn))


def my_data(turn: Turn) -> Decision | None:
    """Seeing what is kept works also while a person has the conversation; what was going on stays as it is."""
    if meaning(_in_words(turn)) != "my_data":
        return None
    return decided(turn.dialogue, HandOverData())


def link(turn: Turn) -> Decision | None:
    """Take the code that another messenger showed; before the notice too, because it was answered there."""
    if turn.heard.kind is not Kind.TEXT and turn.heard.payload is None:
        return None
    found = _CODE.fullmatch(plain_digits(clean(turn.heard.payload or turn.heard.text)))
    if found is None:
        return None
    is_bare = found[0][0].isdecimal()
    if is_bare and (not found[0].isdecimal() or _may_be_an_answer(turn)):
        return None  # a date, or an answer
    return decided(turn.dialogue, LinkWith(code="".join(filter(str.isdecimal, found[2]))))


def _may_be_an_answer(turn: Turn) -> bool:
    """Return whether eight bare digits may be meant for a question, or for the volunteer."""
    slot = turn.knowledge.slots.get(turn.dialogue.collecting or "")
    return turn.person.helped_by_person or (slot is not None and slot.kind in ("count", "date", "text"))


def choose_language(turn: Turn) -> Decision | None:
    """Take a language by button, command or its own name; then what was going on goes on in it."""
    code = _language_named(turn)
    if code is None:
        if meaning(turn) != "language":
            return None
        return decided(turn.dialogue, say("utter_choose_language", turn, choices=language_choices(turn)))
    # What was explained in the other language is explained again in this one.
    fresh = turn.dialogue.explained if code == turn.person.language else frozenset[str]()
    dialogue = replace(turn.dialogue, language_chosen=True, language_offered=None, misses=0, explained=fresh)
    events: list[Event] = [SetLanguage(language=code)]
    danger = next((category for category in turn.knowledge.crisis if category.id == dialogue.crisis), None)
    if danger is not None:
        # The numbers to call come first, in the language that is understood; what was going on waits.
        return decided(dialogue, *events, say(danger.response, turn))
    if dialogue.collecting is None:
        events.append(say("utter_language_set", turn, language_name=code))
    if code != turn.dialogue.language_offered:
        events.extend(turn.runner.ask_again(dialogue))
        return decided(dialogue, *events)
    outcome = _told_again(turn, dialogue)
    return decided(outcome.dialogue, *events, *events_of(outcome, turn))


def _told_again(turn: Turn, dialogue: Dialogue) -> Outcome:
    """Say the answer that is going on once more: who takes an offered language read it in one that is not theirs."""
    subject = turn.runner.subject(dialogue)
    if subject is None or subject not in turn.knowledge.content.questions:
        return Outcome(dialogue=dialogue, outputs=turn.runner.ask_again(dialogue))
    begins = max(at for at, frame in enumerate(dialogue.stack) if not frame.called)
    return turn.runner.start(replace(dialogue, stack=dialogue.stack[:begins]), subject)


def language_link(turn: Turn) -> str | None:
    """Return the language of the link that the person came by, or None."""
    return _language_named(turn) if _LANGUAGE_LINK.fullmatch(turn.heard.text.strip()) else None


def _language_named(turn: Turn) -> str | None:
    languages = turn.knowledge.content.languages
    said = (turn.heard.payload or turn.heard.text).strip()
    if said.lower().startswith("/language "):
        return languages.known(said.split(maxsplit=1)[1])
    if came_by := _LANGUAGE_LINK.fullmatch(said):
        return languages.known(came_by[1].lower())
    if turn.heard.kind is not Kind.TEXT:
        return None
    names = {language.name.casefold(): code for code, language in languages.all.items()}
    parts = {part.strip(): code for name, code in names.items() for part in name.split("/")}
    return parts.get(said.casefold().strip(" .!؟?"))


def about_messengers(turn: Turn) -> Decision | None:
    """Come by the link of a coach, join two messengers, choose where reminders go."""
    given = _argument(turn)
    match meaning(turn):
        case "start" if given and not given.lower().startswith("l-"):
            return decided(turn.dialogue, Enrol(code=given), say("utter_enrolled", turn))
        case "link" if given:
            return decided(turn.dialogue, say("utter_link_wrong", turn))
        case "link":
            return decided(turn.dialogue, AskLinkCode(), say("utter_link_code", turn))
        case "reminders":
            to = SetRemindersTo(channel=given) if given in MESSENGERS else AskRemindersTo()
            return decided(turn.dialogue, to)
        case "open":
            return decided(turn.dialogue, OpenedTemplate())
        case _:
            return None


def other_commands(turn: Turn) -> Decision | None:
    """Menu, a person, cancel: by their fixed words and slash commands."""
    match meaning(turn):
        case "start":
            outcome = turn.runner.start(turn.dialogue, "greet")
        case "menu":
            outcome = turn.runner.start(turn.dialogue, "help_menu")
        case "person":
            outcome = turn.runner.start(turn.dialogue, "talk_to_human")
        case "cancel" if turn.dialogue.collecting is None:
            return decided(turn.dialogue, say("utter_nothing_to_cancel", turn))
        case "cancel":
            outcome = turn.runner.cancel(turn.dialogue)
            dialogue = replace(outcome.dialogue, misses=0)
            return decided(dialogue, say("utter_cancelled", turn), *events_of(outcome, turn))
        case _:
            return None
    return decided(replace(outcome.dialogue, misses=0), *events_of(outcome, turn))


def _argument(turn: Turn) -> str:
    """Return what stands behind a slash command."""
    _, _, rest = (turn.heard.payload or turn.heard.text).strip().partition(" ")
    return rest.strip()
