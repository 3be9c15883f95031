"""One thread that does one job after the other: SQLite has one writer, and it is us."""

from __future__ import annotations

import itertools
import queue
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# How many others an urgent job may overtake: enough to be quick, and those behind still get their turn in a flood.
AHEAD = 64


class EndedError(RuntimeError):
    """The thread has ended."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


@dataclass(order=True, frozen=True)
class _Job:
    place: int
    number: int
    work: Callable[[], Any] | None = field(compare=False)  # None ends the thread
    done: Future[Any] = field(compare=False)


class OneByOne:
    """Does jobs in the order they came, urgent ones before up to `AHEAD` others."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._ended = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def do(self, work: Callable[[], T], *, urgent: bool = False) -> T:
        """
        Have it done and return what it returns; what it raises is raised here.

        Raises:
            EndedError: the thread has ended.

        """
        done: Future[T] = Future()
        with self._lock:
            if self._ended:
                raise EndedError
            number = next(self._numbers)
            self._jobs.put(_Job(number - AHEAD * urgent, number, work, done))
        return done.result()

    def end(self) -> None:
        """Do what was asked for, and end."""
        with self._lock:
            if not self._ended:
                self._ended = True
                self._jobs.put(_Job(next(self._numbers) + AHEAD, 0, None, Future()))
        self._thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()).work is not None:
            try:
                job.done.set_result(job.work())
            except BaseException as error:  # noqa: BLE001  # it belongs to whoever asked
                job.done.set_exception(error)
            del job  # it holds what the unit of work saw
