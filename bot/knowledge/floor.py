"""What understanding must reach on the held-out messages (nlu/floor.yml), and how that file is written."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.knowledge import schema
from bot.knowledge.document import KnowledgeError
from bot.knowledge.load import Read, each_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.knowledge.document import Document
    from bot.knowledge.folders import Folders

FLOOR_FILE = "nlu/floor.yml"
IN_ALL = "all"
MARGIN = 0.01  # one point: another processor may round a message to the other side

# Each figure, and whether the floor is a ceiling: of these more is worse.
CEILING: Mapping[str, bool] = {
    "top_1": False,
    "caught": False,
    "refused": True,
    "crisis_recall": False,
    "false_alarms": True,
}

# By language, or `all`; then by the names in CEILING; shares of 0 to 1.
Figures = dict[str, dict[str, float]]

_HEAD = """\
# What `wegwijs evaluate` must reach on nlu/held_out/, in all and in each language; below it, it fails. 0.9 is 90 %.
#
#   top_1          of the messages that are ours, at least so many are understood at the first guess
#   caught         of those that are not ours, at least so many are turned away
#   refused        of those that are ours, at most so many are turned away
#   crisis_recall  of those of somebody in danger, in at least so many the danger is heard
#   false_alarms   of all others, in at most so many danger is heard
#
# `wegwijs evaluate --set-floor` writes today's figures here, less one point, and never makes it easier;
# `--set-floor --lower` does, for a loss that is known and worth it: say why in the commit.
"""


@dataclass(frozen=True, kw_only=True)
class Floor:
    """The figures to hold; `lines` says where in the file each stands."""

    figures: Figures
    lines: Mapping[tuple[str, str], int] = field(default_factory=dict)


def floor(folders: Folders) -> Floor | None:
    """
    Return the floor; None when there is no such file.

    Raises:
        KnowledgeError: the file cannot be used; it carries every mistake that was found.

    """
    read = Read(folders=folders)
    found = read_floor(read)
    if read.mistakes:
        raise KnowledgeError(read.mistakes)
    return found


def read_floor(read: Read) -> Floor | None:
    """Read the file; what is wrong in it is reported in `read`."""
    found: list[Floor] = []

    def take(_read: Read, document: Document, shaped: schema.FloorFile) -> None:
        places = {IN_ALL: shaped.all, **shaped.languages}
        found.append(
            Floor(
                figures={name: {figure: getattr(one, figure) for figure in CEILING} for name, one in places.items()},
                lines={
                    (name, figure): document.line(*(() if name == IN_ALL else ("languages",)), name, figure)
                    for name in places
                    for figure in CEILING
                },
            )
        )

    each_file(read, FLOOR_FILE, schema.FloorFile, take)
    return found[0] if found else None


def falls_short(figure: str, reached: float, limit: float) -> bool:
    """Return whether a figure is on the wrong side of its floor, or ceiling."""
    return reached > limit if CEILING[figure] else reached < limit


def raised(before: Floor | None, reached: Figures, *, lower: bool) -> Figures:
    """
    Return the floor for what was reached: a margin easier, and no easier than `before` unless `lower`.

    What was not measured now (a language without messages) keeps its floor, unless `lower`.
    """
    kept = before.figures if before and not lower else {}
    names = [*reached, *(name for name in kept if name not in reached)]
    return {name: _harder(_eased(reached.get(name, {})), kept.get(name, {})) for name in names}


def _eased(reached: Mapping[str, float]) -> dict[str, float]:
    return {figure: _eased_figure(figure, reached[figure]) for figure in CEILING if figure in reached}


def _eased_figure(figure: str, reached: float) -> float:
    """Return a figure with the margin, rounded to a tenth of a point towards the easier side."""
    if CEILING[figure]:
        return min(1.0, math.ceil(round((reached + MARGIN) * 1000, 6)) / 1000)
    return max(0.0, math.floor(round((reached - MARGIN) * 1000, 6)) / 1000)


def _harder(eased: Mapping[str, float], kept: Mapping[str, float]) -> dict[str, float]:
    found = {}
    for figure, is_ceiling in CEILING.items():
        asked_nothing = 1.0 if is_ceiling else 0.0
        one, other = eased.get(figure, asked_nothing), kept.get(figure, asked_nothing)
        found[figure] = min(one, other) if is_ceiling else max(one, other)
    return found


def written(figures: Figures) -> str:
    """Return the file with these figures."""
    languages = [f"  {name}: {_line(one)}" for name, one in figures.items() if name != IN_ALL]
    return "\n".join(
        [_HEAD + f"all: {_line(figures[IN_ALL])}", "languages:" if languages else "languages: {}", *languages, ""]
    )


def _line(one: Mapping[str, float]) -> str:
    return "{" + ", ".join(f"{figure}: {one[figure]:g}" for figure in CEILING) + "}"
