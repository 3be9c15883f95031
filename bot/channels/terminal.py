"""The terminal as a messenger: what is delivered waits in a queue until the screen has shown it."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from bot.domain.turn import Message


class Terminal:
    """The channel of `wegwijs chat` and `wegwijs ask`."""

    name = "terminal"

    def __init__(self) -> None:
        self.delivered: queue.SimpleQueue[Message] = queue.SimpleQueue()

    def send(self, address: str, message: Message) -> str:  # noqa: ARG002  # one screen, whatever the address
        """Queue the message for the screen and return a new provider id."""
        self.delivered.put(message)
        return f"{self.name}-{uuid4().hex}"
