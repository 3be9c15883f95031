"""
Our text as Telegram's: bold by entities, in pieces that fit.

Entities point into plain text, so nothing in a message can be taken for markup, and nothing needs escaping.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import telegram

from bot.channels.limits import length

BOLD = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+)(?<=\S)\*(?![\w*])")
# Where a line that is too long may end: after a sentence, else after a word.
_ENDS = (re.compile(r"[.!?؟።]\s+"), re.compile(r"\s+"))


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Text as Telegram takes it."""

    text: str
    bold: tuple[telegram.MessageEntity, ...] = ()


def pieces(text: str, most: int) -> tuple[Piece, ...]:
    """Return the text in pieces of at most `most` UTF-16 code units, parted at lines, else at sentences or words."""
    packed: list[str] = []
    for line in text.split("\n"):
        for part in _parted(line, most):
            if packed and length(packed[-1]) + 1 + length(part) <= most:
                packed[-1] += f"\n{part}"
            else:
                packed.append(part)
    # Telegram refuses a message of nothing but white space.
    return tuple(_formatted(piece) for piece in packed if piece.strip())


def _parted(line: str, most: int) -> list[str]:
    parts = []
    while length(line) > most:
        room = _fitting(line, most)
        ends = [[found.end() for found in end.finditer(line, 0, room)] for end in _ENDS]
        at = next((places[-1] for places in ends if places), room)
        parts.append(line[:at])
        line = line[at:]
    return [*parts, line]


def _fitting(line: str, most: int) -> int:
    """Return how many characters of the line fit; a character outside the basic plane counts twice."""
    units = 0
    for at, character in enumerate(line):
        units += length(character)
        if units > most:
            return at
    return len(line)


def _formatted(text: str) -> Piece:
    shown, bold, at = "", [], 0
    for found in BOLD.finditer(text):
        shown += text[at : found.start()]
        bold.append(telegram.MessageEntity(telegram.MessageEntity.BOLD, offset=length(shown), length=length(found[1])))
        shown += found[1]
        at = found.end()
    return Piece(text=shown + text[at:], bold=tuple(bold))
