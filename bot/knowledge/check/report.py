"""What the check found, and how far the knowledge is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.content.extraction import is_wanted
from bot.domain.languages import SOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.knowledge.check.ground import Ground
    from bot.knowledge.document import Mistake


@dataclass(frozen=True, kw_only=True)
class LanguageCount:
    """
    How far one language is: sentences that are spoken, that are stale, that are missing, and examples of messages.

    `unreviewed` ones are spoken, and no fluent person has read them yet. `complete`: the check wants every sentence.
    """

    name: str
    complete: bool
    spoken: int
    unreviewed: int
    stale: int
    missing: int
    examples: int


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Questions that have an answer, of all in the catalogue, and each language."""

    answered: int
    questions: int
    languages: Mapping[str, LanguageCount] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Report:
    """Mistakes must be mended; warnings wait for something that only people outside can give."""

    mistakes: tuple[Mistake, ...]
    warnings: tuple[Mistake, ...]
    counts: Counts

    @property
    def good(self) -> bool:
        """Whether nothing needs mending."""
        return not self.mistakes


def counted(ground: Ground) -> Counts:
    """Return the counts."""
    examples = Counter(example.language for example in ground.read.examples)
    languages = {}
    for code, language in ground.read.languages.all.items():
        entries = ground.entries.get(code, {})
        wanted = [phrase for phrase in ground.phrases if is_wanted(phrase, code)]
        found = [entries.get((phrase.context, phrase.text)) for phrase in wanted]
        filled = [entry for entry in found if entry is not None and entry.filled]
        spoken = [entry for entry in filled if not entry.stale]
        source = code == SOURCE
        languages[code] = LanguageCount(
            name=language.name,
            complete=language.complete,
            spoken=len(found) if source else len(spoken),
            unreviewed=0 if source else sum(entry.unreviewed for entry in spoken),
            stale=0 if source else len(filled) - len(spoken),
            missing=0 if source else len(found) - len(filled),
            examples=examples[code],
        )
    return Counts(
        answered=len(ground.question_flows),
        questions=len(ground.read.questions),
        languages=languages,
    )
