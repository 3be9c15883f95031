"""An offer in words, in the language of who reads it: what it is called, when and where it is, why it fits them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from bot.domain.clock import AMSTERDAM
from bot.domain.languages import SOURCE
from bot.domain.turn import Choice, Say
from bot.naming import listed, words
from bot.participation.finding import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.domain.turn import SlotValue
    from bot.participation.finding import Find
    from bot.say import Voice
    from bot.store.participation_rows import Offered, OfferRow, OfferText

# A list of a messenger shows no more of a name.
LONGEST_NAME = 24
# Characters of what an organisation wrote that stand in one message.
LONGEST_BODY = 500
MAP = "https://www.openstreetmap.org/search?query="
LINE, LINE_WAITING = "utter_offer_line", "utter_offer_line_waiting"
WHEN, WHERE, BY = "utter_offer_when", "utter_offer_where", "utter_offer_by"
COST, AGE = "utter_offer_cost", "utter_offer_age"
OTHER_LANGUAGE, BY_MACHINE = "utter_offer_other_language", "utter_offer_by_machine"
WHY = "utter_offer_why_"


def text_of(voice: Voice, offer: OfferRow) -> OfferText | None:
    """Return an offer's words in the first of the reader's languages that it has; None: the Dutch is what there is."""
    for language in voice.runtime.knowledge.content.languages.chain(voice.language, voice.second_language):
        if language == SOURCE:
            return None
        found = voice.work.offers.text_in(offer, language)
        if found is not None:
            return found
    return None


def title_of_offer(voice: Voice, offer: OfferRow) -> str:
    """Return what an offer is called."""
    found = text_of(voice, offer)
    return found.title if found else offer.title


def choice_of(voice: Voice, offered: Offered) -> Choice:
    """Return the button that tells all about an offer: its name, as much of it as fits."""
    title = title_of_offer(voice, offered.offer)
    name = title if len(title) <= LONGEST_NAME else f"{title[: LONGEST_NAME - 1].rstrip()}…"
    return Choice(payload=f"/offer {offered.id}", named=name)


def choices_of(voice: Voice, shown: Iterable[Offered]) -> tuple[Choice, ...]:
    """Return the buttons of a list of offers; of two that are called the same each says which it is."""
    named: dict[str | None, int] = {}
    found = []
    for one in (choice_of(voice, offered) for offered in shown):
        number = named[one.named] = named.get(one.named, 0) + 1
        mark = f" ({number})"
        name = one.named if number == 1 else f"{(one.named or '')[: LONGEST_NAME - len(mark)].rstrip()}{mark}"
        found.append(replace(one, named=name))
    return tuple(found)


def limits_of(voice: Voice, offer: OfferRow) -> Iterator[str]:
    """Yield in words for whom alone an offer is; whether that fits the reader nobody guesses."""
    if offer.women_only:
        yield words(voice, f"{WHY}{Reason.WOMEN_ONLY}")
    if offer.age_from is not None or offer.age_to is not None:
        yield words(voice, AGE, age_from=offer.age_from, age_to=offer.age_to)


def line_of_offer(voice: Voice, offered: Offered, found: Find | None = None) -> str:
    """Return a line of a list: the name, the day and the time, and the first reason why it fits."""
    reasons = list(_reasons(voice, found)) if found else []
    return words(voice, LINE, **_moment(offered), **_named(voice, offered), offer_why=reasons[0] if reasons else None)


def line_of_waiting(voice: Voice, offered: Offered) -> str:
    """Return a line of a list: an offer for which the reader is on the waiting list."""
    return words(voice, LINE_WAITING, **_moment(offered), **_named(voice, offered))


def say_all(voice: Voice, response: str, offered: Offered, found: Find | None, choices: tuple[Choice, ...]) -> Say:
    """Return all that is known of an offer, with what the organisation wrote of it."""
    text = text_of(voice, offered.offer)
    body = voice.runtime.renderer.beside(
        _shortened(text.body if text else offered.offer.body), text.language if text else SOURCE, voice.language
    )
    extra: dict[str, SlotValue] = {
        **_named(voice, offered),
        "offer_facts": listed(
            [*([body] if body else []), *_facts(voice, offered), *_more(voice, offered, found, text)]
        ),
        "is_full": offered.is_full,
    }
    return Say(response=response, extra=extra, choices=choices)


def say_of(voice: Voice, response: str, offered: Offered, choices: tuple[Choice, ...] = ()) -> Say:
    """Return what is said of an offer in short: its name, when and where it is."""
    extra: dict[str, SlotValue] = {
        **_named(voice, offered),
        **_moment(offered),
        "offer_facts": listed(_facts(voice, offered)),
    }
    return Say(response=response, extra=extra, choices=choices)


def map_of(voice: Voice, offer: OfferRow) -> str | None:
    """Return the address of a map with the place of an offer; no service is asked."""
    if not offer.place:
        return None
    known = voice.runtime.knowledge.content.municipalities.get(offer.municipality or "")
    town = known.name if known else offer.municipality
    place = offer.place if not town or town.casefold() in offer.place.casefold() else f"{offer.place}, {town}"
    return f"{MAP}{quote(place, safe='')}"


def _shortened(body: str) -> str:
    # Without empty lines: each line would be set apart where the reader's language runs the other way.
    whole = "\n".join(line.strip() for line in body.splitlines() if line.strip())
    return whole if len(whole) <= LONGEST_BODY else f"{whole[: LONGEST_BODY - 1].rstrip()}…"


def _named(voice: Voice, offered: Offered) -> dict[str, SlotValue]:
    return {"offer_title": title_of_offer(voice, offered.offer)}


def _moment(offered: Offered) -> dict[str, SlotValue]:
    if offered.occasion is None:
        return {}
    begins = offered.occasion.starts_at.astimezone(AMSTERDAM)
    return {"offer_day": begins.date(), "offer_time": f"{begins:%H:%M}"}


def _facts(voice: Voice, offered: Offered) -> Iterator[str]:
    if offered.occasion is not None:
        yield words(voice, WHEN, **_moment(offered))
    there = map_of(voice, offered.offer)
    if there is not None:
        yield words(voice, WHERE, offer_place=offered.offer.place, offer_map=there)
    if offered.occasion is None and there is None:
        yield words(voice, BY, organisation=offered.offer.organisation)


def _more(voice: Voice, offered: Offered, found: Find | None, text: OfferText | None) -> Iterator[str]:
    offer = offered.offer
    told = list(_reasons(voice, found)) if found else []
    yield from told
    # What decides whether somebody can come is said also where it speaks for nothing.
    reasons = found.reasons if found else ()
    for reason, so in (
        (Reason.WOMEN_ONLY, offer.women_only),
        (Reason.CHILDCARE, offer.childcare),
        (Reason.ACCESSIBLE, offer.accessible),
        (Reason.FREE, offer.cost_cents == 0),
    ):
        if so and reason not in reasons:
            yield words(voice, f"{WHY}{reason}")
    if offer.age_from is not None or offer.age_to is not None:
        yield words(voice, AGE, age_from=offer.age_from, age_to=offer.age_to)
    if offer.cost_cents:
        yield words(voice, COST, offer_cost=str(offer.cost_cents))
    if offered.occasion is not None or offer.place:
        yield words(voice, BY, organisation=offer.organisation)
    if (text.language if text else SOURCE) != voice.language:
        yield words(voice, OTHER_LANGUAGE)
    if text is not None and text.by == "machine":
        yield words(voice, BY_MACHINE)


def _reasons(voice: Voice, found: Find) -> Iterable[str]:
    for reason in found.reasons:
        if reason is Reason.LANGUAGE:
            yield words(voice, f"{WHY}{reason}", language_name=found.shared[0])
        else:
            yield words(voice, f"{WHY}{reason}")
