"""
A Rasa project as our knowledge: examples, slots, responses and flows, and a list of what has no place with us.

Any layout will do: every .yml below the folder is read for what stands in it. Nothing is written before all of it was
read, and no file that is there already is written over.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from bot.content.render import PLACEHOLDER
from bot.domain.languages import SOURCE
from bot.flows.reading import FlowError, read_flow
from bot.knowledge import schema
from bot.knowledge.document import Document, KnowledgeError, Mistake, read_document
from bot.knowledge.exchange import Returned, Translations
from bot.knowledge.folders import Folders
from bot.knowledge.rasa_format import OURS, VERSION, block_of, dumped, lines_of, our_condition
from bot.knowledge.rasa_format import without_entities as plain
from bot.knowledge.rasa_project import BESIDE, CONVERSATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Show = Callable[[int, int, str], None]
    Path_ = tuple[str | int, ...]

REPORT = "rasa-import.md"
NAME = re.compile(r"^[a-z][a-z0-9_]*$")
RESPONSE = re.compile(r"^utter_[a-z0-9_]+$")
LANGUAGE = re.compile(r"^[a-z]{2,3}$")
# Parts of a Rasa project that hold no knowledge, or hold it a second time.
SKIPPED_FOLDERS = frozenset({BESIDE, "models", "results", "node_modules", "venv", "actions"})
SKIPPED_FILES = frozenset({"config.yml", "credentials.yml", "endpoints.yml", "docker-compose.yml"})
ABSENT: Mapping[str, str] = {
    "stories": "conversations are flows here: write one in flows/",
    "rules": "what always follows is a flow here: write one in flows/",
    "forms": "a form is a flow with a 'collect' for each slot: write one in flows/",
    "entities": "nothing is picked out of a sentence: a flow asks for it",
    "test_cases": "play them where they are: wegwijs test",
    "e2e_actions": "there is no end-to-end training here",
    "session_config": "a conversation has no session here",
}
# What a line of a response can have in Rasa and not with us.
ABSENT_IN_VARIANT: Mapping[str, str] = {
    "custom": "a payload of one's own has no place",
    "attachment": "an attachment has no place",
    "elements": "a carousel has no place",
    "quick_replies": "quick replies are buttons here",
}
KIND_OF_TYPE = {"text": "text", "float": "count", "bool": "yes_no"}
MOST_BUTTONS = 10
METADATA = frozenset(schema.MetadataShape.model_fields)


class BadProjectError(Exception):
    """This is no Rasa project that can be read; nothing was written."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        shown = "\n".join(f"  {mistake}" for mistake in mistakes[:20])
        super().__init__(f"{self.__doc__}\n{shown}")
        self.mistakes = mistakes


class InTheWayError(Exception):
    """These files are there already and say something else; name an empty folder, or move them away first."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"{self.__doc__}\n" + "\n".join(f"  {name}" for name in names[:20]))
        self.names = names


@dataclass(frozen=True, kw_only=True, order=True)
class Left:
    """What was not taken: where it stands, what it is, and why."""

    file: str
    line: int
    kind: str
    name: str
    why: str


@dataclass(frozen=True, kw_only=True)
class _Translated:
    """A text that came in another language than Dutch. `borrowed`: the language it had for want of a translation."""

    language: str
    borrowed: str | None
    row: Returned
    left: Left


@dataclass(kw_only=True)
class Imported:
    """What came of it: counts of what was taken by kind, what was left with the reason, and what became different."""

    taken: Counter[str] = field(default_factory=Counter)
    left: list[Left] = field(default_factory=list)
    changed: list[Left] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def as_markdown(self) -> str:
        """Return the report."""
        lines = ["# Taken from Rasa", "", "| What | How many |", "|---|---|"]
        lines += [f"| {kind} | {count} |" for kind, count in sorted(self.taken.items())]
        for title, rows in (("Not taken", self.left), ("Taken under another name or in other words", self.changed)):
            lines += ["", f"## {title}", ""]
            lines += [f"- `{row.file}:{row.line}` {row.kind} {row.name}: {row.why}" for row in rows] or ["Nothing."]
        return "\n".join([*lines, ""])


def take(source: Path, into: Path, *, language: str, dry_run: bool, show: Show) -> Imported:
    """
    Read the Rasa project in `source` and lay it in `into` as nlu/, flows/ and content/.

    `language` is that of the examples and texts which do not say theirs.

    Raises:
        BadProjectError: a file is no YAML, or nothing of Rasa's is there.
        InTheWayError: a file to be written is there already with other words.

    """
    reading = _Reading(source, language)
    reading.read(show)
    into_parent = into.resolve().parent
    scratch_in = None if dry_run else _nearest(into_parent)
    with tempfile.TemporaryDirectory(prefix=".wegwijs-", dir=scratch_in) as folder:
        stage = Path(folder)
        reading.lay(stage)
        names = sorted(path.relative_to(stage).as_posix() for path in stage.rglob("*") if path.is_file())
        other = [n for n in names if (into / n).exists() and (into / n).read_bytes() != (stage / n).read_bytes()]
        if other:
            raise InTheWayError([str(into / name) for name in other])
        told = reading.told
        told.left.sort()
        told.changed.sort()
        told.files = names
        if dry_run:
            return told
        for name in names:
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            (stage / name).replace(into / name)
        into.mkdir(parents=True, exist_ok=True)
        _free(into / REPORT).write_text(told.as_markdown(), encoding="utf-8")
    return told


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest above it that is there: on the same disk, so that files are moved at once."""
    return folder if folder.is_dir() else _nearest(folder.parent)


def _free(path: Path) -> Path:
    number = 2
    free = path
    while free.exists():
        free, number = path.with_stem(f"{path.stem}-{number}"), number + 1
    return free


class _Reading:
    """One project on its way to us."""

    def __init__(self, source: Path, language: str) -> None:
        self._source = source
        self._language = language
        self._beside = source / BESIDE
        self._ours = self._beside.is_dir()
        self._documents: list[Document] = []
        self._examples: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._domains: dict[str, dict[str, Any]] = {}
        self._responses: dict[str, dict[str, list[dict[str, Any]]]] = {}
        self._flows: dict[str, dict[str, Any]] = {}
        self._translated: list[_Translated] = []
        self._seen: dict[tuple[str, str], str] = {}
        self._slots: set[str] = set()
        self._fills: set[str] = set()
        self._extras: dict[str, dict[str, Any]] = {}
        self.told = Imported()

    # ---- reading

    def read(self, show: Show) -> None:
        """Read every file, then sort out what is in them: slots first, texts and flows lean on those."""
        paths = list(self._paths())
        mistakes: list[Mistake] = []
        for done, path in enumerate(paths, start=1):
            document, found = read_document(path, path.relative_to(self._source).as_posix())
            mistakes += found
            if document is not None and isinstance(document.data, dict):
                self._documents.append(document)
                mistakes += _misshapen(document)
            elif document is not None and document.data is not None:
                mistakes.append(document.mistake("rasa", (), "this is no part of a Rasa project", "move it elsewhere"))
            show(done, len(paths), "reading")
        if mistakes:
            raise BadProjectError(mistakes)
        if not any({"nlu", "intents", "responses", "flows", "slots"} & set(one.data) for one in self._documents):
            why = "there is no nlu, no domain and no flow in any .yml here"
            mend = "name the folder that holds the project"
            raise BadProjectError([Mistake(file=str(self._source), line=1, kind="rasa", why=why, mend=mend)])
        self._read_beside()
        for step in (self._take_slots, self._take_intents, self._take_nlu, self._take_responses, self._take_flows):
            for document in self._documents:
                step(document)
        for document in self._documents:
            self._name_the_rest(document)

    def _paths(self) -> Iterator[Path]:
        for path in sorted(self._source.rglob("*")):
            inside = path.relative_to(self._source).parts
            if path.suffix not in {".yml", ".yaml"} or not path.is_file() or path.name in SKIPPED_FILES:
                continue
            if not any(part.startswith(".") or part in SKIPPED_FOLDERS for part in inside[:-1]):
                yield path

    def _read_beside(self) -> None:
        for path in sorted((self._beside / "nlu" / "domain").glob("*.yml")):
            document, mistakes = read_document(path, path.relative_to(self._source).as_posix())
            if mistakes or document is None:
                raise BadProjectError(mistakes)
            self._extras |= (document.data or {}).get("slots") or {}

    def _leave(self, document: Document, path: Path_, kind: str, name: str, why: str) -> None:
        row = Left(file=document.name, line=document.line(*path), kind=kind, name=name, why=why)
        self.told.left.append(row)

    def _change(self, document: Document, path: Path_, kind: str, name: str, why: str) -> None:
        row = Left(file=document.name, line=document.line(*path), kind=kind, name=name, why=why)
        self.told.changed.append(row)

    def _named(self, document: Document, path: Path_, kind: str, name: str) -> str | None:
        """Return the name as we write it; None when it is no name, or one that another has."""
        if "/" in name:
            self._leave(document, path, kind, name, "a retrieval intent has no place: make an intent of each answer")
            return None
        made = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")
        if not NAME.match(made):
            self._leave(document, path, kind, name, "a name is of small letters, digits and _")
            return None
        if self._seen.setdefault((kind, made), name) != name:
            other = self._seen[kind, made]
            self._leave(document, path, kind, name, f"its name would be '{made}', as that of '{other}'")
            return None
        if made != name:
            self._change(document, path, kind, name, f"is called '{made}' now")
        return made

    def _domain(self, document: Document) -> dict[str, Any]:
        stem = _stem(document, "domain")
        return self._domains.setdefault(stem, {"version": VERSION, "intents": [], "slots": {}})

    # ---- the domain

    def _take_slots(self, document: Document) -> None:
        for name, given in _mapping(document.data.get("slots")).items():
            path = ("slots", name)
            if document.name.endswith("domain/filled_in.yml") and self._ours:
                self._fills.add(name)  # what texts are filled in with: facts are ours already
                continue
            if not isinstance(name, str) or not NAME.match(name):
                self._leave(document, path, "slot", str(name), "a name is of small letters, digits and _")
                continue
            slot = self._slot(document, name, given if isinstance(given, dict) else {})
            if slot is not None:
                self._domain(document)["slots"][name] = slot
                self._slots.add(name)
                self.told.taken["slots"] += 1

    def _slot(self, document: Document, name: str, given: Mapping[str, Any]) -> dict[str, Any] | None:
        path, kind = ("slots", name), str(given.get("type"))
        own = self._extras.get(name)
        if own is not None and own.get("type") == kind:
            return {**own, **{key: value for key, value in given.items() if key in schema.SlotShape.model_fields}}
        if kind == "categorical" and _list(given.get("values")):
            made: dict[str, Any] = {"type": kind, "values": [str(value) for value in given["values"]]}
        elif kind in KIND_OF_TYPE:
            made = {"type": kind, "mappings": [{"type": "custom", "kind": KIND_OF_TYPE[kind]}]}
        else:
            why = f"a slot of type '{kind}' has no way of being answered here"
            self._leave(document, path, "slot", name, why)
            return None
        for mapping in _list(given.get("mappings")):
            how = mapping.get("type") if isinstance(mapping, dict) else mapping
            if how not in {"custom", "from_llm", "controlled"}:
                why = f"a mapping {how} has no place: the slot is taken, a flow asks for it"
                self._leave(document, path, "slot", name, why)
        made.setdefault("mappings", [])
        for key in ("min_value", "max_value"):
            if kind == "float" and isinstance(given.get(key), (int, float)):
                made[key] = int(given[key])
        if given.get("initial_value") is not None:
            self._leave(document, path, "slot", name, "every slot is empty at first: its initial value is left out")
        return made

    def _take_intents(self, document: Document) -> None:
        for at, given in enumerate(_list(document.data.get("intents"))):
            name = next(iter(given)) if isinstance(given, dict) and given else given
            made = self._named(document, ("intents", at), "intent", str(name))
            if made is not None:
                intents = self._domain(document)["intents"]
                intents += [made] if made not in intents else []
                self.told.taken["intents"] += 1

    # ---- examples

    def _take_nlu(self, document: Document) -> None:
        of_document = self._language_of(document)
        for at, item in enumerate(_list(document.data.get("nlu"))):
            path: Path_ = ("nlu", at)
            kind = next((kind for kind in ("intent", "synonym", "lookup", "regex") if _has(item, kind)), None)
            if kind is None:
                self._leave(document, path, "nlu", str(at + 1), "it is no intent, synonym, lookup or regex")
                continue
            name = str(item[kind])
            named = self._named(document, path, "intent", name) if kind == "intent" else name
            if named is None:
                continue
            language = _said(item.get("metadata")) or of_document
            by_language: dict[str, list[str]] = {}
            for text, line, about in _examples(document, path, item):
                whole = self._plain_example(document, line, kind, text, about)
                if whole is not None:
                    by_language.setdefault(_said(about) or language, []).append(whole)
            for code, texts in by_language.items():
                if not LANGUAGE.match(code):
                    self._leave(document, path, kind, name, f"'{code}' is no code of a language")
                    continue
                items = self._examples.setdefault((code, _stem(document, "nlu")), [])
                items.append({kind: named, "examples": block_of(texts)})
                self.told.taken["examples" if kind == "intent" else f"{kind} lines"] += len(texts)

    def _plain_example(self, document: Document, line: int, kind: str, text: str, about: Any) -> str | None:
        ours = about.get(OURS) if isinstance(about, dict) else None
        if isinstance(ours, dict) and isinstance(ours.get("text"), str):
            return str(ours["text"])
        found = plain(text) if kind == "intent" else text
        if found != text:
            why = "nothing is picked out of a sentence: taken without the marks of its entities"
            self.told.left.append(Left(file=document.name, line=line, kind="entity", name=text, why=why))
        if not found.strip() or len(found.splitlines()) != 1:
            why = "an example is one line with words"
            self.told.left.append(Left(file=document.name, line=line, kind=kind, name=text, why=why))
            return None
        return found.strip()

    def _language_of(self, document: Document) -> str:
        told = _said(document.data.get("metadata"))
        folders = document.name.split("/")[:-1]
        return told or next((part for part in reversed(folders) if part in KNOWN_CODES), self._language)

    # ---- responses

    def _take_responses(self, document: Document) -> None:
        for name, variants in _mapping(document.data.get("responses")).items():
            if not RESPONSE.match(str(name)):
                why = "a response is called utter_ and small letters, digits and _"
                self._leave(document, ("responses", name), "response", str(name), why)
                continue
            made = []
            for at, given in enumerate(_list(variants)):
                variant = self._variant(document, name, at, given)
                if variant is not None:
                    made.append((at, variant))
            kept = self._sayable(document, name, made)
            if kept:
                self._responses.setdefault(_stem(document, "responses"), {})[name] = kept
                self.told.taken["responses"] += 1
                self.told.taken["texts"] += len(kept)

    def _variant(self, document: Document, name: str, at: int, given: Any) -> dict[str, Any] | None:
        path: Path_ = ("responses", name, at)
        given = {"text": given} if isinstance(given, str) else given
        text = given.get("text") if isinstance(given, dict) else None
        if not isinstance(given, dict) or not isinstance(text, str) or not text.strip():
            self._leave(document, path, "response", name, "it has no text")
            return None
        if given.get("channel"):
            why = f"a text for {given['channel']} alone has no place: every messenger says the same"
            self._leave(document, path, "response", name, why)
            return None
        self._leave_parts(document, path, name, given)
        metadata = {key: one for key, one in _mapping(given.get("metadata")).items() if key in METADATA}
        ours = _mapping(_mapping(given.get("metadata")).get(OURS))
        dutch = ours.get("dutch")
        made: dict[str, Any] = {"text": dutch or given["text"]}
        made |= {key: ours[key] for key in ("text_plural", "plural_of", "audio") if key in ours}
        if _has(given, "id"):
            made = {"id": str(given["id"]).rpartition("/")[2], **made}
        conditions = [our_condition(one) for one in _list(given.get("condition")) if isinstance(one, dict)]
        unknown = [str(one.get("name")) for one in conditions if not self._known(one)]
        if unknown:
            self._leave(document, path, "response", name, f"its condition is on no slot of ours: {', '.join(unknown)}")
            return None
        if conditions:
            made["condition"] = conditions
        buttons = list(self._buttons(document, name, at, given, _list(ours.get("dutch_titles"))))
        if buttons:
            made["buttons"] = buttons
        if str(given.get("image") or "").startswith("media/"):
            made["image"] = given["image"]
        made |= {"metadata": metadata} if metadata else {}
        self._check_words(document, path, name, given["text"])
        if dutch is not None and ours.get("language") not in {None, SOURCE}:
            context = f"{name}/{made['id']}" if "id" in made else name
            self._put_aside(document, path, ours, context, given["text"])
        elif self._language != SOURCE and not self._ours:
            metadata = {
                **metadata,
                "note": metadata.get("note") or f"Still in '{self._language}': to be put into Dutch.",
            }
            made["metadata"] = metadata
        try:
            schema.VariantShape.model_validate(made)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            self._leave(document, path, "response", name, f"{where}: {first['msg']}")
            return None
        return made

    def _leave_parts(self, document: Document, path: Path_, name: str, given: Mapping[str, Any]) -> None:
        """Name the parts of a variant that have no place."""
        for key, why in ABSENT_IN_VARIANT.items():
            if given.get(key):
                self._leave(document, (*path, key), "response", name, why)
        for key in _mapping(given.get("metadata")):
            if key not in METADATA and key != OURS:
                self._leave(document, (*path, "metadata", key), "response", name, f"metadata '{key}' has no place")
        if given.get("image") and not str(given["image"]).startswith("media/"):
            why = "a picture on the web has no place: put it in content/media/"
            self._leave(document, (*path, "image"), "response", name, why)

    def _known(self, condition: Mapping[str, Any]) -> bool:
        name = str(condition.get("name"))
        return condition.get("type") == "deadline" or name in self._slots or name in self._fills or self._ours

    def _check_words(self, document: Document, path: Path_, name: str, text: str) -> None:
        if self._ours:
            return
        unknown = [word for word in re.findall(r"\{([^{}\n]+)\}", text) if word not in self._slots]
        if unknown:
            why = f"unknown slots in its text: {', '.join(unknown)}; it is taken, and not said before they are known"
            self._leave(document, path, "response", name, why)
        elif set(PLACEHOLDER.findall(text)) - self._slots:
            self._leave(document, path, "response", name, "its text is filled in with unknown slots")

    def _buttons(
        self, document: Document, name: str, at: int, given: Mapping[str, Any], dutch: list[Any]
    ) -> Iterator[dict[str, str]]:
        count = 0
        for place, button in enumerate(_list(given.get("buttons"))):
            path: Path_ = ("responses", name, at, "buttons", place)
            title = str(_mapping(button).get("title") or "")
            own = str(dutch[place]) if place < len(dutch) else title
            try:
                one = schema.ButtonShape.model_validate(
                    {"title": own, "payload": str(_mapping(button).get("payload") or "")}
                )
            except ValidationError:
                why = f"the button '{title}' needs a title and /SetSlots(slot=value), /intent or /skip"
                self._leave(document, path, "button", name, why)
                continue
            count += 1
            if count > MOST_BUTTONS:
                self._leave(document, path, "button", name, f"a message has at most {MOST_BUTTONS} buttons")
                continue
            yield {"title": one.title, "payload": one.payload}

    def _sayable(self, document: Document, name: str, made: list[tuple[int, dict[str, Any]]]) -> list[dict[str, Any]]:
        """Return the variants in the order in which we try them: Rasa takes any, we take the first that holds."""
        if self._ours:
            return [variant for _, variant in made]
        bound = [variant for _, variant in made if variant.get("condition")]
        free = [(at, variant) for at, variant in made if not variant.get("condition")]
        for at, _ in free[1:]:
            why = "one wording is said each time here, the first"
            self._leave(document, ("responses", name, at), "response", name, why)
        kept = [*bound, *(variant for _, variant in free[:1])]
        for number, variant in enumerate(kept[:-1], start=1):
            variant["id"] = f"variant_{number}"
        if kept:
            kept[-1].pop("id", None)
        return kept

    def _put_aside(self, document: Document, path: Path_, ours: Mapping[str, Any], context: str, text: str) -> None:
        line = document.line(*path)
        row = Returned(number=line, context=context, dutch=str(ours["dutch"]), forms=(text,), reviewed=False)
        left = Left(file=document.name, line=line, kind="translation", name=context, why="")
        self._translated.append(
            _Translated(language=str(ours["language"]), borrowed=ours.get("borrowed_from"), row=row, left=left)
        )

    # ---- flows

    def _take_flows(self, document: Document) -> None:
        for name, given in _mapping(document.data.get("flows")).items():
            path: Path_ = ("flows", name)
            if not isinstance(name, str) or not NAME.match(name):
                self._leave(document, path, "flow", str(name), "a name is of small letters, digits and _")
                continue
            flow = _with_comes_back(given)
            try:
                read_flow(name, flow)
            except FlowError as error:
                self._leave(document, (*path, *error.path), "flow", name, f"{error.why}; {error.mend}")
                continue
            self._flows.setdefault(_stem(document, "flows"), {})[name] = flow
            self.told.taken["flows"] += 1

    # ---- what has no place

    def _name_the_rest(self, document: Document) -> None:
        for part, why in ABSENT.items():
            if self._ours and part == "test_cases":
                continue  # they lie beside, with the steps that Rasa does not have
            found = document.data.get(part)
            if part == "session_config" and found:
                self._leave(document, (part,), part, "", why)
                continue
            names = list(found) if isinstance(found, (dict, list)) else []
            for at, one in enumerate(names):
                step = one if isinstance(found, dict) else at
                self._leave(document, (part, step), part, _called(one), why)
        for at, action in enumerate(_list(document.data.get("actions"))):
            name = _called(action)
            if name.startswith("utter_") or (self._ours and document.name.endswith("domain/actions.yml")):
                continue
            why = "an action is code, and code stays behind; flows may use those of flows/README.md"
            self._leave(document, ("actions", at), "action", name, why)

    # ---- laying

    def lay(self, stage: Path) -> None:
        """Write everything below `stage` as our own files."""
        made: dict[str, str] = {}
        for (language, stem), items in self._examples.items():
            made[f"nlu/data/{language}/{stem}.yml"] = dumped({"version": VERSION, "nlu": items})
        for stem, domain in self._domains.items():
            made[f"nlu/domain/{stem}.yml"] = dumped({key: value for key, value in domain.items() if value})
        for stem, responses in self._responses.items():
            made[f"content/responses/{stem}.yml"] = dumped({"responses": responses})
        for stem, flows in self._flows.items():
            made[f"flows/{stem}.yml"] = dumped({"flows": flows})
        beside = [path for path in sorted(self._beside.rglob("*")) if path.is_file()] if self._ours else []
        for path in beside:
            name = path.relative_to(self._beside).as_posix()
            if name not in made and name.startswith(("nlu/", "flows/", "content/", f"{CONVERSATIONS}/")):
                (stage / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, stage / name)
        for name, text in made.items():
            (stage / name).parent.mkdir(parents=True, exist_ok=True)
            (stage / name).write_text(text, encoding="utf-8", newline="\n")
        self._translate(stage)

    def _translate(self, stage: Path) -> None:
        """Take the texts that were changed in another language into the catalogues that lie beside."""
        if not self._translated:
            return
        try:
            translations = Translations(Folders(layers=(stage,)))
        except KnowledgeError as error:
            rows = [Left(file=m.file, line=m.line, kind=m.kind, name="", why=m.why) for m in error.mistakes]
            self.told.left += rows
            return
        said = {code: _forms(translations, code) for code in _codes(self._translated)}
        for language in sorted({one.language for one in self._translated}):
            news: dict[int, _Translated] = {}
            for one in (one for one in self._translated if one.language == language):
                key = (one.row.context, one.row.dutch)
                known = {one.row.dutch} if one.borrowed else set(said[language].get(key, ()))
                known |= set(said.get(str(one.borrowed), {}).get(key, ()))
                if one.row.forms[0] in known:
                    continue
                if len(said[language].get(key, ())) > 1:
                    self.told.left.append(replace(one.left, why="it has plural forms: mend them in its catalogue"))
                    continue
                news[id(one.row)] = one
            taken = translations.take(language, [one.row for one in news.values()])
            if taken.changed:
                self.told.taken["changed translations"] += taken.changed
            for refused in taken.refused:
                self.told.left.append(replace(news[id(refused.row)].left, why=refused.why.value))


def _codes(translated: list[_Translated]) -> set[str]:
    return {code for one in translated for code in (one.language, one.borrowed) if code and code != SOURCE}


def _forms(translations: Translations, language: str) -> dict[tuple[str, str], tuple[str, ...]]:
    return {(row.phrase.context, row.phrase.text): row.forms for row in translations.rows(language)}


KNOWN_CODES = frozenset(
    {"nl", "en", "ar", "ti", "fa", "tr", "uk", "so", "fr", "de", "es", "pl", "ru", "ps", "ku", "am"}
)


def _misshapen(document: Document) -> list[Mistake]:
    """Return the parts of a file that are no list or no mapping where Rasa has one."""
    found = []
    for part, shape in (("nlu", list), ("intents", list), ("slots", dict), ("responses", dict), ("flows", dict)):
        value = document.data.get(part)
        if value is not None and not isinstance(value, shape):
            mend = "write '- …' lines below it" if shape is list else "write 'name:' lines below it"
            found.append(document.mistake("rasa", (part,), f"'{part}' has another shape in Rasa", mend))
    return found


def _mapping(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _has(item: Any, key: str) -> bool:
    return isinstance(item, dict) and item.get(key) is not None


def _called(one: Any) -> str:
    """Return the name of a story, rule, entity or action in any of the ways that Rasa has."""
    if isinstance(one, dict):
        named = next((one[key] for key in ("story", "rule", "test_case", "name") if key in one), None)
        return str(named if named is not None else next(iter(one), ""))
    return str(one)


def _said(metadata: Any) -> str | None:
    """Return the language that metadata tells, in small letters and without its country."""
    told = _mapping(metadata).get("language")
    return str(told).lower().replace("_", "-").split("-")[0] if told else None


def _stem(document: Document, part: str) -> str:
    """Return the name of our file for this one: a folder of one's own becomes part of it, `nlu.yml` stays `nlu`."""
    stem = document.name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    made = re.sub(r"[^A-Za-z0-9_]+", "_", stem).strip("_").lower()
    return made or part


def _examples(document: Document, path: Path_, item: Mapping[str, Any]) -> Iterator[tuple[str, int, Any]]:
    """Yield text, line and metadata of each example, written as a block or as a list."""
    given = item.get("examples")
    if isinstance(given, str):
        for offset, text in lines_of(given):
            yield text, document.text_line(offset, *path, "examples"), None
    for at, one in enumerate(_list(given)):
        said = one.get("text") if isinstance(one, dict) else one
        if said is not None:
            yield str(said).strip(), document.line(*path, "examples", at), _mapping(one).get("metadata")


def _with_comes_back(flow: Any) -> Any:
    """Return a flow with the setting that stood in the metadata of its first step."""
    steps = _list(_mapping(flow).get("steps"))
    first = _mapping(steps[0]) if steps else {}
    ours = _mapping(_mapping(first.get("metadata")).get(OURS))
    if "comes_back" not in ours:
        return flow
    metadata = {key: value for key, value in first["metadata"].items() if key != OURS}
    plain_first = {key: value for key, value in first.items() if key != "metadata"}
    begun = {**plain_first, **({"metadata": metadata} if metadata else {})}
    made = {key: value for key, value in flow.items() if key != "steps"}
    return {**made, "comes_back": ours["comes_back"], "steps": [begun, *steps[1:]]}
