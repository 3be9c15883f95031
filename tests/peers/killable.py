"""`wegwijs serve` in a process that a test may kill, on a small knowledge that is trained once."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.settings import Settings
from bot.wiring import parts
from tests.peers.small import small_knowledge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Server:
    """`wegwijs serve` in a process of its own, at one address and on one folder however often it is killed."""

    folder: Path
    port: int
    starter: subprocess.Popen[str]
    process: int = 0
    kills: int = 0
    until: float = 0

    def start(self) -> None:
        assert self.starter.stdin is not None
        assert self.starter.stdout is not None
        self.starter.stdin.write(f"{self.port}\n")
        self.starter.stdin.flush()
        self.process = int(self.starter.stdout.readline())
        self.until = time.monotonic() + 120

    def kill(self) -> None:
        if not self.process:
            return
        try:
            os.kill(self.process, signal.SIGKILL)
        except ProcessLookupError:
            raise AssertionError(f"it ended by itself:\n{self.log()}") from None
        with suppress(ProcessLookupError):
            while True:
                os.kill(self.process, 0)
                time.sleep(0.001)
        self.process = 0
        self.kills += 1

    def log(self) -> str:
        return (self.folder / "log").read_text()


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def environment(folder: Path) -> Mapping[str, str]:
    """Return what a server in this folder finds in its environment."""
    return {
        "WEGWIJS_DATA_DIR": str(folder / "data"),
        "WEGWIJS_KNOWLEDGE_DIR": str(small_knowledge(folder / "knowledge", "health", "housing")),
        "WEGWIJS_NLU_ENCODER": "0",
        "WEGWIJS_LOG_LEVEL": "ERROR",
    }


@contextmanager
def killable(folder: Path) -> Iterator[Server]:
    """Give a server for the environment of this process; it is not started yet."""
    with parts(Settings()):
        pass  # trained once here, so that each start reads it
    command = [sys.executable, "-m", "tests.peers.serve_many"]
    pipe = subprocess.PIPE
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=log, text=True) as starter,
    ):
        server = Server(folder=folder, port=free_port(), starter=starter)
        yield server
        server.kill()


def rows(server: Server, query: str) -> list[Any]:
    """Ask the file, past the assistant; nothing while there is no table yet."""
    path = server.folder / "data" / "database" / "wegwijs.sqlite"
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as file:
        return file.execute(query).fetchall()
    return []


@dataclass(frozen=True)
class Heard:
    """What became of one message: its status and what was said because of it, in order."""

    text: str
    status: str
    said: tuple[tuple[str, str], ...]
