"""`wegwijs translations`: sheets go out and come back; what does not say the same is refused, nothing else is lost."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from openpyxl import Workbook, load_workbook

from bot.content.extraction import is_unreviewed, read_catalogue
from tests.commands.conftest import TESTS, Home

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result


class Desk:
    """A knowledge folder of one's own, and a folder for sheets."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.home = home
        self.own = folder / "own"
        self.sheet = folder / "ar.xlsx"
        shutil.copytree(TESTS / "knowledge" / "good", self.own)

    def run(self, *words: str) -> Result:
        return self.home.run("translations", *words, WEGWIJS_KNOWLEDGE_DIR=str(self.own))

    def edited(self, key: str, change: Callable[[dict[str, str]], None]) -> Path:
        """Export, change the row with this key as somebody in Excel would, save."""
        assert self.run("export", "ar", str(self.sheet)).exit_code == 0
        book = load_workbook(self.sheet)
        sheet = book.worksheets[0]
        head = [cell.value for cell in sheet[1]]
        line = next(line for line in sheet.iter_rows(min_row=2) if line[1].value == key)
        row = {name: str(cell.value or "") for name, cell in zip(head, line, strict=True)}
        change(row)
        for name, cell in zip(head, line, strict=True):
            cell.value = row[name]
        book.save(self.sheet)
        return self.sheet

    def entry(self, topic: str, key: str) -> object:
        path = self.own / "content" / "locale" / "ar" / "LC_MESSAGES" / f"{topic}.po"
        return next(message for message in read_catalogue(path, "ar") if message.context == key)

    def files(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.own.rglob("*.po")}


@pytest.fixture
def desk(trained: Home, tmp_path: Path) -> Desk:
    alone = {name: value for name, value in trained.environment.items() if name != "WEGWIJS_ORGANISATION_DIR"}
    made = Desk(Home(folder=tmp_path, environment=alone), tmp_path)
    assert made.home.run("extract", WEGWIJS_KNOWLEDGE_DIR=str(made.own)).exit_code == 0
    return made


KEY = "utter_ask_children_count"


def test_status_counts_every_language_and_one_by_subject(desk: Desk) -> None:
    told = desk.run("status")
    counts = json.loads(desk.run("status", "--json").stdout)

    assert told.exit_code == 0
    assert "ar العربية" in told.stdout
    assert "housing" in desk.run("status", "ar").stdout
    assert set(counts["ar"]["housing"]) == {"checked", "unreviewed", "stale", "missing"}
    assert sum(sum(subject.values()) for subject in counts["en"].values()) > 30


@pytest.mark.parametrize("ending", ["xlsx", "po"])
def test_what_comes_back_as_it_went_changes_nothing(desk: Desk, tmp_path: Path, ending: str) -> None:
    before = desk.files()
    sheet = str(tmp_path / f"sheet.{ending}")

    assert desk.run("export", "ar", sheet).exit_code == 0
    told = desk.run("import", "ar", sheet)
    assert (told.exit_code, told.stdout.split(",")[0]) == (0, "0 changed")
    assert desk.files() == before


def test_a_sentence_that_a_fluent_person_read_loses_its_mark(desk: Desk) -> None:
    def read(row: dict[str, str]) -> None:
        row["translation 1"] = "كم طفلاً لديكم؟"
        row["read by a fluent person (yes)"] = "Yes"

    told = desk.run("import", "ar", str(desk.edited(KEY, read)))

    assert told.exit_code == 0, told.output
    assert "1 changed" in told.stdout
    entry = desk.entry("housing", KEY)
    assert (entry.string, is_unreviewed(entry)) == ("كم طفلاً لديكم؟", False)


def test_other_words_are_unread_until_somebody_says_so(desk: Desk) -> None:
    def read(row: dict[str, str]) -> None:
        row["read by a fluent person (yes)"] = "yes"

    def reword(row: dict[str, str]) -> None:
        row["translation 1"] = "كم عدد أطفالكم؟"
        row["read by a fluent person (yes)"] = ""

    desk.run("import", "ar", str(desk.edited(KEY, read)))
    desk.run("import", "ar", str(desk.edited(KEY, reword)))
    assert is_unreviewed(desk.entry("housing", KEY))


def test_a_row_with_another_placeholder_is_refused_and_the_others_are_kept(desk: Desk) -> None:
    rows = json.loads(desk.run("status", "--json").stdout)
    assert rows["ar"]
    with_value = next(
        message.context
        for path in desk.own.glob("content/locale/ar/LC_MESSAGES/*.po")
        for message in read_catalogue(path, "ar")
        if message.id and "{" in str(message.id) and isinstance(message.id, str)
    )
    desk.edited(KEY, lambda row: row.update({"translation 1": "كم طفلاً عندكم؟"}))
    book = load_workbook(desk.sheet)
    line = next(line for line in book.worksheets[0].iter_rows(min_row=2) if line[1].value == with_value)
    line[8].value = "بدون {قيمة} {wrong}"
    book.save(desk.sheet)
    told = desk.run("import", "ar", str(desk.sheet))

    assert told.exit_code == 1
    assert f"{with_value}: the words between {{ }} are not those of the Dutch" in told.output
    assert "1 changed" in told.output
    assert "1 refused" in told.output
    assert desk.entry("housing", KEY).string == "كم طفلاً عندكم؟"


def test_dutch_that_was_changed_meanwhile_is_refused(desk: Desk) -> None:
    told = desk.run("import", "ar", str(desk.edited(KEY, lambda row: row.update({"Dutch": "Iets anders?"}))))

    assert told.exit_code == 1
    assert "export again, the Dutch was changed" in told.output


def test_only_the_open_ones_of_one_subject(desk: Desk, tmp_path: Path) -> None:
    sheet = str(tmp_path / "open.po")
    desk.run("import", "ar", str(desk.edited(KEY, lambda row: row.update({"translation 1": "كم عدد أطفالكم؟"}))))
    told = desk.run("export", "ar", sheet, "--subject", "housing", "--open")

    assert told.exit_code == 0
    contexts = {message.context for message in read_catalogue(Path(sheet), "ar") if message.id}
    assert contexts == {KEY}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("export", "xx", "x.xlsx"), "no language to translate into"),
        (("export", "nl", "x.xlsx"), "no language to translate into"),
        (("export", "ar", "x.doc"), "must end in .xlsx or .po"),
        (("export", "ar", "x.po", "--subject", "sport"), "no subject"),
    ],
)
def test_what_cannot_be_is_said(desk: Desk, words: tuple[str, ...], says: str) -> None:
    told = desk.run(*words)

    assert told.exit_code == 2
    assert says in told.output


def test_a_file_that_is_no_sheet_loses_nothing(desk: Desk, tmp_path: Path) -> None:
    before = desk.files()
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"not a sheet")
    other = Workbook()
    other.worksheets[0].append(["a", "b"])
    other.save(tmp_path / "other.xlsx")
    (tmp_path / "broken.po").write_text('msgid "half', encoding="utf-8")

    for name, says in (("broken.xlsx", "no sheet"), ("other.xlsx", "no column 'key'"), ("broken.po", "cannot be read")):
        told = desk.run("import", "ar", str(tmp_path / name))
        assert told.exit_code == 1
        assert says in told.output
    assert desk.files() == before


def test_no_cell_is_a_formula(desk: Desk) -> None:
    def formula(row: dict[str, str]) -> None:
        row["translation 1"] = "=HYPERLINK(1)"

    told = desk.run("import", "ar", str(desk.edited(KEY, formula)))
    desk.run("export", "ar", str(desk.sheet))
    values = [cell.value for line in load_workbook(desk.sheet).worksheets[0].iter_rows() for cell in line]

    assert told.exit_code in {0, 1}
    assert not [value for value in values if isinstance(value, str) and value.startswith("=")]
