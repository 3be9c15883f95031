"""Peers for WhatsApp: Prism on Twilio's own description, mountebank for faults, mitmproxy for replies that get lost."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.peers.install import install

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 60.0
ACCOUNT = "AC" + "a" * 32
# What we use of Twilio's interface, of the more than a hundred paths that it has.
USED = {
    "twilio_api_v2010.json": (
        "/2010-04-01/Accounts/{Sid}.json",
        "/2010-04-01/Accounts/{AccountSid}/Messages.json",
        "/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Media/{Sid}.json",
    ),
    "twilio_content_v1.json": (
        "/v1/Content",
        "/v1/Content/{ContentSid}/ApprovalRequests/whatsapp",
        "/v1/ContentAndApprovals",
    ),
}


def modules() -> Path:
    """Return the folder with the npm packages."""
    return install("twilio").parent.parent


def description() -> dict[str, Any]:
    """
    Return Twilio's own description, cut to what we use.

    A form repeats a field for each value of an array; the description leaves that to the default of another version.
    And the addresses of a list's pages are relative, while the description calls them whole ones: Prism would refuse
    the description's own example.
    """
    folder = modules() / "@twilio" / "cli-core" / "src" / "services" / "twilio-api"
    whole: dict[str, Any] = {}
    for name, paths in USED.items():
        one = json.loads((folder / name).read_text(encoding="utf-8"))
        whole = whole or {**one, "paths": {}, "components": {**one["components"], "schemas": {}}}
        whole["paths"] |= {path: one["paths"][path] for path in paths}
        whole["components"]["schemas"] |= one["components"]["schemas"]
    form = whole["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages.json"]["post"]["requestBody"]["content"]
    arrays = {"MediaUrl", "PersistentAction"}
    form["application/x-www-form-urlencoded"]["encoding"] = {
        name: {"style": "form", "explode": True, "allowReserved": True} for name in arrays
    }
    listed = whole["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages.json"]["get"]["responses"]["200"]["content"]
    for setting in listed["application/json"]["schema"]["properties"].values():
        setting.pop("format", None)
    return whole


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(words: list[str], port: int, log: Path) -> Iterator[None]:
    """Start a program, wait until it listens, and end it afterwards."""
    with log.open("wb") as out:
        process = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        until = time.monotonic() + PATIENCE
        while not _listens(port):
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < until, log.read_text(errors="replace")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def prism(folder: Path) -> Iterator[str]:
    """Serve Twilio's description: a request that does not fit it is answered with an error. Gives its address."""
    described = folder / "twilio.json"
    described.write_text(json.dumps(description()), encoding="utf-8")
    port = free_port()
    words = [str(install("twilio")), "mock", "--errors", "--host", "127.0.0.1", "--port", str(port), str(described)]
    with running(words, port, folder / "prism.log"):
        yield f"http://127.0.0.1:{port}"


@dataclass(frozen=True, kw_only=True)
class Imposter:
    """One made-up server of mountebank's."""

    url: str
    admin: int
    port: int

    def requests(self) -> list[dict[str, Any]]:
        """Return what it was asked, in order."""
        found: list[dict[str, Any]] = _ask(self.admin, "GET", f"/imposters/{self.port}")["requests"]
        return found


@dataclass(frozen=True, kw_only=True)
class Mountebank:
    """Makes servers that answer as they are told."""

    port: int

    @contextmanager
    def imposter(self, *stubs: dict[str, Any]) -> Iterator[Imposter]:
        """Give a server that answers by these stubs, the first whose predicates fit."""
        wanted = {"protocol": "http", "host": "127.0.0.1", "recordRequests": True, "stubs": list(stubs)}
        made = int(_ask(self.port, "POST", "/imposters", wanted)["port"])
        try:
            yield Imposter(url=f"http://127.0.0.1:{made}", admin=self.port, port=made)
        finally:
            _ask(self.port, "DELETE", f"/imposters/{made}")


def _ask(port: int, method: str, path: str, body: object = None) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        sent = json.dumps(body).encode() if body is not None else None
        connection.request(method, path, sent, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        found: dict[str, Any] = json.loads(answer.read())
        assert answer.status < 300, found
        return found
    finally:
        connection.close()


@contextmanager
def mountebank(folder: Path) -> Iterator[Mountebank]:
    port = free_port()
    words = [str(modules() / ".bin" / "mb"), "start", "--port", str(port), "--localOnly", "--nologfile"]
    words += ["--pidfile", str(folder / "mb.pid"), "--host", "127.0.0.1"]
    with running(words, port, folder / "mountebank.log"):
        yield Mountebank(port=port)


_LOSES_REPLIES = """
def response(flow):
    if flow.request.method == "POST" and "Messages.json" in flow.request.path:
        flow.kill()
"""


@contextmanager
def losing_replies(upstream: str, folder: Path) -> Iterator[str]:
    """Stand before a server and let every message through, but not the answer to it. Gives the address to ask."""
    addon = folder / "lose.py"
    addon.write_text(_LOSES_REPLIES, encoding="utf-8")
    port = free_port()
    words = [str(install("mitmproxy")), "--mode", f"reverse:{upstream}", "--listen-host", "127.0.0.1"]
    words += ["--listen-port", str(port), "--set", f"confdir={folder / 'mitmproxy'}", "-q", "-s", str(addon)]
    with running(words, port, folder / "mitmproxy.log"):
        yield f"http://127.0.0.1:{port}"


# ---- what mountebank answers


def answers(status: int, body: object, *, only: dict[str, Any] | None = None, **behaviour: Any) -> dict[str, Any]:
    """Return a stub that answers so; `body` is JSON, or text as it is."""
    document = body if isinstance(body, str) else json.dumps(body)
    kind = "text/html" if isinstance(body, str) else "application/json"
    response: dict[str, Any] = {
        "is": {"statusCode": status, "headers": {"Content-Type": kind, "Connection": "close"}, "body": document}
    }
    if behaviour:
        response["behaviors"] = [behaviour]
    return {"responses": [response]} | ({"predicates": [only]} if only else {})


def refuses(status: int, code: int) -> dict[str, Any]:
    """Return a stub that refuses as Twilio does."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return answers(status, {"code": code, "message": "refused", "more_info": more, "status": status})


def breaks(fault: str) -> dict[str, Any]:
    """Return a stub that breaks the connection (CONNECTION_RESET_BY_PEER, RANDOM_DATA_THEN_CLOSE)."""
    return {"responses": [{"fault": fault}]}


def taken(sid: str = "SM" + "5" * 32) -> dict[str, Any]:
    """Return a stub that takes a message."""
    return answers(201, {"sid": sid, "status": "queued", "body": "x", "account_sid": ACCOUNT})


def main() -> int:
    """Print the description that Prism serves, for whoever wants to look at it."""
    json.dump(description(), sys.stdout, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
