"""Which numbers a text says, in digits of any script, and which ones the facts of a question hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.content.render import PLACEHOLDER
from bot.nlu.slot_values import plain_digits

if TYPE_CHECKING:
    from bot.content.model import Question
    from bot.knowledge.check.ground import Ground

_WORDS = {
    word: str(number)
    for number, words in enumerate((
        "zero", "one once first single", "two twice second both half", "three third", "four fourth", "five fifth",
        "six sixth", "seven seventh", "eight eighth", "nine ninth", "ten tenth", "eleven", "twelve", "thirteen",
        "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    ))
    for word in words.split()
}  # fmt: skip
_TENS = {
    word: ten * 10
    for ten, word in enumerate(("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), start=2)
}
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)?")
_A_SPAN = re.compile(r"\ban? (?:minute|hour|day|week|month|year)\b")
_AGES = re.compile(r"\bages? (\d+) (?:to|-) (\d+)")


def numbers_in(text: str) -> list[str]:
    """Return the digit runs of a text, written as 0 to 9, placeholders (a template's too) and addresses left out."""
    bare = re.sub(r"https?://\S+|\{\d+\}", " ", PLACEHOLDER.sub(" ", text))
    return re.findall(r"\d+", plain_digits(bare))


def told_numbers(question: Question, ground: Ground) -> set[str]:
    """Return the numbers in a question's facts and deadlines, digits and English words alike."""
    document, path = ground.read.places["question", question.id]
    row = document.data
    for part in path:
        row = row[part]
    deadlines = row.get("deadlines") or []
    texts = [
        *question.facts,
        *(str(deadline.get("note", "")) for deadline in deadlines),
        question.ask,
        str(row.get("description", "")),
        str(row.get("varies_by_municipality", "")),
        str(row.get("verify", "")),
        str(row["needs_human"]["when"]),
    ]
    found = {str(abs(deadline.offset)) for deadline in question.deadlines}
    for text in texts:
        found |= set(re.findall(r"\d+", text))
        found |= {"1"} if _A_SPAN.search(text.lower()) else set()
        for low, high in _AGES.findall(text.lower()):
            found |= {str(age) for age in range(int(low), int(high) + 1)}
        for word in _WORD.findall(text.lower()):
            found |= _spelled(word)
    return found


def _spelled(word: str) -> set[str]:
    head, _, tail = word.partition("-")
    if head in _TENS and tail in _WORDS:
        return {str(_TENS[head] + int(_WORDS[tail]))}
    # "two-year term" and "twelve-week" count their first half.
    return {_WORDS[part] for part in (word, head, tail) if part in _WORDS} | {
        str(_TENS[part]) for part in (word, head) if part in _TENS
    }
