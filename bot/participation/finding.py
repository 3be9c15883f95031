"""
What fits somebody best of all that is offered, and why. Pure.

A stated limit decides alone; all the rest only orders. The reasons are codes: the words for them stand in
content/responses/participation.yml. The order depends on nothing but what goes in, so "more" goes on where the first
three ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.domain.clock import AMSTERDAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

# What somebody can say that they like, and the sorts of offers that it stands for.
INTERESTS: Mapping[str, frozenset[str]] = {
    "language": frozenset({"language_lesson", "language_cafe"}),
    "meeting": frozenset({"meeting", "language_cafe"}),
    "walking": frozenset({"walking"}),
    "cooking": frozenset({"cooking"}),
    "music": frozenset({"music"}),
    "sport": frozenset({"sport"}),
    "company_visit": frozenset({"company_visit"}),
    "goods": frozenset({"repair", "clothing", "furniture"}),
    "women": frozenset({"women"}),
}
# When somebody has time. Working days end where the evening begins.
TIMES = ("day", "evening", "weekend")
LIMITS = ("women_only", "childcare", "accessible")
EVENING_FROM = 17
SATURDAY = 5
SOON = timedelta(days=7)
# Digits of a postcode that two places share: the whole of it is one neighbourhood, the first two are one region.
NEIGHBOURHOOD, REGION = 4, 2


class Reason(StrEnum):
    """Why an offer is shown to somebody."""

    INTEREST = "interest"
    NEAR = "near"
    YOUR_DAYS = "your_days"
    LANGUAGE = "language"
    WOMEN_ONLY = "women_only"
    CHILDCARE = "childcare"
    ACCESSIBLE = "accessible"
    FREE = "free"


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """
    What somebody told for finding; everything may be missing.

    `area` is the four digits of a postcode, `languages` are those they want to speak there, `age` is in years.
    """

    interests: frozenset[str] = frozenset()
    area: str | None = None
    municipality: str | None = None
    times: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    limits: frozenset[str] = frozenset()
    age: int | None = None


@dataclass(frozen=True, kw_only=True)
class Chance:
    """
    One offer at its next occasion; without `starts_at` it has no moment.

    `cost_cents` None: nobody said. `full`: who signs up now comes onto the waiting list.
    """

    offer_id: str
    occasion_id: str | None = None
    starts_at: datetime | None = None
    sort: str = "other"
    area: str | None = None
    municipality: str | None = None
    languages: frozenset[str] = frozenset()
    age_from: int | None = None
    age_to: int | None = None
    women_only: bool = False
    childcare: bool = False
    accessible: bool = False
    cost_cents: int | None = None
    full: bool = False


@dataclass(frozen=True, kw_only=True)
class Find:
    """An offer that may be shown, what speaks for it (most telling first), and the languages shared there."""

    chance: Chance
    reasons: tuple[Reason, ...]
    score: int
    shared: tuple[str, ...] = ()


def find(wishes: Wishes, chances: Iterable[Chance], now: datetime) -> tuple[Find, ...]:
    """Return what may be shown, best first; of each offer only its best occasion."""
    best: dict[str, Find] = {}
    for chance in chances:
        if not may_be_shown(wishes, chance):
            continue
        found = _found(wishes, chance, now)
        known = best.get(chance.offer_id)
        if known is None or _place(found) < _place(known):
            best[chance.offer_id] = found
    return tuple(sorted(best.values(), key=_place))


def _place(found: Find) -> tuple[int, datetime, str, str]:
    chance = found.chance
    # Equal ones: the sooner first, what has no moment last.
    when = chance.starts_at or datetime.max.replace(tzinfo=UTC)
    return -found.score, when, chance.offer_id, chance.occasion_id or ""


def may_be_shown(wishes: Wishes, chance: Chance) -> bool:
    """Return whether no limit, of the person or of the offer, stands against it. What is not known forbids nothing."""
    if wishes.age is not None:
        if chance.age_from is not None and wishes.age < chance.age_from:
            return False
        if chance.age_to is not None and wishes.age > chance.age_to:
            return False
    if "women_only" in wishes.limits and not chance.women_only:
        return False
    if "childcare" in wishes.limits and not chance.childcare:
        return False
    if "accessible" in wishes.limits and not chance.accessible:
        return False
    return not is_far(wishes, chance)


def is_far(wishes: Wishes, chance: Chance) -> bool:
    """Return whether it is surely in another region: by postcode where both are known, else by municipality."""
    is_same = wishes.municipality is not None and wishes.municipality == chance.municipality
    if wishes.area and chance.area:
        return _shared_digits(wishes.area, chance.area) < REGION and not is_same
    return bool(wishes.municipality and chance.municipality and not is_same)


def time_of(moment: datetime) -> str:
    """Return which of `TIMES` a moment lies in, on the wall clock of Amsterdam."""
    there = moment.astimezone(AMSTERDAM)
    if there.weekday() >= SATURDAY:
        return "weekend"
    return "evening" if there.hour >= EVENING_FROM else "day"


def _shared_digits(one: str, other: str) -> int:
    shared = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        shared += 1
    return shared


# ---- what speaks for it


def _interest(wishes: Wishes, chance: Chance) -> int:
    liked = frozenset().union(*(INTERESTS.get(one, frozenset({one})) for one in wishes.interests))
    return 8 if chance.sort in liked else 0


def _near(wishes: Wishes, chance: Chance) -> int:
    if wishes.area and chance.area:
        shared = _shared_digits(wishes.area, chance.area)
        return 4 if shared >= NEIGHBOURHOOD else 3 if shared > REGION else 0
    return 0


def _your_days(wishes: Wishes, chance: Chance) -> int:
    return 4 if chance.starts_at is not None and time_of(chance.starts_at) in wishes.times else 0


def _language(wishes: Wishes, chance: Chance) -> int:
    return 2 if wishes.languages & chance.languages else 0


def _women_only(wishes: Wishes, chance: Chance) -> int:
    # Nobody is asked who they are; where it was not asked for, it comes behind everything else, and says so.
    if not chance.women_only:
        return 0
    return 2 if "women_only" in wishes.limits or "women" in wishes.interests else -20


def _childcare(wishes: Wishes, chance: Chance) -> int:
    return 2 if chance.childcare and "childcare" in wishes.limits else 0


def _accessible(wishes: Wishes, chance: Chance) -> int:
    return 2 if chance.accessible and "accessible" in wishes.limits else 0


def _free(_: Wishes, chance: Chance) -> int:
    return 1 if chance.cost_cents == 0 else 0


# In the order in which they are told.
WEIGHTS: Mapping[Reason, Callable[[Wishes, Chance], int]] = {
    Reason.INTEREST: _interest,
    Reason.NEAR: _near,
    Reason.YOUR_DAYS: _your_days,
    Reason.LANGUAGE: _language,
    Reason.WOMEN_ONLY: _women_only,
    Reason.CHILDCARE: _childcare,
    Reason.ACCESSIBLE: _accessible,
    Reason.FREE: _free,
}
# What is soon can be done this week; who finds it full only gets onto a list.
SOONER, FULL = 1, -3


def _found(wishes: Wishes, chance: Chance, now: datetime) -> Find:
    weighed = {reason: weigh(wishes, chance) for reason, weigh in WEIGHTS.items()}
    score = sum(weighed.values())
    score += SOONER if chance.starts_at is not None and chance.starts_at <= now + SOON else 0
    score += FULL if chance.full else 0
    return Find(
        chance=chance,
        reasons=tuple(reason for reason, weight in weighed.items() if weight),
        score=score,
        shared=tuple(sorted(wishes.languages & chance.languages)),
    )
