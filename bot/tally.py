"""
How many take part: what was offered, who had a place and came, who was put together and stayed so, who looks.

By quarter and by the place of what is offered; where somebody lives, and what they wish, is not read. What newcomers
can find anyway (how many offers, how many times they were held) is told as it is. Of people only what may be told
(`bot/trajectory/counts.py`), the same to everybody who may see counts: there are no teams here.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import TYPE_CHECKING

from bot.answer import Declined, as_actor
from bot.domain.clock import local_day
from bot.domain.days import at
from bot.forget import days_kept
from bot.handoff.access import Screen, may_open
from bot.handoff.case import Decline
from bot.trajectory.counts import Group, K, Row, as_of, in_steps, may_show, parted, together

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bot.runtime import Runtime
    from bot.store.participation_counts import Held, Published, PutTogether, TookPart, Where
    from bot.store.work import Work
    from bot.trajectory.counts import ShownGroup

# The running quarter, and so many before it.
BEFORE = 3
# How long people have to say whether they were there, before it counts.
SETTLES = timedelta(weeks=1)
# After how long it is told whether a match goes on.
SPANS: Mapping[str, timedelta] = {"week_4": timedelta(weeks=4), "week_12": timedelta(weeks=12)}
CAME, NOW = "came", "now"
WHOLE = ""
KINDS = ("buddy", "volunteer")
SEEKS = ("buddy", "be_buddy", "volunteer", "can_offer")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where something is, as the offer says: None where it does not. `WHOLE`: all areas of the municipality."""

    municipality: str | None
    area: str | None


@dataclass(frozen=True, kw_only=True)
class Here:
    """
    What is told of a place (None: of all of them) in a quarter: how often something was held, and of its people.

    Of `shown`: `enrolled` had a place, `ended` only waited for one, the row `came` parts who had one. `sign_ups` goes
    with them: how often somebody had a place. `is_sum`: of places that stand before it.
    """

    quarter: date
    place: Place | None
    held: int
    called_off: int
    shown: ShownGroup
    sign_ups: int | None
    is_sum: bool = False

    @property
    def not_told(self) -> int | None:
        """How many of those with a place did not say whether they came."""
        row = self.shown.rows[CAME]
        return None if row is None or self.shown.enrolled is None else self.shown.enrolled - row.late - row.on_time


@dataclass(frozen=True, kw_only=True)
class Offers:
    """How many offers of a kind and sort were published at a place in each quarter, in their order."""

    place: Place
    kind: str
    sort: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Matched:
    """Of who agreed to a match of a kind in a quarter: a row for each span that is past for all, and one for now."""

    quarter: date
    kind: str
    shown: ShownGroup


@dataclass(frozen=True, kw_only=True)
class Tally:
    """All that is told, as things stood when this week began in Amsterdam. `quarters` by their first day, in order."""

    day: date
    quarters: tuple[date, ...]
    places: tuple[Here, ...]
    offers: tuple[Offers, ...]
    matched: tuple[Matched, ...]
    seeking: Mapping[str, int | None]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was offered and nobody looked yet."""
        return not (self.places or self.offers or self.matched or self.seeking)


def tally(runtime: Runtime, who: str) -> Tally | Declined:
    """Return how many take part, to somebody who may see counts."""
    day = as_of(local_day(runtime.clock.now()))
    moment = at(day, time())

    def read(work: Work) -> Tally | Declined:
        user = work.users.get(who)
        if user is None or not user.active:
            return Declined(why=Decline.NO_ACCOUNT)
        if not may_open(Screen.COUNTS, as_actor(user)):
            return Declined(why=Decline.NOT_YOUR_ROLE)
        # A quarter of which something went since is not told any more: its numbers would be too low.
        kept = days_kept(work)[0].journal
        quarters = quarters_until(day, local_day(runtime.clock.now() - timedelta(days=kept)))
        counts = work.participation_counts
        begins = [at(one, time()) for one in quarters]
        until = moment - SETTLES
        held, took_part = counts.held(begins, until), counts.took_part(begins, until)
        published = counts.published(begins, moment)
        agreed = counts.put_together(begins, moment, tuple(SPANS.values()))
        seeking = counts.seeking(moment)
        return Tally(
            day=day,
            quarters=quarters,
            places=tuple(_places(quarters, held, took_part)),
            offers=tuple(_offers(quarters, published)),
            matched=tuple(_matched(quarters, agreed, day)) if agreed else (),
            seeking={kind: _few(seeking.get(kind, 0)) for kind in SEEKS} if seeking else {},
        )

    return runtime.database.read(read)


# ---- quarters


def quarters_until(day: date, kept_from: date) -> tuple[date, ...]:
    """Return the first days of this quarter and of those before it of which everything is kept, in order."""
    found = [date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)]
    while len(found) <= BEFORE:
        last = found[0] - timedelta(days=1)
        earlier = date(last.year, last.month - 2, 1)
        if earlier <= kept_from:
            break
        found.insert(0, earlier)
    return tuple(found)


def number_of(quarter: date) -> int:
    """Return which quarter of its year begins on this day."""
    return (quarter.month + 2) // 3


# ---- who took part


def _places(quarters: Sequence[date], held: Sequence[Held], took_part: Sequence[TookPart]) -> Iterator[Here]:
    """Yield of each quarter the municipalities, each with its areas before it, and all of them together."""
    was: dict[date, dict[str | None, dict[Place, Held]]] = defaultdict(lambda: defaultdict(dict))
    for one in held:
        was[local_day(one.where.period)][one.where.municipality][_place(one.where)] = one
    people = {(local_day(one.where.period), _place(one.where)): one for one in took_part}
    for quarter in quarters:
        towns = []
        for municipality, areas in sorted(was[quarter].items(), key=lambda item: item[0] or "~"):
            # Every area in which something was held has its place, also where nobody came: a gap tells nothing.
            ordered = sorted(areas, key=lambda place: place.area or "~")
            came = {place: people.get((quarter, place)) for place in ordered}
            shown, whole = parted({place: _group(found) for place, found in came.items()})
            for place in ordered if shown else ():
                yield _here(quarter, place, [areas[place]], shown[place], [came[place]])
            name = Place(municipality=municipality, area=(len(ordered) == 1 and ordered[0].area) or WHOLE)
            town = _here(quarter, name, list(areas.values()), whole, list(came.values()))
            towns.append(replace(town, is_sum=bool(shown)))
            yield towns[-1]
        if len(towns) > 1:
            yield _all_of(quarter, towns)


def _group(found: TookPart | None) -> Group:
    if found is None:
        return Group(rows={CAME: Row(late=0, on_time=0, rest=0, for_all=True)})
    rest = found.people - found.came - found.stayed_away
    # Everybody is asked: that all of them answered tells nothing.
    row = Row(late=found.stayed_away, on_time=found.came, rest=rest, for_all=True)
    return Group(enrolled=found.people, ended=found.waited, rows={CAME: row})


def _here(
    quarter: date, place: Place, held: Sequence[Held], shown: ShownGroup, people: Sequence[TookPart | None]
) -> Here:
    sign_ups = sum(one.sign_ups for one in people if one is not None)
    return Here(
        quarter=quarter,
        place=place,
        held=sum(one.held for one in held),
        called_off=sum(one.called_off for one in held),
        shown=shown,
        sign_ups=None if shown.enrolled is None else sign_ups,
    )


def _all_of(quarter: date, towns: Sequence[Here]) -> Here:
    sign_ups = [one.sign_ups for one in towns if one.sign_ups is not None]
    return Here(
        quarter=quarter,
        place=None,
        held=sum(one.held for one in towns),
        called_off=sum(one.called_off for one in towns),
        shown=together([one.shown for one in towns]),
        sign_ups=sum(sign_ups) if len(sign_ups) == len(towns) else None,
        is_sum=True,
    )


def _place(where: Where) -> Place:
    return Place(municipality=where.municipality, area=where.area)


# ---- what was offered, who was put together, who looks


def _offers(quarters: Sequence[date], published: Sequence[Published]) -> Iterator[Offers]:
    found: dict[tuple[str, str, str, str], dict[date, int]] = defaultdict(dict)
    for one in published:
        key = (one.where.municipality or "", one.where.area or "", one.kind, one.sort)
        found[key][local_day(one.where.period)] = one.offers
    for (municipality, area, kind, sort), numbers in sorted(found.items()):
        place = Place(municipality=municipality or None, area=area or None)
        yield Offers(place=place, kind=kind, sort=sort, numbers=tuple(numbers.get(one, 0) for one in quarters))


def _matched(quarters: Sequence[date], agreed: Sequence[PutTogether], day: date) -> Iterator[Matched]:
    found = {(local_day(one.period), one.kind): one for one in agreed}
    for place, quarter in enumerate(quarters):
        over = quarters[place + 1] if place + 1 < len(quarters) else None
        # By the calendar, so that it tells nothing of anybody: until everybody could be so far, there is no row.
        past = [name for name, span in SPANS.items() if over is not None and over + span <= day]
        for kind in KINDS:
            yield Matched(quarter=quarter, kind=kind, shown=_in_steps(found.get((quarter, kind)), past))


def _in_steps(found: PutTogether | None, past: Sequence[str]) -> ShownGroup:
    if found is None:
        return may_show(Group(rows={name: Row(late=0, on_time=0, rest=0, for_all=True) for name in (*past, NOW)}))
    ended = {name: number for name, number in zip(SPANS, found.ended_within, strict=True) if name in past}
    ended[NOW] = found.ended
    rows = {name: Row(late=late, on_time=found.people - late, rest=0, for_all=True) for name, late in ended.items()}
    return in_steps(Group(enrolled=found.people, rows=rows))


def _few(number: int) -> int | None:
    return number if number >= K else None
