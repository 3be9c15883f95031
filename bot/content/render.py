"""
From a response's name to a message in the reader's language.

The first variant is spoken whose conditions hold and in which everything is known. Dates, amounts and numbers are
written as people write them in that language; Dutch words and numbers are isolated inside right-to-left text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, format_percent

from bot.content.dates import due_on, written_hours
from bot.content.model import ButtonText, DeadlineIs, SlotIs, TemplateText, Variant
from bot.domain.clock import local_day
from bot.domain.languages import SOURCE
from bot.domain.turn import Button, Choice, Media, Message, SlotValue
from bot.domain.words import MESSENGERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.content.catalogues import Catalogues
    from bot.content.model import Content, Fact, Question

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
STARRED = re.compile(r"\*([^*\n]+)\*")
# Letters and digits of Latin script only: an Arabic ending right behind a Dutch word stays with the Arabic. Words
# between stars come first, so that the end of one and the beginning of the next are never taken for a pair.
_WORD = r"[A-Za-z](?:[A-Za-z0-9_À-ɏ.'’-]*[A-Za-z0-9_À-ɏ])?"
# A command begins with its slash, which must stay before it: people type what they see.
_LATIN_RUN = re.compile(rf"\*[^*\n]+\*|https?://\S*[A-Za-z0-9_À-ɏ/]|(?:(?<!\S)/)?{_WORD}(?:[ /-]{_WORD})*")
_LATIN = re.compile(r"[A-Za-z]")
# Isolates and their end (Unicode TR9): what stands between keeps its own order inside a text that runs the other way.
LRI, RLI, PDI = "\u2066", "\u2067", "\u2069"
# Before an amount in Arabic: what follows it goes on from right to left, the currency behind the number.
RLM = "\u200f"
# French sets a space before these, and they never begin a line.
_FRENCH = re.compile(r"(?<=\S) (?=[?!:;»](?:\s|$))|(?<=«) ")
MOST_SOURCES = 2
# More explanations than this bury the answer; the others come the next time their word is said.
MOST_EXPLAINED = 2
SOURCE_READ = "utter_footer_source"
SOURCE_UNREAD = "utter_footer_source_unread"
OTHER_LANGUAGE = "utter_other_language"


class UnknownResponseError(KeyError):
    """No response has this name."""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who reads: the language on file, a second one, and the official words that were explained before."""

    language: str
    second: str | None = None
    explained: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A message, and the official words it explained for the first time."""

    message: Message
    explained: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a text can be filled with at this moment."""

    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    extra: Mapping[str, SlotValue] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Renderer:
    """Renders the responses of `content` with the translations of `catalogues`."""

    content: Content
    catalogues: Catalogues

    def render(
        self,
        response: str,
        reader: Reader,
        known: Known,
        *,
        now: datetime,
        choices: tuple[Choice, ...] = (),
    ) -> Rendered:
        """
        Return the message for `reader` at the aware moment `now`.

        Raises:
            UnknownResponseError: there is no such response, or none of its variants can be spoken.

        """
        today = local_day(now)
        variant = self._variant(response, known, today)
        language, text = self._translated(variant, reader, known, today)
        explained, explanations = self._explanations(variant, reader, language)
        parts = [self._filled(text, language, known, today)]
        parts += [self._isolated(line, language) for line in explanations]
        parts += self._footer(response, reader, language, known, today)
        note = self._language_note(reader, language)
        if note:
            parts.insert(0, note)
            explained |= {_language_mark(reader.language)}
        buttons = tuple(
            Button(title=self.title(button.title, language, reader.second), payload=button.payload)
            for button in variant.buttons
        )
        message = Message(
            response=response,
            text=_unbroken("\n".join(parts), language),
            buttons=(*self._chosen(choices, language, reader.second), *buttons),
            language=language,
            direction=self.content.languages.direction(language),
            media=self._media(variant, language, reader, known, today),
        )
        return Rendered(message=message, explained=frozenset(explained))

    def title(self, dutch: str, language: str, second: str | None = None) -> str:
        """Return a button's title in the first language of the chain that has it."""
        return self._first("button", dutch, language, second)

    def flow_name(self, flow: str, language: str, second: str | None = None) -> str:
        """Return a flow's name as people see it."""
        return self._first("flow", self.content.flow_names.get(flow, flow), language, second)

    def template(self, name: str, language: str) -> TemplateText | None:
        """Return a WhatsApp template in exactly this language; None when some of it is not translated."""
        found = self.content.templates.get(name)
        if found is None:
            return None
        text = self._exactly(found.context, found.text, language)
        titles = [self._exactly("button", button.title, language) for button in found.buttons]
        if text is None or None in titles:
            return None
        return TemplateText(
            name=name,
            language=language,
            category=found.category,
            text=self._isolated(text, language),
            examples=found.examples,
            buttons=tuple(
                ButtonText(title=title, payload=button.payload)
                for title, button in zip(titles, found.buttons, strict=True)
                if title
            ),
        )

    def _exactly(self, context: str, dutch: str, language: str) -> str | None:
        return dutch if language == SOURCE else self.catalogues.find(language, context, dutch)

    def written(self, response: str, language: str) -> tuple[str, ...] | None:
        """Return a response as it is written in exactly this language, every variant; None when one is missing."""
        texts = [self._exactly(one.context, one.text, language) for one in self.content.responses[response].variants]
        return tuple(text for text in texts if text) if all(texts) else None

    def words(self, response: str, language: str, second: str | None = None) -> str:
        """
        Return the plain words of a response that nothing is filled into, for a messenger's own screens.

        In the first language of the chain that has them.
        """
        variant = self.content.responses[response].variants[-1]
        return self._isolated(self._first(variant.context, variant.text, language, second), language)

    # ---- choosing

    def _variant(self, response: str, known: Known, today: date) -> Variant:
        found = self.content.responses.get(response)
        if found is None:
            raise UnknownResponseError(response)
        for variant in found.variants:
            if self._holds(variant, known, today) and self._all_known(variant, known, today):
                return variant
        raise UnknownResponseError(response)

    def _holds(self, variant: Variant, known: Known, today: date) -> bool:
        for condition in variant.conditions:
            match condition:
                case SlotIs(slot=slot, value=value):
                    if {**known.slots, **known.extra}.get(slot) != value:
                        return False
                case DeadlineIs(deadline=name, passed=passed):
                    day = due_on(self.content.deadlines[name], known.slots, today)
                    if day is None or (day < today) is not passed:
                        return False
        return True

    def _all_known(self, variant: Variant, known: Known, today: date) -> bool:
        # The singular may say "one" in words: then only the plural holds the number.
        names = PLACEHOLDER.findall(variant.text + (variant.text_plural or "") + (variant.alt or ""))
        return all(self._value(name, SOURCE, known, today) is not None for name in names)

    def _translated(self, variant: Variant, reader: Reader, known: Known, today: date) -> tuple[str, str]:
        for language in self.content.languages.chain(reader.language, reader.second):
            if language == SOURCE:
                return language, self._dutch(variant, known, today)
            if variant.text_plural and variant.plural_of:
                count = self._count(variant.plural_of, known)
                text = self.catalogues.find_plural(language, variant.context, variant.text, variant.text_plural, count)
            else:
                text = self.catalogues.find(language, variant.context, variant.text)
            if text:
                return language, text
        return SOURCE, self._dutch(variant, known, today)

    def _dutch(self, variant: Variant, known: Known, _today: date) -> str:
        if variant.text_plural and variant.plural_of and self._count(variant.plural_of, known) != 1:
            return variant.text_plural
        return variant.text

    def _count(self, name: str, known: Known) -> int:
        fact = self.content.facts.get(name.removeprefix("fact_")) if name.startswith("fact_") else None
        value = fact.value if fact else {**known.slots, **known.extra}.get(name)
        return int(value) if isinstance(value, (int, Decimal)) else 0

    def _first(self, context: str, dutch: str, language: str, second: str | None = None) -> str:
        for code in self.content.languages.chain(language, second):
            if code == SOURCE:
                return dutch
            found = self.catalogues.find(code, context, dutch)
            if found:
                return found
        return dutch

    def _chosen(self, choices: tuple[Choice, ...], language: str, second: str | None) -> tuple[Button, ...]:
        buttons = []
        for choice in choices:
            if choice.flow is not None:
                title = self.flow_name(choice.flow, language, second)
            elif choice.language is not None:
                title = self.content.languages.all[choice.language].name
            elif choice.messenger is not None:
                title = self.words(MESSENGERS[choice.messenger], language, second)
            elif choice.response is not None:
                title = self.words(choice.response, language, second)
            elif choice.named is not None:
                title = choice.named
            else:
                title = self.title(choice.title or choice.payload, language, second)
            buttons.append(Button(title=title, payload=choice.payload))
        return tuple(buttons)

    def _media(self, variant: Variant, language: str, reader: Reader, known: Known, today: date) -> tuple[Media, ...]:
        if not variant.media or variant.alt is None:
            return ()
        alt = self._first(variant.alt_context, variant.alt, language, reader.second)
        filled = self._filled(alt, language, known, today).replace("*", "")  # read aloud, never shown in bold
        return tuple(Media(path=path, alt=filled) for path in variant.media)

    # ---- filling

    def _filled(self, text: str, language: str, known: Known, today: date) -> str:
        isolated = self._isolated(text, language)

        def fill(found: re.Match[str]) -> str:
            value = self._value(found[1], language, known, today)
            return self._kept_apart(value, language) if value is not None else ""

        return PLACEHOLDER.sub(fill, isolated)

    def _isolated(self, text: str, language: str) -> str:
        """Isolate runs of Latin letters in right-to-left text, placeholders left alone."""
        if self.content.languages.direction(language) == "ltr":
            return text

        def isolate(run: re.Match[str]) -> str:
            return f"{LRI}{run[0]}{PDI}" if _LATIN.search(run[0]) else run[0]

        pieces = re.split(r"(\{[a-z][a-z0-9_]*\})", text)
        return "".join(piece if PLACEHOLDER.fullmatch(piece) else _LATIN_RUN.sub(isolate, piece) for piece in pieces)

    def beside(self, text: str, code: str, language: str) -> str:
        """Return lines in the language `code` for a message in `language`: those that run the other way isolated."""
        direction = self.content.languages.direction(code)
        if direction == self.content.languages.direction(language):
            return text
        return _apart(text, RLI if direction == "rtl" else LRI)

    def _kept_apart(self, value: str, language: str) -> str:
        if self.content.languages.direction(language) == "ltr" or not re.search(r"[A-Za-z0-9]", value):
            return value
        if re.search(r"[\u0590-\u08ff]", value):
            return self._isolated(value, language)  # a date or a list in Arabic words goes with the text around it
        return _apart(value, RLI if value.startswith(RLM) else LRI)

    def figure(self, name: str, language: str, today: date) -> str | None:
        """Return what a placeholder says to everybody on that day, such as an amount; None when it says nothing."""
        return self._value(name, language, Known(), today)

    def _value(self, name: str, language: str, known: Known, today: date) -> str | None:
        """Return the placeholder's value as it is written in `language`; None when it is not known today."""
        head, _, rest = name.partition("_")
        match head:
            case "fact" if rest in self.content.facts:
                return _written_fact(self.content.facts[rest], language, today)
            case "number" if rest in self.content.numbers:
                return self.content.numbers[rest]
            case "local":
                place = self.content.municipalities.get(str(known.slots.get("municipality")))
                return place.facts.get(rest) if place else None
            case "deadline" if rest in self.content.deadlines:
                day = due_on(self.content.deadlines[rest], known.slots, today)
                return written_date(day, language) if day else None
            case _:
                return self._slot_value(name, language, known)

    def _slot_value(self, name: str, language: str, known: Known) -> str | None:
        value = {**known.slots, **known.extra}.get(name)
        match value:
            case None | bool():
                return None
            case str():
                return self._named(name, value, language)
            case date():
                return written_date(value, language)
            case int() | Decimal():
                return str(format_decimal(value, locale=language))

    def _named(self, name: str, value: str, language: str) -> str:
        """Return what people call it, where `value` is our own name of a thing."""
        match name:
            case "municipality" if value in self.content.municipalities:
                return self.content.municipalities[value].name
            case "flow_name":
                return self.flow_name(value, language)
            case "messenger" if value in MESSENGERS:
                return self.words(MESSENGERS[value], language)
            case "team_hours":
                return written_hours(value, language)
            case "offer_cost" if value.isdecimal():
                return _written_euro(Decimal(value) / 100, language)
            case "language_name" if value in self.content.languages.all:
                return self.content.languages.all[value].name
            case _:
                return value

    # ---- below the text

    def _explanations(self, variant: Variant, reader: Reader, language: str) -> tuple[set[str], list[str]]:
        explained: set[str] = set()
        lines: list[str] = []
        for name in variant.terms:
            term = self.content.terms.get(name)
            if term is None or name in reader.explained or len(lines) == MOST_EXPLAINED:
                continue
            text = (
                term.explanation if language == SOURCE else self.catalogues.find(language, "glossary", term.explanation)
            )
            if text:
                explained.add(name)
                lines.append(f"*{term.term}* = {text}")
        return explained, lines

    def _footer(self, response: str, reader: Reader, language: str, known: Known, today: date) -> list[str]:
        """Return the lines below an answer: on whose word, checked when, and what may be different."""
        question = self.content.questions.get(response.removeprefix("utter_").removesuffix("_more"))
        if question is None or not question.sources:
            return []
        below = Reader(language=language, second=reader.second)
        return [self._line(name, below, extra, known, today) for name, extra in self._footers(question, language)]

    def _footers(self, question: Question, language: str) -> list[tuple[str, dict[str, SlotValue]]]:
        named = [self.content.sources[source] for source in question.sources]
        read = [source for source in named if source.read]
        organisations = list(dict.fromkeys(_short(source.organisation) for source in read or named))[:MOST_SOURCES]
        said = format_list(organisations, style="standard", locale=language)
        footers: list[tuple[str, dict[str, SlotValue]]] = [
            (SOURCE_READ if read else SOURCE_UNREAD, {"sources": said, "checked_on": question.checked_on})
        ]
        if question.publish_gate & {"check_law_status", "check_source_first"} or question.confidence == "low":
            footers.append(("utter_footer_may_have_changed", {}))
        elif "check_amounts_each_year" in question.publish_gate:
            footers.append(("utter_footer_amounts", {}))
        if "fill_local_config" in question.publish_gate:
            footers.append(("utter_footer_local", {}))
        return footers

    def _line(self, name: str, reader: Reader, extra: dict[str, SlotValue], known: Known, today: date) -> str:
        filled = Known(slots=known.slots, extra=extra)
        language, text = self._translated(self._variant(name, filled, today), reader, filled, today)
        return self.beside(self._filled(text, language, filled, today), language, reader.language)

    def _language_note(self, reader: Reader, language: str) -> str | None:
        """Tell the reader once, in their own language when we can, that this is not their language."""
        if language in (reader.language, reader.second) or _language_mark(reader.language) in reader.explained:
            return None
        note = self.content.responses.get(OTHER_LANGUAGE)
        if note is None:
            return None
        variant = note.variants[0]
        for code in self.content.languages.chain(reader.language, reader.second):
            text = variant.text if code == SOURCE else self.catalogues.find(code, variant.context, variant.text)
            if text:
                return self.beside(self._isolated(text, code), code, language)
        return None


def _apart(text: str, opening: str) -> str:
    """Return each line of the text in an isolate of its own: the end of a line ends every isolate."""
    return "\n".join(f"{opening}{line}{PDI}" for line in text.split("\n"))


def _unbroken(text: str, language: str) -> str:
    """Return the text with a space that does not break where the language wants no new line."""
    return _FRENCH.sub("\u00a0", text) if language == "fr" else text


def _language_mark(language: str) -> str:
    return f"language:{language}"


def _short(organisation: str) -> str:
    """Return the organisation's own name: what stands before a remark in brackets or a second one."""
    return re.split(r"\s*[(;,]| via | / ", organisation)[0].strip()


def written_date(day: date, language: str) -> str:
    """Return a day as people write it in full: vrijdag 4 december 2026."""
    return str(format_date(day, format="full", locale=language))


def _written_fact(fact: Fact, language: str, today: date) -> str | None:
    if fact.valid_until is not None and today > fact.valid_until:
        return None
    if not isinstance(fact.value, Decimal):
        return fact.value
    match fact.unit:
        case "euro":
            return _written_euro(fact.value, language)
        case "percent":
            # Left unrounded: 12.5 percent must not become 12.
            return str(format_percent(fact.value / 100, locale=language, decimal_quantization=False))
        case "plain":
            return str(format_decimal(fact.value, locale=language, decimal_quantization=False))


def _written_euro(amount: Decimal, language: str) -> str:
    pattern = str(Locale.parse(language).currency_formats["standard"].pattern)
    whole = amount == amount.to_integral_value()
    return str(
        format_currency(
            amount,
            "EUR",
            locale=language,
            format=pattern.replace(".00", "") if whole else pattern,
            currency_digits=False,
        )
    )
