"""What a rung sees of the turn, and what it may decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from bot.domain.turn import Kind, Say

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from bot.domain.turn import Choice, Event, SlotValue
    from bot.flows.dialogue import Dialogue
    from bot.flows.runner import Runner
    from bot.knowledge.knowledge import Knowledge
    from bot.nlu.model import Understanding
    from bot.safety.crisis import CrisisCategory


@dataclass(frozen=True, kw_only=True)
class Closed:
    """A question that was closed a short while ago; `asked`: whether they mean it was asked, and not answered yet."""

    case_id: str
    asked: bool = False


@dataclass(frozen=True, kw_only=True)
class Person:
    """
    What the turn knows of who writes. `language` is the one on file, or the one we go by until they choose.

    `waiting` is the number of their question that waits in the team's queue, `closed` the one that was closed lately.
    `group_letter` is the message to their group that reached them lately, while they did not answer it.
    """

    language: str
    second_language: str | None = None
    consented: bool = False
    stopped: bool = False
    helped_by_person: bool = False
    group_letter: str | None = None
    waiting: int | None = None
    closed: Closed | None = None


@dataclass(frozen=True, kw_only=True)
class Heard:
    """The message of this turn, with numbers that do not belong in a chat already masked."""

    kind: Kind
    text: str
    payload: str | None = None
    masked: bool = False


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One message in its conversation: everything a decision may depend on."""

    knowledge: Knowledge
    runner: Runner
    dialogue: Dialogue
    heard: Heard
    person: Person
    today: date
    understood: Understanding | None = None
    crisis: CrisisCategory | None = None
    turn_of_phrase: bool = False  # danger is named, and the guard knows the phrase as one that means none


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What becomes of the dialogue, and what is said and done, in order. `rung` names who decided."""

    dialogue: Dialogue
    events: tuple[Event, ...] = ()
    rung: str = ""


Rung: TypeAlias = "Callable[[Turn], Decision | None]"


def say(response: str, turn: Turn, *, choices: tuple[Choice, ...] = (), **extra: SlotValue) -> Say:
    """Return a `Say` that sees the dialogue's slots."""
    return Say(response=response, slots=turn.runner.slots(turn.dialogue), extra=extra, choices=choices)


def decided(dialogue: Dialogue, *events: Event) -> Decision:
    """Return the decision with these events."""
    return Decision(dialogue=dialogue, events=events)
