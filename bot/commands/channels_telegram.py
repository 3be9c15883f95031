"""Telegram's part of `wegwijs channels`."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.channels.errors import DeliveryError
from bot.channels.telegram_news import ALLOWED_UPDATES
from bot.content.render import Known, Reader, Renderer
from bot.domain.clock import SystemClock
from bot.wiring import read_knowledge, telegram

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.channels.telegram import Telegram
    from bot.knowledge.knowledge import Knowledge
    from bot.settings import Settings

# What stands in the client's menu, in this order, and the response that describes it.
COMMANDS = (
    ("menu", "utter_command_menu"),
    ("tasks", "utter_command_tasks"),
    ("language", "utter_command_language"),
    ("help", "utter_command_help"),
    ("stop", "utter_command_stop"),
)
MOST_DESCRIPTION = 256
# More than this waiting means that nobody takes them.
MANY_PENDING = 100
NO_TOKEN = "TELEGRAM_TOKEN is missing: write /newbot to @BotFather on Telegram, it gives you one"  # noqa: S105
OTHERWISE = "Telegram does not answer as it should; it is tried again"
ADVICE: Mapping[str, str] = {
    "token_refused": "Telegram does not know this TELEGRAM_TOKEN: @BotFather shows the right one (/mybots, API Token)",
    "unreachable": "Telegram cannot be reached; it is tried again. Is the network up, and TELEGRAM_API_URL right?",
    "timed_out": "Telegram did not answer in time; it is tried again",
    "bad_request": "Telegram refuses this; is PUBLIC_URL an https:// address on port 443, 80, 88 or 8443?",
    "too_many_requests": "Telegram asks for a pause; try again in a few minutes",
}


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is well, and what a person has to do; `is_used` is false where the messenger has no account here."""

    is_used: bool = True
    well: tuple[str, ...] = ()
    to_do: tuple[str, ...] = ()


def setup(settings: Settings) -> Found:
    """Tell Telegram where updates go, and show the commands in the client's menu in every language."""
    knowledge = read_knowledge(settings)
    with _bot(settings, knowledge) as bot:
        if bot is None:
            return Found(is_used=False, well=(NO_TOKEN,))
        well: list[str] = []
        try:
            url, secret = settings.telegram_webhook_url, settings.telegram_webhook_secret
            if url is not None and secret is not None:
                bot.use_webhook(url, secret.get_secret_value())
                well.append(f"messages are posted to {url}")
            else:
                bot.use_polling()
                well.append("messages are asked for by wegwijs serve (long polling)")
            shown = menus(knowledge)
            for language, commands in shown.items():
                bot.set_commands(commands, language)
            well.append(f"the commands are shown in {len(shown)} languages")
            well.append(f"Bot {bot.standing().name}")
        except DeliveryError as error:
            return Found(well=tuple(well), to_do=(ADVICE.get(error.reason, OTHERWISE),))
        return Found(well=tuple(well))


def check(settings: Settings) -> Found:
    """Ask Telegram how it knows us, and compare that with the settings."""
    with _bot(settings, read_knowledge(settings)) as bot:
        if bot is None:
            return Found(is_used=False, well=(NO_TOKEN,))
        try:
            standing = bot.standing()
        except DeliveryError as error:
            return Found(to_do=(ADVICE.get(error.reason, OTHERWISE),))
    url = settings.telegram_webhook_url
    to_do: list[str] = []
    if standing.webhook_url != (url or ""):
        to_do.append(
            f"it posts to {standing.webhook_url or 'nobody'}, not to {url or 'nobody'}: wegwijs channels setup"
        )
    elif url is not None and set(standing.allowed_updates) != set(ALLOWED_UPDATES):
        to_do.append("it posts other kinds of news than we read: wegwijs channels setup")
    if url is not None and standing.last_error:
        to_do.append(f"the last time it posted it met: {standing.last_error}")
    if standing.pending > MANY_PENDING:
        to_do.append(f"{standing.pending} messages wait: does wegwijs serve run?")
    way = f"posts to {url}" if url else "is asked for messages (long polling)"
    return Found(well=(f"Bot {standing.name}", f"{way}; {standing.pending} messages wait"), to_do=tuple(to_do))


def menus(knowledge: Knowledge) -> Mapping[str | None, list[tuple[str, str]]]:
    """Return the commands with their descriptions per language; None stands for every other language."""
    languages = knowledge.content.languages
    renderer = Renderer(content=knowledge.content, catalogues=knowledge.catalogues)
    described = [(command, name) for command, name in COMMANDS if name in knowledge.content.responses]
    found: dict[str | None, list[tuple[str, str]]] = {}
    now = SystemClock().now()
    for code in languages.all if described else ():
        said = [renderer.render(name, Reader(language=code), Known(), now=now).message for _, name in described]
        # Where a description is missing the client shows what stands for everybody else.
        if all(message.language == code for message in said):
            texts = [message.text.replace("*", "")[:MOST_DESCRIPTION] for message in said]
            found[code] = [(command, text) for (command, _), text in zip(described, texts, strict=True)]
    default = next((found[code] for code in languages.fallback if code in found), None)
    return ({None: default} if default else {}) | found


@contextmanager
def _bot(settings: Settings, knowledge: Knowledge) -> Iterator[Telegram | None]:
    bot = telegram(settings, knowledge)
    try:
        yield bot
    finally:
        if bot is not None:
            bot.close()
