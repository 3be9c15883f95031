"""Addresses of files for a messenger that fetches them from us: signed, for one file, for an hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from itsdangerous import BadSignature, URLSafeSerializer

if TYPE_CHECKING:
    from bot.domain.clock import Clock

GOOD_FOR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class FileLinks:
    """Makes and reads the signed part of an address; `secret` is thirty-two random bytes."""

    secret: bytes
    clock: Clock

    def token(self, file_id: str) -> str:
        """Return what opens this file, and nothing else, for an hour."""
        until = int((self.clock.now() + GOOD_FOR).timestamp())
        made = self._signer().dumps([file_id, until])
        return made if isinstance(made, str) else made.decode("ascii")

    def file_of(self, token: str) -> str | None:
        """Return the file that a token opens; None when it is none of ours, or too old."""
        try:
            file_id, until = self._signer().loads(token)
        except (BadSignature, ValueError, TypeError):
            return None
        return str(file_id) if self.clock.now().timestamp() < until else None

    def _signer(self) -> URLSafeSerializer:
        return URLSafeSerializer(self.secret, salt="wegwijs.files")
