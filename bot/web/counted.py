"""Counts requests by the pattern of their route and by status; the path that was asked for is never kept."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from starlette.routing import Mount, Route

from bot import measure

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SERVER_ERROR = 500


class Counted:
    """Counts every answer when it begins: a stream that stays open for hours was answered at once."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and count what comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        counted = False

        def count(status: int) -> None:
            nonlocal counted
            if not counted:
                counted = True
                measure.request(scope["method"], pattern(scope), status, time.perf_counter() - began)

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                count(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, counting)
        except Exception:
            count(_SERVER_ERROR)
            raise


def pattern(scope: Scope) -> str:
    """Return the pattern of the route that took the request, as /desk/cases/{number}; empty where none did."""
    route = scope.get("route")
    match route:
        case Route():
            return route.path
        case Mount():
            return f"{route.path}/*"
        case _:
            return ""
