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
from bot.announce import announce_due
from bot.attend import attend_due
from bot.deliver import deliver_due, settle_uncertain
from bot.fetch import fetch_due
from bot.forget import drop_expired_codes, drop_unanswered_notices, expire, finish_erasures
from bot.log import trace_of
from bot.notify import drop_old_pings, ping_due, tell
from bot.receive import answer_next
from bot.remind import end_over, escalate_due, remind_due

if TYPE_CHECKING:
    from bot.runtime import Runtime

log = structlog.get_logger()

SWEEP_SECONDS = 2.0
TIDY_SECONDS = 60.0
EXPIRE_SECONDS = 600.0


class Engine:
    """
    Threads that answer, deliver and sweep. `start` it once; `stop` waits for what was begun.

    Several deliver, so that a messenger that hangs does not keep the others waiting.
    """

    def __init__(self, workers: int = 2, deliverers: int = 3) -> None:
        self._workers = workers
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
        """Begin to work for `runtime`."""
        self._runtime = runtime
        self._swept = time.monotonic()
        deliver = (self._deliver for _ in range(self._deliverers))
        jobs = [*(self._answer for _ in range(self._workers)), *deliver, self._fetch, self._ping, self._sweep]
        for at, job in enumerate(jobs):
            thread = threading.Thread(target=self._guarded, args=(job,), name=f"engine-{at}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Finish what was begun and end."""
        self._stopping.set()
        with self._to_deliver:
            self._to_deliver.notify_all()
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=30)

    def wake(self, conversation_id: str) -> None:
        """Have somebody look at this conversation; one worker at a time has it."""
        with self._changed:
            if conversation_id in self._busy:
                self._again.add(conversation_id)
            elif conversation_id not in self._known:
                self._known.add(conversation_id)
                self._waiting.append(conversation_id)
                self._changed.notify()

    def _guarded(self, job: object) -> None:
        """Keep a worker alive: a database that is away for a moment must not end the service."""
        while not self._stopping.is_set():
            try:
                job()  # type: ignore[operator]  # the bound methods above
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
                self._wake_a_deliverer()
        finally:
            with self._changed:
                self._busy.discard(conversation_id)
                again = conversation_id in self._again
                self._again.discard(conversation_id)
            if again:
                self.wake(conversation_id)

    def _wake_a_deliverer(self) -> None:
        """One is enough: it goes on until nothing is due; while it hangs, the next is woken."""
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
            runtime = self._runtime
            for conversation_id in runtime.database.read(lambda work: work.conversations.with_unread(100)):
                self.wake(conversation_id)
            finish_erasures(runtime)
            if attend_due(runtime) + remind_due(runtime) + announce_due(runtime):
                self._wake_a_deliverer()
            tell(runtime)
            if time.monotonic() - tidied > TIDY_SECONDS:
                tidied = time.monotonic()
                drop_unanswered_notices(runtime)
                drop_expired_codes(runtime)
                settle_uncertain(runtime)
                drop_old_pings(runtime)
                escalate_due(runtime)
                end_over(runtime)
            if time.monotonic() - expired > EXPIRE_SECONDS:
                expired = time.monotonic()
                expire(runtime, stop=self._is_over)
            self._note_sweep()

    def _is_over(self) -> bool:
        # Asked between the small units of a long job: the sweep is at work, not stuck.
        self._note_sweep()
        return self._stopping.is_set()

    def _note_sweep(self) -> None:
        self._swept = time.monotonic()
        measure.swept()
