"""
How quick the desk is with ten thousand open cases, and how soon fifty volunteers hear of a change: `make bench-desk`.

A real server in a process of its own, on an SQLite file on disk with so many open cases. The queue and a case's page
are asked for one after the other over one connection, in turn with two things that no page can be quicker than: a
static file of the same server, and a bare SELECT of as many rows on the same file. Then fifty volunteers open the
stream of events, a case changes, and the last of the fifty to hear it is timed; the reader looks once a second, so
that half a second is what the best of such readers needs on average.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import random
import secrets
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import mean, quantiles
from typing import TYPE_CHECKING

import uvicorn

from bot.channels.webchat import WebChat
from bot.commands.output import progress
from bot.commands.serve import application
from bot.domain.clock import SystemClock
from bot.domain.turn import Message
from bot.settings import Settings
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
from bot.survey import PAGE
from bot.web.console.entrance import COOKIE
from bot.web.console.events import EVERY
from bot.wiring import parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from bot.store.work import Work

TEAM = "form_team"
MESSAGES = 30  # in the case whose page is measured, half of them the newcomer's
NUMBERS = "(WITH RECURSIVE n(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < :many) SELECT n FROM n)"
REST = f"""
INSERT INTO data_keys (id, master_key_id, wrapped, created_at) SELECT 'k' || n, '', x'', datetime() FROM {NUMBERS};
INSERT INTO newcomers (id, data_key_id, created_at) SELECT 'n' || n, 'k' || n, datetime() FROM {NUMBERS};
INSERT INTO addresses (id, newcomer_id, channel, digest, sealed)
SELECT 'a' || n, 'n' || n, 'preview', randomblob(16), x'' FROM {NUMBERS};
INSERT INTO conversations (id, newcomer_id, channel, address_id, created_at, updated_at, heard_at)
SELECT 'v' || n, 'n' || n, 'preview', 'a' || n, datetime(), datetime(), datetime() FROM {NUMBERS};
INSERT INTO cases (id, number, newcomer_id, conversation_id, priority, reason, topic, language, summary_sealed, team,
  opened_at, waiting_since)
SELECT 'c' || n, n, 'n' || n, 'v' || n, CASE WHEN n % 50 = 0 THEN 'urgent' ELSE 'normal' END, 'asked',
  json_extract('["housing","benefits","health","school","work"]', '$[' || (n % 5) || ']'),
  json_extract('["ar","ti","nl","en","fa","tr","uk","so","fr"]', '$[' || (n % 9) || ']'), randomblob(200), '{TEAM}',
  datetime(), strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || abs(random() % 432000) || ' seconds') || '000'
FROM {NUMBERS};
ANALYZE
"""  # noqa: S608  # nothing in it comes from outside
QUIET = 5.0  # seconds until what was filled is no news any more
BARE = f"""
SELECT c.id, c.number, c.language, c.topic, c.priority, c.state, c.team, c.version, c.waiting_since,
  v.channel, v.heard_at
FROM cases c JOIN conversations v ON v.id = c.conversation_id
WHERE c.state <> 'closed' AND c.team = '{TEAM}' AND c.state = 'queued' AND c.priority = 'normal'
ORDER BY c.waiting_since, c.id LIMIT {PAGE + 1}
"""  # noqa: S608  # nothing in it comes from outside


# ---- what is measured on


@dataclass(frozen=True)
class Filled:
    """A full desk: the cookie of a volunteer, those of all who listen, and a case that the first of them has."""

    secrets: Sequence[str]
    case_id: str


def fill(database: Database, cases: int, volunteers: int) -> Filled:
    """Open so many cases, in every language and of every priority, and sign so many volunteers in."""
    now = SystemClock().now()
    first = database.write(lambda work: open_case(work, now))

    def the_rest(work: Work) -> None:
        # A queue shows nothing that is sealed, so that these need no words.
        for statement in REST.split(";"):
            work.connection.exec_driver_sql(statement, {"many": cases} if ":many" in statement else {})

    database.write(the_rest)
    signed_in = [secrets.token_urlsafe(32) for _ in range(volunteers)]

    def sign_in(work: Work) -> None:
        for at, secret in enumerate(signed_in):
            user = work.users.add(f"Volunteer {at}", roles=["volunteer"], teams=[TEAM], languages=["nl", "ar"], now=now)
            work.sessions.start(
                user.id, secret=secret, device=None, now=now, until=now + timedelta(hours=12), confirmed_at=now
            )
            if at == 0:
                case = work.cases.get(first)
                assert case is not None
                work.cases.claim(case.id, case.version, user.id, now)
                work.cases.route_all(case.newcomer_id)

    database.write(sign_in)
    return Filled(signed_in, first)


def open_case(work: Work, now: datetime) -> str:
    """Open the case whose page is measured, with all its messages."""
    writing = work.newcomers.writing_from("preview", "bench", now=now, language="ar")
    conversation = writing.conversation.id
    for number in range(MESSAGES // 2):
        body = {"text": f"een vraag over mijn brief, nummer {number}"}
        row = work.inbox.receive(conversation, "preview", f"{number}", "text", body, now)
        assert row is not None
        work.inbox.mark_read([row.id])
        answer = Message(response="utter_x", text="Kunt u meer vertellen?", buttons=(), language="nl", direction="ltr")
        work.outbox.say(conversation, row.id, 0, answer.as_body(), now)
    case = work.cases.open(
        writing.newcomer.id,
        conversation,
        reason="asked",
        priority="normal",
        topic="housing",
        question_id=None,
        language="ar",
        summary="een vraag over mijn brief",
        now=now,
        team=TEAM,
    )
    return case.id


def database_in(place: Path) -> Database:
    return Database.open(f"sqlite:///{place}/wegwijs.sqlite", Vault(MasterKeys.load_or_create(place / "keys")))


def serve(place: Path, port: int) -> None:
    """What the child does: the same application as `wegwijs serve`, without messengers and timers."""
    webchat = WebChat()
    with parts(Settings()) as ready, database_in(place) as database:
        runtime = ready.runtime(database, channels={WebChat.name: webchat})
        app = application(runtime, webchat, secret=secrets.token_bytes(32))
        uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False, lifespan="off")


@contextmanager
def server(place: Path) -> Iterator[int]:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    child = subprocess.Popen([sys.executable, "-m", "bench.desk", "--serve", str(place), "--port", str(port)])
    try:
        until = time.monotonic() + 120
        while True:
            try:
                ask(http.client.HTTPConnection("127.0.0.1", port, timeout=5), "/healthz", "")
            except OSError:
                if child.poll() is not None or time.monotonic() > until:
                    raise
                time.sleep(0.1)
            else:
                break
        yield port
    finally:
        child.kill()
        child.wait()


# ---- pages


def ask(connection: http.client.HTTPConnection, path: str, secret: str) -> tuple[int, float, int]:
    """Return the status, the seconds until the answer began, and how many bytes it was."""
    began = time.perf_counter()
    connection.request("GET", path, headers={"cookie": f"{COOKIE}={secret}"} if secret else {})
    answer = connection.getresponse()
    first = time.perf_counter() - began
    return answer.status, first, len(answer.read())


def measure_pages(port: int, filled: Filled, place: Path, rounds: int) -> tuple[dict[str, list[float]], dict[str, int]]:
    paths = {
        "queue": "/desk/queue",
        "queue, one language": "/desk/queue?language=ti",
        "today": "/desk",
        "case": f"/desk/cases/{filled.case_id}",
        "a static file": "/static/icon.svg",
    }
    seconds: dict[str, list[float]] = defaultdict(list)
    weights: dict[str, int] = {}
    with (
        closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection,
        closing(sqlite3.connect(place / "wegwijs.sqlite")) as bare,
    ):
        for number in range(rounds + 5):
            for name, path in paths.items():
                status, first, weights[name] = ask(connection, path, filled.secrets[0])
                if status != 200:
                    raise SystemExit(f"{path} answered {status}")
                if number >= 5:  # the first ones compile templates and queries
                    seconds[name].append(first)
            began = time.perf_counter()
            rows = bare.execute(BARE).fetchall()
            if number >= 5:
                seconds["a bare SELECT"].append(time.perf_counter() - began)
            assert len(rows) == PAGE + 1
    return seconds, weights


# ---- events


async def listen(port: int, secret: str, case_id: str, heard: asyncio.Queue[float], ready: asyncio.Semaphore) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /desk/events HTTP/1.1\r\nhost: localhost\r\ncookie: {COOKIE}={secret}\r\n\r\n".encode())
    status = await reader.readline()
    if b"200" not in status:
        raise SystemExit(f"/desk/events answered {status!r}")
    try:
        while line := await reader.readline():
            if line.startswith(b"retry:"):
                ready.release()
            if line.startswith(b"data:") and case_id.encode() in line:
                heard.put_nowait(time.perf_counter())
    finally:
        writer.close()


async def measure_events(
    port: int, filled: Filled, database: Database, changes: int
) -> tuple[list[float], list[float]]:
    """Return, for each change, the seconds until the first and until the last of all who listen heard it."""
    first, last = [], []
    ready = asyncio.Semaphore(0)
    heard: asyncio.Queue[float] = asyncio.Queue()
    listening = [asyncio.create_task(listen(port, s, filled.case_id, heard, ready)) for s in filled.secrets]
    for _ in listening:
        await asyncio.wait_for(ready.acquire(), 30)
    await asyncio.sleep(QUIET)
    while not heard.empty():
        heard.get_nowait()
    chance = random.Random(1)  # noqa: S311  # when something happens, no secret
    for _ in range(changes):
        await asyncio.sleep(chance.random() * EVERY)
        now = SystemClock().now()
        change = lambda work, now=now: work.cases.note(filled.case_id, kind="bench", actor="bench", now=now)  # noqa: E731
        await asyncio.to_thread(database.write, change)
        began = time.perf_counter()
        moments = [await asyncio.wait_for(heard.get(), 30) - began for _ in listening]
        first.append(max(0.0, moments[0]))
        last.append(moments[-1])
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)
    return first, last


# ---- the figures


def milliseconds(seconds: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 99th percentile."""
    cuts = quantiles(seconds, n=100, method="inclusive")
    return cuts[49] * 1000, cuts[98] * 1000


def tell(
    cases: int, seconds: dict[str, list[float]], weights: dict[str, int], first: list[float], last: list[float]
) -> None:
    half = {name: milliseconds(of)[0] for name, of in seconds.items()}
    most = {name: milliseconds(of)[1] for name, of in seconds.items()}
    limit_half = half["a static file"] + half["a bare SELECT"]
    limit_most = most["a static file"] + most["a bare SELECT"]
    print(f"{'first byte':24}{'p50 ms':>10}{'p99 ms':>10}{'kB':>10}{'× limit p50':>14}{'× limit p99':>14}")
    for name in seconds:
        weight = f"{weights[name] / 1000:10.1f}" if name in weights else f"{'':10}"
        line = f"{name:24}{half[name]:10.2f}{most[name]:10.2f}{weight}"
        if name not in {"a static file", "a bare SELECT"}:
            line += f"{half[name] / limit_half:14.1f}{most[name] / limit_most:14.1f}"
        print(line)
    first_half, last_half, last_most = milliseconds(first)[0], *milliseconds(last)
    spread = mean(b - a for a, b in zip(first, last, strict=True)) * 1000
    print(f"{'first of all hears':24}{first_half:10.0f}")
    print(f"{'last of all hears':24}{last_half:10.0f}{last_most:10.0f}")
    print(
        f"bench-desk: {cases} open cases; first byte p50/p99 ms: queue {half['queue']:.1f}/{most['queue']:.1f}, "
        f"case {half['case']:.1f}/{most['case']:.1f}; weight kB: queue {weights['queue'] / 1000:.0f}, "
        f"case {weights['case'] / 1000:.0f}; limit (static file + bare SELECT) {limit_half:.1f}/{limit_most:.1f}; "
        f"ratio queue {half['queue'] / limit_half:.1f}, case {half['case'] / limit_half:.1f}; "
        f"the last hears a change after p50 {last_half:.0f}, p99 {last_most:.0f} ms, {spread:.0f} ms after the first; "
        f"limit {EVERY * 500:.0f} ms; ratio {mean(last) / (EVERY / 2):.2f}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-desk", description=__doc__.strip().splitlines()[0])
    parser.add_argument("--cases", type=int, default=10_000, help="how many are open (default 10000)")
    parser.add_argument("--rounds", type=int, default=200, help="how often each page is asked for (default 200)")
    parser.add_argument("--volunteers", type=int, default=50, help="how many listen (default 50)")
    parser.add_argument("--changes", type=int, default=30, help="how many changes they hear of (default 30)")
    parser.add_argument("--folder", type=Path, help="the disk to measure on (default: the data directory's)")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.port)
        return 0
    if min(options.rounds, options.changes) < 2 or options.cases <= PAGE + PAGE // 10:
        parser.error("two rounds and two changes or more, or there is no median; and more cases than a page holds")
    settings = Settings()
    folder = options.folder or settings.data_dir
    folder.mkdir(parents=True, exist_ok=True)
    with progress() as show, parts(settings, show):
        pass  # trained before the clock runs, when it was not yet
    with tempfile.TemporaryDirectory(prefix="bench-desk-", dir=folder) as name, database_in(Path(name)) as database:
        database.upgrade()
        filled = fill(database, options.cases, options.volunteers)
        with server(Path(name)) as port:
            seconds, weights = measure_pages(port, filled, Path(name), options.rounds)
            first, last = asyncio.run(measure_events(port, filled, database, options.changes))
    tell(options.cases, seconds, weights, first, last)
    return 0


if __name__ == "__main__":
    sys.exit(main())
