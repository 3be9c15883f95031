"""What the assistant knows, ready to use: the only door from the authors' files to the rest of the house."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from bot.handoff.organisation import neutral

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bot.content.catalogues import Catalogues
    from bot.content.model import Content, Note
    from bot.domain.turn import SlotValue
    from bot.flows.model import Flow
    from bot.handoff.organisation import Organisation
    from bot.nlu.confidence import Scale
    from bot.nlu.examples import Example
    from bot.nlu.slot_values import AnswerWords
    from bot.safety.crisis import CrisisCategory
    from bot.trajectory.template import Template

SlotKind = Literal["choice", "count", "date", "yes_no", "text"]

CONTROLS = (
    "greet", "thanks", "goodbye", "change_language", "talk_to_human", "stop", "affirm", "deny", "not_understood",
    "help_menu", "my_tasks", "task_done", "remind_later",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Slot:
    """
    One thing a newcomer can tell us, and how an answer to it is read.

    `yes_value` and `no_value` are what "yes" and "no" stand for when the question is a choice. `prefer` is the side on
    which a day without a year lies.
    """

    name: str
    kind: SlotKind
    values: tuple[str, ...] = ()
    min_value: int | None = None
    max_value: int | None = None
    yes_value: str | None = None
    no_value: str | None = None
    prefer: Literal["past", "future"] = "past"


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """
    Everything read from nlu/, flows/ and content/.

    `about` holds, per flow, what a flow can see of its own question; `synonyms` go by language and value;
    `crisis_of_flow` are the flows that speak a fixed crisis text; `titles` are the words of a button in every language,
    by payload; `menu` has the questions below each subject that have a flow; `media` is where the files of
    content/media/ really lie, by the path that a response gives (`media/letter.png`); `organisation` is the one whose
    desk this is, of all the `organisations` that are described; `console` are the words of
    the team's own pages, by language and name; `vectors` are files with what the encoder said of the examples;
    `trajectories` are the templates of flows/trajectories/; `notes` are those of content/notes/ by id; `rasa_scale` is
    how the confidences of a Rasa server are read, where somebody measured it.
    """

    content: Content
    catalogues: Catalogues
    flows: Mapping[str, Flow]
    flow_of_intent: Mapping[str, str]
    about: Mapping[str, Mapping[str, SlotValue]]
    slots: Mapping[str, Slot]
    examples: tuple[Example, ...]
    synonyms: Mapping[str, Mapping[str, tuple[str, ...]]]
    words: AnswerWords
    crisis: tuple[CrisisCategory, ...]
    crisis_alerts: Mapping[str, str] = field(default_factory=dict)
    crisis_of_flow: Mapping[str, CrisisCategory] = field(default_factory=dict)
    titles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    menu: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    media: Mapping[str, Path] = field(default_factory=dict)
    organisations: Mapping[str, Organisation] = field(default_factory=dict)
    organisation: Organisation = field(default_factory=neutral)
    console: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    vectors: tuple[Path, ...] = ()
    trajectories: Mapping[str, Template] = field(default_factory=dict)
    notes: Mapping[str, Note] = field(default_factory=dict)
    rasa_scale: Scale | None = None

    def meaning(self, meaning: str) -> frozenset[str]:
        """Return every way, in every language, of saying one of the fixed answers (`stop`, `cancel` …)."""
        return frozenset(text for by_value in self.synonyms.values() for text in by_value.get(meaning, ()))

    @property
    def alarming(self) -> frozenset[str]:
        """Return the intents of somebody in danger: those that start a flow with a fixed crisis text."""
        return frozenset(intent for intent, flow in self.flow_of_intent.items() if flow in self.crisis_of_flow)
