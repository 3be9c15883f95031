"""Who is at the preview: a random address, a language and a colour scheme in one signed cookie."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeGuard
from urllib.parse import urlsplit

from itsdangerous import BadSignature, Signer, URLSafeTimedSerializer

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

COOKIE = "wegwijs_preview"
THIRTY_DAYS = 30 * 24 * 3600
Theme = Literal["light", "dark"]


@dataclass(frozen=True, kw_only=True)
class Session:
    """One visitor: `address` is 128 random bits, `language` is None until it is chosen on the page."""

    address: str
    language: str | None = None
    theme: Theme | None = None

    @classmethod
    def fresh(cls, *, language: str | None = None, theme: Theme | None = None) -> Session:
        """Return a session at an address that nobody had before."""
        return cls(address=secrets.token_hex(16), language=language, theme=theme)


def cookie_name(name: str, *, secure: bool) -> str:
    """Return what a cookie is called: over https by a name that only this very host can have set, for all its paths."""
    return f"__Host-{name}" if secure else name


class Sessions:
    """Reads and writes the cookie, and guards posts against other sites."""

    def __init__(self, secret: bytes, *, is_secure: Callable[[Request], bool] | None = None) -> None:
        self._is_secure = is_secure or (lambda request: request.url.scheme == "https")
        self._cookie = URLSafeTimedSerializer(secret, salt="wegwijs.preview.session")
        self._signer = Signer(secret, salt="wegwijs.preview.token")

    def read(self, request: Request) -> Session | None:
        """Return the visitor's session, or None when there is none that we signed in the last thirty days."""
        try:
            data = self._cookie.loads(request.cookies.get(self._name(request), ""), max_age=THIRTY_DAYS)
        except BadSignature:
            return None
        theme = data.get("t")
        return Session(address=data["a"], language=data.get("l"), theme=theme if is_theme(theme) else None)

    def write(self, request: Request, response: Response, session: Session) -> None:
        """Put the session in the response."""
        data = {"a": session.address, "l": session.language, "t": session.theme}
        response.set_cookie(
            self._name(request),
            str(self._cookie.dumps(data)),
            max_age=THIRTY_DAYS,
            httponly=True,
            samesite="lax",
            secure=self._is_secure(request),
        )

    def _name(self, request: Request) -> str:
        return cookie_name(COOKIE, secure=self._is_secure(request))

    def token(self, session: Session) -> str:
        """Return what a form of this session must carry."""
        return self._signer.get_signature(session.address).decode("ascii")

    def is_token_of(self, session: Session, token: str) -> bool:
        """Return whether the posted token belongs to this session."""
        return self._signer.verify_signature(session.address, token)

    def digest(self, session: Session, *words: str) -> str:
        """Return an id that only this session can make from these words; it tells nothing about them."""
        counted = [f"{len(word)}:{word}" for word in (session.address, *words)]
        return self._signer.get_signature("".join(counted)).decode("ascii")


def is_theme(value: object) -> TypeGuard[Theme]:
    """Return whether `value` names a colour scheme."""
    return value in ("light", "dark")


def is_from_here(request: Request) -> bool:
    """
    Return False when the browser says that the post comes from another site.

    Our no-referrer policy makes browsers send `Origin: null` with a plain form, and Sec-Fetch-Site comes only
    over https or on this machine. Where both say nothing, the token alone decides.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin", "null")
    try:
        return origin == "null" or urlsplit(origin).netloc == request.headers.get("host")
    except ValueError:  # no browser of ours says this: half an IPv6 address
        return False
