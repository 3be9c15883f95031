"""What an answer of Twilio's means, or that none came."""

from __future__ import annotations

import json
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import requests
import urllib3
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException

from bot.channels.errors import DeliveryError
from bot.channels.whatsapp_codes import REFUSED_CONTENT, of_code, of_status, told
from bot.domain.messenger import Remedy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twilio.rest import Client

CONTENT_URL = "https://content.twilio.com/v1/Content"
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}


class ContentRefusedError(DeliveryError):
    """Twilio refused the buttons; the words may go without them."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason, remedy=Remedy.NEVER)
        self.code = code


def ask(
    client: Client, method: str, url: str, *, body: Mapping[str, Any] | None = None, seconds: float
) -> dict[str, Any]:
    """
    Ask something that Twilio's library has no good words for, and return the document that came.

    Raises:
        DeliveryError: it was refused, or nobody knows.

    """
    with decided(asking=method == "GET"):
        answer = client.request(
            method, url, data=dict(body) if body is not None else None, headers=dict(_JSON), timeout=seconds
        )
        if not answer.ok:
            raise TwilioRestException(answer.status_code, "", code=_code(answer.text))
        found = json.loads(answer.text)
        if not isinstance(found, dict):
            raise TypeError(type(found).__name__)
    return found


def _code(text: str) -> int | None:
    try:
        code = json.loads(text).get("code")
    except (ValueError, AttributeError):
        return None
    return code if isinstance(code, int) else None


@contextmanager
def decided(*, asking: bool = False) -> Iterator[None]:
    """
    Turn whatever came instead of a good answer into a `DeliveryError`.

    `asking`: the request changes nothing, so an unknown outcome can simply be asked again.
    """
    try:
        yield
    except DeliveryError:
        raise
    except Exception as error:  # whatever it was, its outcome must be decided
        decision = _decision(error)
        if asking and decision.remedy is Remedy.UNCERTAIN:
            decision.remedy = Remedy.RETRY
        raise decision from error


def _decision(error: Exception) -> DeliveryError:
    match error:
        case TwilioRestException(status=status, code=code) | TwilioServiceException(status=status, code=code):
            return _refused(int(status), code)
        case TwilioException(args=(_, answer)):  # a page of a list that did not come
            return _refused(int(getattr(answer, "status_code", 500)), None)
        case requests.RequestException() if _never_left(error):
            return DeliveryError(type(error).__name__, remedy=Remedy.RETRY)
        case requests.RequestException():
            # The request was on its way: the connection may have broken before Twilio did the work, or after.
            return DeliveryError(type(error).__name__, remedy=Remedy.UNCERTAIN)
        case _:
            # A 2xx that cannot be read (a proxy's page, half a document): the work was most likely done.
            return DeliveryError(f"unreadable answer ({type(error).__name__})", remedy=Remedy.UNCERTAIN)


def _refused(status: int, code: object) -> DeliveryError:
    number = code if isinstance(code, int) and code != status else None
    meaning = of_code(number)
    if number is None or meaning is None:
        found = of_status(status)
        return DeliveryError(f"{number}: {found.reason}" if number else found.reason, remedy=found.remedy)
    reason = told(number, meaning)
    if number in REFUSED_CONTENT:
        return ContentRefusedError(number, reason)
    return DeliveryError(reason, remedy=meaning.remedy)


def _never_left(error: requests.RequestException) -> bool:
    """Return whether the connection was never made, so that nothing was sent."""
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.ProxyError, requests.exceptions.InvalidURL)):
        return True
    reasons = [getattr(one, "reason", one) for one in error.args]
    # A certificate that does not fit ends the handshake; another fault of TLS may come at any time.
    untrusted = [reason.args and isinstance(reason.args[0], ssl.SSLCertVerificationError) for reason in reasons]
    return any(isinstance(reason, urllib3.exceptions.NewConnectionError) for reason in reasons) or any(untrusted)
