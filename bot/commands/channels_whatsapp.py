"""WhatsApp's part of `wegwijs channels check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.channels.errors import DeliveryError
from bot.channels.whatsapp_templates import Templates
from bot.settings import PartialSettingsError
from bot.wiring import whatsapp_account

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.settings import Settings

MESSAGES = "/webhooks/whatsapp"


def check(settings: Settings, say: Callable[[str], None]) -> bool:
    """Say how WhatsApp is set up, line by line; return whether nothing needs mending. Not set up is fine."""
    try:
        account = whatsapp_account(settings)
    except PartialSettingsError as error:
        say(str(error))
        return False
    if account is None:
        say("WhatsApp: not set up (TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_WHATSAPP_FROM)")
        return True
    try:
        state = Templates(account).account_status(account.sid)
    except DeliveryError as error:
        say(f"WhatsApp: Twilio does not let us in: {error.reason}")
        return False
    say(f"WhatsApp: {account.sender}, the account is {state}")
    if account.public_url is None:
        say("WhatsApp: PUBLIC_URL is missing, so no receipts come and no files are shown")
        return False
    if not account.public_url.startswith("https://"):
        say(f"WhatsApp: PUBLIC_URL is {account.public_url}; Twilio posts only to https://")
        return False
    say(f"WhatsApp: at console.twilio.com, as the sender's webhook (POST), write {account.public_url}{MESSAGES}")
    return state == "active"
