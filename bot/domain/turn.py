"""The words of one turn: what came in, what goes out, and what it asks of the world."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime  # slot values are checked against these at run time
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.languages import Direction

SlotValue: TypeAlias = str | bool | int | Decimal | date | None


class Kind(StrEnum):
    """What a newcomer sent."""

    TEXT = "text"
    BUTTON = "button"
    OTHER = "other"  # a picture, a voice note, a sticker: nothing the assistant can read yet


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """
    One message from a messenger, before anything is decided.

    `provider_id` is the messenger's own id: the same id never counts twice. `payload` is what a button carries,
    `language_hint` a BCP 47 code the client gave, `received_at` aware UTC.
    """

    channel: str
    address: str
    provider_id: str
    kind: Kind
    text: str
    received_at: datetime
    payload: str | None = None
    language_hint: str | None = None

    def as_body(self) -> dict[str, Any]:
        """Return what is stored (encrypted) of the message: no address, no id."""
        return {"text": self.text, "payload": self.payload, "language_hint": self.language_hint}


@dataclass(frozen=True, kw_only=True)
class Button:
    """A choice under a message. `payload` is `/SetSlots(x=y)`, `/intent` or `/skip`."""

    title: str
    payload: str


@dataclass(frozen=True, kw_only=True)
class Message:
    """
    One message to a newcomer, ready to send: `text` with *stars* around official words.

    `language` is the language it is really in, which differs from the reader's when a translation is missing.
    """

    response: str
    text: str
    buttons: tuple[Button, ...]
    language: str
    direction: Direction

    def as_body(self) -> dict[str, Any]:
        """Return what is stored (encrypted) and later sent."""
        return {
            "response": self.response,
            "text": self.text,
            "buttons": [{"title": button.title, "payload": button.payload} for button in self.buttons],
            "language": self.language,
            "direction": self.direction,
        }

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Message:
        """Return the message that `as_body` described."""
        return cls(
            response=body["response"],
            text=body["text"],
            buttons=tuple(Button(title=b["title"], payload=b["payload"]) for b in body["buttons"]),
            language=body["language"],
            direction=body["direction"],
        )


class Priority(StrEnum):
    """How soon a person must look. A letter with a deadline is urgent, not a crisis."""

    NORMAL = "normal"
    URGENT = "urgent"
    CRISIS = "crisis"


@dataclass(frozen=True, kw_only=True)
class Say:
    """Speak the response `response` with these slots; `extra` holds values that are no slots."""

    response: str
    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    extra: Mapping[str, SlotValue] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    language: str | None = None  # another language than the reader's, for the offer to switch


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A button made at run time: the name of a flow or a language, not a fixed title."""

    payload: str
    flow: str | None = None
    language: str | None = None
    title: str | None = None


@dataclass(frozen=True, kw_only=True)
class OpenCase:
    """Hand the question to the team. `summary` is what the volunteer reads first; it may hold personal data."""

    reason: str
    priority: Priority
    topic: str | None
    question: str | None
    summary: str


@dataclass(frozen=True, kw_only=True)
class NoteOnCase:
    """Write an event on the open case, if there is one."""

    kind: str


@dataclass(frozen=True, kw_only=True)
class RecordHelped:
    """Count whether an answer helped; no person is stored with it."""

    question: str
    helped: bool


@dataclass(frozen=True, kw_only=True)
class SetLanguage:
    """The person chose this language."""

    language: str


@dataclass(frozen=True, kw_only=True)
class AcceptNotice:
    """The person accepted the notice."""


@dataclass(frozen=True, kw_only=True)
class DeclineNotice:
    """The person declined the notice: what was held is dropped."""


@dataclass(frozen=True, kw_only=True)
class HoldMessage:
    """Keep the message encrypted until the notice is answered, at most 24 hours."""


@dataclass(frozen=True, kw_only=True)
class StopMessages:
    """The person sent STOP: nothing is sent on our own account any more."""


@dataclass(frozen=True, kw_only=True)
class StartMessages:
    """The person writes again after STOP."""


@dataclass(frozen=True, kw_only=True)
class EraseNewcomer:
    """Delete all that is known of the person."""


Effect: TypeAlias = (
    OpenCase
    | NoteOnCase
    | RecordHelped
    | SetLanguage
    | AcceptNotice
    | DeclineNotice
    | HoldMessage
    | StopMessages
    | StartMessages
    | EraseNewcomer
)
Event: TypeAlias = Say | Effect
