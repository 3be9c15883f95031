"""What we compute ourselves, so that answering needs no scikit-learn, is what scikit-learn computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from bot.nlu.fitting import BOTH_C, LEXICAL_C, LOGISTIC_C, ROUNDS, fit
from bot.nlu.lexical import Lexicon, Taken, spelled
from bot.nlu.recipe import centre, is_romanised, softmax, variety
from bot.nlu.text import clean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bot.nlu.training import Example
    from tests.nlu.conftest import ScatteredEncoder

UNSEEN = ["Hoeveel huur moet ik betalen?", "أين المدرسة", "ናበይ ክኸይድ", "déjà-vu !!", "", "x", "a b c d"]


def test_vectors_are_those_of_scikit_learn(examples: list[Example]) -> None:
    texts = [clean(example.text) for example in examples]
    lexicon = Lexicon.of([Taken.apart(text) for text in texts])
    theirs = _their_vectors(texts, [*texts, *UNSEEN])
    for text, their in zip([*texts, *UNSEEN], theirs, strict=True):
        places, values = lexicon.vector(Taken.apart(text))
        assert len(places) == their.size
        np.testing.assert_allclose(np.sort(values), np.sort(their), rtol=1e-5)


def test_judgements_are_those_of_scikit_learn(examples: list[Example], scattered: ScatteredEncoder) -> None:
    lines = list({clean(e.text): e for e in examples}.values())
    texts = [clean(line.text) for line in lines]
    vectors = scattered.encode(texts)
    assert vectors is not None
    recipe = fit(lines, vectors)
    assert recipe.meaning
    intents = [line.intent for line in lines]
    grams = [TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True, preprocessor=spelled)]
    grams += [TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, preprocessor=spelled)]
    words = hstack([each.fit_transform(texts) for each in grams])
    machine = LinearSVC(C=LEXICAL_C).fit(words, intents)
    spoken = [variety(text, line.language) for text, line in zip(texts, lines, strict=True)]
    centred = centre(vectors, spoken, recipe.means)
    logistic = LogisticRegression(C=LOGISTIC_C, max_iter=ROUNDS).fit(centred, intents)
    joint = LinearSVC(C=BOTH_C).fit(hstack([words, csr_matrix(centred)]), intents)

    for text, line, own, row in list(zip(texts, lines, spoken, vectors, strict=True))[::7]:
        mix = recipe.romanised if is_romanised(own) else recipe.native
        moved = centre(row[None, :], [own], recipe.means)
        grammed = hstack([each.transform([text]) for each in grams])
        scores = logistic.decision_function(moved)
        scores += mix.lexical_share * machine.decision_function(grammed)
        scores += mix.lexical_share * joint.decision_function(hstack([grammed, csr_matrix(moved)]))
        expected = softmax(scores / mix.scale.temperature)[0]
        for name, share in recipe.judge(text, row, line.language).intents:
            assert abs(share - expected[list(machine.classes_).index(name)]) < 0.02


@pytest.mark.parametrize(
    ("written", "in_latin"),
    [("ኣበይ ይርከብ", "abey yrkeb"), ("شو لازم", "shw lazm"), ("Суботу", "subotu"), ("Crème brûlée", "creme brulee")],
)
def test_every_script_is_spelled_in_latin_letters(written: str, in_latin: str) -> None:
    assert spelled(written) == in_latin


def _their_vectors(texts: list[str], asked: list[str]) -> list[NDArray[np.float64]]:
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True, preprocessor=spelled)
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, preprocessor=spelled)
    both = hstack([each.fit(texts).transform(asked) for each in (characters, words)]).tocsr()
    return [both[row].data for row in range(both.shape[0])]
