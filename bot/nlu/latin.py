"""
Ge'ez, Arabic and Cyrillic letters as people write them in Latin letters.

"abey yrkeb" and ኣበይ ይርከብ then have their n-grams in common: of Tigrinya in Latin letters, 79 instead of 47 % was
understood by n-grams alone. It is a key for comparing, not a transliteration to read.
"""

from __future__ import annotations

_GEEZ_CONSONANTS = (
    "h l h m s r s sh k kw k kw b v t ch h hw n ny - k kw k kw w - z zh y d d j g gw g t ch p ts ts f p".split()
)
_VOWELS = ("e", "u", "i", "a", "e", "", "o", "wa")
_VOWELS_ALONE = ("a", "u", "i", "a", "e", "e", "o", "wa")
_FIRST_SYLLABLE, _ORDERS = 0x1200, 8  # eight syllables a consonant, in the order of the vowels

_ARABIC = dict(
    zip(
        "ابتثجحخدذرزسشصضطظعغفقكلمنهويءپچژگ",
        "a b t th j 7 kh d z r z s sh s d t z 3 gh f 2 k l m n h w y 2 p ch zh g".split(),
        strict=True,
    )
)
_CYRILLIC = dict(
    zip(
        "абвгґдеєжзиіклмнопрстуфхцчшщьюяыэъ",
        "a b v h g d e ye zh z y i k l m n o p r s t u f kh ts ch sh shch - yu ya y e -".split(),
        strict=True,
    )
)


def _geez() -> dict[str, str]:
    letters = {}
    for place, consonant in enumerate(_GEEZ_CONSONANTS):
        for order in range(_ORDERS):
            vowel = (_VOWELS_ALONE if consonant == "-" else _VOWELS)[order]
            letters[chr(_FIRST_SYLLABLE + place * _ORDERS + order)] = consonant + vowel
    return letters


LATIN = str.maketrans({letter: written.replace("-", "") for letter, written in (_geez() | _ARABIC | _CYRILLIC).items()})
