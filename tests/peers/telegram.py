"""
Telegram for a test: the Bot API emulator that nobody here wrote, and a gate before it where the line can be cut.

The emulator answers everything. The gate passes each call on as it stands and keeps what was asked and answered, since
the emulator does not keep texts. It can also do what a network or a busy service does: refuse, hang, break off, answer
with an error of Telegram's own wording.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import socket
import struct
import subprocess
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tests.channels.updates import update as whole
from tests.peers.install import program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.channels.updates import Json

TOKEN = "7:AAF-emulated_token"
PATIENCE = 30.0  # seconds; only a test that fails waits so long
QUEUED = frozenset({"message", "callback_query", "inline_query"})  # what the emulator takes from a test


def until(happened: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Wait until it happened; return whether it did."""
    end = time.monotonic() + seconds
    while not (found := happened()) and time.monotonic() < end:
        time.sleep(0.01)
    return bool(found)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of the Bot API: what was asked, and what was answered (0: nothing, the line was cut)."""

    method: str
    fields: dict[str, Any]
    files: dict[str, bytes]
    status: int
    result: Any = None
    at: float = field(default_factory=time.monotonic)

    @property
    def chat(self) -> int | None:
        return int(self.fields["chat_id"]) if "chat_id" in self.fields else None

    @property
    def buttons(self) -> list[tuple[str, str]]:
        markup = json.loads(self.fields.get("reply_markup", "{}"))
        rows = markup.get("inline_keyboard", [])
        return [(key["text"], key["callback_data"]) for row in rows for key in row]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to one call instead of, or after, its being passed on."""

    method: str
    status: int = 0
    body: bytes = b""
    passes: bool = False  # the emulator does it, and only the answer is lost
    hangs: bool = False


def refusal(method: str, status: int, description: str, **parameters: Any) -> Fault:
    """Telegram's own way of saying no."""
    body = {"ok": False, "error_code": status, "description": description}
    body |= {"parameters": parameters} if parameters else {}
    return Fault(method=method, status=status, body=json.dumps(body).encode())


def breaks_off(method: str, *, after: bool = False) -> Fault:
    """The connection is reset: before the call is passed on, or after."""
    return Fault(method=method, passes=after)


def hangs(method: str, *, after: bool = False) -> Fault:
    """No answer ever comes."""
    return Fault(method=method, passes=after, hangs=True)


@dataclass
class Gate:
    """The line to the emulator. `calls` is all that went over it, in the order in which it was answered."""

    emulator_port: int
    port: int = field(default_factory=free_port)
    calls: list[Call] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    # Updates of kinds that the emulator does not queue: it holds them as messages, and the gate gives their kind back.
    kinds: dict[int, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ending: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingHTTPServer | None = None

    def open(self) -> None:
        """Take connections."""
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                gate.answer(self)

            do_GET = do_POST  # noqa: N815  # the server looks for this name

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_: object) -> None:
                """A client that went away is no error here."""

        self._ending = threading.Event()
        self._server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Refuse connections, and cut those that are open."""
        if self._server is not None:
            self._ending.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def fail(self, *faults: Fault) -> None:
        """Have the next calls of these methods fail, each once, in this order."""
        with self._lock:
            self.faults.extend(faults)

    def of(self, method: str) -> list[Call]:
        return [call for call in list(self.calls) if call.method == method]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Pass one call on, or do to it what a test asked for."""
        method = request.path.rsplit("/", 1)[-1]
        body = request.rfile.read(int(request.headers.get("content-length", 0)))
        fields, files = _read(request.headers.get("content-type", ""), body)
        with self._lock:
            fault = next((one for one in self.faults if one.method == method), None)
            if fault is not None:
                self.faults.remove(fault)
        if fault is None or fault.passes:
            status, answer = self._passed_on(request, body)
        else:
            status, answer = fault.status, fault.body
        result = _json(answer).get("result")
        if fault is None or fault.status:
            self.calls.append(Call(method=method, fields=fields, files=files, status=status, result=result))
            request.send_response(status)
            request.send_header("content-length", str(len(answer)))
            request.end_headers()
            request.wfile.write(answer)
            return
        self.calls.append(Call(method=method, fields=fields, files=files, status=0, result=result))
        if fault.hangs:
            self._ending.wait(PATIENCE)
        request.close_connection = True
        # Zero seconds of lingering: the other side sees a reset, not an end.
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.connection.close()

    def _passed_on(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes]:
        line = http.client.HTTPConnection("127.0.0.1", self.emulator_port, timeout=60)
        headers = {"content-type": request.headers.get("content-type", "")}
        ending = self._ending
        line.request(request.command, request.path, body, headers)
        # An open question for updates ends with whoever asked it: a second one meets 409 until then.
        while line.sock is not None and not _readable(line.sock):
            if ending.is_set() or _gone(request.connection):
                line.close()
                raise ConnectionResetError
        got = line.getresponse()
        answer = got.read()
        line.close()
        return got.status, self._with_kinds(answer)

    def _with_kinds(self, answer: bytes) -> bytes:
        said = _json(answer)
        updates = said.get("result")
        if not self.kinds or not isinstance(updates, list):
            return answer
        changed = [
            whole(self.kinds[one["update_id"]], one["message"], one["update_id"])
            if one["update_id"] in self.kinds
            else one
            for one in updates
        ]
        return json.dumps({**said, "result": changed}).encode()


def _json(answer: bytes) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        found = json.loads(answer)
        return found if isinstance(found, dict) else {}
    return {}


def _readable(line: socket.socket) -> bool:
    line.settimeout(0.05)
    try:
        return line.recv(1, socket.MSG_PEEK) is not None
    except TimeoutError:
        return False
    finally:
        line.settimeout(60)


def _gone(line: socket.socket) -> bool:
    try:
        return line.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _read(content_type: str, body: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    if not content_type.startswith("multipart/"):
        return dict(parse_qsl(body.decode(), keep_blank_values=True)), {}
    parsed = BytesParser(policy=HTTP).parsebytes(f"content-type: {content_type}\r\n\r\n".encode() + body)
    fields: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    for part in parsed.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if part.get_filename() is None:
            fields[name] = content.decode()
        else:
            files[name] = content
    return fields, files


@dataclass
class Emulator:
    """The running emulator and the gate before it. `tell` is what a person does on their phone."""

    process: subprocess.Popen[bytes]
    port: int
    gate: Gate
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.gate.port}"

    def tell(self, kind: str, body: Json) -> int:
        """Have one update happen; return its number."""
        number = next(self.numbers)
        if kind not in QUEUED:
            self.gate.kinds[number] = kind
        name = kind if kind in QUEUED else "message"
        said = self.control("updates", {"token": TOKEN, "update": whole(name, body, number)})
        assert said["ok"], said
        return number

    def deliver(self) -> int:
        """Have what waits posted to the webhook again, as Telegram does after a while; return how many were taken."""
        return int(self.control("deliver", {"token": TOKEN})["result"]["delivered"])

    def pending(self) -> int:
        return int(self.ask("getWebhookInfo")["pending_update_count"])

    def ask(self, method: str, fields: Json | None = None) -> Any:
        """Call the Bot API past the gate."""
        return self._post(f"/bot{TOKEN}/{method}", fields or {})["result"]

    def control(self, what: str, body: Json) -> Json:
        return self._post(f"/__fixture/{what}", body)

    def _post(self, path: str, body: Json) -> Json:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        line.request("POST", path, json.dumps(body), {"content-type": "application/json"})
        found: Json = json.loads(line.getresponse().read())
        line.close()
        return found


@contextlib.contextmanager
def emulator() -> Iterator[Emulator]:
    """Give a fresh emulator with an open gate; both end with the block."""
    port = free_port()
    words = ["--port", str(port), "--enable-control", "--allow-insecure-loopback-webhooks"]
    process = subprocess.Popen([str(program("telegram")), *words], stdout=subprocess.DEVNULL)
    gate = Gate(emulator_port=port)
    gate.open()
    try:
        running = Emulator(process=process, port=port, gate=gate)
        assert until(lambda: _answers(port)), "the emulator did not start"
        yield running
    finally:
        gate.close()
        process.terminate()
        process.wait(timeout=10)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
