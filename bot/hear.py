"""What every edge calls for anything that a messenger tells: a message is stored and wakes whoever answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.turn import Inbound
from bot.receive import take_in

if TYPE_CHECKING:
    from bot.domain.messenger import News
    from bot.runtime import Runtime


def hear(runtime: Runtime, news: News) -> str | None:
    """Take the news in; return the conversation when it is a new message. The same news twice is harmless."""
    return take_in(runtime, news) if isinstance(news, Inbound) else None
