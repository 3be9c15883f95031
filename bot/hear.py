"""A messenger tells something: the one door for polling and webhooks, whatever the news is. Harmless when repeated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from bot.deliver import take_receipt
from bot.domain.messenger import FromGroup, Moved, Reachable, Receipt, TiesDesk
from bot.domain.turn import Inbound, Kind
from bot.notify import tie
from bot.receive import take_in

if TYPE_CHECKING:
    from bot.domain.messenger import News
    from bot.runtime import Runtime


# A message that cannot be stored this often is stored without its words, so that those of others are heard.
TRIES = 5


def without_words(inbound: Inbound) -> Inbound:
    """Return what is left of a message that cannot be stored as it is: that this person sent something."""
    return replace(inbound, kind=Kind.OTHER, text="", payload=None, edits=None, profile_name=None, attachments=())


def hear(runtime: Runtime, news: News) -> str | None:
    """Store the news and wake whoever acts on it; return the conversation's id when it is a new message."""
    match news:
        case Inbound():
            return take_in(runtime, news)
        case Receipt():
            take_receipt(runtime, news)
        case Reachable():
            now = runtime.clock.now()
            reachable = news.reachable
            runtime.database.write(
                lambda work: work.newcomers.set_reachable(news.channel, news.address, reachable=reachable, now=now)
            )
        case Moved():
            runtime.database.write(
                lambda work: work.newcomers.move_address(news.channel, news.address, news.new_address)
            )
        case FromGroup():
            pass  # nothing of a group is stored; the edge says its one line
        case TiesDesk():
            tie(runtime, news)
        case _:
            assert_never(news)
    return None
