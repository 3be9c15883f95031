"""
The intent classifier once it is fitted (`bot.nlu.fitting`): how it judges a message, with numpy only.

Three linear models look at a message: one at its n-grams, one at its sentence vector, one at both side by side; their
scores are added. Three-fold cross-validation measures how much each counts, how sure they are, what is refused and when
the n-grams alone are enough.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bot.nlu.examples import OUT_OF_SCOPE
from bot.nlu.lexical import Grams, Lexicon, Taken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from bot.nlu.examples import Example

    Floats = NDArray[np.float32]

RECIPE_VERSION = 10  # part of the cache's name: count on when training or the file changes

NEIGHBOURS = 5
ALL_LANGUAGES = ""  # the key of the mean that serves a language without one of its own
# How much each z-score counts in the score that decides on refusing. Of unseen messages about things no author thought
# of, at one in twenty of ours refused, these caught 88 %; 1, 2 and 1 (of the best intent, of nearness) caught 74 %.
_BEST_SHARE, _NEAR_SHARE, _OUT_OF_SCOPE_SHARE = 0.5, 0.5, 1.0
# How much the model that knows danger only counts beside the odds of the intents. With it the same false alarms caught
# four to six in a hundred more, of what an author said whose lines it had not seen.
DANGER_SHARE = 0.5
_MEAN_INERTIA = 4  # a language's mean starts as that of all languages, with the weight of this many lines
_TAUGHT = 0.5  # a language teaches when it has examples of half as many intents as the best one


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """
    What one message asks for.

    `intents` are the three best with their probability, best first; `sure` says that the n-grams are enough; `alarm` is
    the likeliest of the alarming intents when the message speaks of danger, whatever else it asks.
    """

    intents: tuple[tuple[str, float], ...]
    out_of_scope: bool
    sure: bool = False
    alarm: str | None = None


NOTHING_KNOWN = Judgement(intents=(), out_of_scope=True)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Where the scores of good messages lie, measured on messages the model had not seen."""

    temperature: float = 1.0
    best_mean: float = 0.0
    best_deviation: float = 1.0
    near_mean: float = 0.0
    near_deviation: float = 1.0
    outside_mean: float = 0.0
    outside_deviation: float = 1.0
    refuse_below: float = float("-inf")
    alarm_at: float = float("inf")


@dataclass(frozen=True, kw_only=True)
class Mix:
    """How much the models of the n-grams count beside the sentence vector, and where good messages' scores then lie."""

    lexical_share: float = 1.0
    scale: Scale = Scale()


@dataclass(frozen=True, kw_only=True)
class Linear:
    """A linear model: `weights` is features by intents, `bias` one per intent."""

    weights: Floats
    bias: Floats


@dataclass(frozen=True, kw_only=True)
class Both:
    """
    The model of n-grams and vector side by side, with that of the n-grams alone added to it.

    `words` is n-grams by intents, `meaning` 384 by intents, `bias` one per intent.
    """

    words: Floats
    meaning: Floats
    bias: Floats

    def scores(self, places: NDArray[np.intp], values: Floats, vector: Floats) -> Floats:
        """Return the scores of one message: its n-grams by place and value, and its centred vector."""
        found: Floats = values @ self.words[places].astype("float32") + vector @ self.meaning + self.bias
        return found


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """
    The trained classifier.

    `intents` are in the order of the columns, out_of_scope among them if it has examples. `meaning` is None
    where there was no encoder to train with. `taught` are the languages whose lines taught it. `alarming` are the
    intents of somebody in danger; `danger` (one column) tells them from all others.
    """

    intents: tuple[str, ...]
    taught: frozenset[str]
    lexicon: Lexicon
    lexical: Linear
    meaning: Linear | None
    both: Both | None
    danger: Both | None
    means: Mapping[str, Floats]
    neighbours: Floats
    lexical_scale: Scale
    native: Mix
    romanised: Mix
    shortcut_margin: float
    alarming: frozenset[str] = frozenset()

    def judge_words(self, text: str, language: str) -> Judgement:
        """Return what the n-grams of a cleaned text say, and whether they are enough to answer."""
        if not self._known:
            return NOTHING_KNOWN
        scores = self._lexical_scores(text)
        sure = language in self.taught and self._is_sure(scores)
        judgement = self._judgement(scores, self.lexical_scale, near=None, sure=sure)
        # Where the n-grams see danger besides what they are sure of, the encoder is asked as well.
        torn = judgement.alarm is not None and judgement.intents[0][0] not in self.alarming
        return replace(judgement, sure=False) if torn else judgement

    def judge(self, text: str, vector: Floats, language: str) -> Judgement:
        """Return what the n-grams and the sentence vector (384, length one) of a cleaned text say."""
        if not self._known:
            return NOTHING_KNOWN
        if self.meaning is None or self.both is None:
            return self.judge_words(text, language)
        spoken = variety(text, language)
        mix = self.romanised if is_romanised(spoken) else self.native
        centred = centre(vector[None, :], [spoken], self.means)[0]
        places, values = self.lexicon.vector(Taken.apart(text))
        beside = self.both.scores(places, values, centred)
        danger = float(self.danger.scores(places, values, centred)[0]) if self.danger else 0.0
        scores = centred @ self.meaning.weights + self.meaning.bias + mix.lexical_share * beside
        near = nearness(centred[None, :], self.neighbours)[0]
        return self._judgement(scores, mix.scale, near=float(near), sure=False, danger=danger)

    @property
    def _known(self) -> bool:
        return any(intent != OUT_OF_SCOPE for intent in self.intents)

    def _lexical_scores(self, text: str) -> Floats:
        places, values = self.lexicon.vector(Taken.apart(text))
        scores: Floats = values @ self.lexical.weights[places].astype("float32") + self.lexical.bias
        return scores

    def _is_sure(self, scores: Floats) -> bool:
        return bool(margins(scores[None, :], self.intents)[0] >= self.shortcut_margin)

    def _judgement(
        self, scores: Floats, scale: Scale, *, near: float | None, sure: bool, danger: float = 0.0
    ) -> Judgement:
        import numpy as np

        probabilities = softmax(scores[None, :] / scale.temperature)[0]
        order = [place for place in np.argsort(-scores, kind="stable") if self.intents[place] != OUT_OF_SCOPE][:3]
        score = refusal_scores(scores[None, :], None if near is None else np.array([near]), self.intents, scale)[0]
        return Judgement(
            intents=tuple((self.intents[place], float(probabilities[place])) for place in order),
            out_of_scope=not sure and bool(score < scale.refuse_below),
            sure=sure,
            alarm=self._alarm(scores, scale, danger),
        )

    def _alarm(self, scores: Floats, scale: Scale, danger: float) -> str | None:
        alarming = [place for place, intent in enumerate(self.intents) if intent in self.alarming]
        if not alarming:
            return None
        odds = alarm_scores(scores[None, :], self.intents, self.alarming, scale)[0] + DANGER_SHARE * danger
        if odds < scale.alarm_at:
            return None
        return self.intents[max(alarming, key=scores.__getitem__)]

    def as_arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays for a .npz file; `from_arrays` is the way back."""
        import numpy as np

        about = {
            "intents": self.intents,
            "taught": sorted(self.taught),
            "languages": list(self.means),
            "character_grams": list(self.lexicon.characters.places),
            "word_grams": list(self.lexicon.words.places),
            "lexical_scale": vars(self.lexical_scale),
            "mixes": [
                {"lexical_share": mix.lexical_share, "scale": vars(mix.scale)} for mix in (self.native, self.romanised)
            ],
            "shortcut_margin": self.shortcut_margin,
            "alarming": sorted(self.alarming),
        }
        arrays: dict[str, NDArray[Any]] = {
            "about": np.frombuffer(json.dumps(about).encode(), dtype=np.uint8),
            "character_weights": self.lexicon.characters.weights,
            "word_weights": self.lexicon.words.weights,
            "lexical_weights": self.lexical.weights,
            "lexical_bias": self.lexical.bias,
            "means": np.array(list(self.means.values()), dtype=np.float32),
            "neighbours": self.neighbours.astype(np.float16),
        }
        if self.meaning:
            arrays |= {"meaning_weights": self.meaning.weights, "meaning_bias": self.meaning.bias}
        if self.both:
            arrays |= {f"both_{name}": array for name, array in vars(self.both).items()}
        if self.danger:
            arrays |= {f"danger_{name}": array for name, array in vars(self.danger).items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Recipe:
        """Return the classifier that `as_arrays` described; raises KeyError or ValueError for others."""
        about = json.loads(arrays["about"].tobytes())
        native, romanised = (
            Mix(lexical_share=mix["lexical_share"], scale=Scale(**mix["scale"])) for mix in about["mixes"]
        )
        meaning = None
        if "meaning_weights" in arrays:
            meaning = Linear(weights=arrays["meaning_weights"], bias=arrays["meaning_bias"])
        return cls(
            intents=tuple(about["intents"]),
            taught=frozenset(about["taught"]),
            lexicon=Lexicon(
                characters=_grams(about["character_grams"], arrays["character_weights"]),
                words=_grams(about["word_grams"], arrays["word_weights"]),
            ),
            lexical=Linear(weights=arrays["lexical_weights"], bias=arrays["lexical_bias"]),
            meaning=meaning,
            both=_both(arrays, "both"),
            danger=_both(arrays, "danger"),
            means=dict(zip(about["languages"], arrays["means"], strict=True)),
            neighbours=arrays["neighbours"].astype("float32"),
            lexical_scale=Scale(**about["lexical_scale"]),
            native=native,
            romanised=romanised,
            shortcut_margin=about["shortcut_margin"],
            alarming=frozenset(about["alarming"]),
        )


def _both(arrays: Mapping[str, NDArray[Any]], name: str) -> Both | None:
    if f"{name}_words" not in arrays:
        return None
    return Both(**{part: arrays[f"{name}_{part}"] for part in ("words", "meaning", "bias")})


def _grams(grams: list[str], weights: Floats) -> Grams:
    if len(grams) != len(weights):
        raise ValueError("as many n-grams as weights were expected")
    return Grams(places={gram: place for place, gram in enumerate(grams)}, weights=weights)


_OF_ANOTHER_SCRIPT = frozenset({"ar", "ti", "fa", "uk"})
_ROMANISED = "-Latn"
_NEARLY_ALL = 0.8  # an Arabic sentence with "huurtoeslag" in it is still Arabic


def variety(text: str, language: str) -> str:
    """Return the language, with `-Latn` when its own script is another and the text is nearly all in Latin letters."""
    if language not in _OF_ANOTHER_SCRIPT:
        return language
    latin = sum(letter.isascii() for letter in text if letter.isalpha())
    return language + _ROMANISED if latin > _NEARLY_ALL * sum(letter.isalpha() for letter in text) else language


def is_romanised(spoken: str) -> bool:
    """Return whether this variety is one that the encoder can hardly read."""
    return spoken.endswith(_ROMANISED)


def centre(vectors: Floats, languages: Sequence[str], means: Mapping[str, Floats]) -> Floats:
    """Return the vectors minus the mean of their variety, of length one again: what is left is the meaning."""
    import numpy as np

    moved = vectors - np.array([means.get(language, means[ALL_LANGUAGES]) for language in languages])
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    centred: Floats = (moved / np.maximum(lengths, 1e-9)).astype(np.float32)
    return centred


def nearness(vectors: Floats, neighbours: Floats) -> Floats:
    """Return for each vector the mean cosine of its five nearest neighbours; 0 where there are none."""
    import numpy as np

    if not len(neighbours):
        return np.zeros(len(vectors), dtype=np.float32)
    cosines = vectors @ neighbours.T
    nearest = min(NEIGHBOURS, cosines.shape[1])
    best: Floats = np.partition(cosines, -nearest, axis=1)[:, -nearest:].mean(axis=1)
    return best


def softmax(scores: Floats) -> Floats:
    """Return rows that add up to one."""
    import numpy as np

    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    rows: Floats = powers / powers.sum(axis=1, keepdims=True)
    return rows


def _inside(intents: Sequence[str]) -> list[int]:
    return [place for place, intent in enumerate(intents) if intent != OUT_OF_SCOPE]


def margins(scores: Floats, intents: Sequence[str]) -> Floats:
    """Return by how much the best intent leads the second; below zero when out_of_scope leads it."""
    import numpy as np

    inside = np.sort(scores[:, _inside(intents)], axis=1)
    best = inside[:, -1]
    second = inside[:, -2] if inside.shape[1] > 1 else np.full(len(best), -1.0)
    if OUT_OF_SCOPE in intents:
        second = np.maximum(second, scores[:, list(intents).index(OUT_OF_SCOPE)])
    lead: Floats = best - second
    return lead


def refusal_scores(scores: Floats, near: Floats | None, intents: Sequence[str], scale: Scale) -> Floats:
    """Return how much each message looks like ours: z-scores of its best intent and of its nearness."""
    total: Floats = _BEST_SHARE * (scores[:, _inside(intents)].max(axis=1) - scale.best_mean) / scale.best_deviation
    if near is not None:
        total = total + _NEAR_SHARE * (near - scale.near_mean) / scale.near_deviation
    if OUT_OF_SCOPE in intents:
        outside = scores[:, list(intents).index(OUT_OF_SCOPE)]
        total = total - _OUT_OF_SCOPE_SHARE * (outside - scale.outside_mean) / scale.outside_deviation
    return total


def alarm_scores(scores: Floats, intents: Sequence[str], alarming: frozenset[str], scale: Scale) -> Floats:
    """Return the log odds of each message that it is one of the alarming intents, whichever; all must be there."""
    import numpy as np

    is_alarming = np.array([intent in alarming for intent in intents], dtype=bool)
    own = scores / scale.temperature
    odds: Floats = np.logaddexp.reduce(own[:, is_alarming], axis=1) - np.logaddexp.reduce(own[:, ~is_alarming], axis=1)
    return odds


def taught_languages(examples: Sequence[Example]) -> frozenset[str]:
    """
    Return the languages that have examples of at least half as many intents as the best covered one.

    A language with examples of the controls only would teach that whatever is in it is a control: in such a
    language 49.6 % instead of 57.9 % was right. Its lines give its mean and are known by heart, no more.
    """
    covered: dict[str, set[str]] = defaultdict(set)
    for example in examples:
        if example.intent != OUT_OF_SCOPE:
            covered[example.language].add(example.intent)
    most = max(map(len, covered.values()), default=0)
    return frozenset(language for language, intents in covered.items() if len(intents) >= _TAUGHT * most)


def language_means(vectors: Floats, languages: Sequence[str]) -> dict[str, Floats]:
    """Return the mean vector of each variety, drawn towards that of all where it has few lines."""
    import numpy as np

    everyone = vectors.mean(axis=0) if len(vectors) else np.zeros(vectors.shape[1], dtype=np.float32)
    means = {ALL_LANGUAGES: everyone}
    spoken = np.array(languages)
    for language in sorted(set(languages)):
        own = vectors[spoken == language]
        means[language] = (own.sum(axis=0) + _MEAN_INERTIA * everyone) / (len(own) + _MEAN_INERTIA)
    return means
