"""
Every public route, asked by schemathesis: nothing it thinks of is an error of ours, and nothing of it gets in a log.

The program is given tests/peers/routes.yml, and asks a real `wegwijs serve`: at the door, and from behind it, with what
each door asks for (Telegram's secret, Twilio's signature, the page's cookie and token).
"""

from __future__ import annotations

import os
import re
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError

import pytest

from tests.peers.install import program
from tests.peers.killable import environment, killable, rows
from tests.test_endurance import AUTH, MESSENGERS, PUBLIC, SECRET, TOKEN, Post

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.peers.killable import Server

pytestmark = pytest.mark.peers

HERE = Path(__file__).parent
# Free text, telephone numbers and chats in the requests are made of these; see routes.yml.
THEIRS = ("zwijg", "31612345", "770077")
SECRETS = (AUTH, SECRET, TOKEN)
AGREED = "SELECT count(*) FROM newcomers WHERE consent_at IS NOT NULL"
# Of the people in routes.yml these accept the notice; of each messenger one does not.
WHO_AGREE = (770_076_000, 770_076_002, 2_345_001, 2_345_003)


@contextmanager
def serving(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Give a server with both messengers set up; neither is there."""
    for name, value in {
        **environment(folder),
        **MESSENGERS,
        "WEGWIJS_LOG_LEVEL": "DEBUG",
        "TRUSTED_PROXIES": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    with killable(folder) as server:
        server.start()
        while not is_well(server):
            time.sleep(0.1)
        yield server


def is_well(server: Server) -> bool:
    try:
        with urllib.request.urlopen(f"{site(server)}healthz", timeout=30) as answer:
            return bool(answer.status == 200)
    except URLError:
        return False


def site(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}/"


def agree(server: Server) -> None:
    """Have somebody at each messenger accept the notice, so that what they send is answered."""
    for who in WHO_AGREE:
        for number, words in enumerate(("Hallo", "ja")):
            path, body, headers = Post(newcomer=who, number=number, words=words).request()
            asked = urllib.request.Request(f"{site(server)[:-1]}{path}", body, headers)
            with urllib.request.urlopen(asked, timeout=30) as answer:
                assert answer.status == 200
    while rows(server, AGREED) != [(len(WHO_AGREE),)]:
        time.sleep(0.1)


def fuzz(server: Server, *more: str, **environment: str) -> tuple[int, str]:
    """Have schemathesis ask every route; return its exit code and what it says."""
    words = ["--config-file", str(HERE / "schemathesis.toml"), "--no-color", "run", *more, "--url", site(server)]
    words = [str(program("schemathesis")), *words, str(HERE / "routes.yml")]
    done = subprocess.run(
        words, cwd=server.folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def leaks(server: Server) -> list[str]:
    """Return the lines of the log that no log of ours may have."""
    forbidden = re.compile("|".join(map(re.escape, (*THEIRS, *SECRETS, "Traceback"))))
    return [line for line in server.log().splitlines() if forbidden.search(line)]


def test_at_the_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(tmp_path, monkeypatch) as server:
        code, told = fuzz(server, "--phases", "examples,fuzzing")
        assert code == 0, told
        assert is_well(server)
        assert rows(server, "SELECT channel, count(*) FROM inbound GROUP BY channel") == [], "nobody was let in"
        assert leaks(server) == []


def test_behind_the_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {
        "SCHEMATHESIS_HOOKS": str(HERE / "fuzz_hooks.py"),
        "FUZZ_TELEGRAM_SECRET": SECRET,
        "FUZZ_TWILIO_TOKEN": AUTH,
        "FUZZ_PUBLIC_URL": PUBLIC,
    }
    with serving(tmp_path, monkeypatch) as server:
        agree(server)
        # The stream of changes of one's own page never ends.
        code, told = fuzz(server, "--exclude-path", "/events", FUZZ_SITE=site(server), **keys)
        assert code == 0, told
        while rows(server, "SELECT count(*) FROM inbound WHERE status = 'unread'") != [(0,)]:
            time.sleep(0.2)
        stored = dict(rows(server, "SELECT channel, count(*) FROM inbound GROUP BY channel"))
        assert set(stored) == {"telegram", "whatsapp", "preview"}, "some of it is understood"
        assert rows(server, "SELECT kind, error FROM inbound WHERE status = 'set_aside'") == [], "each turn went well"
        assert is_well(server)
        assert leaks(server) == []
        assert [line for line in server.log().splitlines() if "engine job failed" in line] == []
