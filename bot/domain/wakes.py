"""
What a unit of work leads to: who has something to look at once it is stored.

It carries no truth. Whoever looks finds what there is to do in the tables, so a wake-up that is lost or repeated is
harmless; it only saves the wait for the next sweep.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


class Wake(StrEnum):
    """What there may be to do, besides a message to answer."""

    DELIVER = "deliver"  # a message may go out
    DESK = "desk"  # a case changed


class Wakes:
    """The wake-ups of one unit of work; each is noted once, however often it is asked for."""

    def __init__(self) -> None:
        self._conversations: dict[str, None] = {}
        self._others: dict[Wake, None] = {}
        self._pages: dict[str, None] = {}

    def answer(self, conversation_id: str) -> None:
        """Note that this conversation has an unread message."""
        self._conversations[conversation_id] = None

    def note(self, what: Wake) -> None:
        """Note that there may be something to do."""
        self._others[what] = None

    def show(self, address: str) -> None:
        """Note that the preview's pages of this address have something new to show."""
        self._pages[address] = None

    @property
    def pages(self) -> Collection[str]:
        """The addresses of the preview whose pages have something new."""
        return self._pages.keys()

    @property
    def conversations(self) -> Collection[str]:
        """The conversations with an unread message."""
        return self._conversations.keys()

    @property
    def others(self) -> Collection[Wake]:
        """What else there may be to do."""
        return self._others.keys()

    def __bool__(self) -> bool:
        return bool(self._conversations or self._others or self._pages)
