"""The cost of a turn beside the size of the tables, as a picture."""

from __future__ import annotations

from math import log10
from typing import TYPE_CHECKING

from bench.drawing import COLOURS, HEAD, PARTS, scale

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEFT, TOP, WIDE, HIGH = 70, 50, 780, 300


def drawn(lines: Mapping[str, Sequence[tuple[int, float]]]) -> str:
    """Return lines of (messages in the tables, cost beside the cost at the fewest); each tenfold is one step."""
    points = [point for line in lines.values() for point in line]
    first, last = (log10(edge(at for at, _ in points)) for edge in (min, max))
    most = max(2.0, *(value * 1.1 for _, value in points))
    steps = max(1.0, last - first)

    def place(at: int, value: float) -> tuple[float, float]:
        return LEFT + WIDE * (log10(at) - first) / steps, TOP + HIGH - HIGH * value / most

    marks = tuple(f"{most * part / PARTS:.2f}" for part in range(PARTS + 1))
    out = [HEAD, *scale(left=LEFT, top=TOP, wide=WIDE, high=HIGH, marks=marks)]
    out.extend(
        f'<text x="{place(at, 0)[0]:.1f}" y="{TOP + HIGH + 20}" text-anchor="middle">{at:,}</text>'
        for at in sorted({at for at, _ in points})
    )
    for number, (name, line) in enumerate(lines.items()):
        colour, x = COLOURS[number % len(COLOURS)], LEFT + number * 190
        dots = [place(at, value) for at, value in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out.extend(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in dots)
        out.append(f'<rect x="{x}" y="16" width="12" height="12" fill="{colour}"/>')
        out.append(f'<text x="{x + 17}" y="26">{name}</text>')
    out.append(f'<text x="{LEFT + WIDE / 2}" y="400" text-anchor="middle">messages in the tables</text>')
    beside = "a turn, beside the fewest messages"
    out.append(f'<text transform="translate(16 200) rotate(-90)" text-anchor="middle">{beside}</text></svg>')
    return "\n".join(out) + "\n"
