"""Rules about translations: every complete language says the same, with the same numbers and official words."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from bot.content.model import TEMPLATE_LANGUAGES
from bot.content.render import PLACEHOLDER, STARRED
from bot.domain.languages import SOURCE
from bot.knowledge.check.ground import Finding
from bot.knowledge.check.numbers import numbers_in
from bot.knowledge.check.responses import LONGEST_TITLE_TRANSLATED, MOST_LINES, most_characters, torn_sign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.content.extraction import Phrase
    from bot.knowledge.check.entries import Entry
    from bot.knowledge.check.ground import Ground

_LATIN = re.compile(r"[A-Za-z]")
_TITLES = ("button", "flow")


def catalogue_line(ground: Ground) -> Iterator[Finding]:
    """A lost quote takes words, or a whole translation, with it."""
    for _, file, line in ground.torn_lines:
        yield Finding(
            place=(file, line),
            why="this is no line of a catalogue",
            mend="look at the quotes; Poedit writes them for you",
        )


def missing_translation(ground: Ground) -> Iterator[Finding]:
    """Somebody who reads only their own language gets all of it, or we do not say that we speak it."""
    for code, language in ground.read.languages.all.items():
        if not language.complete or code == SOURCE or code in ground.unreadable:
            continue
        entries = ground.entries.get(code, {})
        for phrase in ground.phrases:
            entry = entries.get((phrase.context, phrase.text))
            # WhatsApp takes no template in this language: its readers get the next one.
            if phrase.context.startswith("template_") and code not in TEMPLATE_LANGUAGES:
                continue
            if entry is None or not entry.filled:
                yield Finding(
                    place=ground.source(phrase),
                    why=f"'{phrase.context}' is not translated into '{code}': '{_short(phrase.text)}'",
                    mend=f"run `wegwijs extract` and fill it in content/locale/{code}/",
                )


def stale_translation(ground: Ground) -> Iterator[Finding]:
    """The Dutch was changed: the old translation may say something else now, and is not spoken."""
    for _, entry, _ in _pairs(ground, stale=True):
        yield Finding(
            place=(entry.file, entry.line),
            why=f"the Dutch of '{entry.context}' was changed after this translation",
            mend="mend the translation, then take 'fuzzy' away",
            warning=True,
        )


def leftover_translation(ground: Ground) -> Iterator[Finding]:
    """A translation of a sentence that nobody says any more."""
    wanted = {(phrase.context, phrase.text) for phrase in ground.phrases}
    for language, entries in ground.entries.items():
        for key, entry in entries.items():
            if key not in wanted and language not in ground.unreadable:
                yield Finding(
                    place=(entry.file, entry.line),
                    why=f"nothing says '{_short(entry.text)}' ({entry.context}) any more",
                    mend="run `wegwijs extract`",
                    warning=True,
                )


def placeholders_differ(ground: Ground) -> Iterator[Finding]:
    """A placeholder that was lost takes the date or the number with it; one too many can never be filled."""
    for phrase, entry, string in _pairs(ground):
        wanted = {*PLACEHOLDER.findall(phrase.text), *PLACEHOLDER.findall(phrase.plural or "")}
        given = set(PLACEHOLDER.findall(string))
        # A form for one or two may say the number in words: "one child".
        lost = set() if phrase.plural else wanted - given
        for name in sorted(lost | (given - wanted)):
            yield Finding(
                place=(entry.file, entry.line),
                why=f"{{{name}}} {'is lost' if name in wanted else 'does not stand in the Dutch'}",
                mend="keep the placeholders exactly as in the Dutch",
            )


def digits_differ(ground: Ground) -> Iterator[Finding]:
    """Another number is another rule."""
    for phrase, entry, string in _pairs(ground):
        wanted, given = Counter(numbers_in(phrase.text)), Counter(numbers_in(string))
        if phrase.plural:
            wanted |= Counter(numbers_in(phrase.plural))
            differ = bool(given - wanted)
        else:
            differ = given != wanted
        if differ:
            yield Finding(
                place=(entry.file, entry.line),
                why=f"the numbers are {_list(given)}, in the Dutch {_list(wanted)}",
                mend="write the same numbers, as digits",
            )


def stars_differ(ground: Ground) -> Iterator[Finding]:
    """The official Dutch word is what stands on the letter, in every language."""
    for phrase, entry, string in _pairs(ground):
        wanted, given = set(STARRED.findall(phrase.text)), set(STARRED.findall(string))
        lost = sorted(wanted - given)
        more = sorted(word for word in given - wanted if _LATIN.search(word))
        if lost or more:
            word = f"'*{lost[0]}*' is lost" if lost else f"'*{more[0]}*' does not stand in the Dutch"
            yield Finding(
                place=(entry.file, entry.line),
                why=word,
                mend="keep the words between stars exactly as in the Dutch",
            )


def torn_translation(ground: Ground) -> Iterator[Finding]:
    """A brace or a star that has lost its other half is read out as it is."""
    for phrase, entry, string in _pairs(ground):
        if phrase.context.startswith("template_"):
            continue  # its braces hold numbers, and have a rule of their own
        why = next((why for line in string.split("\n") if (why := torn_sign(line))), None)
        if why:
            yield Finding(place=(entry.file, entry.line), why=why, mend="write {name} and *word* whole, on one line")


def translation_too_long(ground: Ground) -> Iterator[Finding]:
    """A translation fits where the Dutch fits."""
    for phrase, entry, string in _pairs(ground):
        place = (entry.file, entry.line)
        if phrase.context in _TITLES:
            if len(string) > LONGEST_TITLE_TRANSLATED:
                yield Finding(
                    place=place,
                    why=f"'{string}' has {len(string)} characters",
                    mend=f"use at most {LONGEST_TITLE_TRANSLATED}",
                )
        elif phrase.context != "glossary":
            lines = string.count("\n") + 1
            most = most_characters(phrase.context)
            if lines > MOST_LINES or len(string) > most:
                yield Finding(
                    place=place,
                    why=f"the translation has {lines} lines and {len(string)} characters",
                    mend=f"use at most {MOST_LINES} lines and {most} characters",
                )


def titles_alike(ground: Ground) -> Iterator[Finding]:
    """Two buttons of one message that read the same in a language cannot be told apart there."""
    for response in ground.read.responses.values():
        for at, variant in enumerate(response.variants):
            for code, entries in ground.entries.items():
                titles: dict[str, str] = {}
                for button in variant.buttons:
                    entry = entries.get(("button", button.title))
                    if entry is None or not entry.filled or entry.stale:
                        continue
                    other = titles.setdefault(entry.strings[0].casefold(), button.title)
                    if other != button.title:
                        yield Finding(
                            place=ground.at("response", response.name, at, "buttons"),
                            why=f"'{other}' and '{button.title}' are both '{entry.strings[0]}' in '{code}'",
                            mend=f"translate them differently in {entry.file}",
                        )


def _pairs(ground: Ground, *, stale: bool = False) -> Iterator[tuple[Phrase, Entry, str]]:
    """Yield every filled translation form with what it translates; those of an older text when `stale`."""
    for entries in ground.entries.values():
        for phrase in ground.phrases:
            entry = entries.get((phrase.context, phrase.text))
            if entry is None or not entry.filled or entry.stale is not stale:
                continue
            for string in dict.fromkeys(entry.strings):
                yield phrase, entry, string
                if stale:
                    break


def _list(numbers: Counter[str]) -> str:
    return ", ".join(sorted(numbers.elements())) or "none"


def _short(text: str) -> str:
    line = text.split("\n", maxsplit=1)[0]
    return line if len(line) <= 50 and line == text else f"{line[:47]}…"  # noqa: PLR2004  # one line on a screen
