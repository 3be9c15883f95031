"""The web application: the browser preview, a health check, and a friendly page for whatever goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.domain.clock import Clock, SystemClock
from bot.web.console.entrance import Entrance
from bot.web.counted import Counted
from bot.web.pages import ONLY_HTTPS, SECURITY_HEADERS, STATIC, Pages
from bot.web.patience import BodyInTime
from bot.web.preview import Preview
from bot.web.session import Sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from bot.channels.webchat import WebChat
    from bot.web.preview import PreviewDesk

PROBLEMS: Mapping[int, str] = {
    403: "utter_preview_expired",
    404: "utter_preview_not_found",
    405: "utter_preview_not_allowed",
    413: "utter_preview_too_large",
    429: "utter_preview_too_many",
}
OTHER_PROBLEM = "utter_preview_error"


def create_app(  # noqa: PLR0913  # all but two have a name at the call
    desk: PreviewDesk,
    webchat: WebChat,
    *,
    secret: bytes,
    health: Callable[[], Mapping[str, Any]],
    ready: Callable[[], Mapping[str, Any]] | None = None,
    clock: Clock | None = None,
    more_routes: Sequence[BaseRoute] = (),
    entrance: Entrance | None = None,
) -> Starlette:
    """
    Return the application.

    `secret` signs the preview's cookies (32 random bytes). `health` returns what /healthz shows, and `ready` what
    /readyz shows: 200 while its `ok` is true, else 503. `more_routes` come first. `entrance` is how people
    come here.
    """
    pages = Pages(desk.languages)
    entrance = entrance or Entrance()
    # Behind a proxy every request arrives by plain http: the entrance knows how it began.
    sessions = Sessions(secret, is_secure=entrance.is_secure)
    preview = Preview(desk, webchat, pages, sessions, clock or SystemClock(), caller=entrance.caller)
    # Kept from the start, so that the page that says "something went wrong" needs nothing that can go wrong.
    labels = {code: desk.labels(code) for code in desk.languages.all}

    async def healthz(request: Request) -> Response:  # noqa: ARG001  # every endpoint takes the request
        return await told(health)

    async def readyz(request: Request) -> Response:  # noqa: ARG001
        return await told(ready or health)

    async def told(look: Callable[[], Mapping[str, Any]]) -> Response:
        report = dict(await run_in_threadpool(look))
        return JSONResponse(report, 200 if report.get("ok") else 503)

    async def problem(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        visitor = pages.visitor(request, sessions.read(request))
        response = pages.problem(
            request,
            visitor,
            labels[visitor.language.code],
            status=status,
            label=PROBLEMS.get(status, OTHER_PROBLEM),
        )
        if isinstance(error, HTTPException) and error.headers:
            response.headers.update(error.headers)
        return response

    async def gone(request: Request, error: Exception) -> Response:  # noqa: ARG001  # every handler takes them
        # They left while they were still posting, as phones do: nobody reads the answer, and it is no error of ours.
        return Response(status_code=400)

    return Starlette(
        routes=[
            *more_routes,
            *preview.routes(),
            Route("/healthz", healthz, methods=["GET"]),
            Route("/readyz", readyz, methods=["GET"]),
            Mount("/static", StaticFiles(directory=STATIC), name="static"),
        ],
        middleware=[
            Middleware(Counted),
            Middleware(SecurityHeaders, always=entrance.always_secure),
            Middleware(BodyInTime),
        ],
        exception_handlers={HTTPException: problem, ClientDisconnect: gone, Exception: problem},
    )


class SecurityHeaders:
    """Puts the security headers on every response that has none of its own; `always`: we are found by https only."""

    def __init__(self, app: ASGIApp, *, always: bool = False) -> None:
        self._app = app
        self._headers = {**SECURITY_HEADERS, **(ONLY_HTTPS if always else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the headers to what comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # A file asked for by its fingerprint never changes, so a phone that pays for data fetches it once.
        lasting = scope["path"].startswith("/static/") and scope["query_string"].startswith(b"v=")
        extra = {"cache-control": "public, max-age=31536000, immutable"} if lasting else {}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                present = {name for name, _ in headers}
                headers += [
                    (name.encode(), value.encode())
                    for name, value in {**self._headers, **extra}.items()
                    if name.encode() not in present
                ]
            await send(message)

        await self._app(scope, receive, send_with_headers)
