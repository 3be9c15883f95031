"""The report: what went wrong, how long it was noticed, and the books line by line."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.faults.story import Told

SHOWN = 3  # examples of what is wrong in a line


def report(story: Told) -> str:
    """Return the report as it is printed."""
    return "\n".join([*_head(story), "", *_faults(story), "", *_flow(story), "", *_books(story)])


def _head(story: Told) -> Iterator[str]:
    yield f"Faults for {story.seconds:.0f} s, two web processes and two workers on one PostgreSQL, seed {story.seed}"


def _faults(story: Told) -> Iterator[str]:
    yield f"{'what goes wrong':<32}{'times':>6}{'lasts, s':>10}{'first answer after it began, s (median, most)':>48}"
    recovery = recovered(story)
    for kind in sorted({one.kind for one in story.faults}):
        these = [number for number, one in enumerate(story.faults) if one.kind == kind]
        lasted = median(story.faults[number].over - story.faults[number].began for number in these)
        found = [seconds for number in these if (seconds := recovery[number]) is not None]
        shown = f"{median(found):.1f}  {max(found):.1f}" if found else "—"
        yield f"{kind:<32}{len(these):>6}{lasted:>10.1f}{shown:>48}"
    for kind, why in story.left_out.items():
        yield f"{kind:<32}  LEFT OUT: {why}"


def recovered(story: Told) -> Sequence[float | None]:
    """Return per fault how long it took from its beginning until something written after that was answered."""
    asked = sorted((at, story.books.answered.get(key)) for key, at in story.senders.first_at.items())
    found: list[float | None] = []
    for fault in story.faults:
        answers = [answer for at, answer in asked if at >= fault.began and answer is not None]
        found.append(min(answers) - fault.began if answers else None)
    return found


def _flow(story: Told) -> Iterator[str]:
    senders, books = story.senders, story.books
    waited = sorted(
        answer - at for key, at in senders.first_at.items() if (answer := books.answered.get(key)) is not None
    )
    yield f"messages            {len(senders.words)}, {senders.twice} of them posted twice"
    refused = ", ".join(f"{n} × {status or 'no answer'}" for status, n in sorted(senders.refused.items()))
    yield f"posts               {senders.posts}, of which again {senders.again} ({refused or 'none refused'})"
    yield f"turns               {books.turns}; set aside {books.set_aside}"
    yield f"deliveries          {books.deliveries}, doubled {books.doubled}"
    yield f"reminders           {books.reminders} in {books.reminder_messages} messages"
    yield f"processes           {story.starts} starts, {story.by_itself} ended by themselves"
    if waited:
        at = [waited[min(len(waited) - 1, int(len(waited) * part))] for part in (0.5, 0.95, 0.99)]
        yield f"answered after, s   half {at[0]:.2f}, 95% {at[1]:.2f}, 99% {at[2]:.1f}, the last {waited[-1]:.1f}"
    left = ", ".join(f"{n} {name}" for name, n in story.left.items() if n) or "nothing"
    yield f"all done            {story.drained_in:.0f} s after the last fault; left: {left}"


def _books(story: Told) -> Iterator[str]:
    yield f"{'the books':<66}{'of':>8}{'wrong':>8}"
    for line in story.books.lines:
        yield f"{line.says:<66}{line.of or '—':>8}{len(line.wrong):>8}"
        yield from (f"    {one}"[:240] for one in line.wrong[:SHOWN])
    yield "the books balance" if story.books.balance else "THE BOOKS DO NOT BALANCE"
