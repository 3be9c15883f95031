"""What a turn costs while the tables around it grow."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import text

from bench.scale.load import written
from bench.scale.processes import Messenger, vault
from bench.scale.server import worked
from bench.scale.throughput import milliseconds
from bench.scale.town import CHANNEL, EACH, Town, rows_of
from bot import receive
from bot.deliver import deliver_due
from bot.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.scale.town import Show
    from bot.runtime import Runtime
    from bot.store.work import Work
    from bot.wiring import Parts
    from tests.peers.postgresql import Cluster

WRITERS = 60  # people whose turns are timed
WARM = 30  # turns before them
PAGE = 8192  # bytes that PostgreSQL reads at once

# What the server saw of each statement; those of the measurement itself are left out.
_STATEMENTS = (
    "SELECT queryid, calls, total_exec_time, shared_blks_hit + shared_blks_read, query FROM pg_stat_statements"
    " JOIN pg_database ON pg_database.oid = dbid WHERE datname = current_database() AND toplevel"
)
_TOUCHED = (
    "SELECT sum(heap_blks_hit + heap_blks_read + coalesce(idx_blks_hit, 0) + coalesce(idx_blks_read, 0)"
    " + coalesce(toast_blks_hit, 0) + coalesce(toast_blks_read, 0))::bigint FROM pg_statio_user_tables"
)
_SIZE = "SELECT pg_database_size(current_database())"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What one statement cost for each turn."""

    query: str
    calls: float
    milliseconds: float
    pages: float


@dataclass(frozen=True, kw_only=True)
class Point:
    """What a turn (taken in, answered, delivered) costs beside so many messages."""

    messages: int
    conversations: int
    whole: Sequence[float]  # seconds of each turn
    cpu: float  # seconds of ours for each turn
    server: float  # and of PostgreSQL
    pages: float  # that PostgreSQL touched for each turn, in memory or not; 0 on SQLite
    size: int  # bytes of the database
    statements: Sequence[Statement] = field(default=())

    @property
    def trips(self) -> float:
        """How often a turn went to PostgreSQL and back, BEGIN and COMMIT too."""
        return sum(one.calls for one in self.statements)


def measure(  # noqa: PLR0913, PLR0917  # where, with what, how many
    parts: Parts,
    url: str,
    folder: Path,
    sizes: Sequence[int],
    turns: int,
    lines: Sequence[str],
    cluster: Cluster | None,
    show: Show,
) -> list[Point]:
    """Let the tables grow to each of the sizes, and time the turns of the same people at each."""
    town, found = Town(random.Random(7)), []  # noqa: S311  # made-up rows, no secret
    with Database.open(url, vault(folder)) as database:
        database.upgrade()
        runtime = parts.runtime(database, channels={CHANNEL: Messenger()})
        town.settle(runtime, WRITERS, show)
    for size in sizes:
        with rows_of(url, size - town.messages) as rows:
            town.grow(rows, max(WRITERS, size // EACH), size, show)
        with Database.open(url, vault(folder)) as database:
            runtime = parts.runtime(database, channels={CHANNEL: Messenger()})
            addresses = list(town.writers.values())
            found.append(_point(runtime, town, addresses, lines, turns, cluster, url, show))
    return found


def _point(  # noqa: PLR0913, PLR0917  # whom, what, how many
    runtime: Runtime,
    town: Town,
    addresses: Sequence[str],
    lines: Sequence[str],
    turns: int,
    cluster: Cluster | None,
    url: str,
    show: Show,
) -> Point:
    for at in range(WARM):
        _turn(runtime, addresses[at % len(addresses)], lines, at)
    pages, statements = _touched(runtime, url, cluster), _statements(url, cluster)
    server, cpu = worked(cluster) if cluster else 0.0, time.process_time()
    whole = []
    for at in range(turns):
        began = time.perf_counter()
        _turn(runtime, addresses[at % len(addresses)], lines, WARM + at)
        whole.append(time.perf_counter() - began)
        if at % 20 == 0 or at + 1 == turns:
            show(at + 1, turns, f"turns beside {town.messages} messages, {'postgresql' if cluster else 'sqlite'}")
    cpu = time.process_time() - cpu
    server = worked(cluster) - server if cluster else 0.0
    return Point(
        messages=town.messages,
        conversations=town.conversations,
        whole=whole,
        cpu=cpu / turns,
        server=server / turns,
        pages=(_touched(runtime, url, cluster) - pages) / turns,
        size=_size(runtime, cluster),
        statements=_between(statements, _statements(url, cluster), turns),
    )


def _turn(runtime: Runtime, address: str, lines: Sequence[str], seed: int) -> None:
    message, *_ = written([address], lines, seed, answers=True)
    conversation = receive.take_in(runtime, message)
    assert conversation is not None
    report = receive.answer_next(runtime, conversation)
    # What was said long ago cannot be opened: a turn that tried has failed.
    assert report is not None
    assert report.rung != "failed"
    while deliver_due(runtime):
        pass


def _size(runtime: Runtime, cluster: Cluster | None) -> int:
    query = _SIZE if cluster else "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    return int(runtime.database.read(lambda work: work.connection.scalar(text(query))) or 0)


# ---- what the server saw


def _touched(runtime: Runtime, url: str, cluster: Cluster | None) -> int:
    """Return how many pages of our tables and indexes were looked at up to now."""
    if cluster is None:
        return 0

    def flush(work: Work) -> None:
        # A connection tells its figures now and then, when it is between two transactions.
        work.connection.execute(text("SELECT pg_stat_force_next_flush()"))

    runtime.database.read(flush)
    with psycopg.connect(url) as connection:
        return int(connection.execute(_TOUCHED).fetchone()[0] or 0)


def _statements(url: str, cluster: Cluster | None) -> dict[int, tuple[int, float, int, str]]:
    if cluster is None:
        return {}
    with psycopg.connect(url) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        rows = connection.execute(_STATEMENTS).fetchall()
    return {name: (calls, seconds, pages, query) for name, calls, seconds, pages, query in rows}


def _between(
    before: dict[int, tuple[int, float, int, str]], after: dict[int, tuple[int, float, int, str]], turns: int
) -> list[Statement]:
    found = []
    for name, (calls, took, pages, query) in after.items():
        old = before.get(name, (0, 0.0, 0, ""))
        if calls > old[0]:
            each = (calls - old[0]) / turns, (took - old[1]) / turns, (pages - old[2]) / turns
            found.append(Statement(query=query, calls=each[0], milliseconds=each[1], pages=each[2]))
    return sorted(found, key=lambda one: -one.milliseconds)


def median(point: Point) -> float:
    """Return the milliseconds of the turn in the middle."""
    return milliseconds(point.whole)[0]
