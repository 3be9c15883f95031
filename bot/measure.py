"""
What is counted while the assistant works: how often, how long, with which outcome; never who, and never what they said.

Every instrument lives here, and the verbs call one line each. Counting goes on whether anybody asks for the figures or
not: it costs a few millionths of a second. `wegwijs serve --metrics-port` is who tells them (docs/OPERATIONS.md).
"""

from __future__ import annotations

import re
import threading
import time
from functools import cache
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

M = TypeVar("M", Counter, Histogram)

# Our own, so that nothing a library counts by itself comes along.
REGISTRY = CollectorRegistry()
# When each counter began is told by the start of the process; as a series of its own it doubles what is told.
disable_created_metrics()  # type: ignore[no-untyped-call]  # it says nothing of its types

OTHER = "other"
NOTHING = "none"
# The values that a label may have; with more than so many of them a figure costs more than it tells.
MOST_CODES = 120
# A messenger's own codes are short numbers; a longer one could be somebody's.
_CODE = re.compile(r"(?!\S*\d{7})[A-Za-z0-9][A-Za-z0-9_.-]{0,47}")


class Few:
    """
    Lets through words that look like a code, and only so many different ones; any other is `other`.

    Whatever a library puts into an error one day: it cannot fill the memory of who asks for the figures, and no
    sentence, number or address can become a label.
    """

    def __init__(self, most: int = MOST_CODES) -> None:
        self._most = most
        self._seen: set[str] = set()
        self._changing = threading.Lock()

    def __call__(self, word: str | None) -> str:
        """Return the word, `none` when there is none, or `other`."""
        if not word:
            return NOTHING
        if word in self._seen:
            return word
        if not _CODE.fullmatch(word):
            return OTHER
        with self._changing:
            if len(self._seen) >= self._most:
                return OTHER
            self._seen.add(word)
        return word


_channels, _codes, _workers, _engines = Few(12), Few(), Few(24), Few(8)

# A turn takes a hundredth of a second; a webhook has seconds, and then the messenger sends it again.
_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_SLOW = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_INBOUND = Counter(
    "wegwijs_inbound_total",
    "Messages that a messenger gave us; `again` is true for those it had given before.",
    ("channel", "again"),
    registry=REGISTRY,
)
_TURNS = Counter(
    "wegwijs_turns_total",
    "Turns by outcome: answered, failed (it is tried again), set_aside (a person looks), collided (another worker had"
    " it, or its words changed meanwhile), gone (the person was erased).",
    ("outcome",),
    registry=REGISTRY,
)
_TURN_SECONDS = Histogram(
    "wegwijs_turn_seconds",
    "Seconds of a turn: whole; understanding; transaction (waiting for the database, and all that happens in it); and"
    " within that decision (the ladder) and effects (texts rendered, rows written).",
    ("part",),
    buckets=_QUICK,
    registry=REGISTRY,
)
_UNDERSTOOD = Counter(
    "wegwijs_understood_total",
    "Messages by what understood them: none (a button, a command, no words), exact (by heart), lexical (n-grams), full"
    " (with the encoder), rasa; and whether they were ours to answer.",
    ("engine", "ours"),
    registry=REGISTRY,
)
_RASA = Counter(
    "wegwijs_rasa_total",
    "Messages that Rasa was to understand, by outcome: answered, away (nobody answers), late, refused (its own error),"
    " strange (no answer of Rasa's), resting (not asked: it failed just before). Ours took all but the first.",
    ("outcome",),
    registry=REGISTRY,
)
_CRISES = Counter("wegwijs_crises_total", "Messages in which the crisis guard heard danger.", registry=REGISTRY)
_DELIVERIES = Counter(
    "wegwijs_deliveries_total",
    "Tries to hand a message over, by outcome (sent, waiting, blocked, or the remedy after it was not taken) and code.",
    ("channel", "outcome", "code"),
    registry=REGISTRY,
)
_DELIVERY_SECONDS = Histogram(
    "wegwijs_delivery_seconds",
    "Seconds that a messenger took to take a message, or to refuse it.",
    ("channel",),
    buckets=_SLOW,
    registry=REGISTRY,
)
_RECEIPTS = Counter(
    "wegwijs_receipts_total",
    "What messengers said later of what they had taken, by outcome and code.",
    ("channel", "outcome", "code"),
    registry=REGISTRY,
)
_JOBS_FAILED = Counter(
    "wegwijs_engine_failures_total",
    "Work of the engine that raised, by who does it; the sweep finds again what was dropped.",
    ("worker",),  # `job` is Prometheus' own word for whom it asks
    registry=REGISTRY,
)
_SWEPT_AT = Gauge(
    "wegwijs_engine_swept_timestamp_seconds", "When the engine's sweep last got on, in Unix time.", registry=REGISTRY
)
_REQUESTS = Counter(
    "wegwijs_http_requests_total",
    "Requests by method, by the pattern of the route (never the path that was asked for) and by status.",
    ("method", "route", "status"),
    registry=REGISTRY,
)
_REQUEST_SECONDS = Histogram(
    "wegwijs_http_request_seconds",
    "Seconds until an answer began, by the pattern of the route.",
    ("route",),
    buckets=_SLOW,
    registry=REGISTRY,
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# What a turn's report calls itself when nobody was answered.
_NOT_ANSWERED = {"failed": "failed", "taken": "collided", "reworded": "collided", "gone": "gone"}
# Told as nought from the start: of a figure that first appears as one nobody can see that it grew.
for _outcome in ("answered", "set_aside", *_NOT_ANSWERED.values()):
    _TURNS.labels(_outcome)
for _outcome in ("answered", "away", "late", "refused", "strange", "resting"):
    _RASA.labels(_outcome)
for _engine in ("lexical", "full"):
    for _ours in ("true", "false"):
        _UNDERSTOOD.labels(_engine, _ours)


class Timed:
    """Times the block it is put around, also when that raises."""

    __slots__ = ("_began", "_seconds")

    def __init__(self, seconds: Histogram) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_error: object) -> None:
        self._seconds.observe(time.perf_counter() - self._began)


@cache
def _of(instrument: M, *labels: str) -> M:
    """Return the instrument for these labels, found once: looking it up costs more than counting."""
    return instrument.labels(*labels)


def inbound(channel: str, *, again: bool) -> None:
    """Count a message that a messenger gave us."""
    _of(_INBOUND, _channels(channel), _flag(again)).inc()


def turn(rung: str, *, set_aside: bool, seconds: float) -> None:
    """Count a turn by who decided, or by what kept it from being decided."""
    outcome = "set_aside" if set_aside else _NOT_ANSWERED.get(rung, "answered")
    _of(_TURNS, outcome).inc()
    _of(_TURN_SECONDS, "whole").observe(seconds)


def turn_part(name: str) -> Timed:
    """Time one part of a turn."""
    return Timed(_of(_TURN_SECONDS, name))


def understood(engine: str | None, *, ours: bool, crisis: bool) -> None:
    """Count what understood a message, whether it was ours to answer, and whether danger was heard in it."""
    _of(_UNDERSTOOD, _engines(engine), _flag(ours)).inc()
    if crisis:
        _CRISES.inc()


def rasa(outcome: str) -> None:
    """Count what came of asking Rasa."""
    _of(_RASA, _codes(outcome)).inc()


def delivery(channel: str, outcome: str, code: str | None = None) -> None:
    """Count a try to hand a message over; `code` may have words behind it, which are left out."""
    _of(_DELIVERIES, _channels(channel), outcome, _code(code)).inc()


def delivery_time(channel: str) -> Timed:
    """Time a messenger, also when it refuses."""
    return Timed(_of(_DELIVERY_SECONDS, _channels(channel)))


def receipt(channel: str, outcome: str, code: str | None) -> None:
    """Count what a messenger said later."""
    _of(_RECEIPTS, _channels(channel), outcome, _code(code)).inc()


def job_failed(worker: str) -> None:
    """Count work of the engine that raised."""
    _of(_JOBS_FAILED, _workers(worker.strip("_"))).inc()


def swept() -> None:
    """Note that the engine's sweep got on just now."""
    _SWEPT_AT.set_to_current_time()


def request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request; `route` is the pattern as it stands in our code, and empty where none fits."""
    pattern = route or NOTHING
    _of(_REQUESTS, method if method in _METHODS else OTHER, pattern, str(status)).inc()
    _of(_REQUEST_SECONDS, pattern).observe(seconds)


def _code(reason: str | None) -> str:
    """Return the code that a reason begins with (`63016: no free text now`, `HTTP 503`)."""
    return _codes((reason or "").partition(":")[0].replace("HTTP ", "HTTP_"))


def _flag(value: bool) -> str:
    return "true" if value else "false"
