"""What the rules look at: everything that was read, and what follows from it, worked out once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from bot.content.extraction import phrases
from bot.content.render import PLACEHOLDER
from bot.flows.model import Act, Call, Collect
from bot.knowledge.check.entries import Entry, read_entries, torn_lines
from bot.knowledge.load import as_knowledge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date

    from bot.content.extraction import Phrase
    from bot.content.model import Content, Question, Response, Variant
    from bot.flows.model import Flow, Step
    from bot.knowledge.document import Document
    from bot.knowledge.held_out import HeldOut
    from bot.knowledge.load import Read

Place: TypeAlias = tuple[str, int]

ASKS = "utter_ask_"
CRISIS = "utter_crisis_"
# What a flow can see of its own question, beside the slots.
ABOUT = frozenset({"question", "question_needs_human", "question_has_more", "offers_here"})


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one rule found: file and line, why it is wrong, and what to do."""

    place: Place
    why: str
    mend: str
    warning: bool = False


Rule: TypeAlias = "Callable[[Ground], Iterator[Finding]]"


@dataclass(frozen=True, kw_only=True)
class Text:
    """A Dutch text as an author wrote it: a variant of a response, or the explanation of an official word."""

    words: str
    document: Document
    path: tuple[str | int, ...]
    response: Response | None = None
    variant: Variant | None = None
    question: Question | None = None

    @cached_property
    def bare(self) -> str:
        """The words without placeholders and addresses."""
        return re.sub(r"https?://\S+", " ", PLACEHOLDER.sub(" ", self.words))

    def at(self, offset: int = 0) -> Place:
        """Return file and line of the character at `offset`."""
        return self.document.name, self.document.text_line(self.words[:offset].count("\n"), *self.path)

    def find(self, pattern: re.Pattern[str]) -> Iterator[tuple[Place, str]]:
        """Yield place and words of what `pattern` finds outside placeholders and addresses."""
        for number, line in enumerate(self.bare.split("\n")):
            for found in pattern.finditer(line):
                yield (self.document.name, self.document.text_line(number, *self.path)), found[0].strip()


def _words_of(variant: Variant) -> Iterator[tuple[tuple[str, ...], str | None]]:
    yield ("text",), variant.text
    yield ("text_plural",), variant.text_plural
    yield ("metadata", "alt"), variant.alt


@dataclass(frozen=True, kw_only=True)
class Use:
    """Where a response is said: by an `action`, as the question of a `collect`, or by a rejection."""

    flow: Flow
    step: Step
    how: str


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Everything that was read. `spoken` are responses that code says by itself, and what it gives them."""

    read: Read
    today: date
    spoken: Mapping[str, frozenset[str]] = field(default_factory=dict)
    held_out: tuple[HeldOut, ...] = ()

    # ---- places

    def at(self, kind: str, name: str, *deeper: str | int) -> Place:
        """Return file and line of a named thing, or of a place inside it."""
        return self.read.where(kind, name, *deeper)

    def step(self, flow: Flow, step: Step, *deeper: str | int) -> Place:
        """Return file and line of a step, or of a place inside it."""
        return self.at("flow", flow.id, *flow.places.get(step.id, ()), *deeper)

    # ---- looking

    @cached_property
    def content(self) -> Content:
        """What can be said, as the renderer sees it."""
        return as_knowledge(self.read).content

    @cached_property
    def uses(self) -> Mapping[str, tuple[Use, ...]]:
        """Where flows say each response."""
        found: dict[str, list[Use]] = {}
        for flow in self.read.flows.values():
            for step in flow.steps.values():
                match step:
                    case Act(action=action) if action.startswith("utter_"):
                        found.setdefault(action, []).append(Use(flow=flow, step=step, how="action"))
                    case Collect(utter=utter, rejections=rejections):
                        found.setdefault(utter, []).append(Use(flow=flow, step=step, how="collect"))
                        for rejection in rejections:
                            found.setdefault(rejection.utter, []).append(Use(flow=flow, step=step, how="rejection"))
                    case _:
                        pass
        return {name: tuple(uses) for name, uses in found.items()}

    @cached_property
    def question_flows(self) -> tuple[tuple[Flow, Question], ...]:
        """The flows that answer a question of the catalogue."""
        return tuple(
            (flow, self.read.questions[name]) for name, flow in self.read.flows.items() if name in self.read.questions
        )

    @cached_property
    def callers(self) -> Mapping[str, frozenset[str]]:
        """Which flows call each flow."""
        found: dict[str, set[str]] = {}
        for flow in self.read.flows.values():
            for step in flow.steps.values():
                if isinstance(step, Call):
                    found.setdefault(step.flow, set()).add(flow.id)
        return {name: frozenset(flows) for name, flows in found.items()}

    def question_of(self, response: str) -> Question | None:
        """Return the question that a response answers: `utter_<question>` or `utter_<question>_<anything>`."""
        name = response.removeprefix("utter_")
        while name:
            if name in self.read.questions:
                return self.read.questions[name]
            name = name.rpartition("_")[0]
        return None

    @cached_property
    def texts(self) -> tuple[Text, ...]:
        """Every Dutch text of a response."""
        return tuple(self._texts())

    def _texts(self) -> Iterator[Text]:
        for name, response in self.read.responses.items():
            document, path = self.read.places["response", name]
            question = self.question_of(name)
            for at, variant in enumerate(response.variants):
                for part, words in _words_of(variant):
                    if words:
                        yield Text(
                            words=words,
                            document=document,
                            path=(*path, at, *part),
                            response=response,
                            variant=variant,
                            question=question,
                        )

    @cached_property
    def explanations(self) -> tuple[Text, ...]:
        """The explanations of official words."""
        found = []
        for name, term in self.read.terms.items():
            document, path = self.read.places["term", name]
            found.append(Text(words=term.explanation, document=document, path=(*path, "explanation")))
        return tuple(found)

    # ---- translations

    @cached_property
    def phrases(self) -> tuple[Phrase, ...]:
        """Every Dutch phrase that needs a translation, once."""
        return tuple(phrases(self.content))

    @cached_property
    def entries(self) -> Mapping[str, Mapping[tuple[str, str], Entry]]:
        """What the catalogues hold, by language, context and Dutch text."""
        return read_entries(self.read.folders)

    @cached_property
    def unreadable(self) -> frozenset[str]:
        """The languages with a catalogue that cannot be read: nothing is said about what they miss."""
        torn = {language for language, _, _ in self.torn_lines}
        broken = [
            mistake.file.split("/LC_MESSAGES/")[0] for mistake in self.read.mistakes if mistake.kind == "catalogue"
        ]
        return frozenset(torn | {folder.rpartition("/")[2] for folder in broken})

    @cached_property
    def torn_lines(self) -> tuple[tuple[str, str, int], ...]:
        """Language, file and line of what cannot be read in the catalogues."""
        return tuple(torn_lines(self.read.folders))

    def source(self, phrase: Phrase) -> Place:
        """Return where the Dutch of a phrase stands."""
        match phrase.context:
            case "button":
                return self._buttons.get(phrase.text, ("content/responses", 1))
            case "flow":
                return self._flow_names.get(phrase.text, ("flows", 1))
            case "glossary":
                terms = [name for name, term in self.read.terms.items() if term.explanation == phrase.text]
                return self.at("term", terms[0], "explanation") if terms else ("content/glossary.yml", 1)
            case context if context.startswith("template_"):
                return self.at("template", context.removeprefix("template_"), "text")
            case context:
                response = re.split(r"[/.]", context)[0]
                for at, variant in enumerate(self.read.responses[response].variants):
                    if variant.context == context:
                        return self.at("response", response, at, "text")
                    if variant.alt_context == context:
                        return self.at("response", response, at, "metadata", "alt")
                return self.at("response", response)

    @cached_property
    def _buttons(self) -> dict[str, Place]:
        found: dict[str, Place] = {}
        for name, response in self.read.responses.items():
            for at, variant in enumerate(response.variants):
                for place, button in enumerate(variant.buttons):
                    found.setdefault(button.title, self.at("response", name, at, "buttons", place))
        for name, template in self.read.templates.items():
            for place, button in enumerate(template.buttons):
                found.setdefault(button.title, self.at("template", name, "buttons", place))
        return found

    @cached_property
    def _flow_names(self) -> dict[str, Place]:
        return {flow.name: self.at("flow", name, "name") for name, flow in self.read.flows.items()}
