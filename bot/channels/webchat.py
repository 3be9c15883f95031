"""The browser preview as a messenger: what is delivered wakes whoever has this person's page open."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from bot.channels.limits import SCREEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.messenger import Letter
    from bot.domain.wakes import Wakes


class Waiter:
    """One open page. It belongs to the event loop it was made in; `wake` may come from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()

    async def wait(self, seconds: float) -> bool:
        """Return True as soon as something changed, False when nothing did for so many seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)
        changed = self._woken.is_set()
        self._woken.clear()
        return changed

    def wake(self) -> None:
        """End the wait. A page whose loop has already stopped is not waiting any more."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._woken.set)


class WebChat:
    """
    The preview's channel.

    A wake-up carries no message and may be lost (another process, a restart): the page reads the timeline
    itself.
    """

    name = "preview"
    limits = SCREEN

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiters: dict[str, set[Waiter]] = {}
        self._closed = False

    def send(self, letter: Letter) -> str:  # noqa: ARG002  # the row itself is what a page shows
        """Return a new provider id; the pages are woken once it is stored."""
        return f"{self.name}-{uuid4().hex}"

    def hear(self, wakes: Wakes) -> None:
        """Wake the pages that have something new."""
        for address in wakes.pages:
            self.wake(address)

    def wake(self, address: str) -> None:
        """Tell every open page of this address that something changed."""
        with self._lock:
            waiters = tuple(self._waiters.get(address, ()))
        for waiter in waiters:
            waiter.wake()

    @contextmanager
    def listen(self, address: str) -> Iterator[Waiter]:
        """Give a waiter that hears every wake-up from now on. Call it inside the running event loop."""
        waiter = Waiter()
        with self._lock:
            self._waiters.setdefault(address, set()).add(waiter)
        try:
            yield waiter
        finally:
            with self._lock:
                rest = self._waiters[address]
                rest.discard(waiter)
                if not rest:
                    del self._waiters[address]

    def listening(self, address: str) -> int:
        """Return how many pages of this address are waiting."""
        with self._lock:
            return len(self._waiters.get(address, ()))

    @property
    def closed(self) -> bool:
        """Whether the pages should stop waiting, because the server ends."""
        return self._closed

    def close(self) -> None:
        """End every wait, so that the server can stop without waiting for open pages."""
        self._closed = True
        with self._lock:
            waiters = [waiter for several in self._waiters.values() for waiter in several]
        for waiter in waiters:
            waiter.wake()
