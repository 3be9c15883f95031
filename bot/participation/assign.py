"""
Suggestions for the whole list at once, fairly. Pure; the solvers are SciPy's.

In this order: as many people as can be get somebody; of all such ways one in which the worst-off person is as well off
as can be; of all such ways one with the most points together. Who comes first in the list, or in the alphabet, has
nothing of it: both sides are put in the order of a digest of their ids first, and the rest follows from that.
SciPy is slow to load: whoever uses this imports it when it is needed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import optimize, sparse
from scipy.sparse import csgraph

from bot.participation.finding import NEIGHBOURHOOD, REGION
from bot.participation.fit import (
    LANGUAGE,
    MORE_LANGUAGES,
    MOST_INTERESTS,
    MOST_TIMES,
    SAME_MUNICIPALITY,
    SAME_NEIGHBOURHOOD,
    SAME_REGION,
    SHARED_INTEREST,
    SHARED_TIME,
    Fit,
    Place,
    Why,
    Wish,
    fit,
    forbids,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

Pair = tuple[str, str]
# Rows whose pairs are scored at a time: some tens of megabytes.
AT_ONCE = 256


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """Two who are suggested to a coordinator. `ahead` is how many points better than the wish's next best place."""

    wish: str
    place: str
    fit: Fit
    ahead: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What is suggested, by the wishes' ids; and who is left over, with the reason."""

    suggestions: tuple[Suggestion, ...]
    left: Mapping[str, Why]


def assign(wishes: Iterable[Wish], places: Iterable[Place], declined: Collection[Pair] = ()) -> Outcome:
    """
    Return suggestions for all wishes; `declined` are pairs (wish, place) of which either side said no before.

    Every pair that fits is looked at, nothing is left out to be quicker (bench/matching says what that takes).

    Raises:
        ValueError: two wishes, or two places, have the same id.

    """
    people = _sorted(wishes)
    spots = [place for place in _sorted(places) if place.capacity > 0]
    if not people or not spots:
        return Outcome(suggestions=(), left={wish.id: Why.NOBODY for wish in people})
    points = scores(people, spots)
    row_of = {wish.id: at for at, wish in enumerate(people)}
    column_of = {place.id: at for at, place in enumerate(spots)}
    for wish_id, place_id in declined:
        if wish_id in row_of and place_id in column_of:
            points[row_of[wish_id], column_of[place_id]] = 0
    chosen = _chosen(points, [place.capacity for place in spots])
    suggestions = []
    for row, column in chosen.items():
        found = fit(people[row], spots[column])
        assert found is not None
        others = points[row].copy()
        others[column] = 0
        ahead = found.score - int(others.max())
        suggestions.append(Suggestion(wish=people[row].id, place=spots[column].id, fit=found, ahead=ahead))
    said_no = frozenset(declined)
    left = {
        wish.id: Why.TAKEN if points[row].any() else _why(wish, spots, said_no)
        for row, wish in enumerate(people)
        if row not in chosen
    }
    return Outcome(suggestions=tuple(sorted(suggestions, key=lambda one: one.wish)), left=left)


def scores(people: Sequence[Wish], spots: Sequence[Place]) -> Ints:
    """Return the score of each wish (row) with each place (column) as `fit` gives it; 0 where they do not fit."""
    found = np.zeros((len(people), len(spots)), dtype=np.int64)
    theirs = _Columns(spots)
    for start in range(0, len(people), AT_ONCE):
        found[start : start + AT_ONCE] = theirs.scored(people[start : start + AT_ONCE])
    return found


class _Columns:
    """The places as columns of numbers: each set is one number, with a bit for each of its words."""

    def __init__(self, spots: Sequence[Place]) -> None:
        self._bits: dict[tuple[str, str], int] = {}
        self._areas: dict[str, int] = {}
        self._languages = self._sets("language", [place.languages for place in spots])
        self._interests = self._sets("interest", [place.interests for place in spots])
        self._times = self._sets("time", [place.times for place in spots])
        self._limits = self._sets("limit", [place.limits for place in spots])
        self._near = [self._numbers(_part(place.area, digits) for place in spots) for digits in (NEIGHBOURHOOD, REGION)]
        self._towns = self._numbers(place.municipality for place in spots)
        self._ids = self._numbers(f"place {place.id}" for place in spots)
        self._from = self._ages(place.age_from for place in spots)
        self._to = self._ages(place.age_to for place in spots)

    def scored(self, people: Sequence[Wish]) -> Ints:
        """Return the scores of these wishes."""
        languages = _common(self._sets("language", [wish.languages for wish in people]), self._languages)
        interests = _common(self._sets("interest", [wish.interests for wish in people]), self._interests)
        times = self._sets("time", [wish.times for wish in people])
        shared_times = _common(times, self._times)
        limits = self._sets("limit", [wish.limits for wish in people])
        ages = self._ages(wish.age for wish in people)[:, None]
        near, region = (
            _same(self._numbers(_part(wish.area, digits) for wish in people), column)
            for digits, column in zip((NEIGHBOURHOOD, REGION), self._near, strict=True)
        )
        has_area = np.array([bool(wish.area) for wish in people])[:, None] & (self._near[0] != 0)[None, :]
        town = _same(self._numbers(wish.municipality for wish in people), self._towns) & ~has_area
        points = LANGUAGE + MORE_LANGUAGES * (languages > 1)
        points = points + np.where(near, SAME_NEIGHBOURHOOD, np.where(region, SAME_REGION, town * SAME_MUNICIPALITY))
        points = points + SHARED_TIME * np.minimum(shared_times, MOST_TIMES)
        points = points + SHARED_INTEREST * np.minimum(interests, MOST_INTERESTS)
        forbidden = (
            (languages == 0)
            | ((limits[:, None] & ~self._limits[None, :]) != 0)
            | ((times != 0)[:, None] & (self._times != 0)[None, :] & (shared_times == 0))
            | ((ages >= 0) & (self._from >= 0)[None, :] & (ages < self._from[None, :]))
            | ((ages >= 0) & (self._to >= 0)[None, :] & (ages > self._to[None, :]))
        )
        for at, wish in enumerate(people):
            if wish.never:
                forbidden[at] |= np.isin(self._ids, [self._areas.get(f"place {one}", -1) for one in wish.never])
        return np.where(forbidden, 0, points)

    def _sets(self, kind: str, sets: Sequence[frozenset[str]]) -> Ints:
        return np.array([sum(1 << self._bit(kind, word) for word in words) for words in sets], dtype=np.int64)

    def _bit(self, kind: str, word: str) -> int:
        known = sum(of == kind for of, _ in self._bits) if (kind, word) not in self._bits else 0
        bit = self._bits.setdefault((kind, word), known)
        if bit >= 63:  # noqa: PLR2004  # of a signed number
            raise ValueError(f"more than 63 different words for {kind}")
        return bit

    def _numbers(self, words: Iterable[str | None]) -> Ints:
        """Return a number for each word, 0 for none."""
        found = [self._areas.setdefault(word, len(self._areas) + 1) if word else 0 for word in words]
        return np.array(found, dtype=np.int64)

    @staticmethod
    def _ages(ages: Iterable[int | None]) -> Ints:
        return np.array([-1 if age is None else age for age in ages], dtype=np.int64)


def _part(area: str | None, digits: int) -> str | None:
    return f"{digits}:{area[:digits]}" if area else None


def _common(of_people: Ints, of_places: Ints) -> Ints:
    counted: Ints = np.bitwise_count(of_people[:, None] & of_places[None, :]).astype(np.int64)
    return counted


def _same(of_people: Ints, of_places: Ints) -> Any:
    return (of_people[:, None] == of_places[None, :]) & (of_people != 0)[:, None]


def _chosen(points: Ints, capacities: Sequence[int]) -> dict[int, int]:
    """Return the column of each row that gets one, in the fairest way; a column may be had as often as it has room."""
    if not points.any():
        return {}
    # Nobody needs more seats of one place than there are people.
    seats = np.repeat(np.arange(len(capacities)), np.minimum(capacities, len(points)))
    of_seats = points[:, seats]
    graph: Any = csgraph  # they ship no types
    solver: Any = optimize
    rows_of: Any = sparse.csr_matrix

    def size(floor: int) -> int:
        """Return how many can be matched by pairs of at least so many points."""
        kept = rows_of(of_seats >= floor)
        return int((graph.maximum_bipartite_matching(kept, perm_type="column") >= 0).sum())

    floors = np.unique(points[points > 0])
    most = size(1)
    low, high = 0, len(floors) - 1  # the highest floor at which nobody more is left out
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if size(int(floors[middle])) == most else (low, middle - 1)
    kept = of_seats >= floors[low]

    # To leave somebody out costs more than all points together: the most people come first, then the most points.
    left_out = (int(floors[-1]) + 1) * (min(of_seats.shape) + 1)
    costs = np.where(kept, int(floors[-1]) - of_seats, left_out).astype(np.float64)
    rows, columns = solver.linear_sum_assignment(costs)
    return {int(row): int(seats[column]) for row, column in zip(rows, columns, strict=True) if kept[row, column]}


def _sorted(given: Iterable[Any]) -> list[Any]:
    # An order that nobody can have chosen, and the same for every order of the list.
    found = sorted(given, key=lambda one: hashlib.sha256(one.id.encode()).digest())
    if len({one.id for one in found}) < len(found):
        raise ValueError("two wishes, or two places, have the same id")
    return found


def _why(wish: Wish, spots: Sequence[Place], declined: frozenset[Pair]) -> Why:
    """Return why nothing fits somebody."""
    understood = [place for place in spots if wish.languages & place.languages]
    if not understood:
        return Why.NO_LANGUAGE
    allowed = [place for place in understood if not forbids(wish, place)]
    return Why.DECLINED if any((wish.id, place.id) in declined for place in allowed) else Why.LIMITS
