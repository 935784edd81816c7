"""How far a score may lie from the truth, as few pictures were looked at: bootstrap intervals.

Pictures, or groups of them, are drawn with replacement, since finds and labels of one picture hang
together. The ends are corrected for bias and skewness (BCa: Efron, JASA 82, 1987; Efron &
Tibshirani, An Introduction to the Bootstrap, 1993, chapter 14): average precision of few pictures
lies a little high, so the plain percentiles would too. `benchmarks/coverage.py` measures how often
they hold the truth.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from blemish.core.metrics import Scored, by_iou, judge
from blemish.core.resampling import (
    Places,
    Reach,
    Values,
    Weights,
    draw_groups,
    each_alone,
    leave_out_each,
    mean_precisions,
    num_groups,
    share_reached,
)

NUM_DRAWS = 2000
LEVEL = 0.95
FEW_GROUPS = 20
"""Below so many pictures or groups the ends lie too near each other."""
MAX_GROUPS = 5000
MAX_WEIGHTS = 2**22  # of some draws of pictures at once; 32 MB

Statistic = Callable[[Weights], Values]
"""From draws of pictures to a number for each, nan where there is none."""

Ends = tuple[float, float]

_NORMAL = NormalDist()


@dataclass(frozen=True, eq=False)
class Resamples:
    """The draws that all numbers of a result share, so that they can be compared draw by draw.

    Attributes:
        places: the group of each picture.
        drawn: (draws, groups), how often each is in each draw.
    """

    places: Places
    drawn: Weights

    @classmethod
    def of(
        cls, places: Places, generator: np.random.Generator, num_draws: int = NUM_DRAWS
    ) -> "Resamples":
        """Draw the groups of pictures; `each_alone` gives a group to each.

        Very many groups are bunched, as the draws of 5,000 differ in nothing that can be seen.
        """
        places = places % MAX_GROUPS
        return cls(places, draw_groups(num_groups(places), num_draws, generator))

    @property
    def num_groups(self) -> int:
        """How many groups are drawn from."""
        return int(self.drawn.shape[1])

    def values(self, statistic: Statistic) -> Values:
        """Give a number in each draw."""
        return self._over(statistic, self.drawn)

    def left_out(self, statistic: Statistic) -> Values:
        """Give a number without each group in turn."""
        return self._over(statistic, leave_out_each(self.num_groups))

    def whole(self, statistic: Statistic) -> float:
        """Give a number of the pictures as they are."""
        return float(statistic(np.ones((1, len(self.places)), np.int64))[0])

    def interval(self, statistic: Statistic, level: float = LEVEL) -> Ends:
        """Give the interval of a number."""
        estimate = self.whole(statistic)
        return corrected_ends(self.values(statistic), estimate, self.left_out(statistic), level)

    def _over(self, statistic: Statistic, rows: Weights) -> Values:
        at_once = max(MAX_WEIGHTS // max(len(self.places), 1), 1)
        starts = range(0, len(rows), at_once)
        parts = [statistic(rows[at : at + at_once][:, self.places]) for at in starts]
        return np.concatenate([*parts, np.zeros(0)])


def average_precision_interval(
    pictures: Sequence[Scored],
    generator: np.random.Generator,
    iou: float = 0.5,
    num_draws: int = NUM_DRAWS,
    level: float = LEVEL,
) -> Ends:
    """Give the interval of the mean area under the curve of the classes.

    Of a handful of pictures it is too narrow, and of one it is a point; nan if no true box counts.
    """
    judged = judge(pictures, by_iou(iou))
    resamples = Resamples.of(each_alone(len(pictures)), generator, num_draws)
    return resamples.interval(lambda weights: mean_precisions(judged, weights), level)


def mean_areas(
    pictures: Sequence[Scored], weights: Weights, iou: float = 0.5, reach: Reach = share_reached
) -> Values:
    """Give `mean_precisions` of pictures, judged by IoU."""
    return mean_precisions(judge(pictures, by_iou(iou)), weights, reach)


def corrected_ends(values: Values, estimate: float, left_out: Values, level: float = LEVEL) -> Ends:
    """Give the bias-corrected and accelerated ends of a number's draws.

    Args:
        values: the number in each draw; nan where it cannot be known, which are not counted.
        estimate: the number of the pictures as they are.
        left_out: the number without each group of pictures.
        level: how often the interval is to hold the truth.
    """
    known = values[~np.isnan(values)]
    if not len(known) or math.isnan(estimate):
        return math.nan, math.nan
    # Draws that equal the estimate count half, and no share is 0 or 1: the normal ends there.
    below = (np.sum(known < estimate) + np.sum(known == estimate) / 2) / len(known)
    shift = _NORMAL.inv_cdf(min(max(float(below), 0.5 / len(known)), 1 - 0.5 / len(known)))
    bend = acceleration(left_out)
    shares = [_moved(side, shift, bend) for side in ((1 - level) / 2, (1 + level) / 2)]
    low, high = np.quantile(known, shares)
    return float(low), float(high)


def acceleration(left_out: Values) -> float:
    """Give how fast the deviation changes with the number: a sixth of the jackknife's skewness."""
    known = left_out[~np.isnan(left_out)]
    if not len(known):
        return 0.0
    away = known.mean() - known
    spread = float(np.sum(away**2)) ** 1.5
    return float(np.sum(away**3)) / (6 * spread) if spread > 0 else 0.0


def _moved(share: float, shift: float, bend: float) -> float:
    """Give the share of the draws to cut at, in place of ``share``."""
    at = shift + _NORMAL.inv_cdf(share)
    left = 1 - bend * at
    if left <= 0:  # past the pole of the formula: the outermost draw
        return 0.0 if at < 0 else 1.0
    return _NORMAL.cdf(shift + at / left)
