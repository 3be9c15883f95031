"""The reminders of each week as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence
    from datetime import date


def drawn(weeks: Mapping[date, Counter[str]], names: Sequence[str]) -> str:
    """Return the reminders of each week by layer, as stacked bars."""
    colours = ("#4477aa", "#66ccee", "#228833", "#ccbb44", "#ee6677", "#aa3377")
    most = max((sum(one.values()) for one in weeks.values()), default=1)
    left, top, wide, high = 70, 40, 800, 300
    step = wide / max(1, len(weeks))
    out = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 420" font-family="sans-serif" font-size="12">',
        (
            "<style>text{fill:#222}line{stroke:#888}.b{fill:#fff}@media(prefers-color-scheme:dark)"
            "{text{fill:#eee}.b{fill:#181818}}</style>"
        ),
        '<rect class="b" width="900" height="420"/>',
    ]
    for part in range(5):
        y = top + high - high * part / 4
        out.append(f'<line x1="{left}" x2="{left + wide}" y1="{y:.1f}" y2="{y:.1f}" stroke-width="0.5"/>')
        out.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{most * part // 4}</text>')
    for at, (week, counted) in enumerate(sorted(weeks.items())):
        y, x = float(top + high), left + at * step
        for number, name in enumerate(names):
            size = high * counted[name] / most
            y -= size
            size_of = f'width="{step * 0.8:.1f}" height="{size:.1f}"'
            out.append(f'<rect x="{x:.1f}" y="{y:.1f}" {size_of} fill="{colours[number % 6]}"/>')
        if at % max(1, len(weeks) // 9) == 0:
            out.append(f'<text x="{x:.1f}" y="{top + high + 18}">{week}</text>')
    for number, name in enumerate(names):
        x = left + number * 110
        out.append(f'<rect x="{x}" y="14" width="12" height="12" fill="{colours[number % 6]}"/>')
        out.append(f'<text x="{x + 17}" y="24">{name}</text>')
    out.append(f'<text x="{left + wide / 2}" y="385" text-anchor="middle">week that begins on</text>')
    out.append(
        '<text transform="translate(16 190) rotate(-90)" text-anchor="middle">reminders sent a week</text></svg>'
    )
    return "\n".join(out) + "\n"
