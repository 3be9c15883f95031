"""What passes between us and a messenger besides a newcomer's message: letters, receipts, and other news."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from bot.domain.turn import Inbound

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.domain.turn import Message


@dataclass(frozen=True, kw_only=True)
class Letter:
    """
    One message on its way to one address.

    `reference` is our own id of it, without anything personal: a messenger that can give something back with its
    receipt is given this. `window_open`: whether the messenger takes free text now; always true where it has no window.
    `open` gives what a file of the message holds, by its id; None when it is gone.
    """

    address: str = field(repr=False)
    message: Message = field(repr=False)
    reference: str
    window_open: bool = True
    open: Callable[[str], bytes | None] = field(default=lambda _file: None, repr=False, compare=False)


class Outcome(StrEnum):
    """What a messenger says became of a message, in the order in which it can happen; it never goes back."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


class Remedy(StrEnum):
    """What helps after a messenger did not take a message."""

    RETRY = "retry"  # the same message, later
    PAUSE = "pause"  # nothing of this account for a while, then the same message
    NEVER = "never"  # nothing: the message has failed
    STOP_SENDING = "stop_sending"  # the person blocked us or opted out: nothing more, until they write
    WINDOW_CLOSED = "window_closed"  # free text has to wait until the person writes; a template may go
    UNCERTAIN = "uncertain"  # nobody knows whether it was taken: never blindly repeated


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """
    News about a message that we handed over, often late, repeated or out of order.

    `reference` is what its `Letter` carried, where the messenger gives it back; `provider_id` the messenger's own.
    """

    channel: str
    provider_id: str | None
    reference: str | None
    outcome: Outcome
    reason: str | None = None
    remedy: Remedy = Remedy.NEVER


@dataclass(frozen=True, kw_only=True)
class Reachable:
    """The person blocked us (`reachable` false) or let us in again."""

    channel: str
    address: str = field(repr=False)
    reachable: bool


@dataclass(frozen=True, kw_only=True)
class Moved:
    """The messenger gave the same chat another address."""

    channel: str
    address: str = field(repr=False)
    new_address: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class FromGroup:
    """Somebody wrote in a group: only private chats are served, and nothing of it is stored."""

    channel: str
    address: str = field(repr=False)
    language_hint: str | None = None


@dataclass(frozen=True, kw_only=True)
class TiesDesk:
    """Somebody of the team has pings come to this chat, by the code that the console gave them; no newcomer."""

    channel: str
    address: str = field(repr=False)
    code: str = field(repr=False)


News: TypeAlias = Inbound | Receipt | Reachable | Moved | FromGroup | TiesDesk
