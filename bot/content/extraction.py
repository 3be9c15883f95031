"""
From Dutch sentences to catalogues: extract, update, and count what a language still misses.

The context of an entry is the response's name, its id the Dutch text. When the Dutch changes, the old translation is
kept for the translator as fuzzy, with the old Dutch beside it, and is not spoken. An entry with the comment
`unreviewed` has not been read by a fluent person yet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import denormalize, escape, read_po, write_po

from bot.content.catalogues import UNREVIEWED
from bot.content.model import TEMPLATE_LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from bot.content.model import Content

# Titles and names are shared by all topics: the same Dutch word has one translation.
SHARED = ("button", "flow", "glossary")
# The catalogue of WhatsApp's templates.
TEMPLATES = "whatsapp"


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """A sentence to translate: its catalogue, context, Dutch text and plural, and a note for the translator."""

    topic: str
    context: str
    text: str
    plural: str | None = None
    note: str = ""


def is_wanted(phrase: Phrase, language: str) -> bool:
    """Return whether this sentence is ever said in this language: WhatsApp takes templates in some only."""
    return phrase.topic != TEMPLATES or language in TEMPLATE_LANGUAGES


def phrases(content: Content, notes: Mapping[str, str] | None = None) -> Iterator[Phrase]:
    """Return every sentence that must be translated, once."""
    seen: set[tuple[str, str]] = set()
    for phrase in _all_phrases(content, notes or {}):
        if (phrase.context, phrase.text) not in seen:
            seen.add((phrase.context, phrase.text))
            yield phrase


def _all_phrases(content: Content, notes: Mapping[str, str]) -> Iterator[Phrase]:
    for response in content.responses.values():
        for variant in response.variants:
            yield Phrase(
                topic=response.topic,
                context=variant.context,
                text=variant.text,
                plural=variant.text_plural,
                note=notes.get(variant.context, ""),
            )
            if variant.alt:
                note = "What the picture shows, or the sound says, for who cannot see or hear it."
                yield Phrase(topic=response.topic, context=variant.alt_context, text=variant.alt, note=note)
            for button in variant.buttons:
                yield Phrase(topic="button", context="button", text=button.title)
    for template in content.templates.values():
        note = "WhatsApp approves this text word by word; keep {1}, {2} … and begin and end with words of your own."
        yield Phrase(topic=TEMPLATES, context=template.context, text=template.text, note=note)
        for button in template.buttons:
            yield Phrase(topic="button", context="button", text=button.title)
    for name in content.flow_names.values():
        yield Phrase(topic="flow", context="flow", text=name)
    for term in content.terms.values():
        yield Phrase(topic="glossary", context="glossary", text=term.explanation, note=term.term)


def updated(old: Catalog | None, wanted: Iterable[Phrase], language: str) -> Catalog:
    """Return the catalogue with exactly these phrases, in order, keeping every translation that still fits."""
    catalog = Catalog(
        locale=language,
        project="wegwijs",
        header_comment=f"# Wegwijs, {language}. See content/README.md.",
        revision_date=_fixed,
        creation_date=_fixed,
        last_translator="",
        language_team="",
        fuzzy=False,
    )
    if old is not None:
        # A translator's program may count its plural forms in another order: the forms are theirs, so is the rule.
        catalog.mime_headers = [("Plural-Forms", old.plural_forms)]
    by_context: dict[str | None, list[Message]] = {}
    for message in old or ():
        if message.id:
            by_context.setdefault(message.context, []).append(message)
    for phrase in wanted:
        message_id = (phrase.text, phrase.plural) if phrase.plural else phrase.text
        same = next((m for m in by_context.get(phrase.context, []) if m.id == message_id), None)
        changed = None
        if same is None and phrase.context not in SHARED:
            changed = next((m for m in by_context.get(phrase.context, []) if _filled(m)), None)
        found = same or changed
        old_dutch = _old_dutch_of(found, message_id)
        catalog.add(
            message_id,
            string=_string(found, phrase, catalog.num_plurals),
            flags={"fuzzy"} if old_dutch or (same and same.fuzzy) else set(),
            auto_comments=[phrase.note] if phrase.note else [],
            user_comments=list(found.user_comments) if found else [],
            previous_id=old_dutch,
            context=phrase.context,
        )
    return catalog


# The header carries no date of its own: extracting twice must change nothing.
_fixed = datetime(2026, 11, 22, tzinfo=UTC)


def _filled(message: Message) -> bool:
    return any(_forms(message.string))


def _string(found: Message | None, phrase: Phrase, forms: int) -> str | tuple[str, ...]:
    """Return the translation that was found; where a plural came or went, its words in the forms there are now."""
    given = _forms(found.string) if found else ()
    if not phrase.plural:
        return next((form for form in reversed(given) if form), "")
    return given if found and found.pluralizable else (given or ("",)) * forms


def _forms(string: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return tuple(string) if isinstance(string, (tuple, list)) else (string or "",)


def _old_dutch_of(found: Message | None, message_id: str | tuple[str, str]) -> list[str]:
    """Return the Dutch that was translated, when it is another than this: however often it changed since."""
    if found is None:
        return []
    translated = list(found.previous_id) if found.fuzzy and found.previous_id else list(_forms(found.id))
    return translated if translated != list(_forms(message_id)) else []


def as_po(catalog: Catalog) -> bytes:
    """Return the catalogue as a .po file."""
    buffer = BytesIO()
    write_po(buffer, catalog, width=0, sort_output=False)
    # Babel would wrap the old Dutch in the middle of a string, which gettext's own programs refuse to read.
    entries = buffer.getvalue().decode().split("\n\n")
    for at, message in enumerate(catalog):
        if message.previous_id:
            flags, context, rest = entries[at].partition("\nmsgctxt ")
            entries[at] = f"{flags}\n{_old_dutch_lines(message)}{context}{rest}"
    return "\n\n".join(entries).encode()


def _old_dutch_lines(message: Message) -> str:
    keywords = zip(("msgid", "msgid_plural"), message.previous_id, strict=False)
    return "\n".join(f"#| {keyword} {escape(text)}" for keyword, text in keywords)


def read_catalogue(path: Path, language: str) -> Catalog:
    """Return the catalogue in a .po file."""
    with path.open("rb") as file:
        catalog = read_po(file, locale=language)
    for message in catalog:
        # Babel takes the old Dutch for comments of the translator.
        old = "\n".join(comment[1:].strip() for comment in message.user_comments if comment.startswith("|"))
        message.user_comments = [comment for comment in message.user_comments if not comment.startswith("|")]
        texts = re.split(r"^msgid(?:_plural)? ", old, flags=re.MULTILINE)[1:]
        message.previous_id = [denormalize(text) for text in texts]
    return catalog


def is_unreviewed(message: Message) -> bool:
    """Return whether no fluent person has read this entry yet."""
    return any(comment.strip().startswith(UNREVIEWED) for comment in message.user_comments)
