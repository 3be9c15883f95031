"""How Twilio is called: only Twilio, never without a time-out, at another address when the settings say so."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response

if TYPE_CHECKING:
    from collections.abc import Iterator

# The names under which Twilio's own library calls the two interfaces that we use.
HOSTS = frozenset({"api.twilio.com", "content.twilio.com"})
CONNECT_SECONDS = 5.0
MOST_BYTES = 4 * 1024 * 1024  # of an answer; a page of a list is far smaller
_CHUNK = 64 * 1024


class ForeignHostError(ValueError):
    """Only Twilio is called with our credentials."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{self.__doc__} ({host})")


class TwilioOnly(TwilioHttpClient):
    """
    The HTTP client of Twilio's library, with a time-out on everything.

    `requests` counts a time-out anew for every read, so an answer that trickles in would never end: what one message
    may take in all is set with `within`, and every request inside it gets what is left.
    """

    def __init__(self, api_url: str | None = None, *, seconds: float = 15.0) -> None:
        self._here = threading.local()  # first: the library looks for a session at once
        # Twilio's library logs the addresses that it calls with their query: a telephone number stands in it.
        silent = logging.getLogger("twilio.silent")
        silent.disabled = True
        super().__init__(pool_connections=False, timeout=seconds, logger=silent)
        self._api_url = api_url
        self._seconds = seconds

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Let everything that this thread asks inside the block end after so many seconds."""
        before = getattr(self._here, "until", None)
        self._here.until = time.monotonic() + seconds
        try:
            yield
        finally:
            self._here.until = before

    def left(self, most: float) -> float:
        """Return how many seconds a request may take now."""
        until = getattr(self._here, "until", None)
        return most if until is None else min(most, until - time.monotonic())

    @property
    def session(self) -> requests.Session:
        """This thread's session: `requests` does not promise that one can be shared."""
        if not hasattr(self._here, "session"):
            self._here.session = requests.Session()
        session: requests.Session = self._here.session
        return session

    @session.setter
    def session(self, value: object) -> None:
        """Twilio's library sets its own; ours are made when they are needed."""

    def request(  # noqa: PLR0913, PLR0917  # the signature of the library
        self,
        method: str,
        url: str,
        params: dict[str, Any] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,  # noqa: ARG002  # we are never led elsewhere
    ) -> Response:
        """Make one request; raises what `requests` raises."""
        body: dict[str, Any] = {"json": data} if _is_json(headers) else {"data": data}
        seconds = self.left(timeout or self._seconds)
        if seconds <= 0:
            raise requests.ConnectTimeout
        ends = time.monotonic() + seconds
        with self.session.request(
            method.upper(),
            self.address(url),
            params=params,
            headers=headers,
            auth=auth,
            timeout=(min(CONNECT_SECONDS, seconds), seconds),
            allow_redirects=False,
            stream=True,
            **body,
        ) as answer:
            text = _read(answer, ends).decode("utf-8", "replace")
            return Response(int(answer.status_code), text, answer.headers)

    def address(self, url: str) -> str:
        """
        Return where this address of Twilio's really is.

        Raises:
            ForeignHostError: it is no address of Twilio's.

        """
        wanted = urlsplit(url)
        if wanted.hostname not in HOSTS or wanted.scheme != "https" or wanted.port is not None or wanted.username:
            raise ForeignHostError(str(wanted.hostname))
        if self._api_url is None:
            return url
        base = urlsplit(self._api_url)
        host = base.netloc
        if host.startswith("api.") and host.endswith(".twilio.com"):
            # A regional edge: api.dublin.ie1.twilio.com has content.dublin.ie1.twilio.com beside it.
            host = f"{wanted.hostname.split('.')[0]}.{host.removeprefix('api.')}"
        return urlunsplit((base.scheme, host, base.path.rstrip("/") + wanted.path, wanted.query, ""))


def _is_json(headers: dict[str, str] | None) -> bool:
    return (headers or {}).get("Content-Type") == "application/json"


def _read(answer: requests.Response, ends: float) -> bytes:
    """Return the body of an answer; one that is too long, or does not end in time, counts as not come."""
    found = bytearray()
    try:
        # `read1` gives what is there; `read` would wait for a whole chunk, however slowly it trickles in.
        while chunk := answer.raw.read1(_CHUNK, decode_content=True):
            found += chunk
            if len(found) > MOST_BYTES or time.monotonic() > ends:
                raise requests.ReadTimeout
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise requests.ConnectionError(error) from error
    return bytes(found)
