"""
Fair matching beside taking the best that is left, on the same lists in the same run.

    python -m bench.matching [--sizes 10,100,1000,5000] [--seed 1]

The lists are invented: people by languages, area, interests, times and limits, and 0.8 places for each. *In order*
gives each in turn the best place that is left; *best first* takes the pair with the most points, again and again. Of
each way: seconds, who got somebody, the points of the worst-off (0 when somebody is left out whom the fair way finds a
place for), the mean, and how many got the place that was best for them.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.participation.assign import assign, scores
from bot.participation.finding import INTERESTS, LIMITS, TIMES
from bot.participation.fit import Place, Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LANGUAGES = ("ar", "ti", "fa", "tr", "uk", "so", "fr", "en", "nl")
# Half of the people speak one of two languages, as in a municipality.
WEIGHTS = (30, 20, 10, 8, 12, 6, 4, 20, 25)
AREAS = ("7511", "7512", "7521", "7541", "7544", "3111", "3112", "3131", "3144")
PLACES_FOR_EACH = 0.8


@dataclass(frozen=True, kw_only=True)
class Way:
    """What came of one way of matching."""

    seconds: float
    got: int
    worst: int
    mean: float
    first: int


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.matching")
    parser.add_argument("--sizes", default="10,100,1000,5000")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print(
        f"{'people':>7} {'places':>7} {'way':<11} {'seconds':>8} {'got one':>8} {'worst':>6} {'mean':>6}", "first wish"
    )
    lines = []
    for size in map(int, asked.sizes.split(",")):
        people, places = lists(size, asked.seed)
        ways = {"fair": fair(people, places), "in order": taken(people, places, in_order)}
        ways["best first"] = taken(people, places, best_first)
        most = ways["fair"].got
        for name, way in ways.items():
            worst = way.worst if way.got == most else 0
            shown = f"{way.seconds:8.2f} {way.got / size:8.1%} {worst:6} {way.mean:6.1f} {way.first / size:10.1%}"
            print(f"{size:7} {len(places):7} {name:<11} {shown}", flush=True)
        greedy = max(ways["in order"].got, ways["best first"].got)
        lines.append(
            f"{size}: {most - greedy} more people, {ways['fair'].seconds / ways['best first'].seconds:.1f} x the time"
        )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"matching, fair beside the better greedy one: {'; '.join(lines)}; {memory:.0f} MB at most")


def lists(size: int, seed: int) -> tuple[list[Wish], list[Place]]:
    """Return so many people, and the places for them."""
    chance = random.Random(seed)  # noqa: S311  # invented people, no secrets

    def some(words: Sequence[str], most: int) -> frozenset[str]:
        return frozenset(chance.sample(list(words), chance.randint(0, most)))

    def speaks() -> frozenset[str]:
        return frozenset(chance.choices(LANGUAGES, WEIGHTS, k=chance.choice((1, 1, 2))))

    def limits(share: float) -> frozenset[str]:
        return frozenset(limit for limit in LIMITS if chance.random() < share)

    people = [
        Wish(
            id=f"wish {at}",
            languages=speaks(),
            interests=some(sorted(INTERESTS), 3),
            area=chance.choice(AREAS),
            times=some(TIMES, 2),
            limits=limits(0.08),
            age=chance.randint(16, 75),
        )
        for at in range(size)
    ]
    places = [
        Place(
            id=f"place {at}",
            languages=speaks(),
            interests=some(sorted(INTERESTS), 3),
            area=chance.choice(AREAS),
            times=some(TIMES, 2),
            limits=limits(0.4),
            age_from=chance.choice((None, None, 18)),
            capacity=chance.choice((1, 1, 1, 2)),
        )
        for at in range(round(size * PLACES_FOR_EACH))
    ]
    return people, places


def fair(people: Sequence[Wish], places: Sequence[Place]) -> Way:
    start = time.perf_counter()
    found = assign(people, places)
    seconds = time.perf_counter() - start
    points = [one.fit.score for one in found.suggestions]
    return way(seconds, points, sum(one.ahead >= 0 for one in found.suggestions))


def taken(
    people: Sequence[Wish],
    places: Sequence[Place],
    pick: Callable[[list[list[int]], list[int]], list[tuple[int, int]]],
) -> Way:
    start = time.perf_counter()
    points = scores(people, places).tolist()
    pairs = pick(points, [place.capacity for place in places])
    seconds = time.perf_counter() - start
    first = sum(points[row][column] == max(points[row]) for row, column in pairs)
    return way(seconds, [points[row][column] for row, column in pairs], first)


def in_order(points: list[list[int]], room: list[int]) -> list[tuple[int, int]]:
    pairs = []
    for row, own in enumerate(points):
        column = max(range(len(own)), key=lambda at: own[at] * (room[at] > 0))
        if own[column] and room[column]:
            room[column] -= 1
            pairs.append((row, column))
    return pairs


def best_first(points: list[list[int]], room: list[int]) -> list[tuple[int, int]]:
    pairs, has = [], set()
    order = sorted(
        ((own[column], row, column) for row, own in enumerate(points) for column in range(len(own)) if own[column]),
        key=lambda one: (-one[0], one[1], one[2]),
    )
    for _, row, column in order:
        if row not in has and room[column]:
            has.add(row)
            room[column] -= 1
            pairs.append((row, column))
    return pairs


def way(seconds: float, points: Sequence[int], first: int) -> Way:
    return Way(
        seconds=seconds,
        got=len(points),
        worst=min(points, default=0),
        mean=sum(points) / len(points) if points else 0.0,
        first=first,
    )


if __name__ == "__main__":
    main()
