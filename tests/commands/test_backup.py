"""`wegwijs backup`, `restore` and `migrate-to` from the command line: what they say, and when they refuse."""

from __future__ import annotations

import base64
import json
import re
import shutil
import signal
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.settings import Settings
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
from bot.store.erased import add_to_list, digest, read_list
from bot.wiring import open_database
from tests.commands.test_serve import serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from bot.store.rows import Writing
    from bot.store.work import Work
    from tests.commands.conftest import Home

KEY = base64.b64encode(b"b" * 32).decode()
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
DATABASE = "database/wegwijs.sqlite"


def settings_of(home: Home) -> Settings:
    return Settings.model_validate({"WEGWIJS_DATA_DIR": home.data})


def do(home: Home, unit: Callable[[Work], Writing]) -> Writing:
    with open_database(settings_of(home)) as database:
        return database.write(unit)


def writes(home: Home, who: str) -> Writing:
    return do(home, lambda work: work.newcomers.writing_from("telegram", who, now=NOW, language="ti"))


def is_known(home: Home, who: str) -> bool:
    with open_database(settings_of(home)) as database:
        return database.read(lambda work: work.newcomers.at("telegram", who)) is not None


def erase(home: Home, who: Writing) -> None:
    def go(work: Work) -> Writing:
        work.newcomers.forget(who.newcomer.id)
        work.newcomers.finish_forgetting(who.newcomer.id)
        return who

    do(home, go)


def run(home: Home, *words: str | Path, given: str | None = None, **environment: str) -> Result:
    return home.run(*map(str, words), given=given, **{"WEGWIJS_BACKUP_KEY": KEY, **environment})


def told(result: Result) -> str:
    return " ".join((result.stdout + result.stderr).split())


@pytest.fixture
def backup(home: Home) -> Path:
    """A backup of a home where Amina and Yonas wrote."""
    writes(home, "amina")
    writes(home, "yonas")
    path = home.folder / "one.backup"
    assert run(home, "backup", path).exit_code == 0
    return path


def test_a_fresh_key_is_a_key_and_stands_alone(home: Home) -> None:
    made = home.run("backup", "--new-key")

    assert made.exit_code == 0
    assert len(base64.b64decode(made.stdout.strip(), validate=True)) == 32
    assert made.stdout != home.run("backup", "--new-key").stdout
    assert "WEGWIJS_BACKUP_KEY" in made.stderr
    writes(home, "amina")
    assert run(home, "backup", home.folder / "x", WEGWIJS_BACKUP_KEY=made.stdout).exit_code == 0


def test_a_backup_says_what_is_in_it_and_what_is_not(home: Home) -> None:
    writes(home, "amina")
    path = home.folder / "one.backup"
    made = run(home, "backup", path)

    assert re.search(r"one\.backup: \d+ rows of \d+ tables, 0\.\d MB, sealed", told(made))
    assert "master key is not in it" in told(made)
    assert str(home.data / "erased.txt") in made.stdout
    assert (home.data / "erased.txt").exists()
    master = json.loads((home.data / "keys" / "master.json").read_text())
    assert all(base64.b64decode(key) not in path.read_bytes() for key in master["keys"].values())


@pytest.mark.parametrize(
    ("words", "environment", "code", "why"),
    [
        (("backup",), {}, 2, "name the file to write, or --new-key"),
        (("backup", "new"), {"WEGWIJS_BACKUP_KEY": ""}, 1, "WEGWIJS_BACKUP_KEY is not set"),
        (("backup", "new"), {"WEGWIJS_BACKUP_KEY": "secret"}, 1, "a backup key is 32 random bytes"),
        (("backup", "one.backup"), {}, 1, "a file of this name already"),
        (("backup", "new"), {"DATABASE_URL": "sqlite:////nowhere/x"}, 1, "no database of the assistant here"),
        (("restore", "missing"), {}, 2, "does not exist"),
        (("restore", "one.backup", "--yes"), {}, 1, "--replace throws them away"),
        (("restore", "one.backup", "--check"), {"WEGWIJS_BACKUP_KEY": ""}, 1, "WEGWIJS_BACKUP_KEY is not set"),
        (("restore", "one.backup", "--into", "mysql://x/y", "--yes"), {}, 1, "starts with sqlite:///"),
        (("restore", "one.backup", "--erased", "nowhere", "--yes"), {}, 2, "nowhere is not there"),
        (("restore", "data/keys/master.json", "--check"), {}, 1, "is not a backup"),
        (("migrate-to",), {}, 2, "Missing argument 'URL'"),
        (("migrate-to", "mysql://x/y"), {}, 1, "starts with sqlite:///"),
    ],
)
def test_mistakes_say_what_to_do_instead(  # noqa: PLR0913, PLR0917  # fixtures and a table
    words: tuple[str, ...],
    environment: dict[str, str],
    code: int,
    why: str,
    home: Home,
    backup: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(home.folder)
    result = run(home, *words, **environment)

    assert result.exit_code == code
    assert why.lower() in told(result).lower()
    assert not (home.folder / "new").exists()
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", ["backup", "restore", "migrate-to"])
def test_every_command_explains_itself(command: str, home: Home) -> None:
    result = home.run(command, "--help")

    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) > 6


# ---- restoring


def test_who_restores_is_asked_first(home: Home, backup: Path) -> None:
    writes(home, "after")
    asked = run(home, "restore", backup, "--replace", given="n\n")
    assert asked.exit_code == 1
    assert "Put the backup of" in asked.stdout
    assert "thrown away" in asked.stdout
    assert is_known(home, "after")

    assert run(home, "restore", backup, "--replace", given="y\n").exit_code == 0
    assert not is_known(home, "after")
    assert is_known(home, "amina")


def test_a_lost_machine_comes_back_on_another(home: Home, backup: Path, tmp_path: Path) -> None:
    new = {"WEGWIJS_DATA_DIR": str(tmp_path / "new")}
    # Nobody may come back who was erased, so nothing happens while nothing is known of that.
    refused = run(home, "restore", backup, "--yes", **new)
    assert (refused.exit_code, "--erased FILE" in told(refused)) == (2, True)
    assert not (tmp_path / "new" / "database").exists()

    # The master key is still to come: it is said, and none is made that would be taken for it.
    restored = run(home, "restore", backup, "--yes", "--erased", home.data / "erased.txt", **new)
    assert restored.exit_code == 1
    assert "no master key here, and the words of 2 people cannot be read" in told(restored)
    assert not (tmp_path / "new" / "keys").exists()

    shutil.copytree(home.data / "keys", tmp_path / "new" / "keys")
    assert run(home, "restore", backup, "--yes", "--replace", **new).exit_code == 0
    there = Settings.model_validate({"WEGWIJS_DATA_DIR": tmp_path / "new"})
    with open_database(there) as database:
        found = database.read(lambda work: work.newcomers.at("telegram", "amina"))
    assert found is not None
    assert found.newcomer.language == "ti"


def test_without_a_list_it_must_be_said(home: Home, backup: Path, tmp_path: Path) -> None:
    new = {"WEGWIJS_DATA_DIR": str(tmp_path / "new"), "WEGWIJS_MASTER_KEY": KEY}
    restored = run(home, "restore", backup, "--yes", "--without-list", **new)

    assert restored.exit_code == 1
    assert "opens 0 of 2 people's keys: it is not the one" in told(restored)


def test_who_was_erased_since_stays_away(home: Home, backup: Path, tmp_path: Path) -> None:
    with open_database(settings_of(home)) as database:
        amina = database.read(lambda work: work.newcomers.at("telegram", "amina"))
    assert amina is not None
    erase(home, amina)
    # The disk of the database is lost, and with it the list in it; the list outside, as the assistant keeps it, is not.
    add_to_list(home.data / "erased.txt", {digest(amina.newcomer.id)})
    shutil.rmtree(home.data / "database")
    restored = run(home, "restore", backup, "--yes")

    assert (restored.exit_code, "left out 1 people" in told(restored)) == (0, True)
    assert not is_known(home, "amina")
    assert is_known(home, "yonas")
    # And a next backup, tried out elsewhere, still knows.
    assert run(home, "backup", home.folder / "two.backup").exit_code == 0
    assert digest(amina.newcomer.id) in read_list(home.data / "erased.txt")


def test_a_list_on_another_disk_is_used(home: Home, backup: Path, tmp_path: Path) -> None:
    with open_database(settings_of(home)) as database:
        amina = database.read(lambda work: work.newcomers.at("telegram", "amina"))
    assert amina is not None
    elsewhere = tmp_path / "mounted" / "list.txt"
    add_to_list(elsewhere, {digest(amina.conversation.id)})
    restored = run(home, "restore", backup, "--yes", "--replace", WEGWIJS_ERASED_LIST=str(elsewhere))

    assert "left out 1 people" in told(restored)
    assert not is_known(home, "amina")


def test_trying_out_says_that_all_is_well_or_not(home: Home, backup: Path, tmp_path: Path) -> None:
    before = (home.data / DATABASE).read_bytes()
    tried = run(home, "restore", backup, "--check")
    assert tried.exit_code == 0
    assert "The backup is whole" in tried.stdout
    assert "opens all 2 people's keys" in told(tried)
    assert (home.data / DATABASE).read_bytes() == before

    elsewhere = run(home, "restore", backup, "--check", WEGWIJS_DATA_DIR=str(tmp_path / "none"))
    assert (elsewhere.exit_code, "no master key here" in told(elsewhere)) == (1, True)
    backup.write_bytes(backup.read_bytes()[:-1])
    broken = run(home, "restore", backup, "--check")
    assert (broken.exit_code, "The backup is damaged" in told(broken)) == (1, True)


def test_nothing_is_replaced_under_an_assistant_at_work(home: Home, backup: Path) -> None:
    with open_database(settings_of(home)) as database:
        database.write(lambda _: None)
        for words in (("restore", backup, "--yes", "--replace"), ("migrate-to", f"sqlite:///{home.folder}/new.sqlite")):
            refused = run(home, *words)
            assert (refused.exit_code, "stop the assistant first" in told(refused)) == (1, True)
        assert database.read(lambda work: work.newcomers.at("telegram", "amina")) is not None
        # But a backup is made while it works.
        assert run(home, "backup", home.folder / "two.backup").exit_code == 0


# ---- moving


def test_moving_says_what_to_do_next(home: Home, backup: Path) -> None:
    to = f"sqlite:///{home.folder / 'new' / 'place.sqlite'}"
    moved = run(home, "migrate-to", to)

    assert moved.exit_code == 0
    assert re.search(r"\d+ rows of \d+ tables are in .*place\.sqlite, and each was compared", told(moved))
    for word in ("DATABASE_URL", "master.json", "throw it away"):
        assert word in moved.stdout
    assert is_known(home, "amina")
    vault = Vault(MasterKeys.load_or_create(home.data / "keys"))
    with Database.open(to, vault) as database:
        assert database.read(lambda work: work.newcomers.at("telegram", "yonas")) is not None
    again = run(home, "migrate-to", to)
    assert (again.exit_code, "has rows already" in told(again)) == (1, True)
    assert "--replace" not in told(again)  # which it has not


def test_beside_an_assistant_that_serves(home: Home) -> None:
    """A real process: a backup is made while it works, nothing is moved from under it, and it lists who is erased."""
    with serving(home) as server:
        until((home.data / "erased.txt").exists)
        path = home.folder / "one.backup"
        made = home.call("backup", str(path), WEGWIJS_BACKUP_KEY=KEY)
        assert (made.returncode, made.stderr) == (0, "backing up …\n")
        refused = home.call("migrate-to", f"sqlite:///{home.folder / 'new.sqlite'}")
        assert (refused.returncode, "stop the assistant first" in refused.stderr) == (1, True)
        assert server.get("/healthz")[0] == 200
        server.stop(signal.SIGTERM)
    assert home.call("restore", str(path), "--check", WEGWIJS_BACKUP_KEY=KEY).returncode == 0
    assert home.call("migrate-to", f"sqlite:///{home.folder / 'new.sqlite'}").returncode == 0


def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # the runner's own limit ends it
        time.sleep(0.05)
