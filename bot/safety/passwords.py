"""Passwords: which are refused, and how they are kept."""

from __future__ import annotations

import itertools
import threading
import unicodedata
from enum import StrEnum
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 256
FEWEST_DIFFERENT = 5

# With which most passwords of at least twelve signs begin that everybody tries first: the rest is digits and marks.
COMMON = frozenset(
    {
        "", "abcdefghijkl", "administrator", "beheerder", "changeme", "correcthorsebatterystaple", "dragon", "football",
        "geheim", "hallo", "iloveyou", "letmein", "liverpool", "login", "master", "monkey", "nederland", "password",
        "passwort", "princess", "qwerty", "qwertyuiop", "qwertyuiopasdfghjkl", "secret", "sunshine", "superman",
        "test", "trustno", "vluchteling", "voetbal", "vrijwilliger", "wachtwoord", "wegwijs", "welcome", "welkom",
    }
)  # fmt: skip

# OWASP's second set: nineteen megabytes for each, so that a small machine bears a few at once.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# A flood of sign-ins must not eat the machine's memory.
_AT_ONCE = threading.BoundedSemaphore(2)


class Weak(StrEnum):
    """Why a password is refused."""

    SHORT = "short"
    LONG = "long"
    NAME = "name"  # it is, or is made of, the name that is signed in with
    COMMON = "common"


def reason_to_refuse(password: str, name: str) -> Weak | None:
    """Return why somebody who signs in with `name` cannot have this password; None when they can."""
    plain = _same(password).casefold()
    core = "".join(sign for sign in plain if sign.isalpha())
    if len(_same(password)) < SHORTEST:
        return Weak.SHORT
    if len(password) > LONGEST:
        return Weak.LONG
    if name and name.casefold() in plain and plain.replace(name.casefold(), "").strip("0123456789.-_!@") == "":
        return Weak.NAME
    if core in COMMON or len(set(plain)) < FEWEST_DIFFERENT or _is_a_row(plain):
        return Weak.COMMON
    return None


def _is_a_row(text: str) -> bool:
    """Return whether every sign follows the one before it, as in 1234… or zyxw…."""
    steps = {(ord(after) - ord(before)) % 10 if text.isdigit() else ord(after) - ord(before)
             for before, after in itertools.pairwise(text)}  # fmt: skip
    return len(steps) == 1


def hashed(password: str) -> str:
    """Return what is kept of a password."""
    with _AT_ONCE:
        return _HASHER.hash(_same(password))


def fits(password: str, kept: str | None) -> bool:
    """Return whether it is the password of which this was kept; it takes as long where nothing was."""
    with _AT_ONCE:
        try:
            right = _HASHER.verify(kept or _nobodys(), _same(password[: LONGEST + 1]))
        except (VerificationError, InvalidHashError):
            return False
    return right and kept is not None and len(password) <= LONGEST


def is_outgrown(kept: str) -> bool:
    """Return whether it was hashed with less effort than we ask now."""
    return _HASHER.check_needs_rehash(kept)


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody has this password")


def _same(password: str) -> str:
    """Two keyboards may send the same letters as other signs."""
    return unicodedata.normalize("NFKC", password)
