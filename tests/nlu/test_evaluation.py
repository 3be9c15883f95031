"""Every figure of a report, on fifteen messages that are small enough to count by hand."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.evaluation import Alarm, Bin, Confusion, DangerScore, Pace, Sample, Share, Yardstick, evaluate
from bot.nlu.model import IntentGuess, Understanding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.nlu.evaluation import Report
    from bot.nlu.model import Engine


def understood(
    *guesses: tuple[str, float], refused: bool = False, engine: Engine = "full", alarm: str | None = None
) -> Understanding:
    return Understanding(
        language="nl",
        intents=tuple(IntentGuess(name=name, confidence=confidence) for name, confidence in guesses),
        out_of_scope=refused,
        engine=engine,
        alarm=alarm,
    )


def nl(text: str, intent: str | None = None, *, danger: str | None = None) -> Sample:
    return Sample(text=text, language="nl", intent=intent, danger=danger)


def en(text: str, intent: str | None = None, *, danger: str | None = None) -> Sample:
    return Sample(text=text, language="en", intent=intent, danger=danger)


# Each message with what it is understood to be; `alarm` is the danger that is heard in it.
HEARD: Mapping[Sample, Understanding] = {
    nl("right", "repairs"): understood(("repairs", 0.95), engine="exact"),
    nl("right as the second guess", "repairs"): understood(("cover", 0.55), ("repairs", 0.3)),
    en("the same mistake", "repairs"): understood(("cover", 0.55)),
    nl("right, and refused", "cover"): understood(("cover", 0.45), refused=True),
    nl("right, and taken for danger", "cover"): understood(("cover", 0.85), alarm="violence"),
    en("danger by its meaning", "crisis_violence"): understood(("repairs", 0.15), alarm="violence"),
    en("danger of another kind", "crisis_violence"): understood(("crisis_violence", 0.65), alarm="hunger"),
    nl("not ours", "out_of_scope"): understood(refused=True, engine="exact"),
    en("not ours, let in", "out_of_scope"): understood(("repairs", 0.25)),
    en("not ours, taken for danger", "out_of_scope"): understood(("repairs", 0.05), refused=True, alarm="hunger"),
    nl("he hits", danger="violence"): understood(("cover", 0.35), alarm="violence"),
    nl("he hits again", danger="violence"): understood(refused=True, alarm="hunger"),
    en("nothing to eat", danger="hunger"): understood(("cover", 0.35)),
    nl("my phone died", danger="none"): understood(("cover", 0.35)),
    en("I could eat a horse", danger="none"): understood(("cover", 0.35), alarm="hunger"),
}
YARDSTICK = Yardstick(
    subject_of={"repairs": "housing", "cover": "insurance", "crisis_violence": "crisis"},
    danger_of={"crisis_violence": "violence"},
    hears=lambda _text, heard: heard.alarm,
)


class Told:
    """Understands what it was told to."""

    def __init__(self, heard: Mapping[Sample, Understanding] = HEARD) -> None:
        self._by_text = {(sample.text, sample.language): answer for sample, answer in heard.items()}

    def understand(self, text: str, *, language: str | None = None) -> Understanding:
        return self._by_text[text, language or ""]


def ticks() -> Iterator[float]:
    """The first message takes one second, the next two, and so on."""
    for message in range(1, len(HEARD) + 1):
        yield 0.0
        yield float(message)


@pytest.fixture(scope="module")
def report() -> Report:
    clock = ticks()
    return evaluate(Told(), list(HEARD), YARDSTICK, clock=lambda: next(clock))


def share(times: int, of: int) -> Share:
    return Share(times=times, of=of, share=times / of if of else 0.0)


def test_messages_that_are_ours(report: Report) -> None:
    total = report.total
    assert (total.ours, total.top_1, total.top_3, total.answered, total.refused) == (7, 5 / 7, 6 / 7, 2 / 7, 1 / 7)


def test_danger_comes_first_so_what_is_taken_for_it_is_not_caught(report: Report) -> None:
    assert (report.total.others, report.total.caught) == (3, 1 / 3)


def test_each_language(report: Report) -> None:
    dutch, english = report.by_language["nl"], report.by_language["en"]
    assert (dutch.ours, dutch.top_1, dutch.top_3, dutch.answered, dutch.refused) == (4, 3 / 4, 1, 1 / 4, 1 / 4)
    assert (dutch.others, dutch.caught) == (1, 1)
    assert (english.ours, english.top_1, english.top_3, english.answered, english.refused) == (
        3,
        2 / 3,
        2 / 3,
        1 / 3,
        0,
    )
    assert (english.others, english.caught) == (2, 0)


def test_each_subject(report: Report) -> None:
    assert list(report.by_subject) == ["crisis", "housing", "insurance", "out_of_scope"]
    assert {name: (one.ours, one.top_1, one.answered) for name, one in report.by_subject.items()} == {
        "crisis": (2, 1, 1 / 2),
        "housing": (3, 1 / 3, 1 / 3),
        "insurance": (2, 1, 0),
        "out_of_scope": (0, 0, 0),
    }
    assert report.by_language_and_subject["nl"]["housing"].top_1 == 1 / 2
    assert report.by_language_and_subject["en"]["housing"].top_1 == 0


def test_what_a_subject_is_taken_for(report: Report) -> None:
    assert report.by_meant_subject == {
        "crisis": {"crisis": 1, "danger": 1},
        "housing": {"housing": 1, "insurance": 2},
        "insurance": {"out_of_scope": 1, "danger": 1},
        "out_of_scope": {"out_of_scope": 1, "housing": 1, "danger": 1},
    }


def test_danger_that_is_there_and_danger_that_is_not_are_counted_apart(report: Report) -> None:
    assert report.danger
    assert report.danger.total == DangerScore(
        heard=share(2, 3), right_kind=share(1, 3), sounding=share(1, 2), ordinary=share(2, 8), false_alarms=share(3, 10)
    )
    assert report.danger.by_language["nl"] == DangerScore(
        heard=share(2, 2), right_kind=share(1, 2), sounding=share(0, 1), ordinary=share(1, 5), false_alarms=share(1, 6)
    )
    assert report.danger.by_language["en"] == DangerScore(
        heard=share(0, 1), right_kind=share(0, 1), sounding=share(1, 1), ordinary=share(1, 3), false_alarms=share(2, 4)
    )


def test_each_kind_of_danger(report: Report) -> None:
    assert report.danger
    hunger = Alarm(heard=share(0, 1), right_kind=share(0, 1))
    violence = Alarm(heard=share(2, 2), right_kind=share(1, 2))
    assert report.danger.by_kind == {"hunger": hunger, "violence": violence}
    assert report.danger.by_language_and_kind == {"en": {"hunger": hunger}, "nl": {"violence": violence}}


def test_what_is_mixed_up_comes_with_its_languages(report: Report) -> None:
    first, *others = report.confusions
    assert first == Confusion(meant="repairs", understood="cover", times=2, languages=("en", "nl"))
    assert {(one.meant, one.understood, one.times) for one in others} == {
        ("cover", "out_of_scope", 1),
        ("cover", "danger:violence", 1),
        ("crisis_violence", "danger:hunger", 1),
        ("out_of_scope", "repairs", 1),
        ("out_of_scope", "danger:hunger", 1),
    }


def test_every_wrong_message_is_shown(report: Report) -> None:
    wrong = {one.text: (one.meant, one.understood, one.confidence) for one in report.wrong}
    assert wrong.pop("he hits again") == ("danger:violence", "danger:hunger", 0)
    assert wrong.pop("nothing to eat") == ("danger:hunger", "cover", 0.35)
    assert wrong.pop("I could eat a horse") == ("danger:none", "danger:hunger", 0.35)
    assert len(wrong) == sum(pair.times for pair in report.confusions)


def test_calibration(report: Report) -> None:
    filled = {bin_.low: bin_ for bin_ in report.calibration.bins if bin_.messages}
    assert {low: (bin_.messages, bin_.confidence, bin_.right) for low, bin_ in filled.items()} == {
        0.1: (1, 0.15, 0),
        0.4: (1, 0.45, 1),
        0.5: (2, 0.55, 0),
        0.6: (1, 0.65, 1),
        0.8: (1, 0.85, 1),
        0.9: (1, 0.95, 1),
    }
    assert len(report.calibration.bins) == 10
    assert report.calibration.error == pytest.approx((0.15 + 0.55 + 2 * 0.55 + 0.35 + 0.15 + 0.05) / 7)


def test_a_confidence_of_one_is_in_the_last_bin() -> None:
    sample = nl("sure", "repairs")
    report = evaluate(Told({sample: understood(("repairs", 1.0))}), [sample])
    assert report.calibration.bins[-1] == Bin(low=0.9, high=1, messages=1, confidence=1, right=1)
    assert report.calibration.error == 0


def test_each_engine_has_its_pace(report: Report) -> None:
    # The first and the eighth message are exact ones.
    assert report.engines["exact"] == Pace(messages=2, median=4.5, p99=8)
    assert report.engines["full"] == Pace(messages=13, median=9, p99=15)
    assert report.total.by_engine == {"exact": 2, "full": 8}


def test_99_of_100_messages_take_no_longer_than_the_99th() -> None:
    samples = [nl(str(number), "repairs") for number in range(100)]
    seconds = iter([moment for number in range(100) for moment in (0.0, float(number))])
    ear = Told(dict.fromkeys(samples, understood(("repairs", 1.0))))
    report = evaluate(ear, samples, clock=lambda: next(seconds))
    assert report.engines["full"] == Pace(messages=100, median=49.5, p99=98)


def test_where_nobody_listens_for_danger_it_is_not_measured() -> None:
    report = evaluate(Told(), list(HEARD))
    assert report.danger is None
    assert {one.meant for one in report.wrong} == {"repairs", "cover", "crisis_violence", "out_of_scope"}
    # Now the first guess decides about the message of somebody in danger as well.
    assert report.total.top_1 == 4 / 7
    assert report.total.caught == 2 / 3


def test_an_intent_without_a_subject_is_its_own() -> None:
    report = evaluate(Told(), list(HEARD))
    assert list(report.by_subject) == ["cover", "crisis_violence", "out_of_scope", "repairs"]


def test_progress_is_told_to_the_end() -> None:
    told: list[tuple[int, int, str]] = []
    evaluate(Told(), list(HEARD), on_progress=lambda *now: told.append(now))
    assert told[0] == (0, 15, "messages")
    assert told[-1] == (15, 15, "messages")


def test_no_messages_measure_nothing() -> None:
    report = evaluate(Told(), [], YARDSTICK)
    assert (report.total.ours, report.total.top_1, report.wrong, report.engines) == (0, 0, (), {})
    assert report.danger
    assert report.danger.total.heard == share(0, 0)


# ---- whatever is measured

INTENTS = st.sampled_from(["repairs", "cover", "crisis_violence", "out_of_scope"])
DANGERS = st.sampled_from(["violence", "hunger"])
SAMPLES = st.builds(
    lambda language, what: Sample(text="", language=language, **what),
    st.sampled_from(["nl", "ar"]),
    st.one_of(st.fixed_dictionaries({"intent": INTENTS}), st.fixed_dictionaries({"danger": DANGERS | st.just("none")})),
)
ANSWERS = st.builds(
    understood,
    st.tuples(INTENTS, st.floats(0, 1.000001)),
    refused=st.booleans(),
    engine=st.sampled_from(["exact", "lexical", "full"]),
    alarm=st.none() | DANGERS,
)


def shares(value: Any, name: str = "") -> Iterator[float]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from shares(one, str(key))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from shares(one, name)
    elif isinstance(value, float) and name not in ("median", "p99"):
        yield value


@given(st.lists(st.tuples(SAMPLES, ANSWERS), max_size=30), st.booleans())
def test_figures_lie_between_none_and_all(told: list[tuple[Sample, Understanding]], listens: bool) -> None:
    answers = iter([answer for _, answer in told])

    class InTurn:
        def understand(self, text: str, *, language: str | None = None) -> Understanding:
            return next(answers)

    yardstick = YARDSTICK if listens else Yardstick(subject_of=YARDSTICK.subject_of)
    samples = [sample for sample, _ in told]
    report = evaluate(InTurn(), samples, yardstick)
    plain = asdict(report)
    plain.pop("wrong")
    assert all(0 <= one <= 1 for one in shares(plain))
    total = report.total
    assert total.answered <= total.top_1 <= total.top_3
    asked = sum(sample.intent is not None for sample in samples)
    assert total.ours + total.others == asked
    assert sum(sum(row.values()) for row in report.by_meant_subject.values()) == asked
    assert sum(pace.messages for pace in report.engines.values()) == len(samples)
    assert sum(bin_.messages for bin_ in report.calibration.bins) == total.ours
    if report.danger:
        danger = report.danger.total
        assert danger.right_kind.times <= danger.heard.times
        assert danger.false_alarms.times == danger.sounding.times + danger.ordinary.times
