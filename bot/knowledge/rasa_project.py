"""
Our knowledge as a Rasa project: examples, domain, flows and conversations in Rasa's own files.

What Rasa has a place for stands there. What it has none for (facts, sources, catalogues, trajectories, the settings of
slots that Rasa refuses) lies beside it in wegwijs/, as our own files, so that an import brings everything back.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.content.render import PLACEHOLDER, Renderer
from bot.domain.languages import SOURCE
from bot.knowledge.document import KnowledgeError, read_document
from bot.knowledge.load import TRAJECTORIES, as_knowledge, read_all
from bot.knowledge.rasa_format import (
    ENTITY,
    OURS,
    VERSION,
    dumped,
    escaped,
    lines_of,
    rasa_condition,
    rasa_slot,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from bot.knowledge.folders import Folders
    from bot.knowledge.load import Read

    Show = Callable[[int, int, str], None]

# The folder beside the project, and what lies in it as it was.
BESIDE = "wegwijs"
CONVERSATIONS = "tests/conversations"
# What Rasa's end-to-end tests can say; our other steps let time pass, or ask for what happens behind the words.
E2E_STEPS = frozenset({"user", "utter", "slot_was_set"})
E2E_LEFT_OUT = frozenset({"text_contains", "effect"})
SLOT_IN_CONDITION = re.compile(r"\bslots\.([a-z][a-z0-9_]*)")

README = """# A Rasa project, written by Wegwijs

The knowledge of Wegwijs in Rasa's own files; the texts are in `{language}`. {fallen_back}

| Where | What |
|---|---|
| `config.yml` | the pipeline for Rasa Open Source 3.6 |
| `data/nlu/<language>/` | {examples} examples and synonyms |
| `domain/` | intents, slots, actions |
| `domain/responses/` | {responses} responses, with buttons, variants and conditions |
| `domain/filled_in.yml` | slots for what texts are filled in with; amounts hold their value of the day of export |
| `data/flows/` | {flows} flows |
| `e2e_tests/` | {cases} conversations ({cases_left_out} more need steps that Rasa does not have) |
| `wegwijs/` | what Rasa has no place for, as our own files; Rasa does not look there |

## What runs where
- Understanding trains with Rasa Open Source 3.6: try
  `rasa data validate --domain domain --data data/nlu --config config.yml`, then
  `rasa train nlu --nlu data/nlu --domain domain --config config.yml`.
- The flows and `e2e_tests/` need Rasa's CALM (Rasa Pro); Rasa Open Source does not read them.
- The actions in `domain/actions.yml` are names: what they do is yours to write on an action server.

## What our runner does and Rasa does not
- The first variant is said whose conditions hold and in which everything is known. Rasa takes any of those without a
  condition. A variant for a deadline hangs on a slot `deadline_<name>_is` (`passed` or
  `coming`) that nothing fills here.
- Official words are explained, sources named, dates and amounts written as people do in each language.
- A language a person, with Dutch as the source: here is one language at a time.
- Crisis texts are fixed: a guard on words, before any model, says them in full in the reader's language, and nothing
  rewrites them. Rasa has no such guard. Keep these texts word for word, never let a model rephrase them, and do not go
  live without one.

## Back
`wegwijs rasa import` reads this folder; with `wegwijs/` beside it nothing is lost. What you change in
responses, examples and flows comes along; the conversations come back as they lie in `wegwijs/`.
"""


class FolderNotEmptyError(Exception):
    """The folder holds something already; name another one, or say --force to write over it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder}: {self.__doc__}")
        self.folder = folder


class UnknownLanguageError(ValueError):
    """This language is not one of those that we speak."""

    def __init__(self, language: str, known: tuple[str, ...]) -> None:
        super().__init__(f"'{language}' is no language here; use one of: {' '.join(known)}")


@dataclass(kw_only=True)
class Exported:
    """What was written. `other` counts the texts that are in another language than was asked for, by language."""

    language: str
    files: int = 0
    examples: int = 0
    escaped: int = 0
    responses: int = 0
    texts: int = 0
    flows: int = 0
    cases: int = 0
    cases_left_out: int = 0
    other: Counter[str] = field(default_factory=Counter)


def export(  # noqa: PLR0913  # where from, where to, and how
    folders: Folders, target: Path, *, language: str, today: date, force: bool, show: Show
) -> Exported:
    """
    Write the knowledge in `folders` as a Rasa project into `target`, its texts in `language`.

    Raises:
        KnowledgeError: the knowledge cannot be read.
        UnknownLanguageError: the language is none of ours.
        FolderNotEmptyError: there is something in `target`, and `force` was not said.

    """
    if target.exists() and any(target.iterdir()) and not force:
        raise FolderNotEmptyError(target)
    read = read_all(folders)
    errors = [mistake for mistake in read.mistakes if not mistake.warning]
    if errors:
        raise KnowledgeError(errors)
    code = read.languages.known(language)
    if code is None:
        raise UnknownLanguageError(language, tuple(read.languages.all))
    project = _Project(read, code, today)
    # Everything is made before the first file is written: a mistake leaves nothing half-done behind.
    made = project.files()
    beside = [file for file in folders.all() if project.lies_beside(file.name)]
    media = [(f"content/{name}", path) for name, path in read.media.items()]
    vectors = [(file.name, file.path) for file in folders.files("nlu", ".npz")]
    stories = list(_conversations(folders))
    copies = [*((f.name, f.path) for f in beside), *media, *vectors, *stories]
    total = len(made) + len(copies)
    for done, (name, text) in enumerate(made.items(), start=1):
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        show(done, total, "writing")
    for done, (name, source) in enumerate(copies, start=len(made) + 1):
        path = target / BESIDE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, path)
        show(done, total, "writing")
    project.told.files = total
    return project.told


def _conversations(folders: Folders) -> Iterator[tuple[str, Path]]:
    for layer in folders.layers:
        place = layer / CONVERSATIONS
        for path in sorted(place.rglob("*.yml")):
            yield path.relative_to(layer).as_posix(), path


class _Project:
    """The files of the project, made one kind after the other."""

    def __init__(self, read: Read, language: str, today: date) -> None:
        self._read = read
        self._language = language
        self._today = today
        self._content = as_knowledge(read).content
        self._renderer = Renderer(content=self._content, catalogues=read.catalogues)
        self._raw = {name: document.data for name, document in read.documents.items()}
        self.told = Exported(language=language)

    def files(self) -> dict[str, str]:
        """Return every file of the project: its place in it, and what it says."""
        made: dict[str, str] = {}
        made["config.yml"] = self._config()
        made |= self._nlu()
        made |= self._domain()
        made |= self._flows()
        made |= self._tests()
        made["README.md"] = self._readme()
        return made

    def lies_beside(self, name: str) -> bool:
        """Return whether this file of ours has no place of its own in Rasa's project."""
        in_project = name.startswith(("nlu/data/", "content/responses/"))
        return not (in_project or (name.startswith("flows/") and not name.startswith(f"{TRAJECTORIES}/")))

    def _config(self) -> str:
        found = {file.name: file.path for file in self._read.folders.files("nlu/config.yml")}
        if not found:
            return dumped({"recipe": "default.v1", "language": self._language, "assistant_id": OURS, "pipeline": []})
        text = next(iter(found.values())).read_text(encoding="utf-8")
        # Rasa asks for one, and warns each time without it.
        return text if re.search(r"^assistant_id:", text, re.MULTILINE) else f"{text.rstrip()}\nassistant_id: {OURS}\n"

    # ---- examples

    def _nlu(self) -> dict[str, str]:
        made: dict[str, str] = {}
        for file in self._read.folders.files("nlu/data"):
            text = file.path.read_text(encoding="utf-8")
            data = self._raw.get(file.name) or {}
            blocks = [list(lines_of(item["examples"])) for item in data.get("nlu", ())]
            self.told.examples += sum(map(len, blocks))
            count = sum(bool(ENTITY.search(line)) for block in blocks for _, line in block)
            if count:
                self.told.escaped += count
                text = dumped({**data, "nlu": [_without_marks(item) for item in data["nlu"]]})
            made[f"data/nlu/{file.name.removeprefix('nlu/data/')}"] = text
        return made

    # ---- the domain

    def _domain(self) -> dict[str, str]:
        made: dict[str, str] = {}
        slots: set[str] = set()
        for name, data in self._raw.items():
            if name.startswith("nlu/domain/"):
                own = {slot: rasa_slot(one) for slot, one in (data.get("slots") or {}).items()}
                slots |= set(own)
                part = {"version": VERSION, "intents": data.get("intents") or [], "slots": own}
                made[f"domain/{name.rsplit('/', 1)[-1]}"] = dumped({key: value for key, value in part.items() if value})
        placeholders: set[str] = set()
        hung: set[str] = set()
        for name, data in self._raw.items():
            if not name.startswith("content/responses/"):
                continue
            responses = {}
            for response, variants in data["responses"].items():
                made_of = [self._variant(response, at, one) for at, one in enumerate(variants)]
                responses[response] = made_of
                self.told.responses += 1
                placeholders |= {found for one in made_of for found in PLACEHOLDER.findall(one["text"])}
                hung |= {condition["name"] for one in made_of for condition in one.get("condition", ())}
            made[f"domain/responses/{name.rsplit('/', 1)[-1]}"] = dumped({"version": VERSION, "responses": responses})
        made["domain/filled_in.yml"] = self._filled_in(sorted((placeholders | hung | self._in_flows()) - slots))
        actions = sorted(self._actions())
        made["domain/actions.yml"] = dumped({"version": VERSION, "actions": actions})
        return made

    def _filled_in(self, names: list[str]) -> str:
        """Return the slots for what our texts are filled in with: amounts and numbers have their value already."""
        slots: dict[str, Any] = {}
        for name in names:
            slots[name] = {"type": "any", "mappings": []}
            value = self._renderer.figure(name, self._language, self._today)
            if value is not None:
                slots[name]["initial_value"] = value
        return dumped({"version": VERSION, "slots": slots})

    def _variant(self, response: str, at: int, one: Mapping[str, Any]) -> dict[str, Any]:
        variant = self._content.responses[response].variants[at]
        spoken, text = self._spoken(variant.context, one["text"], one.get("text_plural"))
        self.told.texts += 1
        if spoken != self._language:
            self.told.other[spoken] += 1
        made: dict[str, Any] = {"id": f"{response}/{one['id']}"} if one.get("id") else {}
        made["text"] = text
        if one.get("condition"):
            made["condition"] = [rasa_condition(condition) for condition in one["condition"]]
        if one.get("buttons"):
            made["buttons"] = [
                {**button, "title": self._renderer.title(button["title"], self._language)} for button in one["buttons"]
            ]
        if one.get("image"):
            made["image"] = one["image"]
        ours: dict[str, Any] = {key: one[key] for key in ("text_plural", "plural_of", "audio") if key in one}
        if self._language != SOURCE:
            ours |= {"language": self._language, "dutch": one["text"]}
            if spoken != self._language:
                ours["borrowed_from"] = spoken
            if one.get("buttons"):
                ours["dutch_titles"] = [button["title"] for button in one["buttons"]]
        metadata = {**one.get("metadata", {}), **({OURS: ours} if ours else {})}
        if metadata:
            made["metadata"] = metadata
        return made

    def _spoken(self, context: str, dutch: str, plural: str | None) -> tuple[str, str]:
        """Return the text in the first language of the chain that has it, and which that is."""
        for code in self._content.languages.chain(self._language):
            if code == SOURCE:
                break
            found = (
                self._read.catalogues.find_plural(code, context, dutch, plural, 1)
                if plural
                else self._read.catalogues.find(code, context, dutch)
            )
            if found:
                return code, found
        return SOURCE, dutch

    # ---- flows

    def _flows(self) -> dict[str, str]:
        made: dict[str, str] = {}
        for file in self._read.folders.files("flows"):
            if file.name.startswith(f"{TRAJECTORIES}/"):
                continue
            data = self._raw[file.name]
            flows = data["flows"]
            self.told.flows += len(flows)
            text = file.path.read_text(encoding="utf-8")
            if any("comes_back" in flow for flow in flows.values()):
                text = dumped({"flows": {name: _without_comes_back(flow) for name, flow in flows.items()}})
            made[f"data/flows/{file.name.removeprefix('flows/')}"] = text
        return made

    def _actions(self) -> set[str]:
        steps = [step for flow in self._read.flows.values() for step in flow.steps.values()]
        actions = {str(getattr(step, "action", "")) for step in steps}
        return {name for name in actions if name.startswith("action_")}

    def _in_flows(self) -> set[str]:
        """Return the slots that flows set, remember or decide on, other than those of the domain."""
        raw = [data for name, data in self._raw.items() if name.startswith("flows/") and "flows" in data]
        return {name for data in raw for name in _slots_in(data)}

    # ---- conversations

    def _tests(self) -> dict[str, str]:
        made: dict[str, str] = {}
        for name, path in _conversations(self._read.folders):
            document, _ = read_document(path, name)
            if document is None:
                continue
            cases, metadata = [], {}
            for case in document.data["test_cases"]:
                plain = _plain_case(case)
                if plain is None:
                    self.told.cases_left_out += 1
                    continue
                about = case.get("metadata")
                if about:
                    key = "_".join(f"{what}_{value}" for what, value in about.items()).lower()
                    metadata[key] = about
                    plain = {"test_case": plain["test_case"], "metadata": key, "steps": plain["steps"]}
                cases.append(plain)
            self.told.cases += len(cases)
            if cases:
                listed = [{key: about} for key, about in metadata.items()]
                told = {**({"metadata": listed} if listed else {}), "test_cases": cases}
                made[f"e2e_tests/{path.name}"] = dumped(told)
        return made

    def _readme(self) -> str:
        told = self.told
        missing = sum(told.other.values())
        where = ", ".join(f"{count} in {code}" for code, count in sorted(told.other.items()))
        fallen_back = f"{missing} of {told.texts} texts have no translation and are in another language ({where})."
        return README.format(
            language=told.language,
            examples=told.examples,
            responses=told.responses,
            flows=told.flows,
            cases=told.cases,
            cases_left_out=told.cases_left_out,
            fallen_back=fallen_back if missing else "Every text is in this language.",
        )


def _without_marks(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item in which Rasa sees no entities; what an example really says stands in its metadata."""
    examples = []
    for _, text in lines_of(item["examples"]):
        plain = escaped(text)
        examples.append({"text": plain} | ({"metadata": {OURS: {"text": text}}} if plain != text else {}))
    if "intent" in item:
        return {**item, "examples": examples}
    # A synonym has no metadata in Rasa, and its words are no examples in which entities are looked for.
    return dict(item)


def _without_comes_back(flow: Mapping[str, Any]) -> dict[str, Any]:
    """Return a flow without the one setting that Rasa refuses; it stands in the metadata of the first step."""
    if "comes_back" not in flow:
        return dict(flow)
    made = {key: value for key, value in flow.items() if key != "comes_back"}
    first, *others = flow["steps"]
    about = {**first.get("metadata", {}), OURS: {"comes_back": flow["comes_back"]}}
    return {**made, "steps": [{**first, "metadata": about}, *others]}


def _slots_in(data: Any) -> Iterator[str]:
    """Yield the names of slots below any part of a flow file."""
    waiting = [data]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if isinstance(one.get("collect"), str):
                yield one["collect"]
            for pair in one.get("set_slots") or ():
                yield from pair
            yield from one.get("persisted_slots") or ()
            if isinstance(one.get("if"), str):
                yield from SLOT_IN_CONDITION.findall(one["if"])
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _plain_case(case: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a conversation with the steps that Rasa knows; None when it would not be the same conversation."""
    steps = []
    for step in case["steps"]:
        kinds = set(step) & (E2E_STEPS | E2E_LEFT_OUT)
        if not kinds or set(step) & {"kind", "other"}:
            return None
        if kinds & E2E_STEPS:
            steps.append({key: value for key, value in step.items() if key in E2E_STEPS})
    return {"test_case": case["test_case"], "steps": steps} if steps else None
