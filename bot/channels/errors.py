"""Why a messenger did not take a message."""

from __future__ import annotations

from bot.domain.messenger import Remedy


class DeliveryError(Exception):
    """
    The messenger did not take the message, or nobody knows.

    `reason` is a code or a few words that hold nothing personal. `remedy` says what helps. `retry_after` is what the
    messenger asked us to wait, in seconds. `new_address` is where the same chat is now: the message goes there.
    """

    def __init__(
        self,
        reason: str,
        *,
        remedy: Remedy = Remedy.RETRY,
        retry_after: float | None = None,
        new_address: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.retry_after = retry_after
        self.new_address = new_address


class FileRefusedError(Exception):
    """A file cannot be had from the messenger, now or ever; `reason` is a code."""

    def __init__(self, reason: str, *, again: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again
