"""A messenger tells something: the one door for everything that comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.turn import Inbound
from bot.receive import take_in

if TYPE_CHECKING:
    from bot.domain.messenger import News
    from bot.runtime import Runtime


def hear(runtime: Runtime, news: News) -> str | None:
    """Store what came in and wake whoever acts on it; return the conversation's id when it is a new message."""
    return take_in(runtime, news) if isinstance(news, Inbound) else None
