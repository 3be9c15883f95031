"""The shape of every file in nlu/, flows/ and content/. A misspelt setting is a mistake, never silence."""

from __future__ import annotations

import itertools
from datetime import date  # pydantic reads the annotations at run time
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


# A file below content/media/: no folder upwards, nothing that an address would have to escape.
MediaPath = Annotated[str, StringConstraints(pattern=r"^media/(?:[A-Za-z0-9_-]+/)*[A-Za-z0-9_-]+\.[a-z0-9]+$")]


class Shape(BaseModel):
    """A part of a file: unknown settings are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ButtonShape(Shape):
    title: Text
    payload: Annotated[
        str,
        StringConstraints(pattern=r"^/(SetSlots\([a-z][a-z0-9_]*=[^()=]+\)|[a-z][a-z0-9_]*( [a-z]{2})?)$"),
    ]


class ConditionShape(Shape):
    type: Literal["slot", "deadline"]
    name: Name
    value: Any


class MetadataShape(Shape):
    terms: list[str] = Field(default_factory=list)
    note: str = ""
    alt: Text | None = None
    heading: str = ""


class VariantShape(Shape):
    id: Name | None = None
    text: Text
    text_plural: Text | None = None
    plural_of: Name | None = None
    condition: list[ConditionShape] = Field(default_factory=list)
    buttons: list[ButtonShape] = Field(default_factory=list, max_length=10)
    image: MediaPath | None = None
    audio: MediaPath | None = None
    metadata: MetadataShape = MetadataShape()


class ConsoleFile(Shape):
    """The console's own words: by name, in each language that it is in."""

    console: dict[Name, dict[Literal["nl", "en"], Text]]


class ResponsesFile(Shape):
    version: str | None = None
    responses: dict[Annotated[str, StringConstraints(pattern=r"^utter_[a-z0-9_]+$")], list[VariantShape]]


class DeadlineShape(Shape):
    name: Name
    anchor: Name
    offset: int
    unit: Literal["day", "working_day", "week", "month", "year"]
    kind: Literal["legal", "advised", "programme"]
    note: str = ""
    confidence: Literal["high", "medium", "low"] | None = None


class HumanShape(Shape):
    rule: Literal["never", "if", "always"]
    when: str


class RiskShape(Shape):
    level: Literal["low", "medium", "high"]
    why: str


Gate = Literal[
    "ok_with_checked_on_date", "check_amounts_each_year", "check_law_status", "check_source_first", "fill_local_config"
]


class QuestionShape(Shape):
    id: Name
    description: Text
    ask_nl: Text
    facts: list[Text] = Field(min_length=1)
    deadlines: list[DeadlineShape] = Field(default_factory=list)
    varies_by_municipality: str = ""
    sources: list[str] = Field(min_length=1)
    confidence: Literal["high", "medium", "low"]
    needs_human: HumanShape
    risk_if_wrong: RiskShape
    volatility: Literal["stable", "yearly", "verify_law", "verify_local"]
    verify: str = ""
    related: list[Name] = Field(default_factory=list)
    checked_basis: Literal["sources_read", "mixed", "not_yet"]
    publish_gate: list[Gate] = Field(min_length=1)
    checked_on: date


class QuestionsFile(Shape):
    questions: list[QuestionShape]


class HeldOutShape(Shape):
    text: Text
    intent: Name | None = None
    crisis: Name | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> HeldOutShape:
        if (self.intent is None) == (self.crisis is None):
            raise ValueError("a message has either 'intent' or 'crisis'")
        return self


class HeldOutFile(Shape):
    """Messages to measure understanding with, in one language."""

    language: Name
    messages: list[HeldOutShape]


Part = Annotated[float, Field(ge=0, le=1)]


class FloorShape(Shape):
    top_1: Part
    caught: Part
    refused: Part
    crisis_recall: Part
    false_alarms: Part


class FloorFile(Shape):
    """What understanding must reach on nlu/held_out/: in all, and in each language."""

    all: FloorShape
    languages: dict[Name, FloorShape]


Share = Annotated[float, Field(ge=0, le=1)]


class RasaFile(Shape):
    """What the confidences of a Rasa server are worth (nlu/rasa.yml); `wegwijs rasa calibrate` writes it."""

    refuse_below: Share
    calibration: Annotated[list[tuple[Share, Share]], Field(min_length=1)]

    @field_validator("calibration")
    @classmethod
    def _rises(cls, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        pairs = list(itertools.pairwise(points))
        if any(after[0] <= before[0] or after[1] < before[1] for before, after in pairs):
            raise ValueError("each point lies further than the one before it, and its share is no smaller")
        return points


class MenuFile(Shape):
    menu: dict[Name, Annotated[list[Name], Field(min_length=1, max_length=10)]]


class TemplateShape(Shape):
    category: Literal["utility", "marketing", "authentication"]
    text: Text
    example: list[Text] = Field(default_factory=list)
    buttons: list[ButtonShape] = Field(default_factory=list, max_length=10)


class TemplatesFile(Shape):
    templates: dict[Name, TemplateShape]


class LetterPhotosShape(Shape):
    allowed: bool
    decided_by: Text | None
    decided_on: date | None
    reason: Text | None

    @property
    def decided(self) -> bool:
        """Whether somebody stands for it, on a day, with a reason."""
        return None not in (self.decided_by, self.decided_on, self.reason)


class OrganisationFile(Shape):
    letter_photos: LetterPhotosShape


Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class TeamShape(Shape):
    name: Text
    what: str = ""
    hours: dict[Weekday, Annotated[list[Clock], Field(min_length=1)]] | None
    source: str | None
    checked_on: date | None
    note: str = ""


class WhenShape(Shape):
    crisis: Literal[True] | None = None
    age_from: int | None = Field(default=None, ge=0)
    age_below: int | None = Field(default=None, ge=1)
    languages: list[str] = Field(default_factory=list)
    topics: list[Name] = Field(default_factory=list)
    questions: list[Name] = Field(default_factory=list)
    municipalities: list[Name] = Field(default_factory=list)
    areas: list[Name] = Field(default_factory=list)


class RouteShape(Shape):
    when: WhenShape
    team: Name


class DeskFile(Shape):
    organisation: Name
    name: Text
    note: str = ""
    teams: dict[Name, TeamShape] = Field(min_length=1)
    closed_on: list[date] = Field(default_factory=list)
    on_duty: Name | None
    areas: list[Name] = Field(default_factory=list)
    routing: list[RouteShape] = Field(default_factory=list)
    otherwise: Name


class NoteShape(Shape):
    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=64)]
    title: Annotated[Text, StringConstraints(max_length=120)]
    text: Annotated[Text, StringConstraints(max_length=4000)]
    subject: Name
    asked_on: date
    reviewed_by: Literal["expert", "coordinator"]
    reviewed_on: date


class NotesFile(Shape):
    """What is good to know at the desk: made of what organisations asked, and read by somebody else."""

    notes: list[NoteShape]


class SourceShape(Shape):
    organisation: Text
    title: Text
    url: str | None = None
    page_date: Any = None
    checked: Literal["source_read", "secondary", "seed", "not_yet"]


class SourcesFile(Shape):
    sources: dict[str, SourceShape]


class FactShape(Shape):
    value: Decimal | str
    unit: Literal["euro", "percent", "plain"] = "plain"
    valid_until: date | None = None
    source: str
    checked_on: date
    note: str = ""


class FactsFile(Shape):
    facts: dict[Name, FactShape]


class NumberShape(Shape):
    number: Text
    what: str
    free: bool
    hours: str
    source: str
    confidence: Literal["high", "medium", "low"]
    number_seen_in_source: bool
    seen_at: str | None = None
    note: str = ""
    checked_on: date


class NumbersFile(Shape):
    numbers: dict[Name, NumberShape]


class LocalFactShape(Shape):
    value: str | None
    source: str | None
    checked_on: date | None
    note: str = ""


class MunicipalityFile(Shape):
    municipality: Name
    name: Text
    facts: dict[Name, LocalFactShape]


class TermShape(Shape):
    term: Text
    expansion: str | None = None
    explanation: Text
    en: str
    see_question: Name | None = None
    sources: list[str]
    confidence: Literal["high", "medium", "low"]


class GlossaryFile(Shape):
    terms: list[TermShape]


class LanguageShape(Shape):
    name: Text
    direction: Literal["ltr", "rtl"]
    complete: bool
    min_examples: int = Field(ge=0)


class LanguagesFile(Shape):
    languages: dict[str, LanguageShape]
    fallback: list[str]


class CrisisCategoryShape(Shape):
    id: Name
    severity: Literal["S0", "S1", "S2"]
    response: Name
    numbers: list[Name] = Field(default_factory=list)
    alert: Literal["always", "if_asked"]
    triggers: dict[str, list[Text]]
    not_triggers: dict[str, list[Text]] = Field(default_factory=dict)


class CrisisFile(Shape):
    categories: list[CrisisCategoryShape]


class MappingShape(Shape):
    """
    How a slot is filled: in Rasa's words by code of our own (`custom`), which reads an answer by these.

    They stand here because Rasa takes any setting inside a mapping, and no unknown one beside it.
    """

    type: Literal["custom"]
    kind: Literal["date", "count", "yes_no", "text"] | None = None
    yes_value: str | None = None
    no_value: str | None = None
    prefer: Literal["past", "future"] = "past"


class SlotShape(Shape):
    type: Literal["categorical", "bool", "float", "any", "text"]
    values: list[str] = Field(default_factory=list)
    mappings: list[MappingShape] = Field(default_factory=list, max_length=1)
    min_value: int | None = None
    max_value: int | None = None
    initial_value: Any = None
    influence_conversation: bool | None = None

    @property
    def mapping(self) -> MappingShape:
        """How an answer is read."""
        return self.mappings[0] if self.mappings else MappingShape(type="custom")


class DomainFile(Shape):
    version: str
    intents: list[Name] = Field(default_factory=list)
    slots: dict[Name, SlotShape] = Field(default_factory=dict)


class NluItem(Shape):
    intent: Name | None = None
    synonym: str | None = None
    lookup: str | None = None
    regex: str | None = None
    examples: str


class NluFile(Shape):
    version: str
    nlu: list[NluItem]


# So much after an anchor (before it with a minus): days, weeks, months or years of the calendar.
Amount = Annotated[str, StringConstraints(pattern=r"^-?\d{1,4} (?:day|week|month|year)s?$")]
Repeat = Annotated[
    str,
    StringConstraints(
        pattern=r"^(?:every (?:[1-9]\d{0,2} )?(?:day|week|month|year)s?|each new date|sessions)"
        r"(?: until \d{1,4} (?:day|week|month|year)s?)?$"
    ),
]
Kind = Literal["legal", "advised", "programme"]
Helper = Literal[
    "coach", "form_team", "municipality", "school", "youth_health", "legal_adviser", "volunteer_centre", "library",
    "area_team", "group_leader", "child_fund", "tax_help",
]  # fmt: skip


class LimitShape(Shape):
    id: Name
    anchor: Name
    after: Amount
    deadline: Kind = "legal"
    reminders: list[int] = Field(default_factory=list)
    confidence: Literal["high", "medium", "low"]
    note: str = ""


class TaskShape(Shape):
    layer: Name
    track: Literal["individual", "group"] = "individual"
    anchor: Name
    start: Amount
    due: Amount
    deadline: Kind
    limits: list[LimitShape] = Field(default_factory=list)
    repeat: Repeat | None = None
    may_pause: bool = False
    closes: bool = False
    reminders: list[int] = Field(default_factory=list)
    applies_if: Name = "all"
    needs: list[Name] = Field(default_factory=list)
    helps: list[Helper] = Field(min_length=1)
    question: Name
    sensitive: bool = False
    confirm: bool = False
    proof: Text
    sources: list[str] = Field(default_factory=list)
    confidence: Literal["high", "medium", "low"]
    checked_on: date
    note: str = ""


class LayerShape(Shape):
    starts: Amount
    ends: Amount


class TrajectoryFile(Shape):
    version: str | None = None
    trajectory: Name
    months: int = Field(ge=1, le=60)
    counts_from: Name
    anchors: list[Name] = Field(default_factory=list)
    conditions: list[Name] = Field(default_factory=list)
    layers: dict[Name, LayerShape] = Field(min_length=1)
    tasks: dict[Name, TaskShape] = Field(min_length=1)


class FlowsFile(Shape):
    version: str | None = None
    flows: dict[Name, dict[str, Any]]
