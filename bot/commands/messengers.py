"""The messengers that the settings name, for a process that delivers."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from bot.wiring import telegram, whatsapp, whatsapp_account

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.domain.clock import Clock
    from bot.knowledge.knowledge import Knowledge
    from bot.runtime import Channel
    from bot.settings import Settings
    from bot.store.database import Database


@contextmanager
def messengers(
    settings: Settings, knowledge: Knowledge, database: Database, clock: Clock
) -> Iterator[Mapping[str, Channel]]:
    """Give what is set up of WhatsApp and Telegram, by the channel's name."""
    found: dict[str, Channel] = {}
    account = whatsapp_account(settings)
    if account is not None:
        found["whatsapp"] = whatsapp(account, database, knowledge, clock)
    bot = telegram(settings, knowledge)
    if bot is not None:
        found[bot.name] = bot
    try:
        yield found
    finally:
        if bot is not None:
            bot.close()
