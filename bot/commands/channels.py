"""`wegwijs channels setup | check`: whether each messenger knows us, and what to do where it doesn't."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.commands import channels_telegram, channels_whatsapp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.commands.channels_telegram import Found
    from bot.settings import Settings

# One function per messenger and verb.
# WhatsApp's webhook is written down at Twilio by hand: its check says where.
SETUP: Mapping[str, Callable[[Settings], Found]] = {
    "Telegram": channels_telegram.setup,
    "WhatsApp": channels_whatsapp.check,
}
CHECK: Mapping[str, Callable[[Settings], Found]] = {
    "Telegram": channels_telegram.check,
    "WhatsApp": channels_whatsapp.check,
}


def setup(settings: Settings) -> int:
    """Tell every messenger that has an account here how to reach us; return the exit status."""
    return _each(SETUP, settings)


def check(settings: Settings) -> int:
    """Say of every messenger whether all is well, or what to do; return the exit status."""
    return _each(CHECK, settings)


def _each(functions: Mapping[str, Callable[[Settings], Found]], settings: Settings) -> int:
    fine = True
    for name, function in functions.items():
        found = function(settings)
        fine = fine and not found.to_do
        for line in (*found.well, *found.to_do):
            click.echo(f"{name:<10} {line}")
        click.echo(
            f"{name:<10} {'ok' if found.is_used and not found.to_do else 'to do' if found.to_do else 'not used'}"
        )
    return 0 if fine else 1
