"""Fitting the intent classifier to the training lines; the only place that imports scikit-learn."""

from __future__ import annotations

import warnings
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn import linear_model, svm
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from bot.nlu.examples import OUT_OF_SCOPE
from bot.nlu.lexical import Lexicon, Taken
from bot.nlu.recipe import (
    ALL_LANGUAGES,
    Linear,
    Mix,
    Recipe,
    Scale,
    centre,
    is_romanised,
    language_means,
    margins,
    nearness,
    refusal_scores,
    softmax,
    taught_languages,
    variety,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from bot.nlu.examples import Example
    from bot.nlu.recipe import Floats

FOLDS = 3
LOGISTIC_C, LEXICAL_C = 20.0, 1.0
LOST_BY = 0.001  # answering without the encoder may cost at most this share of right answers
PASSED_BY = 0.01  # and let pass at most this share of what is not ours
REFUSED_IN_SCOPE = 0.05  # at most this share of good messages is refused
LEXICAL_SHARES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
ENOUGH_LINES = 100  # in Latin letters instead of their own, to measure a mix for those
ALIKE_IN_MEANING, ALIKE_IN_WORDS = 0.6, 0.5  # cosines above which two lines of one intent say the same
TEMPERATURES = tuple(1.1**power for power in range(-30, 31))
_AS_GOOD = 1.01  # a loss within a hundredth of the best is no worse: then the more often right one is taken
SHORTCUT_MARGINS = tuple(step / 20 for step in range(4, 41))
_logistic: Any = linear_model.LogisticRegression  # these ship no types
_vector_machine: Any = svm.LinearSVC
_csr: Any = sparse.csr_matrix

_ABSENT = -20.0  # the score of an intent that a fold has no example of
_NEVER = float("inf")


@dataclass(frozen=True, kw_only=True)
class _Line:
    intent: str
    variety: str
    taken: Taken

    @classmethod
    def of(cls, example: Example) -> _Line:
        return cls(
            intent=example.intent,
            variety=variety(example.text, example.language),
            taken=Taken.apart(example.text),
        )


@dataclass(frozen=True, kw_only=True)
class _Scores:
    """The scores that lines got from models which had not seen them; one row a line, one column an intent."""

    meaning: Floats | None
    lexical: Floats
    near: Floats


def fit(
    examples: Sequence[Example],
    vectors: Floats | None,
    on_step: Callable[[int, int], None] | None = None,
) -> Recipe:
    """
    Return the classifier of these (cleaned) examples.

    `vectors` has one row per example, or is None where there is no encoder; then the n-grams alone decide.
    """
    taught = taught_languages(examples)
    only_here = {e.intent for e in examples} - {e.intent for e in examples if e.language in taught}
    chosen = [place for place, e in enumerate(examples) if e.language in taught or e.intent in only_here]
    lines = [_Line.of(examples[place]) for place in chosen]
    intents = tuple(sorted({line.intent for line in lines}))
    columns = np.array([intents.index(line.intent) for line in lines], dtype=np.intp)

    means = {ALL_LANGUAGES: np.zeros(0, dtype=np.float32)}
    centred = None
    if vectors is not None and lines:
        means = language_means(vectors, [variety(example.text, example.language) for example in examples])
        centred = centre(vectors[chosen], [line.variety for line in lines], means)

    def stepped(done: int) -> None:
        if on_step:
            on_step(done, FOLDS + 1)

    # On a busy machine BLAS threads wait for one another: training took eight times as long with two.
    with threadpool_limits(limits=1):
        held_out = _cross_validate(lines, columns, centred, len(intents), stepped)
        recipe = _fit_once(lines, columns, centred, intents)
    stepped(FOLDS + 1)
    romanised = np.array([is_romanised(line.variety) for line in lines], dtype=bool)
    return _measured(replace(recipe, taught=taught, means=means), held_out, columns, romanised)


def _fit_once(
    lines: Sequence[_Line], columns: NDArray[np.intp], centred: Floats | None, intents: tuple[str, ...]
) -> Recipe:
    lexicon = Lexicon.of([line.taken for line in lines])
    inside = np.array([line.intent != OUT_OF_SCOPE for line in lines], dtype=bool)
    return Recipe(
        intents=intents,
        taught=frozenset(),
        lexicon=lexicon,
        lexical=_fit_linear(_vector_machine(C=LEXICAL_C), _matrix(lexicon, lines), columns, len(intents), np.float16),
        meaning=None
        if centred is None
        else _fit_linear(_logistic(C=LOGISTIC_C, max_iter=300), centred, columns, len(intents), np.float32),
        means={},
        neighbours=np.zeros((0, 0), dtype=np.float32) if centred is None else centred[inside],
        lexical_scale=Scale(),
        native=Mix(),
        romanised=Mix(),
        shortcut_margin=_NEVER,
    )


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


def folds_of(lines: Sequence[_Line], centred: Floats | None, folds: int) -> NDArray[np.intp]:
    """
    Return the fold of each line, the same at every call.

    Authors write a line in four languages, so lines of one intent that say nearly the same stay in one fold.
    Dealt at random, 80 % seemed to be understood where it was 70 %.
    """
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


def _cross_validate(
    lines: Sequence[_Line],
    columns: NDArray[np.intp],
    centred: Floats | None,
    width: int,
    on_fold: Callable[[int], None],
) -> _Scores:
    folds = folds_of(lines, centred, FOLDS)
    meaning = None if centred is None else np.zeros((len(lines), width), dtype=np.float32)
    lexical = np.zeros((len(lines), width), dtype=np.float32)
    near = np.zeros(len(lines), dtype=np.float32)
    for fold in range(FOLDS):
        seen = [place for place, own in enumerate(folds) if own != fold]
        unseen = [place for place, own in enumerate(folds) if own == fold]
        if seen and unseen:
            model = _fit_once(
                [lines[place] for place in seen],
                columns[seen],
                None if centred is None else centred[seen],
                tuple(map(str, range(width))),
            )
            features = _matrix(model.lexicon, [lines[place] for place in unseen])
            lexical[unseen] = features @ model.lexical.weights.astype(np.float32) + model.lexical.bias
            if centred is not None and meaning is not None and model.meaning is not None:
                meaning[unseen] = centred[unseen] @ model.meaning.weights + model.meaning.bias
                near[unseen] = nearness(centred[unseen], model.neighbours)
        on_fold(fold + 1)
    return _Scores(meaning=meaning, lexical=lexical, near=near)


def _measured(recipe: Recipe, held_out: _Scores, columns: NDArray[np.intp], romanised: NDArray[np.bool_]) -> Recipe:
    """Return the classifier with its shares, temperatures and thresholds, as unseen lines show them."""
    intents = recipe.intents
    inside = np.array([intents[column] != OUT_OF_SCOPE for column in columns], dtype=bool)
    if not inside.any():
        return recipe
    lexical_scale = _scale(held_out.lexical, None, columns, inside, intents)
    recipe = replace(recipe, lexical_scale=lexical_scale)
    if held_out.meaning is None:
        return recipe
    native = _mix(held_out, columns, inside, intents, ~romanised)
    mixes = (native, _mix(held_out, columns, inside, intents, romanised, otherwise=native))
    shares = np.where(romanised, mixes[1].lexical_share, mixes[0].lexical_share)
    scores = held_out.meaning + shares[:, None] * held_out.lexical
    refused = np.zeros(len(columns), dtype=bool)
    for mix, rows in zip(mixes, (~romanised, romanised), strict=True):
        looks_ours = refusal_scores(scores[rows], held_out.near[rows], intents, mix.scale)
        refused[rows] = looks_ours < mix.scale.refuse_below
    margin = _shortcut_margin(held_out.lexical, scores, refused, columns, intents)
    return replace(recipe, native=mixes[0], romanised=mixes[1], shortcut_margin=margin)


def _mix(
    held_out: _Scores,
    columns: NDArray[np.intp],
    inside: NDArray[np.bool_],
    intents: Sequence[str],
    rows: NDArray[np.bool_],
    otherwise: Mix | None = None,
) -> Mix:
    """Return the mix that suits these rows best, or `otherwise` where they are too few to tell."""
    if otherwise and (rows & inside).sum() < ENOUGH_LINES:
        return otherwise
    if held_out.meaning is None or not (rows & inside).any():
        return Mix()
    meaning, lexical = held_out.meaning[rows], held_out.lexical[rows]
    share = _lexical_share(meaning, lexical, columns[rows])
    scale = _scale(meaning + share * lexical, held_out.near[rows], columns[rows], inside[rows], intents)
    return Mix(lexical_share=share, scale=scale)


def _lexical_share(meaning: Floats, lexical: Floats, columns: NDArray[np.intp]) -> float:
    """Return how much the n-grams count beside the sentence vector."""
    measured = {}
    for share in LEXICAL_SHARES:
        scores = meaning + share * lexical
        measured[share] = (
            _best_temperature(scores, columns)[1],
            float((scores.argmax(axis=1) == columns).mean()),
        )
    least = min(loss for loss, _ in measured.values())
    as_good = [share for share in LEXICAL_SHARES if measured[share][0] <= least * _AS_GOOD]
    return max(as_good, key=lambda share: measured[share][1])


def _best_temperature(scores: Floats, columns: NDArray[np.intp]) -> tuple[float, float]:
    """Return the temperature under which the unseen lines surprise least, and how much they do."""
    own = np.arange(len(columns)), columns
    losses = {
        temperature: float(-np.log(softmax(scores / temperature)[own] + 1e-12).mean()) for temperature in TEMPERATURES
    }
    best = min(losses, key=losses.__getitem__)
    return best, losses[best]


def _scale(
    scores: Floats,
    near: Floats | None,
    columns: NDArray[np.intp],
    inside: NDArray[np.bool_],
    intents: Sequence[str],
) -> Scale:
    own = [place for place, intent in enumerate(intents) if intent != OUT_OF_SCOPE]
    best = scores[inside][:, own].max(axis=1)
    outside = scores[inside, list(intents).index(OUT_OF_SCOPE)] if OUT_OF_SCOPE in intents else np.zeros(1)
    close = np.zeros(1) if near is None else near[inside]
    scale = Scale(
        temperature=_best_temperature(scores, columns)[0],
        best_mean=float(best.mean()),
        best_deviation=_deviation(best),
        near_mean=float(close.mean()),
        near_deviation=_deviation(close),
        outside_mean=float(outside.mean()),
        outside_deviation=_deviation(outside),
    )
    looks_ours = refusal_scores(scores, near, intents, scale)
    return replace(scale, refuse_below=_threshold(looks_ours[inside], looks_ours[~inside]))


def _deviation(values: NDArray[Any]) -> float:
    return float(values.std()) or 1.0


def _threshold(ours: Floats, others: Floats) -> float:
    """
    Return the score below which a message is refused: at most one in twenty of ours.

    With examples of what is not ours, the one that refuses most of those for the fewest of ours.
    """
    highest = float(np.quantile(ours, REFUSED_IN_SCOPE))
    if not len(others):
        return highest
    candidates = [float("-inf"), *(float(score) for score in np.unique(ours) if score <= highest), highest]
    return max(candidates, key=lambda score: (float((others < score).mean() - (ours < score).mean()), score))


def _shortcut_margin(
    lexical: Floats,
    full: Floats,
    refused: NDArray[np.bool_],
    columns: NDArray[np.intp],
    intents: Sequence[str],
) -> float:
    """
    Return the smallest lead of the n-grams' best intent at which asking the encoder no longer helps.

    What is lost there and at every larger lead, with its standard error added, stays below LOST_BY.
    """
    own = np.array([place for place, intent in enumerate(intents) if intent != OUT_OF_SCOPE])
    others = ~np.isin(columns, own)
    lead = margins(lexical, intents)
    right_alone = own[lexical[:, own].argmax(axis=1)] == columns
    right_together = own[full[:, own].argmax(axis=1)] == columns
    smallest = _NEVER
    for margin in reversed(SHORTCUT_MARGINS):
        taken = lead >= margin
        lost, won = (taken & right_together & ~right_alone).sum(), (taken & right_alone & ~right_together).sum()
        passed = (taken & others & refused).sum()
        if lost - won + np.sqrt(lost + won) > LOST_BY * len(columns) or passed > PASSED_BY * others.sum():
            break
        smallest = margin
    return smallest
