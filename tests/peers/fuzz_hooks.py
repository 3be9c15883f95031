"""
What schemathesis does with a request before it goes out, so that it gets behind the doors of the messengers and the page.

That program loads this file in its own environment (SCHEMATHESIS_HOOKS): nothing of ours is there to import.
"""

from __future__ import annotations

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


def _a_visit() -> tuple[str, str]:
    """Open the page as somebody new does; each may post only so often in a minute. Return the cookie and the token."""
    with urllib.request.urlopen(SITE) as page:
        cookie = SimpleCookie(page.headers["set-cookie"])[COOKIE].value
        token = re.search(r'name="token" value="([^"]+)"', page.read().decode())
    assert token is not None
    return cookie, token[1]


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    if case.path == "/webhooks/telegram":
        case.headers["X-Telegram-Bot-Api-Secret-Token"] = TELEGRAM_SECRET
    elif case.path in PAGE:
        cookie, token = _a_visit()
        case.cookies[COOKIE] = cookie
        if isinstance(case.body, dict):
            case.body["token"] = token
        case.headers.pop("Origin", None)
        case.headers.pop("origin", None)
