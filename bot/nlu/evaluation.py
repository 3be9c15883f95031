"""
Measuring how well messages are understood, on messages the model has not seen.

Danger comes first here, as it does in the assistant. Where it is heard, no question is answered: the message counts as
neither refused nor caught, whatever its meaning seemed to be. A message with the intent of somebody in danger counts as
right when the very danger is heard whose fixed text the flow of that intent speaks: the newcomer reads the same.
"""

from __future__ import annotations

import math
import statistics
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from bot.nlu.encoder import NoEncoder, default_encoder
from bot.nlu.examples import OUT_OF_SCOPE
from bot.nlu.language import LanguageIdentifier
from bot.nlu.model import Understander, by_heart
from bot.nlu.training import cleaned, fitted
from bot.nlu.vectors import Known, hash_of, vectors_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
    from pathlib import Path

    from bot.nlu.encoder import Encoder
    from bot.nlu.examples import Example
    from bot.nlu.model import Understanding
    from bot.nlu.vectors import Progress

    Hears = Callable[[str, Understanding], str | None]
    KeyT = TypeVar("KeyT", bound=Hashable)

NO_DANGER = "none"
DANGER = "danger:"  # with the kind after it, it stands where an intent would
BINS = 10
MOST_CONFUSIONS = 40


class Ear(Protocol):
    """Whoever understands messages: ours, or another that is measured beside it."""

    def understand(self, text: str, *, language: str | None = None) -> Understanding:
        """Return what the message is; `language` is the conversation's."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """
    A message to measure with, and what it is.

    Either `intent` (`out_of_scope` among them), or `danger`: its kind, or `none` where it only sounds like danger; such
    a message says nothing about the intent.
    """

    text: str
    language: str
    intent: str | None = None
    danger: str | None = None


@dataclass(frozen=True, kw_only=True)
class Yardstick:
    """
    What answers are judged by.

    `subject_of` groups the intents; one without a subject is a subject of its own. `danger_of` has the kind of danger
    whose fixed text the flow of an intent speaks. `hears` returns the kind of danger heard in a message, or None;
    without it danger is not measured.
    """

    subject_of: Mapping[str, str] = field(default_factory=dict)
    danger_of: Mapping[str, str] = field(default_factory=dict)
    hears: Hears | None = None

    def subject(self, said: str) -> str:
        """Return the subject of an intent; all danger that was heard is one."""
        return DANGER.rstrip(":") if said.startswith(DANGER) else self.subject_of.get(said, said)


@dataclass(frozen=True, kw_only=True)
class Share:
    """How often, of how many; `share` is 0 to 1, and 0 where there was nothing to measure."""

    times: int
    of: int
    share: float


@dataclass(frozen=True, kw_only=True)
class Score:
    """
    What was measured on some messages with an intent; shares are 0 to 1, and 0 where there was nothing to measure.

    `top_1` and `top_3`: of ours, the right intent was first, or among three, refused or not. `answered`: of ours, the
    right intent was first and nothing came before it: no refusal, no danger that there is not. `refused`: of ours,
    wrongly called out of scope. `caught`: of others, rightly called so. `by_engine`: how many messages each answered.
    """

    ours: int
    others: int
    top_1: float
    top_3: float
    answered: float
    refused: float
    caught: float
    by_engine: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Of the messages that tell of danger: in how many some danger was heard, and in how many the right kind."""

    heard: Share
    right_kind: Share


@dataclass(frozen=True, kw_only=True)
class DangerScore(Alarm):
    """
    And of the messages that tell of none, in how many it was heard.

    `sounding`: those that only sound like it. `ordinary`: those with an intent, out of scope too, that is not itself of
    somebody in danger. `false_alarms`: both together.
    """

    sounding: Share
    ordinary: Share
    false_alarms: Share


@dataclass(frozen=True, kw_only=True)
class Danger:
    """How danger is heard: in all, by language, by kind, and by language and kind."""

    total: DangerScore
    by_language: Mapping[str, DangerScore]
    by_kind: Mapping[str, Alarm]
    by_language_and_kind: Mapping[str, Mapping[str, Alarm]]


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """One intent taken for another (for `out_of_scope` when refused, for `danger:` and a kind when that was heard)."""

    meant: str
    understood: str
    times: int
    languages: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Bin:
    """First guesses that were about as sure: from `low` up to `high`, the last bin including 1."""

    low: float
    high: float
    messages: int
    confidence: float
    right: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """
    How far a confidence means what it says, over all messages of ours that got a guess, refused or not.

    `confidence` of a bin is the mean of its first guesses, `right` the share of them that is right. `error` is the mean
    distance between the two, each bin counting by its messages (the expected calibration error).
    """

    bins: tuple[Bin, ...]
    error: float


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How many messages an engine answered, and the seconds one took: the median, and what 99 of 100 stay within."""

    messages: int
    median: float
    p99: float


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """A message that was not taken for what it is; `confidence` is that of its first guess, 0 without one."""

    text: str
    language: str
    meant: str
    understood: str
    confidence: float
    engine: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """
    Everything that was measured.

    `confusions` are the commonest, `by_meant_subject` counts how messages of a subject were understood, the right ones
    too. `wrong` has the words of people: it is for a page that somebody reads, not for a log.
    """

    total: Score
    by_language: Mapping[str, Score]
    by_subject: Mapping[str, Score]
    by_language_and_subject: Mapping[str, Mapping[str, Score]]
    by_meant_subject: Mapping[str, Mapping[str, int]]
    danger: Danger | None
    confusions: tuple[Confusion, ...]
    calibration: Calibration
    engines: Mapping[str, Pace]
    wrong: tuple[Wrong, ...]


@dataclass(frozen=True, kw_only=True)
class _Heard:
    """What became of one message; `own_danger` is the kind that its intent stands for."""

    sample: Sample
    understood: Understanding
    seconds: float
    danger: str | None = None
    own_danger: str | None = None

    @property
    def is_ours(self) -> bool:
        return self.sample.intent not in (None, OUT_OF_SCOPE)

    @property
    def is_saved(self) -> bool:
        """Whether it is the message of somebody in danger, and was heard as that."""
        return self.danger is not None and self.danger == self.own_danger

    @property
    def is_refused(self) -> bool:
        return self.danger is None and self.understood.out_of_scope

    def is_among(self, most: int) -> bool:
        return self.is_saved or self.sample.intent in [guess.name for guess in self.understood.intents[:most]]

    @property
    def meant(self) -> str:
        return self.sample.intent or f"{DANGER}{self.sample.danger}"

    @property
    def said(self) -> str:
        """What the assistant acts on."""
        if self.is_saved and self.sample.intent:
            return self.sample.intent
        if self.danger is not None:
            return f"{DANGER}{self.danger}"
        if self.understood.out_of_scope or not self.understood.intents:
            return OUT_OF_SCOPE
        return self.understood.intents[0].name

    @property
    def is_wrong(self) -> bool:
        if self.sample.danger == NO_DANGER:
            return self.danger is not None
        return self.said != self.meant


def evaluate(
    ear: Ear,
    samples: Sequence[Sample],
    yardstick: Yardstick | None = None,
    *,
    on_progress: Progress | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Report:
    """
    Return how these messages were understood, each with its language as the conversation's.

    They are asked one by one, as they come in life: that is what the seconds are of. `clock` tells seconds.
    """
    yardstick = yardstick or Yardstick()
    heard: list[_Heard] = []
    for done, sample in enumerate(samples):
        if on_progress:
            on_progress(done, len(samples), "messages")
        heard.append(_heard(ear, sample, yardstick, clock))
    if on_progress and samples:
        on_progress(len(samples), len(samples), "messages")
    return _report(heard, yardstick)


def _heard(ear: Ear, sample: Sample, yardstick: Yardstick, clock: Callable[[], float]) -> _Heard:
    began = clock()
    understood = ear.understand(sample.text, language=sample.language)
    seconds = clock() - began
    return _Heard(
        sample=sample,
        understood=understood,
        seconds=seconds,
        danger=yardstick.hears(sample.text, understood) if yardstick.hears else None,
        own_danger=yardstick.danger_of.get(sample.intent or ""),
    )


def cross_validate(  # noqa: PLR0913  # each says one thing, by name
    examples: Sequence[Example],
    *,
    cache_dir: Path,
    folds: int = 5,
    encoder: Encoder | None = None,
    on_progress: Progress | None = None,
    yardstick: Yardstick | None = None,
) -> Report:
    """
    Return how messages are understood by models that were trained on the other folds; none of them is kept.

    The seconds are without the encoder's: all sentence vectors are made before.
    """
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
    yardstick = yardstick or Yardstick()
    heard: list[_Heard] = []
    for fold in range(folds):
        unseen = [line for line, own_fold in zip(lines, dealt, strict=True) if own_fold == fold]
        seen = [line for line, own_fold in zip(lines, dealt, strict=True) if own_fold != fold]
        understander = Understander(
            recipe=fitted(seen, vectors),
            known=by_heart(seen),
            encoder=Known({hash_of(text): vector for text, vector in (vectors or {}).items()}, NoEncoder()),
            identifier=identifier,
        )
        heard += [_heard(understander, sample_of(line), yardstick, time.perf_counter) for line in unseen]
        if on_progress:
            on_progress(fold + 1, folds, "fold")
    return _report(heard, yardstick)


def sample_of(example: Example) -> Sample:
    """Return a training line as a message to measure with."""
    return Sample(text=example.text, language=example.language, intent=example.intent)


def _report(heard: Sequence[_Heard], yardstick: Yardstick) -> Report:
    asked = [one for one in heard if one.sample.intent is not None]
    by_language = _by(asked, lambda one: one.sample.language)
    return Report(
        total=_score(asked),
        by_language={language: _score(own) for language, own in by_language.items()},
        by_subject={
            subject: _score(own) for subject, own in _by(asked, lambda one: yardstick.subject(one.meant)).items()
        },
        by_language_and_subject={
            language: {
                subject: _score(some) for subject, some in _by(own, lambda one: yardstick.subject(one.meant)).items()
            }
            for language, own in by_language.items()
        },
        by_meant_subject={
            subject: dict(Counter(yardstick.subject(one.said) for one in own))
            for subject, own in _by(asked, lambda one: yardstick.subject(one.meant)).items()
        },
        danger=_danger(heard) if yardstick.hears else None,
        confusions=_confusions(asked),
        calibration=_calibration([one for one in asked if one.is_ours and one.understood.intents]),
        engines={engine: _pace(own) for engine, own in _by(heard, lambda one: str(one.understood.engine)).items()},
        wrong=tuple(_wrong(one) for one in heard if one.is_wrong and (yardstick.hears or one.sample.intent)),
    )


def _by(heard: Iterable[_Heard], key: Callable[[_Heard], KeyT]) -> dict[KeyT, list[_Heard]]:
    groups: dict[KeyT, list[_Heard]] = defaultdict(list)
    for one in heard:
        groups[key(one)].append(one)
    return dict(sorted(groups.items(), key=lambda group: str(group[0])))


def _score(asked: Sequence[_Heard]) -> Score:
    ours = [one for one in asked if one.is_ours]
    others = [one for one in asked if not one.is_ours]
    return Score(
        ours=len(ours),
        others=len(others),
        top_1=_share(one.is_among(1) for one in ours).share,
        top_3=_share(one.is_among(3) for one in ours).share,
        answered=_share(one.said == one.meant for one in ours).share,
        refused=_share(one.is_refused for one in ours).share,
        caught=_share(one.is_refused for one in others).share,
        by_engine=dict(Counter(one.understood.engine for one in asked)),
    )


def _danger(heard: Sequence[_Heard]) -> Danger:
    told = [one for one in heard if one.sample.danger not in (None, NO_DANGER)]
    return Danger(
        total=_danger_score(heard),
        by_language={
            language: _danger_score(own) for language, own in _by(heard, lambda one: one.sample.language).items()
        },
        by_kind={kind: _alarm(own) for kind, own in _by(told, lambda one: str(one.sample.danger)).items()},
        by_language_and_kind={
            language: {kind: _alarm(some) for kind, some in _by(own, lambda one: str(one.sample.danger)).items()}
            for language, own in _by(told, lambda one: one.sample.language).items()
        },
    )


def _danger_score(heard: Sequence[_Heard]) -> DangerScore:
    alarm = _alarm([one for one in heard if one.sample.danger not in (None, NO_DANGER)])
    sounding = [one.danger is not None for one in heard if one.sample.danger == NO_DANGER]
    ordinary = [one.danger is not None for one in heard if one.sample.intent is not None and one.own_danger is None]
    return DangerScore(
        heard=alarm.heard,
        right_kind=alarm.right_kind,
        sounding=_share(sounding),
        ordinary=_share(ordinary),
        false_alarms=_share([*sounding, *ordinary]),
    )


def _alarm(told: Sequence[_Heard]) -> Alarm:
    return Alarm(
        heard=_share(one.danger is not None for one in told),
        right_kind=_share(one.danger == one.sample.danger for one in told),
    )


def _confusions(asked: Sequence[_Heard]) -> tuple[Confusion, ...]:
    found = _by((one for one in asked if one.is_wrong), lambda one: (one.meant, one.said))
    commonest = sorted(found.items(), key=lambda pair: -len(pair[1]))[:MOST_CONFUSIONS]
    return tuple(
        Confusion(
            meant=meant,
            understood=understood,
            times=len(own),
            languages=tuple(sorted({one.sample.language for one in own})),
        )
        for (meant, understood), own in commonest
    )


def _calibration(guessed: Sequence[_Heard]) -> Calibration:
    sorted_in: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for one in guessed:
        first = one.understood.intents[0]
        # A sum of shares may pass 1 by a hair.
        confidence = min(1.0, max(0.0, first.confidence))
        sorted_in[min(BINS - 1, int(confidence * BINS))].append((confidence, first.name == one.sample.intent))
    bins = tuple(
        Bin(
            low=place / BINS,
            high=(place + 1) / BINS,
            messages=len(own),
            confidence=_mean([confidence for confidence, _ in own]),
            right=_mean([right for _, right in own]),
        )
        for place, own in enumerate(sorted_in)
    )
    error = sum(bin_.messages * abs(bin_.confidence - bin_.right) for bin_ in bins) / (len(guessed) or 1)
    return Calibration(bins=bins, error=error)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def _pace(heard: Sequence[_Heard]) -> Pace:
    seconds = sorted(one.seconds for one in heard)
    return Pace(
        messages=len(seconds),
        median=statistics.median(seconds),
        p99=seconds[math.ceil(0.99 * len(seconds)) - 1],
    )


def _wrong(one: _Heard) -> Wrong:
    guesses = one.understood.intents
    return Wrong(
        text=one.sample.text,
        language=one.sample.language,
        meant=one.meant,
        understood=one.said,
        confidence=guesses[0].confidence if guesses else 0.0,
        engine=one.understood.engine,
    )


def _share(cases: Iterable[bool]) -> Share:
    counted = list(cases)
    times = sum(counted)
    return Share(times=times, of=len(counted), share=times / len(counted) if counted else 0.0)
