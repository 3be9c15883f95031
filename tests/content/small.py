"""Small contents and catalogues: a few sentences, real .po files, and one way of asking what a reader sees."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from bot.content.catalogues import Catalogues, load_catalogues
from bot.content.model import Content, Deadline, Fact, Municipality, Question, Response, Source, Term, Variant
from bot.content.render import Known, Reader, Renderer
from bot.domain.languages import Language, Languages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from bot.content.render import Rendered
    from bot.domain.turn import Choice, SlotValue

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NAMES = {
    "nl": "Nederlands", "ar": "العربية", "ti": "ትግርኛ", "en": "English", "fa": "فارسی / دری",
    "tr": "Türkçe", "uk": "Українська", "so": "Soomaali", "fr": "Français",
}  # fmt: skip
LANGUAGES = Languages(
    all={
        code: Language(code=code, name=name, direction="rtl" if code in {"ar", "fa"} else "ltr")
        for code, name in NAMES.items()
    },
    fallback=("en", "nl"),
)
# As `wegwijs extract` writes them, and so as the translator's program counts.
PLURALS = {
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100<=2 ? 4 : 5);",
    "uk": "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);",
    "fr": "nplurals=2; plural=(n > 1);",
    "fa": "nplurals=1; plural=0;",
    "tr": "nplurals=1; plural=0;",
}


def said(*variants: Variant | str, name: str = "utter_example", topic: str = "example") -> Response:
    """A response of these variants; a bare text is a variant without an id."""
    made = [Variant(context=name, text=one) if isinstance(one, str) else one for one in variants]
    return Response(name=name, topic=topic, variants=tuple(made))


def content(*responses: Response, **rest: Any) -> Content:
    """A content with these responses, and what else it is given."""
    return Content(languages=LANGUAGES, responses={response.name: response for response in responses}, **rest)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of a catalogue, as a translator fills it in."""

    context: str
    text: str
    translation: str | tuple[str, ...]
    plural: str | None = None
    comment: str = ""
    fuzzy: bool = False


def po(entries: Iterable[Entry], language: str) -> str:
    """A .po file."""
    plurals = PLURALS.get(language, "nplurals=2; plural=(n != 1);")
    lines = [
        'msgid ""', 'msgstr ""', _quoted(f"Language: {language}\n"),
        _quoted("Content-Type: text/plain; charset=utf-8\n"), _quoted(f"Plural-Forms: {plurals}\n"), "",
    ]  # fmt: skip
    for entry in entries:
        lines += [f"# {entry.comment}"] if entry.comment else []
        lines += ["#, fuzzy"] if entry.fuzzy else []
        lines += [f"msgctxt {_quoted(entry.context)}", f"msgid {_quoted(entry.text)}"]
        if entry.plural is not None:
            lines += [f"msgid_plural {_quoted(entry.plural)}"]
            lines += [f"msgstr[{at}] {_quoted(form)}" for at, form in enumerate(entry.translation)]
        else:
            lines += [f"msgstr {_quoted(str(entry.translation))}"]
        lines += [""]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def write(folder: Path, language: str, entries: Iterable[Entry], *, topic: str = "example") -> Path:
    """Write a catalogue where the assistant looks for it; return its path."""
    path = folder / language / "LC_MESSAGES" / f"{topic}.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(po(entries, language), encoding="utf-8")
    return path


def catalogues(folder: Path, translations: Mapping[str, Iterable[Entry]]) -> Catalogues:
    """The catalogues of these translations, read from real files."""
    for language, entries in translations.items():
        write(folder, language, entries)
    return load_catalogues([folder], None)


def translated(text: str, translation: str, *, context: str = "utter_example") -> Entry:
    return Entry(context=context, text=text, translation=translation)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Renders for one reader after the other."""

    content: Content
    catalogues: Catalogues = field(default_factory=Catalogues)
    now: datetime = NOW

    def read(  # noqa: PLR0913  # all but two have a name at the call
        self,
        response: str = "utter_example",
        language: str = "nl",
        *,
        second: str | None = None,
        explained: frozenset[str] = frozenset(),
        choices: tuple[Choice, ...] = (),
        extra: Mapping[str, SlotValue] | None = None,
        **slots: SlotValue,
    ) -> Rendered:
        reader = Reader(language=language, second=second, explained=explained)
        renderer = Renderer(content=self.content, catalogues=self.catalogues)
        return renderer.render(response, reader, Known(slots=slots, extra=extra or {}), now=self.now, choices=choices)

    def text(self, response: str = "utter_example", language: str = "nl", **slots: SlotValue) -> str:
        return self.read(response, language, **slots).message.text


# ---- parts that many stories need


def fact(name: str, value: Any, unit: Any = "euro", valid_until: date | None = None) -> Fact:
    return Fact(name=name, value=value, unit=unit, valid_until=valid_until)


def deadline(anchor: str = "letter_date", offset: int = 6, unit: Any = "week", name: str = "objection") -> Deadline:
    return Deadline(name=name, question="letter", anchor=anchor, offset=offset, unit=unit, kind="legal")


def place(name: str, **facts: str | None) -> Municipality:
    return Municipality(id=name.lower(), name=name, facts=facts)


def source(name: str, organisation: str, *, read: bool = True) -> Source:
    return Source(id=name, organisation=organisation, title="", url=None, read=read)


def term(word: str, explanation: str) -> Term:
    return Term(term=word, explanation=explanation)


def question(*sources: str, gates: Iterable[str] = (), confidence: Any = "high") -> Question:
    return Question(
        id="example", topic="example", ask="Hoe?", facts=("so it is",), deadlines=(), sources=sources,
        confidence=confidence, needs_human="never", publish_gate=frozenset(gates), checked_on=date(2026, 11, 20),
    )  # fmt: skip
