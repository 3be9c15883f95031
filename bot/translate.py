"""
A machine's translation, by a service that speaks LibreTranslate's language; off until somebody sets its address.

It helps somebody of the team to read and to write. What it makes is never sent by itself, never stored unless it is the
reply, and never made of a crisis: there a wrong word is worse than none.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import requests
import urllib3

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS: Final = 8.0
CONNECT_SECONDS: Final = 3.0
MOST_BYTES: Final = 256 * 1024
LONGEST: Final = 5000  # characters; messages and replies are shorter

NO_SERVICE: Final = "no_service"
UNKNOWN_LANGUAGE: Final = "unknown_language"
TOO_LONG: Final = "too_long"
TOO_BUSY: Final = "too_busy"
REFUSED: Final = "refused"
OUT_OF_REACH: Final = "out_of_reach"
NOT_UNDERSTOOD: Final = "not_understood"
CRISIS: Final = "crisis"

# What LibreTranslate answers with, besides 200, and what it means for who asked.
_BY_STATUS: Mapping[int, str] = {400: UNKNOWN_LANGUAGE, 403: REFUSED, 429: TOO_BUSY}


class TranslationError(Exception):
    """There is no translation; `reason` is a code that the console has words for."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{self.__doc__} ({reason})")
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class LibreTranslate:
    """The service at `url`; `key` is what it asks for, when it asks."""

    url: str
    key: str | None = field(default=None, repr=False)
    seconds: float = SECONDS

    def translate(self, text: str, source: str, target: str) -> str:
        """
        Return the text in the language `target`; both languages are BCP 47 codes.

        Raises:
            TranslationError: there is no translation; it says why.

        """
        if len(text) > LONGEST:
            raise TranslationError(TOO_LONG)
        asked = {"q": text, "source": source, "target": target, "format": "text"}
        if self.key:
            asked["api_key"] = self.key
        status, body = self._answer(asked)
        if status != 200:  # noqa: PLR2004  # all is well
            raise TranslationError(_BY_STATUS.get(status, OUT_OF_REACH))
        try:
            translated = json.loads(body)["translatedText"]
        except (ValueError, KeyError, TypeError):
            raise TranslationError(NOT_UNDERSTOOD) from None
        if not isinstance(translated, str) or not translated.strip():
            raise TranslationError(NOT_UNDERSTOOD)
        return translated

    def _answer(self, asked: Mapping[str, str]) -> tuple[int, bytes]:
        until = time.monotonic() + self.seconds
        limits = (min(CONNECT_SECONDS, self.seconds), self.seconds)
        body = bytearray()
        try:
            # Never sent on to another address: these are people's words.
            with requests.post(
                f"{self.url}/translate", json=asked, timeout=limits, stream=True, allow_redirects=False
            ) as answer:
                for chunk in answer.iter_content(16 * 1024):
                    body += chunk
                    if len(body) > MOST_BYTES or time.monotonic() > until:
                        raise TranslationError(OUT_OF_REACH)
                return answer.status_code, bytes(body)
        except (requests.RequestException, urllib3.exceptions.HTTPError):
            # Its text may hold the address with a key in it, and the words.
            raise TranslationError(OUT_OF_REACH) from None
