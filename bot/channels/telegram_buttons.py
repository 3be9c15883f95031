"""Our buttons as Telegram's inline keyboard, and what a press of one carries back."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import blake2b
from typing import TYPE_CHECKING

import telegram

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.domain.turn import Button

# What a button carries is 1 to 64 bytes (core.telegram.org/bots/api#inlinekeyboardbutton).
MOST_BYTES = 64
# Two titles of this many characters fit beside each other on a narrow phone.
SHORT_TITLE = 14
# Our payloads begin with a slash, so this can begin none of them.
_MARK = "~"


def data_of(payload: str) -> str:
    """Return what the button carries: the payload, or a short name of it that is the same in every process."""
    raw = payload.encode()
    if 0 < len(raw) <= MOST_BYTES and not payload.startswith(_MARK):
        return payload
    return _MARK + urlsafe_b64encode(blake2b(raw, digest_size=24).digest()).decode()


class Payloads:
    """
    Gives back the payload behind what a button carried.

    A payload that is too long travels as its digest. Those of the knowledge are named here at the start, so nothing
    has to be stored, any process can read any button, and a restart forgets none.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._long = {data_of(payload): payload for payload in known if data_of(payload) != payload}

    def behind(self, data: str) -> str | None:
        """Return the payload, or None for the digest of one that the knowledge has no more."""
        return self._long.get(data) if data.startswith(_MARK) else data


def keyboard(buttons: Sequence[Button]) -> telegram.InlineKeyboardMarkup | None:
    """Return the keyboard: two short buttons to a row, or each on its own as soon as one is long."""
    if not buttons:
        return None
    across = 2 if all(len(button.title) <= SHORT_TITLE for button in buttons) else 1
    keys = [telegram.InlineKeyboardButton(button.title, callback_data=data_of(button.payload)) for button in buttons]
    return telegram.InlineKeyboardMarkup([keys[at : at + across] for at in range(0, len(keys), across)])
