"""The reminders of each week as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.drawing import COLOURS, HEAD, PARTS, scale

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence
    from datetime import date


def drawn(weeks: Mapping[date, Counter[str]], names: Sequence[str]) -> str:
    """Return the reminders of each week by layer, as stacked bars."""
    most = max((sum(one.values()) for one in weeks.values()), default=1)
    left, top, wide, high = 70, 40, 800, 300
    step = wide / max(1, len(weeks))
    marks = tuple(f"{most * part // PARTS}" for part in range(PARTS + 1))
    out = [HEAD, *scale(left=left, top=top, wide=wide, high=high, marks=marks)]
    for at, (week, counted) in enumerate(sorted(weeks.items())):
        y, x = float(top + high), left + at * step
        for number, name in enumerate(names):
            size = high * counted[name] / most
            y -= size
            size_of = f'width="{step * 0.8:.1f}" height="{size:.1f}"'
            out.append(f'<rect x="{x:.1f}" y="{y:.1f}" {size_of} fill="{COLOURS[number % 6]}"/>')
        if at % max(1, len(weeks) // 9) == 0:
            out.append(f'<text x="{x:.1f}" y="{top + high + 18}">{week}</text>')
    for number, name in enumerate(names):
        x = left + number * 110
        out.append(f'<rect x="{x}" y="14" width="12" height="12" fill="{COLOURS[number % 6]}"/>')
        out.append(f'<text x="{x + 17}" y="24">{name}</text>')
    out.append(f'<text x="{left + wide / 2}" y="385" text-anchor="middle">week that begins on</text>')
    out.append(
        '<text transform="translate(16 190) rotate(-90)" text-anchor="middle">reminders sent a week</text></svg>'
    )
    return "\n".join(out) + "\n"
