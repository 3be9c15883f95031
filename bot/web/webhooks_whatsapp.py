"""
What Twilio posts: messages of newcomers, and what became of ours.

Twilio does not repeat a webhook that failed, so a message is stored before anything else can go wrong, and only a store
that is away is answered with an error. What is not signed by Twilio is refused and nothing of it is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import ImmutableMultiDict
from starlette.responses import Response
from starlette.routing import Route

from bot.channels import whatsapp_news
from bot.channels.whatsapp_signature import is_signed
from bot.hear import hear
from bot.web.public_address import public_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from bot.domain.messenger import News
    from bot.runtime import Runtime
    from bot.web.public_address import Networks

log = structlog.get_logger()

MESSAGES = "/webhooks/whatsapp"
RECEIPTS = "/webhooks/whatsapp/status"
# A message of 4,096 characters takes at most twelve bytes for each in a form.
MOST_BYTES = 256 * 1024
MOST_FIELDS = 500
FORM = "application/x-www-form-urlencoded"
NOTHING_TO_SAY = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'

Fields = ImmutableMultiDict[str, str]


@dataclass(frozen=True, kw_only=True)
class WhatsAppWebhooks:
    """The two addresses that Twilio posts to. `token` is what it signs with."""

    runtime: Runtime
    account_sid: str
    token: str
    public_url: str | None = None
    trusted: Networks = ()

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(MESSAGES, self.message, methods=["POST"], name="whatsapp"),
            Route(RECEIPTS, self.receipt, methods=["POST"], name="whatsapp-status"),
        ]

    async def message(self, request: Request) -> Response:
        """Store a newcomer's message."""
        now = self.runtime.clock.now()
        answer = Response(NOTHING_TO_SAY, media_type="text/xml")
        return await self._take(
            request, lambda form: whatsapp_news.inbound(form, now, account_sid=self.account_sid), answer
        )

    async def receipt(self, request: Request) -> Response:
        """Record what became of a message of ours."""
        query: Fields = ImmutableMultiDict(request.query_params.multi_items())
        return await self._take(request, lambda form: whatsapp_news.receipt(form, query), Response(status_code=204))

    async def _take(self, request: Request, read: Callable[[Fields], News | None], answer: Response) -> Response:
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        form = self._signed(request, body)
        if form is None:
            return Response(status_code=403)
        news = read(form)
        if news is None:
            return answer
        try:
            await run_in_threadpool(hear, self.runtime, news)
        except Exception as error:  # noqa: BLE001  # whatever it was, the message is not stored: Twilio should know
            log.warning("not stored", channel=whatsapp_news.CHANNEL, error=type(error).__name__)
            return Response(status_code=503, headers={"retry-after": "5"})
        return answer

    def _signed(self, request: Request, body: bytes) -> Fields | None:
        """Return the form when Twilio signed it, else None."""
        signature = request.headers.get("x-twilio-signature")
        form = _form(request, body)
        # Twilio's validator fails on a missing signature and on a body that is no form.
        if not signature or form is None:
            return None
        address = public_address(request, public_url=self.public_url, trusted=self.trusted)
        return form if is_signed(self.token, address, form, signature) else None


async def _body(request: Request) -> bytes | None:
    """Return what was posted, or None when it is too long: then it is not read on."""
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > MOST_BYTES:
            return None
    return bytes(found)


def _form(request: Request, body: bytes) -> Fields | None:
    """Return the fields in order, those that repeat too: they are signed. None when it is no form."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return None
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:  # bytes that are no form, too many fields, broken UTF-8
        return None
    return ImmutableMultiDict(fields)
