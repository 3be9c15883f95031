"""How the outside reaches us and we reach it, as `wegwijs doctor` sees it; nothing is asked of anybody but `online`."""

from __future__ import annotations

import http.client
import re
import ssl
import urllib.error
import urllib.request
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from bot.channels.errors import DeliveryError
from bot.commands import channels
from bot.commands.doctor_finding import fine, warning, wrong
from bot.commands.doctor_store import clocks
from bot.rasa import Rasa, RasaError
from bot.settings import PartialSettingsError
from bot.wiring import mail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.commands.channels_telegram import Found
    from bot.commands.doctor_finding import Finding
    from bot.settings import Settings

PATIENCE = 10.0  # seconds that somebody outside has to answer
# What @BotFather gives: the bot's number, a colon, and a secret.
TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{10,}")
NONE = "none"


def address(settings: Settings) -> Iterator[Finding]:
    """Look whether the address under which we are known is a safe one, and who stands before us."""
    posted_to = settings.telegram_webhook_secret is not None or settings.twilio_account_sid is not None
    if settings.public_url is None:
        if posted_to:
            mend = "set PUBLIC_URL to https:// and the name that your proxy answers to"
            yield wrong("address", "PUBLIC_URL is missing, and a messenger is to post to it", mend)
        else:
            yield fine("address", "PUBLIC_URL is not set: this machine alone")
        return
    if not settings.public_url.startswith("https://"):
        mend = "give it a certificate and write https://: messengers post to nothing else, and people sign in over it"
        yield wrong("address", f"PUBLIC_URL is {settings.public_url}", mend)
        return
    yield fine("address", settings.public_url)
    # We speak HTTP alone, so whoever answers to https:// stands before us.
    if not settings.trusted_proxies:
        mend = "set TRUSTED_PROXIES to the proxy's address (127.0.0.1 when it runs here)"
        says = "nobody is believed about who called: all callers look like one, and are slowed down together"
        yield warning("proxy", says, mend)
    else:
        yield fine("proxy", f"{len(settings.trusted_proxies)} are believed about who called")
    if settings.metrics_port is not None and settings.metrics_host not in {"127.0.0.1", "::1", "localhost"}:
        says = f"figures are told on {settings.metrics_host}: whoever reaches port {settings.metrics_port} reads them"
        yield warning("metrics", says, "keep that port behind a firewall, or METRICS_HOST at 127.0.0.1")


def messengers(settings: Settings) -> Iterator[Finding]:
    """Look whether what each messenger needs is set; a messenger that is not used is fine."""
    if settings.telegram_token is None:
        yield fine("telegram", "not used")
    elif not TOKEN.fullmatch(settings.telegram_token.get_secret_value()):
        mend = "@BotFather shows the right one (/mybots, API Token)"
        yield wrong("telegram", "TELEGRAM_TOKEN does not look like a token", mend)
    else:
        yield fine("telegram", "posts to us" if settings.telegram_webhook_url else "is asked for messages")
    for about, used in (
        ("whatsapp", lambda: settings.has_whatsapp),
        ("mail", lambda: settings.has_mail),
        ("sign-in", lambda: settings.has_oidc),
        ("rasa", lambda: settings.has_rasa),
    ):
        yield _complete(about, used)


def _complete(about: str, used: Callable[[], bool]) -> Finding:
    try:
        return fine(about, "all its settings are there" if used() else "not used")
    except PartialSettingsError as error:
        return wrong(about, f"only in part: {', '.join(error.missing)} is missing", "set it, or none of them")


def online(settings: Settings) -> Iterator[Finding]:
    """Ask the messengers, the mail server and our own address whether they know us."""
    if settings.telegram_token is not None:
        yield from _messenger("telegram", channels.CHECK["Telegram"], settings)
    if settings.twilio_account_sid is not None:
        yield from _messenger("whatsapp", channels.CHECK["WhatsApp"], settings)
    yield from _mail(settings)
    yield from _rasa(settings)
    if settings.public_url is not None:
        yield from _ourselves(settings.public_url)
    elif settings.telegram_token is not None:
        yield from _date_of("Telegram's clock", settings.telegram_api_url)


def _messenger(about: str, check: Callable[[Settings], Found], settings: Settings) -> Iterator[Finding]:
    found = check(settings)
    yield from (fine(about, line) for line in found.well)
    yield from (wrong(about, line, "wegwijs channels check tells more") for line in found.to_do)


def _mail(settings: Settings) -> Iterator[Finding]:
    try:
        server = mail(settings)
        if server is not None:
            server.greet()
            yield fine("mail", "the mail server lets us in")
    except PartialSettingsError:
        return  # it was said already
    except DeliveryError as error:
        mend = "are WEGWIJS_SMTP_HOST, _PORT, _USER and _PASSWORD right, and may this machine go out on that port?"
        yield wrong("mail", f"the mail server does not let us in: {error.reason}", mend)


def _rasa(settings: Settings) -> Iterator[Finding]:
    if settings.nlu_engine != "rasa" or settings.rasa_url is None:
        return
    token = settings.rasa_token
    server = Rasa(url=settings.rasa_url, seconds=PATIENCE, token=token.get_secret_value() if token else None)
    try:
        server.understand("wegwijs")
        yield fine("rasa", f"{settings.rasa_url} understands")
    except RasaError as error:
        mend = "does `rasa run --enable-api` run there with a model, and is RASA_TOKEN its --auth-token?"
        yield warning("rasa", f"{settings.rasa_url} does not ({error.reason}): our own engine answers", mend)
    finally:
        server.close()


def _ourselves(url: str) -> Iterator[Finding]:
    """Ask our own address from outside, as far as this machine can, whether we are ready."""
    try:
        with _get(f"{url}/readyz") as answer:
            yield fine("address", f"{url}/readyz says that we are ready")
            date = answer.headers.get("Date")
    except urllib.error.HTTPError as error:
        date = error.headers.get("Date")
        mend = "is wegwijs serve running, and does the proxy pass everything on to it?"
        yield wrong("address", f"{url}/readyz answers {error.code}", mend)
    except (OSError, ssl.SSLError, http.client.HTTPException) as error:
        mend = "does the name lead here, is the certificate valid, does the proxy run?"
        yield wrong("address", f"{url} cannot be reached: {type(error).__name__}", mend)
        return
    if date:
        yield clocks("the clock of our own address", parsedate_to_datetime(date))


def _date_of(whose: str, url: str) -> Iterator[Finding]:
    try:
        with _get(url) as answer:
            date = answer.headers.get("Date")
    except urllib.error.HTTPError as error:
        date = error.headers.get("Date")
    except (OSError, http.client.HTTPException):
        return  # that it cannot be reached was said
    if date:
        yield clocks(whose, parsedate_to_datetime(date))


def _get(url: str) -> http.client.HTTPResponse:
    found: http.client.HTTPResponse = urllib.request.urlopen(url, timeout=PATIENCE)  # noqa: S310  # http(s), by settings
    return found
