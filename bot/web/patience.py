"""
How long the server waits for somebody to say what they want.

Whoever opens a thousand lines and says a letter a minute on each keeps nobody else out.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import h11
from starlette.exceptions import HTTPException
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEAD_SECONDS = 15.0  # for the request line and the headers, which come in one piece or two
BODY_SECONDS = 30.0  # for what is posted, and a second more for each of these, as a slow telephone sends them
BYTES_A_SECOND = 16 * 1024


class Patient(H11Protocol):
    """One line to the server; it is shut when no whole head came over it in time."""

    head_seconds = HEAD_SECONDS
    _head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its parent has it
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Stop waiting once the head is whole; begin with the first letter of the next one."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            if self._head is None:
                self._wait()
        elif not self._is_read_in_vain:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        """Read on for a while from who was answered before they had said it all: then a browser shows the answer."""
        super().on_response_complete()
        if self._is_read_in_vain and self._head is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_waiting()
        super().connection_lost(exc)

    @property
    def _is_read_in_vain(self) -> bool:
        return self.conn.our_state is h11.DONE and self.conn.their_state is h11.SEND_BODY

    def _wait(self) -> None:
        self._head = self.loop.call_later(self.head_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _give_up(self) -> None:
        self._head = None
        if self.conn.their_state is h11.IDLE or self._is_read_in_vain:
            self.transport.close()


class BodyInTime:
    """Passes a request on, and lets it fail with 408 when its body does not come in time."""

    def __init__(self, app: ASGIApp, seconds: float = BODY_SECONDS) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        loop = asyncio.get_running_loop()
        until, whole = loop.time() + self._seconds, False

        async def in_time() -> Message:
            nonlocal until, whole
            if whole:  # what comes now is only that somebody left, and for that one may wait all day
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, headers={"connection": "close"}) from None
            until += len(message.get("body", b"")) / BYTES_A_SECOND
            whole = message["type"] != "http.request" or not message.get("more_body", False)
            return message

        await self._app(scope, in_time, send)
