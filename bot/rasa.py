"""
A Rasa server that understands in our place (NLU_ENGINE=rasa), and our own understanding when it is away.

Rasa says what a message asks. Which language it is in, and whether somebody may be in danger, stays ours: that is
measured on our own lines, and must not hang on another service.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

import requests
import structlog
import urllib3

from bot import measure
from bot.nlu.examples import OUT_OF_SCOPE
from bot.nlu.model import IntentGuess, Understanding

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.nlu.confidence import Scale

log = structlog.get_logger()

# For one message, all tries together. Rasa needs some hundredths; a turn must be understood within a second.
SECONDS: Final = 0.8
CONNECT_SECONDS: Final = 0.4
# When less is left of them, a second try would only be late too.
WORTH_A_TRY: Final = 0.05
MOST_BYTES: Final = 256 * 1024
TRIES: Final = 2
# How long a Rasa that failed is left alone: first, and at most; it doubles with each failure.
FIRST_REST: Final = 2.0
LONGEST_REST: Final = 60.0
FALLBACK: Final = "nlu_fallback"
GUESSES: Final = 3
SERVER_ERROR: Final = 500
ENGINE: Final = "rasa"

# Why Rasa did not say what a message means.
AWAY, LATE, REFUSED, STRANGE, RESTING = "away", "late", "refused", "strange", "resting"


class RasaError(Exception):
    """The Rasa server does not tell what a message means; start one with `rasa run --enable-api -m MODEL`."""

    def __init__(self, url: str, why: str, reason: str = AWAY) -> None:
        super().__init__(f"{self.__doc__}\n  {url}: {why}")
        self.reason = reason


class Ear(Protocol):
    """What finds the meaning of a message here."""

    def understand(self, text: str, *, language: str | None = None) -> Understanding:
        """Return what the message is."""
        ...


@dataclass(frozen=True, kw_only=True)
class Rasa:
    """
    The server at `url`; `seconds` is all the time a message may take there.

    `token` is what it was started with (`--auth-token`). With a `scale` its confidences are read by that, and its own
    fallback, which knows none of our figures, is not heeded.
    """

    url: str
    seconds: float = SECONDS
    token: str | None = field(default=None, repr=False)
    scale: Scale | None = None
    _session: requests.Session = field(default_factory=requests.Session, repr=False, compare=False)

    def understand(self, text: str, *, language: str | None = None) -> Understanding:
        """
        Return what Rasa makes of the message. It isn't told the language: its model is for all of them.

        A broken line or a failing server is tried once more while there is time.

        Raises:
            RasaError: it cannot be asked, or answers in another way than Rasa does. It holds no word of the message.

        """
        until = time.monotonic() + self.seconds
        for left in reversed(range(TRIES)):
            try:
                return self._asked(text, language or "", until)
            except RasaError as error:
                if not left or error.reason not in (AWAY, REFUSED) or until - time.monotonic() < WORTH_A_TRY:
                    raise
        raise AssertionError  # each try returns or raises

    def close(self) -> None:
        """Let the connection go."""
        self._session.close()

    def _asked(self, text: str, language: str, until: float) -> Understanding:
        status, body = self._answer(text, until)
        if status != requests.codes.ok:
            reason = REFUSED if status >= SERVER_ERROR else STRANGE
            raise RasaError(self.url, f"it answers with HTTP {status}", reason)
        try:
            return _understanding(json.loads(body), language, self.scale)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise RasaError(self.url, "its answer has no intent and intent_ranking", STRANGE) from None

    def _answer(self, text: str, until: float) -> tuple[int, bytes]:
        left = max(until - time.monotonic(), 0.001)
        body = bytearray()
        try:
            # Never sent on to another address: these are people's words.
            with self._session.post(
                f"{self.url.rstrip('/')}/model/parse",
                json={"text": text},
                params={"token": self.token} if self.token else None,
                timeout=(min(CONNECT_SECONDS, left), left),
                allow_redirects=False,
                stream=True,
            ) as answer:
                for chunk in answer.iter_content(16 * 1024):
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise RasaError(self.url, "its answer is too long", STRANGE)
                    if time.monotonic() > until:
                        raise RasaError(self.url, "it takes too long", LATE)
                return answer.status_code, bytes(body)
        # Their texts may hold the address with the token in it.
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise RasaError(self.url, "it takes too long", LATE) from None
        except requests.ConnectionError:
            raise RasaError(self.url, "nobody answers there") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            raise RasaError(self.url, f"it cannot be asked ({type(error).__name__})") from None


@dataclass(kw_only=True)
class WithRasa:
    """
    Understands with Rasa, and by `own` while Rasa is away; safe to use from many threads.

    After a failure Rasa is left alone for a while, so that one that hangs costs a message now and then and not each of
    them. `knows` are the intents that mean something here, `alarming` those of somebody in danger. `seconds` tells the
    seconds of a clock that never goes back.
    """

    rasa: Rasa
    own: Ear
    knows: frozenset[str]
    alarming: frozenset[str] = frozenset()
    seconds: Callable[[], float] = time.monotonic
    _rests_until: float = 0.0
    _failures: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def is_away(self) -> bool:
        """Whether Rasa failed when it was asked last."""
        return self._failures > 0

    def understand(self, text: str, *, language: str | None = None) -> Understanding:
        """Return what the message is; `language` is the conversation's, kept when the text leaves it open."""
        own = self.own.understand(text, language=language)
        if not own.intents and not own.out_of_scope:
            return own  # nothing was said
        if not self._may_ask():
            measure.rasa(RESTING)
            return own
        try:
            found = self.rasa.understand(text, language=own.language)
        except RasaError as error:
            measure.rasa(error.reason)
            self._failed(error.reason)
            return own
        measure.rasa("answered")
        self._works()
        return self._joined(own, found)

    def _joined(self, own: Understanding, found: Understanding) -> Understanding:
        """Return Rasa's reading with our language and our ear for danger; what nobody here knows is left out."""
        intents = tuple(guess for guess in found.intents if guess.name in self.knows)
        refused = found.out_of_scope or not intents
        heard = intents[0].name if intents and not refused and intents[0].name in self.alarming else None
        return replace(
            found,
            language=own.language,
            certain=own.certain,
            intents=intents,
            out_of_scope=refused,
            alarm=own.alarm or heard,
        )

    def _may_ask(self) -> bool:
        with self._lock:
            now = self.seconds()
            if now < self._rests_until:
                return False
            if self._failures:
                self._rests_until = now + self._rest()  # one message tries; the others do not wait for it
            return True

    def _rest(self) -> float:
        return min(LONGEST_REST, FIRST_REST * 2.0 ** min(self._failures - 1, 10))

    def _failed(self, reason: str) -> None:
        with self._lock:
            is_news = not self._failures
            self._failures += 1
            self._rests_until = self.seconds() + self._rest()
        if is_news:
            log.warning("rasa is away, our own understanding answers", reason=reason)

    def _works(self) -> None:
        with self._lock:
            is_news = self._failures > 0
            self._failures, self._rests_until = 0, 0.0
        if is_news:
            log.warning("rasa is back")


def is_address(url: str) -> bool:
    """Return whether this can be the address of a server."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _understanding(answer: Any, language: str, scale: Scale | None) -> Understanding:
    ranking = [(str(guess["name"]), float(guess["confidence"])) for guess in answer["intent_ranking"]]
    guesses = [(name, min(1.0, max(0.0, confidence))) for name, confidence in ranking if name != FALLBACK]
    if scale is None:
        refused = answer["intent"]["name"] in (None, FALLBACK, OUT_OF_SCOPE)
    else:
        refused = not guesses or guesses[0][0] == OUT_OF_SCOPE or guesses[0][1] < scale.refuse_below
    ours = [
        IntentGuess(name=name, confidence=confidence if scale is None else scale.share(confidence))
        for name, confidence in guesses
        if name != OUT_OF_SCOPE
    ]
    return Understanding(language=language, intents=tuple(ours[:GUESSES]), out_of_scope=refused, engine=ENGINE)
