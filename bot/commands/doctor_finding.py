"""What a look at an installation finds: how bad it is, what it is about, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. Only an error makes the doctor's exit code 1."""

    OK = "ok"
    WARNING = "warning"  # it works, and somebody should look at it before long
    ERROR = "error"  # something does not work, or people's data is in danger


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line: `mend` says what to do, and is empty where all is well. Nothing in it is a secret or of a person."""

    level: Level
    about: str
    says: str
    mend: str = ""


def fine(about: str, says: str) -> Finding:
    """All is well here."""
    return Finding(level=Level.OK, about=about, says=says)


def warning(about: str, says: str, mend: str) -> Finding:
    """Somebody should look at this."""
    return Finding(level=Level.WARNING, about=about, says=says, mend=mend)


def wrong(about: str, says: str, mend: str) -> Finding:
    """This does not work."""
    return Finding(level=Level.ERROR, about=about, says=says, mend=mend)
