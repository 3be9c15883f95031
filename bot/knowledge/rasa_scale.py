"""How nlu/rasa.yml is written: what a Rasa server's confidence is worth (bot/nlu/confidence.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.nlu.confidence import Scale

RASA_FILE = "nlu/rasa.yml"

_HEAD = """\
# How the confidence of a Rasa server (NLU_ENGINE=rasa) is read, measured on lines that it was not trained on.
#
#   refuse_below  a message whose best intent Rasa is less sure of is "not understood"; one good message in twenty is
#   calibration   Rasa's confidence, and the share of such guesses that was right; between two points lies a line
#
# `wegwijs rasa calibrate FILE` writes it. Measure anew when nlu/config.yml or much of nlu/data changes: make bench-rasa
"""


def written(scale: Scale) -> str:
    """Return the file."""
    points = [f"  - [{at:g}, {share:g}]" for at, share in scale.points]
    return "\n".join([_HEAD + f"refuse_below: {scale.refuse_below:g}", "calibration:", *points, ""])
