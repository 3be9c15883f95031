"""
`POST /webhooks/telegram`: what Telegram tells, stored before it is thanked.

Anything but 2xx makes Telegram tell it again, so that answer is given only once the news is stored.
"""

from __future__ import annotations

import hmac
import json
from collections import OrderedDict
from typing import TYPE_CHECKING

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from bot.channels.telegram_news import NotAnUpdateError
from bot.domain.turn import Inbound
from bot.hear import TRIES, hear, without_words
from bot.store.errors import DatabaseAwayError

if TYPE_CHECKING:
    from starlette.requests import Request

    from bot.channels.telegram import Telegram
    from bot.channels.telegram_news import Told
    from bot.runtime import Runtime

log = structlog.get_logger()

PATH = "/webhooks/telegram"
SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105  # the header's name
# An update is a few kilobytes; the largest, a long message with all its entities, stays far below this.
MOST_BYTES = 1_000_000

REMEMBERED = 100

THANKS, BAD_REQUEST, FORBIDDEN, TOO_LARGE, AGAIN = 200, 400, 403, 413, 503


def telegram_webhook(runtime: Runtime, channel: Telegram, *, secret: str) -> Route:
    """Return the route; only who names the `secret` given to Telegram is listened to."""
    expected = secret.encode()
    failures: OrderedDict[int, int] = OrderedDict()  # of the updates that are told again and again

    def take(told: Told) -> None:
        try:
            for news in told.news:
                # Telegram tells one after the other: one that never can be stored would keep back everybody's.
                worn_out = failures.get(told.number, 0) >= TRIES
                hear(runtime, without_words(news) if worn_out and isinstance(news, Inbound) else news)
        except DatabaseAwayError:
            raise  # no fault of the message: it keeps its words
        except Exception:
            failures[told.number] = failures.get(told.number, 0) + 1
            while len(failures) > REMEMBERED:
                failures.popitem(last=False)
            raise
        failures.pop(told.number, None)

    async def told_by_telegram(request: Request) -> Response:
        # Headers are latin-1; comparing bytes takes equally long wherever they differ.
        if not hmac.compare_digest(request.headers.get(SECRET_HEADER, "").encode("latin-1", "replace"), expected):
            return Response(status_code=FORBIDDEN)
        try:
            body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=BAD_REQUEST)
        if body is None:
            return Response(status_code=TOO_LARGE)
        try:
            told = channel.read(json.loads(body))
        except (ValueError, RecursionError, NotAnUpdateError):
            return Response(status_code=BAD_REQUEST)
        try:
            await run_in_threadpool(take, told)
        except Exception as error:  # noqa: BLE001  # the store is away: Telegram tells it again
            log.warning("message not stored", channel=channel.name, error=type(error).__name__)
            return Response(status_code=AGAIN, headers={"retry-after": "5"})
        channel.settle(told)
        return Response(status_code=THANKS)

    return Route(PATH, told_by_telegram, methods=["POST"], name="telegram_webhook")


async def _body(request: Request) -> bytes | None:
    """Return the body, or None when it is too large; no more of it is read than that."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)
