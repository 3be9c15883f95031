"""The translations: gettext catalogues, compiled when they changed, one file per language and topic."""

from __future__ import annotations

import gettext
import hashlib
import os
import struct
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from babel.messages.catalog import Catalog

UNREVIEWED = "unreviewed"


class CatalogueError(Exception):
    """A catalogue cannot be read."""

    def __init__(self, path: Path, line: int, why: str) -> None:
        super().__init__(f"{path}:{line}: {why}")
        self.path = path
        self.line = line
        self.why = why


@dataclass(frozen=True, kw_only=True)
class Catalogues:
    """The translations of all languages. Dutch is the source and needs none."""

    by_language: Mapping[str, gettext.NullTranslations] = field(default_factory=dict)

    def find(self, language: str, context: str, text: str) -> str | None:
        """Return the translation of a Dutch text, or None when there is none (or only one of an older text)."""
        catalogue = self.by_language.get(language)
        if catalogue is None:
            return None
        found = catalogue.pgettext(context, text)
        return found if found != text or _holds(catalogue, f"{context}\x04{text}") else None

    def find_plural(self, language: str, context: str, text: str, plural: str, count: int) -> str | None:
        """Return the translation in the plural form that `count` takes in that language, or None."""
        catalogue = self.by_language.get(language)
        if catalogue is None:
            return None
        found = catalogue.npgettext(context, text, plural, count)
        return found if found not in {text, plural} or _holds(catalogue, (f"{context}\x04{text}", 0)) else None


def load_catalogues(folders: list[Path], cache_dir: Path | None) -> Catalogues:
    """
    Return the catalogues in `folders` (a later one overrides an earlier one, entry by entry).

    Compiled ones are kept in `cache_dir` under a hash of their content. Left out are entries whose Dutch text changed
    (fuzzy, as gettext defines it), and those that lack one of the language's plural forms.

    Raises:
        CatalogueError: a .po file cannot be read.

    """
    merged: dict[str, gettext.NullTranslations] = {}
    for folder in folders:
        for language_dir in sorted(folder.glob("*/LC_MESSAGES")):
            language = language_dir.parent.name
            for path in sorted(language_dir.glob("*.po")):
                catalogue = _compiled(path, language, cache_dir)
                if language in merged:
                    catalogue.add_fallback(merged[language])
                merged[language] = catalogue
    return Catalogues(by_language=merged)


def _compiled(path: Path, language: str, cache_dir: Path | None) -> gettext.GNUTranslations:
    source = path.read_bytes()
    kept = cache_dir / f"{language}-{hashlib.sha256(source).hexdigest()[:32]}.mo" if cache_dir else None
    if kept and (found := _kept(kept)):
        return found
    compiled = BytesIO()
    try:
        write_mo(compiled, _spoken(source, language))
        compiled.seek(0)
        catalogue = gettext.GNUTranslations(compiled)
    except PoFileError as error:
        why = str(error).removesuffix(f" on {error.lineno}")
        raise CatalogueError(path, error.lineno + 1, why) from error  # Babel counts lines from 0
    except (ValueError, LookupError, AttributeError) as error:  # a header that Babel itself stumbles over
        raise CatalogueError(path, 1, str(error)) from error
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        scratch = kept.with_suffix(f".{os.getpid()}")
        scratch.write_bytes(compiled.getvalue())
        scratch.replace(kept)
    return catalogue


def _kept(path: Path) -> gettext.GNUTranslations | None:
    """Return the compiled catalogue of an earlier run; one that cannot be read is made anew."""
    try:
        with path.open("rb") as file:
            return gettext.GNUTranslations(file)
    except (OSError, ValueError, struct.error):
        return None


def _spoken(source: bytes, language: str) -> Catalog:
    """Return the catalogue without half-translated plurals: in those a compiler fills the gaps with Dutch."""
    catalogue = read_po(BytesIO(source), locale=language, abort_invalid=True)
    for message in list(catalogue):
        if message.pluralizable and not all(message.string or ()):
            catalogue.delete(message.id, message.context)
    return catalogue


def _holds(catalogue: gettext.NullTranslations, key: str | tuple[str, int]) -> bool:
    """Return whether the catalogue has this very entry: some translations equal the Dutch ("Ja, OK")."""
    if key in getattr(catalogue, "_catalog", {}):
        return True
    fallback = getattr(catalogue, "_fallback", None)
    return fallback is not None and _holds(fallback, key)
