"""
Ge'ez, Arabic and Cyrillic letters as people write them in Latin letters.

"abey yrkeb" and ኣበይ ይርከብ then have their n-grams in common. It is a key for comparing, not a spelling to show.
"""

from __future__ import annotations

# Each consonant of the Ge'ez block in its order there, each with eight syllables in the order of the vowels.
_CONSONANTS = "h l h m s r s sh k kw k kw b v t ch h hw n ny - k kw k kw w - z zh y d d j g gw g t ch p ts ts f p"
_VOWELS = ("e", "u", "i", "a", "e", "", "o", "wa")
_VOWELS_ALONE = ("a", "u", "i", "a", "e", "e", "o", "wa")
_FIRST_SYLLABLE = 0x1200

# A letter, and right behind it how it is written; nothing behind it: not at all.
_ARABIC = "اa بb تt ثth جj ح7 خkh دd ذz رr زz سs شsh صs ضd طt ظz ع3 غgh فf ق2 كk لl مm نn هh وw يy ء2 پp چch ژzh گg"
_CYRILLIC = (
    "аa бb вv гh ґg дd еe єye жzh зz иy іi кk лl мm нn оo пp рr сs тt уu фf хkh цts чch шsh щshch ь юyu яya ыy эe ъ"
)


def _geez() -> dict[str, str]:
    letters = {}
    for place, consonant in enumerate(_CONSONANTS.split()):
        vowels = _VOWELS_ALONE if consonant == "-" else _VOWELS
        for order, vowel in enumerate(vowels):
            syllable = chr(_FIRST_SYLLABLE + place * len(vowels) + order)
            letters[syllable] = consonant.replace("-", "") + vowel
    return letters


LATIN = str.maketrans(_geez() | {pair[0]: pair[1:] for pair in (_ARABIC + " " + _CYRILLIC).split()})
