"""
Whether somebody and a place (a buddy, a volunteer post) fit, and why. Pure.

A limit that either side stated decides alone. All the rest is points, whole numbers so that what is equal is equal,
and each point has its reason as a code: the words for it stand in content/. Nobody is known here by more than an id.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.participation.finding import NEIGHBOURHOOD, REGION

# What counts how much. To understand each other comes first, then to be able to meet; taste comes last.
LANGUAGE, MORE_LANGUAGES = 40, 10
SAME_NEIGHBOURHOOD, SAME_REGION, SAME_MUNICIPALITY = 24, 12, 12
SHARED_TIME, SHARED_INTEREST = 8, 6
MOST_TIMES, MOST_INTERESTS = 2, 3
# What somebody needs and a place has is no merit beyond that it may be shown.
LIMITS_OF_WISH = frozenset({"women_only", "childcare", "accessible"})


class Reason(StrEnum):
    """Why two are put together."""

    LANGUAGE = "language"
    NEAR = "near"
    TIME = "time"
    INTEREST = "interest"


class Why(StrEnum):
    """Why somebody is left over."""

    NOBODY = "nobody"  # there is no place at all
    NO_LANGUAGE = "no_language"  # nobody shares a language
    LIMITS = "limits"  # who shares one is forbidden by a stated limit
    DECLINED = "declined"  # all that is left was declined before
    TAKEN = "taken"  # others got the places that fit, and nobody could be moved


@dataclass(frozen=True, kw_only=True)
class Wish:
    """
    Somebody who looks for a buddy or for volunteer work.

    `languages` are those they want to speak, `times` are of `finding.TIMES`, `limits` of LIMITS_OF_WISH, `area` is the
    four digits of a postcode, `age` is in years. `never` are places that they said no to in advance.
    """

    id: str
    languages: frozenset[str] = frozenset()
    interests: frozenset[str] = frozenset()
    area: str | None = None
    municipality: str | None = None
    times: frozenset[str] = frozenset()
    limits: frozenset[str] = frozenset()
    age: int | None = None
    never: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Place:
    """
    A buddy, or a volunteer post with room for `capacity` people.

    `limits` are what it offers of LIMITS_OF_WISH. `age_from` and `age_to` are whom it is for, both included.
    """

    id: str
    languages: frozenset[str] = frozenset()
    interests: frozenset[str] = frozenset()
    area: str | None = None
    municipality: str | None = None
    times: frozenset[str] = frozenset()
    limits: frozenset[str] = frozenset()
    age_from: int | None = None
    age_to: int | None = None
    capacity: int = 1


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How well two fit (at least 1) and why: each reason with its value, in a fixed order."""

    score: int
    reasons: tuple[tuple[Reason, str], ...]


def fit(wish: Wish, place: Place) -> Fit | None:
    """Return how well they fit; None where they share no language or a stated limit forbids it."""
    shared = sorted(wish.languages & place.languages)
    if not shared or forbids(wish, place):
        return None
    reasons = [(Reason.LANGUAGE, language) for language in shared]
    score = LANGUAGE + MORE_LANGUAGES * (len(shared) > 1)
    near, points = _near(wish, place)
    if near is not None:
        reasons.append((Reason.NEAR, near))
        score += points
    times = sorted(wish.times & place.times)[:MOST_TIMES]
    interests = sorted(wish.interests & place.interests)[:MOST_INTERESTS]
    reasons += [*((Reason.TIME, time) for time in times), *((Reason.INTEREST, one) for one in interests)]
    score += SHARED_TIME * len(times) + SHARED_INTEREST * len(interests)
    return Fit(score=score, reasons=tuple(reasons))


def forbids(wish: Wish, place: Place) -> bool:
    """
    Return whether a stated limit forbids it.

    Times that both stated and do not share forbid it too: they could never meet. An age that nobody told is no reason.
    """
    too_young = wish.age is not None and place.age_from is not None and wish.age < place.age_from
    too_old = wish.age is not None and place.age_to is not None and wish.age > place.age_to
    never_meet = bool(wish.times and place.times) and not wish.times & place.times
    return too_young or too_old or never_meet or place.id in wish.never or not wish.limits <= place.limits


def _near(wish: Wish, place: Place) -> tuple[str | None, int]:
    if wish.area and place.area:
        if wish.area[:NEIGHBOURHOOD] == place.area[:NEIGHBOURHOOD]:
            return "neighbourhood", SAME_NEIGHBOURHOOD
        if wish.area[:REGION] == place.area[:REGION]:
            return "region", SAME_REGION
        return None, 0
    if wish.municipality and wish.municipality == place.municipality:
        return "municipality", SAME_MUNICIPALITY
    return None, 0
