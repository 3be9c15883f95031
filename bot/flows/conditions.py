"""
Conditions on slots, with the meaning they have in Rasa (the predicate language of PyPI `pypred`).

    condition  := not (("and" | "or") condition)?          (and, or: equal rank, grouped to the right, as in pypred)
    not        := "not" not | "(" condition ")" | operand (op operand)?
    op         := is | is not | = | != | < | <= | > | >= | contains | matches
    operand    := slots.name | "text" | 'text' | 12 | 12.5 | true | false | undefined | empty | null

A slot that nobody filled is `null`, as in Rasa: it is not true, and it cannot be compared in size. What cannot be
compared makes the whole condition false, also behind `not` and beside `or`. Because `a and b or c` means `a and (b or
c)` there, the check asks authors for brackets when both words stand in one condition.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.domain.turn import SlotValue


class ConditionError(ValueError):
    """A condition that cannot be read; the message says where and what was expected."""


class CannotCompareError(Exception):
    """These two values cannot be compared, so the condition does not hold, whatever stands around it."""


class _Undefined:
    """The value of a slot nobody filled."""

    def __repr__(self) -> str:
        return "undefined"


class _Empty:
    """The literal `empty`: equal to anything without content."""


UNDEFINED = _Undefined()
EMPTY = _Empty()
Value: TypeAlias = object

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>-?\d+(?:\.\d+)?(?![\w.]))|(?P<text>"[^"]*"|'[^']*')
    |(?P<op><=|>=|!=|=|<|>)|(?P<bracket>[()])|(?P<word>[A-Za-z_][\w.]*))""",
    re.VERBOSE,
)
_WORD_OPS = {"is", "contains", "matches"}
_LITERALS: Mapping[str, Value] = {"true": True, "false": False, "undefined": UNDEFINED, "empty": EMPTY, "null": None}


@dataclass(frozen=True)
class Slot:
    """A slot's value at the moment of asking."""

    name: str


@dataclass(frozen=True)
class Literal:
    """A value written in the condition."""

    value: Value


@dataclass(frozen=True)
class Compare:
    """Two operands and how they are compared."""

    op: str
    left: Slot | Literal
    right: Slot | Literal


@dataclass(frozen=True)
class Truth:
    """An operand that must be true by itself."""

    operand: Slot | Literal


@dataclass(frozen=True)
class Not:
    """The opposite."""

    inner: Expression


@dataclass(frozen=True)
class Both:
    """Left and right."""

    left: Expression
    right: Expression


@dataclass(frozen=True)
class Either:
    """Left or right."""

    left: Expression
    right: Expression


Expression: TypeAlias = Compare | Truth | Not | Both | Either


@dataclass(frozen=True)
class Condition:
    """A condition that was read without error, with its own text."""

    text: str
    expression: Expression

    def holds(self, slots: Mapping[str, SlotValue]) -> bool:
        """Return whether the condition holds for these slots. Never raises."""
        try:
            return evaluated(self.expression, slots)
        except CannotCompareError:
            return False

    def mixes_and_with_or(self) -> bool:
        """Return whether `and` and `or` stand side by side without brackets, which reads differently than it works."""
        rest = re.sub(r"\"[^\"]*\"|'[^']*'", "", self.text)
        while group := re.search(r"\(([^()]*)\)", rest):
            if _both_words(group[1]):
                return True
            rest = rest[: group.start()] + "x" + rest[group.end() :]
        return _both_words(rest)

    def slots(self) -> frozenset[str]:
        """Return the names of the slots it looks at."""
        return frozenset(_slots(self.expression))


def read_condition(text: str) -> Condition:
    """
    Return the condition that `text` says.

    Raises:
        ConditionError: it cannot be read; the message names the place.

    """
    return Condition(text, _Reader(text).read())


def _both_words(text: str) -> bool:
    return bool(re.search(r"\band\b", text, re.IGNORECASE)) and bool(re.search(r"\bor\b", text, re.IGNORECASE))


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split(text)
        self._at = 0

    @staticmethod
    def _split(text: str) -> list[tuple[str, str, int]]:
        tokens: list[tuple[str, str, int]] = []
        at = 0
        while at < len(text):
            if not text[at:].strip():
                break
            found = _TOKEN.match(text, at)
            if not found or found.end() == at:
                msg = f"cannot read {text[at:].strip()[:20]!r} in the condition {text!r}"
                raise ConditionError(msg)
            kind = str(found.lastgroup)
            tokens.append((kind, found.group(kind), found.start(kind)))
            at = found.end()
        return tokens

    def read(self) -> Expression:
        if not self._tokens:
            raise ConditionError("the condition is empty")
        expression = self._condition()
        if self._at < len(self._tokens):
            raise ConditionError(f"did not expect {self._tokens[self._at][1]!r} in the condition {self._text!r}")
        return expression

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at][:2] if self._at < len(self._tokens) else ("end", "")

    def _take_word(self, word: str) -> bool:
        kind, text = self._peek()
        if kind == "word" and text.lower() == word:
            self._at += 1
            return True
        return False

    def _condition(self) -> Expression:
        left = self._not()
        if self._take_word("or"):
            return Either(left, self._condition())
        if self._take_word("and"):
            return Both(left, self._condition())
        return left

    def _not(self) -> Expression:
        if self._take_word("not"):
            return Not(self._not())
        if self._peek() == ("bracket", "("):
            self._at += 1
            inner = self._condition()
            if self._peek() != ("bracket", ")"):
                raise ConditionError(f"a bracket is not closed in the condition {self._text!r}")
            self._at += 1
            return inner
        return self._compare()

    def _compare(self) -> Expression:
        left = self._operand()
        kind, text = self._peek()
        op = text.lower()
        if kind == "op" or (kind == "word" and op in _WORD_OPS):
            self._at += 1
            if op == "is" and self._take_word("not"):
                op = "!="
            op = "=" if op == "is" else op
            right = self._operand()
            if op == "matches":
                self._check_pattern(right)
            if op == "contains" and isinstance(right, Literal) and right.value in (UNDEFINED, EMPTY):
                raise ConditionError(f"'contains' needs a text or a number in the condition {self._text!r}")
            return Compare(op, left, right)
        return Truth(left)

    def _check_pattern(self, right: Slot | Literal) -> None:
        if not (isinstance(right, Literal) and isinstance(right.value, str)):
            raise ConditionError(f"'matches' needs a text between quotes in the condition {self._text!r}")
        try:
            re.compile(right.value)
        except re.error as error:
            raise ConditionError(f"{right.value!r} is no regular expression: {error}") from error

    def _operand(self) -> Slot | Literal:
        kind, text = self._peek()
        self._at += 1
        match kind:
            case "number":
                return Literal(float(text) if "." in text else int(text))
            case "text":
                return Literal(text[1:-1])
            case "word" if text.startswith("slots."):
                return Slot(text.removeprefix("slots."))
            case "word" if text.lower() in _LITERALS:
                return Literal(_LITERALS[text.lower()])
            case "word":
                raise ConditionError(
                    f"{text!r} is no slot and no value: write slots.{text} or put it between quotes, in {self._text!r}"
                )
            case _:
                raise ConditionError(f"the condition {self._text!r} stops too early")


def _slots(expression: Expression) -> set[str]:
    match expression:
        case Compare(_, left, right):
            return {operand.name for operand in (left, right) if isinstance(operand, Slot)}
        case Truth(operand):
            return {operand.name} if isinstance(operand, Slot) else set()
        case Not(inner):
            return _slots(inner)
        case Both(left, right) | Either(left, right):
            return _slots(left) | _slots(right)


def evaluated(expression: Expression, slots: Mapping[str, SlotValue]) -> bool:
    """
    Return what the expression comes to, from left to right, no further than is needed.

    Raises:
        CannotCompareError: two values on the way cannot be compared.

    """
    match expression:
        case Truth(operand):
            value = _value(operand, slots)
            return bool(value) and value is not UNDEFINED and value is not EMPTY
        case Not(inner):
            return not evaluated(inner, slots)
        case Both(left, right):
            return evaluated(left, slots) and evaluated(right, slots)
        case Either(left, right):
            return evaluated(left, slots) or evaluated(right, slots)
        case Compare(op, left_operand, right_operand):
            return _compare(op, _value(left_operand, slots), _value(right_operand, slots))


def _value(operand: Slot | Literal, slots: Mapping[str, SlotValue]) -> Value:
    if isinstance(operand, Literal):
        return operand.value
    return _plain(slots.get(operand.name))


def _plain(value: Value) -> Value:
    match value:
        case Decimal():
            return float(value)
        case date():
            return value.isoformat()
        case _:
            return value


_SIZES: Mapping[str, Callable[[float | str, float | str], bool]] = {
    "<": lambda left, right: left < right,  # type: ignore[operator]  # both sides were checked to be of one kind
    "<=": lambda left, right: left <= right,  # type: ignore[operator]  # the same
    ">": lambda left, right: left > right,  # type: ignore[operator]  # the same
    ">=": lambda left, right: left >= right,  # type: ignore[operator]  # the same
}


def _compare(op: str, left: Value, right: Value) -> bool:
    match op:
        case "=":
            return _same(left, right)
        case "!=":
            return not _same(left, right)
        case "contains":
            return _contains(left, right)
        case "matches":
            return isinstance(left, str) and isinstance(right, str) and re.search(right, left) is not None
        case _:
            return _sized(op, left, right)


def _same(left: Value, right: Value) -> bool:
    if left is EMPTY or right is EMPTY:
        other = right if left is EMPTY else left
        return other is EMPTY or other is UNDEFINED or (hasattr(other, "__len__") and len(other) == 0)
    return left == right


def _contains(left: Value, right: Value) -> bool:
    if isinstance(left, str):
        if not isinstance(right, str):
            raise CannotCompareError(f"{right!r} in {left!r}")
        return right in left
    return isinstance(left, (list, tuple, set, frozenset)) and right in left


def _sized(op: str, left: Value, right: Value) -> bool:
    if any(side is UNDEFINED or side is EMPTY for side in (left, right)):
        return False
    numbers = all(isinstance(side, (int, float)) for side in (left, right))
    texts = isinstance(left, str) and isinstance(right, str)
    if not numbers and not texts:
        raise CannotCompareError(f"{left!r} {op} {right!r}")
    return _SIZES[op](left, right)  # type: ignore[arg-type]  # checked just above
