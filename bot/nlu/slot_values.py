"""Reading an answer to a question of a flow: yes or no, a count, a date, a choice, or "I don't know"."""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeVar

from bot.nlu.date_words import Phrase, Unit, date_words
from bot.nlu.text import clean, fold, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Prefer = Literal["past", "future"]
Found = TypeVar("Found")

_GEEZ_DIGITS = {chr(0x1369 + n): n + 1 for n in range(9)} | {chr(0x1372 + n): (n + 1) * 10 for n in range(9)}
_GEEZ_HUNDRED, _GEEZ_MYRIAD = "፻", "፼"
_GEEZ_NUMBER = re.compile("[፩-፼]+")

_SEPARATORS = {"٫": ",", "٬": ".", "،": ",", "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-"}

# Arabic in Latin letters writes sounds as digits ("arba3a"), so a number inside a word is the last thing to believe.
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?![^\W\d_])")
_NUMBER_ON_A_WORD = re.compile(r"(?<!\w)\d+(?:[.,]\d+)*")
_THOUSANDS = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*")
_YES_SIGNS, _NO_SIGNS = frozenset("👍✅✔☑👌🆗"), frozenset("👎❌✖🚫⛔")

_LONGEST_ANSWER = 8  # words; a longer message that happens to begin with "no" is a story, not an answer
_SHORTEST_OPENING = 3  # letters; "la" opens an Arabic no and half of all French sentences

_DAY_FIRST = re.compile(r"(?<![\d.,/-])(\d{1,2})\s*[-/. ]\s*(\d{1,2})(?:\s*[-/. ]\s*(\d{4}|\d{2}))?(?![\d/-]|[.,]\d)")
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{1,2})(?!\d)")
_OLDEST_YEAR, _NEWEST_YEAR = 1900, 2100
_AROUND_MONTH = frozenset(fold("e de of van er ste st nd rd th d the го ого inchi").split())


@dataclass(frozen=True, kw_only=True)
class AnswerWords:
    """
    The words people answer with, as folded words (`bot.nlu.text.words_of`) per language.

    `numbers` gives the number a phrase stands for; `other` holds the other meanings (stop, cancel, person …).
    """

    yes: Mapping[str, frozenset[Phrase]] = field(default_factory=dict)
    no: Mapping[str, frozenset[Phrase]] = field(default_factory=dict)
    skip: Mapping[str, frozenset[Phrase]] = field(default_factory=dict)
    numbers: Mapping[str, Mapping[Phrase, int]] = field(default_factory=dict)
    other: Mapping[str, Mapping[str, frozenset[Phrase]]] = field(default_factory=dict)

    @classmethod
    def from_synonyms(cls, synonyms: Mapping[str, Mapping[str, Iterable[str]]]) -> AnswerWords:
        """Return the words of `{language: {meaning: examples}}`, as the synonyms in nlu/answers/ give them."""
        meanings: dict[str, dict[str, frozenset[Phrase]]] = {}
        numbers: dict[str, dict[Phrase, int]] = {}
        for language, by_meaning in synonyms.items():
            for meaning, examples in by_meaning.items():
                written = frozenset(_spellings(examples))
                if meaning.isdecimal():
                    numbers.setdefault(language, {}).update(dict.fromkeys(written, int(meaning)))
                else:
                    meanings.setdefault(meaning, {})[language] = written
        return cls(
            yes=meanings.pop("yes", {}),
            no=meanings.pop("no", {}),
            skip=meanings.pop("skip", {}),
            numbers=numbers,
            other=meanings,
        )


@dataclass(frozen=True, kw_only=True)
class ChoiceOption:
    """One option of a choice: its value, its button titles in any language, and other ways to say it."""

    value: str
    titles: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Asked:
    language: str
    today: date
    prefer: Prefer
    numbers: Mapping[Phrase, int]


def read_yes_no(text: str, words: AnswerWords, *, language: str | None = None) -> bool | None:
    """Return whether the answer is yes or no; None when it is neither, both, or "I don't know"."""
    said = words_of(text)
    if not said:
        signs = set(clean(text))
        yes, no = bool(signs & _YES_SIGNS), bool(signs & _NO_SIGNS)
        return yes if yes != no else None
    whole = {
        answer
        for answer, table in ((True, words.yes), (False, words.no))
        if said in _phrases_of(table, _first_known(language, table, said))
    }
    if whole:
        return whole.pop() if len(whole) == 1 else None
    if len(said) > _LONGEST_ANSWER or is_skip(text, words):
        return None
    return _opening_yes_no(said, words, language)


def read_count(text: str, words: AnswerWords, *, language: str | None = None) -> Decimal | int | None:
    """
    Return the one number in the answer, in digits of any script or in words; None when there is none or more.

    A full stop or comma before exactly three digits parts thousands, as on a Dutch letter.
    """
    line = plain_digits(clean(text))
    if written := _NUMBER.findall(line):
        return _number(written[0]) if len(written) == 1 else None
    said = words_of(line)
    numbers = _numbers(words)
    if said in numbers:
        return numbers[said]
    spoken = [number for number, _, _ in _matches(said, _numbers(words, _heard(language, words.numbers, said)))]
    if not spoken and (written := _NUMBER_ON_A_WORD.findall(line)):
        return _number(written[0]) if len(written) == 1 else None
    return spoken[0] if len(spoken) == 1 else None


def read_date(
    text: str, language: str, today: date, *, prefer: Prefer, words: AnswerWords | None = None
) -> date | None:
    """
    Return the one (Gregorian) day that the answer names; None when it names none, several or no real one.

    A day without a year, and a weekday, is the nearest on the side that `prefer` says; today counts as both.
    """
    line = plain_digits(clean(text))
    numeric = {_numeric_date(found, today, prefer) for found in _numeric_dates(line)}
    if numeric:
        return numeric.pop() if len(numeric) == 1 else None
    said = _numbers_apart(words_of(line))
    asked = _Asked(language=language, today=today, prefer=prefer, numbers=_numbers(words))
    for reading in (_named_dates, _distances, _days_away, _periods, _weekdays):
        days = set(reading(said, asked))
        if days:
            return days.pop() if len(days) == 1 else None
    return None


def read_choice(text: str, options: Sequence[ChoiceOption], *, words: AnswerWords | None = None) -> str | None:
    """Return the value of the one option meant: by title or synonym, number in any script, or words."""
    said = words_of(plain_digits(clean(text)))
    if not said:
        return None
    naming = [(option.value, _names((option.value, *option.titles, *option.synonyms))) for option in options]
    exact = {value for value, names in naming if said in names or _bare(said) in {_bare(name) for name in names}}
    if exact:
        return exact.pop() if len(exact) == 1 else None
    if (number := _option_number(text, said, words)) is not None:
        named = {value for value, names in naming if any(str(number) in name for name in names)}
        if named:
            return named.pop() if len(named) == 1 else None
        return options[number - 1].value if 1 <= number <= len(options) else None
    table: dict[Phrase, set[str]] = {}
    for value, names in naming:
        for name in names:
            table.setdefault(_bare(name), set()).add(value)
    contained: set[str] = set()
    for values, _, _ in _matches(_bare(said), table):
        contained |= values
    return contained.pop() if len(contained) == 1 else None


def is_skip(text: str, words: AnswerWords) -> bool:
    """Return whether the answer says "I don't know" or asks to pass over the question."""
    said = words_of(text)
    phrases = _phrases_of(words.skip, words.skip)
    if said in phrases:
        return True
    if len(said) > _LONGEST_ANSWER:
        return False
    return any(len(phrase) > 1 for phrase, _, _ in _matches(said, {phrase: phrase for phrase in phrases}))


def read_phrase(text: str, words: AnswerWords, meanings: Iterable[str]) -> str | None:
    """Return which of these other meanings (stop, cancel …) the whole message has, in any language."""
    said = words_of(text)
    return next(
        (m for m in meanings if any(said in phrases for phrases in words.other.get(m, {}).values())),
        None,
    )


def after_correction(text: str, words: AnswerWords) -> str | None:
    """Return what follows "no, I meant" at the start of the message, folded; None without such a start."""
    said = words_of(text)
    openings = [p for phrases in words.other.get("correction", {}).values() for p in phrases]
    longest = max((len(p) for p in openings if said[: len(p)] == p), default=0)
    return " ".join(said[longest:]) if longest else None


def plain_digits(text: str) -> str:
    """Return the text with the digits of every script, and Ge'ez numbers (፲፪ is 12), as 0 to 9."""
    text = _GEEZ_NUMBER.sub(lambda found: f" {_geez_number(found.group())} ", text)
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else _SEPARATORS.get(c, c) for c in text)


def _geez_number(written: str) -> int:
    total = group = 0
    for sign in written:
        if sign == _GEEZ_MYRIAD:
            total, group = (total + group or 1) * 10_000, 0
        elif sign == _GEEZ_HUNDRED:
            tens_before = group % 100
            group = group - tens_before + (tens_before or 1) * 100
        else:
            group += _GEEZ_DIGITS[sign]
    return total + group


@lru_cache(maxsize=4096)  # the options of every question in every language: asked for again at each answer
def _names(option: tuple[str, ...]) -> frozenset[Phrase]:
    return frozenset(_spellings(option))


def _spellings(examples: Iterable[str]) -> Iterator[Phrase]:
    """Yield each phrase as words, and once more with its apostrophes left out, as people type it."""
    for example in examples:
        yield from _spelled(example)


# The titles of options are read at every answer to a question with a choice, and they are always the same.
@lru_cache(maxsize=16384)
def _spelled(example: str) -> tuple[Phrase, ...]:
    line = plain_digits(clean(example))
    both = (words_of(spelling) for spelling in (line, re.sub("['’ʼ`]", "", line)))
    return tuple(words for words in both if words)


def _phrases_of(table: Mapping[str, frozenset[Phrase]], languages: Iterable[str]) -> frozenset[Phrase]:
    return frozenset().union(*(table.get(language, frozenset()) for language in languages))


def _first_known(language: str | None, table: Mapping[str, frozenset[Phrase]], said: Phrase) -> Iterable[str]:
    # "na" is no in one language and a filler in another: the conversation's own language decides first.
    return (language,) if language and said in table.get(language, frozenset()) else table


def _opening_yes_no(said: Phrase, words: AnswerWords, language: str | None) -> bool | None:
    for spoken in _heard(language, dict.fromkeys((*words.yes, *words.no)), said):
        yes, no = words.yes.get(spoken, frozenset()), words.no.get(spoken, frozenset())
        answers = {**dict.fromkeys(yes, True), **dict.fromkeys(no, False)}
        found = list(_matches(said, answers))
        if not found or found[0][1] != 0:
            continue
        opening = said[: found[0][2]]
        if sum(map(len, opening)) < _SHORTEST_OPENING and opening[0].isascii():
            continue
        meant = {answer for answer, _, _ in found}
        return meant.pop() if len(meant) == 1 else None
    return None


def _matches(said: Phrase, table: Mapping[Phrase, Found]) -> Iterator[tuple[Found, int, int]]:
    """Yield the longest phrases that occur as whole words, left to right, with where they start and end."""
    longest = max(map(len, table), default=0)
    start = 0
    while start < len(said):
        for length in range(min(longest, len(said) - start), 0, -1):
            if (phrase := said[start : start + length]) in table:
                yield table[phrase], start, start + length
                start += length
                break
        else:
            start += 1


def _number(written: str) -> Decimal | int | None:
    if written.isdecimal():
        return int(written)
    if _THOUSANDS.fullmatch(written):
        return int(re.sub("[.,]", "", written))
    whole, fraction = re.split(r"[.,](?=\d+$)", written)
    if not (whole.isdecimal() or _THOUSANDS.fullmatch(whole)):
        return None
    value = Decimal(f"{re.sub('[.,]', '', whole)}.{fraction}")
    return int(value) if value == value.to_integral_value() else value


@lru_cache(maxsize=16384)
def _bare(words: Phrase) -> Phrase:
    # Arabic writes "the" and "and" onto the word.
    return tuple(re.sub(r"^(?:و|ب|ل)?ال(?=\w{3})", "", word) for word in words)


def _option_number(text: str, said: Phrase, words: AnswerWords | None) -> int | None:
    if sum(any(c.isdecimal() for c in word) for word in said) and len(said) > 2:  # noqa: PLR2004  # "option 2"
        return None
    number = read_count(text, words or AnswerWords()) if len(said) <= 2 else None  # noqa: PLR2004
    return number if isinstance(number, int) else None


def _numbers(words: AnswerWords | None, languages: Iterable[str] | None = None) -> dict[Phrase, int]:
    tables = words.numbers if words else {}
    spoken = tables if languages is None else languages
    return {phrase: number for language in spoken for phrase, number in tables.get(language, {}).items()}


def _heard(language: str | None, known: Iterable[str], said: Phrase) -> tuple[str, ...]:
    # Inside a sentence in Latin letters other languages mislead: "on" is ten in Turkish, "may" is no in Somali.
    latin = all(word.isascii() for word in said)
    return tuple(dict.fromkeys((language, "nl", "en"))) if language and latin else tuple(known)


def _numbers_apart(words: Phrase) -> Phrase:
    return tuple(part for word in words for part in re.findall(r"\d+|[^\W\d_]+", word))


def _real(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if _OLDEST_YEAR <= year <= _NEWEST_YEAR else None
    except ValueError:
        return None


def _nearest(month: int, day: int, today: date, prefer: Prefer) -> date | None:
    # Eight years on is the furthest that 29 February can be.
    step = -1 if prefer == "past" else 1
    for year in range(today.year, today.year + 9 * step, step):
        found = _real(year, month, day)
        if found and (found <= today if prefer == "past" else found >= today):
            return found
    return None


def _full_year(written: str, today: date, prefer: Prefer) -> int:
    year = int(written)
    if len(written) > 2:  # noqa: PLR2004  # "25" is a year of this century or the last
        return year
    year += today.year - today.year % 100
    return year - 100 if prefer == "past" and year > today.year else year


def _numeric_dates(line: str) -> Iterator[tuple[str | None, int, int]]:
    found = [(m.group(1), int(m.group(2)), int(m.group(3))) for m in _YEAR_FIRST.finditer(line)]
    if found:
        yield from found
        return
    for match in _DAY_FIRST.finditer(line):
        day, month, year = match.groups()
        # "2 3" are two numbers; with spaces only a whole date counts.
        if year or not re.fullmatch(r"\d+ +\d+", match.group()):
            yield year, int(month), int(day)


def _numeric_date(found: tuple[str | None, int, int], today: date, prefer: Prefer) -> date | None:
    year, month, day = found
    if year is None:
        return _nearest(month, day, today, prefer)
    return _real(_full_year(year, today, prefer), month, day)


def _own_first(tables: Mapping[str, Mapping[Phrase, int]], language: str) -> dict[Phrase, int]:
    merged: dict[Phrase, int] = {}
    for spoken in (*(other for other in tables if other != language), language):
        merged.update(tables.get(spoken, {}))
    return merged


def _named_dates(said: Phrase, asked: _Asked) -> Iterator[date | None]:
    for month, start, end in _matches(said, _own_first(date_words().months, asked.language)):
        before = [word for word in said[max(0, start - 3) : start] if word not in _AROUND_MONTH]
        after = [word for word in said[end : end + 4] if word not in _AROUND_MONTH]
        if before and before[-1].isdecimal() and len(before[-1]) <= 2:  # noqa: PLR2004  # a day has two digits
            day, year = before[-1], after[0] if after else ""
        elif after and after[0].isdecimal() and len(after[0]) <= 2:  # noqa: PLR2004
            day, year = after[0], after[1] if len(after) > 1 else ""
        else:
            continue
        if year.isdecimal() and len(year) in (2, 4):
            yield _real(_full_year(year, asked.today, asked.prefer), month, int(day))
        else:
            yield _nearest(month, int(day), asked.today, asked.prefer)


def _distances(said: Phrase, asked: _Asked) -> Iterator[date | None]:
    """Yield the days that "3 days ago" and "in two weeks" stand for."""
    vocabulary = date_words()
    units: dict[Phrase, tuple[int | None, Unit]] = {phrase: (None, unit) for phrase, unit in vocabulary.units.items()}
    units |= {phrase: (2, unit) for phrase, unit in vocabulary.pairs.items()}
    for (fixed, unit), start, end in _matches(said, units):
        first, number = _number_before(said[:start], asked.numbers) if fixed is None else (start, fixed)
        direction = _side(said[:first], said[end:], vocabulary.ago, vocabulary.ahead)
        if direction and number is not None:
            yield _moved(asked.today, direction * number, unit)


def _number_before(said: Phrase, numbers: Mapping[Phrase, int]) -> tuple[int, int | None]:
    """Return where the number at the end of these words starts and what it is; no number counts as one."""
    if said and said[-1].isdecimal():
        return len(said) - 1, int(said[-1]) if len(said[-1]) <= 4 else None  # noqa: PLR2004  # beyond any calendar
    for length in (3, 2, 1):
        phrase = said[len(said) - length :]
        if len(phrase) == length and (phrase in numbers or phrase in date_words().one):
            return len(said) - length, numbers.get(phrase, 1)
    return len(said), 1


def _side(before: Phrase, after: Phrase, earlier: frozenset[Phrase], later: frozenset[Phrase]) -> int:
    """Return -1 or 1 for the word right before or after that says earlier or later, 0 without one."""
    for words, side in ((earlier, -1), (later, 1)):
        for length in (3, 2, 1):
            if after[:length] in words or (len(before) >= length and before[-length:] in words):
                return side
    return 0


def _moved(today: date, amount: int, unit: Unit) -> date | None:
    try:
        if unit in ("day", "week"):
            return today + timedelta(days=amount * (7 if unit == "week" else 1))
        months = today.year * 12 + today.month - 1 + amount * (12 if unit == "year" else 1)
        year, month = divmod(months, 12)
        moved = date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))
    except (OverflowError, ValueError):
        return None
    return moved


def _days_away(said: Phrase, asked: _Asked) -> Iterator[date | None]:
    for days, _, _ in _matches(said, date_words().days_away):
        yield asked.today + timedelta(days=days)


def _periods(said: Phrase, asked: _Asked) -> Iterator[date | None]:
    """Yield the same day of last week, next month and so on."""
    vocabulary = date_words()
    units = {_bare(phrase): unit for phrase, unit in vocabulary.units.items() if unit != "day"}
    for unit, start, end in _matches(_bare(said), units):
        if side := _side(said[:start], said[end:], vocabulary.last, vocabulary.next):
            yield _moved(asked.today, side, unit)


def _weekdays(said: Phrase, asked: _Asked) -> Iterator[date | None]:
    vocabulary = date_words()
    if said in vocabulary.short_weekdays:
        found = [(vocabulary.short_weekdays[said], 0, 1)]
    else:
        found = list(_matches(said, _own_first(vocabulary.weekdays, asked.language)))
    for weekday, start, end in found:
        side = _side(said[:start], said[end:], vocabulary.last, vocabulary.next)
        days = (weekday - asked.today.weekday()) % 7
        if side < 0 or (not side and asked.prefer == "past"):
            days -= 7 if days or side else 0
        elif side > 0 and not days:
            days = 7
        yield asked.today + timedelta(days=days)
