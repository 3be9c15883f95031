"""What cross-validation shows: how much each model counts, how sure it is, what to refuse, when n-grams are enough."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bot.nlu.examples import OUT_OF_SCOPE
from bot.nlu.recipe import DANGER_SHARE, Mix, Recipe, Scale, alarm_scores, margins, refusal_scores, softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bot.nlu.recipe import Floats

LEXICAL_SHARES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
TEMPERATURES = tuple(1.1**power for power in range(-30, 31))
SHORTCUT_MARGINS = tuple(step / 20 for step in range(4, 41))
# At most this share of good lines is refused. Of messages in another voice it is about half of that.
REFUSED_IN_SCOPE = 0.065
LOST_BY = 0.001  # answering without the encoder may cost at most this share of right answers
PASSED_BY = 0.01  # and let pass at most this share of what is not ours
# Of ordinary messages, and of those that only sound like danger, at most this share may be taken for danger. Counted
# together, as many more lines of the second kind as an author thinks of would make it deaf to the danger itself.
FALSE_ALARMS, FALSE_ALARMS_SOUNDING = 0.012, 0.1
MISSED_ANYWAY = 0.005  # the share of danger that no threshold would save: mistakes of ours, most of them
ENOUGH_LINES = 100  # in Latin letters instead of their own, to measure a mix for those
ENOUGH_OTHERS = 10  # examples of what is not ours, to choose a threshold by them
MANY_LINES = 5000  # so many that were measured are of several authors
_AS_GOOD = 0.007  # of those, what makes so few more wrong is as good: they say nothing of an author they do not know
_BY_CHANCE = 0.45  # standard errors: of few lines, what is right that much less often may be so by chance
_NEVER = float("inf")


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """
    The scores that lines got from models which had not seen them; one row a line, one column an intent.

    `sounds` says which lines sound like danger and are none.
    """

    intents: tuple[str, ...]
    columns: NDArray[np.intp]
    meaning: Floats | None
    lexical: Floats
    beside: Floats
    near: Floats
    danger: Floats
    sounds: NDArray[np.bool_]
    alarming: frozenset[str] = frozenset()

    @property
    def ours(self) -> NDArray[np.bool_]:
        """Which lines are not out of scope."""
        return np.array([self.intents[column] != OUT_OF_SCOPE for column in self.columns], dtype=bool)

    @property
    def in_danger(self) -> NDArray[np.bool_]:
        """Which lines are of somebody in danger."""
        return np.array([self.intents[column] in self.alarming for column in self.columns], dtype=bool)

    def only(self, rows: NDArray[np.bool_]) -> HeldOut:
        """Return the part about these lines."""
        return HeldOut(
            intents=self.intents,
            columns=self.columns[rows],
            meaning=None if self.meaning is None else self.meaning[rows],
            lexical=self.lexical[rows],
            beside=self.beside[rows],
            near=self.near[rows],
            danger=self.danger[rows],
            sounds=self.sounds[rows],
            alarming=self.alarming,
        )

    def mixed(self, share: float) -> Floats:
        """Return the scores with the models of the n-grams counting so much."""
        return self.lexical if self.meaning is None else self.meaning + np.float32(share) * self.beside

    def right(self, scores: Floats) -> NDArray[np.bool_]:
        """Return for which lines the best intent, out_of_scope aside, is the right one."""
        own = np.array([place for place, intent in enumerate(self.intents) if intent != OUT_OF_SCOPE])
        found: NDArray[np.bool_] = own[scores[:, own].argmax(axis=1)] == self.columns
        return found


def measured(recipe: Recipe, held_out: HeldOut, romanised: NDArray[np.bool_]) -> Recipe:
    """Return the classifier with its shares, temperatures and thresholds, as unseen lines show them."""
    if not held_out.ours.any():
        return recipe
    recipe = replace(recipe, lexical_scale=_scale(held_out, held_out.lexical, near=False))
    if held_out.meaning is None:
        return recipe
    in_own_script, in_latin = held_out.only(~romanised), held_out.only(romanised)
    native = _mix(in_own_script) if in_own_script.ours.any() else Mix()
    latin = _mix(in_latin) if in_latin.ours.sum() >= ENOUGH_LINES else native
    recipe = replace(recipe, native=native, romanised=latin)
    scores, refused = held_out.mixed(native.lexical_share), np.zeros(len(romanised), dtype=bool)
    for rows, part, mix in ((~romanised, in_own_script, native), (romanised, in_latin, latin)):
        scores[rows] = part.mixed(mix.lexical_share)
        refused[rows] = refusal_scores(scores[rows], part.near, part.intents, mix.scale) < mix.scale.refuse_below
    return replace(recipe, shortcut_margin=_shortcut_margin(held_out, scores, refused))


def _mix(held_out: HeldOut) -> Mix:
    share = _lexical_share(held_out)
    return Mix(lexical_share=share, scale=_scale(held_out, held_out.mixed(share), near=True))


def _lexical_share(held_out: HeldOut) -> float:
    """
    Return how much the n-grams should count beside the sentence vector.

    Of few lines, the middle of what is as good as any. Of many, the most: of a whole author it did not know, two to
    four in a hundred more were right at 8 than at 3, where lines dealt one by one show that one in a hundred more is
    wrong.
    """
    own = held_out.columns
    right = {share: float((held_out.mixed(share).argmax(axis=1) == own).mean()) for share in LEXICAL_SHARES}
    best, many = max(right.values()), len(own) >= MANY_LINES
    less = _AS_GOOD if many else _BY_CHANCE * np.sqrt(best * (1 - best) / len(own))
    as_good = [share for share in LEXICAL_SHARES if right[share] >= best - less]
    return as_good[-1] if many else as_good[len(as_good) // 2]


def _best_temperature(scores: Floats, columns: NDArray[np.intp]) -> tuple[float, float]:
    """Return the temperature under which the unseen lines surprise least, and how much they do."""
    own = np.arange(len(columns)), columns
    losses = {
        temperature: float(-np.log(softmax(scores / temperature)[own] + 1e-12).mean()) for temperature in TEMPERATURES
    }
    best = min(losses, key=losses.__getitem__)
    return best, losses[best]


def _scale(held_out: HeldOut, scores: Floats, *, near: bool) -> Scale:
    ours, intents = held_out.ours, held_out.intents
    own = [place for place, intent in enumerate(intents) if intent != OUT_OF_SCOPE]
    best = scores[ours][:, own].max(axis=1)
    outside = scores[ours, intents.index(OUT_OF_SCOPE)] if OUT_OF_SCOPE in intents else np.zeros(1)
    close = held_out.near if near else None
    scale = Scale(
        temperature=_best_temperature(scores, held_out.columns)[0],
        best_mean=float(best.mean()),
        best_deviation=_deviation(best),
        near_mean=float(held_out.near[ours].mean()),
        near_deviation=_deviation(held_out.near[ours]),
        outside_mean=float(outside.mean()),
        outside_deviation=_deviation(outside),
    )
    looks_ours = refusal_scores(scores, close, intents, scale)
    scale = replace(scale, refuse_below=_threshold(looks_ours[ours], looks_ours[~ours]))
    return replace(scale, alarm_at=_alarm_at(held_out, scores, scale, near=near))


def _alarm_at(held_out: HeldOut, scores: Floats, scale: Scale, *, near: bool) -> float:
    """
    Return the odds at which danger is heard: as low as the false alarms allow, that is lower than most would dare.

    A miss is worse than a fright. It is raised only where no danger among the unseen lines would be missed by it.
    """
    in_danger = held_out.in_danger
    if not in_danger.any() or in_danger.all():
        return float("inf")
    odds = alarm_scores(scores, held_out.intents, held_out.alarming, scale)
    if near:
        odds = odds + DANGER_SHARE * held_out.danger
    highest = float(np.quantile(odds[in_danger], MISSED_ANYWAY))
    for lines, share in ((~held_out.sounds, FALSE_ALARMS), (held_out.sounds, FALSE_ALARMS_SOUNDING)):
        harmless = odds[lines & ~in_danger]
        if len(harmless):
            highest = max(highest, float(np.quantile(harmless, 1 - share)))
    return highest


def _deviation(values: NDArray[Any]) -> float:
    return float(values.std()) or 1.0


def _threshold(ours: Floats, others: Floats) -> float:
    """
    Return the score below which a message is refused: at most one in twenty of ours.

    With enough examples of what is not ours, the one that refuses most of those for the fewest of ours.
    """
    highest = float(np.quantile(ours, REFUSED_IN_SCOPE))
    if len(others) < ENOUGH_OTHERS:
        return highest
    candidates = [float("-inf"), *(float(score) for score in np.unique(ours) if score <= highest), highest]
    return max(candidates, key=lambda score: (float((others < score).mean() - (ours < score).mean()), score))


def _shortcut_margin(held_out: HeldOut, full: Floats, refused: NDArray[np.bool_]) -> float:
    """
    Return the smallest lead of the n-grams' best intent at which asking the encoder no longer helps.

    What is lost there and at every larger lead, with its standard error added, stays below LOST_BY.
    """
    lead = margins(held_out.lexical, held_out.intents)
    alone, together, others = held_out.right(held_out.lexical), held_out.right(full), ~held_out.ours
    smallest = _NEVER
    for margin in reversed(SHORTCUT_MARGINS):
        taken = lead >= margin
        lost, won = (taken & together & ~alone).sum(), (taken & alone & ~together).sum()
        passed = (taken & others & refused).sum()
        if lost - won + np.sqrt(lost + won) > LOST_BY * len(lead) or passed > PASSED_BY * others.sum():
            break
        smallest = margin
    return smallest
