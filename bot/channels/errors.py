"""Why a messenger did not take a message."""

from __future__ import annotations


class DeliveryError(Exception):
    """
    The messenger did not take the message.

    `reason` is a code or a few words that hold nothing personal. `permanent`: trying again cannot help. `retry_after`
    is what the messenger asked us to wait, in seconds.
    """

    def __init__(self, reason: str, *, permanent: bool = False, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.retry_after = retry_after
