"""
What is looked for every few seconds, every minute and every ten, because nobody wakes us for it.

Each of these may run in several processes at once: what they do is claimed in the tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import measure
from bot.announce import announce_due
from bot.ask_after import look_after_due
from bot.attend import attend_due
from bot.deliver import settle_uncertain
from bot.forget import drop_expired_codes, drop_unanswered_notices, expire, finish_erasures
from bot.notify import drop_old_pings, tell
from bot.publish import keep_up
from bot.recall import recall_due
from bot.remind import end_over, escalate_due, remind_due

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.runtime import Runtime

SWEEP_SECONDS = 2.0
TIDY_SECONDS = 60.0
EXPIRE_SECONDS = 600.0
# Conversations that one sweep finds unanswered; more are found by the next.
MOST = 100


def sweep(runtime: Runtime) -> list[str]:
    """Do what became due; return the conversations whose messages nobody has taken up yet."""
    forgotten = runtime.database.read(lambda work: work.conversations.with_unread(MOST))
    finish_erasures(runtime)
    attend_due(runtime)
    remind_due(runtime)
    announce_due(runtime)
    recall_due(runtime)
    look_after_due(runtime)
    tell(runtime)
    measure.swept()
    return forgotten


def tidy(runtime: Runtime) -> None:
    """Do what may wait a minute."""
    drop_unanswered_notices(runtime)
    drop_expired_codes(runtime)
    settle_uncertain(runtime)
    drop_old_pings(runtime)
    escalate_due(runtime)
    end_over(runtime)
    keep_up(runtime)


def forget_what_is_old(runtime: Runtime, *, stop: Callable[[], bool]) -> None:
    """Erase what was kept long enough, until `stop` says that there is no more time for it."""
    expire(runtime, stop=stop)
