"""Fitting the intent classifier to the training lines; the only place that imports scikit-learn."""

from __future__ import annotations

import os
import warnings
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn import linear_model, svm
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from bot.nlu.encoder import DIMENSIONS
from bot.nlu.examples import OUT_OF_SCOPE
from bot.nlu.lexical import Lexicon, Taken
from bot.nlu.measuring import HeldOut, measured
from bot.nlu.recipe import (
    ALL_LANGUAGES,
    Both,
    Linear,
    Mix,
    Recipe,
    Scale,
    centre,
    is_romanised,
    language_means,
    nearness,
    taught_languages,
    variety,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from bot.nlu.examples import Example
    from bot.nlu.recipe import Floats

# A third of the lines is measured by a model of the others. Of many lines that is enough, and to measure all takes
# twice as long; few are all measured.
FOLDS, MEASURED_FOLDS = 3, 1
LOGISTIC_C, LEXICAL_C, BOTH_C, DANGER_C = 20.0, 1.0, 0.25, 10.0
ROUNDS, DANGER_ROUNDS = 60, 150  # of the logistic regressions: what more of them changed was never an answer
TOLERANCE = 0.1  # of the vector machines: a thousand times finer took half as long again and changed no figure
SEED = 20261128  # the same lines give the same model, wherever they are fitted
MOST_EACH = 60  # lines of one intent and language that the intents learn from: more of one would outshout the rest
WORTH_A_PROCESS = 2000  # lines; fewer are fitted before a second process has started
ALIKE_IN_MEANING, ALIKE_IN_WORDS = 0.6, 0.5  # cosines above which two lines of one intent say the same
_ABSENT = -20.0  # the score of an intent that a fold has no example of

_logistic: Any = linear_model.LogisticRegression  # these ship no types
# By coordinates of the dual: left to itself it takes the primal once there are more lines than n-grams, for the same
# answer in four times as long.
_vector_machine: Any = partial(svm.LinearSVC, dual=True, tol=TOLERANCE, random_state=SEED)
_csr: Any = sparse.csr_matrix
_stack: Any = sparse.hstack
_threads: Any = threadpool_limits


@dataclass(frozen=True, kw_only=True)
class _Line:
    intent: str
    variety: str
    taken: Taken
    sounds: bool

    @classmethod
    def of(cls, example: Example) -> _Line:
        return cls(
            intent=example.intent,
            variety=variety(example.text, example.language),
            taken=Taken.apart(example.text),
            sounds=example.sounds,
        )


def fit(
    examples: Sequence[Example],
    vectors: Floats | None,
    on_step: Callable[[int, int], None] | None = None,
    *,
    alarming: frozenset[str] = frozenset(),
) -> Recipe:
    """
    Return the classifier of these (cleaned) examples.

    `vectors` has one row per example, or is None where there is no encoder; then the n-grams alone decide.
    `alarming` are the intents of somebody in danger.
    """
    taught = taught_languages(examples)
    only_here = {e.intent for e in examples} - {e.intent for e in examples if e.language in taught}
    chosen = [place for place, e in enumerate(examples) if e.language in taught or e.intent in only_here]
    lines = [_Line.of(examples[place]) for place in chosen]
    intents = tuple(sorted({line.intent for line in lines}))

    means = {ALL_LANGUAGES: np.zeros(0, dtype=np.float32)}
    centred = None
    if vectors is not None and lines:
        means = language_means(vectors, [variety(example.text, example.language) for example in examples])
        centred = centre(vectors[chosen], [line.variety for line in lines], means)

    def stepped(done: int) -> None:
        if on_step:
            on_step(done, _measured_folds(len(lines)) + 1)

    # On a busy machine BLAS threads wait for one another: training took eight times as long with two.
    known = alarming & set(intents)
    with _threads(limits=1):
        held_out, measurable, recipe = _fit_all(
            [examples[place] for place in chosen], lines, centred, _Fitted(intents=intents, alarming=known), stepped
        )
    romanised = np.array([is_romanised(line.variety) for line in lines], dtype=bool)[measurable]
    recipe = replace(recipe, taught=taught, means=means, alarming=known)
    return measured(recipe, replace(held_out, alarming=known).only(measurable), romanised)


def _fit_once(
    lines: Sequence[_Line],
    columns: NDArray[np.intp],
    centred: Floats | None,
    intents: tuple[str, ...],
    alarming: frozenset[str],
) -> Recipe:
    lexicon = Lexicon.of([line.taken for line in lines])
    inside = np.array([line.intent != OUT_OF_SCOPE for line in lines], dtype=bool)
    words, width, some = _matrix(lexicon, lines), len(intents), _evenly(lines)
    own_columns = columns[some]
    lexical = _fit_linear(_vector_machine(C=LEXICAL_C), words[some], own_columns, width, np.float16)
    meaning = both = danger = None
    if centred is not None:
        meaning = _fit_linear(_logistic(C=LOGISTIC_C, max_iter=ROUNDS), centred[some], own_columns, width, np.float32)
        side_by_side = _stack([words, _csr(centred)], format="csr")
        joint = _fit_linear(
            _vector_machine(C=BOTH_C),
            side_by_side[some],
            own_columns,
            width,
            np.float32,
        )
        both = _apart(joint, len(lexicon), added=lexical)
        in_danger = np.array([line.intent in alarming for line in lines], dtype=np.intp)
        if 0 < in_danger.sum() < len(lines):
            danger = _apart(
                _fit_linear(_logistic(C=DANGER_C, max_iter=DANGER_ROUNDS), side_by_side, in_danger, 2, np.float32),
                len(lexicon),
            )
            danger = Both(words=danger.words[:, 1:], meaning=danger.meaning[:, 1:], bias=danger.bias[1:])
    return Recipe(
        intents=intents,
        taught=frozenset(),
        lexicon=lexicon,
        lexical=lexical,
        meaning=meaning,
        both=both,
        danger=danger,
        means={},
        neighbours=np.zeros((0, 0), dtype=np.float32) if centred is None else centred[inside],
        lexical_scale=Scale(),
        native=Mix(),
        romanised=Mix(),
        shortcut_margin=float("inf"),
    )


def _apart(joint: Linear, words: int, *, added: Linear | None = None) -> Both:
    """Return a model of n-grams and vector side by side as its two parts, with that of the n-grams alone added."""
    own, bias = joint.weights[:words], joint.bias
    if added is not None:
        own, bias = own + added.weights[:words], bias + added.bias
    return Both(words=own.astype(np.float16), meaning=joint.weights[-DIMENSIONS:], bias=bias)


def _evenly(lines: Sequence[_Line]) -> NDArray[np.intp]:
    """Return the places of at most so many lines of each intent and variety, and of all that are not for us."""
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, line in enumerate(lines):
        places[line.intent, line.variety].append(place)
    chosen = [
        own[step * len(own) // kept]
        for (intent, _), own in places.items()
        for kept in [len(own) if intent == OUT_OF_SCOPE else min(len(own), MOST_EACH)]
        for step in range(kept)
    ]
    return np.array(sorted(chosen), dtype=np.intp)


def _matrix(lexicon: Lexicon, lines: Sequence[_Line]) -> Any:
    rows = [lexicon.vector(line.taken) for line in lines]
    ends = np.cumsum([0, *(len(places) for places, _ in rows)])
    places = np.concatenate([places for places, _ in rows]) if rows else np.zeros(0, dtype=np.intp)
    values = np.concatenate([values for _, values in rows]) if rows else np.zeros(0, dtype=np.float32)
    return _csr((values, places, ends), shape=(len(rows), max(len(lexicon), 1)), dtype=np.float64)


def _fit_linear(model: Any, features: Any, columns: NDArray[np.intp], width: int, kind: type[Any]) -> Linear:
    """Return the fitted model, one column per intent; one without an example scores far below the rest."""
    weights = np.zeros((features.shape[1], width), dtype=kind)
    bias = np.full(width, _ABSENT, dtype=np.float32)
    present = np.unique(columns)
    if len(present) == 1:
        bias[present] = 0.0
    elif len(present) > 1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # what it has after the last round is good enough
            model.fit(features, columns)
        own_weights, own_bias = model.coef_, model.intercept_
        if len(present) == 2:  # noqa: PLR2004  # scikit-learn keeps one column for two intents
            share = 0.5 if isinstance(model, linear_model.LogisticRegression) else 1.0
            own_weights = np.concatenate([-own_weights, own_weights]) * share
            own_bias = np.concatenate([-own_bias, own_bias]) * share
        weights[:, present] = own_weights.T
        bias[present] = own_bias
    return Linear(weights=weights, bias=bias)


def folds_of(examples: Sequence[Example], vectors: Floats | None, folds: int) -> list[int]:
    """
    Return in which fold each (cleaned) example is, the same at every call.

    Authors write a line in four languages, so lines of one intent that say nearly the same stay in one fold.
    Dealt at random, 80 % seemed to be understood where it was 70 %.
    """
    lines = [_Line.of(example) for example in examples]
    centred = None
    if vectors is not None and lines:
        varieties = [line.variety for line in lines]
        centred = centre(vectors, varieties, language_means(vectors, varieties))
    with _threads(limits=1):
        return [int(fold) for fold in _dealt(lines, centred, folds)]


def _dealt(lines: Sequence[_Line], centred: Floats | None, folds: int) -> NDArray[np.intp]:
    features = _matrix(Lexicon.of([line.taken for line in lines]), lines) / np.sqrt(2)  # of length one
    by_intent: dict[str, list[int]] = defaultdict(list)
    for place, line in enumerate(lines):
        by_intent[line.intent].append(place)
    fold = np.zeros(len(lines), dtype=np.intp)
    for intent in sorted(by_intent):
        own = by_intent[intent]
        alike = (features[own] @ features[own].T).toarray() - ALIKE_IN_WORDS
        if centred is not None:
            alike = np.maximum(alike, centred[own] @ centred[own].T - ALIKE_IN_MEANING)
        sizes = np.zeros(folds)
        # Large groups first, each to the smallest fold; where one starts differs per intent, or all extras meet in one.
        start = len(intent) % folds
        for group in sorted(_groups(alike), key=len, reverse=True):
            smallest = min(range(folds), key=lambda place: (sizes[place], (place - start) % folds))
            sizes[smallest] += len(group)
            fold[[own[place] for place in group]] = smallest
    return fold


def _groups(alike: NDArray[Any]) -> list[list[int]]:
    """Return groups of lines: each joins the earlier line most alike, if that is above zero."""
    groups: list[list[int]] = []
    group_of: list[list[int]] = []
    for place in range(len(alike)):
        nearest = int(alike[place, :place].argmax()) if place else 0
        if place and alike[place, nearest] > 0:
            group_of.append(group_of[nearest])
        else:
            groups.append([])
            group_of.append(groups[-1])
        group_of[place].append(place)
    return groups


def _fit_all(
    examples: Sequence[Example],
    lines: Sequence[_Line],
    centred: Floats | None,
    fitted: _Fitted,
    on_fit: Callable[[int], None],
) -> tuple[HeldOut, NDArray[np.bool_], Recipe]:
    """Return the scores of lines by a model that had not seen them, which lines those are, and the model of all."""
    folds = _dealt(lines, centred, FOLDS)
    columns = _columns(lines, fitted.intents)
    blank = np.zeros((len(lines), len(fitted.intents)), dtype=np.float32)
    held_out = HeldOut(
        intents=fitted.intents,
        columns=columns,
        meaning=None if centred is None else blank.copy(),
        lexical=blank.copy(),
        beside=blank,
        near=np.zeros(len(lines), dtype=np.float32),
        danger=np.zeros(len(lines), dtype=np.float32),
        sounds=np.array([line.sounds for line in lines], dtype=bool),
    )
    measurable = np.zeros(len(lines), dtype=bool)
    with _beside(len(lines)) as pool:
        parts = [
            [place for place, own in enumerate(folds) if own != fold] for fold in range(_measured_folds(len(lines)))
        ]
        models = [
            pool.submit(fitted.apart, [examples[place] for place in seen], None if centred is None else centred[seen])
            for seen in parts
            if seen
        ]
        if isinstance(pool, ThreadPoolExecutor):
            wait(models)  # in one process the vector machines draw from one seed: side by side, no two models are alike
        whole = _fit_once(lines, columns, centred, fitted.intents, fitted.alarming)
        on_fit(1)
        for fold, model in enumerate(models):
            unseen = [place for place, own in enumerate(folds) if own == fold]
            if unseen:
                _score(held_out, model.result(), [lines[place] for place in unseen], unseen, centred)
                measurable[unseen] = True
            on_fit(fold + 2)
    return held_out, measurable, whole


@dataclass(frozen=True, kw_only=True)
class _Fitted:
    """What all models of one training have in common."""

    intents: tuple[str, ...]
    alarming: frozenset[str]

    def apart(self, examples: Sequence[Example], centred: Floats | None) -> Recipe:
        """Return the model of these examples, which are taken apart here: a process is handed texts, not n-grams."""
        lines = [_Line.of(example) for example in examples]
        with _threads(limits=1):
            return _fit_once(lines, _columns(lines, self.intents), centred, self.intents, self.alarming)


def _columns(lines: Sequence[_Line], intents: tuple[str, ...]) -> NDArray[np.intp]:
    place = {intent: column for column, intent in enumerate(intents)}
    return np.array([place[line.intent] for line in lines], dtype=np.intp)


def _measured_folds(lines: int) -> int:
    return FOLDS if lines < WORTH_A_PROCESS else MEASURED_FOLDS


def _beside(lines: int) -> Executor:
    """Return who fits the measuring models: a process of its own, or for few lines a thread, which begins at once."""
    if lines < WORTH_A_PROCESS or (os.cpu_count() or 1) == 1:
        return ThreadPoolExecutor(1)
    # A fresh process, not a fork: the one that trains has threads.
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def _score(
    held_out: HeldOut, model: Recipe, lines: Sequence[_Line], places: Sequence[int], centred: Floats | None
) -> None:
    """Enter what the model says of lines that it had not seen."""
    words = _matrix(model.lexicon, lines)
    held_out.lexical[places] = words @ model.lexical.weights.astype(np.float32) + model.lexical.bias
    if centred is None or held_out.meaning is None or model.meaning is None or model.both is None:
        return
    own = centred[places]
    words = words[:, : len(model.lexicon)]  # without a single n-gram the matrix has one all the same
    held_out.meaning[places] = own @ model.meaning.weights + model.meaning.bias
    both = model.both
    held_out.beside[places] = words @ both.words.astype(np.float32) + own @ both.meaning + both.bias
    held_out.near[places] = nearness(own, model.neighbours)
    if model.danger is not None:
        danger = model.danger
        held_out.danger[places] = (words @ danger.words.astype(np.float32) + own @ danger.meaning + danger.bias)[:, 0]
