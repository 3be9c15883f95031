"""`wegwijs serve`: a real process that says where it is, answers, and ends when it is asked to."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from tests.commands.conftest import Home

PATIENCE = 5.0  # seconds within which a server that was asked to stop has stopped


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that said it is ready."""

    process: subprocess.Popen[str]
    port: int
    said: str

    def get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def stop(self, sign: signal.Signals) -> tuple[int, float, str]:
        """Return the exit code, the seconds it took, and what was said on the error stream."""
        began = time.monotonic()
        self.process.send_signal(sign)
        _, err = self.process.communicate(timeout=30)
        return self.process.returncode, time.monotonic() - began, err


@contextmanager
def serving(home: Home, *words: str) -> Iterator[Server]:
    process = home.start("serve", "--port", "0", *words)
    assert process.stdout is not None
    try:
        said = ""
        while "Stop with Ctrl-C" not in said:
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            said += line
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\n", said)
        assert found, said
        yield Server(process=process, port=int(found[1]), said=said)
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_and_ends_cleanly(sign: signal.Signals, home: Home) -> None:
    with serving(home) as server:
        status, body = server.get("/healthz")
        report = json.loads(body)
        phone = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        phone.request("GET", "/")
        page = phone.getresponse()
        shown = page.read().decode()
        phone.request("GET", "/events", headers={"Cookie": str(page.headers["set-cookie"]).partition(";")[0]})
        stream = phone.getresponse()  # open, and waiting for what comes
        code, seconds, err = server.stop(sign)

    assert (status, report["ok"], report["conversations_waiting"]) == (200, True, 0)
    assert (page.status, stream.status) == (200, 200)
    assert "<html" in shown
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert str(home.data) in server.said
    assert (code, err) == (0, "")  # not a word of training either: the model was there
    assert seconds < PATIENCE
    # Everything was put away: SQLite folds its journal in when the last connection is closed.
    assert [path.name for path in (home.data / "database").iterdir()] == ["wegwijs.sqlite"]


def test_while_nobody_looks_after_the_accounts_it_prints_a_link_that_works(home: Home) -> None:
    with serving(home) as server:
        link = re.search(rf"http://127\.0\.0\.1:{server.port}(/desk/invitation\?link=[\w-]+)\n", server.said)
        assert link, server.said
        assert f"Console           http://127.0.0.1:{server.port}/desk\n" in server.said
        assert server.get(link[1])[0] == 200
        assert server.get(link[1][:-1])[0] == 410
        server.stop(signal.SIGTERM)


def test_a_taken_port_is_named_with_a_free_one_to_try(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        told = home.run("serve", "--port", str(port))

    assert told.exit_code == 1
    assert told.stderr == (
        f"Error: cannot listen on 127.0.0.1 port {port}: Address already in use; "
        f"choose another with --port {port + 1}\n"
    )


def test_an_address_that_is_not_ours_is_named(home: Home) -> None:
    told = home.run("serve", "--host", "192.0.2.1", "--port", "0")

    assert told.exit_code == 1
    assert "cannot listen on 192.0.2.1 port 0: Cannot assign requested address" in told.stderr
    assert "choose another address with --host" in told.stderr


def test_the_demo_says_where_its_desk_is_and_leaves_the_real_data_alone(home: Home) -> None:
    with serving(home, "--demo") as server:
        assert f"http://127.0.0.1:{server.port}/desk/demo" in server.said
        assert server.get("/healthz")[0] == 200
        assert (home.data / "demo" / "database" / "wegwijs.sqlite").exists()
        assert not (home.data / "database").exists()
        code, _, said = server.stop(signal.SIGTERM)
    assert (code, said) == (0, "")


def test_the_demo_is_not_served_to_other_machines(home: Home) -> None:
    refused = home.call("serve", "--demo", "--host", "0.0.0.0", "--port", "0")
    assert refused.returncode == 1
    assert "this machine only" in refused.stderr
