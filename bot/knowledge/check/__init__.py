"""`wegwijs check`: the authors' linter. Each rule is a small function; `rules.RULES` lists them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.clock import SystemClock, local_day
from bot.domain.words import CANNED
from bot.knowledge.check.ground import Ground
from bot.knowledge.check.report import Report, counted
from bot.knowledge.check.rules import ABSENCE, RULES
from bot.knowledge.check.spoken import CANNED_GIVEN, PAGE, SPOKEN
from bot.knowledge.document import Mistake
from bot.knowledge.floor import read_floor
from bot.knowledge.held_out import read_held_out
from bot.knowledge.load import read_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from bot.knowledge.folders import Folders

__all__ = ["Report", "check"]


def check(folders: Folders, *, today: date | None = None, spoken: Mapping[str, frozenset[str]] = SPOKEN) -> Report:
    """
    Return everything that is wrong in `folders`, sorted by file and line, and the counts.

    While a file cannot be read, the rules that say "this is not there" hold back: it may stand in that file.
    """
    read = read_all(folders)
    held_out = read_held_out(read)
    read_floor(read)
    page = {name: frozenset[str]() for name in read.responses if name.startswith(PAGE)}
    canned = {name: CANNED_GIVEN for name in read.responses if name.startswith(CANNED)}
    # What a trajectory misses is said where it is asked for.
    of_tasks = {name for template in read.trajectories.values() for name in template.responses} & set(read.responses)
    ground = Ground(
        read=read,
        today=today or local_day(SystemClock().now()),
        spoken={**dict.fromkeys(of_tasks, frozenset[str]()), **spoken, **page, **canned},
        held_out=held_out,
    )
    broken = any(not mistake.warning and mistake.kind not in _HARMLESS for mistake in read.mistakes)
    found = {*read.mistakes, *_found(ground, broken=broken)}
    return Report(
        mistakes=tuple(sorted(mistake for mistake in found if not mistake.warning)),
        warnings=tuple(sorted(mistake for mistake in found if mistake.warning)),
        counts=counted(ground),
    )


# Mistakes of reading after which everything in the file was taken in all the same.
_HARMLESS = frozenset({"twice", "variant_id", "fact_source", "language", "catalogue"})


def _found(ground: Ground, *, broken: bool) -> Iterator[Mistake]:
    for kind, rule in RULES.items():
        if broken and kind in ABSENCE:
            continue
        for finding in rule(ground):
            file, line = finding.place
            yield Mistake(file=file, line=line, kind=kind, why=finding.why, mend=finding.mend, warning=finding.warning)
