"""Rules about WhatsApp's templates: what Meta refuses is found here, not after two days of waiting."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.knowledge.check.ground import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.content.model import WhatsappTemplate
    from bot.knowledge.check.entries import Entry
    from bot.knowledge.check.ground import Ground

LONGEST = 1024
LONGEST_TITLE = 20
# What a button may ask for besides an intent.
COMMANDS = frozenset({"open", "menu", "stop", "tasks", "help", "signed_up", "offers", "how_was_it", "week_off"})
_VARIABLE = re.compile(r"\{(\d+)\}")
_AT_AN_END = re.compile(r"^\W*\{\d+\}|\{\d+\}\W*$")
_SIDE_BY_SIDE = re.compile(r"\}\s*\{")


def template_variables(ground: Ground) -> Iterator[Finding]:
    """WhatsApp wants variables counted from 1, each with an example, and words of ours before, between and after."""
    for template in ground.read.templates.values():
        why = _wrong(template.text) or _without_example(template)
        if why:
            yield Finding(
                place=ground.at("template", template.name, "text"),
                why=why,
                mend="write {1}, {2} … inside the text, and an 'example:' for each",
            )


def template_too_long(ground: Ground) -> Iterator[Finding]:
    """A template that is too long with its examples filled in is refused."""
    for template in ground.read.templates.values():
        found = len(_filled(template.text, template.examples))
        if found > LONGEST:
            yield Finding(
                place=ground.at("template", template.name, "text"),
                why=f"with its examples the template has {found} characters",
                mend=f"use at most {LONGEST}",
            )


def template_buttons(ground: Ground) -> Iterator[Finding]:
    """A template's buttons are few, short, unlike each other, and lead somewhere."""
    known = ground.read.intents | COMMANDS
    for template in ground.read.templates.values():
        titles: set[str] = set()
        for at, button in enumerate(template.buttons):
            target = re.match(r"/([a-z0-9_]+)", button.payload)
            if len(button.title) > LONGEST_TITLE:
                why, mend = f"the button '{button.title}' is too long", f"use at most {LONGEST_TITLE} characters"
            elif button.title in titles:
                why, mend = f"two buttons are called '{button.title}'", "give each button another title"
            elif target is None or target[1] not in known:
                why, mend = f"'{button.payload}' leads nowhere", "use / and an intent of nlu/domain/, or /menu"
            else:
                titles.add(button.title)
                continue
            yield Finding(place=ground.at("template", template.name, "buttons", at), why=why, mend=mend)


def template_differs(ground: Ground) -> Iterator[Finding]:
    """A translated template has the same variables, and keeps to WhatsApp's rules too."""
    for template in ground.read.templates.values():
        for entries in ground.entries.values():
            entry = entries.get((template.context, template.text))
            if entry is not None and entry.filled and not entry.stale:
                yield from _translation(template, entry)
            for button in template.buttons:
                title = entries.get(("button", button.title))
                if title is not None and title.filled and len(title.strings[0]) > LONGEST_TITLE:
                    yield Finding(
                        place=(title.file, title.line),
                        why=f"'{title.strings[0]}' is too long for a button of a template",
                        mend=f"use at most {LONGEST_TITLE} characters",
                    )


def _translation(template: WhatsappTemplate, entry: Entry) -> Iterator[Finding]:
    string = entry.strings[0]
    wanted, given = set(_VARIABLE.findall(template.text)), set(_VARIABLE.findall(string))
    if wanted != given:
        numbers = ", ".join(f"{{{number}}}" for number in sorted(wanted ^ given))
        why = f"{numbers} {'is lost' if wanted - given else 'does not stand in the Dutch'}"
    elif len(_filled(string, template.examples)) > LONGEST:
        why = f"with its examples it has more than {LONGEST} characters"
    else:
        why = _wrong(string) or ""
    if why:
        yield Finding(
            place=(entry.file, entry.line), why=why, mend="keep {1}, {2} …, with words before, between and after them"
        )


def _wrong(text: str) -> str | None:
    """Return why WhatsApp would refuse the variables of this text, or None."""
    numbers = sorted({int(number) for number in _VARIABLE.findall(text)})
    if re.search(r"[{}]", _VARIABLE.sub("", text)):
        return "a brace stands alone, or holds no number"
    if numbers != list(range(1, len(numbers) + 1)):
        return "the variables do not count from 1 without gaps"
    if _AT_AN_END.search(text):
        return "a variable stands first or last"
    return "two variables stand side by side" if _SIDE_BY_SIDE.search(text) else None


def _without_example(template: WhatsappTemplate) -> str | None:
    wanted, given = len(set(_VARIABLE.findall(template.text))), len(template.examples)
    return f"there are {wanted} variables and {given} examples" if wanted != given else None


def _filled(text: str, examples: tuple[str, ...]) -> str:
    return _VARIABLE.sub(lambda found: dict(enumerate(examples, start=1)).get(int(found[1]), found[0]), text)
