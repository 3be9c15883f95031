"""Take away the numbers that we may not keep: the BSN and the IBAN."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

_BSN_LENGTH: Final = 9
_BSN_WEIGHTS: Final = (9, 8, 7, 6, 5, 4, 3, 2, -1)
# So near to the word "BSN" a number of eight digits is a BSN that lost its leading zero.
_NEAR: Final = 40

_BSN_WORD: Final = re.compile(r"bsn|b\.s\.n|burger ?service ?n|so[fph]+i ?-?n", re.IGNORECASE)
_DIGITS: Final = re.compile(r"[0-9]+")
_BETWEEN: Final = re.compile(r"[ .\-]{1,3}")
_TELEPHONE: Final = re.compile(
    r"(?:\+|(?<![0-9])00)(?:31(?:[ .\-]?\(0\))?(?:[ .\-]{0,3}[0-9]){9}|(?!31)[1-9](?:[ .\-()]{0,3}[0-9]){7,14})(?![0-9])"
    # The first group of a Dutch telephone number never has nine digits, that of a BSN may.
    r"|(?<![0-9])0(?![0-9]{8}(?![0-9]))(?:[ .\-()]{0,3}[0-9]){9}(?![0-9])"
    r"|(?<![0-9])0[89]00(?:[ .\-]{0,3}[0-9]{2}){2}(?![0-9])|(?<![0-9])0[89]00[ .\-]{0,3}[0-9]{7}(?![0-9])"
)
_DAY: Final = r"(?:0?[1-9]|[12][0-9]|3[01])"
_MONTH: Final = r"(?:0?[1-9]|1[0-2])"
_YEAR: Final = r"(?:19|20)[0-9]{2}"
_DATE: Final = re.compile(
    rf"(?<![0-9])(?:{_DAY}[ .\-]{{1,3}}{_MONTH}[ .\-]{{1,3}}{_YEAR}|{_YEAR}[ .\-]{{1,3}}{_MONTH}[ .\-]{{1,3}}{_DAY})(?![0-9])"
)

_IBAN_START: Final = re.compile(r"(?=[A-Z][ .\-]{0,3}[A-Z][ .\-]{0,3}[0-9][ .\-]{0,3}[0-9])")
# ISO 13616 registry: how long an account number is in each country, both letters included.
_IBAN_LENGTHS: Final = {
    **{"NO": 15, "BE": 16, "DK": 18, "FI": 18, "FO": 18, "FK": 18, "GL": 18, "NL": 18, "SD": 18},
    **{"MK": 19, "SI": 19, "AT": 20, "BA": 20, "EE": 20, "KZ": 20, "LT": 20, "LU": 20, "MN": 20, "XK": 20},
    **{"CH": 21, "HR": 21, "LI": 21, "LV": 21, "BG": 22, "BH": 22, "CR": 22, "DE": 22, "GB": 22, "GE": 22},
    **{"IE": 22, "ME": 22, "RS": 22, "VA": 22, "AE": 23, "GI": 23, "IL": 23, "IQ": 23, "OM": 23, "SO": 23},
    **{"TL": 23, "AD": 24, "CZ": 24, "ES": 24, "MD": 24, "PK": 24, "RO": 24, "SA": 24, "SE": 24, "SK": 24},
    **{"TN": 24, "VG": 24, "LY": 25, "PT": 25, "ST": 25, "IS": 26, "TR": 26, "BI": 27, "DJ": 27, "FR": 27},
    **{"GR": 27, "IT": 27, "MC": 27, "MR": 27, "SM": 27, "AL": 28, "AZ": 28, "BY": 28, "CY": 28, "DO": 28},
    **{"GT": 28, "HU": 28, "LB": 28, "NI": 28, "PL": 28, "BR": 29, "EG": 29, "PS": 29, "QA": 29, "UA": 29},
    **{"JO": 30, "KW": 30, "MU": 30, "YE": 30, "MT": 31, "SC": 31, "LC": 32, "RU": 33},
}
# Each sign of the longest account number may be followed by three blanks.
_LONGEST_IBAN_WRITTEN: Final = 4 * max(_IBAN_LENGTHS.values())


class Kind(Enum):
    """What was taken away; the value stands in its place between square brackets."""

    BSN = "BSN"
    IBAN = "IBAN"


@dataclass(frozen=True, kw_only=True)
class Masked:
    """A text that may be stored, and what it no longer holds."""

    text: str
    kinds: frozenset[Kind]


@dataclass(frozen=True, kw_only=True, order=True, slots=True)
class _Span:
    start: int
    end: int

    def meets(self, other: _Span) -> bool:
        return self.start < other.end and other.start < self.end


def mask(text: str) -> Masked:
    """Return the text with every BSN and IBAN in it replaced by `[BSN]` and `[IBAN]`.

    A telephone number or a date is left alone; another number that happens to pass the elfproef is not.
    """
    text, ibans = _replaced(text, list(_ibans(_ascii(text))), Kind.IBAN)
    text, bsns = _replaced(text, list(_bsns(_ascii(text))), Kind.BSN)
    return Masked(text=text, kinds=ibans | bsns)


def is_bsn(digits: str) -> bool:
    """Tell whether nine digits pass the elfproef, as a BSN must."""
    weighed = sum(weight * int(digit) for weight, digit in zip(_BSN_WEIGHTS, digits, strict=True))
    return weighed % 11 == 0 and digits != "0" * _BSN_LENGTH


def is_iban(account: str) -> bool:
    """Tell whether capitals and digits without blanks form an account number of a known country (mod 97)."""
    if _IBAN_LENGTHS.get(account[:2]) != len(account):
        return False
    turned = account[4:] + account[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def _ascii(text: str) -> str:
    """Return a text of the same length with digits of every script as 0-9, and one kind of dash and blank."""
    return "".join(sign if "!" <= sign <= "`" else _ascii_sign(sign) for sign in text)


def _ascii_sign(sign: str) -> str:
    if (digit := unicodedata.digit(sign, None)) is not None:
        return str(digit)
    if sign in "·•٫٬۔。":
        return "."
    match unicodedata.category(sign):
        case "Pd" | "Sm" if sign != "+":
            return "-"
        # Right-to-left keyboards leave invisible direction marks between digits.
        case "Zs" | "Cf" | "Mn":
            return " "
        case _:
            wide = unicodedata.normalize("NFKC", sign).upper()
            return wide if len(wide) == 1 and wide.isascii() else sign


def _replaced(text: str, spans: list[_Span], kind: Kind) -> tuple[str, frozenset[Kind]]:
    for span in sorted(spans, reverse=True):
        text = f"{text[: span.start]}[{kind.value}]{text[span.end :]}"
    return text, frozenset({kind} if spans else ())


def _ibans(plain: str) -> Iterator[_Span]:
    done = 0
    for match in _IBAN_START.finditer(plain):
        start = match.start()
        if start < done:
            continue
        end = _iban_end(plain, start)
        if end is not None:
            yield _Span(start=start, end=end)
            done = end


def _iban_end(plain: str, start: int) -> int | None:
    account = ""
    blanks = 0
    for end in range(start, min(start + _LONGEST_IBAN_WRITTEN, len(plain))):
        sign = plain[end]
        if sign.isascii() and sign.isalnum():
            account += sign
            blanks = 0
        elif sign in " .-" and blanks < 3:
            blanks += 1
        else:
            return None
        if len(account) == _IBAN_LENGTHS.get(account[:2]):
            return end + 1 if is_iban(account) else None
    return None


def _bsns(plain: str) -> Iterator[_Span]:
    groups = [_Span(start=match.start(), end=match.end()) for match in _DIGITS.finditer(plain)]
    others = [
        _Span(start=match.start(), end=match.end())
        for rule in (_TELEPHONE, _DATE)
        for match in rule.finditer(plain)
    ]
    words = [_Span(start=m.start() - _NEAR, end=m.end() + _NEAR) for m in _BSN_WORD.finditer(plain)]
    taken = 0
    for first in range(len(groups)):
        if groups[first].start < taken:
            continue
        for span, digits in _joined(plain, groups, first):
            if any(span.meets(other) for other in others):
                continue
            lost_its_zero = len(digits) == _BSN_LENGTH - 1 and any(span.meets(word) for word in words)
            number = "0" + digits if lost_its_zero else digits
            if len(number) == _BSN_LENGTH and is_bsn(number):
                yield span
                taken = span.end
                break


def _joined(plain: str, groups: list[_Span], first: int) -> Iterator[tuple[_Span, str]]:
    """Yield the number that begins with this group, longest first, however its digits are parted."""
    numbers: list[tuple[_Span, str]] = []
    digits = ""
    for position in range(first, len(groups)):
        group = groups[position]
        if position > first and not _BETWEEN.fullmatch(plain, groups[position - 1].end, group.start):
            break
        digits += plain[group.start : group.end]
        if len(digits) > _BSN_LENGTH:
            break
        numbers.append((_Span(start=groups[first].start, end=group.end), digits))
    yield from reversed(numbers)
