"""How another engine's confidence is read: what share of such guesses was right, and below which one is no guess."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

# As nlu/recipe.py does for our own: of good messages, one in twenty may be refused.
REFUSES: Final = 0.05
MOST_POINTS: Final = 12
# Fewer lines than this say nothing of a share.
FEWEST: Final = 30


@dataclass(frozen=True, kw_only=True)
class Scale:
    """
    The other engine's confidence (0 to 1) against the share of its first guesses that was right (0 to 1).

    `points` rise in both; between two of them the share lies on a straight line. A first guess below `refuse_below` is
    a refusal.
    """

    refuse_below: float
    points: tuple[tuple[float, float], ...]

    def share(self, confidence: float) -> float:
        """Return how often a first guess of this confidence is right."""
        after = bisect_right([at for at, _ in self.points], confidence)
        if after == 0:
            return self.points[0][1]
        if after == len(self.points):
            return self.points[-1][1]
        (low, low_share), (high, high_share) = self.points[after - 1], self.points[after]
        return low_share + (high_share - low_share) * (confidence - low) / (high - low)


@dataclass(frozen=True, kw_only=True)
class Guessed:
    """A message's first guess by the other engine; `ours` is false for what is not for us, and then never right."""

    confidence: float
    right: bool
    ours: bool


class TooFewError(ValueError):
    """There are too few messages to say what the other engine's confidence is worth."""

    def __init__(self, found: int) -> None:
        super().__init__(f"{found} messages of ours; {FEWEST} are needed at least")


def scale_of(guesses: Sequence[Guessed]) -> Scale:
    """
    Return the scale of these guesses, which the other engine must not have been trained on.

    The share is the best one that never falls as the confidence rises (isotonic regression).

    Raises:
        TooFewError: fewer than 30 of them are ours.

    """
    ours = sorted(one.confidence for one in guesses if one.ours)
    if len(ours) < FEWEST:
        raise TooFewError(len(ours))
    from sklearn import isotonic  # only when measuring: nothing that answers loads it

    rising: Any = isotonic.IsotonicRegression  # it ships no types
    regression = rising(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    confidences = sorted(one.confidence for one in guesses)
    regression.fit([one.confidence for one in guesses], [float(one.right) for one in guesses])
    # As many of the messages lie between one point and the next.
    last = len(confidences) - 1
    at = sorted({round(confidences[last * step // (MOST_POINTS - 1)], 4) for step in range(MOST_POINTS)})
    shares = [round(float(share), 4) for share in regression.predict(at)]
    return Scale(refuse_below=round(ours[int(len(ours) * REFUSES)], 4), points=tuple(zip(at, shares, strict=True)))
