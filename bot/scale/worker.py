"""
A worker: it takes turns and sweeps from the shared queue, as many processes do at the same time.

Sweeps are periodic jobs, each asked for once however many workers there are. A job whose worker died goes to another
one as soon as its heart has been silent for a while.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING

import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.worker import Worker as ProcrastinateWorker

from bot import measure
from bot.log import trace_of
from bot.receive import answer_next
from bot.scale.queue import ANSWER, address, untaken
from bot.store.database import WAKE_UPS
from bot.sweep import forget_what_is_old, sweep, tidy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.runtime import Runtime
    from bot.store.work import Work

log = structlog.get_logger()

SWEEPS = "sweeps"
# Cron with seconds last. The sweeps of one machine come every two seconds; here the wake-ups are kept in a table.
EVERY_FIVE_SECONDS, EVERY_MINUTE, EVERY_TEN_MINUTES = "* * * * * */5", "* * * * * 20", "*/10 * * * * 40"
# A worker says every so often that it lives; a job of one that was silent for so long is given to another.
HEARTBEAT_SECONDS, SILENT_SECONDS = 5.0, 15.0
# Seconds to finish what was begun when the process is asked to end.
GRACE_SECONDS = 20.0
AWAY_SECONDS = 2.0
FIRST = 10  # the queue's priority of sweeps: a thousand people who write at once must not stop the reminders
POLL_SECONDS = 5.0  # when a notification of the queue was lost


class Worker:
    """A thread with Procrastinate's loop; turns run in threads beside it, `turns` at the same time."""

    def __init__(self, runtime: Runtime, url: str, *, turns: int = 2) -> None:
        self._runtime = runtime
        self._address = address(url)
        self._turns = turns
        self._stopping = threading.Event()
        self._running: ProcrastinateWorker | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="worker", daemon=True)
        logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # its lines quote a job's arguments

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what was begun and end."""
        with self._lock:
            self._stopping.set()
            if self._running is not None:
                self._running.stop()  # type: ignore[no-untyped-call]
        self._thread.join(timeout=GRACE_SECONDS + 10)

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                asyncio.run(self._until_it_ends())
            except Exception as error:  # noqa: BLE001  # the server is away, or restarts: another loop, soon
                measure.job_failed("queue")
                log.warning("worker begins again", error=type(error).__name__, trace=trace_of(error))
            self._stopping.wait(AWAY_SECONDS)

    async def _until_it_ends(self) -> None:
        app = self._app()
        async with app.open_async():
            worker = ProcrastinateWorker(
                app,
                queues=[ANSWER, SWEEPS],
                concurrency=self._turns + 1,  # a sweep does not hold up the turns
                fetch_job_polling_interval=POLL_SECONDS,
                shutdown_graceful_timeout=GRACE_SECONDS,
                delete_jobs="always",  # what failed is found by the sweep, not kept
                install_signal_handlers=False,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=SILENT_SECONDS,
            )
            with self._lock:
                if self._stopping.is_set():
                    return
                self._running = worker
            try:
                await worker.run()  # type: ignore[no-untyped-call]
            finally:
                with self._lock:
                    self._running = None

    def _app(self) -> App:
        # One connection listens, one beats the heart, the others fetch and finish jobs.
        connector = PsycopgConnector(
            conninfo=self._address,
            min_size=2,
            max_size=self._turns + 4,
            kwargs={"options": f"-c search_path={WAKE_UPS}"},
        )
        app = App(connector=connector)
        app.task(name=ANSWER, queue=ANSWER)(self._answer)
        self._periodic(app, EVERY_FIVE_SECONDS, "sweep", self._sweep)
        self._periodic(app, EVERY_FIVE_SECONDS, "rescue", lambda: self._rescue(app), alone=False)
        self._periodic(app, EVERY_MINUTE, "tidy", lambda: tidy(self._runtime))
        old = lambda: forget_what_is_old(self._runtime, stop=self._stopping.is_set)  # noqa: E731
        self._periodic(app, EVERY_TEN_MINUTES, "forget", old)
        return app

    def _periodic(
        self, app: App, cron: str, name: str, do: Callable[[], Awaitable[None] | None], *, alone: bool = True
    ) -> None:
        # Alone: one that takes longer than its period is not begun a second time beside itself. If its worker dies it
        # holds the lock until it is rescued, so the rescue itself must not have one.
        def job(timestamp: int) -> Awaitable[None] | None:  # noqa: ARG001  # when it was due, which is no matter
            return do()

        lock = name if alone else None
        task = app.task(name=name, queue=SWEEPS, lock=lock, queueing_lock=name, priority=FIRST)(job)
        app.periodic(cron=cron)(task)

    def _answer(self, conversation_id: str) -> None:
        while not self._stopping.is_set() and answer_next(self._runtime, conversation_id):
            pass

    def _sweep(self) -> None:
        forgotten = sweep(self._runtime)
        if not forgotten:
            return
        database = self._runtime.database
        wanted = database.read(lambda work: untaken(work.connection, forgotten))
        if wanted:
            database.write(lambda work: _ask_for(work, wanted))

    async def _rescue(self, app: App) -> None:
        now = self._runtime.clock.now()
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_SECONDS):
            await app.job_manager.retry_job(job, retry_at=now)


def _ask_for(work: Work, conversations: list[str]) -> None:
    for one in conversations:
        work.wakes.answer(one)
