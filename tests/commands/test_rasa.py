"""`wegwijs rasa`: what the commands say, and how they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.peers.tiny import GOOD

if TYPE_CHECKING:
    from click.testing import Result

    from tests.commands.conftest import Home


def export(home: Home, *words: str) -> Result:
    return home.run("rasa", "export", str(home.folder / "rasa"), *words, WEGWIJS_KNOWLEDGE_DIR=str(GOOD))


def bring_in(home: Home, *words: str) -> Result:
    return home.run("rasa", "import", str(home.folder / "rasa"), "--into", str(home.folder / "back"), *words)


def test_there_and_back_is_success(home: Home) -> None:
    out = export(home, "--language", "ar")
    assert out.exit_code == 0
    assert "responses in ar" in out.output

    dry = bring_in(home, "--dry-run")
    assert (dry.exit_code, (home.folder / "back").exists()) == (0, False)
    assert "nothing was" in dry.output

    assert bring_in(home).exit_code == 0
    assert home.run("check", str(home.folder / "back")).exit_code == home.run("check", str(GOOD)).exit_code


def test_a_full_folder_and_an_unknown_language_are_refused(home: Home) -> None:
    assert export(home).exit_code == 0
    again = export(home)
    assert again.exit_code == 2
    assert "holds something already" in again.output.replace("\n", " ")
    assert export(home, "--force").exit_code == 0
    assert export(home, "--force", "--language", "xx").exit_code == 2


def test_something_left_ends_with_one_and_a_broken_file_with_two(home: Home) -> None:
    folder = home.folder / "rasa"
    folder.mkdir()
    (folder / "domain.yml").write_text("intents: [ask]\nentities: [city]\n", encoding="utf-8")
    left = bring_in(home)
    assert left.exit_code == 1
    assert "domain.yml:2: entities city" in left.output

    (folder / "nlu.yml").write_text("nlu:\n  - intent: [\n", encoding="utf-8")
    broken = bring_in(home)
    assert broken.exit_code == 2
    assert "nlu.yml:3" in broken.output
