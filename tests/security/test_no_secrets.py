"""The search for secrets finds them, and forgets none of what it was told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.security import no_secrets

if TYPE_CHECKING:
    from pathlib import Path

# Made up, and put together here so that the search finds none in this very file.
MADE_UP = {
    "a key of Twilio's": 'twilio = "SK' + "7f3a9c01e5d2846b" + "b2c94f6e07d1a358" + '"',
    "a token of Telegram's": "110201543:" + "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw7",
    "a key": "-----BEGIN RSA PRIVATE " + "KEY-----",
    "a password": 'password = "' + "zonnebloem99" + '"',
}


@pytest.mark.parametrize("words", MADE_UP.values(), ids=MADE_UP.keys())
def test_what_is_left_behind_is_found(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.py").write_text(words + "\n", encoding="utf-8")
    monkeypatch.setattr(no_secrets, "ROOT", tmp_path)
    assert [name for name, _, _ in no_secrets.found(["settings.py"])] == ["settings.py"]


def test_what_is_known_holds_digests_only() -> None:
    known = json.loads(no_secrets.KNOWN.read_text(encoding="utf-8"))
    assert known == sorted(known)
    assert all(len(digest) == 40 and set(digest) <= set("0123456789abcdef") for _, _, digest in known)
    assert {name for name, _, _ in known} <= set(no_secrets.looked_at())


def test_the_places_for_secrets_are_looked_at() -> None:
    looked_at = set(no_secrets.looked_at())
    assert {"bot/settings.py", "deploy/compose.yml", "deploy/env.example", "Dockerfile", ".ci/run"} <= looked_at
