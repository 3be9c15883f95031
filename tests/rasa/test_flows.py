"""Rasa Pro's own reader takes the flows: that they are in Rasa's format is not only our word."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.peers.install import program

pytestmark = pytest.mark.peers
ROOT = Path(__file__).resolve().parents[2]


def read_by_rasa(folder: Path) -> subprocess.CompletedProcess[str]:
    script = Path(__file__).with_name("read_flows.py")
    command = [str(program("rasa_pro")), "-I", str(script), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_file_of_flows_is_read_and_nothing_is_warned_of() -> None:
    read = read_by_rasa(ROOT / "flows")
    said = read.stdout.splitlines()
    assert read.returncode == 0, read.stdout + read.stderr
    files = {path.name for path in (ROOT / "flows").glob("*.yml")}
    assert {line.partition(":")[0] for line in said} == {*files, "together"}


def test_what_rasa_does_not_know_is_refused(tmp_path: Path) -> None:
    flow = "flows:\n  one:\n    description: One\n    comes_back: false\n    steps:\n      - action: utter_one\n"
    (tmp_path / "one.yml").write_text(flow, "utf-8")
    read = read_by_rasa(tmp_path)
    assert read.returncode == 1
    assert "comes_back" in read.stdout


def test_a_call_to_a_flow_that_is_nowhere_is_told(tmp_path: Path) -> None:
    flow = "flows:\n  one:\n    description: One\n    steps:\n      - call: nowhere\n"
    (tmp_path / "one.yml").write_text(flow, "utf-8")
    read = read_by_rasa(tmp_path)
    assert read.returncode == 1
    assert "nowhere" in read.stdout
