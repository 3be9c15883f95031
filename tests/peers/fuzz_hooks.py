"""
What schemathesis does with a request before it goes out, so that it gets behind the doors of messengers and page.

That program loads this file in its own environment (SCHEMATHESIS_HOOKS): nothing of ours is there to import.
"""

from __future__ import annotations

import itertools
import os
import re
import urllib.request
from base64 import b64encode
from hashlib import sha1
from hmac import new as hmac
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl

import requests
import schemathesis

TWILIO_TOKEN, PUBLIC = os.environ["FUZZ_TWILIO_TOKEN"], os.environ["FUZZ_PUBLIC_URL"]
TELEGRAM_SECRET, SITE = os.environ["FUZZ_TELEGRAM_SECRET"], os.environ["FUZZ_SITE"]
COOKIE = "wegwijs_preview"
SID = re.compile(r"[A-Za-z]{2}[0-9a-f]{32}")
NUMBERS = itertools.count(1000)
# As in routes.yml; of each three, two accepted the notice.
CHATS = itertools.cycle([770077000, 770077002, 770077004])
SENDERS = itertools.cycle(["whatsapp:+31612345001", "whatsapp:+31612345003", "whatsapp:+31612345005"])
PAGE = frozenset({"/", "/messages", "/language", "/theme", "/restart"})


class SignedByTwilio(requests.auth.AuthBase):
    """Signs what really goes out, as twilio.com/docs/usage/security says."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        text = body if isinstance(body, str) else body.decode("latin-1")
        values: dict[str, set[str]] = {}
        for name, value in parse_qsl(text, keep_blank_values=True):
            values.setdefault(name, set()).add(value)
        fields = "".join(name + value for name in sorted(values) for value in sorted(values[name]))
        whole = f"{PUBLIC}{request.path_url}{fields}".encode("utf-8", "replace")
        signature = b64encode(hmac(TWILIO_TOKEN.encode(), whole, sha1).digest()).decode()
        request.headers["X-Twilio-Signature"] = signature
        return request


schemathesis.auth.set_from_requests(SignedByTwilio()).apply_to(path_regex="^/webhooks/whatsapp")


def _a_visit() -> tuple[str, str, str]:
    """
    Open the page as somebody new does; each may post only so often in a minute.

    Return the cookie's name, which over https says that this host alone sets it, its value, and the token.
    """
    with urllib.request.urlopen(SITE) as page:
        ((name, cookie),) = SimpleCookie(page.headers["set-cookie"]).items()
        token = re.search(r'name="token" value="([^"]+)"', page.read().decode())
    assert token is not None
    assert name.endswith(COOKIE)
    return name, cookie.value, token[1]


def _made_new(body: Any) -> None:
    """Give a message a number that no other has (what was told before tells nothing), and one of few people."""
    if not isinstance(body, dict):
        return
    press = body.get("callback_query")
    for message in (body.get("message"), press.get("message") if isinstance(press, dict) else None):
        if isinstance(message, dict) and type(message.get("message_id")) is int:
            message["message_id"] = next(NUMBERS)
            chat = message.get("chat")
            if isinstance(chat, dict) and chat.get("type") == "private" and type(chat.get("id")) is int:
                chat["id"] = next(CHATS)
    if SID.fullmatch(str(body.get("MessageSid"))):
        body["MessageSid"] = f"SM{next(NUMBERS):032x}"
        body["From"] = next(SENDERS)


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    if case.path.startswith("/webhooks/"):
        _made_new(case.body)
        case.headers["X-Telegram-Bot-Api-Secret-Token"] = TELEGRAM_SECRET
    elif case.path in PAGE:
        name, cookie, token = _a_visit()
        case.cookies[name] = cookie
        # From a house of its own: all of one address may post only so often, too.
        number = next(NUMBERS)
        case.headers["X-Forwarded-For"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        case.headers.pop("origin", None)
        if isinstance(case.body, dict):
            case.body["token"] = token
