"""The catalogues as a translator sees them: every entry, with its line and its flags."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from babel.messages.pofile import PoFileError

from bot.content.extraction import is_unreviewed, read_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from babel.messages.catalog import Message

    from bot.knowledge.folders import Folders


# A line of a catalogue: nothing, a comment, or a keyword with a text between quotes.
_LINE = re.compile(r'\s*(?:#.*|(?:msg(?:ctxt|id|id_plural|str|str\[\d+\])\s+)?"(?:[^"\\]|\\.)*"\s*)?')


@dataclass(frozen=True, kw_only=True)
class Entry:
    """
    One translation. `strings` has a form for each plural of the language, or one.

    A `stale` one belongs to an older Dutch text and is not spoken; no fluent person has read an `unreviewed` one yet.
    """

    file: str
    line: int
    context: str
    text: str
    strings: tuple[str, ...]
    stale: bool
    unreviewed: bool

    @property
    def filled(self) -> bool:
        """Whether there is a translation, in every form."""
        return bool(self.strings) and all(string.strip() for string in self.strings)


def read_entries(folders: Folders) -> Mapping[str, Mapping[tuple[str, str], Entry]]:
    """Return all entries by language, context and Dutch text; a file that cannot be read is left out."""
    found: dict[str, dict[tuple[str, str], Entry]] = {}
    for layer in folders.layers:
        for path in sorted((layer / "content" / "locale").glob("*/LC_MESSAGES/*.po")):
            language = path.parent.parent.name
            name = path.relative_to(layer).as_posix()
            try:
                catalogue = read_catalogue(path, language)
            except (PoFileError, ValueError, LookupError, AttributeError):
                continue  # the reading has said so already
            own = found.setdefault(language, {})
            for message in catalogue:
                if message.id:
                    entry = _entry(name, message)
                    own[entry.context, entry.text] = entry
    return found


def torn_lines(folders: Folders) -> Iterator[tuple[str, str, int]]:
    """Yield language, file and line of what is no catalogue line: a quote that is lost takes words with it."""
    for layer in folders.layers:
        for path in sorted((layer / "content" / "locale").glob("*/LC_MESSAGES/*.po")):
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            for number, line in enumerate(lines, start=1):
                if not _LINE.fullmatch(line):
                    yield path.parent.parent.name, path.relative_to(layer).as_posix(), number


def _entry(file: str, message: Message) -> Entry:
    text = message.id[0] if isinstance(message.id, (tuple, list)) else message.id
    strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return Entry(
        file=file,
        line=message.lineno or 1,
        context=message.context or "",
        text=str(text),
        strings=tuple(str(string or "") for string in strings),
        stale=message.fuzzy,
        unreviewed=is_unreviewed(message),
    )
