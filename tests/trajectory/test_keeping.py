"""A template is kept as it is, to the last field."""

from __future__ import annotations

import json

import pytest

from bot.knowledge.folders import folders
from bot.knowledge.load import load
from bot.trajectory.keeping import as_json, from_json
from tests.trajectory.small import EVERYTHING, template


def test_a_template_comes_back_as_it_was() -> None:
    kept = template(*EVERYTHING)
    assert from_json(json.loads(json.dumps(as_json(kept), sort_keys=True))) == kept
    assert list(from_json(as_json(kept)).tasks) == list(kept.tasks)


@pytest.mark.parametrize("name", ["twelve_months", "participation"])
def test_so_does_each_that_we_ship(name: str) -> None:
    kept = load(folders()).trajectories[name]
    again = from_json(json.loads(json.dumps(as_json(kept))))
    assert again == kept
    assert list(again.tasks) == list(kept.tasks)
