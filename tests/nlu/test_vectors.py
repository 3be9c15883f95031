"""Vectors that were made before: kept in a byte a number, found again, and never trusted when they are others'."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bot.nlu import vectors
from bot.nlu.encoder import NoEncoder
from bot.nlu.vectors import hash_of, keep, kept, vectors_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bot.nlu.encoder import E5Encoder
    from tests.nlu.conftest import ScatteredEncoder

TEXTS = ["mijn huur is te hoog", "ክራይ ገዛ", "إيجار البيت غالي", "оренда"]


class Asked:
    """An encoder that counts what it is asked."""

    def __init__(self, real: ScatteredEncoder) -> None:
        self.texts: list[str] = []
        self._real = real

    def encode(self, texts: Sequence[str]) -> np.ndarray | None:
        self.texts += texts
        return self._real.encode(texts)

    def warm(self) -> None:
        return

    def close(self) -> None:
        return


def test_kept_vectors_come_back_nearly_the_same(tmp_path: Path, scattered: ScatteredEncoder) -> None:
    rows = scattered.encode(TEXTS)
    assert rows is not None
    keep(tmp_path / "nl.npz", dict(zip(TEXTS, rows, strict=True)))

    again = kept([tmp_path / "nl.npz"])

    assert set(again) == {hash_of(text) for text in TEXTS}
    for text, row in zip(TEXTS, rows, strict=True):
        assert float(again[hash_of(text)] @ row) > 0.9995
        assert float(np.linalg.norm(again[hash_of(text)])) == pytest.approx(1.0, abs=1e-5)


def test_kept_vectors_are_about_those_of_the_encoder(tmp_path: Path, encoder: E5Encoder) -> None:
    rows = encoder.encode(TEXTS)
    assert rows is not None
    keep(tmp_path / "nl.npz", dict(zip(TEXTS, rows, strict=True)))
    again = kept([tmp_path / "nl.npz"])
    assert min(float(again[hash_of(text)] @ row) for text, row in zip(TEXTS, rows, strict=True)) > 0.999


def test_only_what_was_not_kept_is_asked(tmp_path: Path, scattered: ScatteredEncoder) -> None:
    rows = scattered.encode(TEXTS[:2])
    assert rows is not None
    file = tmp_path / "nlu" / "nl.npz"
    keep(file, dict(zip(TEXTS[:2], rows, strict=True)))
    asked = Asked(scattered)

    found = vectors_of(TEXTS, cache_dir=tmp_path / "cache", encoder=asked, shipped=[file])

    assert found is not None
    assert set(found) == set(TEXTS)
    assert asked.texts == TEXTS[2:]


def test_everything_kept_needs_no_cache(tmp_path: Path, scattered: ScatteredEncoder) -> None:
    rows = scattered.encode(TEXTS)
    assert rows is not None
    keep(tmp_path / "nl.npz", dict(zip(TEXTS, rows, strict=True)))
    asked = Asked(scattered)
    vectors_of(TEXTS, cache_dir=tmp_path / "cache", encoder=asked, shipped=[tmp_path / "nl.npz"])
    assert asked.texts == []
    assert not (tmp_path / "cache").exists()


def test_vectors_of_another_encoder_are_left_aside(
    tmp_path: Path, scattered: ScatteredEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = scattered.encode(TEXTS)
    assert rows is not None
    keep(tmp_path / "nl.npz", dict(zip(TEXTS, rows, strict=True)))
    monkeypatch.setattr(vectors, "version_of", lambda library: "another")
    assert kept([tmp_path / "nl.npz"]) == {}


@pytest.mark.parametrize("content", [b"", b"no numbers", b"PK\x03\x04 half a file"])
def test_a_damaged_file_is_left_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "nl.npz").write_bytes(content)
    assert kept([tmp_path / "nl.npz", tmp_path / "absent.npz"]) == {}


def test_arrays_of_something_else_are_left_aside(tmp_path: Path) -> None:
    np.savez(tmp_path / "nl.npz", vectors=np.zeros(3))
    assert kept([tmp_path / "nl.npz"]) == {}


def test_files_to_share_can_be_read_by_everybody(tmp_path: Path, scattered: ScatteredEncoder) -> None:
    keep(tmp_path / "nl.npz", {TEXTS[0]: scattered.encode(TEXTS[:1])[0]})  # type: ignore[index]  # it always answers
    assert (tmp_path / "nl.npz").stat().st_mode & 0o777 == 0o644


def test_without_an_encoder_nothing_is_read(tmp_path: Path) -> None:
    assert vectors_of(TEXTS, cache_dir=tmp_path, encoder=NoEncoder(), shipped=[tmp_path / "nl.npz"]) is None
