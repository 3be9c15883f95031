"""What is offered that suits somebody: by what they told, best first; and whether it serves a task of theirs."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bot.domain.clock import local_day
from bot.domain.languages import SOURCE
from bot.domain.turn import Choice
from bot.participation.finding import Chance, Find, Wishes, find

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from bot.say import Voice
    from bot.store.participation_rows import Offered, SignUpRow

# What is offered is shown so far ahead.
AHEAD = timedelta(weeks=6)
LONGEST_AGE = 120
# Which kinds of offers answer which question.
KINDS: Mapping[str, tuple[str, ...]] = {"activity": ("activity", "goods", "buddy"), "volunteer": ("volunteer",)}
ANY_KIND = ("activity", "volunteer", "goods", "buddy")
# The button below a task to what is offered for it.
WAY = "utter_offer_button_way"


def found_for(
    voice: Voice, newcomer_id: str, kinds: Iterable[str], ahead: timedelta = AHEAD, *, task: str | None = None
) -> list[tuple[Offered, Find]]:
    """
    Return what fits somebody of these kinds, best first, without what they take part in already.

    With `task` only what serves that task.
    """
    now = voice.now
    upcoming = voice.work.offers.upcoming(tuple(kinds), now=now, until=now + ahead, today=local_day(now))
    mine = {one.occasion.offer_id for one, _ in coming_of(voice, newcomer_id) if one.occasion}
    by_id = {one.id: one for one in upcoming if one.offer.id not in mine and (task is None or task in one.offer.tasks)}
    chances = [chance_of(one) for one in by_id.values()]
    return [
        (by_id[one.chance.occasion_id or one.chance.offer_id], one)
        for one in find(wishes_of(voice, newcomer_id), chances, now)
    ]


def chance_of(offered: Offered) -> Chance:
    """Return an offer as finding sees it."""
    offer, occasion = offered.offer, offered.occasion
    return Chance(
        offer_id=offer.id,
        occasion_id=occasion.id if occasion else None,
        starts_at=occasion.starts_at if occasion else None,
        sort=offer.sort,
        area=offer.area,
        municipality=offer.municipality,
        languages=frozenset(offer.languages),
        age_from=offer.age_from,
        age_to=offer.age_to,
        women_only=offer.women_only,
        childcare=offer.childcare,
        accessible=offer.accessible,
        cost_cents=offer.cost_cents,
        full=offered.is_full,
    )


def wishes_of(voice: Voice, newcomer_id: str) -> Wishes:
    """Return what is known of somebody's wishes: what they told for it, and where they live as they told before."""
    told = told_of(voice, newcomer_id)
    slots = voice.dialogue.slots
    age, place = slots.get("age"), slots.get("municipality")
    return Wishes(
        interests=frozenset(told.get("interests") or ()),
        area=told.get("area"),
        municipality=place if isinstance(place, str) and _is_place(voice, place) else None,
        times=frozenset(told.get("times") or ()),
        # Who did not say which language they want to speak there is glad of their own; that Dutch is spoken is no news.
        languages=frozenset(told.get("languages") or {voice.language} - {SOURCE}),
        limits=frozenset(told.get("limits") or ()),
        age=int(age) if isinstance(age, int | Decimal) and not isinstance(age, bool) and age <= LONGEST_AGE else None,
    )


def _is_place(voice: Voice, place: str) -> bool:
    return place in voice.runtime.knowledge.content.municipalities


def told_of(voice: Voice, newcomer_id: str) -> Mapping[str, Any]:
    """Return what somebody told of their wishes."""
    profile = voice.work.profiles.get(newcomer_id)
    return profile.told if profile else {}


def is_coming(offered: Offered, now: datetime) -> bool:
    """Return whether an occasion is still to be."""
    occasion = offered.occasion
    is_on = (
        occasion is not None and occasion.state == "planned" and offered.offer.state not in {"cancelled", "declined"}
    )
    return is_on and occasion is not None and occasion.starts_at > now


def coming_of(voice: Voice, newcomer_id: str) -> list[tuple[Offered, SignUpRow]]:
    """Return for what somebody signed up that is still to be, the soonest first."""
    rows = [row for row in voice.work.sign_ups.of(newcomer_id) if row.state != "cancelled"]
    found = [(voice.work.offers.at(row.occasion_id), row) for row in rows]
    return [(one, row) for one, row in found if one is not None and is_coming(one, voice.now)]


# ---- tasks that it serves


def ways_for(voice: Voice, newcomer_id: str, tasks: Iterable[str]) -> tuple[Choice, ...]:
    """Return the button to what is offered for the first of these tasks that something serves; else no button."""
    served = voice.work.offers.tasks_served(local_day(voice.now))
    # At most times nothing is published for a task: then nothing more is read.
    for task in dict.fromkeys(tasks):
        if task in served and found_for(voice, newcomer_id, ANY_KIND, task=task):
            return (Choice(payload=f"/offers task {task}", response=WAY),)
    return ()
