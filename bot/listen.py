"""
Long polling: the embedded mode's ear. It asks Telegram what is new, hands everything to `hear`, and only then asks on.

Asking for what comes after an update confirms it, so what is not stored yet is told again.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import structlog

from bot.channels.errors import DeliveryError
from bot.domain.turn import Inbound
from bot.hear import TRIES, hear, without_words
from bot.store.errors import DatabaseAwayError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.channels.telegram import Telegram
    from bot.channels.telegram_news import Told
    from bot.domain.messenger import News
    from bot.runtime import Runtime

log = structlog.get_logger()

# Seconds until Telegram is asked again after it could not be, the longest again and again.
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
# What a person has to mend: another process asks too, or a webhook is set.
PAUSE_FOR: Mapping[str, float] = {"conflict": 10.0}
STOP_SECONDS = 30.0


class Listener:
    """A thread that listens to one bot. `start` it once; `stop` returns when what was heard is stored."""

    def __init__(
        self,
        runtime: Runtime,
        channel: Telegram,
        *,
        pauses: Sequence[float] = PAUSES,
        hears: Callable[[Runtime, News], object] = hear,
    ) -> None:
        self._runtime = runtime
        self._hears = hears
        self._channel = channel
        self._pauses = pauses
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="listen", daemon=True)
        self._offset = 0
        self._away = 0
        self._unstored = 0
        self._failures = 0  # of the first message that is not stored yet, for a reason of its own

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Store what was heard and end."""
        self._stopping.set()
        # Again and again: it may just have looked whether it should stop, and ask once more.
        end = time.monotonic() + STOP_SECONDS
        while self._thread.is_alive() and time.monotonic() < end:
            self._channel.stop_polling()
            self._thread.join(timeout=0.1)

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                told = self._channel.poll(self._offset)
            except DeliveryError as error:
                self._away += 1
                pause = error.retry_after or PAUSE_FOR.get(error.reason)
                self._rest("messenger is away", error.reason, pause or self._pause(self._away))
                continue
            self._away = 0
            try:
                for one in told:
                    self._hear(one)
            except Exception as error:  # noqa: BLE001  # the store is away, or something none of us thought of
                self._unstored += 1
                self._rest("message not stored", type(error).__name__, self._pause(self._unstored))

    def _hear(self, told: Told) -> None:
        for news in told.news:
            try:
                self._hears(self._runtime, news)
            except DatabaseAwayError:
                raise  # no fault of the message: it keeps its words
            except Exception:
                self._failures += 1
                if self._failures <= TRIES or not isinstance(news, Inbound):
                    raise
                self._hears(self._runtime, without_words(news))  # which fails too while the store is away
                log.error("message stored without its words", channel=self._channel.name)  # noqa: TRY400  # no trace: it may quote the words
        self._unstored = self._failures = 0
        self._offset = told.number + 1
        self._channel.settle(told)

    def _pause(self, failures: int) -> float:
        return self._pauses[min(failures, len(self._pauses)) - 1]

    def _rest(self, event: str, reason: str, seconds: float) -> None:
        if not self._stopping.is_set():
            log.warning(event, channel=self._channel.name, reason=reason, seconds=seconds)
            self._stopping.wait(seconds)
