"""A model trained on a part of the authors' own lines with the real encoder, and one encoder that is never real."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import yaml

from bot.nlu.encoder import DIMENSIONS, E5Encoder
from bot.nlu.slot_values import AnswerWords
from bot.nlu.training import Example, load_or_train

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from bot.nlu.model import Understander

DATA = Path(__file__).resolve().parents[2] / "nlu" / "data"
ANSWERS = DATA.with_name("answers")
INTENTS = frozenset({"greet", "thanks", "talk_to_human", "stop", "my_tasks", "out_of_scope", "benefits_huurtoeslag"})
LINES_EACH = 8


def items(file: Path) -> Iterator[dict[str, str]]:
    yield from yaml.safe_load(file.read_text("utf-8"))["nlu"]


def lines_of(item: dict[str, str]) -> list[str]:
    return [line.removeprefix("- ") for line in item["examples"].splitlines()]


@pytest.fixture(scope="session")
def examples() -> list[Example]:
    """Some lines of some intents in four languages."""
    found = []
    for language in ("nl", "en", "ar", "ti"):
        for file in sorted((DATA / language).glob("*.yml")):
            for item in items(file):
                if item.get("intent") in INTENTS:
                    found += [
                        Example(text=text, intent=item["intent"], language=language)
                        for text in lines_of(item)[:LINES_EACH]
                    ]
    return found


@pytest.fixture(scope="session")
def cache() -> Path:
    """Kept between runs: its files are named after their content."""
    data = Path(os.environ.get("WEGWIJS_DATA_DIR", Path(__file__).resolve().parents[2] / "var" / "test-data"))
    return data / "nlu"


@pytest.fixture(scope="session")
def understander(examples: list[Example], cache: Path) -> Iterator[Understander]:
    trained = load_or_train(examples, cache_dir=cache)
    yield trained
    trained.close()


@pytest.fixture
def encoder() -> Iterator[E5Encoder]:
    """The real encoder, in its own process."""
    encoder = E5Encoder()
    yield encoder
    encoder.close()


class ScatteredEncoder:
    """Gives every text a vector of its own that means nothing: quick, and right by accident only."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32] | None:
        return np.array([self._vector(text) for text in texts], dtype=np.float32).reshape(-1, DIMENSIONS)

    def warm(self) -> None:
        return

    def close(self) -> None:
        return

    def _vector(self, text: str) -> NDArray[np.float64]:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
        vector = np.random.default_rng(seed).normal(size=DIMENSIONS)
        return vector / np.linalg.norm(vector)


@pytest.fixture
def scattered() -> ScatteredEncoder:
    return ScatteredEncoder()


@pytest.fixture(scope="session")
def words() -> AnswerWords:
    """The words of nlu/answers/*/general.yml."""
    return AnswerWords.from_synonyms(
        {
            folder.name: {item["synonym"]: lines_of(item) for item in items(ANSWERS / folder.name / "general.yml")}
            for folder in sorted(DATA.iterdir())
        }
    )
