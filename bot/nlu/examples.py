"""One training line."""

from __future__ import annotations

from dataclasses import dataclass

OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, kw_only=True)
class Example:
    """
    A message as people write it, what it asks for (`out_of_scope`: nothing of ours), and its language.

    `sounds` is said of one that sounds like danger and is none.
    """

    text: str
    intent: str
    language: str
    sounds: bool = False
