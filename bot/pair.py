"""
A coordinator has suggestions made of who fits whom, and decides on each before anybody hears of it.

Each of these is one unit of work. What was declined changed nothing and says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.answer import as_actor
from bot.ask_after import ask_both, held_until, seekings_of
from bot.domain.clock import local_day
from bot.domain.languages import SOURCE
from bot.handoff.case import Role
from bot.participation.finding import INTERESTS
from bot.participation.fit import Place, Wish
from bot.store.participation_rows import MatchRow
from bot.suit import AHEAD, wishes_of
from bot.team import voice_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from bot.runtime import Runtime
    from bot.say import Voice
    from bot.store.participation_rows import OfferRow, SeekingRow
    from bot.store.work import Work

# Where two meet they choose themselves: a place that suits a child, or a wheelchair, is up to them.
UP_TO_THEM = frozenset({"childcare", "accessible"})
WOMEN_ONLY = "women_only"
SHOWN = ("suggested", "approved", "agreed")


class Refusal(StrEnum):
    """Why nothing changed; the console has a sentence for each."""

    NOT_YOUR_ROLE = "not_your_role"
    NO_MATCH = "no_match"  # unknown, or gone: one of them is erased, or new suggestions took its place
    OVER = "over"  # it was declined, or ended
    TAKEN = "taken"  # one of them looks for nobody any more, or is asked about somebody else
    OUT_OF_REACH = "out_of_reach"  # one of them wants no messages now
    NOT_NOW = "not_now"  # it is night, a day of rest, or they heard enough: asked again later


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A match as a coordinator sees it: nobody's name. `offer` is the volunteer work, None for two people."""

    row: MatchRow
    waits_since: datetime
    offer: OfferRow | None = None


@dataclass(frozen=True, kw_only=True)
class Overview:
    """All that goes on, and how many look for somebody now, by kind."""

    suggested: tuple[Listed, ...]
    approved: tuple[Listed, ...]
    agreed: tuple[Listed, ...]
    waiting: Mapping[str, int]


# ---- suggestions


def suggest(runtime: Runtime, who: str) -> int | Refusal:
    """Make new suggestions of all who look now, in place of those that nobody approved yet; return how many."""

    def think(work: Work) -> list[MatchRow] | None:
        return [*_buddies(runtime, work), *_posts(runtime, work)] if _may(work, who) else None

    # To think of thousands takes seconds, in which everybody who writes would wait.
    found = runtime.database.read(think)
    if found is None:
        return Refusal.NOT_YOUR_ROLE

    def keep(work: Work) -> int:
        work.matches.alone()
        return work.matches.suggest_anew(found)

    return runtime.database.write(keep)


def _buddies(runtime: Runtime, work: Work) -> list[MatchRow]:
    seekers, buddies = (_with_voices(runtime, work, kind) for kind in ("buddy", "be_buddy"))
    places = [_place_of(voice, row) for row, voice in buddies]
    # Who wants only women around says so for both sides.
    shut = frozenset(place.id for place in places if WOMEN_ONLY in place.limits)
    wishes = []
    for row, voice in seekers:
        own = frozenset(one.id for one, _ in buddies if one.newcomer_id == row.newcomer_id)
        wish = _wish_of(voice, row, own)
        wishes.append(wish if WOMEN_ONLY in wish.limits else _wish_of(voice, row, own | shut))
    return _suggested(
        work,
        "buddy",
        wishes,
        places,
        {row.id: row for row, _ in seekers},
        {row.id: row for row, _ in buddies},
        runtime.clock.now(),
    )


def _posts(runtime: Runtime, work: Work) -> list[MatchRow]:
    now = runtime.clock.now()
    seekers = _with_voices(runtime, work, "volunteer")
    upcoming = work.offers.upcoming(("volunteer",), now=now, until=now + AHEAD, today=local_day(now))
    open_offers = {one.offer.id: one.offer for one in upcoming}.values()
    taken = work.matches.running_by_offer()
    places = [_post_of(offer, len(seekers), taken.get(offer.id, 0)) for offer in open_offers]
    wishes = [_wish_of(voice, row, frozenset()) for row, voice in seekers]
    return _suggested(work, "volunteer", wishes, places, {row.id: row for row, _ in seekers}, {}, now)


def _suggested(  # noqa: PLR0913, PLR0917  # both sides, as fitting sees them and as they are stored
    work: Work,
    kind: str,
    wishes: Iterable[Wish],
    places: Iterable[Place],
    seekers: Mapping[str, SeekingRow],
    buddies: Mapping[str, SeekingRow],
    now: datetime,
) -> list[MatchRow]:
    from bot.participation.assign import assign  # noqa: PLC0415  # its solver is slow to load

    spots = list(places)
    before = work.matches.declined()
    # Two of whom either said no are not put together the other way round either.
    declined = [
        (wish_id, spot.id)
        for wish_id, row in seekers.items()
        for spot in spots
        if not before.isdisjoint(_both_ways(row.newcomer_id, buddies[spot.id].newcomer_id if buddies else spot.id))
    ]
    return [
        MatchRow(
            id="",
            kind=kind,
            seeking_id=one.wish,
            newcomer_id=seekers[one.wish].newcomer_id,
            state="suggested",
            suggested_at=now,
            reasons=tuple((reason.value, value) for reason, value in one.fit.reasons),
            other_seeking_id=one.place if buddies else None,
            other_newcomer_id=buddies[one.place].newcomer_id if buddies else None,
            offer_id=None if buddies else one.place,
        )
        for one in assign(wishes, spots, declined).suggestions
    ]


def _both_ways(one: str, other: str) -> set[tuple[str, str]]:
    return {(one, other), (other, one)}


def _with_voices(runtime: Runtime, work: Work, kind: str) -> list[tuple[SeekingRow, Voice]]:
    """Return who looks and can be asked."""
    found = ((row, _voice(runtime, work, row.newcomer_id)) for row in work.seekings.waiting((kind,)))
    return [(row, voice) for row, voice in found if voice is not None]


def _wish_of(voice: Voice, row: SeekingRow, never: frozenset[str]) -> Wish:
    told = wishes_of(voice, row.newcomer_id)
    return Wish(
        id=row.id,
        languages=_spoken(voice, row.newcomer_id),
        interests=told.interests,
        area=told.area,
        municipality=told.municipality,
        times=told.times,
        limits=told.limits,
        age=told.age,
        never=never,
    )


def _place_of(voice: Voice, row: SeekingRow) -> Place:
    told = wishes_of(voice, row.newcomer_id)
    return Place(
        id=row.id,
        languages=_spoken(voice, row.newcomer_id),
        interests=told.interests,
        area=told.area,
        municipality=told.municipality,
        times=told.times,
        limits=told.limits | UP_TO_THEM,
    )


def _spoken(voice: Voice, newcomer_id: str) -> frozenset[str]:
    profile = voice.work.profiles.get(newcomer_id)
    # Who said nothing speaks their own language, and learns Dutch: to practise it is what many look for.
    return frozenset((profile.told.get("languages") if profile else None) or (voice.language, SOURCE))


def _post_of(offer: OfferRow, seekers: int, taken: int) -> Place:
    has = {"women_only": offer.women_only, "childcare": offer.childcare, "accessible": offer.accessible}
    return Place(
        id=offer.id,
        languages=frozenset(offer.languages or (SOURCE,)),
        interests=frozenset(name for name, sorts in INTERESTS.items() if offer.sort in sorts),
        area=offer.area,
        municipality=offer.municipality,
        limits=frozenset(name for name, so in has.items() if so),
        age_from=offer.age_from,
        age_to=offer.age_to,
        capacity=max(0, seekers if offer.capacity is None else offer.capacity - taken),
    )


# ---- decided


def approve(runtime: Runtime, who: str, match_id: str) -> MatchRow | Refusal:
    """
    Have both be asked, with the reasons and no name; of one that is approved, those who did not answer yet.

    When it is no moment to ask they are asked at the next one (bot/ask_after.py); asking again is declined then.
    """

    def decide(work: Work, match: MatchRow, now: datetime) -> Refusal | None:
        # Who said no is not asked again, nor the other in vain: it is over as soon as both are told.
        if match.state not in {"suggested", "approved"} or "no" in {match.newcomer_says, match.other_says}:
            return Refusal.OVER
        offer = work.offers.get(match.offer_id) if match.offer_id else None
        is_off = match.offer_id is not None and (offer is None or offer.state != "published")
        stands = "open" if match.state == "suggested" else "matched"
        if is_off or work.seekings.states(seekings_of(match)) != {stands}:
            return Refusal.TAKEN
        voices = {one: _voice(runtime, work, one) for one in match.people if not match.is_complete(one)}
        if None in voices.values():
            return Refusal.OUT_OF_REACH
        if match.state == "approved" and held_until(work, voices, now) is not None:
            return Refusal.NOT_NOW
        work.matches.change(match.id, state="approved", approved_by=who)
        work.seekings.set_state(seekings_of(match), "matched")
        if match.offer_id is not None:
            # Where the organisation did not answer itself, who approves answers for it.
            work.matches.change(match.id, other_says="yes")
        ask_both(runtime, work, match, now)
        return None

    return _decided(runtime, who, match_id, decide)


def refuse(runtime: Runtime, who: str, match_id: str) -> MatchRow | Refusal:
    """Have it not be, or go on no longer; who was asked hears it. The two are not suggested again."""

    def decide(work: Work, match: MatchRow, now: datetime) -> Refusal | None:
        if match.state not in SHOWN:
            return Refusal.OVER
        state = "ended" if match.state == "agreed" else "refused"
        tells = None if match.state == "suggested" else now
        work.matches.change(match.id, state=state, ended_at=now, ended_by=who, check_at=tells)
        return None

    return _decided(runtime, who, match_id, decide)


def _decided(
    runtime: Runtime, who: str, match_id: str, decide: Callable[[Work, MatchRow, datetime], Refusal | None]
) -> MatchRow | Refusal:
    def attempt(work: Work) -> MatchRow | Refusal:
        if not _may(work, who):
            return Refusal.NOT_YOUR_ROLE
        work.matches.alone()
        before = work.matches.get(match_id)
        if before is None:
            return Refusal.NO_MATCH
        # People before what they are in, as everybody holds them.
        work.trajectories.hold(*before.people)
        match = work.matches.hold(match_id)
        if match is None or match.people != before.people:
            return Refusal.NO_MATCH
        refused = decide(work, match, runtime.clock.now())
        return refused or work.matches.get(match_id) or Refusal.NO_MATCH

    return runtime.database.write(attempt)


# ---- seen


def overview(runtime: Runtime, who: str) -> Overview | Refusal:
    """Return what is suggested, asked and agreed, and how many wait."""

    def look(work: Work) -> Overview | Refusal:
        if not _may(work, who):
            return Refusal.NOT_YOUR_ROLE
        rows = work.matches.in_states(SHOWN)
        since = work.seekings.since([row.seeking_id for row in rows])
        listed: dict[str, list[Listed]] = {state: [] for state in SHOWN}
        for row in rows:
            offer = work.offers.get(row.offer_id) if row.offer_id else None
            listed[row.state].append(Listed(row=row, waits_since=since[row.seeking_id], offer=offer))
        waiting = {kind: len(work.seekings.waiting((kind,))) for kind in ("buddy", "be_buddy", "volunteer")}
        return Overview(**{state: tuple(some) for state, some in listed.items()}, waiting=waiting)

    return runtime.database.read(look)


def _may(work: Work, who: str) -> bool:
    user = work.users.get(who)
    actor = as_actor(user) if user else None
    return actor is not None and actor.active and Role.COORDINATOR in actor.roles


def _voice(runtime: Runtime, work: Work, newcomer_id: str) -> Voice | None:
    where = work.newcomers.reminder_conversation(newcomer_id)
    newcomer = work.newcomers.get(newcomer_id)
    return voice_to(runtime, work, where) if where and newcomer and newcomer.consent_at else None
