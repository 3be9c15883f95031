"""
Wake-ups in process: who must look at what, now.

It carries no truth: order, dedupe and schedule live in the tables. A lost or repeated wake-up is harmless, because the
sweep finds what was missed.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

import structlog

from bot import measure
from bot.deliver import deliver_due
from bot.domain.wakes import Wake
from bot.fetch import fetch_due
from bot.log import trace_of
from bot.notify import ping_due
from bot.receive import answer_next
from bot.sweep import EXPIRE_SECONDS, SWEEP_SECONDS, TIDY_SECONDS, forget_what_is_old, sweep, tidy

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.domain.wakes import Wakes
    from bot.runtime import Runtime

log = structlog.get_logger()


class Engine:
    """
    Threads that answer, deliver and sweep. `start` it once; `stop` waits for what was begun.

    Several deliver, so that a messenger that hangs does not keep the others waiting. With `shared`, turns and sweeps
    are the work of a queue that many processes share (bot/scale/), and the threads here deliver and fetch.
    """

    def __init__(self, workers: int = 2, deliverers: int = 3, *, shared: bool = False) -> None:
        self._workers = 0 if shared else workers
        self._sweepers = 0 if shared else 1
        self._deliverers = deliverers
        self._runtime: Runtime | None = None
        self._waiting: deque[str] = deque()
        self._known: set[str] = set()
        self._busy: set[str] = set()
        self._again: set[str] = set()
        self._changed = threading.Condition()
        self._to_deliver = threading.Condition()
        self._due = False
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._swept: float | None = None

    @property
    def seconds_since_sweep(self) -> float | None:
        """How long ago the sweep last came to its end, or the engine was started; None before that."""
        return None if self._swept is None else time.monotonic() - self._swept

    def start(self, runtime: Runtime) -> None:
        """Begin to work for `runtime`, and to hear what its units of work lead to."""
        self._runtime = runtime
        self._swept = time.monotonic()
        runtime.database.listeners.append(self.hear)
        several = ((self._answer, self._workers), (self._deliver, self._deliverers), (self._sweep, self._sweepers))
        jobs: list[Callable[[], None]] = [self._fetch, self._ping]
        jobs += [job for job, how_many in several for _ in range(how_many)]
        for at, job in enumerate(jobs):
            thread = threading.Thread(target=self._guarded, args=(job,), name=f"engine-{at}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Finish what was begun and end."""
        if self._runtime is not None:
            self._runtime.database.listeners.remove(self.hear)
        self._stopping.set()
        with self._to_deliver:
            self._to_deliver.notify_all()
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=30)

    def hear(self, wakes: Wakes) -> None:
        """Take up what a unit of work led to."""
        if self._workers:
            for conversation_id in wakes.conversations:
                self.wake(conversation_id)
        if Wake.DELIVER in wakes.others:
            self.deliver_soon()

    def wake(self, conversation_id: str) -> None:
        """Have somebody look at this conversation; one worker at a time has it."""
        with self._changed:
            if conversation_id in self._busy:
                self._again.add(conversation_id)
            elif conversation_id not in self._known:
                self._known.add(conversation_id)
                self._waiting.append(conversation_id)
                self._changed.notify()

    def _guarded(self, job: Callable[[], None]) -> None:
        """Keep a worker alive: a database that is away for a moment must not end the service."""
        while not self._stopping.is_set():
            try:
                job()
            except Exception as error:  # noqa: BLE001  # the sweep finds again what this one dropped
                name = getattr(job, "__name__", "?")
                measure.job_failed(name)
                log.warning("engine job failed", job=name, error=type(error).__name__, trace=trace_of(error))
                time.sleep(0.5)

    def _take(self) -> str | None:
        with self._changed:
            while not self._waiting and not self._stopping.is_set():
                self._changed.wait(timeout=1.0)
            if self._stopping.is_set() or not self._waiting:
                return None
            conversation_id = self._waiting.popleft()
            self._known.discard(conversation_id)
            self._busy.add(conversation_id)
            return conversation_id

    def _answer(self) -> None:
        conversation_id = self._take()
        if conversation_id is None or self._runtime is None:
            return
        try:
            while not self._stopping.is_set() and answer_next(self._runtime, conversation_id):
                pass
        finally:
            with self._changed:
                self._busy.discard(conversation_id)
                again = conversation_id in self._again
                self._again.discard(conversation_id)
            if again:
                self.wake(conversation_id)

    def deliver_soon(self) -> None:
        """Wake a deliverer. One is enough: it goes on until nothing is due; while it hangs, the next is woken."""
        with self._to_deliver:
            self._due = True
            self._to_deliver.notify()

    def _deliver(self) -> None:
        with self._to_deliver:
            if not self._due and not self._stopping.is_set():
                self._to_deliver.wait(timeout=SWEEP_SECONDS)
            self._due = False
        while self._runtime is not None and not self._stopping.is_set() and deliver_due(self._runtime):
            pass

    def _fetch(self) -> None:
        self._stopping.wait(SWEEP_SECONDS)
        while self._runtime is not None and not self._stopping.is_set() and fetch_due(self._runtime):
            pass

    def _ping(self) -> None:
        self._stopping.wait(SWEEP_SECONDS)
        while self._runtime is not None and not self._stopping.is_set() and ping_due(self._runtime):
            pass

    def _sweep(self) -> None:
        tidied = expired = 0.0
        while not self._stopping.wait(SWEEP_SECONDS) and self._runtime is not None:
            for conversation_id in sweep(self._runtime):
                self.wake(conversation_id)
            if time.monotonic() - tidied > TIDY_SECONDS:
                tidied = time.monotonic()
                tidy(self._runtime)
            if time.monotonic() - expired > EXPIRE_SECONDS:
                expired = time.monotonic()
                forget_what_is_old(self._runtime, stop=self._is_over)
            self._swept = time.monotonic()

    def _is_over(self) -> bool:
        # Asked between the small units of a long job: the sweep is at work, not stuck.
        self._swept = time.monotonic()
        measure.swept()
        return self._stopping.is_set()
