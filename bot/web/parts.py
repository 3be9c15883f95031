"""
A message cut into parts that a page can show: plain or bold text, links, line breaks.

Nothing in a message is ever HTML. The page builds each part with an escaping template or with `textContent`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bot.domain.languages import SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOT_IN_URL = r"\s\u00a0\u200e\u200f\u2066-\u2069<>\""  # direction marks stand around our links, never in them
BOLD = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+)(?<=\S)\*(?![\w*])")
# Without https:// it is a link too ("duo.nl/inburgeren"), but never the second half of an e-mail address.
URL = (
    rf"(?P<url>(?<![\w@./-])(?:https?://[^{NOT_IN_URL}]+"
    rf"|(?:[a-z0-9-]+\.)+(?:nl|eu|org|com)\b(?![\w@-])(?:/[^{NOT_IN_URL}]*)?))"
)
GAP = r"[ \u00a0\u202f\u2011-]{0,3}"
PHONE = (
    r"(?P<phone>(?<![\w€+.,/-])(?<!€[ \u00a0])(?:"
    rf"(?:\+31|0031){GAP}(?:\(0\){GAP})?[1-9](?:{GAP}[0-9]){{8}}"  # +31 10 123 45 67
    rf"|0[89]00(?:{GAP}[0-9]){{4,7}}"  # 0900 1234, 0800 123 4567
    rf"|(?:\(0[1-9][0-9]{{0,2}}\)|0[1-9][0-9]{{0,2}})(?:{GAP}[0-9]){{6,8}}"  # 010 - 123 45 67, 06 12345678
    rf"|14{GAP}0[1-9][0-9]{{1,2}}"  # 14 010: a municipality
    r"|11[23]"  # the emergency line, and the line for thoughts of suicide
    r")(?![\w€%/-])(?![.,][0-9])(?![ \u00a0]?(?:€|%|euro\b)))"
)
LINK = re.compile(f"{URL}|{PHONE}", re.IGNORECASE | re.ASCII)
AFTER_URL = ".,:;!?)]»”’'*،؛؟።፣"
LATIN = re.compile(r"[\x00-\u024f\u2010-\u206f]+")
SHORT_NUMBERS = ("11", "14", "08", "09")
WHOLE_NUMBER = frozenset({10, 13})  # digits in 010 123 45 67 and in 0031 10 123 45 67


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part; `href` only on a link, `lang` only where it differs from the message's language."""

    kind: Literal["text", "link", "break"]
    text: str = ""
    strong: bool = False
    href: str | None = None
    lang: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the part for the page's script, without what is empty."""
        whole = {
            "kind": self.kind,
            "text": self.text,
            "strong": self.strong,
            "href": self.href,
            "lang": self.lang,
        }
        return {key: value for key, value in whole.items() if value}


def parts_of(text: str, language: str) -> tuple[Part, ...]:
    """Return a message of ours in parts, in reading order."""
    return _rows(text, lambda row: _words(row, language))


def as_typed(text: str) -> tuple[Part, ...]:
    """Return what the person wrote as it stands: their digits are not ours to make a number to call of."""
    return _rows(text, _plain)


def _rows(text: str, cut: Callable[[str], Iterator[Part]]) -> tuple[Part, ...]:
    found: list[Part] = []
    for number, row in enumerate(text.split("\n")):
        if number:
            found.append(Part(kind="break"))
        found += cut(row)
    return tuple(found)


def _words(row: str, language: str) -> Iterator[Part]:
    at = 0
    for match in BOLD.finditer(row):
        yield from _links(row[at : match.start()])
        # An official word stays Dutch in every language, so the voice that reads it should be Dutch too.
        dutch = language != SOURCE and LATIN.fullmatch(match[1])
        yield from _links(match[1], strong=True, lang=SOURCE if dutch else None)
        at = match.end()
    yield from _links(row[at:])


def _links(text: str, *, strong: bool = False, lang: str | None = None) -> Iterator[Part]:
    at = 0
    for match in LINK.finditer(text):
        shown, href = _web_address(match[0]) if match["url"] else (match[0], _telephone(match[0]))
        if href is None:
            continue
        yield from _plain(text[at : match.start()], strong=strong, lang=lang)
        yield Part(kind="link", text=shown, strong=strong, href=href)
        at = match.start() + len(shown)
    yield from _plain(text[at:], strong=strong, lang=lang)


def _web_address(found: str) -> tuple[str, str]:
    """Return the address without the full stop of its sentence, and where it leads."""
    shown = found.rstrip(AFTER_URL)
    return shown, shown if "://" in shown else f"https://{shown}"


def _telephone(found: str) -> str | None:
    """Return the link that dials, or None when the digits are no telephone number after all."""
    dialled = re.sub(r"[^+0-9]", "", found.replace("(0)", ""))
    known = dialled.startswith(("+", *SHORT_NUMBERS)) or len(dialled) in WHOLE_NUMBER
    return f"tel:{dialled}" if known else None


def _plain(text: str, *, strong: bool = False, lang: str | None = None) -> Iterator[Part]:
    if text:
        yield Part(kind="text", text=text, strong=strong, lang=lang)
