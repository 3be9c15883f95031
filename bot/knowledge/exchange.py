"""
Translations on their way to people who speak the language, and back: rows to read and to fill in, nothing to break.

A row that comes back is taken only when it says the same: the same placeholders, numbers and official words, for a
Dutch sentence that has not changed meanwhile. What is refused is named with its reason; what is taken goes into the
catalogues, and loses the mark `unreviewed` only when a fluent person says so.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from babel.core import Locale
from babel.messages.catalog import Catalog

from bot.content.catalogues import UNREVIEWED
from bot.content.extraction import as_po, is_unreviewed, is_wanted, phrases, read_catalogue, updated
from bot.content.render import PLACEHOLDER, STARRED
from bot.domain.languages import SOURCE
from bot.knowledge.check.numbers import numbers_in
from bot.knowledge.check.responses import torn_sign
from bot.knowledge.document import KnowledgeError
from bot.knowledge.load import as_knowledge, read_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from babel.messages.catalog import Message

    from bot.content.extraction import Phrase
    from bot.knowledge.folders import Folders


class State(StrEnum):
    """How far one translation is. Only `missing` and `stale` are not spoken."""

    CHECKED = "checked"
    UNREVIEWED = "unreviewed"
    STALE = "stale"
    MISSING = "missing"


class Refusal(StrEnum):
    """Why a row is not taken."""

    UNKNOWN = "no sentence has this key with this Dutch text; export again, the Dutch was changed"
    PLACEHOLDERS = "the words between { } are not those of the Dutch"
    NUMBERS = "the numbers are not those of the Dutch"
    STARS = "the words between * * are not those of the Dutch"
    TORN = "a { or a * has lost its other half"
    FORMS = "not every plural form is filled in"


@dataclass(frozen=True, kw_only=True)
class TranslationRow:
    """One sentence and its translation in one language: a form for each plural, or one."""

    phrase: Phrase
    forms: tuple[str, ...]
    state: State
    other: str = ""  # the same in English, for who reads little Dutch

    @property
    def topic(self) -> str:
        """The subject, which is the catalogue that it stands in."""
        return self.phrase.topic


@dataclass(frozen=True, kw_only=True)
class Returned:
    """A row that came back. `number` is its line in what came; `reviewed`: a fluent person stands for it."""

    number: int
    context: str
    dutch: str
    forms: tuple[str, ...]
    reviewed: bool


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A row that was not taken, and why."""

    row: Returned
    why: Refusal


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What came of an import: rows that changed something, rows that said what was there, rows that were refused."""

    changed: int
    same: int
    refused: tuple[Refused, ...]
    written: tuple[Path, ...]


class Translations:
    """The sentences of a knowledge, and their translations as the catalogues of its topmost folder hold them."""

    def __init__(self, folders: Folders) -> None:
        """
        Read everything once.

        Raises:
            KnowledgeError: something cannot be read; translations would be lost.

        """
        read = read_all(folders)
        mistakes = [mistake for mistake in read.mistakes if not mistake.warning]
        if mistakes:
            raise KnowledgeError(mistakes)
        content = as_knowledge(read).content
        self.languages = content.languages
        self.phrases = tuple(phrases(content, read.notes))
        self._layers = tuple(layer / "content" / "locale" for layer in folders.layers)

    def topics(self) -> tuple[str, ...]:
        """Return every subject, in the order of the files."""
        return tuple(dict.fromkeys(phrase.topic for phrase in self.phrases))

    def rows(self, language: str, *, topic: str | None = None) -> Iterator[TranslationRow]:
        """Yield what is said in this language, in order; of one subject when it is named."""
        own, english = self._messages(language), self._messages("en") if language != "en" else {}
        for phrase in self.phrases:
            if not is_wanted(phrase, language) or (topic is not None and phrase.topic != topic):
                continue
            message = own.get((phrase.context, phrase.text))
            other = english.get((phrase.context, phrase.text))
            yield TranslationRow(
                phrase=phrase,
                forms=_forms(message) if message is not None else ("",) * self._count(phrase, language),
                state=_state(message),
                other=" / ".join(form for form in _forms(other) if form) if other is not None else "",
            )

    def as_catalogue(self, language: str, rows: Iterable[TranslationRow]) -> bytes:
        """Return these rows as one .po file, as Poedit and Weblate read it."""
        wanted = [row.phrase for row in rows]
        old = Catalog(locale=language)
        for message in self._messages(language).values():
            old.add(
                message.id,
                string=message.string,
                flags=message.flags,
                user_comments=message.user_comments,
                previous_id=message.previous_id,
                context=message.context,
            )
        return as_po(updated(old, wanted, language))

    def take(self, language: str, returned: Sequence[Returned]) -> Taken:
        """Write the rows that say the same as the Dutch into the catalogues; leave the others, with their reason."""
        known = {(phrase.context, phrase.text): phrase for phrase in self.phrases if is_wanted(phrase, language)}
        refused: list[Refused] = []
        by_topic: dict[str, list[tuple[Phrase, Returned]]] = {}
        for row in returned:
            if not any(form.strip() for form in row.forms):
                continue  # nothing was filled in: it stays as it is
            phrase = known.get((row.context, row.dutch))
            why = Refusal.UNKNOWN if phrase is None else reason_to_refuse(phrase, row.forms)
            if phrase is None or why is not None:
                refused.append(Refused(row=row, why=why or Refusal.UNKNOWN))
            else:
                by_topic.setdefault(phrase.topic, []).append((phrase, row))
        changed, written = 0, []
        for topic, rows in by_topic.items():
            path = self._layers[-1] / language / "LC_MESSAGES" / f"{topic}.po"
            of_topic = [p for p in self.phrases if p.topic == topic and is_wanted(p, language)]
            catalogue = updated(read_catalogue(path, language) if path.exists() else None, of_topic, language)
            count = sum(_put(catalogue, phrase, row) for phrase, row in rows)
            if count:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(as_po(catalogue))
                written.append(path)
            changed += count
        same = sum(map(len, by_topic.values())) - changed
        return Taken(changed=changed, same=same, refused=tuple(refused), written=tuple(written))

    def _messages(self, language: str) -> Mapping[tuple[str, str], Message]:
        found: dict[tuple[str, str], Message] = {}
        for layer in self._layers:
            for path in sorted((layer / language / "LC_MESSAGES").glob("*.po")):
                for message in read_catalogue(path, language):
                    if message.id:
                        dutch = message.id[0] if isinstance(message.id, (tuple, list)) else message.id
                        found[message.context or "", str(dutch)] = message
        return found

    def _count(self, phrase: Phrase, language: str) -> int:
        return Catalog(locale=Locale.parse(language)).num_plurals if phrase.plural else 1


def reason_to_refuse(phrase: Phrase, forms: Sequence[str]) -> Refusal | None:
    """Return why a translation cannot be taken for this sentence, or None when it says the same."""
    dutch = [phrase.text, *([phrase.plural] if phrase.plural else [])]
    if not all(form.strip() for form in forms):
        return Refusal.FORMS
    wanted = {name for text in dutch for name in PLACEHOLDER.findall(text)}
    numbers = Counter(numbers_in(phrase.text))
    stars = {word for text in dutch for word in STARRED.findall(text)}
    for form in forms:
        given = set(PLACEHOLDER.findall(form))
        # A form for one or two may say the number in words: "one child".
        if given - wanted or (wanted - given and not phrase.plural):
            return Refusal.PLACEHOLDERS
        if not phrase.plural and Counter(numbers_in(form)) != numbers:
            return Refusal.NUMBERS
        if stars - set(STARRED.findall(form)):
            return Refusal.STARS
        if any(torn_sign(line) for line in form.split("\n")) and "{1}" not in phrase.text:
            return Refusal.TORN
    return None


def _put(catalogue: Catalog, phrase: Phrase, row: Returned) -> bool:
    """Write one row into its entry; return whether anything changed."""
    message = catalogue.get((phrase.text, phrase.plural) if phrase.plural else phrase.text, phrase.context)
    assert message is not None  # `updated` made one of every phrase
    before = (message.string, message.fuzzy, is_unreviewed(message))
    words = _forms(message)
    message.string = row.forms if phrase.plural else row.forms[0]
    message.flags.discard("fuzzy")
    message.previous_id = []
    comments = [comment for comment in message.user_comments if not comment.strip().startswith(UNREVIEWED)]
    # Other words than a fluent person has read are unread again, unless one says that they were read.
    unread = not row.reviewed and (is_unreviewed(message) or words != row.forms)
    message.user_comments = [*([UNREVIEWED] if unread else []), *comments]
    return before != (message.string, message.fuzzy, is_unreviewed(message))


def _forms(message: Message) -> tuple[str, ...]:
    string = message.string
    return tuple(string) if isinstance(string, (tuple, list)) else (string or "",)


def _state(message: Message | None) -> State:
    if message is None or not all(form.strip() for form in _forms(message)):
        return State.MISSING
    if message.fuzzy:
        return State.STALE
    return State.UNREVIEWED if is_unreviewed(message) else State.CHECKED


def counted(rows: Iterable[TranslationRow]) -> Mapping[str, Counter[State]]:
    """Return how many translations of each subject stand where."""
    counts: dict[str, Counter[State]] = {}
    for row in rows:
        counts.setdefault(row.topic, Counter())[row.state] += 1
    return counts


def to_translate(translations: Translations) -> tuple[str, ...]:
    """Return the languages that are translated into."""
    return tuple(code for code in translations.languages.all if code != SOURCE)
