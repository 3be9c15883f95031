"""Rules about responses: everything in a text can be filled, fits both messengers, and leads somewhere."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from bot.content.model import DeadlineIs, SlotIs
from bot.content.render import PLACEHOLDER
from bot.flows.model import Collect
from bot.knowledge.check.flows import fits
from bot.knowledge.check.ground import ABOUT, Finding
from bot.knowledge.check.spoken import BROUGHT, PAGE
from bot.knowledge.check.walks import surely_known
from bot.knowledge.knowledge import CONTROLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.content.model import Response, Variant
    from bot.knowledge.check.ground import Ground
    from bot.knowledge.knowledge import Slot

MOST_LINES = 5
MOST_CHARACTERS = 600
LONGEST_TITLE = 20
LONGEST_TITLE_TRANSLATED = 24
# What stands on a messenger's own screen has the room that the messenger gives it.
SCREEN_CHARACTERS = {"utter_list_button": 20, "utter_button_used": 200, "utter_command_": 100}
# Deadlines that are counted from the calendar, not from what somebody told.
CALENDAR = frozenset({"year_end", "toeslag_year_end", "month_start"})
_SET_SLOTS = re.compile(r"^/SetSlots\(([a-z0-9_]+)=(.+)\)$")
_FIXED_PAYLOADS = frozenset(
    {
        *("skip", "stop", "help", "menu", "language", "delete", "tasks", "link", "reminders"),
        *("earlier_question", "new_question"),
    }
)


def unknown_placeholder(ground: Ground) -> Iterator[Finding]:
    """A placeholder that nothing fills leaves a hole, or makes the variant unspeakable."""
    local = {name for place in ground.read.municipalities.values() for name in place.facts}
    groups = {
        "fact": (set(ground.read.facts), "content/facts/"),
        "number": (set(ground.read.numbers), "content/facts/numbers.yml"),
        "local": (local, "content/facts/municipalities/"),
        "deadline": (set(ground.content.deadlines), "the 'deadlines:' of content/questions/"),
    }
    for text in ground.texts:
        given = ground.spoken.get(text.response.name, frozenset()) if text.response else frozenset()
        for found in PLACEHOLDER.finditer(text.words):
            head, _, rest = found[1].partition("_")
            if found[1] in ground.read.slots or found[1] in given or found[1] in BROUGHT | ABOUT:
                continue
            if head in groups and rest in groups[head][0]:
                continue
            mend = (
                f"mend the spelling, or add '{rest}' to {groups[head][1]}"
                if head in groups and rest
                else ("use a slot of nlu/domain/, or {fact_…}, {local_…}, {number_…}, {deadline_…}")
            )
            yield Finding(place=text.at(found.start()), why=f"nothing fills {found[0]}", mend=mend)


def torn(ground: Ground) -> Iterator[Finding]:
    """A brace or a star that has lost its other half, or stands where nothing is filled in, is read out as it is."""
    for text in ground.texts:
        for number, line in enumerate(text.words.split("\n")):
            why = torn_sign(line)
            if why:
                place = (text.document.name, text.document.text_line(number, *text.path))
                yield Finding(place=place, why=why, mend="write {name} and *word* whole, on one line")
    for text in ground.explanations:
        if re.search(r"[{}*]", text.words):
            yield Finding(place=text.at(), why="nothing is filled in here", mend="write it without { } and *")
    for response, at, variant in _variants(ground):
        for number, button in enumerate(variant.buttons):
            if re.search(r"[{}*]", button.title):
                yield Finding(
                    place=ground.at("response", response.name, at, "buttons", number),
                    why=f"nothing is filled in on a button: '{button.title}'",
                    mend="write it without { } and *",
                )


def torn_sign(line: str) -> str | None:
    """Return what is wrong with the braces and stars of a line, or None."""
    if re.search(r"[{}]", PLACEHOLDER.sub("", line)):
        return "a brace stands alone, or a name between braces is no placeholder"
    return "a star stands alone" if line.count("*") % 2 else None


def unknown_condition(ground: Ground) -> Iterator[Finding]:
    """A condition on something that is not there never holds."""
    for response, at, variant in _variants(ground):
        given = ground.spoken.get(response.name, frozenset()) | BROUGHT | ABOUT
        for number, condition in enumerate(variant.conditions):
            place = ground.at("response", response.name, at, "condition", number)
            match condition:
                case DeadlineIs(deadline=name) if name not in ground.content.deadlines:
                    why, mend = f"'{name}' is no deadline", "use a deadline's name of content/questions/"
                case SlotIs(slot=name) if name not in ground.read.slots and name not in given:
                    why, mend = f"'{name}' is no slot", "mend the spelling, or add it to 'slots:' in nlu/domain/"
                case SlotIs(slot=name, value=value) if not _can_be(ground.read.slots.get(name), value):
                    why = f"'{name}' can never be '{value}'"
                    mend = "use one of the slot's values in nlu/domain/ (true and false without quotes)"
                case _:
                    continue
            yield Finding(place=place, why=why, mend=mend)


def deadline_word(ground: Ground) -> Iterator[Finding]:
    """A deadline is `passed` or `coming`; another word would silently mean `coming`."""
    for name in ground.read.responses:
        document, path = ground.read.places["response", name]
        variants = document.data["responses"][name]
        for at, variant in enumerate(variants):
            for number, condition in enumerate(variant.get("condition") or ()):
                if condition["type"] == "deadline" and condition["value"] not in ("passed", "coming"):
                    yield Finding(
                        place=(document.name, document.line(*path, at, "condition", number, "value")),
                        why=f"a deadline is never '{condition['value']}'",
                        mend="write 'value: passed' or 'value: coming'",
                    )


def last_variant(ground: Ground) -> Iterator[Finding]:
    """The last variant can always be said: else somebody gets an error instead of an answer."""
    for response in ground.read.responses.values():
        if not response.variants:
            yield Finding(
                place=ground.at("response", response.name),
                why=f"'{response.name}' says nothing",
                mend="write at least one '- text: …'",
            )
            continue
        at, variant = len(response.variants) - 1, response.variants[-1]
        if variant.conditions:
            yield Finding(
                place=ground.at("response", response.name, at, "condition"),
                why="the last variant has a condition, so there may be nothing to say",
                mend="add a last variant without a condition",
            )
            continue
        known = _known_when_said(ground, response)
        for name in PLACEHOLDER.findall(variant.text):
            if _may_be_unknown(ground, name, known):
                yield Finding(
                    place=ground.at("response", response.name, at, "text"),
                    why=f"{{{name}}} can be unknown, and this is the last variant",
                    mend="add a last variant without it",
                )
                break


def variant_id_twice(ground: Ground) -> Iterator[Finding]:
    """Two variants with one id would share one translation."""
    for response in ground.read.responses.values():
        seen: set[str] = set()
        for at, variant in enumerate(response.variants):
            if variant.context in seen and variant.context != response.name:
                yield Finding(
                    place=ground.at("response", response.name, at),
                    why=f"two variants are called '{variant.context}'",
                    mend="give each variant an id of its own",
                )
            seen.add(variant.context)


def plural(ground: Ground) -> Iterator[Finding]:
    """A plural needs the number that decides it, in the text."""
    for response, at, variant in _variants(ground):
        place = ground.at("response", response.name, at, "plural_of" if variant.plural_of else "text_plural")
        if bool(variant.text_plural) is not bool(variant.plural_of):
            yield Finding(
                place=place,
                why="a plural needs both 'text_plural' and 'plural_of'",
                mend="add the one that is missing",
            )
        elif variant.text_plural and variant.plural_of not in PLACEHOLDER.findall(variant.text_plural):
            yield Finding(
                place=place,
                why=f"'plural_of: {variant.plural_of}' is no placeholder in the text",
                mend=f"write {{{variant.plural_of}}} in 'text_plural', or name another placeholder",
            )


def too_many_lines(ground: Ground) -> Iterator[Finding]:
    """Five lines are what somebody reads; the rest waits until they ask for more."""
    for text in ground.texts:
        lines = text.words.count("\n") + 1
        if lines > MOST_LINES:
            yield Finding(
                place=text.at(),
                why=f"the text has {lines} lines",
                mend=f"use at most {MOST_LINES}; the rest can stand in the '_more' text",
            )


def too_many_characters(ground: Ground) -> Iterator[Finding]:
    """A longer text does not fit on a telephone's screen, nor with its explanations in one WhatsApp message."""
    for text in ground.texts:
        most = most_characters(text.response.name if text.response else "")
        if len(text.words) > most:
            yield Finding(
                place=text.at(),
                why=f"the text has {len(text.words)} characters",
                mend=f"use at most {most}",
            )


def most_characters(response: str) -> int:
    """Return how long a text of this response may be."""
    return next((most for name, most in SCREEN_CHARACTERS.items() if response.startswith(name)), MOST_CHARACTERS)


def title_too_long(ground: Ground) -> Iterator[Finding]:
    """WhatsApp cuts a longer button off."""
    for response, at, variant in _variants(ground):
        for number, button in enumerate(variant.buttons):
            if len(button.title) > LONGEST_TITLE:
                yield Finding(
                    place=ground.at("response", response.name, at, "buttons", number),
                    why=f"the button '{button.title}' has {len(button.title)} characters",
                    mend=f"use at most {LONGEST_TITLE}",
                )


def button_twice(ground: Ground) -> Iterator[Finding]:
    """Two buttons with one title look the same, and WhatsApp refuses the message."""
    for response, at, variant in _variants(ground):
        for title, count in Counter(button.title for button in variant.buttons).items():
            if count > 1:
                yield Finding(
                    place=ground.at("response", response.name, at, "buttons"),
                    why=f"two buttons are called '{title}'",
                    mend="give each button another title",
                )


def payload_target(ground: Ground) -> Iterator[Finding]:
    """A button that means nothing to us is a dead end under somebody's thumb."""
    intents = ground.read.intents | set(CONTROLS)
    for response, at, variant in _variants(ground):
        for number, button in enumerate(variant.buttons):
            place = ground.at("response", response.name, at, "buttons", number, "payload")
            pressed = _SET_SLOTS.match(button.payload)
            if pressed:
                slot = ground.read.slots.get(pressed[1])
                if slot is None:
                    mend = "mend the spelling, or add it to 'slots:' in nlu/domain/"
                    yield Finding(place=place, why=f"'{pressed[1]}' is no slot", mend=mend)
                elif not _button_fits(slot, pressed[2]):
                    yield Finding(
                        place=place,
                        why=f"'{slot.name}' can never be '{pressed[2]}'",
                        mend=f"use one of: {', '.join(slot.values)}" if slot.values else f"its kind is {slot.kind}",
                    )
                continue
            name, _, argument = button.payload.removeprefix("/").partition(" ")
            if name not in intents | _FIXED_PAYLOADS or (argument and argument not in ground.read.languages.all):
                yield Finding(
                    place=place,
                    why=f"'{button.payload}' is no intent",
                    mend="use /SetSlots(slot=value), /skip, or / and an intent of nlu/domain/",
                )


def other_slot(ground: Ground) -> Iterator[Finding]:
    """A button under a question answers that question, not another one."""
    for name, uses in ground.uses.items():
        asked = {use.step.slot for use in uses if use.how == "collect" and isinstance(use.step, Collect)}
        response = ground.read.responses.get(name)
        if response is None or not asked & set(ground.read.slots):
            continue
        for at, variant in enumerate(response.variants):
            for number, button in enumerate(variant.buttons):
                pressed = _SET_SLOTS.match(button.payload)
                if pressed and pressed[1] in ground.read.slots and pressed[1] not in asked:
                    yield Finding(
                        place=ground.at("response", name, at, "buttons", number, "payload"),
                        why=f"this button fills '{pressed[1]}', but the question is for '{', '.join(sorted(asked))}'",
                        mend=f"write /SetSlots({min(asked)}=…)",
                    )


def _variants(ground: Ground) -> Iterator[tuple[Response, int, Variant]]:
    for response in ground.read.responses.values():
        for at, variant in enumerate(response.variants):
            yield response, at, variant


def _can_be(slot: Slot | None, value: object) -> bool:
    return slot is None or fits(slot, value)


def _button_fits(slot: Slot, value: str) -> bool:
    match slot.kind:
        case "yes_no":
            return value in ("true", "false")
        case "count":
            return value.isdecimal()
        case _:
            return fits(slot, value)


def _known_when_said(ground: Ground, response: Response) -> frozenset[str]:
    """Return the slots that are filled wherever the response is said."""
    given = ground.spoken.get(response.name)
    if given is not None or response.name.startswith(PAGE):
        return given or frozenset()
    uses = ground.uses.get(response.name, ())
    if not uses or any(use.how != "action" for use in uses) or response.name.endswith("_more"):
        return frozenset()
    found = [surely_known(use.flow).get(use.step.id, frozenset()) for use in uses]
    return frozenset.intersection(*found)


def _may_be_unknown(ground: Ground, name: str, known: frozenset[str]) -> bool:
    head, _, rest = name.partition("_")
    if name in known:
        return False
    if head == "fact" and rest in ground.read.facts:
        return ground.read.facts[rest].valid_until is not None
    if head == "number" and rest in ground.read.numbers:
        return False
    if head == "deadline" and rest in ground.content.deadlines:
        return ground.content.deadlines[rest].anchor not in known | CALENDAR
    return (head == "local") or name in ground.read.slots or name in BROUGHT
