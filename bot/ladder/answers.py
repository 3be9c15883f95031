"""Reading a message as the answer to the question that is waiting."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Literal

from bot.nlu.slot_values import ChoiceOption, is_skip, read_choice, read_count, read_date, read_yes_no

if TYPE_CHECKING:
    from decimal import Decimal

    from bot.domain.turn import SlotValue
    from bot.knowledge.knowledge import Slot
    from bot.ladder.turn import Turn

# No count of people, euros or weeks comes near; beyond it a number can no longer be written out.
LARGEST = 10**9
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")
_YEARS = range(1900, 2101)
_SET_SLOTS = re.compile(r"^/SetSlots\(([a-z][a-z0-9_]*)=(.+)\)$")


class No(Enum):
    """Why a message is no value for a slot."""

    VALUE = "no value in it"
    RANGE = "a number that cannot be"


@dataclass(frozen=True, kw_only=True)
class Pressed:
    """A button that fills a slot."""

    slot: str
    value: str


def pressed(payload: str) -> Pressed | None:
    """Return what `/SetSlots(slot=value)` says; None for another payload."""
    found = _SET_SLOTS.match(payload)
    return Pressed(slot=found[1], value=found[2]) if found else None


def from_button(slot: Slot, value: str) -> SlotValue | No:
    """Return a button's value as the slot keeps it."""
    match slot.kind:
        case "choice":
            return value if value in slot.values else No.VALUE
        case "yes_no":
            return {"true": True, "false": False}.get(value.lower(), No.VALUE)
        case "count":
            return _in_range(slot, int(value)) if _WHOLE_NUMBER.fullmatch(value) else No.VALUE
        case "date":
            try:
                day = date.fromisoformat(value)
            except ValueError:
                return No.VALUE
            return day if day.year in _YEARS else No.VALUE
        case "text":
            return value


def from_text(turn: Turn, slot: Slot, text: str) -> SlotValue | No:
    """Return the value that `text` gives the slot, in any of our languages and scripts."""
    words, language = turn.knowledge.words, turn.person.language
    match slot.kind:
        case "yes_no":
            found = read_yes_no(text, words, language=language)
            return found if found is not None else No.VALUE
        case "count":
            number = read_count(text, words)
            return _in_range(slot, number) if number is not None else No.VALUE
        case "date":
            day = read_date(text, language, turn.today, prefer=slot.prefer, words=words)
            return day or No.VALUE
        case "choice":
            return _choice(turn, slot, text)
        case "text":
            return text or No.VALUE


def is_a_skip(turn: Turn, text: str) -> bool:
    """Return whether the person says that they do not know or will not say."""
    return is_skip(text, turn.knowledge.words)


def _in_range(slot: Slot, number: Decimal | int) -> Decimal | int | Literal[No.RANGE]:
    low = slot.min_value is not None and number < slot.min_value
    high = number > (LARGEST if slot.max_value is None else slot.max_value)
    return No.RANGE if low or high else number


def _choice(turn: Turn, slot: Slot, text: str) -> SlotValue | No:
    options = [
        ChoiceOption(value=value, titles=_titles(turn, slot.name, value), synonyms=_synonyms(turn, value))
        for value in _in_order_of_buttons(turn, slot)
    ]
    found = read_choice(text, options, words=turn.knowledge.words)
    if found is not None:
        return found
    if slot.yes_value or slot.no_value:
        yes = read_yes_no(text, turn.knowledge.words, language=turn.person.language)
        value = None if yes is None else (slot.yes_value if yes else slot.no_value)
        return value or No.VALUE
    return No.VALUE


def _in_order_of_buttons(turn: Turn, slot: Slot) -> list[str]:
    """Return the values as their buttons stand on the screen, so that "2" is the second one seen."""
    shown = [
        press.value
        for offer in turn.dialogue.offered
        if (press := pressed(offer.payload)) and press.slot == slot.name and press.value in slot.values
    ]
    return shown or list(slot.values)


def _titles(turn: Turn, slot: str, value: str) -> tuple[str, ...]:
    payload = f"/SetSlots({slot}={value})"
    shown = tuple(offer.title for offer in turn.dialogue.offered if offer.payload == payload)
    return (*shown, *turn.knowledge.titles.get(payload, ()))


def _synonyms(turn: Turn, value: str) -> tuple[str, ...]:
    return tuple(text for by_value in turn.knowledge.synonyms.values() for text in by_value.get(value, ()))
