"""Read nlu/, flows/ and content/ into `Knowledge`, and report every mistake with file, line and mend."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import time
from decimal import Decimal
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import ValidationError

from bot.content.catalogues import CatalogueError, Catalogues, load_catalogues
from bot.content.model import (
    ButtonText,
    Content,
    Deadline,
    DeadlineIs,
    Fact,
    Municipality,
    Note,
    Question,
    Response,
    SlotIs,
    Source,
    Term,
    Variant,
    WhatsappTemplate,
)
from bot.domain.languages import Language, Languages
from bot.flows.model import Act
from bot.flows.reading import FlowError, read_flow
from bot.handoff.hours import Hours
from bot.handoff.organisation import Organisation, Route, Team
from bot.knowledge import schema
from bot.knowledge.document import Document, KnowledgeError, Mistake, read_document
from bot.knowledge.knowledge import Knowledge, Slot, SlotKind
from bot.nlu.confidence import Scale
from bot.nlu.examples import Example
from bot.nlu.slot_values import AnswerWords
from bot.safety.crisis import CrisisCategory, EmptyPhraseError
from bot.trajectory.template import (
    CALENDAR,
    DeadlineKind,
    Layer,
    Limit,
    Offset,
    Recurrence,
    Repeats,
    Task,
    Template,
    Track,
    Unit,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bot.flows.model import Flow
    from bot.knowledge.folders import Folders, KnowledgeFile

ShapeT = TypeVar("ShapeT", bound=schema.Shape)
TRAJECTORIES = "flows/trajectories"
SOUNDS_LIKE_DANGER = "sounds_like_danger"  # how the files of nlu/data/<language>/ begin whose lines are none
WEEKDAYS = get_args(schema.Weekday)
_EXAMPLE = re.compile(r"^\s*-\s+(.*\S)\s*$")


@dataclass(kw_only=True)
class Read:
    """Everything that was read, with the documents it came from, for the checks."""

    folders: Folders
    mistakes: list[Mistake] = field(default_factory=list)
    documents: dict[str, Document] = field(default_factory=dict)
    places: dict[tuple[str, str], tuple[Document, tuple[str | int, ...]]] = field(default_factory=dict)
    responses: dict[str, Response] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)
    trajectories: dict[str, Template] = field(default_factory=dict)
    trajectory_files: dict[str, schema.TrajectoryFile] = field(default_factory=dict)
    slots: dict[str, Slot] = field(default_factory=dict)
    intents: set[str] = field(default_factory=set)
    facts: dict[str, Fact] = field(default_factory=dict)
    fact_sources: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, schema.NumberShape] = field(default_factory=dict)
    municipalities: dict[str, Municipality] = field(default_factory=dict)
    questions: dict[str, Question] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    terms: dict[str, Term] = field(default_factory=dict)
    languages: Languages = field(default_factory=lambda: Languages(all={}, fallback=()))
    examples: list[Example] = field(default_factory=list)
    example_lines: list[tuple[str, int]] = field(default_factory=list)
    synonyms: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    crisis: list[CrisisCategory] = field(default_factory=list)
    crisis_shapes: list[schema.CrisisCategoryShape] = field(default_factory=list)
    catalogues: Catalogues = field(default_factory=Catalogues)
    notes: dict[str, str] = field(default_factory=dict)
    menu: dict[str, tuple[str, ...]] = field(default_factory=dict)
    templates: dict[str, WhatsappTemplate] = field(default_factory=dict)
    letter_photos: schema.LetterPhotosShape | None = None
    desks: dict[str, schema.DeskFile] = field(default_factory=dict)
    console: dict[str, dict[str, str]] = field(default_factory=dict)
    media: dict[str, Path] = field(default_factory=dict)
    desk_notes: dict[str, Note] = field(default_factory=dict)
    rasa_scale: Scale | None = None

    def where(self, kind: str, name: str, *deeper: str | int) -> tuple[str, int]:
        """Return file and line of a named thing."""
        if (kind, name) not in self.places:
            return f"{kind}/{name}", 1
        document, path = self.places[kind, name]
        return document.name, document.line(*path, *deeper)

    def complain(  # noqa: PLR0913  # a mistake has these parts
        self, kind: str, name: str, code: str, why: str, mend: str, *deeper: str | int, warning: bool = False
    ) -> None:
        """Report a mistake at a named thing."""
        file, line = self.where(kind, name, *deeper)
        self.mistakes.append(Mistake(file=file, line=line, kind=code, why=why, mend=mend, warning=warning))


def load(folders: Folders, *, cache_dir: Path | None = None) -> Knowledge:
    """
    Return the knowledge in `folders`.

    Raises:
        KnowledgeError: something in it cannot be used; it carries every mistake that was found.

    """
    read = read_all(folders, cache_dir=cache_dir)
    errors = [mistake for mistake in read.mistakes if not mistake.warning]
    if errors:
        raise KnowledgeError(errors)
    return as_knowledge(read)


def read_all(folders: Folders, *, cache_dir: Path | None = None) -> Read:
    """Read every file; never raises for what an author wrote, but reports it."""
    read = Read(folders=folders)
    _read_languages(read)
    each_file(read, "content/sources.yml", schema.SourcesFile, _take_sources)
    each_file(read, "content/questions", schema.QuestionsFile, _take_questions)
    each_file(read, "content/glossary.yml", schema.GlossaryFile, _take_terms)
    each_file(read, "nlu/domain", schema.DomainFile, _take_domain)
    each_file(read, "nlu/rasa.yml", schema.RasaFile, _take_rasa)
    each_file(read, "content/responses", schema.ResponsesFile, _take_responses)
    each_file(read, "content/menu.yml", schema.MenuFile, _take_menu)
    each_file(read, "content/whatsapp_templates.yml", schema.TemplatesFile, _take_templates)
    each_file(read, "content/crisis.yml", schema.CrisisFile, _take_crisis)
    each_file(read, "content/organisation.yml", schema.OrganisationFile, _take_organisation)
    each_file(read, "content/organisation", schema.DeskFile, _take_desk)
    each_file(read, "content/console", schema.ConsoleFile, _take_console)
    each_file(read, "content/notes", schema.NotesFile, _take_notes)
    each_file(read, "flows", schema.FlowsFile, _take_flows, apart=TRAJECTORIES)
    each_file(read, TRAJECTORIES, schema.TrajectoryFile, _take_trajectory)
    _read_facts(read)
    _read_nlu(read)
    read.media = {
        file.name.removeprefix("content/"): file.path
        for file in folders.files("content/media", ending="")
        if file.path.is_file()
    }
    try:
        locales = [layer / "content" / "locale" for layer in folders.layers]
        read.catalogues = load_catalogues(locales, cache_dir / "locale" if cache_dir else None)
    except CatalogueError as error:
        name = error.path.name
        for layer in folders.layers:
            if error.path.is_relative_to(layer):
                name = error.path.relative_to(layer).as_posix()
        mend = "open it with Poedit, or mend the quotes on this line"
        read.mistakes.append(Mistake(file=name, line=max(1, error.line), kind="catalogue", why=error.why, mend=mend))
    return read


def as_knowledge(read: Read) -> Knowledge:
    """Return what was read as the rest of the house uses it."""
    content = Content(
        languages=read.languages,
        responses=read.responses,
        facts=read.facts,
        numbers={name: number.number for name, number in read.numbers.items() if number.number_seen_in_source},
        municipalities=read.municipalities,
        questions=read.questions,
        deadlines={d.name: d for question in read.questions.values() for d in question.deadlines},
        sources=read.sources,
        terms=read.terms,
        flow_names={name: flow.name for name, flow in read.flows.items()},
        templates=read.templates,
        # The check refuses a decision that nobody stands for; were it started all the same, nothing is taken.
        letter_photos_allowed=bool(read.letter_photos and read.letter_photos.allowed and read.letter_photos.decided),
    )
    return Knowledge(
        content=content,
        catalogues=read.catalogues,
        flows=read.flows,
        trajectories=read.trajectories,
        flow_of_intent={intent: flow.id for flow in read.flows.values() for intent in flow.intents},
        about={
            name: {
                "question": name,
                "question_needs_human": question.needs_human,
                "question_has_more": f"utter_{name}_more" in read.responses,
            }
            for name, question in read.questions.items()
            if name in read.flows
        },
        slots=read.slots,
        examples=tuple(read.examples),
        synonyms=read.synonyms,
        words=AnswerWords.from_synonyms(read.synonyms),
        crisis=tuple(read.crisis),
        crisis_alerts={shape.id: shape.alert for shape in read.crisis_shapes},
        crisis_of_flow=_crisis_of_flow(read),
        titles=_titles(read),
        menu={subject: tuple(name for name in names if name in read.flows) for subject, names in read.menu.items()},
        media=read.media,
        organisations={name: _organisation(desk) for name, desk in read.desks.items()},
        console=read.console,
        notes=read.desk_notes,
        rasa_scale=read.rasa_scale,
        vectors=tuple(file.path for file in read.folders.files("nlu/vectors", ending=".npz")),
    )


def _organisation(desk: schema.DeskFile) -> Organisation:
    """Return the desk as the routing uses it; who is on duty comes before every other rule."""
    closed_on = frozenset(desk.closed_on)
    on_duty = (Route(team=desk.on_duty, crisis=True),) if desk.on_duty else ()
    return Organisation(
        id=desk.organisation,
        name=desk.name,
        teams={name: Team(id=name, name=team.name, hours=_hours(team)) for name, team in desk.teams.items()},
        otherwise=desk.otherwise,
        routes=(*on_duty, *(_route(route) for route in desk.routing)),
        closed_on=closed_on,
    )


def _route(route: schema.RouteShape) -> Route:
    when = route.when
    return Route(
        team=route.team,
        crisis=bool(when.crisis),
        age_from=when.age_from,
        age_below=when.age_below,
        languages=frozenset(when.languages),
        topics=frozenset(when.topics),
        questions=frozenset(when.questions),
        municipalities=frozenset(when.municipalities),
        areas=frozenset(when.areas),
    )


def _hours(team: schema.TeamShape) -> Hours | None:
    if team.hours is None:
        return None
    return Hours(week={WEEKDAYS.index(day): tuple(map(_span, spans)) for day, spans in team.hours.items()})


def _span(told: str) -> tuple[time, time]:
    opens, _, closes = told.partition("-")
    return time.fromisoformat(opens), time.fromisoformat(closes)


def _crisis_of_flow(read: Read) -> dict[str, CrisisCategory]:
    """Return the flows that speak the fixed text of a crisis."""
    by_response = {category.response: category for category in read.crisis}
    return {
        name: by_response[step.action]
        for name, flow in read.flows.items()
        for step in flow.steps.values()
        if isinstance(step, Act) and step.action in by_response
    }


def _titles(read: Read) -> dict[str, tuple[str, ...]]:
    """Return the words of every button, in every language: people answer with words they saw elsewhere too."""
    found: dict[str, set[str]] = {}
    spoken = [variant.buttons for response in read.responses.values() for variant in response.variants]
    for buttons in (*spoken, *(template.buttons for template in read.templates.values())):
        for button in buttons:
            titles = found.setdefault(button.payload, set())
            titles.add(button.title)
            for language in read.languages.all:
                if title := read.catalogues.find(language, "button", button.title):
                    titles.add(title)
    return {payload: tuple(sorted(titles)) for payload, titles in found.items()}


# ---- one file


def each_file(
    read: Read,
    under: str,
    shape: type[ShapeT],
    take: Callable[[Read, Document, ShapeT], None],
    *,
    apart: str | None = None,
) -> None:
    """
    Read every file below `under` in this shape, and hand over those that have it.

    Those of the folder `apart` have another shape.
    """
    for file in read.folders.files(under):
        if apart is not None and file.name.startswith(f"{apart}/"):
            continue
        document = _document(read, file)
        shaped = _shaped(read, document, shape) if document else None
        if document and shaped:
            take(read, document, shaped)


def _document(read: Read, file: KnowledgeFile) -> Document | None:
    document, mistakes = read_document(file.path, file.name)
    read.mistakes.extend(mistakes)
    if document is not None:
        read.documents[file.name] = document
        if document.data is None:
            read.mistakes.append(document.mistake("empty", (), "the file is empty", "fill it, or remove the file"))
            return None
    return document


def _shaped(read: Read, document: Document, shape: type[ShapeT]) -> ShapeT | None:
    try:
        return shape.model_validate(document.data)
    except ValidationError as error:
        for one in error.errors():
            path = tuple(part for part in one["loc"] if part != "[key]")
            kind, why, mend = _explained(one, path)
            read.mistakes.append(document.mistake(kind, path, why, mend))
        return None


def _explained(one: Any, path: tuple[Any, ...]) -> tuple[str, str, str]:
    """Return kind, reason and mend of a pydantic error in an author's words."""
    here = str(path[-1]) if path else "the file"
    given = one["input"]
    match one["type"]:
        case "extra_forbidden":
            mend = "mend the spelling, or see the README of this folder"
            found = "unknown_setting", f"'{here}' is no setting here", mend
        case "missing":
            found = "missing_setting", f"'{here}' is missing", f"add '{here}:'"
        case "string_pattern_mismatch" if here == "payload":
            found = "payload", f"'{given}' is no button payload", "write /SetSlots(slot=value), /intent or /skip"
        case "string_pattern_mismatch" if here in ("image", "audio"):
            mend = "write media/ and the name of a file below content/media/: letters, digits, - and _"
            found = "media_path", f"'{given}' is no file of ours", mend
        case "string_pattern_mismatch" if here in ("start", "due", "after", "starts", "ends"):
            found = (
                "amount_of_time",
                f"'{given}' is no amount of time",
                "write it as: 5 days, -2 weeks, 4 months, 1 year",
            )
        case "string_pattern_mismatch" if here == "repeat":
            mend = "write: every 3 months, every week until 91 days, each new date, or sessions"
            found = "repeating", f"'{given}' does not say how it repeats", mend
        case "string_pattern_mismatch" if "hours" in path:
            found = "hours", f"'{given}' are no hours", 'write them as "09:00-17:00"'
        case "string_pattern_mismatch":
            found = "name", f"'{given}' is no name", "use small letters, digits and _ only"
        case "too_long":
            found = "too_many", f"'{here}' has too many parts", str(one["msg"])
        case "literal_error" | "enum":
            found = "value", f"'{given}' is no value for '{here}'", str(one["msg"])
        case _:
            found = "value", f"'{here}': {one['msg']}", "compare with the example in the README of this folder"
    return found


def _place(read: Read, kind: str, name: str, document: Document, *path: str | int) -> None:
    """Remember where a named thing stands; complain when the same layer has it twice."""
    earlier = read.places.get((kind, name))
    if earlier is not None and _same_layer(read, earlier[0], document):
        at = document.mistake(
            "twice",
            path,
            f"{kind} '{name}' stands in {earlier[0].name} too",
            "keep one of the two, or give one another name",
        )
        read.mistakes.append(at)
    read.places[kind, name] = (document, path)


def _same_layer(read: Read, one: Document, other: Document) -> bool:
    """Return whether two files lie in the same layer: a thing in a layer above replaces the one below."""
    layers = {file.name: file.layer for file in read.folders.all()}
    return layers.get(one.name) == layers.get(other.name)


# ---- content


def _read_languages(read: Read) -> None:
    files = read.folders.files("content/languages.yml")
    if not files:
        mend = "add it: it lists the languages, see content/README.md"
        read.mistakes.append(
            Mistake(file="content/languages.yml", line=1, kind="missing_file", why="the file is missing", mend=mend)
        )
        return
    document = _document(read, files[-1])
    shaped = _shaped(read, document, schema.LanguagesFile) if document else None
    if document is None or shaped is None:
        return
    for code in shaped.fallback:
        if code not in shaped.languages:
            at = document.mistake("language", ("fallback",), f"'{code}' is no language", "use a code listed above it")
            read.mistakes.append(at)
    read.languages = Languages(
        all={
            code: Language(
                code=code,
                name=one.name,
                direction=one.direction,
                complete=one.complete,
                min_examples=one.min_examples,
            )
            for code, one in shaped.languages.items()
        },
        fallback=tuple(shaped.fallback),
    )


def _take_sources(read: Read, document: Document, shaped: schema.SourcesFile) -> None:
    for name, one in shaped.sources.items():
        _place(read, "source", name, document, "sources", name)
        read.sources[name] = Source(
            id=name,
            organisation=one.organisation,
            title=one.title,
            url=one.url,
            read=one.checked == "source_read",
        )


def _take_questions(read: Read, document: Document, shaped: schema.QuestionsFile) -> None:
    topic = document.name.rsplit("/", 1)[-1].removesuffix(".yml")
    for at, one in enumerate(shaped.questions):
        _place(read, "question", one.id, document, "questions", at)
        deadlines = []
        for place, d in enumerate(one.deadlines):
            _place(read, "deadline", d.name, document, "questions", at, "deadlines", place)
            deadlines.append(
                Deadline(name=d.name, question=one.id, anchor=d.anchor, offset=d.offset, unit=d.unit, kind=d.kind)
            )
        read.questions[one.id] = Question(
            id=one.id,
            topic=topic,
            ask=one.ask_nl,
            facts=tuple(one.facts),
            deadlines=tuple(deadlines),
            sources=tuple(one.sources),
            confidence=one.confidence,
            needs_human=one.needs_human.rule,
            publish_gate=frozenset(one.publish_gate),
            checked_on=one.checked_on,
            related=tuple(one.related),
        )


def _take_terms(read: Read, document: Document, shaped: schema.GlossaryFile) -> None:
    for at, one in enumerate(shaped.terms):
        _place(read, "term", one.term, document, "terms", at)
        read.terms[one.term] = Term(term=one.term, explanation=one.explanation)


def _take_responses(read: Read, document: Document, shaped: schema.ResponsesFile) -> None:
    topic = document.name.rsplit("/", 1)[-1].removesuffix(".yml")
    for name, variants in shaped.responses.items():
        _place(read, "response", name, document, "responses", name)
        made = []
        for at, one in enumerate(variants):
            if one.id is None and at < len(variants) - 1:
                why = f"variant {at + 1} of {len(variants)} has no 'id'"
                read.complain("response", name, "variant_id", why, "give every variant but the last an id", at)
            made.append(_variant(name, one))
            read.notes[made[-1].context] = one.metadata.note
        read.responses[name] = Response(name=name, topic=topic, variants=tuple(made))


def _variant(name: str, one: schema.VariantShape) -> Variant:
    conditions = tuple(
        SlotIs(slot=c.name, value=_plain(c.value))
        if c.type == "slot"
        else DeadlineIs(deadline=c.name, passed=c.value == "passed")
        for c in one.condition
    )
    return Variant(
        context=f"{name}/{one.id}" if one.id else name,
        text=one.text,
        text_plural=one.text_plural,
        plural_of=one.plural_of,
        conditions=conditions,
        buttons=tuple(ButtonText(title=b.title, payload=b.payload) for b in one.buttons),
        terms=tuple(one.metadata.terms),
        media=tuple(path for path in (one.image, one.audio) if path),
        alt=one.metadata.alt,
    )


def _plain(value: Any) -> Any:
    return Decimal(str(value)) if isinstance(value, float) else value


def _take_templates(read: Read, document: Document, shaped: schema.TemplatesFile) -> None:
    for name, one in shaped.templates.items():
        _place(read, "template", name, document, "templates", name)
        read.templates[name] = WhatsappTemplate(
            name=name,
            category=one.category,
            text=one.text,
            examples=tuple(one.example),
            buttons=tuple(ButtonText(title=button.title, payload=button.payload) for button in one.buttons),
        )


def _take_menu(read: Read, document: Document, shaped: schema.MenuFile) -> None:
    for subject, names in shaped.menu.items():
        _place(read, "menu", subject, document, "menu", subject)
        read.menu[subject] = tuple(names)


def _take_rasa(read: Read, _document: Document, shaped: schema.RasaFile) -> None:
    read.rasa_scale = Scale(refuse_below=shaped.refuse_below, points=tuple(shaped.calibration))


def _take_organisation(read: Read, document: Document, shaped: schema.OrganisationFile) -> None:
    _place(read, "organisation", "letter_photos", document, "letter_photos")
    read.letter_photos = shaped.letter_photos


def _take_desk(read: Read, document: Document, shaped: schema.DeskFile) -> None:
    _place(read, "desk", shaped.organisation, document)
    read.desks[shaped.organisation] = shaped


def _take_console(read: Read, document: Document, shaped: schema.ConsoleFile) -> None:
    for name, words in shaped.console.items():
        _place(read, "console", name, document, "console", name)
        for language, text in words.items():
            read.console.setdefault(language, {})[name] = text


def _take_notes(read: Read, document: Document, shaped: schema.NotesFile) -> None:
    for at, one in enumerate(shaped.notes):
        _place(read, "note", one.id, document, "notes", at)
        read.desk_notes[one.id] = Note(**one.model_dump())


def _take_crisis(read: Read, document: Document, shaped: schema.CrisisFile) -> None:
    for at, one in enumerate(shaped.categories):
        _place(read, "crisis", one.id, document, "categories", at)
        read.crisis_shapes.append(one)
        category = CrisisCategory(
            id=one.id,
            severity=one.severity,
            response=one.response,
            triggers={language: tuple(phrases) for language, phrases in one.triggers.items()},
            not_triggers={language: tuple(phrases) for language, phrases in one.not_triggers.items()},
        )
        try:
            from bot.safety.crisis import CrisisGuard  # noqa: PLC0415  # only to try this one category

            CrisisGuard([category])
        except EmptyPhraseError as error:
            read.complain("crisis", one.id, "crisis_phrase", str(error), "write at least one whole word")
            continue
        read.crisis.append(category)


def _read_facts(read: Read) -> None:
    for file in read.folders.files("content/facts"):
        document = _document(read, file)
        if document is None:
            continue
        if "/municipalities/" in file.name:
            place = _shaped(read, document, schema.MunicipalityFile)
            if place:
                _place(read, "municipality", place.municipality, document, "facts")
                read.municipalities[place.municipality] = Municipality(
                    id=place.municipality,
                    name=place.name,
                    facts={name: fact.value for name, fact in place.facts.items()},
                )
                for name, fact in place.facts.items():
                    if fact.value is not None and fact.source not in read.sources:
                        why = f"'{name}' has a value and no known source"
                        mend = "name a source of content/sources.yml, or make the value null"
                        read.complain("municipality", place.municipality, "fact_source", why, mend, name)
        elif file.name.endswith("/numbers.yml"):
            numbers = _shaped(read, document, schema.NumbersFile)
            for name, number in (numbers.numbers if numbers else {}).items():
                _place(read, "number", name, document, "numbers", name)
                read.numbers[name] = number
        else:
            facts = _shaped(read, document, schema.FactsFile)
            for name, one in (facts.facts if facts else {}).items():
                _place(read, "fact", name, document, "facts", name)
                read.facts[name] = Fact(name=name, value=one.value, unit=one.unit, valid_until=one.valid_until)
                read.fact_sources[name] = one.source


# ---- flows and nlu


def _take_flows(read: Read, document: Document, shaped: schema.FlowsFile) -> None:
    for name, raw in shaped.flows.items():
        _place(read, "flow", name, document, "flows", name)
        try:
            read.flows[name] = read_flow(name, raw)
        except FlowError as error:
            at = document.mistake("flow", ("flows", name, *error.path), error.why, error.mend)
            read.mistakes.append(at)


def _take_trajectory(read: Read, document: Document, shaped: schema.TrajectoryFile) -> None:
    _place(read, "trajectory", shaped.trajectory, document)
    read.trajectory_files[shaped.trajectory] = shaped
    unasked = {shaped.counts_from, *CALENDAR}
    anchors = {name: None if name in unasked else f"utter_ask_anchor_{name}" for name in shaped.anchors}
    # Whatever an author changes makes another template: running trajectories meet it when somebody says so.
    raw = json.dumps(shaped.model_dump(mode="json"), sort_keys=True)
    read.trajectories[shaped.trajectory] = Template(
        id=shaped.trajectory,
        digest=hashlib.sha256(raw.encode()).hexdigest()[:12],
        start_anchor=shaped.counts_from,
        months=shaped.months,
        anchors={shaped.counts_from: None, **anchors},
        conditions={name: f"utter_ask_condition_{name}" for name in shaped.conditions},
        layers={
            name: Layer(id=name, starts=_offset(one.starts), ends=_offset(one.ends))
            for name, one in shaped.layers.items()
        },
        tasks={name: _task(name, one, order) for order, (name, one) in enumerate(shaped.tasks.items(), start=1)},
    )


def _task(name: str, one: schema.TaskShape, order: int) -> Task:
    return Task(
        id=name,
        layer=one.layer,
        anchor=one.anchor,
        start=_offset(one.start),
        due=_offset(one.due),
        kind=DeadlineKind(one.deadline),
        question=one.question,
        track=Track(one.track),
        limits=tuple(
            Limit(
                id=limit.id,
                anchor=limit.anchor,
                offset=_offset(limit.after),
                kind=DeadlineKind(limit.deadline),
                reminder_days=tuple(limit.reminders),
                note=f"utter_task_{name}_limit_{limit.id}",
            )
            for limit in one.limits
        ),
        recurrence=_recurrence(one),
        reminder_days=tuple(one.reminders),
        applies_if=one.applies_if,
        depends_on=tuple(one.needs),
        who_helps=tuple(one.helps),
        sensitive=one.sensitive,
        confirm=one.confirm,
        closes=one.closes,
        proof=one.proof,
        order=order,
    )


def _offset(told: str) -> Offset:
    """Return an amount of time as an author writes it: `4 months`, `week`."""
    number, _, unit = told.rpartition(" ")
    return Offset(amount=int(number or 1), unit=Unit(unit.removesuffix("s")))


def _recurrence(one: schema.TaskShape) -> Recurrence | None:
    if one.repeat is None:
        return None
    how, _, last = one.repeat.partition(" until ")
    until = _offset(last) if last else None
    match how:
        case "sessions":
            return Recurrence(kind=Repeats.SESSIONS, until=until, may_pause=one.may_pause)
        case "each new date":
            return Recurrence(kind=Repeats.ANEW, until=until, may_pause=one.may_pause)
        case _:
            every = _offset(how.removeprefix("every "))
            yearly = one.anchor in CALENDAR
            kind = Repeats.YEARLY if yearly else Repeats.REGULARLY
            return Recurrence(kind=kind, every=every, until=until, may_pause=one.may_pause)


def _take_domain(read: Read, document: Document, shaped: schema.DomainFile) -> None:
    for intent in shaped.intents:
        _place(read, "intent", intent, document, "intents", shaped.intents.index(intent))
        read.intents.add(intent)
    for name, one in shaped.slots.items():
        _place(read, "slot", name, document, "slots", name)
        kind = _slot_kind(one)
        if kind is None:
            why = f"slot '{name}' has no way of being answered"
            read.complain(
                "slot",
                name,
                "slot_kind",
                why,
                "make it categorical with values, or give it mappings: [{type: custom, kind: date}]",
            )
            continue
        read.slots[name] = Slot(
            name=name,
            kind=kind,
            values=tuple(one.values),
            min_value=one.min_value,
            max_value=one.max_value,
            yes_value=one.mapping.yes_value,
            no_value=one.mapping.no_value,
            prefer=one.mapping.prefer,
        )


def _slot_kind(one: schema.SlotShape) -> SlotKind | None:
    if one.type == "categorical":
        return "choice" if one.values else None
    if one.mapping.kind is not None:
        return one.mapping.kind
    return "yes_no" if one.type == "bool" else None


def _read_nlu(read: Read) -> None:
    # Answers lie apart: Rasa's synonyms are of all languages at once, and "stop" in one is not "stop" in another.
    for file in (*read.folders.files("nlu/data"), *read.folders.files("nlu/answers")):
        language = file.name.split("/")[2]
        document = _document(read, file)
        if document is None:
            continue
        if not read.languages.all:
            continue  # the list of languages itself is missing, and that is said already
        if language not in read.languages.all:
            mend = "put the file in a folder named after a language of content/languages.yml"
            read.mistakes.append(document.mistake("language", (), f"'{language}' is no language", mend))
            continue
        shaped = _shaped(read, document, schema.NluFile)
        for at, item in enumerate(shaped.nlu if shaped else ()):
            examples = list(_examples(item.examples))
            line = document.line("nlu", at, "examples") + 1
            if item.intent is not None:
                sounds = PurePosixPath(file.name).name.startswith(SOUNDS_LIKE_DANGER)
                read.examples += [
                    Example(text=text, intent=item.intent, language=language, sounds=sounds) for _, text in examples
                ]
                read.example_lines += [(file.name, line + offset) for offset, _ in examples]
            elif item.synonym is not None:
                meanings = read.synonyms.setdefault(language, {})
                meanings[item.synonym] = (*meanings.get(item.synonym, ()), *(text for _, text in examples))
            elif item.lookup is None and item.regex is None:
                mend = "start it with '- intent: name' or '- synonym: value'"
                read.mistakes.append(document.mistake("nlu_item", ("nlu", at), "this item says nothing", mend))


def _examples(block: str) -> Iterator[tuple[int, str]]:
    for offset, line in enumerate(block.splitlines()):
        found = _EXAMPLE.match(line)
        if found:
            yield offset, found[1]
