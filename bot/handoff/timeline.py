"""
What stands in a newcomer's file, one after the other: their messages, the bot's, the team's, what happened, notes.

Opened texts stay out of `repr`, so that no log shows them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from bot.domain.turn import SentFile


class Delivery(StrEnum):
    """What became of something that was said, as somebody at the desk must know it."""

    HELD = "held"  # for some seconds, so that it can be taken back
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    WAITING = "waiting"  # until the newcomer writes: the messenger takes no free text now
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    DROPPED = "dropped"


_BY_STATUS: Mapping[str, Delivery] = {
    "queued": Delivery.QUEUED,
    "leased": Delivery.QUEUED,
    "waiting": Delivery.WAITING,
    "sent": Delivery.SENT,
    "delivered": Delivery.DELIVERED,
    "read": Delivery.READ,
    "failed": Delivery.FAILED,
    "uncertain": Delivery.UNCERTAIN,
    "dropped": Delivery.DROPPED,
}


def delivery_of(status: str, *, held: bool = False) -> Delivery:
    """Return what became of a message with this status in the outbox; `held` when it can still be taken back."""
    return Delivery.HELD if held else _BY_STATUS[status]


@dataclass(frozen=True, kw_only=True)
class Guess:
    """What a message looked like: the question of the catalogue (None for small talk), and how much (0 to 1)."""

    intent: str
    question: str | None
    share: float


@dataclass(frozen=True, kw_only=True)
class FileSent:
    """A file that came with a message. `state` is wanted, fetched, refused, unwanted or gone; `why` a code."""

    id: str
    state: str
    media_type: str | None
    size: int | None
    why: str | None
    is_here: bool


@dataclass(frozen=True, kw_only=True)
class Wrote:
    """The newcomer wrote. Without `is_kept` the words are gone; `masked`: numbers in it were hidden before storage."""

    id: str
    at: datetime
    conversation_id: str
    number: int
    channel: str
    kind: str
    text: str = field(repr=False)
    language: str
    is_kept: bool
    masked: bool
    files: tuple[FileSent, ...]
    guesses: tuple[Guess, ...]
    rung: str | None
    crisis: str | None


@dataclass(frozen=True, kw_only=True)
class Said:
    """
    The bot said something, or somebody of the team did: `by` is their pseudonym, `mine` whether it is who looks.

    `undo_until` is until when it can be taken back; `why` a code of what the messenger said when it failed.
    `sent_files` went along, `follows` is the reply that this is a part of, `original` what was written before a machine
    put it into the newcomer's language.
    """

    id: str
    at: datetime
    conversation_id: str
    channel: str
    text: str = field(repr=False)
    language: str
    is_kept: bool
    buttons: tuple[str, ...]
    delivery: Delivery
    delivered_at: datetime | None
    why: str | None
    by: str | None
    mine: bool
    undo_until: datetime | None
    sent_files: tuple[SentFile, ...] = ()
    follows: str | None = None
    original: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Happened:
    """
    Something happened to the case.

    `by` is a pseudonym, or None when it was the bot, the newcomer, a messenger or time (`actor`); `note` are the words
    that came with it.
    """

    id: str
    at: datetime
    kind: str
    actor: str
    by: str | None
    mine: bool
    detail: Mapping[str, object]
    note: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Noted:
    """Somebody of the team wrote something for the team; without `text` the words are gone."""

    id: str
    at: datetime
    by: str | None
    mine: bool
    text: str | None = field(repr=False)


Item: TypeAlias = Wrote | Said | Happened | Noted


@dataclass(frozen=True, kw_only=True)
class Window:
    """Until when the messenger takes free text (None: it has no such window, or nobody wrote yet), and whether now."""

    is_open: bool
    until: datetime | None


def window_of(heard_at: datetime | None, length: timedelta | None, now: datetime) -> Window:
    """Return the window after the newcomer wrote at `heard_at`; without a `length` it is always open."""
    if length is None:
        return Window(is_open=True, until=None)
    until = heard_at + length if heard_at is not None else None
    return Window(is_open=until is not None and now < until, until=until)


# These say what a message in the file says already.
NOT_TOLD = frozenset({"reply_queued", "reply_accepted", "reply_waits", "reply_failed", "newcomer_wrote"})
