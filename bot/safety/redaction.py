"""Take away the numbers that we may not keep: the BSN and the IBAN."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_BSN_LENGTH: Final = 9
_BSN_WEIGHTS: Final = (9, 8, 7, 6, 5, 4, 3, 2, -1)
# So near to the word "BSN" a number of eight digits is a BSN that lost its leading zero.
_NEAR: Final = 40

_BSN_WORD: Final = re.compile(r"bsn|b\.s\.n|burger ?service ?n|so[fph]+i ?-?n", re.IGNORECASE)
_DIGITS: Final = re.compile(r"[0-9]+")
_BETWEEN: Final = re.compile(r"[ .\-]{1,3}")
_TELEPHONE: Final = re.compile(
    r"(?:\+|(?<![0-9])00)31(?:[ .\-]?\(0\))?(?:[ .\-]{0,3}[0-9]){9}(?![0-9])"
    r"|(?:\+|(?<![0-9])00)(?!31)[1-9](?:[ .\-()]{0,3}[0-9]){7,14}(?![0-9])"
    # The first group of a Dutch telephone number never has nine digits, that of a BSN may.
    r"|(?<![0-9])0(?![0-9]{8}(?![0-9]))(?:[ .\-()]{0,3}[0-9]){9}(?![0-9])"
    r"|(?<![0-9])0[89]00(?:[ .\-]{0,3}[0-9]{2}){2}(?![0-9])"
    r"|(?<![0-9])0[89]00[ .\-]{0,3}[0-9]{7}(?![0-9])"
)
# Not every address that is valid, but every one that a person would write down.
_MAIL: Final = re.compile(r"[^\s@<>()\[\],;:\"]+@[^\s@<>()\[\],;:\"]+\.[a-z]{2,}", re.IGNORECASE)
_DAY: Final = r"(?:0?[1-9]|[12][0-9]|3[01])"
_MONTH: Final = r"(?:0?[1-9]|1[0-2])"
_YEAR: Final = r"(?:19|20)[0-9]{2}"
_PART: Final = r"[ .\-]{1,3}"
_DATE: Final = re.compile(
    rf"(?<![0-9])(?:{_DAY}{_PART}{_MONTH}{_PART}{_YEAR}|{_YEAR}{_PART}{_MONTH}{_PART}{_DAY})(?![0-9])"
)

_IBAN_START: Final = re.compile(r"(?=[A-Z][ .\-]{0,3}[A-Z][ .\-]{0,3}[0-9][ .\-]{0,3}[0-9])")
# ISO 13616 registry: how long an account number is in each country, both letters included.
_IBAN_COUNTRIES: Final = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HU LB NI PL",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
_IBAN_LENGTHS: Final = {
    country: length for length, countries in _IBAN_COUNTRIES.items() for country in countries.split()
}
_MOST_BLANKS: Final = 3
_LONGEST_IBAN_WRITTEN: Final = (1 + _MOST_BLANKS) * max(_IBAN_COUNTRIES)


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


def reaches_somebody(text: str) -> bool:
    """Tell whether a telephone number or a mail address stands in it."""
    plain = _ascii(text)
    return bool(_TELEPHONE.search(plain) or _MAIL.search(plain))


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
        elif sign in " .-" and blanks < _MOST_BLANKS:
            blanks += 1
        else:
            return None
        if len(account) == _IBAN_LENGTHS.get(account[:2]):
            return end + 1 if is_iban(account) else None
    return None


def _bsns(plain: str) -> Iterator[_Span]:
    groups = [_Span(start=match.start(), end=match.end()) for match in _DIGITS.finditer(plain)]
    others = [
        _Span(start=match.start(), end=match.end()) for rule in (_TELEPHONE, _DATE) for match in rule.finditer(plain)
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
