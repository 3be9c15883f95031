"""WhatsApp, as seen by `wegwijs channels setup | check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.channels.errors import DeliveryError
from bot.channels.whatsapp_templates import Templates
from bot.commands.channels_telegram import Found
from bot.settings import TWILIO_SETTINGS, PartialSettingsError
from bot.web.webhooks_whatsapp import MESSAGES
from bot.wiring import whatsapp_account

if TYPE_CHECKING:
    from bot.settings import Settings


def check(settings: Settings) -> Found:
    """Return whether Twilio lets us in, and what its console must be told; not set up at all is fine."""
    try:
        account = whatsapp_account(settings)
    except PartialSettingsError as error:
        to_do = tuple(f"set {name}; where to get it: {TWILIO_SETTINGS[name]}" for name in error.missing)
        return Found(is_used=True, to_do=to_do)
    if account is None:
        return Found(is_used=False, well=(f"not set up; it needs {', '.join(TWILIO_SETTINGS)}",))
    well: list[str] = []
    to_do_list: list[str] = []
    try:
        state = Templates(account).account_status(account.sid)
        (well if state == "active" else to_do_list).append(f"{account.sender}: the account at Twilio is {state}")
    except DeliveryError as error:
        to_do_list.append(f"Twilio does not let us in: {error.reason}")
    if account.public_url is None:
        to_do_list.append("set PUBLIC_URL: without it no receipts come and no files are shown")
    elif not account.public_url.startswith("https://"):
        to_do_list.append(f"PUBLIC_URL is {account.public_url}: Twilio posts to https:// only")
    else:
        there = f"{account.public_url}{MESSAGES}"
        well.append(f"the sender's webhook at console.twilio.com (Messaging, Senders) is to be POST {there}")
    return Found(is_used=True, well=tuple(well), to_do=tuple(to_do_list))
