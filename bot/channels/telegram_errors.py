"""What Telegram's refusals mean, as one table."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

from telegram import error as telegram

from bot.channels.errors import DeliveryError
from bot.domain.messenger import Remedy

if TYPE_CHECKING:
    from collections.abc import Mapping

# The library then gives seconds as a timedelta, which its next major version always does, and warns of nothing.
os.environ.setdefault("PTB_TIMEDELTA", "true")

# A token that is refused is mended by a person, not by asking again soon.
TOKEN_SECONDS = 300.0
# A 429 that does not say how long: its own documents speak of a minute's window.
PAUSE_SECONDS = 60.0

# The first row that fits: BadRequest and TimedOut are kinds of NetworkError, so they stand above it.
REMEDIES: tuple[tuple[type[Exception], str, Remedy], ...] = (
    (telegram.ChatMigrated, "chat_migrated", Remedy.RETRY),
    (telegram.RetryAfter, "too_many_requests", Remedy.PAUSE),
    (telegram.Forbidden, "forbidden", Remedy.STOP_SENDING),
    (telegram.InvalidToken, "token_refused", Remedy.RETRY),
    (telegram.Conflict, "conflict", Remedy.RETRY),
    (telegram.BadRequest, "bad_request", Remedy.NEVER),
    (telegram.TimedOut, "timed_out", Remedy.RETRY),
    (telegram.NetworkError, "unreachable", Remedy.RETRY),
    # An answer that is no answer: whether the message was taken stood in it.
    (telegram.TelegramError, "not_understood", Remedy.UNCERTAIN),
    (TimeoutError, "timed_out", Remedy.UNCERTAIN),
)
# What Telegram says in words only. None of it is handed on as it stands: it may hold what we sent.
WORDS: Mapping[str, tuple[str, Remedy]] = {
    "chat not found": ("chat_not_found", Remedy.STOP_SENDING),
    "user is deactivated": ("deactivated", Remedy.STOP_SENDING),
    "peer_id_invalid": ("chat_not_found", Remedy.STOP_SENDING),
    "message is too long": ("too_long", Remedy.NEVER),
    "request entity too large": ("too_large", Remedy.NEVER),
    "too many requests": ("too_many_requests", Remedy.PAUSE),
}
# How a connection ends after the request may have gone through; every other way, it surely did not.
_AFTER_SENDING = frozenset({
    "ReadTimeout", "WriteTimeout", "ReadError", "WriteError", "CloseError", "RemoteProtocolError", "DecodingError",
})  # fmt: skip


def explained(error: Exception) -> DeliveryError:
    """Return what the refusal means; what is no refusal came after one was possible, so nobody knows."""
    reason, remedy = next(
        ((reason, remedy) for kind, reason, remedy in REMEDIES if isinstance(error, kind)),
        ("not_understood", Remedy.UNCERTAIN),
    )
    if isinstance(error, telegram.NetworkError):
        reason, remedy = _in_words(error) or (reason, remedy)
        if type(error.__cause__).__name__ in _AFTER_SENDING:
            remedy = Remedy.UNCERTAIN
    return DeliveryError(
        reason,
        remedy=remedy,
        retry_after=_seconds(error, reason),
        new_address=str(error.new_chat_id) if isinstance(error, telegram.ChatMigrated) else None,
    )


def _in_words(error: telegram.NetworkError) -> tuple[str, Remedy] | None:
    said = error.message.lower()
    return next((meaning for words, meaning in WORDS.items() if words in said), None)


def _seconds(error: Exception, reason: str) -> float | None:
    if isinstance(error, telegram.RetryAfter):
        asked = error.retry_after
        return asked.total_seconds() if isinstance(asked, timedelta) else float(asked)
    return {"token_refused": TOKEN_SECONDS, "too_many_requests": PAUSE_SECONDS}.get(reason)
