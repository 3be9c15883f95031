"""`wegwijs notes export`: what was taken at the desk comes out as content/notes/ has it, and is read back the same."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from bot.content.model import Note
from bot.knowledge.folders import folders
from bot.knowledge.load import read_all
from bot.knowledge.notes import written

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.conftest import Home


def note(name: str, text: str) -> Note:
    return Note(
        id=name,
        title="Brieven: wat er staat",
        text=text,
        subject="housing",
        asked_on=date(2026, 11, 12),
        reviewed_by="coordinator",
        reviewed_on=date(2026, 11, 20),
    )


def test_what_was_written_is_read_back_the_same(tmp_path: Path) -> None:
    notes = [
        note("01a2-b", "Eén regel: met een dubbele punt, 'tekens' en #hekje."),
        note("01a2-a", "Twee regels.\nDe tweede: - geen lijst.\n\nNa een lege regel."),
        note("null", "2026-11-12"),
    ]
    place = tmp_path / "content" / "notes"
    place.mkdir(parents=True)
    (place / "desk.yml").write_text(written(notes), encoding="utf-8")

    read = read_all(folders(tmp_path))

    assert [mistake for mistake in read.mistakes if "notes" in mistake.file] == []
    assert read.desk_notes == {one.id: one for one in notes}


def test_without_notes_a_file_is_written_all_the_same_and_never_over_another(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "notes.yml"
    first = home.run("notes", "export", str(file))
    again = home.run("notes", "export", str(file))

    assert (first.exit_code, first.stderr) == (0, "")
    assert "Notes: 0" in first.stdout
    assert file.read_text(encoding="utf-8").endswith("notes: []\n")
    assert again.exit_code == 1
    assert "is there already" in again.stderr
