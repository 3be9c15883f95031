"""
`wegwijs serve` again and again, quickly: a process that has read the code and forks for each start.

One line with a number on its input starts a server and answers with the process's id. What runs in it is the command as
it stands, from its settings on; only the imports, half of a start, are done before. A line of JSON starts another
command: its `words`, and the `clock` that a test can set while it runs (tests/peers/set_clock.py).

With `SERVE_MANY_AHEAD` (seconds) its clock goes that far ahead of the machine's: reminders wait for the day.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bot.channels.telegram
import bot.channels.whatsapp
import bot.commands.serve
import bot.commands.serve_telegram
import bot.knowledge.load
import bot.nlu.training
import bot.scale.worker  # noqa: F401  # read here once for all
from bot.cli import main
from bot.domain.clock import SystemClock
from tests.peers import set_clock

AHEAD = "SERVE_MANY_AHEAD"


def begin(line: str) -> None:
    """Become the command of this line."""
    if line.isdigit():
        main(["serve", "--port", line])
        return
    wanted = json.loads(line)
    set_clock.go_by(Path(wanted["clock"]))
    main(wanted["words"])


def run() -> None:
    ahead = timedelta(seconds=float(os.environ.get(AHEAD, "0")))
    SystemClock.now = lambda _: datetime.now(UTC) + ahead  # type: ignore[method-assign]  # this process is a test's
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who are killed
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
            begin(line.strip())
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    run()
