"""The writer's thread: one job at a time, in order, urgent ones first but not for ever."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from bot.store.one_by_one import AHEAD, EndedError, OneByOne

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def writer() -> Iterator[OneByOne]:
    writer = OneByOne("test")
    yield writer
    writer.end()


class Held:
    """Keeps the thread busy, so that jobs queue up behind it; `let_go` returns when they are done."""

    def __init__(self, writer: OneByOne) -> None:
        self._writer = writer
        self._go = threading.Event()
        self._threads: list[threading.Thread] = []
        self.done: list[str] = []
        self._start(lambda: self._go.wait(30), urgent=False)

    def _start(self, job: object, *, urgent: bool) -> None:
        waiting = self._writer._jobs.qsize()
        thread = threading.Thread(target=self._writer.do, args=(job,), kwargs={"urgent": urgent})
        thread.start()
        self._threads.append(thread)
        first = len(self._threads) == 1
        while not first and self._writer._jobs.qsize() == waiting:
            time.sleep(0.001)

    def ask(self, name: str, *, urgent: bool = False) -> None:
        self._start(lambda: self.done.append(name), urgent=urgent)

    def let_go(self) -> list[str]:
        self._go.set()
        for thread in self._threads:
            thread.join(timeout=10)
        return self.done


def test_what_it_does_comes_back(writer: OneByOne) -> None:
    assert writer.do(lambda: 7) == 7


def test_what_it_raises_comes_back_and_it_goes_on(writer: OneByOne) -> None:
    def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        writer.do(fails)
    assert writer.do(lambda: 8) == 8


def test_jobs_are_done_in_the_order_they_came_and_urgent_ones_before(writer: OneByOne) -> None:
    held = Held(writer)
    time.sleep(0.05)
    for name in ("a", "b", "c"):
        held.ask(name)
    held.ask("urgent", urgent=True)
    held.ask("urgent too", urgent=True)

    assert held.let_go() == ["urgent", "urgent too", "a", "b", "c"]


def test_in_a_flood_of_urgent_ones_the_others_get_their_turn(writer: OneByOne) -> None:
    held = Held(writer)
    time.sleep(0.05)
    held.ask("patient")
    for number in range(AHEAD + 5):
        held.ask(f"urgent {number}", urgent=True)
    done = held.let_go()

    assert done.index("patient") <= AHEAD
    assert len(done) == AHEAD + 6


def test_after_its_end_it_does_nothing_more() -> None:
    writer = OneByOne("test")
    writer.end()
    writer.end()
    with pytest.raises(EndedError):
        writer.do(lambda: 1)
