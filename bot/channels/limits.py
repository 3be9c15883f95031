"""What each messenger takes, as one table, and how a longer text is parted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

# A send that takes longer is given up: well within the lease of bot/deliver.py, so that no other worker repeats it.
SEND_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """
    The limits of one messenger account.

    `text` counts UTF-16 code units. `per_second` is how many messages the account may send, `burst` how many at
    once after a rest. `window`: how long after the newcomer's last message free text is taken; None means always.
    `repeatable`: whether a message of unknown outcome is sent again (a double is read twice; a lost one never).
    `files`: whether the messenger can get files from us, and `pages` whether it takes a web page as one, `calendars` a
    file of dates.
    """

    text: int
    per_second: float | None = None
    burst: int = 1
    window: timedelta | None = None
    repeatable: bool = True
    files: bool = True
    pages: bool = True
    calendars: bool = True


# Below a picture or a document: Telegram takes 1,024, WhatsApp more.
CAPTION = 1024

SCREEN = Limits(text=4096)  # our own screens: the terminal and the preview
# core.telegram.org/bots/faq: about 30 messages a second overall; text 1 to 4096.
TELEGRAM = Limits(text=4096, per_second=28.0, burst=28)
# twilio.com/docs: body up to 1600 (21617); 80 a second for each sender; free text for 24 hours.
# Of documents it is sure to take a PDF; a file of dates is not on the list of what it takes.
WHATSAPP = Limits(
    text=1600, per_second=75.0, burst=75, window=timedelta(hours=24), repeatable=False, pages=False, calendars=False
)


def length(text: str) -> int:
    """Return how long a messenger counts the text: in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2
