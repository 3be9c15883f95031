"""
A million reminders that wait, beside a million scheduled jobs: `make bench-reminders ARGS="--reminders 50000"`.

On SQLite and PostgreSQL: what it takes to plan them (a person at a time, as enrolling does, and at the quickest the
database can), what a look for what is due costs when nothing is and when a hundred are, and how long one person's days
take to be counted anew while all the others stand there. Beside it, on the same server, Procrastinate's own scheduled
jobs. The server waits for no disk (fsync off); SQLite does (synchronous FULL), as it always has here.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path

from bench.reminders import ours, theirs
from bench.reminders.timed import DUE, Side
from bot.commands.output import progress
from bot.settings import Settings
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
from bot.wiring import read_knowledge
from tests.peers.postgresql import Cluster


def measured(reminders: int) -> list[Side]:
    """Return all three sides."""
    knowledge = read_knowledge(Settings())
    found: list[Side] = []
    cluster = Cluster()
    try:
        with progress() as show, tempfile.TemporaryDirectory(prefix="wegwijs-reminders-") as folder:
            vault = Vault(MasterKeys.load_or_create(Path(folder) / "keys"))
            with cluster.database() as url:
                found.append(theirs.measure(url, reminders, show))
            with cluster.database() as url, Database.open(url, vault) as database:
                database.upgrade()
                raw = partial(ours.raw_postgresql, url)
                found.append(ours.measure("postgresql", database, knowledge, reminders, raw, show))
            path = f"{folder}/reminders.sqlite"
            with Database.open(f"sqlite:///{path}", vault) as database:
                database.upgrade()
                raw = partial(ours.raw_sqlite, path)
                found.append(ours.measure("sqlite", database, knowledge, reminders, raw, show))
    finally:
        cluster.stop()
    return found


def told(side: Side) -> str:
    """Return one side as a row of the table."""
    nothing, some, moved = (one.milliseconds() for one in (side.nothing_due, side.some_due, side.redating))
    quickest = f"{side.rows / side.raw:10.0f}" if side.raw else f"{'':10}"
    return (
        f"{side.name:15}{side.rows:10}{side.rows / side.insert:10.0f}{quickest}"
        f"{nothing[0]:9.2f}{nothing[1]:8.2f}{some[0]:9.2f}{some[1]:8.2f}{moved[0]:9.1f}{moved[1]:8.1f}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-reminders", description=__doc__.strip().splitlines()[0])
    parser.add_argument("--reminders", type=int, default=1_000_000)
    options = parser.parse_args()
    jobs, server, file = measured(options.reminders)
    print(
        f"{'':15}{'rows':>10}{'plan/s':>10}{'raw/s':>10}{'idle p50':>9}{'p99':>8}{f'{DUE} due':>9}{'p99':>8}"
        f"{'redate':>9}{'p99':>8}   (ms; Procrastinate gives its due jobs one at a time)"
    )
    for side in (jobs, server, file):
        print(told(side))
    idle = jobs.nothing_due.milliseconds()[0]
    drained = jobs.some_due.whole * 1000
    print(
        f"bench-reminders: {options.reminders} reminders, fsync off on the server; postgresql beside procrastinate: "
        f"planned {server.rows / server.insert / (jobs.rows / jobs.insert):.2f} as fast, "
        f"a look with nothing due {idle / server.nothing_due.milliseconds()[0]:.1f} times as fast, "
        f"finding {DUE} due {drained / server.some_due.milliseconds()[0]:.0f} times as fast, "
        f"re-dating {jobs.redating.milliseconds()[0] / server.redating.milliseconds()[0]:.1f} times as fast; "
        f"re-dating among all beside alone: postgresql {_beside(server):.2f}, sqlite {_beside(file):.2f}"
    )
    return 0


def _beside(side: Side) -> float:
    return side.redating.milliseconds()[0] / side.redating_alone.milliseconds()[0]


if __name__ == "__main__":
    sys.exit(main())
