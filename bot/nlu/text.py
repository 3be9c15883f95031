"""How a message is made ready: for the models (`clean`) and for comparing words (`fold`, `words_of`)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MAX_CHARACTERS = 400  # the encoder's time grows with length: 20,000 characters would take it 17 seconds

_TO_SPACE = dict.fromkeys((0x0000, 0x1361), " ")
_DROPPED = dict.fromkeys(
    # Marks that say which way text runs: invisible, and copied along with half the messages in Arabic.
    (0x061C, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF),
)
_SURROGATE = re.compile("[\ud800-\udfff]")

# Letters that people use for one another; those that differ by a mark alone fall to the decomposition.
_SAME_LETTER = str.maketrans(
    {
        "ı": "i",
        "ى": "ي",
        "ی": "ي",
        "ې": "ي",
        "ک": "ك",
        "ة": "ه",
        "ۀ": "ه",
        "ە": "ه",
        "ٱ": "ا",
        "ـ": None,  # tatweel only stretches a word
        "ʼ": "'",  # a letter to Unicode, an apostrophe to the Ukrainian keyboard
        "\u200c": None,  # Farsi's half-space is often left out
        "\u200d": None,
    }
)
_GEEZ_TWINS = {0x1210: 0x1200, 0x1280: 0x1200, 0x1220: 0x1230, 0x12D0: 0x12A0, 0x1340: 0x1338}
_SAME_SYLLABLE = {twin + order: first + order for twin, first in _GEEZ_TWINS.items() for order in range(7)}

_WORD = re.compile(r"[^\W_]+")


def clean(text: str) -> str:
    """
    Return the text in NFKC on one line, without NUL, Ethiopic word space, lone surrogates, direction marks.

    At most 400 characters. NFKC also keeps U+FDFA away from the encoder, whose buffer it overruns.
    """
    text = _SURROGATE.sub("", text).translate(_DROPPED).translate(_TO_SPACE)
    return " ".join(unicodedata.normalize("NFKC", text).split())[:MAX_CHARACTERS].rstrip()


@lru_cache(maxsize=16384)
def fold(text: str) -> str:
    """Return the text as it is compared: small letters, no marks, and one letter for those people mix up."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(character for character in decomposed if not unicodedata.category(character).startswith("M"))
    return bare.translate(_SAME_LETTER).translate(_SAME_SYLLABLE)


def words_of(text: str) -> tuple[str, ...]:
    """Return the folded words of a text: runs of letters and digits, so `Ekim'de` is two."""
    return tuple(_WORD.findall(fold(clean(text))))
