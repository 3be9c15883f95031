"""
Take out of a message what says who wrote it, as far as rules can: names, numbers, addresses.

What stays are a person's own words. A name in small letters, or in a script that has no capitals, is only known when
the person introduces themselves with it or their messenger shows it: somebody reads the rest before it is used.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from bot.safety.redaction import mask

if TYPE_CHECKING:
    from collections.abc import Collection

NAME, NUMBER, ADDRESS, MAIL, LINK = "[naam]", "[nummer]", "[adres]", "[mail]", "[link]"

_MAIL = re.compile(r"[^\s@<>()]+@[^\s@<>()]+\.[^\s@<>()]+")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_HANDLE = re.compile(r"(?<!\w)@\w{3,}")
_POSTCODE = re.compile(r"(?<!\w)\d{4}\s?[A-Za-z]{2}(?!\w)")
_STREET = re.compile(
    r"[^\W\d_][\w'’.-]*(?:straat|str\.|laan|weg|plein|kade|gracht|singel|dijk|hof|pad|steeg|dreef|markt|park)"
    r"\s+\d+\s?[a-z]?(?!\w)",
    re.IGNORECASE,
)
# Digits with what people put between them: dates, telephones, numbers of files. One or two digits say an age or a sum.
_DIGITS = re.compile(r"\+?\d(?:[\d ./:()-]*\d)?")
_MIXED = re.compile(r"(?<!\w)(?=\w*\d)(?=\w*[^\W\d_])\w{5,}(?!\w)")
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['’ʼ-](?=[^\W\d_]))*")
_MOST_DIGITS = 2
_LONGEST_NAME = 3  # words after "my name is"
_SHORTEST_NAME = 3  # letters of a part of a name that is looked for by itself

# How people say who they are, in the nine languages; what follows is their name.
_INTRODUCTIONS = (
    r"(?:ik heet|mijn naam is|mijn naam|my name is|my name|i am called|je m['’]appelle|mon nom est|"
    r"benim adım|adım|ismim|magacaygu waa|magacaygu|magacaygaa|waxaa la i dhahaa|"
    r"мене звати|мене звуть|моє ім['’ʼ]я|меня зовут|"
    r"اسمي هو|اسمي|إسمي|أنا اسمي|اسم من|نام من|اسمم|"
    r"ስመይ|ሽመይ|ስመይ ድማ|ስሜ)"
)
_INTRODUCED = re.compile(
    rf"(?<!\w){_INTRODUCTIONS}\s*:?\s+((?:{_WORD.pattern}\s*){{1,{_LONGEST_NAME}}})", re.IGNORECASE
)


def anonymous(text: str, *, names: Collection[str] = (), known: Collection[str] = ()) -> str:
    """
    Return the text on one line with what says who wrote it replaced by a word between square brackets.

    `names` are names of people, as their messengers show them. `known` are words, in small letters, that are nobody's
    name: a word with a capital in the middle of a sentence that is not among them is taken for a name.
    """
    text = unicodedata.normalize("NFKC", " ".join(text.split()))
    text = mask(text).text
    for pattern, instead in ((_MAIL, MAIL), (_LINK, LINK), (_HANDLE, NAME), (_STREET, ADDRESS), (_POSTCODE, ADDRESS)):
        text = pattern.sub(instead, text)
    text = _MIXED.sub(NUMBER, text)
    text = _DIGITS.sub(lambda found: NUMBER if _counts(found[0]) else found[0], text)
    text = _INTRODUCED.sub(lambda found: found[0].replace(found[1], _named(found[1], known)), text)
    parts = {part.casefold() for name in names for part in _WORD.findall(name) if len(part) >= _SHORTEST_NAME}
    hidden = parts - set(known)
    return _together(_WORD.sub(lambda found: _word(found, hidden, known), text))


def _counts(digits: str) -> bool:
    return sum(character.isdigit() for character in digits) > _MOST_DIGITS


def _named(words: str, known: Collection[str]) -> str:
    """Return what follows an introduction: the name goes, and what comes after it when it is an ordinary word stays."""
    found = _WORD.findall(words)
    rest = next((at for at, word in enumerate(found) if at and word.casefold() in known), len(found))
    return " ".join([NAME, *found[rest:]]) + (" " if words.endswith(" ") else "")


def _word(found: re.Match[str], hidden: Collection[str], known: Collection[str]) -> str:
    word, text, start = found[0], found.string, found.start()
    if text[max(0, start - 1) : start] == "[" and text[found.end() : found.end() + 1] == "]":
        return word  # what we put there ourselves
    folded = word.casefold()
    if folded in hidden:
        return NAME
    begins = not text[:start].rstrip(" \"'“‘«(-–—") or text[:start].rstrip(" \"'“‘«(")[-1] in ".!?:;…"
    is_name = word[0].isupper() and not word.isupper() and not begins and folded not in known
    return NAME if is_name else word


def _together(text: str) -> str:
    """Return the text with a name of several words as one."""
    several = re.escape(NAME)
    return re.sub(rf"{several}(?:\s+{several})+", NAME, text)
