"""The command line at home: a small knowledge, its own data folder, and a model that was trained once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from click.testing import CliRunner

from bot.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from click.testing import Result

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
WEGWIJS = Path(sys.executable).with_name("wegwijs")
A_REPAIR = "De verwarming is kapot"


@dataclass(frozen=True, kw_only=True)
class Home:
    """Where one person runs `wegwijs`, with what stands in their environment."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *words: str, given: str | bytes | None = None, **environment: str) -> Result:
        """Run a command inside this process."""
        return CliRunner().invoke(main, words, input=given, env={**self.environment, **environment})

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """Start a command as a process of its own."""
        return subprocess.Popen(
            [WEGWIJS, *words],
            env={**os.environ, **self.environment, **environment},
            cwd=self.folder,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def call(self, *words: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a process of its own, and wait for its end."""
        with self.start(*words, **environment) as process:
            out, err = process.communicate(given, timeout=120)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    @property
    def data(self) -> Path:
        return Path(self.environment["WEGWIJS_DATA_DIR"])


@pytest.fixture(scope="session")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is laid over tests/knowledge/good; the words of the pages are the shipped ones."""
    folder = tmp_path_factory.mktemp("organisation")
    shutil.copytree(Path(__file__).parent / "knowledge", folder, dirs_exist_ok=True)
    shutil.copy(ROOT / "content" / "responses" / "preview.yml", folder / "content" / "responses")
    shutil.copytree(ROOT / "content" / "console", folder / "content" / "console")
    return folder


@pytest.fixture(scope="session")
def trained(organisation: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose model is ready; tests that leave something behind take a `home` of their own."""
    folder = tmp_path_factory.mktemp("home")
    environment = {
        "WEGWIJS_DATA_DIR": str(folder / "data"),
        "WEGWIJS_KNOWLEDGE_DIR": str(TESTS / "knowledge" / "good"),
        "WEGWIJS_ORGANISATION_DIR": str(organisation),
        "WEGWIJS_NLU_ENCODER": "0",
        "WEGWIJS_LOG_LEVEL": "ERROR",
        "COLUMNS": "120",
    }
    home = Home(folder=folder, environment=environment)
    assert home.run("train").exit_code == 0
    return home


@pytest.fixture
def home(trained: Home, tmp_path: Path) -> Home:
    """A home with the model and nothing else in it yet."""
    shutil.copytree(trained.data / "cache", tmp_path / "data" / "cache")
    return Home(folder=tmp_path, environment={**trained.environment, "WEGWIJS_DATA_DIR": str(tmp_path / "data")})


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A command sets up logging for its own process; here the process goes on."""
    yield
    structlog.reset_defaults()
