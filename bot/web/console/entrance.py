"""How people come to the console: under which address, through which proxies, in which browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.web.public_address import caller_address, public_address
from bot.web.session import cookie_name

if TYPE_CHECKING:
    from starlette.requests import Request

    from bot.web.provider import Provider
    from bot.web.public_address import Networks

COOKIE = "wegwijs_desk"
# What a browser calls itself, the particular before the general: Edge says that it is Chrome, Chrome that it is Safari.
BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
            ("FxiOS", "Firefox"), ("Chrome", "Chrome"), ("CriOS", "Chrome"), ("Safari", "Safari"))  # fmt: skip
SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
           ("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Entrance:
    """What the settings say of it: our public address, the proxies that are believed, the organisation's own way."""

    public_url: str | None = None
    trusted: Networks = ()
    provider: Provider | None = None

    def here(self, request: Request) -> str:
        """Return the address of this server as the browser knows it, without a path."""
        there = urlsplit(public_address(request, public_url=self.public_url, trusted=self.trusted))
        base = urlsplit(self.public_url).path if self.public_url else ""
        return f"{there.scheme}://{there.netloc}{base.rstrip('/')}"

    def is_secure(self, request: Request) -> bool:
        """Return whether the browser came by https, so that its cookie must never go another way."""
        return self.here(request).startswith("https:")

    @property
    def always_secure(self) -> bool:
        """Whether nobody needs to come another way than by https."""
        return urlsplit(self.public_url or "").scheme == "https"

    def cookie_name(self, request: Request) -> str:
        """Return what the desk's cookie is called, as this browser came."""
        return cookie_name(COOKIE, secure=self.is_secure(request))

    def secret(self, request: Request) -> str:
        """Return what the browser's cookie holds; empty when it has none."""
        return request.cookies.get(self.cookie_name(request), "")

    def caller(self, request: Request) -> str:
        """Return the address from which somebody tries to sign in."""
        return caller_address(request, self.trusted)


def device_of(request: Request) -> str | None:
    """Return a word for a browser and its machine, by which its owner knows it again: Firefox, Android."""
    said = request.headers.get("user-agent", "")
    names = [next((name for sign, name in known if sign in said), None) for known in (BROWSERS, SYSTEMS)]
    return ", ".join(name for name in names if name) or None
