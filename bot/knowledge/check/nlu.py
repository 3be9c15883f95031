"""Rules about examples: enough of them, in every language, and each with one meaning."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from bot.knowledge.check.ground import Finding
from bot.knowledge.held_out import NO_CRISIS
from bot.nlu.examples import OUT_OF_SCOPE
from bot.nlu.slot_values import plain_digits
from bot.nlu.text import clean, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.knowledge.check.ground import Ground, Place
    from bot.knowledge.document import Document

# What an answer can mean beside the value of a slot.
MEANINGS = frozenset(
    {
        *(
            "yes",
            "no",
            "skip",
            "stop",
            "delete_my_data",
            "my_data",
            "language",
            "menu",
            "person",
            "cancel",
            "correction",
        ),
    }
)
_MARKUP = re.compile(r"\[[^\]]+\][({]")
_LETTER = re.compile(r"[^\W\d_]")


def intent_without_examples(ground: Ground) -> Iterator[Finding]:
    """An intent that nobody wrote an example for is never understood."""
    written = {example.intent for example in ground.read.examples}
    for intent in sorted(ground.read.intents - written - {OUT_OF_SCOPE}):
        yield Finding(
            place=ground.at("intent", intent),
            why=f"the intent '{intent}' has no examples",
            mend="write some in nlu/data/<language>/",
        )


def too_few_examples(ground: Ground) -> Iterator[Finding]:
    """With too few examples in a language, people who speak it are not understood."""
    counts = Counter((example.intent, example.language) for example in ground.read.examples)
    first: dict[tuple[str, str], Place] = {}
    written = set()
    for example, place in zip(ground.read.examples, ground.read.example_lines, strict=True):
        first.setdefault((example.intent, example.language), place)
        written.add(example.intent)
    for intent in sorted((ground.read.intents & written) - {OUT_OF_SCOPE}):
        for code, language in ground.read.languages.all.items():
            count = counts[intent, code]
            if count < language.min_examples:
                yield Finding(
                    place=first.get((intent, code), ground.at("intent", intent)),
                    why=f"'{intent}' has {count} examples in '{code}'",
                    mend=f"write at least {language.min_examples}",
                )


def unknown_example_intent(ground: Ground) -> Iterator[Finding]:
    """Examples of an intent that is declared nowhere teach what nobody answers."""
    told: set[tuple[str, str]] = set()
    for example, place in zip(ground.read.examples, ground.read.example_lines, strict=True):
        if example.intent in {*ground.read.intents, OUT_OF_SCOPE} or (place[0], example.intent) in told:
            continue
        told.add((place[0], example.intent))
        yield Finding(
            place=place,
            why=f"'{example.intent}' is no intent",
            mend="mend the spelling, or add it to 'intents:' in nlu/domain/",
        )


def example_twice(ground: Ground) -> Iterator[Finding]:
    """The same words cannot mean two things; nor do they teach anything the second time."""
    seen: dict[tuple[str, ...], tuple[str, str, Place]] = {}
    for example, place in zip(ground.read.examples, ground.read.example_lines, strict=True):
        words = words_of(example.text)
        if not words:
            continue
        intent, language, earlier = seen.setdefault(words, (example.intent, example.language, place))
        where = f"{earlier[0]}:{earlier[1]}"
        if intent != example.intent:
            yield Finding(
                place=place,
                why=f"'{example.text}' stands under '{intent}' too ({where})",
                mend="keep it under one intent, and write the difference into both",
            )
        elif language == example.language and earlier != place:
            yield Finding(
                place=place,
                why=f"'{example.text}' stands here twice ({where})",
                mend="write another way of saying it",
            )


def empty_example(ground: Ground) -> Iterator[Finding]:
    """A line that is no example is lost in silence."""
    for document, at, item in _items(ground):
        for number, line in enumerate(str(item.get("examples") or "").splitlines()):
            if line.strip() and not re.match(r"^\s*-\s+\S", line):
                empty = line.strip() == "-"
                yield Finding(
                    place=(document.name, document.text_line(number, "nlu", at, "examples")),
                    why="this example is empty" if empty else f"'{line.strip()}' is no example",
                    mend="take the line away" if empty else "begin it with '- '",
                )


def bare_example(ground: Ground) -> Iterator[Finding]:
    """A number or a face alone is an answer, not a question: it would be understood anywhere."""
    for example, place in zip(ground.read.examples, ground.read.example_lines, strict=True):
        if not _LETTER.search(plain_digits(clean(example.text))):
            yield Finding(
                place=place,
                why=f"'{example.text}' has no words",
                mend="take it away; numbers and signs are read as answers already",
            )


def markup(ground: Ground) -> Iterator[Finding]:
    """Entities in brackets are not used here: the brackets would be learnt as words."""
    for example, place in zip(ground.read.examples, ground.read.example_lines, strict=True):
        if _MARKUP.search(example.text):
            yield Finding(
                place=place,
                why=f"'{example.text}' marks a word with brackets",
                mend="write the sentence without [ ] and ( )",
            )


def unknown_synonym(ground: Ground) -> Iterator[Finding]:
    """Words for a value that no slot has are never used."""
    values = {value for slot in ground.read.slots.values() for value in slot.values} | MEANINGS
    for document, at, item in _items(ground):
        value = item.get("synonym")
        if value is not None and str(value) not in values and not str(value).isdecimal():
            yield Finding(
                place=(document.name, document.line("nlu", at, "synonym")),
                why=f"'{value}' is the value of no slot",
                mend="mend the spelling, or add it to the slot's values in nlu/domain/",
            )


def out_of_scope_missing(ground: Ground) -> Iterator[Finding]:
    """Without messages that are not for us, every message seems to be for us."""
    written = Counter(example.language for example in ground.read.examples if example.intent == OUT_OF_SCOPE)
    for code, language in ground.read.languages.all.items():
        if language.min_examples and written[code] < language.min_examples:
            yield Finding(
                place=(f"nlu/data/{code}/out_of_scope.yml", 1),
                why=f"'{code}' has {written[code]} messages that are not for us",
                mend=f"write at least {language.min_examples} under '- intent: {OUT_OF_SCOPE}'",
            )


def held_out_meaning(ground: Ground) -> Iterator[Finding]:
    """A message to measure with whose meaning nobody knows measures nothing."""
    categories = {category.id for category in ground.read.crisis} | {NO_CRISIS}
    for message in ground.held_out:
        if message.intent is not None and message.intent not in {*ground.read.intents, OUT_OF_SCOPE}:
            yield Finding(
                place=message.place,
                why=f"'{message.intent}' is no intent",
                mend="mend the spelling, or add it to 'intents:' in nlu/domain/",
            )
        if message.crisis is not None and message.crisis not in categories:
            yield Finding(
                place=message.place,
                why=f"'{message.crisis}' is no kind of crisis",
                mend=f"write an id of content/crisis.yml, or '{NO_CRISIS}'",
            )


def held_out_taught(ground: Ground) -> Iterator[Finding]:
    """A message that was taught cannot show whether what was not taught is understood."""
    taught = {words_of(example.text) for example in ground.read.examples}
    for message in ground.held_out:
        if (words := words_of(message.text)) and words in taught:
            yield Finding(
                place=message.place,
                why=f"'{message.text}' is an example in nlu/data/ too",
                mend="write another message here; leave the example as it is",
            )


def _items(ground: Ground) -> Iterator[tuple[Document, int, dict[str, Any]]]:
    """Yield the items of the example files as they were written, even where the reading refused them."""
    for name, document in ground.read.documents.items():
        items = document.data.get("nlu") if isinstance(document.data, dict) else None
        if name.startswith(("nlu/data/", "nlu/answers/")) and isinstance(items, list):
            yield from ((document, at, item) for at, item in enumerate(items) if isinstance(item, dict))
