"""`wegwijs many`: everything starts in one command, what is killed starts again, and nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.peers.killable import free_port
from tests.test_engine import until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.postgresql

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def port() -> int:
    """The first of two that are free."""
    while True:
        port = free_port()
        if not answers(port + 1):
            return port


@pytest.fixture
def many(tmp_path: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "bot", "many", "--port", str(port)]
    # The model that all tests share; the demo's folder is this test's own.
    cache = Path(os.environ["WEGWIJS_DATA_DIR"]) / "cache"
    (tmp_path / "cache").symlink_to(cache)
    environment = {**os.environ, "WEGWIJS_DATA_DIR": str(tmp_path), "TMPDIR": "/tmp", "WEGWIJS_NLU_ENCODER": "1"}
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, text=True)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)


def answers(port: int, path: str = "/healthz") -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
            return int(response.status)
    except (urllib.error.URLError, OSError):
        return 0


def said(folder: Path) -> list[str]:
    return (folder / "log").read_text().splitlines()


def processes(folder: Path, name: str) -> list[int]:
    return [int(line.rpartition(" ")[2]) for line in said(folder) if line.strip().startswith(f"{name}: process")]


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_starts_heals_and_leaves_nothing(many: subprocess.Popen[str], tmp_path: Path, port: int) -> None:
    assert until(lambda: answers(port) == 200 and answers(port + 1) == 200, seconds=120), said(tmp_path)
    assert answers(port, "/desk/demo") == 200
    for name in ("web 1", "worker 2"):
        (first,) = processes(tmp_path, name)
        os.kill(first, signal.SIGKILL)

        assert until(lambda name=name: len(processes(tmp_path, name)) == 2, seconds=60)  # type: ignore[misc]
    assert until(lambda: answers(port) == 200, seconds=60), said(tmp_path)

    many.send_signal(signal.SIGTERM)

    assert many.wait(60) == 0
    everybody = [pid for name in ("web 1", "web 2", "worker 1", "worker 2") for pid in processes(tmp_path, name)]
    assert len(everybody) == 6
    assert not [pid for pid in everybody if is_there(pid)]
    assert not [line for line in said(tmp_path) if "Traceback" in line]
