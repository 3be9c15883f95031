"""`wegwijs extract`: the catalogues follow the Dutch, and no translation is lost on the way."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from bot.content.catalogues import load_catalogues
from tests.commands.conftest import TESTS, Home

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

DUTCH = "Hoeveel kinderen heeft u?"


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A knowledge folder of one's own, and an organisation's folder that may be laid over it."""

    home: Home
    folder: Path
    over: Path | None = None

    def extract(self, *words: str) -> Result:
        over = {"WEGWIJS_ORGANISATION_DIR": str(self.over)} if self.over else {}
        return self.home.run("extract", *words, WEGWIJS_KNOWLEDGE_DIR=str(self.folder), **over)

    def catalogue(self, language: str, topic: str) -> Path:
        return (self.over or self.folder) / "content" / "locale" / language / "LC_MESSAGES" / f"{topic}.po"

    def change(self, file: str, before: str, after: str) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.write_text(text.replace(before, after), encoding="utf-8")

    def spoken(self, language: str, context: str, text: str) -> str | None:
        layers = [self.folder, *([self.over] if self.over else [])]
        return load_catalogues([layer / "content" / "locale" for layer in layers], None).find(language, context, text)


@pytest.fixture
def desk(trained: Home, tmp_path: Path) -> Desk:
    shutil.copytree(TESTS / "knowledge" / "good", tmp_path / "own")
    alone = {name: value for name, value in trained.environment.items() if name != "WEGWIJS_ORGANISATION_DIR"}
    home = Home(folder=tmp_path, environment=alone)
    desk = Desk(home=home, folder=tmp_path / "own")
    assert desk.extract().exit_code == 0
    return desk


def test_what_is_up_to_date_stays_as_it_is(desk: Desk) -> None:
    before = {path: path.read_bytes() for path in desk.folder.rglob("*.po")}
    told = desk.extract("--check")

    assert told.exit_code == 0
    assert told.stdout.startswith("0 catalogues behind, ")
    assert desk.extract().stdout.startswith("0 catalogues written, ")
    assert {path: path.read_bytes() for path in desk.folder.rglob("*.po")} == before


def test_checking_names_what_is_behind_and_changes_nothing(desk: Desk) -> None:
    desk.change("content/responses/housing.yml", DUTCH, "Heeft u kinderen?")
    before = desk.catalogue("ar", "housing").read_bytes()
    told = desk.extract("--check")

    assert told.exit_code == 1
    assert "behind: content/locale/ar/LC_MESSAGES/housing.po\n" in told.stdout
    assert "insurance.po" not in told.stdout
    assert desk.catalogue("ar", "housing").read_bytes() == before


def test_extracting_writes_it_and_keeps_the_old_translation(desk: Desk) -> None:
    spoken = desk.spoken("ar", "utter_ask_children_count", DUTCH)
    desk.change("content/responses/housing.yml", DUTCH, "Heeft u kinderen?")
    told = desk.extract()
    text = desk.catalogue("ar", "housing").read_text(encoding="utf-8")

    assert told.exit_code == 0
    assert "written: content/locale/ar/LC_MESSAGES/housing.po\n" in told.stdout
    assert spoken is not None
    assert (
        f'#| msgid "{DUTCH}"\nmsgctxt "utter_ask_children_count"\nmsgid "Heeft u kinderen?"\nmsgstr "{spoken}"' in text
    )
    assert desk.extract("--check").exit_code == 0


@pytest.mark.parametrize(
    ("file", "before", "after", "why"),
    [
        ("flows/housing.yml", "name: Iets kapot in huis", "name: [Iets", "flows/housing.yml:"),
        ("content/responses/housing.yml", "text: Wat is er kapot?", "txet: Wat is er kapot?", "responses/housing.yml:"),
        ("content/locale/ar/LC_MESSAGES/flow.po", "msgid ", "magid ", "content/locale/ar/LC_MESSAGES/flow.po:"),
    ],
)
def test_what_cannot_be_read_costs_no_translation(file: str, before: str, after: str, why: str, desk: Desk) -> None:
    """Names and titles are shared: extracting without one file would drop its words from every language."""
    desk.change(file, before, after)
    kept = {path: path.read_bytes() for path in desk.folder.rglob("*.po")}
    told = desk.extract()

    assert told.exit_code == 1
    assert why in told.stderr
    assert {path: path.read_bytes() for path in desk.folder.rglob("*.po")} == kept


def test_an_organisations_folder_gets_only_its_own_sentences(desk: Desk, tmp_path: Path) -> None:
    over = Desk(home=desk.home, folder=desk.folder, over=tmp_path / "over")
    responses = tmp_path / "over" / "content" / "responses" / "housing_extra.yml"
    responses.parent.mkdir(parents=True)
    responses.write_text("responses:\n  utter_ask_children_count:\n    - text: Hoeveel kinderen wonen bij u?\n")
    shipped = {path: path.read_bytes() for path in desk.folder.rglob("*.po")}
    told = over.extract()
    written = [path.relative_to(tmp_path / "over").as_posix() for path in (tmp_path / "over").rglob("*.po")]

    assert told.exit_code == 0
    assert sorted(written) == [f"content/locale/{code}/LC_MESSAGES/housing_extra.po" for code in ("ar", "en", "nl")]
    assert {path: path.read_bytes() for path in desk.folder.rglob("*.po")} == shipped
    assert over.spoken("ar", "utter_housing_repairs_heating", "Bel vandaag de verhuurder.") is not None
    assert over.extract("--check").exit_code == 0


def test_an_organisation_may_translate_a_shipped_sentence_its_own_way(desk: Desk, tmp_path: Path) -> None:
    over = Desk(home=desk.home, folder=desk.folder, over=tmp_path / "over")
    path = over.catalogue("ar", "housing")
    path.parent.mkdir(parents=True)
    path.write_text(f'msgctxt "utter_ask_children_count"\nmsgid "{DUTCH}"\nmsgstr "كم طفلًا لديكم؟"\n', encoding="utf-8")
    assert over.extract().exit_code == 0

    assert over.spoken("ar", "utter_ask_children_count", DUTCH) == "كم طفلًا لديكم؟"
    assert path.read_text(encoding="utf-8").count("msgctxt") == 1
