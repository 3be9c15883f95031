"""Messages that newcomers write, and how they come in: all at once, or so many a second."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from bench.scale.town import CHANNEL, LANGUAGE
from bench.turn.__main__ import SHORT, mistyped
from bot import receive
from bot.domain.turn import Inbound, Kind
from bot.safety.redaction import mask

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.knowledge.knowledge import Knowledge
    from bot.runtime import Runtime
    from bot.store.work import Work

POSTERS = 4  # threads that take in, as a web process has
SHORT_ONES = 0.3  # of the messages of somebody who has written before


def questions(knowledge: Knowledge, intents: Collection[str] | None) -> list[str]:
    """Return what is asked: the examples of these intents, or of all questions of the knowledge."""
    asked = intents or knowledge.content.questions.keys()
    return [one.text for one in knowledge.examples if one.language == LANGUAGE and one.intent in asked]


def written(addresses: Sequence[str], lines: Sequence[str], seed: int, *, answers: bool = False) -> list[Inbound]:
    """Return one message of each; with `answers` some of them are short answers to what the assistant asked."""
    chance = random.Random(seed)  # noqa: S311  # chosen messages, no secret
    found = []
    for address in addresses:
        short = answers and chance.random() < SHORT_ONES
        words = chance.choice(SHORT[LANGUAGE]) if short else mistyped(chance.choice(lines), chance)
        found.append(_message(address, words))
    return found


def _message(address: str, words: str) -> Inbound:
    return Inbound(
        channel=CHANNEL,
        address=address,
        provider_id=uuid4().hex,
        kind=Kind.TEXT,
        text=words,
        payload=None,
        received_at=datetime.now(UTC),
    )


def store(runtime: Runtime, messages: Sequence[Inbound]) -> float:
    """Store all of them in one transaction, so that they wait together; return the moment at which they did."""

    def all_of_them(work: Work) -> None:
        for one in messages:
            receive._stored(runtime, work, one, mask(one.text))  # noqa: SLF001  # one of these is a unit of work

    runtime.database.write(all_of_them)
    return time.monotonic()


def steady(runtime: Runtime, messages: Sequence[Inbound], rate: float, seed: int) -> list[tuple[str, float, float]]:
    """
    Take in so many messages a second, at uneven moments, whether or not the earlier ones were taken in.

    Return of each its address, when it was to come and when it was stored.
    """
    chance = random.Random(seed)  # noqa: S311  # moments, no secret
    at, moments = time.monotonic() + 0.2, []
    for _ in messages:
        at += chance.expovariate(rate)
        moments.append(at)

    def post(message: Inbound, moment: float) -> tuple[str, float, float]:
        time.sleep(max(0.0, moment - time.monotonic()))
        receive.take_in(runtime, message)
        return message.address, moment, time.monotonic()

    with ThreadPoolExecutor(POSTERS) as posters:
        return list(posters.map(post, messages, moments))
