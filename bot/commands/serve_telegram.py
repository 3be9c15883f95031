"""How `wegwijs serve` hears Telegram: it is asked, or it posts; and what a person is told about it at the start."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import click

from bot.channels.errors import DeliveryError
from bot.commands.channels_telegram import ADVICE, OTHERWISE
from bot.listen import Listener
from bot.web.webhooks_telegram import telegram_webhook

if TYPE_CHECKING:
    from starlette.routing import Route

    from bot.channels.telegram import Telegram
    from bot.runtime import Runtime
    from bot.settings import Settings


class TelegramEdge:
    """One of the two ways to hear a bot. A Telegram that is away, or refuses us, keeps nothing else from starting."""

    def __init__(self, settings: Settings, runtime: Runtime, bot: Telegram, *, may_ask: bool = True) -> None:
        self._bot = bot
        self._url = settings.telegram_webhook_url
        secret = settings.telegram_webhook_secret
        self._missing = _missing(settings)
        self.routes: tuple[Route, ...] = ()
        self._listener: Listener | None = None
        if self._url is not None and secret is not None:
            self.routes = (telegram_webhook(runtime, bot, secret=secret.get_secret_value()),)
        elif may_ask:
            self._listener = Listener(runtime, bot)

    def start(self) -> None:
        """Begin to hear, and say as who once Telegram has answered."""
        if self.routes:
            way = f"posts to {self._url}"
        elif self._listener is not None:
            way = f"is asked for messages (long polling){self._missing}"
        else:
            way = "is not heard: --web-only needs a webhook; set PUBLIC_URL and TELEGRAM_WEBHOOK_SECRET"
        click.echo(f"  Telegram          {way}")
        if self._listener is not None:
            self._listener.start()
        threading.Thread(target=self._say_who, name="telegram-hello", daemon=True).start()

    def stop(self) -> None:
        """Store what was heard and hear no more."""
        if self._listener is not None:
            self._listener.stop()

    def _say_who(self) -> None:
        try:
            standing = self._bot.standing()
        except DeliveryError as error:
            if error.reason != "closing":
                click.echo(f"  Telegram          {ADVICE.get(error.reason, OTHERWISE)}")
            return
        click.echo(f"  Telegram          Bot {standing.name}")
        if standing.webhook_url != (self._url or ""):
            click.echo("  Telegram          run `wegwijs channels setup` once: it hears us in another way until then")


def _missing(settings: Settings) -> str:
    """Name the other half, when one of the two settings of a webhook is there."""
    match settings.public_url, settings.telegram_webhook_secret:
        case None, secret if secret is not None:
            return "; for a webhook PUBLIC_URL is missing: https:// and the name your proxy answers to"
        case _:
            return ""
