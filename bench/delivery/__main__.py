"""
How fast messages come in and go out, beside what HTTP alone costs: `make bench-delivery`.

In: a real `wegwijs serve` gets webhook posts of many newcomers, answers them, and sends the answers to a Telegram that
nobody here wrote (an emulator of the Bot API). Timed is each post until its 2xx, which means that it is stored. Beside
it, in turn, the same posts go to a server that only reads them and says 204: no service can be quicker than that.

Out: an outbox full of messages is delivered to the same emulator without a rate limit. Beside it the same number of
bare posts goes to it, as many side by side.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from bot.channels.limits import TELEGRAM
from bot.channels.telegram import Telegram
from bot.commands.output import progress
from bot.commands.throwaway import throwaway
from bot.deliver import deliver_due
from bot.domain.turn import Message
from bot.settings import Settings
from bot.wiring import parts
from tests.peers.install import install

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from starlette.requests import Request

    from bot.domain.messenger import Letter
    from bot.runtime import Runtime
    from bot.store.work import Work

SECRET, TOKEN = "bench-secret", "7:AAF-emulated_token"  # of nobody
SIDE_BY_SIDE = 8
WARM = 24
DELIVERERS = 3  # as the engine has
WORDS = ("menu", "Hoe vind ik een huisarts?", "ja", "كيف أحصل على بدل السكن؟", "lekkage in de badkamer", "bedankt")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextmanager
def running(command: Sequence[str], port: int, environment: dict[str, str] | None = None) -> Iterator[None]:
    """Give a program that listens on the port, until the block ends."""
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env={**os.environ, **(environment or {})}, **quiet)
    try:
        end = time.monotonic() + 120
        while not answers(port):
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"{command[0]} does not start")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def bare_server() -> Iterator[int]:
    """Give the port of a server that reads a post and says 204: what HTTP alone costs, with the same server program."""

    async def read(request: Request) -> Response:
        await request.body()
        return Response(status_code=204)

    port = free_port()
    app = Starlette(routes=[Route("/webhooks/telegram", read, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join(timeout=10)


@dataclass
class Timed:
    """Seconds of each call, and of all of them together."""

    each: list[float] = field(default_factory=list)
    whole: float = 0.0

    @property
    def a_second(self) -> float:
        return len(self.each) / self.whole

    def milliseconds(self) -> tuple[float, float]:
        """Return the median and the 99th percentile."""
        cuts = quantiles(self.each, n=100, method="inclusive")
        return cuts[49] * 1000, cuts[98] * 1000


def side_by_side(calls: Sequence[Callable[[http.client.HTTPConnection], None]], port: int, timed: Timed) -> None:
    """Make the calls over as many connections as senders, each of its own kept open."""
    waiting, lock = list(reversed(calls)), threading.Lock()

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with lock:
                if not waiting:
                    break
                call = waiting.pop()
            began = time.perf_counter()
            call(connection)
            seconds = time.perf_counter() - began
            with lock:
                timed.each.append(seconds)
        connection.close()

    began = time.perf_counter()
    with ThreadPoolExecutor(SIDE_BY_SIDE) as senders:
        for sender in [senders.submit(work) for _ in range(SIDE_BY_SIDE)]:
            sender.result()
    timed.whole += time.perf_counter() - began


def post(path: str, body: bytes) -> Callable[[http.client.HTTPConnection], None]:
    headers = {"content-type": "application/json", "x-telegram-bot-api-secret-token": SECRET}

    def call(connection: http.client.HTTPConnection) -> None:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        response.read()
        if not 200 <= response.status < 300:
            raise SystemExit(f"{path} answered {response.status}")

    return call


def update(newcomer: int, number: int) -> bytes:
    person = {"id": 1000 + newcomer, "is_bot": False, "first_name": "Amina", "language_code": "nl"}
    message = {
        "message_id": number + 1,
        "date": 1_795_000_000 + number,
        "chat": {"id": person["id"], "type": "private", "first_name": "Amina"},
        "from": person,
        "text": "ja" if number == 1 else WORDS[(newcomer + number) % len(WORDS)],
    }
    return json.dumps({"update_id": newcomer * 1000 + number, "message": message}).encode()


# ---- in


def measure_in(messages: int, emulator: int, settings: Settings) -> tuple[Timed, Timed, float]:
    """Return our posts, the bare ones, and how many messages a second were answered to the end."""
    ours, bare = Timed(), Timed()
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bench-delivery-", dir=settings.data_dir) as folder:
        (Path(folder) / "cache").symlink_to(settings.cache_dir.resolve())
        environment = {
            "WEGWIJS_DATA_DIR": folder,
            "WEGWIJS_LOG_LEVEL": "ERROR",
            "DATABASE_URL": "",
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_WEBHOOK_SECRET": SECRET,
            "TELEGRAM_API_URL": f"http://127.0.0.1:{emulator}",
            "PUBLIC_URL": "https://wegwijs.example",
        }
        wegwijs = str(Path(sys.executable).with_name("wegwijs"))
        with running([wegwijs, "serve", "--port", str(port)], port, environment), bare_server() as bare_port:
            newcomers = max(1, messages // 10)
            posts = [
                post("/webhooks/telegram", update(newcomer, number))
                for number in range(messages // newcomers)
                for newcomer in range(newcomers)
            ]
            # The first messages of a process compile its queries and start the encoder; they are not what we measure.
            side_by_side([post("/webhooks/telegram", update(90_000 + at, 0)) for at in range(WARM)], port, Timed())
            while waiting(port):
                time.sleep(0.2)
            began = time.perf_counter()
            part = max(SIDE_BY_SIDE, len(posts) // 10)
            for at in range(0, len(posts), part):
                side_by_side(posts[at : at + part], port, ours)
                side_by_side(posts[at : at + part], bare_port, bare)
            while waiting(port):
                time.sleep(0.2)
            answered = len(posts) / (time.perf_counter() - began)
    return ours, bare, answered


def waiting(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/healthz")
    count = int(json.loads(connection.getresponse().read())["conversations_waiting"])
    connection.close()
    return count


# ---- out


class Watched:
    """A channel whose sends are timed, without a rate limit."""

    name = Telegram.name
    limits = replace(TELEGRAM, per_second=1e6, burst=10**6)

    def __init__(self, inner: Telegram, timed: Timed) -> None:
        self._inner, self._timed = inner, timed

    def send(self, letter: Letter) -> str:
        began = time.perf_counter()
        sent = self._inner.send(letter)
        self._timed.each.append(time.perf_counter() - began)
        return sent


def measure_out(messages: int, emulator: int, runtime: Runtime) -> tuple[Timed, Timed]:
    """Return our sends and the bare posts."""
    ours, bare = Timed(), Timed()
    body = Message(response="utter_bench", text="*Huurtoeslag* " * 20, buttons=(), language="nl", direction="ltr")
    now = runtime.clock.now()

    def queue(work: Work) -> None:
        for number in range(messages):
            conversation = work.newcomers.writing_from("telegram", str(1000 + number // 3), now=now).conversation.id
            work.outbox.say(conversation, None, 0, body.as_body(), now - timedelta(seconds=1))

    runtime.database.write(queue)
    channel = Telegram(TOKEN, api_url=f"http://127.0.0.1:{emulator}")
    own = replace(runtime, channels={"telegram": Watched(channel, ours)})

    def deliver() -> None:
        idle = 0
        while idle < 3:
            idle = 0 if deliver_due(own) else idle + 1

    began = time.perf_counter()
    with ThreadPoolExecutor(DELIVERERS) as deliverers:
        for one in [deliverers.submit(deliver) for _ in range(DELIVERERS)]:
            one.result()
    ours.whole = time.perf_counter() - began
    channel.close()
    left = runtime.database.read(lambda work: work.outbox.is_due(runtime.clock.now(), channel="telegram"))
    if left or len(ours.each) != messages:
        raise SystemExit(f"{len(ours.each)} of {messages} messages went out")
    sends = [
        post(f"/bot{TOKEN}/sendMessage", json.dumps({"chat_id": 1000 + number, "text": body.text}).encode())
        for number in range(messages)
    ]
    side_by_side(sends, emulator, bare)
    return ours, bare


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-delivery", description=__doc__.strip().splitlines()[0])
    parser.add_argument("--messages", type=int, default=1000, help="how many each way (default 1000)")
    options = parser.parse_args()
    if options.messages < 20:
        parser.error("--messages: twenty or more, or there is no percentile")
    settings = Settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    emulator, port = install("telegram"), free_port()
    with progress() as show, parts(settings, show) as ready, tempfile.TemporaryDirectory() as folder:
        command = [str(emulator), "--port", str(port), "--enable-control", "--journal", f"{folder}/journal"]
        with running(command, port), throwaway(ready) as runtime:
            came_in, bare_in, answered = measure_in(options.messages, port, settings)
            went_out, bare_out = measure_out(options.messages, port, runtime)
    rows = {"in: stored": came_in, "in: bare post": bare_in, "out: sent": went_out, "out: bare post": bare_out}
    print(f"{'':20}{'a second':>10}{'p50 ms':>10}{'p99 ms':>10}")
    for name, timed in rows.items():
        half, most = timed.milliseconds()
        print(f"{name:20}{timed.a_second:10.0f}{half:10.2f}{most:10.2f}")
    print(
        f"bench-delivery: in {came_in.a_second:.0f}/s, p99 {came_in.milliseconds()[1]:.1f} ms, "
        f"ratio {came_in.a_second / bare_in.a_second:.2f} of {bare_in.a_second:.0f} bare posts/s; "
        f"answered {answered:.0f}/s; "
        f"out {went_out.a_second:.0f}/s, p99 {went_out.milliseconds()[1]:.1f} ms, "
        f"ratio {went_out.a_second / bare_out.a_second:.2f} of {bare_out.a_second:.0f} bare posts/s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
