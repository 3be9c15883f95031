"""
A machine's clock that a test sets while a process goes by it: a file with two numbers of seconds.

The first is what time it is in the test, for everybody: reminders wait for the day. The second is how wrong this
machine's clock is; the database's server is never wrong.
"""

from __future__ import annotations

import mmap
import struct
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import bot.scale.clock
from bot.domain.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

_BOTH = struct.Struct("dd")
_real = time.time


def set_to(file: Path, world: float, wrong: float) -> None:
    """Set a clock so many seconds ahead of this machine's, and so many more (or fewer) wrong."""
    if not file.exists():
        file.write_bytes(_BOTH.pack(0, 0))
    with file.open("r+b") as opened:
        opened.write(_BOTH.pack(world, wrong))


def go_by(file: Path) -> None:
    """Have this process go by the clock of this file."""
    with file.open("r+b") as opened:
        shown = mmap.mmap(opened.fileno(), _BOTH.size)

    def ahead() -> float:
        return sum(_BOTH.unpack(shown[:]))

    def world(_: object) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=_BOTH.unpack(shown[:])[0])

    bot.scale.clock.asked = world
    time.time = lambda: _real() + ahead()
    SystemClock.now = lambda _: datetime.now(UTC) + timedelta(seconds=ahead())  # type: ignore[method-assign]
