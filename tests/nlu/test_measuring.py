from __future__ import annotations

import numpy as np
import pytest

from bot.nlu.measuring import FALSE_ALARMS, HeldOut, measured
from bot.nlu.recipe import DANGER_SHARE, Mix, alarm_scores
from bot.nlu.training import Example, cleaned, fitted

INTENTS = ("fire", "rent")
LINES = 1000


def unseen(*, sounding: int, sounds_as: float) -> HeldOut:
    """Ordinary lines and lines in danger, each kind a little surer than the last, and lines that sound like it."""
    ordinary, danger = np.linspace(-10, 0, LINES), np.linspace(-1, 9, LINES)
    alike = np.full(sounding, sounds_as)
    odds = np.concatenate([ordinary, danger, alike]).astype(np.float32)
    return HeldOut(
        intents=INTENTS,
        columns=np.array([1] * LINES + [0] * LINES + [1] * sounding),
        meaning=np.stack([odds, -odds], axis=1),
        lexical=np.zeros((len(odds), 2), dtype=np.float32),
        beside=np.zeros((len(odds), 2), dtype=np.float32),
        near=np.zeros(len(odds), dtype=np.float32),
        danger=np.zeros(len(odds), dtype=np.float32),
        sounds=np.array([False] * (2 * LINES) + [True] * sounding),
        alarming=frozenset({"fire"}),
    )


def heard(held_out: HeldOut) -> tuple[float, float]:
    """Return in which share of the ordinary lines and of those in danger it is heard."""
    lines = [
        Example(text=text, intent=intent, language="nl")
        for intent, text in (("fire", "brand in huis"), ("rent", "hoge huur"), ("fire", "vlammen"), ("rent", "de huur"))
    ]
    empty = fitted(cleaned(lines), None)
    mix: Mix = measured(empty, held_out, np.zeros(len(held_out.columns), dtype=bool)).native
    odds = alarm_scores(held_out.mixed(mix.lexical_share), INTENTS, held_out.alarming, mix.scale)
    alarms = odds + DANGER_SHARE * held_out.danger >= mix.scale.alarm_at
    return float(alarms[:LINES].mean()), float(alarms[LINES : 2 * LINES].mean())


def test_few_ordinary_lines_may_be_taken_for_danger() -> None:
    assert heard(unseen(sounding=0, sounds_as=0.0))[0] == pytest.approx(FALSE_ALARMS, abs=0.001)


def test_more_lines_that_sound_like_danger_make_nobody_deaf() -> None:
    few, many = unseen(sounding=10, sounds_as=-0.5), unseen(sounding=2 * LINES, sounds_as=-0.5)
    assert heard(few) == heard(many) == heard(unseen(sounding=0, sounds_as=0.0))


def test_lines_that_sound_too_much_like_danger_raise_the_threshold() -> None:
    assert heard(unseen(sounding=100, sounds_as=4.0))[0] == 0.0


def test_what_only_sounds_like_danger_stays_marked_when_a_line_comes_twice() -> None:
    twice = [Example(text="ik lach me dood", intent="greet", language="nl", sounds=sounds) for sounds in (False, True)]
    assert [line.sounds for line in cleaned(twice)] == [True]
