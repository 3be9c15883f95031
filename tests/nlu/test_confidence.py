"""What another engine's confidence is worth."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.confidence import FEWEST, Guessed, Scale, TooFewError, scale_of

SHARES = st.floats(0, 1, allow_nan=False)


def guessed(confidence: float, *, right: bool, ours: bool = True) -> Guessed:
    return Guessed(confidence=confidence, right=right, ours=ours)


def test_between_two_points_lies_a_line_and_beyond_them_nothing_changes() -> None:
    scale = Scale(refuse_below=0.2, points=((0.2, 0.1), (0.6, 0.9)))

    assert scale.share(0.4) == pytest.approx(0.5)
    assert (scale.share(0.0), scale.share(0.2), scale.share(0.6), scale.share(1.0)) == (0.1, 0.1, 0.9, 0.9)


def test_a_confidence_that_promises_too_much_is_brought_down() -> None:
    # Sure of everything, right in half of it; sure of little, hardly ever right.
    chance = random.Random(7)
    many = [guessed(0.95 + chance.random() / 20, right=chance.random() < 0.5) for _ in range(2000)]
    few = [guessed(chance.random() / 5, right=chance.random() < 0.1) for _ in range(2000)]

    scale = scale_of([*many, *few])

    assert scale.share(0.99) == pytest.approx(0.5, abs=0.05)
    assert scale.share(0.05) == pytest.approx(0.1, abs=0.05)


def test_one_good_message_in_twenty_is_refused() -> None:
    guesses = [guessed(number / 1000, right=True) for number in range(1000)]
    # What is not ours has no say in how much of ours is refused.
    guesses += [guessed(0.0, right=False, ours=False)] * 500

    scale = scale_of(guesses)

    assert sum(one.confidence < scale.refuse_below for one in guesses if one.ours) == 50


@given(st.lists(st.builds(Guessed, confidence=SHARES, right=st.booleans(), ours=st.just(True)), min_size=FEWEST))
def test_the_share_never_falls_while_the_confidence_rises(guesses: list[Guessed]) -> None:
    scale = scale_of(guesses)

    shares = [scale.share(step / 50) for step in range(51)]
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)
    assert [at for at, _ in scale.points] == sorted({at for at, _ in scale.points})


def test_too_few_messages_say_nothing() -> None:
    with pytest.raises(TooFewError, match="29 messages of ours"):
        scale_of([guessed(0.5, right=True)] * (FEWEST - 1))


def test_whoever_answers_does_not_load_what_measures() -> None:
    words = "import sys, bot.rasa, bot.nlu.confidence; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", words], check=False).returncode == 0
