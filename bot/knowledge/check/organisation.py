"""Rules about the desks of organisations: a question always arrives somewhere, and nobody made the hours up."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from bot.knowledge.check.ground import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.knowledge.check.ground import Ground
    from bot.knowledge.schema import DeskFile, WhenShape


def desk_team(ground: Ground) -> Iterator[Finding]:
    """A question that is sent to a team that is not there is seen by nobody."""
    for name, desk in ground.read.desks.items():
        named: list[tuple[tuple[str | int, ...], str | None]] = [
            (("otherwise",), desk.otherwise),
            (("on_duty",), desk.on_duty),
            *((("routing", at, "team"), route.team) for at, route in enumerate(desk.routing)),
        ]
        for path, team in named:
            if team is not None and team not in desk.teams:
                yield Finding(
                    place=ground.at("desk", name, *path),
                    why=f"'{team}' is no team of this organisation",
                    mend="mend the spelling, or add it to 'teams:'",
                )


def desk_name(ground: Ground) -> Iterator[Finding]:
    """An organisation is chosen by the name of its file."""
    for name in ground.read.desks:
        file, line = ground.at("desk", name, "organisation")
        if file.rsplit("/", 1)[-1] != f"{name}.yml":
            yield Finding(
                place=(file, line), why=f"'{name}' is not the name of this file", mend="give both the same name"
            )


def desk_hours(ground: Ground) -> Iterator[Finding]:
    """A team that closes before it opens is never there."""
    for name, desk in ground.read.desks.items():
        for team, shape in desk.teams.items():
            for day, spans in (shape.hours or {}).items():
                moments = [moment for span in spans for moment in span.split("-")]
                if any(later <= earlier for earlier, later in pairwise(moments)):
                    yield Finding(
                        place=ground.at("desk", name, "teams", team, "hours", day),
                        why=f"these hours are out of order: {', '.join(spans)}",
                        mend='write them in order, such as ["09:00-12:00", "13:00-17:00"]',
                    )


def desk_source(ground: Ground) -> Iterator[Finding]:
    """People travel for opening hours: they are on somebody's word, from a day that is known."""
    for name, desk in ground.read.desks.items():
        for team, shape in desk.teams.items():
            place = ground.at("desk", name, "teams", team)
            if shape.source is not None and shape.source not in ground.read.sources:
                mend = "mend the spelling, or add the source to content/sources.yml"
                yield Finding(place=place, why=f"'{shape.source}' is no source", mend=mend)
            elif shape.hours is not None and None in (shape.source, shape.checked_on):
                yield Finding(
                    place=place,
                    why=f"the hours of '{team}' have no source or no day",
                    mend="fill source and checked_on, or write 'hours: null'",
                )


def desk_route(ground: Ground) -> Iterator[Finding]:
    """A rule that can never hold, or always does, hides the ones behind it."""
    topics = {question.topic for question in ground.read.questions.values()}
    for name, desk in ground.read.desks.items():
        for at, route in enumerate(desk.routing):
            place = ground.at("desk", name, "routing", at, "when")
            for why, mend in _wrong(route.when, desk, ground, topics):
                yield Finding(place=place, why=why, mend=mend)


def _wrong(when: WhenShape, desk: DeskFile, ground: Ground, topics: set[str]) -> Iterator[tuple[str, str]]:
    read = ground.read
    known: tuple[tuple[str, Iterable[str], Iterable[str]], ...] = (
        ("language", when.languages, read.languages.all),
        ("topic", when.topics, topics),
        ("question", when.questions, read.questions),
        ("municipality", when.municipalities, read.municipalities),
        ("area", when.areas, desk.areas),
    )
    for kind, given, all_of_them in known:
        for one in given:
            if one not in set(all_of_them):
                yield f"'{one}' is no {kind} we know", f"mend the spelling, or add the {kind} where it belongs"
    if not when.model_dump(exclude_defaults=True):
        yield "this rule asks nothing, so no rule after it is ever asked", "write what must hold, or use 'otherwise:'"
    if when.age_from is not None and when.age_below is not None and when.age_below <= when.age_from:
        yield "nobody is of this age", "make age_below more than age_from"


def desk_on_duty(ground: Ground) -> Iterator[Finding]:
    """In a crisis somebody trained must be reachable; who that is only the organisation can tell."""
    for name, desk in ground.read.desks.items():
        if desk.on_duty is None:
            yield Finding(
                place=ground.at("desk", name, "on_duty"),
                why="nobody is named who is on duty for a crisis",
                mend="name the team of the trained person on duty; until then a crisis goes to the usual team, on top",
                warning=True,
            )
