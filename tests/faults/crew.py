"""The processes: two that take in, two that work, each started again when it ends, as on a machine in use."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.peers import set_clock
from tests.peers.killable import ROOT, free_port

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

LOOK_SECONDS = 0.1
START_AGAIN_SECONDS = 0.5  # as a service manager waits
END_SECONDS = 60.0


@dataclass
class Member:
    """One process of the crew, on a machine with a clock of its own."""

    name: str
    words: tuple[str, ...]
    clock: Path
    port: int | None = None
    process: int = 0
    wanted: bool = False
    ended_at: float = 0
    starts: int = 0

    @property
    def lives(self) -> bool:
        if not self.process:
            return False
        with suppress(ProcessLookupError):
            os.kill(self.process, 0)
            return True
        return False

    def signal(self, what: signal.Signals) -> bool:
        """Send it a signal; return whether it was there to get it."""
        if not self.process:
            return False
        with suppress(ProcessLookupError):
            os.kill(self.process, what)
            return True
        return False


@dataclass
class Crew:
    """Everybody, and who starts them again."""

    members: list[Member]
    starter: subprocess.Popen[str]
    log: Path
    world: float = 0  # seconds that it is later in the test than outside
    by_itself: int = 0  # processes that ended and nobody had killed them
    killed: set[int] = field(default_factory=set)
    _wrong: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ending: threading.Event = field(default_factory=threading.Event)

    @property
    def web(self) -> list[Member]:
        return [one for one in self.members if one.port is not None]

    @property
    def workers(self) -> list[Member]:
        return [one for one in self.members if one.port is None]

    def set_clock(self, member: Member, wrong: float) -> None:
        """Set one machine's clock wrong by so many seconds; a process that runs on it sees it at once."""
        self._wrong[member.name] = wrong
        set_clock.set_to(member.clock, self.world, wrong)

    def later(self, seconds: float) -> None:
        """Have it be later for everybody."""
        self.world += seconds
        for one in self.members:
            self.set_clock(one, self._wrong.get(one.name, 0))

    def kill(self, member: Member, how: signal.Signals = signal.SIGKILL) -> None:
        """End one process; it is started again as soon as it is gone."""
        with self._lock:
            self.killed.add(member.process)
            member.signal(how)

    def start(self) -> None:
        """Start everybody, and see to it that they run from now on."""
        for one in self.members:
            one.wanted = True
        threading.Thread(target=self._tend, name="crew", daemon=True).start()

    def end(self) -> None:
        """Have everybody finish what they began, and end."""
        self._ending.set()
        with self._lock:
            for one in self.members:
                one.wanted = False
                one.signal(signal.SIGCONT)
                one.signal(signal.SIGTERM)
        until = time.monotonic() + END_SECONDS
        while any(one.lives for one in self.members) and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
        for one in self.members:
            one.signal(signal.SIGKILL)

    def said(self) -> str:
        """Return what the processes wrote down, the end of it."""
        return self.log.read_text(errors="replace")[-4000:]

    def _tend(self) -> None:
        while not self._ending.wait(LOOK_SECONDS):
            with self._lock:
                for one in self.members:
                    self._tend_one(one)

    def _tend_one(self, member: Member) -> None:
        if member.lives or not member.wanted:
            return
        if member.process:
            self.by_itself += member.process not in self.killed
            member.process, member.ended_at = 0, time.monotonic()
        if time.monotonic() - member.ended_at < START_AGAIN_SECONDS:
            return
        assert self.starter.stdin is not None
        assert self.starter.stdout is not None
        self.starter.stdin.write(json.dumps({"words": member.words, "clock": str(member.clock)}) + "\n")
        self.starter.stdin.flush()
        member.process = int(self.starter.stdout.readline())
        member.starts += 1


@contextmanager
def crew(folder: Path, environment: dict[str, str], *, web: int = 2, workers: int = 2) -> Iterator[Crew]:
    """Give a crew that is not started yet; whatever happens, nobody of it is left afterwards."""
    members = []
    for number in range(web):
        port = free_port()
        words = ("serve", "--web-only", "--port", str(port))
        members.append(Member(name=f"web {number + 1}", words=words, clock=folder / f"clock-web-{number}", port=port))
    members += [
        Member(name=f"worker {number + 1}", words=("work",), clock=folder / f"clock-worker-{number}")
        for number in range(workers)
    ]
    pipe, log = subprocess.PIPE, folder / "log"
    command = [sys.executable, "-m", "tests.peers.serve_many"]
    with (
        log.open("w") as to,
        subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environment}, stdin=pipe, stdout=pipe, stderr=to, text=True
        ) as starter,
    ):
        everybody = Crew(members=members, starter=starter, log=log)
        try:
            yield everybody
        finally:
            everybody.end()
            starter.terminate()


def one_of(members: list[Member], chance: random.Random) -> Member:
    """Return one that runs; any when nobody does."""
    return chance.choice([one for one in members if one.lives] or members)
