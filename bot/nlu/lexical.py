"""Character and word n-grams: what a message looks like, without knowing what it means."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from math import log
from typing import TYPE_CHECKING

from bot.nlu.latin import LATIN
from bot.nlu.text import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

MAX_CHARACTER_GRAMS, MAX_WORD_GRAMS = 30_000, 8_000
_LONGEST_GRAM = 4
_WORD = re.compile(r"\b\w\w+\b")


def spelled(text: str) -> str:
    """Return the text as its n-grams are taken: folded, and in Latin letters whatever its script."""
    return fold(text).translate(LATIN)


def character_grams(text: str) -> list[str]:
    """Return the n-grams of 1 to 4 characters inside each word, with a blank on either side of the word."""
    grams: list[str] = []
    for word in text.split():
        padded = f" {word} "
        for length in range(1, _LONGEST_GRAM + 1):
            if length > len(padded):
                break
            grams += [padded[start : start + length] for start in range(len(padded) - length + 1)]
            if length == len(padded):
                break
    return grams


def word_grams(text: str) -> list[str]:
    """Return the words of two letters and more, and the pairs of neighbours among them."""
    words = _WORD.findall(text)
    return words + [f"{first} {second}" for first, second in pairwise(words)]


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A cleaned text taken apart."""

    characters: Sequence[str]
    words: Sequence[str]

    @classmethod
    def apart(cls, text: str) -> Taken:
        """Return the n-grams of a cleaned text."""
        line = spelled(text)
        return cls(characters=character_grams(line), words=word_grams(line))


@dataclass(frozen=True, kw_only=True)
class Grams:
    """The n-grams of one kind: their places in the vector and their weights (idf, float32)."""

    places: Mapping[str, int]
    weights: NDArray[np.float32]

    @classmethod
    def of(cls, lines: Sequence[Sequence[str]], limit: int) -> Grams:
        """Return the most used n-grams of these lines, at most `limit`."""
        import numpy as np

        uses: Counter[str] = Counter()
        lines_with: Counter[str] = Counter()
        for grams in lines:
            uses.update(grams)
            lines_with.update(set(grams))
        kept = sorted(uses, key=lambda gram: (-uses[gram], gram))[:limit]
        weights = [log((1 + len(lines)) / (1 + lines_with[gram])) + 1 for gram in kept]
        return cls(
            places={gram: place for place, gram in enumerate(kept)},
            weights=np.array(weights, dtype=np.float32),
        )

    def weigh(self, grams: Iterable[str]) -> tuple[list[int], NDArray[np.float32]]:
        """Return the places of the known n-grams and their tf-idf, of length one together."""
        import numpy as np

        counts = Counter(grams)
        places = {place: count for gram, count in counts.items() if (place := self.places.get(gram)) is not None}
        found = list(places)
        values = (1 + np.log(np.fromiter(places.values(), dtype=np.float32, count=len(found)))) * self.weights[found]
        length = float(np.sqrt(values @ values))
        return found, values / length if length else values


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """The n-grams of the training lines: first the characters' places, then the words'."""

    characters: Grams
    words: Grams

    @classmethod
    def of(cls, lines: Sequence[Taken]) -> Lexicon:
        """Return the lexicon of these lines."""
        return cls(
            characters=Grams.of([line.characters for line in lines], MAX_CHARACTER_GRAMS),
            words=Grams.of([line.words for line in lines], MAX_WORD_GRAMS),
        )

    def __len__(self) -> int:
        return len(self.characters.weights) + len(self.words.weights)

    def vector(self, line: Taken) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Return the sparse vector of a text as places and values."""
        import numpy as np

        characters, character_values = self.characters.weigh(line.characters)
        words, word_values = self.words.weigh(line.words)
        after = len(self.characters.weights)
        places = np.array([*characters, *(after + place for place in words)], dtype=np.intp)
        return places, np.concatenate([character_values, word_values])
