"""The terminal as a messenger: what is delivered waits in a queue until the screen has shown it."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING
from uuid import uuid4

from bot.channels.limits import SCREEN

if TYPE_CHECKING:
    from bot.domain.messenger import Letter
    from bot.domain.turn import Message


class Terminal:
    """The channel of `wegwijs chat` and `wegwijs ask`."""

    name = "terminal"
    limits = SCREEN

    def __init__(self) -> None:
        self.delivered: queue.SimpleQueue[Message] = queue.SimpleQueue()

    def send(self, letter: Letter) -> str:
        """Queue the message for the screen and return a new provider id."""
        self.delivered.put(letter.message)
        return f"{self.name}-{uuid4().hex}"
