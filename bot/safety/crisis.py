"""Hear a crisis in any message, by rules that authors write and anybody can read."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Severity = Literal["S0", "S1", "S2"]

_GAP: Final = "…"
_LONGEST_GAP: Final = 2
_ONLY_IF_SHORT: Final = "!"
_SHORT_MESSAGE: Final = 3
_SHORTEST_STEM: Final = 2

# Letters that people type for one another: keyboards, regions and haste decide which one is written.
_ALIKE_ROWS: Final = {"ሠ": "ሰ", "ፀ": "ጸ", "ኀ": "ሐ", "ቐ": "ቀ", "ኸ": "ከ"}
_ROW: Final = 8  # in Ge'ez script each consonant has its vowels on the eight places after it
_WRITTEN: Final = "አዐሀሐኀ" + "ٱةىیېکہھە" + "ıøłґ"
_READ_AS: Final = "ኣዓሃሓሓ" + "اهيييكههه" + "iolг"
_DROPPED: Final = "'’‘ʼʾʿ`´ʹʻـ"
_LETTERS: Final = {
    **{ord(written) + i: ord(read) + i for written, read in _ALIKE_ROWS.items() for i in range(_ROW)},
    **str.maketrans(_WRITTEN, _READ_AS, _DROPPED),
}

_SEPARATOR: Final = re.compile(r"[\W_]+")
_DRAWN_OUT: Final = re.compile(r"([^\W\d])\1{2,}")
# Persian writers put a joiner, a space or nothing after this prefix; Arabic, which has a word that looks
# like it, is typed with another yeh and so is left alone.
_PERSIAN_PREFIX: Final = re.compile(r"\b(ن?می)[ \u200c]+(?=[^\W\d])")

# Small words that are written onto the next one. What is left must be long enough to mean something.
_ARABIC_PREFIXES: Final = (
    *("وبال", "وال", "فال", "بال", "كال", "عال", "لل", "ال", "وب", "فب", "ول", "وس", "فس"),
    *("و", "ف", "ب", "ل", "ك", "س", "ح", "ه", "ع"),
)
_ARABIC_CONJUNCTIONS: Final = frozenset({"و", "ف"})
_TIGRINYA_PREFIXES: Final = ("ስለዝ", "እንተ", "ብዘይ", "ካብ", "ናብ", "ከም", "ን", "ብ", "ዝ", "ክ", "ም")
_TIGRINYA_SUFFIXES: Final = ("ውን", "ን", "ዶ", "ኳ", "ማ", "ሲ", "ከ")


@dataclass(frozen=True, kw_only=True)
class CrisisCategory:
    """One kind of crisis: how grave it is, what we answer, and by which phrases we know it.

    `triggers` and `not_triggers` map a language to phrases. In a phrase `…` stands for at most two words,
    `a/b` for one of several words, `*` at the end of a word for any ending, and `!` at the end of the phrase
    says that it counts only in a message of at most three words.
    """

    id: str
    severity: Severity
    response: str
    triggers: Mapping[str, tuple[str, ...]]
    not_triggers: Mapping[str, tuple[str, ...]]


class EmptyPhraseError(ValueError):
    """A crisis phrase needs at least one word, and a `*` needs two letters before it."""

    def __init__(self, phrase: str) -> None:
        super().__init__(f"{self.__doc__} This one has not: {phrase!r}")
        self.phrase = phrase


class CrisisGuard:
    """Listens to every message, in all languages at once, before anything else does."""

    def __init__(self, categories: Sequence[CrisisCategory]) -> None:
        # sorted() is stable, so the order of the file decides between two crises that are equally grave.
        self._categories = sorted(categories, key=lambda category: category.severity)
        self._triggers = _PhraseTree()
        self._cries = _PhraseTree()
        self._not_triggers = _PhraseTree()
        for rank, category in enumerate(self._categories):
            for phrase in _all_of(category.triggers):
                tree = self._cries if phrase.endswith(_ONLY_IF_SHORT) else self._triggers
                tree.add(phrase.rstrip(_ONLY_IF_SHORT), rank)
            for phrase in _all_of(category.not_triggers):
                self._not_triggers.add(phrase, rank)
        trees = (self._triggers, self._cries, self._not_triggers)
        self._vocabulary = frozenset[str]().union(*(tree.vocabulary for tree in trees))
        stems = {key for key in self._vocabulary if key.endswith("*")}
        self._stem_starts = frozenset(stem[:_SHORTEST_STEM] for stem in stems)
        self._stem_lengths = sorted({len(stem) - 1 for stem in stems})

    def check(self, text: str) -> CrisisCategory | None:
        """Return the gravest crisis that the text speaks of, or None."""
        words = [self._keys_of(word) for word in _plain(text).split()]
        heard = list(self._triggers.found_in(words))
        if len(words) <= _SHORT_MESSAGE:
            heard += self._cries.found_in(words)
        if not heard:
            return None
        harmless = list(self._not_triggers.found_in(words))
        real = [found.rank for found in heard if not any(found.lies_in(other) for other in harmless)]
        return self._categories[min(real)] if real else None

    def is_turn_of_phrase(self, text: str) -> bool:
        """Return whether danger is named in a way that means none (a dead telephone, dying of laughter)."""
        return any(self._not_triggers.found_in([self._keys_of(word) for word in _plain(text).split()]))

    def _keys_of(self, word: str) -> tuple[str, ...]:
        """Return the words and stems of our phrases that this word of the message may stand for."""
        keys: list[str] = []
        for form in _forms(word):
            if form in self._vocabulary:
                keys.append(form)
            if form[:_SHORTEST_STEM] not in self._stem_starts:
                continue
            for length in self._stem_lengths:
                if length > len(form):
                    break
                stem = form[:length] + "*"
                if stem in self._vocabulary:
                    keys.append(stem)
        return tuple(dict.fromkeys(keys))


def normalise(text: str) -> str:
    """Return the text as plain words: one case, one spelling of look-alike letters, no accents or marks."""
    return _DRAWN_OUT.sub(r"\1\1", _plain(text))


def _plain(text: str) -> str:
    """Normalise all but the drawn-out letters, of which a word may have had one (helllp) or two (doood)."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    joined = _PERSIAN_PREFIX.sub(r"\1", folded)
    # Decomposing parts every accent, Arabic vowel sign and hamza from its letter.
    bare = "".join(_bare(letter) for letter in unicodedata.normalize("NFD", joined))
    return _SEPARATOR.sub(" ", bare.translate(_LETTERS)).strip()


@lru_cache(maxsize=4096)
def _bare(letter: str) -> str:
    if letter < "\x7f":
        return letter
    match unicodedata.category(letter):
        case "Mn" | "Me" | "Cf":
            return ""
        case "Nd":
            return str(unicodedata.digit(letter))
        case _:
            return letter


def _forms(word: str) -> Iterator[str]:
    """Yield the word as it may stand in a phrase: not drawn out, and without what is written onto it."""
    if _DRAWN_OUT.search(word):
        yield from _without_clitics(_DRAWN_OUT.sub(r"\1", word))
        yield from _without_clitics(_DRAWN_OUT.sub(r"\1\1", word))
    else:
        yield from _without_clitics(word)


def _without_clitics(word: str) -> Iterator[str]:
    yield word
    if "\u0600" <= word[0] <= "\u06ff":
        for prefix in _ARABIC_PREFIXES:
            # "And" and "so" stand before the smallest words too, such as "not".
            least = 2 if prefix in _ARABIC_CONJUNCTIONS else 3
            if word.startswith(prefix) and len(word) >= len(prefix) + least:
                yield word[len(prefix) :]
    elif "\u1200" <= word[0] <= "\u137f":
        stems = [word]
        stems += [word[len(p) :] for p in _TIGRINYA_PREFIXES if word.startswith(p) and len(word) >= len(p) + 2]
        yield from stems[1:]
        for stem in stems:
            for suffix in _TIGRINYA_SUFFIXES:
                if stem.endswith(suffix) and len(stem) >= len(suffix) + 2:
                    yield stem[: -len(suffix)]


def _all_of(phrases: Mapping[str, Iterable[str]]) -> Iterator[str]:
    for in_one_language in phrases.values():
        yield from in_one_language


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """A phrase of one category, from its first word to just after its last."""

    rank: int
    start: int
    end: int

    def lies_in(self, other: _Found) -> bool:
        """Tell whether the other phrase has taken a word of this one away."""
        return self.rank == other.rank and self.start < other.end and other.start < self.end


@dataclass(kw_only=True, slots=True)
class _Branch:
    next_word: dict[str, _Branch] = field(default_factory=dict)
    after_gap: dict[str, _Branch] = field(default_factory=dict)
    ranks: set[int] = field(default_factory=set)


class _PhraseTree:
    """Every phrase as a path of words, so that one walk along the message tries them all."""

    def __init__(self) -> None:
        self.vocabulary: set[str] = set()
        self._root = _Branch()

    def add(self, phrase: str, rank: int) -> None:
        ends = [self._root]
        gap = False
        for part in phrase.replace(_GAP, f" {_GAP} ").split():
            if part == _GAP:
                gap = True
                continue
            # A part is one word out of several (hij/zij), and a word may come apart (anti-slip).
            choices = [_steps(choice, phrase) for choice in part.split("/")]
            ends = [self._grow(end, steps, gap) for end in ends for steps in choices]
            gap = False
        if ends == [self._root]:
            raise EmptyPhraseError(phrase)
        for end in ends:
            end.ranks.add(rank)

    def _grow(self, branch: _Branch, steps: Sequence[str], gap: bool) -> _Branch:
        for step in steps:
            self.vocabulary.add(step)
            branch = (branch.after_gap if gap else branch.next_word).setdefault(step, _Branch())
            gap = False
        return branch

    def found_in(self, words: Sequence[Sequence[str]]) -> Iterator[_Found]:
        """Yield every phrase in the message, given for each of its words the keys it may stand for."""
        for start, keys in enumerate(words):
            for key in keys:
                if branch := self._root.next_word.get(key):
                    yield from self._ends_from(branch, words, start, start + 1)

    def _ends_from(self, branch: _Branch, words: Sequence[Sequence[str]], start: int, here: int) -> Iterator[_Found]:
        for rank in branch.ranks:
            yield _Found(rank=rank, start=start, end=here)
        if branch.next_word and here < len(words):
            for key in words[here]:
                if further := branch.next_word.get(key):
                    yield from self._ends_from(further, words, start, here + 1)
        if branch.after_gap:
            for there in range(here, min(here + _LONGEST_GAP + 1, len(words))):
                for key in words[there]:
                    if further := branch.after_gap.get(key):
                        yield from self._ends_from(further, words, start, there + 1)


def _steps(choice: str, phrase: str) -> list[str]:
    steps = normalise(choice).split()
    if choice.endswith("*") and steps:
        if len(steps[-1]) < _SHORTEST_STEM:
            raise EmptyPhraseError(phrase)
        steps[-1] += "*"
    if not steps:
        raise EmptyPhraseError(phrase)
    return steps
