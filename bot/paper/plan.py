"""A person's plan as it stands on paper: words in their language, ready to be drawn. No name, nothing but the tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from bot.domain.languages import Direction
    from bot.trajectory.plan import Planned
    from bot.trajectory.template import DeadlineKind


@dataclass(frozen=True, kw_only=True)
class Line:
    """A task on the page: what it is called, and below it what else is said: its day, whose day that is, who helps."""

    title: str
    below: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Page:
    """
    One page. `intro` says of which day it is and how to read it, a paragraph each, `foot` where help is.

    `lines` are the tasks, what is next first; nobody knows before it is drawn how many of them fit, so `more` says how
    many do not.
    """

    language: str
    direction: Direction
    heading: str
    intro: tuple[str, ...]
    lines: tuple[Line, ...]
    more: Callable[[int], str]
    foot: str

    @property
    def text(self) -> str:
        """Everything that may stand on it."""
        tasks = [text for line in self.lines for text in (line.title, *line.below)]
        return "\n".join((self.heading, *self.intro, *tasks, self.more(len(self.lines)), self.foot))


def kind_of(planned: Planned, day: date, *, due: date | None) -> DeadlineKind:
    """Return who wants it done by this day: it is the day the task is due, or one of its last days."""
    if day == due:
        return planned.kind
    return next((dated.limit.kind for dated in planned.limits if dated.on == day), planned.kind)
