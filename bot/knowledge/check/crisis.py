"""Rules about danger: the words are heard in every complete language, and the answer is short and gives a number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.content.render import PLACEHOLDER
from bot.knowledge.check.ground import CRISIS, Finding
from bot.safety.crisis import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.knowledge.check.ground import Ground

_MARKS = re.compile(r"[*!]+$")


def crisis_response(ground: Ground) -> Iterator[Finding]:
    """Danger that is heard is answered, always."""
    for category in ground.read.crisis_shapes:
        if category.response not in ground.read.responses:
            yield Finding(
                place=ground.at("crisis", category.id, "response"),
                why=f"'{category.response}' is no response",
                mend=f"add '{category.response}:' to content/responses/",
            )


def crisis_terms(ground: Ground) -> Iterator[Finding]:
    """In danger nobody reads an explanation."""
    for category in ground.read.crisis_shapes:
        response = ground.read.responses.get(category.response)
        for at, variant in enumerate(response.variants if response else ()):
            if variant.terms:
                yield Finding(
                    place=ground.at("response", category.response, at, "metadata", "terms"),
                    why="a text for danger explains words",
                    mend="take 'terms:' away, and say it without official words",
                )


def crisis_number(ground: Ground) -> Iterator[Finding]:
    """Who is in danger gets a number to call, in the message itself."""
    for category in ground.read.crisis_shapes:
        response = ground.read.responses.get(category.response)
        if not category.numbers or response is None:
            continue
        for at, variant in enumerate(response.variants):
            if not any(name.startswith("number_") for name in PLACEHOLDER.findall(variant.text)):
                yield Finding(
                    place=ground.at("response", category.response, at, "text"),
                    why="the text gives no number to call",
                    mend=f"write {{number_{category.numbers[0]}}} in it",
                )


def crisis_unknown_number(ground: Ground) -> Iterator[Finding]:
    """A number for danger stands in the list of numbers, and was seen at its source."""
    for category in ground.read.crisis_shapes:
        for at, name in enumerate(category.numbers):
            number = ground.read.numbers.get(name)
            if number is None or not number.number_seen_in_source:
                yield Finding(
                    place=ground.at("crisis", category.id, "numbers", at),
                    why=f"'{name}' is no number that somebody saw at its source",
                    mend="use a number of content/facts/numbers.yml with 'number_seen_in_source: true'",
                )


def crisis_language(ground: Ground) -> Iterator[Finding]:
    """A cry for help is heard in every language that we say we speak."""
    for category in ground.read.crisis_shapes:
        for code, language in ground.read.languages.all.items():
            if language.complete and not category.triggers.get(code):
                yield Finding(
                    place=ground.at("crisis", category.id, "triggers"),
                    why=f"'{category.id}' has no triggers in '{code}'",
                    mend=f"add phrases below '{code}:', written by somebody who speaks it",
                )
        for code in sorted({*category.triggers, *category.not_triggers} - set(ground.read.languages.all)):
            group = "triggers" if code in category.triggers else "not_triggers"
            yield Finding(
                place=ground.at("crisis", category.id, group, code),
                why=f"'{code}' is no language",
                mend="use a code of content/languages.yml",
            )


def crisis_silenced(ground: Ground) -> Iterator[Finding]:
    """A phrase that is also among the harmless ones is never heard."""
    for category in ground.read.crisis_shapes:
        for code, phrases in category.not_triggers.items():
            heard = {_bare(phrase) for phrase in category.triggers.get(code, ())}
            for at, phrase in enumerate(phrases):
                if _bare(phrase) in heard:
                    yield Finding(
                        place=ground.at("crisis", category.id, "not_triggers", code, at),
                        why=f"'{phrase}' is a trigger too, and would never be heard",
                        mend="keep it in one of the two lists",
                    )


def crisis_facts(ground: Ground) -> Iterator[Finding]:
    """A text for danger holds no amount and nothing that can be out of date or unknown."""
    for text in ground.texts:
        if text.response is None or not text.response.name.startswith(CRISIS):
            continue
        for found in PLACEHOLDER.finditer(text.words):
            if found[1].startswith(("fact_", "local_", "deadline_")):
                yield Finding(
                    place=text.at(found.start()),
                    why=f"{found[0]} in a text for danger can be unknown",
                    mend="say it without",
                )


def _bare(phrase: str) -> str:
    return normalise(_MARKS.sub("", phrase.strip()).replace("…", " … "))
