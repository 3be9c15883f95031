"""`wegwijs evaluate`: figures on messages that were not trained on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.commands.conftest import Home


def test_the_figures_add_up_and_the_trained_model_stays(home: Home) -> None:
    models = sorted((home.data / "cache" / "nlu").glob("understanding-*"))
    told = home.run("evaluate", "--json")
    report = json.loads(told.stdout)

    assert told.exit_code == 0
    assert set(report["by_language"]) == {"nl", "en", "ar"}
    assert report["total"]["ours"] + report["total"]["others"] == 36
    assert sum(score["ours"] for score in report["by_language"].values()) == report["total"]["ours"]
    assert report["total"]["by_engine"] == {"lexical": 36}  # as the settings ask, without the encoder
    assert sorted((home.data / "cache" / "nlu").glob("understanding-*")) == models
