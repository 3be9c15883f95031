"""Whether Twilio posted it: the signature on the form, with every field that repeats, and on the public address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio.request_validator import RequestValidator

if TYPE_CHECKING:
    from collections.abc import Mapping


def is_signed(token: str, address: str, form: Mapping[str, str], signature: str) -> bool:
    """Return whether the signature is Twilio's; `form` may be a multidict. False for an address that is none."""
    try:
        return bool(RequestValidator(token).validate(address, form, signature))  # type: ignore[no-untyped-call]
    except (ValueError, UnicodeError):
        return False
