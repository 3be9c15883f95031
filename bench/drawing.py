"""What the pictures of measurements share: the paper, in the light and in the dark, and a scale at the left."""

from __future__ import annotations

COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")
HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 420" font-family="sans-serif" font-size="12">\n'
    "<style>text{fill:#222}line{stroke:#888}.b{fill:#fff}@media(prefers-color-scheme:dark)"
    "{text{fill:#eee}.b{fill:#181818}}</style>\n"
    '<rect class="b" width="900" height="420"/>'
)
PARTS = 4


def scale(*, left: float, top: float, wide: float, high: float, marks: tuple[str, ...]) -> list[str]:
    """Return lines over the whole width with their marks, the lowest first; `high` is parted evenly."""
    out = []
    for part, mark in enumerate(marks):
        y = top + high - high * part / (len(marks) - 1)
        out.append(f'<line x1="{left}" x2="{left + wide}" y1="{y:.1f}" y2="{y:.1f}" stroke-width="0.5"/>')
        out.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{mark}</text>')
    return out
