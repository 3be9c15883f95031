"""
`wegwijs serve` again and again, quickly: a process that has read the code and forks for each start.

One line with a number on its input starts a server and answers with the process's id. What runs in it is the command as
it stands, from its settings on; only the imports, half of a start, are done before.
"""

from __future__ import annotations

import os
import signal
import sys

import bot.commands.serve
import bot.knowledge.load
import bot.nlu.training  # noqa: F401  # read here once for all
from bot.cli import main


def run() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who are killed
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
            main(["serve", "--port", line.strip()])
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    run()
