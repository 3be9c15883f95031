"""Our knowledge goes out as a Rasa project and comes back the same; a change made on the way comes along."""

from __future__ import annotations

import shutil
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from bot.knowledge.folders import Folders, shipped
from bot.knowledge.load import read_all
from bot.knowledge.rasa_project import Exported, FolderNotEmptyError, UnknownLanguageError, export
from bot.knowledge.rasa_reading import Imported, InTheWayError, take
from tests.peers.tiny import GOOD

if TYPE_CHECKING:
    from pathlib import Path

    from bot.knowledge.load import Read

TODAY = date(2026, 11, 29)


def quiet(done: int, total: int, what: str) -> None:
    """Show no progress."""


def exported(source: Path, target: Path, language: str = "nl", *, force: bool = False) -> Exported:
    return export(Folders(layers=(source,)), target, language=language, today=TODAY, force=force, show=quiet)


def imported(source: Path, into: Path, language: str = "nl", *, dry_run: bool = False) -> Imported:
    return take(source, into, language=language, dry_run=dry_run, show=quiet)


def knowledge(folder: Path) -> Read:
    read = read_all(Folders(layers=(folder,)))
    assert [mistake for mistake in read.mistakes if not mistake.warning] == []
    return read


def the_same(one: Read, other: Read) -> None:
    assert one.examples == other.examples
    assert one.synonyms == other.synonyms
    assert one.slots == other.slots
    assert one.intents == other.intents
    assert one.responses == other.responses
    assert one.notes == other.notes
    assert one.flows == other.flows
    assert one.trajectories == other.trajectories
    assert (one.facts, one.sources, one.questions, one.terms) == (
        other.facts,
        other.sources,
        other.questions,
        other.terms,
    )
    assert one.languages == other.languages
    assert one.crisis == other.crisis
    assert set(one.media) == set(other.media)


def test_all_that_is_shipped_comes_back_the_same(tmp_path: Path) -> None:
    told = exported(shipped(), tmp_path / "rasa")
    report = imported(tmp_path / "rasa", tmp_path / "back")

    assert (report.left, report.changed, told.escaped) == ([], [], 0)
    before, after = knowledge(shipped()), knowledge(tmp_path / "back")
    assert len(before.examples) > 40_000
    the_same(before, after)


@pytest.mark.parametrize("language", ["nl", "ar"])
def test_a_small_knowledge_comes_back_the_same_in_any_language(tmp_path: Path, language: str) -> None:
    exported(GOOD, tmp_path / "rasa", language)
    report = imported(tmp_path / "rasa", tmp_path / "back", language)

    assert (report.left, report.changed) == ([], [])
    before, after = knowledge(GOOD), knowledge(tmp_path / "back")
    the_same(before, after)
    assert spoken(before, language) == spoken(after, language)


def spoken(read: Read, language: str) -> dict[str, str | None]:
    variants = [variant for response in read.responses.values() for variant in response.variants]
    return {variant.context: read.catalogues.find(language, variant.context, variant.text) for variant in variants}


def rasa_file(folder: Path, name: str) -> Any:
    return yaml.safe_load((folder / name).read_text(encoding="utf-8"))


def test_what_is_not_translated_is_counted_and_told(tmp_path: Path) -> None:
    shutil.copytree(GOOD, tmp_path / "own")
    (tmp_path / "own/content/locale/ar/LC_MESSAGES/insurance.po").unlink()
    whole, told = exported(GOOD, tmp_path / "whole", "ar"), exported(tmp_path / "own", tmp_path / "rasa", "ar")

    assert whole.other["en"] == 0
    assert told.other["en"] == 4
    assert f"4 of {told.texts} texts" in (tmp_path / "rasa" / "README.md").read_text(encoding="utf-8")


def test_a_text_for_a_day_hangs_on_a_slot_that_nothing_fills(tmp_path: Path) -> None:
    exported(GOOD, tmp_path / "rasa")

    passed, _ = rasa_file(tmp_path / "rasa", "domain/responses/insurance.yml")["responses"][
        "utter_insurance_start_deadline"
    ]
    assert passed["condition"] == [{"type": "slot", "name": "deadline_insurance_start_legal_is", "value": "passed"}]
    slots = rasa_file(tmp_path / "rasa", "domain/filled_in.yml")["slots"]
    assert {"deadline_insurance_start_legal_is", "deadline_insurance_start_legal", "fact_repairs_fee"} <= set(slots)
    assert "initial_value" in slots["fact_repairs_fee"]
    assert "initial_value" not in slots["deadline_insurance_start_legal"]


def test_rasa_gets_no_setting_of_a_slot_or_flow_that_it_refuses(tmp_path: Path) -> None:
    exported(GOOD, tmp_path / "rasa")

    allowed = {"type", "values", "mappings", "min_value", "max_value", "initial_value", "influence_conversation"}
    slots = [
        s for p in (tmp_path / "rasa/domain").glob("*.yml") for s in (rasa_file(p, "").get("slots") or {}).values()
    ]
    assert slots
    assert {key for slot in slots for key in slot} <= allowed
    assert [p for p in (tmp_path / "rasa/data/flows").glob("*.yml") if "comes_back" in rasa_file(p, "")["flows"]] == []


def test_a_text_that_was_changed_there_comes_along(tmp_path: Path) -> None:
    exported(GOOD, tmp_path / "rasa", "ar")
    path = tmp_path / "rasa/domain/responses/system.yml"
    path.write_text(path.read_text(encoding="utf-8").replace(glad(GOOD), "جميل. سؤال آخر؟"), encoding="utf-8")

    report = imported(tmp_path / "rasa", tmp_path / "back", "ar")

    assert (report.left, report.taken["changed translations"]) == ([], 1)
    assert glad(tmp_path / "back") == "جميل. سؤال آخر؟"


def test_a_translation_that_says_another_thing_is_left_with_its_place(tmp_path: Path) -> None:
    exported(GOOD, tmp_path / "rasa", "ar")
    path = tmp_path / "rasa/domain/responses/system.yml"
    path.write_text(path.read_text(encoding="utf-8").replace(glad(GOOD), "جميل 7"), encoding="utf-8")

    (left,) = imported(tmp_path / "rasa", tmp_path / "back", "ar").left

    assert (left.file, left.name) == ("domain/responses/system.yml", "utter_glad")
    assert "numbers" in left.why
    assert "utter_glad" in path.read_text(encoding="utf-8").splitlines()[left.line - 2]
    assert glad(tmp_path / "back") == glad(GOOD)


def glad(folder: Path) -> str:
    found = spoken(knowledge(folder), "ar")["utter_glad"]
    assert found is not None
    return found


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")

    with pytest.raises(FolderNotEmptyError):
        exported(GOOD, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]

    exported(GOOD, tmp_path, force=True)
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "domain").is_dir()


def test_an_unknown_language_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnknownLanguageError):
        exported(GOOD, tmp_path / "rasa", "xx")
    assert not (tmp_path / "rasa").exists()


def test_no_file_is_written_over(tmp_path: Path) -> None:
    exported(GOOD, tmp_path / "rasa")
    imported(tmp_path / "rasa", tmp_path / "back")
    imported(tmp_path / "rasa", tmp_path / "back")  # the same words: nothing is lost
    mine = tmp_path / "back/flows/housing.yml"
    mine.write_text("flows: {}\n", encoding="utf-8")

    with pytest.raises(InTheWayError) as refused:
        imported(tmp_path / "rasa", tmp_path / "back")

    assert refused.value.names == [str(mine)]
    assert mine.read_text(encoding="utf-8") == "flows: {}\n"


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    exported(GOOD, tmp_path / "rasa")

    report = imported(tmp_path / "rasa", tmp_path / "back", dry_run=True)

    assert report.taken["flows"] > 0
    assert "flows/housing.yml" in report.files
    assert not (tmp_path / "back").exists()
