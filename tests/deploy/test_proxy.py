"""The Caddyfile on a real Caddy, before a real web server that says what reached it."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = pytest.mark.proxy

CADDYFILE = Path(__file__).resolve().parents[2] / "deploy" / "Caddyfile"
OPEN = (
    "/desk", "/desk/", "/desk/sign-in?next=/desk", "/desk/cases/1/files/2", "/webhooks/telegram", "/webhooks/whatsapp",
    "/webhooks/whatsapp/status?reference=1", "/files/abc", "/media/letter.png", "/static/console.css?v=1",
)  # fmt: skip
SHUT = (
    "/messages", "/events", "/healthz", "/readyz", "/metrics", "/sent/1", "/language", "/deskevil", "/webhooks",
    "/webhooks/telegram/x", "/.env", "/desk/../healthz", "/desk/%2e%2e/healthz", "/desk/..%2fhealthz", "//healthz",
    "/static/..//messages",
)  # fmt: skip


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked; says that it is well."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        told = {"path": self.path, "length": len(body), "headers": {k.lower(): v for k, v in self.headers.items()}}
        written = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(written)))
        if "?v=" in self.path:
            self.send_header("strict-transport-security", "max-age=1")
        self.end_headers()
        self.wfile.write(written)

    do_GET = do_POST = answer  # noqa: N815  # the library's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A Caddy before an echo. On plain http: certificates are not what is tried here."""
    home, port, health = tmp_path_factory.mktemp("caddy"), free_port(), free_port()
    behind = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=behind.serve_forever, daemon=True).start()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "SITE_ADDRESS": f"http://127.0.0.1:{port}",
        "ACME_EMAIL": "beheer@example.nl",
        "WEB": f"127.0.0.1:{behind.server_address[1]}",
        "HEALTH_PORT": str(health),
    }
    caddy = shutil.which("caddy")
    assert caddy is not None
    command = [caddy, "run", "--adapter", "caddyfile", "--config", str(CADDYFILE)]
    with (
        (home / "log").open("w", encoding="utf-8") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            while process.poll() is None and not (answers(health) and answers(port)):
                time.sleep(0.05)
            assert process.poll() is None, (home / "log").read_text(encoding="utf-8")
            yield port
        finally:
            process.terminate()
            process.wait()
            behind.shutdown()


def answers(port: int) -> bool:
    try:
        return asked(port, "/")[0] < 500
    except OSError:
        return False


def asked(
    port: int, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with closing(connection):
        connection.request("POST" if body is not None else "GET", path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()


def told(content: bytes) -> Any:
    return json.loads(content)


@pytest.mark.parametrize("path", OPEN)
def test_what_is_open_arrives_as_it_was_asked(proxy: int, path: str) -> None:
    status, _, content = asked(proxy, path)
    assert status == 200
    assert told(content)["path"] == path


@pytest.mark.parametrize("path", SHUT)
def test_what_is_not_is_not_there(proxy: int, path: str) -> None:
    status, headers, content = asked(proxy, path)
    assert (status, content) == (404, b"")
    assert "strict-transport-security" in headers


def test_who_asks_for_nothing_comes_to_the_desk(proxy: int) -> None:
    status, headers, _ = asked(proxy, "/")
    assert (status, headers["location"]) == (302, "/desk")


def test_nobody_says_themselves_who_they_are(proxy: int) -> None:
    lies = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https", "x-forwarded-host": "evil.example"}
    headers = told(asked(proxy, "/desk", headers=lies)[2])["headers"]
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert "evil" not in headers["x-forwarded-host"]


def test_a_body_too_large_is_cut_off(proxy: int) -> None:
    assert told(asked(proxy, "/desk", b"a" * (20 << 20))[2])["length"] == 20 << 20
    try:
        status, _, _ = asked(proxy, "/desk", b"a" * (30 << 20))
    except OSError:  # cut off before it was all sent
        return
    assert status in {413, 502}


def test_a_head_too_large_is_refused(proxy: int) -> None:
    assert asked(proxy, "/desk", headers={"x-long": "a" * (64 << 10)})[0] == 431


def test_https_is_asked_for_once(proxy: int) -> None:
    _, headers, _ = asked(proxy, "/static/console.css?v=1")
    assert headers["strict-transport-security"] == "max-age=1"
    assert "caddy" not in str(headers).lower()


def test_the_file_is_written_as_caddy_writes_it() -> None:
    done = subprocess.run(["caddy", "fmt", str(CADDYFILE)], capture_output=True, text=True, check=True)
    assert done.stdout == CADDYFILE.read_text(encoding="utf-8")
