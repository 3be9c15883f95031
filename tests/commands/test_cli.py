"""The front door: what is listed, what is refused and how it is said, and which number a program gets back."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from bot.cli import main
from bot.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.conftest import Home

COMMANDS = sorted(main.commands)


def test_help_lists_every_command_with_what_it_does(trained: Home) -> None:
    listed = trained.run("--help").stdout.split("Commands:")[1]

    assert re.findall(r"^  ([\w-]+)  +\w.*", listed, re.MULTILINE) == COMMANDS
    assert {"serve", "chat", "ask", "check", "test", "extract", "understand", "train", "migrate"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_explains_itself(command: str, flag: str, trained: Home) -> None:
    told = trained.run(command, flag)

    assert told.exit_code == 0
    assert told.stdout.startswith(f"Usage: main {command}") or told.stdout.startswith(f"Usage: wegwijs {command}")


def test_help_is_quick_because_it_brings_nothing_heavy() -> None:
    """A process of its own: ours has everything in it already."""
    seen = "import sys; from bot.cli import main; main(['--help'], standalone_mode=False); print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True).stdout
    heavy = {"numpy", "sqlalchemy", "sklearn", "pydantic", "starlette", "uvicorn", "babel", "yaml", "rich", "asyncio"}

    assert "Commands:" in told
    assert heavy & set(told.split()) == set()


def test_version_is_that_of_the_package(trained: Home) -> None:
    assert trained.run("--version").stdout.strip().endswith(f"version {version('wegwijs')}")


# ---- 2: that is not how it is called


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["ask"], "Missing argument 'TEXT'"),
        (["ask", "hallo", "--nonsense"], "No such option '--nonsense'"),
        (["ask", "hallo", "--language", "xx"], "'xx' is no language here; use one of: nl en ar"),
        (["ask", "hallo", "--language", ""], "'' is no language here"),
        (["chat", "--language", "Klingon"], "'Klingon' is no language here"),
        (["serve", "--port", "65536"], "65536 is not in the range 0<=x<=65535"),
        (["serve", "--port", "-1"], "-1 is not in the range"),
        (["serve", "--port", "http"], "'http' is not a valid integer"),
        (["understand"], "Missing option '--input'"),
        (["understand", "--input", "nowhere.jsonl"], "No such file or directory"),
        (["check", "nowhere"], "'nowhere' does not exist"),
        (["check", __file__], "is a file"),
        (["test", "nowhere.yml"], "'nowhere.yml' does not exist"),
        (["migrate", "twice"], "unexpected extra argument (twice)"),
    ],
)
def test_a_wrong_call_is_explained_and_gives_two(words: list[str], why: str, trained: Home) -> None:
    told = trained.run(*words)

    assert told.exit_code == 2
    assert why in " ".join(told.stderr.split())
    assert told.stdout == ""


# ---- 1: something to mend


def mend(home: Home, *words: str, **environment: str) -> str:
    """Run what must fail with something a person can mend; return what is said, in one line."""
    told = home.run(*words, **environment)
    assert told.exit_code == 1, told.output
    assert told.stdout == ""
    assert told.stderr.startswith("wegwijs: ")
    assert "Traceback" not in told.stderr
    assert told.exception is None or isinstance(told.exception, SystemExit)
    return " ".join(told.stderr.split())


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("WEGWIJS_NLU_ENCODER", "perhaps", "WEGWIJS_NLU_ENCODER: Input should be a valid boolean"),
        ("WEGWIJS_LOG_LEVEL", "LOUD", "WEGWIJS_LOG_LEVEL: Input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("WEGWIJS_MASTER_KEY", "secret", "A master key is 32 random bytes in base64"),
        ("WEGWIJS_MASTER_KEY", base64.b64encode(b"secret").decode(), "A master key is 32 random bytes in base64"),
        ("DATABASE_URL", "nonsense", "A database URL starts with sqlite:/// and a path, or with postgresql://"),
        ("DATABASE_URL", "mysql://me:secret@host/x", "A database URL starts with sqlite:///"),
        ("DATABASE_URL", "sqlite://", "A database URL starts with sqlite:///"),
        ("DATABASE_URL", "postgresql://me:secret@127.0.0.1:1/x", "does its server run? (connection"),
        ("WEGWIJS_DATA_DIR", "/dev/null", "Not a directory: '/dev/null"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(variable: str, value: str, why: str, home: Home) -> None:
    said = mend(home, "migrate", **{variable: value})

    assert why in said
    assert "secret" not in said


def test_an_empty_setting_is_no_setting(home: Home) -> None:
    told = home.run("migrate", DATABASE_URL="", WEGWIJS_MASTER_KEY="", WEGWIJS_LOG_LEVEL="")

    assert told.exit_code == 0
    assert (home.data / "database" / "wegwijs.sqlite").exists()


def test_an_empty_folder_setting_is_not_the_folder_we_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("WEGWIJS_KNOWLEDGE_DIR", "WEGWIJS_ORGANISATION_DIR", "WEGWIJS_DATA_DIR"):
        monkeypatch.setenv(variable, "")
    found = Settings()

    assert (found.knowledge_dir, found.organisation_dir) == (None, None)
    assert found.data_dir.is_absolute()


def test_a_file_that_is_no_database_is_not_touched(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear Amina, " * 200)

    assert "The database cannot be used" in mend(home, "migrate", DATABASE_URL=f"sqlite:///{file}")
    assert file.read_text() == "Dear Amina, " * 200


@pytest.mark.parametrize("words", [["ask", "hallo"], ["check"], ["extract"], ["train"]])
def test_a_knowledge_folder_that_is_none_is_named(words: list[str], home: Home, tmp_path: Path) -> None:
    assert mend(home, *words, WEGWIJS_KNOWLEDGE_DIR=str(tmp_path / "none")).endswith(
        f"{tmp_path / 'none'} holds no nlu/, flows/ or content/ folder"
    )
    assert "holds no nlu/" in mend(home, *words, WEGWIJS_ORGANISATION_DIR=str(tmp_path))


@pytest.mark.parametrize("words", [["ask", "hallo"], ["extract"], ["train"], ["serve"]])
def test_a_mistake_in_the_knowledge_comes_with_file_and_line(words: list[str], home: Home, tmp_path: Path) -> None:
    flows = tmp_path / "torn" / "flows" / "housing.yml"
    flows.parent.mkdir(parents=True)
    flows.write_text("flows:\n  housing_repairs:\n    name: [unfinished\n")
    said = mend(home, *words, WEGWIJS_ORGANISATION_DIR=str(tmp_path / "torn"))

    assert "flows/housing.yml:4: this is no YAML" in said
    assert said.endswith("Run `wegwijs check` for all of them.")


def test_check_shows_all_mistakes_and_gives_one(home: Home, tmp_path: Path) -> None:
    flows = tmp_path / "torn" / "flows" / "housing.yml"
    flows.parent.mkdir(parents=True)
    flows.write_text("flows:\n  housing_repairs:\n    nam: Een lek\n")
    told = home.run("check", WEGWIJS_ORGANISATION_DIR=str(tmp_path / "torn"))

    assert told.exit_code == 1
    assert "flows/housing.yml:3: " in told.stdout
    assert "mistakes" in told.stdout


def test_check_of_a_named_folder_looks_at_that_folder_alone(home: Home, tmp_path: Path) -> None:
    (tmp_path / "own" / "content").mkdir(parents=True)
    told = home.run("check", str(tmp_path / "own"))

    assert told.exit_code == 1
    assert "housing" not in told.stdout


# ---- the small commands


def test_training_tells_what_it_learnt_and_is_done_once(home: Home) -> None:
    models = list((home.data / "cache" / "nlu").glob("understanding-*"))
    told = home.run("train")

    assert (told.exit_code, told.stdout) == (0, "trained on 36 examples of 4 intents\n")
    assert list((home.data / "cache" / "nlu").glob("understanding-*")) == models


def test_migrating_twice_is_the_same_as_once(home: Home) -> None:
    once, twice = home.run("migrate", WEGWIJS_LOG_LEVEL="info"), home.run("migrate")

    assert once.exit_code == twice.exit_code == 0
    assert once.stdout == twice.stdout == "the tables are up to date\n"
    assert (home.data / "database" / "wegwijs.sqlite").stat().st_mode & 0o077 == 0
    assert (home.data / "keys" / "master.json").stat().st_mode & 0o077 == 0
