"""The authors' linter: a good knowledge base passes, and each planted mistake is found where it stands."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml

from bot import join_in
from bot.commands import check as command
from bot.flows.model import ACTIONS, Act
from bot.knowledge.check import check
from bot.knowledge.check.nlu import MEANINGS
from bot.knowledge.check.rules import ABSENCE, RULES
from bot.knowledge.check.spoken import PAGE, SPOKEN
from bot.knowledge.folders import folders, shipped
from bot.knowledge.load import load
from bot.ladder import actions, commands, participation
from bot.participation import finding, fit

HERE = Path(__file__).parent
GOOD = HERE / "good"
BROKEN = HERE.parent / "broken_knowledge"
CASES = sorted(path.name for path in BROKEN.iterdir())
TODAY = date(2026, 11, 22)
SPOKEN_HERE = {"utter_footer_source": frozenset({"sources", "checked_on"})}


def test_good_knowledge_passes_without_a_word() -> None:
    report = check(folders(GOOD), today=TODAY, spoken=SPOKEN_HERE)

    assert report.good
    assert report.mistakes == ()
    assert report.warnings == ()


def test_good_knowledge_is_counted() -> None:
    counts = check(folders(GOOD), today=TODAY, spoken=SPOKEN_HERE).counts

    assert (counts.answered, counts.questions) == (2, 3)
    english = counts.languages["en"]
    assert (english.spoken, english.unreviewed, english.stale, english.missing) == (49, 9, 0, 0)
    assert english.examples == 12


def test_good_knowledge_loads() -> None:
    assert set(load(folders(GOOD)).flows) == {
        *("after_answer", "talk_to_human", "help_menu", "insurance_start", "housing_repairs"),
    }


def test_what_only_sounds_like_danger_is_known_by_the_name_of_its_file(tmp_path: Path) -> None:
    shutil.copytree(GOOD, tmp_path, dirs_exist_ok=True)
    (tmp_path / "nlu/data/nl/sounds_like_danger_at_home.yml").write_text(
        'version: "3.1"\nnlu:\n  - intent: housing_repairs\n    examples: |\n      - de buren slopen de boel lol\n'
    )
    assert [line.text for line in load(folders(tmp_path)).examples if line.sounds] == ["de buren slopen de boel lol"]


@pytest.mark.parametrize("case", CASES)
def test_planted_mistake_is_found(case: str, tmp_path: Path) -> None:
    expected = yaml.safe_load((BROKEN / case / "expected.yml").read_text(encoding="utf-8"))
    report = check(folders(_overlaid(case, expected, tmp_path)), today=TODAY, spoken=SPOKEN_HERE)

    if expected.get("warning"):
        assert report.mistakes == ()
        found = [warning for warning in report.warnings if warning.kind == expected["kind"]]
    else:
        found = list(report.mistakes)
    assert [(mistake.file, mistake.line, mistake.kind) for mistake in found] == [
        (expected["file"], expected["line"], expected["kind"])
    ]
    assert expected["mend"] in found[0].mend


def _overlaid(case: str, expected: dict[str, object], tmp_path: Path) -> Path:
    root = tmp_path / "knowledge"
    shutil.copytree(GOOD, root)
    shutil.copytree(BROKEN / case, root, dirs_exist_ok=True)
    for name in expected.get("remove", ()):
        (root / name).unlink()
    return root


def test_every_rule_has_a_planted_mistake() -> None:
    kinds = {yaml.safe_load((BROKEN / case / "expected.yml").read_text(encoding="utf-8"))["kind"] for case in CASES}

    assert set(RULES) <= kinds
    assert set(RULES) >= ABSENCE
    assert len(CASES) >= 40


def test_every_rule_says_why() -> None:
    for kind, rule in RULES.items():
        assert rule.__doc__, kind
        assert rule.__doc__.strip().endswith("."), kind


def test_several_mistakes_stand_in_order(tmp_path: Path) -> None:
    root = tmp_path / "knowledge"
    shutil.copytree(GOOD, root)
    for case in ("forbidden_word", "flow_name", "unknown_synonym"):
        shutil.copytree(BROKEN / case, root, dirs_exist_ok=True)

    mistakes = check(folders(root), today=TODAY, spoken=SPOKEN_HERE).mistakes

    assert [(mistake.file, mistake.line) for mistake in mistakes] == sorted(
        (mistake.file, mistake.line) for mistake in mistakes
    )
    assert {"forbidden_word", "flow_name", "unknown_synonym"} <= {mistake.kind for mistake in mistakes}


def test_organisation_folder_lies_over_the_shipped_one(tmp_path: Path) -> None:
    own = tmp_path / "content" / "facts" / "municipalities"
    own.mkdir(parents=True)
    (own / "schiedam.yml").write_text(
        "municipality: schiedam\nname: Schiedam\nfacts:\n"
        '  repair_desk: {value: "Woonplus", source: law_rent, checked_on: 2026-11-22}\n'
        "  home_site: {value: null, source: null, checked_on: null}\n",
        encoding="utf-8",
    )

    assert check(folders(GOOD, tmp_path), today=TODAY, spoken=SPOKEN_HERE).mistakes == ()
    place = load(folders(GOOD, tmp_path)).content.municipalities["schiedam"]
    assert place.facts["repair_desk"] == "Woonplus"


def test_command_prints_file_line_mend_and_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = yaml.safe_load((BROKEN / "flow_name" / "expected.yml").read_text(encoding="utf-8"))

    # The few texts of the good base are not all that the assistant itself says, so the command finds those too.
    assert command.run(folders(_overlaid("flow_name", expected, tmp_path))) == 1

    said = capsys.readouterr().out
    assert f"{expected['file']}:{expected['line']}: " in said
    assert "→ use at most 24 [flow_name]" in said
    assert "2 of 3 questions answered" in said


# ---- the repository itself


def test_our_own_knowledge_has_no_mistakes() -> None:
    assert [str(mistake) for mistake in check(folders()).mistakes] == []


# ---- lists that stand in two places


def test_flows_know_the_actions_that_the_ladder_carries_out() -> None:
    assert frozenset(actions.ACTIONS) == ACTIONS


def test_meanings_of_answers_cover_the_fixed_commands() -> None:
    assert set(commands.MEANINGS) <= MEANINGS


def taking_part_says() -> set[str]:
    """The names that join_in.py, describe.py and agree.py put together: of a wish, a reason, a button."""
    wishes = ("interests", "area", "times", "languages", "limits")
    offer = ("join", "wait", "leave", "want", "more", "find", "mine", "wishes", "person", *join_in.AFTER)
    wish = ("tell", *wishes, "forget", "week_on", "week_off", "skip", "both", "any", "none")
    return {
        *(f"utter_wish_ask_{name}" for name in join_in.ORDER),
        *(f"utter_wish_line_{name}" for name in join_in.ORDER),
        *(f"utter_wish_interest_{name}" for name in finding.INTERESTS),
        *(f"utter_wish_time_{name}" for name in finding.TIMES),
        *(f"utter_wish_limit_{name}" for name in finding.LIMITS),
        *(f"utter_offer_why_{reason}" for reason in finding.Reason),
        *(f"utter_offer_button_{name}" for name in offer),
        *(f"utter_wish_button_{name}" for name in wish),
        *(f"utter_seek_button_{kind}" for kind in participation.KINDS),
        *(f"utter_seek_words_{kind}" for kind in participation.KINDS),
        *(f"utter_match_why_{reason}" for reason in fit.Reason),
        *(f"utter_match_button_{name}" for name in ("yes", "no", "well", "not_well", "end")),
    }


def test_the_two_orders_of_wishes_are_one() -> None:
    assert join_in.ORDER == participation.WISHES


def test_responses_that_code_says_are_listed() -> None:
    code = [path for path in (shipped() / "bot").rglob("*.py") if "knowledge" not in path.parts]
    written = {
        name for path in code for name in re.findall(r'"(utter_[a-z_]+[a-z])"', path.read_text(encoding="utf-8"))
    }
    written = {name for name in written if not name.startswith(PAGE)}
    written |= {f"utter_unclear_{kind}" for kind in ("choice", "count", "date", "text", "yes_no")}
    written |= taking_part_says()
    steps = [step for flow in load(folders()).flows.values() for step in flow.steps.values()]
    said_by_flows = {step.action for step in steps if isinstance(step, Act)}

    assert set(SPOKEN) <= written
    assert written <= {*SPOKEN, *said_by_flows}
