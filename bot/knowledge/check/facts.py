"""Rules about facts: each has a source, none is past its date, and what is not certain goes to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.content.model import DeadlineIs
from bot.content.render import PLACEHOLDER
from bot.knowledge.check.ground import Finding
from bot.knowledge.check.responses import CALENDAR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.knowledge.check.ground import Ground, Place

_SOURCE_MEND = "mend the spelling, or add the source to content/sources.yml"


def unknown_source(ground: Ground) -> Iterator[Finding]:
    """Everything we say is on somebody's word, and we say whose."""
    for place, source in _sources(ground):
        if source not in ground.read.sources:
            yield Finding(place=place, why=f"'{source}' is no source", mend=_SOURCE_MEND)


def fact_out_of_date(ground: Ground) -> Iterator[Finding]:
    """After its date an amount counts as unknown: the assistant stops saying it until somebody fills in the new one."""
    for name, fact in ground.read.facts.items():
        if fact.valid_until is not None and fact.valid_until < ground.today:
            yield Finding(
                place=ground.at("fact", name),
                why=f"'{name}' was valid until {fact.valid_until}",
                mend="fill in the new value, valid_until and checked_on",
                warning=True,
            )


def number_unseen(ground: Ground) -> Iterator[Finding]:
    """A telephone number that nobody saw at its source is not said to anyone."""
    for text in ground.texts:
        for found in PLACEHOLDER.finditer(text.words):
            number = ground.read.numbers.get(found[1].removeprefix("number_"))
            if found[1].startswith("number_") and number is not None and not number.number_seen_in_source:
                yield Finding(
                    place=text.at(found.start()),
                    why=f"nobody saw the number of {found[0]} at its source",
                    mend="call it, then set 'number_seen_in_source: true' and 'seen_at' in content/facts/numbers.yml",
                )


def deadline_anchor(ground: Ground) -> Iterator[Finding]:
    """A date is counted from a day that somebody can tell us."""
    for response in ground.read.responses.values():
        for at, variant in enumerate(response.variants):
            named = [
                *(name.removeprefix("deadline_") for name in PLACEHOLDER.findall(variant.text)),
                *(condition.deadline for condition in variant.conditions if isinstance(condition, DeadlineIs)),
            ]
            for name in dict.fromkeys(named):
                deadline = ground.content.deadlines.get(name)
                if deadline is not None and deadline.anchor not in {*ground.read.slots, *CALENDAR}:
                    yield Finding(
                        place=ground.at("response", response.name, at),
                        why=f"'{name}' is counted from '{deadline.anchor}', which is no slot",
                        mend="add that slot with 'kind: date' to nlu/domain/",
                    )


def gate(ground: Ground) -> Iterator[Finding]:
    """What nobody has checked at its source, or holds for uncertain, always leads to a person."""
    for name, question in ground.read.questions.items():
        unsure = "check_source_first" in question.publish_gate or question.confidence == "low"
        if unsure and question.needs_human == "never":
            yield Finding(
                place=ground.at("question", name, "needs_human"),
                why=f"'{name}' is not certain yet and never asks for a person",
                mend="write 'needs_human: rule: always' (or 'if', with when)",
            )


def local_names(ground: Ground) -> Iterator[Finding]:
    """Every municipality has the same facts, null when unknown, so that nothing is forgotten for one of them."""
    everywhere = {name for place in ground.read.municipalities.values() for name in place.facts}
    for place in ground.read.municipalities.values():
        for name in sorted(everywhere - set(place.facts)):
            yield Finding(
                place=ground.at("municipality", place.id),
                why=f"'{name}' stands in another municipality and not in this one",
                mend=f"add '{name}: {{value: null, source: null, checked_on: null}}'",
            )


def unknown_related(ground: Ground) -> Iterator[Finding]:
    """A reference to a question that is not there leads nowhere."""
    for name, question in ground.read.questions.items():
        for at, other in enumerate(question.related):
            if other not in ground.read.questions:
                yield Finding(
                    place=ground.at("question", name, "related", at),
                    why=f"'{other}' is no question",
                    mend="mend the spelling, or take it away",
                )


def _sources(ground: Ground) -> Iterator[tuple[Place, str]]:
    for name, question in ground.read.questions.items():
        for at, source in enumerate(question.sources):
            yield ground.at("question", name, "sources", at), source
    for name, source in ground.read.fact_sources.items():
        yield ground.at("fact", name, "source"), source
    for name, number in ground.read.numbers.items():
        yield ground.at("number", name, "source"), number.source
    for name in ground.read.terms:
        document, path = ground.read.places["term", name]
        row = document.data
        for part in path:
            row = row[part]
        for at, source in enumerate(row.get("sources") or ()):
            yield ground.at("term", name, "sources", at), source
