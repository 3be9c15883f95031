"""The languages the assistant speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Direction = Literal["ltr", "rtl"]
SOURCE = "nl"

# Speakers of Dari are served in Farsi: the written languages cannot be told apart reliably.
ALIASES = {"prs": "fa", "fas": "fa", "ara": "ar", "tir": "ti", "ukr": "uk", "tur": "tr", "som": "so", "fra": "fr"}


@dataclass(frozen=True, kw_only=True)
class Language:
    """One language: its code, its own name, its direction, and how much the check asks of it."""

    code: str
    name: str
    direction: Direction
    complete: bool = False
    min_examples: int = 0


@dataclass(frozen=True, kw_only=True)
class Languages:
    """The languages in the order of the choice, and what is tried when a sentence is missing in one."""

    all: Mapping[str, Language]
    fallback: tuple[str, ...]

    def known(self, code: str | None) -> str | None:
        """Return our code for a code a client or a person gave (`prs` → `fa`, `nl-BE` → `nl`), or None."""
        if not code:
            return None
        short = code.replace("_", "-").split("-")[0].lower()
        short = ALIASES.get(short, short)
        return short if short in self.all else None

    def chain(self, language: str, second: str | None = None) -> tuple[str, ...]:
        """Return the languages to try for a reader: their own, their second, English, Dutch."""
        wanted = (language, second, *self.fallback)
        return tuple(dict.fromkeys(code for code in wanted if code is not None and code in self.all))

    def direction(self, code: str) -> Direction:
        """Return `rtl` for languages written from right to left."""
        return self.all[code].direction
