"""A PostgreSQL as an organisation would run it: what it has worked, and the quickest it can store anything."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from tests.peers.postgresql import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

# It waits for the disk at every commit, as it does by default; the memory is that of a small server.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "autovacuum": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "8GB",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "all",
}
ROW = 1500  # bytes; about what a turn's rows weigh
_TICK = os.sysconf("SC_CLK_TCK")


@contextmanager
def server() -> Iterator[Cluster]:
    """Give a server, until the block ends."""
    cluster = Cluster(**SETTINGS)
    try:
        yield cluster
    finally:
        cluster.stop()


def worked(cluster: Cluster) -> float:
    """Return the CPU seconds of the server and all its processes up to now, those that have ended too."""
    first = cluster.process
    total = sum(_times(first, of_the_ended=True))
    for one in Path("/proc").iterdir():
        if one.name.isdigit() and _parent(int(one.name)) == first:
            total += sum(_times(int(one.name), of_the_ended=False))
    return total / _TICK


def _fields(process: int) -> list[str]:
    try:
        # The name stands in brackets and may hold spaces.
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _parent(process: int) -> int | None:
    fields = _fields(process)
    return int(fields[1]) if fields else None


def _times(process: int, *, of_the_ended: bool) -> list[int]:
    fields = _fields(process)
    return [int(one) for one in fields[11 : 15 if of_the_ended else 13]]


def bare_commits(url: str, connections: int, seconds: float) -> float:
    """Return how many rows a second are stored by so many connections, one row and one commit at a time."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bare (id bigserial PRIMARY KEY, bytes bytea)")
    stored, lock, row = [0], threading.Lock(), os.urandom(ROW)

    def work() -> None:
        with psycopg.connect(url) as connection:
            end, count = time.monotonic() + seconds, 0
            while time.monotonic() < end:
                connection.execute("INSERT INTO bare (bytes) VALUES (%s)", [row])
                connection.commit()
                count += 1
        with lock:
            stored[0] += count

    with ThreadPoolExecutor(connections) as pool:
        for one in [pool.submit(work) for _ in range(connections)]:
            one.result()
    return stored[0] / seconds
