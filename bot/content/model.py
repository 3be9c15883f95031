"""What can be said: responses, facts, deadlines, sources, official words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from decimal import Decimal

    from bot.domain.languages import Languages
    from bot.domain.turn import SlotValue

# What WhatsApp takes templates in, of the languages that we speak: neither Tigrinya nor Somali is among them.
TEMPLATE_LANGUAGES = frozenset({"nl", "en", "ar", "fa", "tr", "uk", "fr"})

NeedsHuman = Literal["never", "if", "always"]
Unit = Literal["euro", "percent", "plain"]
Span = Literal["day", "working_day", "week", "month", "year"]


@dataclass(frozen=True, kw_only=True)
class SlotIs:
    """Holds when the slot has this value."""

    slot: str
    value: SlotValue


@dataclass(frozen=True, kw_only=True)
class DeadlineIs:
    """Holds when the deadline is known, and has passed or not."""

    deadline: str
    passed: bool


@dataclass(frozen=True, kw_only=True)
class ButtonText:
    """A button in Dutch."""

    title: str
    payload: str


@dataclass(frozen=True, kw_only=True)
class Variant:
    """
    One way of saying a response. `context` is its message context in the catalogues.

    `plural_of` names the placeholder that decides the plural form; `text_plural` is then the Dutch plural. `media` are
    the paths of a picture and a sound below content/, `alt` what they show or say.
    """

    context: str
    text: str
    text_plural: str | None = None
    plural_of: str | None = None
    conditions: tuple[SlotIs | DeadlineIs, ...] = ()
    buttons: tuple[ButtonText, ...] = ()
    terms: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    alt: str | None = None

    @property
    def alt_context(self) -> str:
        """The message context of `alt` in the catalogues."""
        return f"{self.context}.alt"


@dataclass(frozen=True, kw_only=True)
class Response:
    """A response: its variants in order, and the topic (catalogue) it belongs to."""

    name: str
    topic: str
    variants: tuple[Variant, ...]


@dataclass(frozen=True, kw_only=True)
class Fact:
    """An amount or another figure. After `valid_until` it counts as unknown."""

    name: str
    value: Decimal | str
    unit: Unit
    valid_until: date | None


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """A date counted from an anchor the newcomer knows. Legal ones are never moved."""

    name: str
    question: str
    anchor: str
    offset: int
    unit: Span
    kind: Literal["legal", "advised", "programme"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a fact came from; `read` tells whether someone read it."""

    id: str
    organisation: str
    title: str
    url: str | None
    read: bool


@dataclass(frozen=True, kw_only=True)
class Question:
    """A row of the question catalogue: what may be said of it, on whose word, and who must help."""

    id: str
    topic: str
    ask: str
    facts: tuple[str, ...]
    deadlines: tuple[Deadline, ...]
    sources: tuple[str, ...]
    confidence: Literal["high", "medium", "low"]
    needs_human: NeedsHuman
    publish_gate: frozenset[str]
    checked_on: date
    related: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Term:
    """An official Dutch word and what it means."""

    term: str
    explanation: str


@dataclass(frozen=True, kw_only=True)
class Municipality:
    """A place: its name, and what was given to us about it (None: nobody did)."""

    id: str
    name: str
    facts: Mapping[str, str | None]


@dataclass(frozen=True, kw_only=True)
class WhatsappTemplate:
    """
    What may be said on WhatsApp a day after somebody last wrote, in Dutch: WhatsApp approves it word by word.

    `text` holds its variables as `{1}`, `{2}` …; `examples` has one for each. `context` is its message context.
    """

    name: str
    category: Literal["utility", "marketing", "authentication"]
    text: str
    examples: tuple[str, ...] = ()
    buttons: tuple[ButtonText, ...] = ()

    @property
    def context(self) -> str:
        """The context of its text in the catalogues."""
        return f"template_{self.name}"


@dataclass(frozen=True, kw_only=True)
class TemplateText:
    """A template in one language, as it is given to WhatsApp."""

    name: str
    language: str
    category: str
    text: str
    examples: tuple[str, ...] = ()
    buttons: tuple[ButtonText, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Note:
    """
    What is good to know for everybody at the desk, in Dutch; newcomers do not read it.

    It was made of an answer to a question that was asked on `asked_on`, and read by an expert or a coordinator.
    """

    id: str
    title: str
    text: str
    subject: str
    asked_on: date
    reviewed_by: str
    reviewed_on: date


@dataclass(frozen=True, kw_only=True)
class Content:
    """
    Everything that can be said, in Dutch, with the facts it needs.

    `letter_photos_allowed`: the organisation has decided, on paper, that photos of letters are taken.
    """

    languages: Languages
    responses: Mapping[str, Response]
    facts: Mapping[str, Fact] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)
    municipalities: Mapping[str, Municipality] = field(default_factory=dict)
    questions: Mapping[str, Question] = field(default_factory=dict)
    deadlines: Mapping[str, Deadline] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    terms: Mapping[str, Term] = field(default_factory=dict)
    flow_names: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, WhatsappTemplate] = field(default_factory=dict)
    letter_photos_allowed: bool = False
