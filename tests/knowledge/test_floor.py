"""The floor under what understanding must reach: read, written, and never made easier by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.knowledge.check import check
from bot.knowledge.document import KnowledgeError
from bot.knowledge.floor import CEILING, Figures, Floor, falls_short, floor, raised, written
from bot.knowledge.folders import Folders, folders

if TYPE_CHECKING:
    from pathlib import Path

EASIEST = {figure: 1.0 if is_ceiling else 0.0 for figure, is_ceiling in CEILING.items()}
LINE = "{top_1: 0.9, caught: 0.8, refused: 0.05, crisis_recall: 0.95, false_alarms: 0.02}"

PARTS = st.integers(0, 1000).map(lambda points: points / 1000)
FIGURES = st.fixed_dictionaries(dict.fromkeys(CEILING, PARTS))
FLOORS = st.dictionaries(st.sampled_from(["nl", "ar", "uk"]), FIGURES).flatmap(
    lambda languages: FIGURES.map(lambda total: {"all": total, **languages})
)


def laid(folder: Path, text: str) -> Folders:
    (folder / "nlu").mkdir(exist_ok=True)
    (folder / "nlu" / "floor.yml").write_text(text, encoding="utf-8")
    return Folders(layers=(folder,))


def test_it_is_read_with_its_lines(tmp_path: Path) -> None:
    found = floor(laid(tmp_path, f"# a word of ours\nall: {LINE}\nlanguages:\n  nl: {LINE}\n  ti:\n    top_1: 0\n"
                       "    caught: 0\n    refused: 1\n    crisis_recall: 0\n    false_alarms: 1\n"))  # fmt: skip
    assert found
    assert found.figures["nl"]["top_1"] == 0.9
    assert found.figures["ti"] == EASIEST
    assert (found.lines["all", "top_1"], found.lines["nl", "refused"], found.lines["ti", "refused"]) == (2, 4, 8)


def test_there_may_be_none(tmp_path: Path) -> None:
    assert floor(Folders(layers=(tmp_path,))) is None


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (f"all: {LINE}\nlanguages:\n  nl: {LINE.replace('caught', 'cought')}\n", 3, "'cought' is no setting here"),
        (f"all: {LINE.replace('0.9', '92')}\nlanguages: {{}}\n", 1, "'top_1': Input should be less than or equal to 1"),
        (f"\nall: {LINE.replace('0.05', '-0.1')}\nlanguages: {{}}\n", 2, "'refused': Input should be greater"),
        (f"all: {LINE}\n", 1, "'languages' is missing"),
        (f"all: {LINE}\nlanguages:\n  nl: {LINE.replace('caught: 0.8, ', '')}\n", 3, "'caught' is missing"),
        ("all: 1\nall 2", 3, "this is no YAML"),
    ],
)
def test_a_mistake_in_it_names_the_line(tmp_path: Path, text: str, line: int, why: str) -> None:
    with pytest.raises(KnowledgeError) as error:
        floor(laid(tmp_path, text))
    assert ("nlu/floor.yml", line, why) in [
        (mistake.file, mistake.line, mistake.why[: len(why)]) for mistake in error.value.mistakes
    ]


def test_the_authors_check_sees_it_too(tmp_path: Path) -> None:
    report = check(laid(tmp_path, "all: {}\n"))
    assert "nlu/floor.yml" in {mistake.file for mistake in report.mistakes}


def test_the_shipped_one_can_be_read_and_holds_every_language() -> None:
    shipped = folders()
    found = floor(shipped)
    assert found
    held_out = {file.name.split("/")[2] for file in shipped.files("nlu/held_out")}
    assert set(found.figures) == {"all", *held_out}


@given(FLOORS)
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, figures: Figures) -> None:
    folder = tmp_path_factory.mktemp("floor")
    found = floor(laid(folder, written(figures)))
    assert found
    assert found.figures == figures


@given(FLOORS, FLOORS)
def test_a_floor_that_is_set_again_is_never_easier(before: Figures, reached: Figures) -> None:
    now = raised(Floor(figures=before), reached, lower=False)
    assert not [
        (name, figure)
        for name, limits in before.items()
        for figure, limit in limits.items()
        if falls_short(figure, now[name][figure], limit)
    ]


@given(
    st.none() | FLOORS, st.dictionaries(st.just("all"), st.fixed_dictionaries({f: st.floats(0, 1) for f in CEILING}))
)
def test_what_was_reached_holds_a_floor_that_is_lowered_to_it(before: Figures | None, reached: Figures) -> None:
    now = raised(Floor(figures=before) if before else None, reached, lower=True)
    assert set(now) == set(reached)
    for name, figures in reached.items():
        for figure, got in figures.items():
            assert not falls_short(figure, got, now[name][figure])
            assert abs(got - now[name][figure]) <= 0.011 + 1e-9
            assert 0 <= now[name][figure] <= 1


def test_it_leaves_one_point() -> None:
    reached = {"all": {"top_1": 0.92, "caught": 0.8567, "refused": 0.0412, "crisis_recall": 1.0, "false_alarms": 0.0}}
    assert raised(None, reached, lower=False) == {
        "all": {"top_1": 0.91, "caught": 0.846, "refused": 0.052, "crisis_recall": 0.99, "false_alarms": 0.01}
    }


def test_what_nothing_measured_now_keeps_its_floor() -> None:
    before = Floor(figures={"all": EASIEST, "so": {**EASIEST, "top_1": 0.8}})
    reached = {"all": {"top_1": 0.5}}
    assert raised(before, reached, lower=False)["so"]["top_1"] == 0.8
    assert raised(before, reached, lower=False)["all"] == {**EASIEST, "top_1": 0.49}
    assert set(raised(before, reached, lower=True)) == {"all"}
