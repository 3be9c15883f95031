"""A Rasa server that is measured beside us: what it makes of a message, over its HTTP API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import urllib3

from bot.nlu.examples import OUT_OF_SCOPE
from bot.nlu.model import IntentGuess, Understanding

CONNECT_SECONDS: Final = 3.0
SECONDS: Final = 30.0
FALLBACK: Final = "nlu_fallback"
GUESSES: Final = 3


class RasaError(Exception):
    """The Rasa server does not tell what a message means; start one with `rasa run --enable-api -m MODEL`."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"{self.__doc__}\n  {url}: {why}")


@dataclass(frozen=True, kw_only=True)
class Rasa:
    """The server at `url`."""

    url: str
    seconds: float = SECONDS
    _session: requests.Session = field(default_factory=requests.Session, repr=False)

    def understand(self, text: str, *, language: str | None = None) -> Understanding:
        """
        Return what Rasa makes of the message. It isn't told the language: its model is for all of them.

        Its fallback is a refusal, as `out_of_scope` is. It has one engine, which counts as `full` here.

        Raises:
            RasaError: it cannot be asked, or answers in another way than Rasa does.

        """
        try:
            answer = self._session.post(
                f"{self.url.rstrip('/')}/model/parse",
                json={"text": text},
                timeout=(min(CONNECT_SECONDS, self.seconds), self.seconds),
                allow_redirects=False,
            )
        except requests.ConnectionError:
            raise RasaError(self.url, "nobody answers there") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            raise RasaError(self.url, f"it cannot be asked ({type(error).__name__})") from None
        if answer.status_code != requests.codes.ok:
            raise RasaError(self.url, f"it answers with HTTP {answer.status_code}")
        try:
            return _understanding(answer.json(), language or "")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise RasaError(self.url, "its answer has no intent and intent_ranking") from None

    def close(self) -> None:
        """Let the connection go."""
        self._session.close()


def is_address(url: str) -> bool:
    """Return whether this can be the address of a server."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _understanding(answer: Any, language: str) -> Understanding:
    best = answer["intent"]["name"]
    ranking = [
        IntentGuess(name=str(guess["name"]), confidence=min(1.0, max(0.0, float(guess["confidence"]))))
        for guess in answer["intent_ranking"]
        if guess["name"] not in (FALLBACK, OUT_OF_SCOPE)
    ]
    return Understanding(
        language=language,
        intents=tuple(ranking[:GUESSES]),
        out_of_scope=best in (None, FALLBACK, OUT_OF_SCOPE),
        engine="full",
    )
