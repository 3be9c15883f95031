"""The report of `wegwijs evaluate` as one page that needs nothing else, for an author to read."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.domain.clock import AMSTERDAM
from bot.nlu.evaluation import DANGER, NO_DANGER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from jinja2 import Template

    from bot.knowledge.document import Mistake
    from bot.nlu.evaluation import Report, Wrong

MOST_EXAMPLES = 3
# Where the colours turn: a share at `bad` is shown as red as can be, at `good` not at all.
GOOD, BAD = 0.95, 0.7
ASTRAY = 0.2  # the share of a subject that goes astray to one other, at which its cell is darkest


def page_of(  # noqa: PLR0913  # what stands on it
    report: Report,
    rasa: Report | None,
    *,
    name: str,
    names: Mapping[str, str],
    failures: Sequence[Mistake],
    now: datetime,
) -> str:
    """Return the page; `names` are the words that people read for an intent, `failures` what is below the floor."""
    subjects = list(report.by_meant_subject)
    understood = {subject for row in report.by_meant_subject.values() for subject in row}
    return _template().render(
        report=report,
        rasa=rasa,
        name=name,
        failures=failures,
        made=now.astimezone(AMSTERDAM).strftime("%Y-%m-%d %H:%M"),
        subjects=subjects,
        columns=[*subjects, *sorted(understood - set(subjects))],
        examples=_examples(report),
        wrong=_by_language(report),
        label=lambda intent: _label(intent, names),
    )


def percent(share: float) -> str:
    """Return a share as people write it."""
    return f"{share * 100:.1f} %"


def shade(times: int, of: int, darkest: float = 1) -> float:
    """Return how dark a cell is, 1 from the share `darkest` on: by its root, so that the rare ones can be seen too."""
    return round(min(1.0, math.sqrt(times / of / darkest)), 2) if of else 0.0


def worry(share: float) -> float:
    """Return how red a share of right answers is, 0 to 1."""
    return round(min(1.0, max(0.0, (GOOD - share) / (GOOD - BAD))), 2)


def _label(intent: str, names: Mapping[str, str]) -> str:
    if intent == DANGER + NO_DANGER:
        return "no danger, it only sounds like it"
    return names.get(intent, "")


def _examples(report: Report) -> dict[tuple[str, str], list[Wrong]]:
    """Return some messages of each pair, of different languages where there are."""
    found: dict[tuple[str, str], list[Wrong]] = {}
    for one in report.wrong:
        found.setdefault((one.meant, one.understood), []).append(one)
    return {pair: _mixed(own)[:MOST_EXAMPLES] for pair, own in found.items()}


def _mixed(own: list[Wrong]) -> list[Wrong]:
    seen: dict[str, int] = {}
    ranks = []
    for place, one in enumerate(own):
        seen[one.language] = seen.get(one.language, 0) + 1
        ranks.append((seen[one.language], place))
    return [own[place] for _, place in sorted(ranks)]


def _by_language(report: Report) -> dict[str, list[Wrong]]:
    found: dict[str, list[Wrong]] = {}
    for one in sorted(report.wrong, key=lambda wrong: (wrong.language, wrong.meant, wrong.understood)):
        found.setdefault(one.language, []).append(one)
    return found


@cache
def _template() -> Template:
    here = FileSystemLoader(Path(__file__).parent / "templates")
    around = Environment(loader=here, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    around.filters |= {"percent": percent, "worry": worry}
    around.globals |= {"shade": shade, "ASTRAY": ASTRAY}
    return around.get_template("evaluation.html")
