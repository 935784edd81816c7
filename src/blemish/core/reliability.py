"""Whether scores are chances: of finds scored 0.8, are four in five hits?

The table is the reliability diagram's, its gap the expected calibration error (Naeini, Cooper &
Hauskrecht, AAAI 2015; for detectors, with precision in place of accuracy, Kueppers et al., CVPR
Workshops 2020).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blemish.core.exact import share_interval
from blemish.core.matching import Mask
from blemish.core.resampling import Places
from blemish.core.scoremaps import ScoreMap, Scores

NUM_BINS = 10


@dataclass(frozen=True)
class Bin:
    """The finds of some scores.

    Attributes:
        low, high: the scores, from the first up to and without the second; the last with it.
        num_finds: how many there are.
        num_hits: how many of them are hits.
        mean_score: nan without finds.
    """

    low: float
    high: float
    num_finds: int
    num_hits: int
    mean_score: float

    @property
    def precision(self) -> float:
        """The share of hits; nan without finds."""
        return self.num_hits / self.num_finds if self.num_finds else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The exact 95 % interval of that share."""
        return share_interval(self.num_hits, self.num_finds)


def reliability(scores: Scores, hit: Mask, num_bins: int = NUM_BINS) -> tuple[Bin, ...]:
    """Give the table: as many bins of equal width from 0 to 1, with the finds of each."""
    ends = np.linspace(0, 1, num_bins + 1)
    places = np.clip(np.searchsorted(ends, scores.astype(np.float64), "right") - 1, 0, num_bins - 1)
    finds = np.bincount(places, minlength=num_bins)
    hits = np.bincount(places, weights=hit.astype(np.float64), minlength=num_bins)
    sums = np.bincount(places, weights=scores.astype(np.float64), minlength=num_bins)
    return tuple(
        Bin(
            *(float(ends[at]), float(ends[at + 1]), int(finds[at]), int(hits[at])),
            float(sums[at] / finds[at]) if finds[at] else math.nan,
        )
        for at in range(num_bins)
    )


def calibration_error(table: Sequence[Bin]) -> float:
    """Give the expected calibration error: the mean gap of score and share; nan of no finds."""
    used = [one for one in table if one.num_finds]
    number = sum(one.num_finds for one in used)
    gaps = sum(one.num_finds * abs(one.mean_score - one.precision) for one in used)
    return gaps / number if number else math.nan


def judged_apart(
    scores: Scores,
    hit: Mask,
    places: Places,
    fit: Callable[[Scores, Mask], ScoreMap],
    folds: NDArray[np.intp],
) -> Scores:
    """Give each find's chance by a map that was fitted without its fold of pictures.

    Args:
        scores: of each find.
        hit: whether it is one.
        places: the picture of each find.
        fit: makes a map; where it cannot, the scores stay as they are.
        folds: the fold of each picture.
    """
    chances = scores.copy()
    for fold in np.unique(folds):
        held = folds[places] == fold
        try:
            chances[held] = fit(scores[~held], hit[~held])(scores[held])
        except ValueError:  # the others hold only hits, or none
            continue
    return chances
