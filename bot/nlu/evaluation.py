"""Measuring how well messages are understood, on messages the model has not seen."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.nlu.encoder import default_encoder
from bot.nlu.examples import OUT_OF_SCOPE
from bot.nlu.language import LanguageIdentifier
from bot.nlu.model import Understander, by_heart
from bot.nlu.training import cleaned, fitted
from bot.nlu.vectors import vectors_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from bot.nlu.encoder import Encoder
    from bot.nlu.examples import Example
    from bot.nlu.model import Understanding
    from bot.nlu.recipe import Floats
    from bot.nlu.vectors import Progress


@dataclass(frozen=True, kw_only=True)
class Score:
    """
    What was measured on some messages; shares are 0 to 1, and 0 where there was nothing to measure.

    `top_1` and `top_3`: of ours, the right intent was first, or among three. `refused`: of ours, wrongly called
    out of scope. `caught`: of others, rightly called so. `by_engine`: how many messages each engine answered.
    """

    ours: int
    others: int
    top_1: float
    top_3: float
    refused: float
    caught: float
    by_engine: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Report:
    """The score of all messages and of each language, and the commonest (meant, understood, how often)."""

    total: Score
    by_language: Mapping[str, Score]
    confusions: tuple[tuple[str, str, int], ...]


def evaluate(understander: Understander, tests: Sequence[Example]) -> Report:
    """Return how these messages were understood; each comes with its language as the conversation's."""
    heard: list[tuple[Example, Understanding]] = []
    by_language: dict[str, list[Example]] = defaultdict(list)
    for test in tests:
        by_language[test.language].append(test)
    for language, lines in by_language.items():
        understood = understander.understand_many([line.text for line in lines], language=language)
        heard += zip(lines, understood, strict=True)
    return _report(heard)


class _Remembered:
    """Stands for the encoder where all vectors are there already."""

    def __init__(self, vectors: Mapping[str, Floats]) -> None:
        self._vectors = vectors

    def encode(self, texts: Sequence[str]) -> Floats | None:
        import numpy as np

        known = [self._vectors[text] for text in texts if text in self._vectors]
        return np.stack(known) if len(known) == len(texts) else None

    def warm(self) -> None:
        return

    def close(self) -> None:
        return


def cross_validate(
    examples: Sequence[Example],
    *,
    cache_dir: Path,
    folds: int = 5,
    encoder: Encoder | None = None,
    on_progress: Progress | None = None,
) -> Report:
    """Return how messages are understood by models that were trained on the other folds; none of them is kept."""
    import numpy as np

    from bot.nlu.fitting import folds_of

    own = encoder or default_encoder()
    lines = cleaned(examples)
    vectors = vectors_of([line.text for line in lines], cache_dir=cache_dir, encoder=own, on_progress=on_progress)
    own.close()
    if vectors is not None:
        lines = [line for line in lines if line.text in vectors]
    rows = None if vectors is None else np.array([vectors[line.text] for line in lines])
    dealt = folds_of(lines, rows, folds)
    identifier = LanguageIdentifier()
    heard: list[tuple[Example, Understanding]] = []
    for fold in range(folds):
        unseen = [line for line, own_fold in zip(lines, dealt, strict=True) if own_fold == fold]
        seen = [line for line, own_fold in zip(lines, dealt, strict=True) if own_fold != fold]
        understander = Understander(
            recipe=fitted(seen, vectors),
            known=by_heart(seen),
            encoder=_Remembered(vectors or {}),
            identifier=identifier,
        )
        heard += [(line, understander.understand(line.text, language=line.language)) for line in unseen]
        if on_progress:
            on_progress(fold + 1, folds, "fold")
    return _report(heard)


def _report(heard: Sequence[tuple[Example, Understanding]]) -> Report:
    by_language: dict[str, list[tuple[Example, Understanding]]] = defaultdict(list)
    for line, understood in heard:
        by_language[line.language].append((line, understood))
    confusions = Counter(
        (line.intent, _said(understood)) for line, understood in heard if _said(understood) != line.intent
    )
    return Report(
        total=_score(heard),
        by_language={language: _score(own) for language, own in sorted(by_language.items())},
        confusions=tuple((meant, said, times) for (meant, said), times in confusions.most_common(25)),
    )


def _said(understood: Understanding) -> str:
    return OUT_OF_SCOPE if understood.out_of_scope or not understood.intents else understood.intents[0].name


def _score(heard: Sequence[tuple[Example, Understanding]]) -> Score:
    ours = [(line.intent, understood) for line, understood in heard if line.intent != OUT_OF_SCOPE]
    others = [understood for line, understood in heard if line.intent == OUT_OF_SCOPE]
    return Score(
        ours=len(ours),
        others=len(others),
        top_1=_share(intent in [guess.name for guess in understood.intents[:1]] for intent, understood in ours),
        top_3=_share(intent in [guess.name for guess in understood.intents] for intent, understood in ours),
        refused=_share(understood.out_of_scope for _, understood in ours),
        caught=_share(understood.out_of_scope for understood in others),
        by_engine=dict(Counter(understood.engine for _, understood in heard)),
    )


def _share(cases: Iterable[bool]) -> float:
    counted = list(cases)
    return sum(counted) / len(counted) if counted else 0.0
