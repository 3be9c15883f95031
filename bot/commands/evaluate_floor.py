"""Whether what was measured stays above nlu/floor.yml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.knowledge.document import Mistake
from bot.knowledge.floor import CEILING, FLOOR_FILE, IN_ALL, falls_short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.knowledge.floor import Figures, Floor
    from bot.nlu.evaluation import DangerScore, Report, Score

ENOUGH = "a loss that is known and worth it is taken in with --set-floor --lower"


def figures_of(report: Report) -> Figures:
    """Return the figures that a floor holds; what no message measures is left out."""
    found = {IN_ALL: _figures(report.total, report.danger.total if report.danger else None)}
    dangers = report.danger.by_language if report.danger else {}
    for language in sorted({*report.by_language, *dangers}):
        found[language] = _figures(report.by_language.get(language), dangers.get(language))
    return found


def _figures(score: Score | None, danger: DangerScore | None) -> dict[str, float]:
    found: dict[str, float] = {}
    if score and score.ours:
        found |= {"top_1": score.top_1, "refused": score.refused}
    if score and score.others:
        found["caught"] = score.caught
    if danger and danger.heard.of:
        found["crisis_recall"] = danger.heard.share
    if danger and danger.false_alarms.of:
        found["false_alarms"] = danger.false_alarms.share
    return found


def fallen(floor: Floor | None, reached: Figures) -> list[Mistake]:
    """Return each figure below its floor (or above its ceiling), and what nothing holds or measures."""
    if floor is None:
        why, mend = "there is no such file", "write it with --set-floor, or leave it out with --no-floor"
        return [Mistake(file=FLOOR_FILE, line=1, kind="floor", why=why, mend=mend)]
    return sorted([*_without_floor(floor, reached), *_below(floor, reached)])


def _without_floor(floor: Floor, reached: Figures) -> Iterator[Mistake]:
    for name in reached:
        if name not in floor.figures:
            why = f"'{name}' has messages in nlu/held_out/ and no floor"
            yield Mistake(file=FLOOR_FILE, line=1, kind="floor", why=why, mend="add it with --set-floor")


def _below(floor: Floor, reached: Figures) -> Iterator[Mistake]:
    for name, limits in floor.figures.items():
        for figure, limit in limits.items():
            line = floor.lines.get((name, figure), 1)
            got = reached.get(name, {}).get(figure)
            if got is not None and falls_short(figure, got, limit):
                most = "most" if CEILING[figure] else "least"
                why = f"{figure} of {name} is {got:.2%}, and must be at {most} {limit:.1%}"
                yield Mistake(
                    file=FLOOR_FILE, line=line, kind="floor", why=why, mend=f"{_mend(figure, name)}; {ENOUGH}"
                )
            elif got is None and limit != (1.0 if CEILING[figure] else 0.0):
                why = f"{figure} of {name} has a floor, and no message measures it"
                mend = "mend the spelling, or write messages in nlu/held_out/"
                yield Mistake(file=FLOOR_FILE, line=line, kind="floor", why=why, mend=mend)


# What an author does about each; <language> is filled in.
_MENDS = {
    "top_1": "see with --html what is mixed up, and write examples in nlu/data/{} that show the difference",
    "caught": "write other messages that are not for us in nlu/data/{}/out_of_scope.yml",
    "refused": "see with --html what is refused, and write other examples of those questions in nlu/data/{}",
    "crisis_recall": "see with --html which kind is missed, and write other examples of it in nlu/data/{}",
    "false_alarms": "see with --html what is taken for danger, and write other ordinary examples in nlu/data/{}",
}


def _mend(figure: str, name: str) -> str:
    return _MENDS[figure].format("<language>" if name == IN_ALL else name)
