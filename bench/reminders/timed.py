"""Seconds of calls, and how many of them there were in all."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import quantiles
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DUE = 100  # how many are due when some are
POLLS = 300
REDATINGS = 100
A_PERSON = 300  # reminders that one person's year has, about


@dataclass
class Timed:
    """Seconds of each call."""

    each: list[float] = field(default_factory=list)

    @contextmanager
    def call(self) -> Iterator[None]:
        """Time what happens in the block."""
        began = time.perf_counter()
        yield
        self.each.append(time.perf_counter() - began)

    @property
    def whole(self) -> float:
        """Seconds of all calls together."""
        return sum(self.each)

    def milliseconds(self) -> tuple[float, float]:
        """Return the median and the 99th percentile."""
        cuts = quantiles(self.each, n=100, method="inclusive") if len(self.each) > 1 else self.each * 99
        return cuts[49] * 1000, cuts[98] * 1000


@dataclass
class Side:
    """What was measured on one side. `rows` is how many reminders stood in the table."""

    name: str
    rows: int = 0
    insert: float = 0.0  # seconds for all rows
    raw: float = 0.0  # seconds for as many rows as the database takes them at its quickest
    nothing_due: Timed = field(default_factory=Timed)
    some_due: Timed = field(default_factory=Timed)
    redating: Timed = field(default_factory=Timed)
    redating_alone: Timed = field(default_factory=Timed)
