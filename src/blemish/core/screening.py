"""Is this picture defective? One answer a picture: what sorting goes by."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blemish.core.exact import share_interval
from blemish.core.metrics import Scored


@dataclass(frozen=True)
class Screening:
    """How pictures were sorted at a threshold; shares of nothing are nan.

    A picture is defective where it has a label that counts, and called so where it has any find.
    One whose labels are all ignored is neither, and left out.

    Attributes:
        num_caught: defective pictures that are called so.
        num_defective: how many there are.
        num_passed: clean pictures without a find.
        num_clean: how many there are.
        area: the chance that a defective picture's best score is above a clean one's, equal ones
            counting half: the area under the ROC curve, whatever the threshold.
    """

    num_caught: int
    num_defective: int
    num_passed: int
    num_clean: int
    area: float

    @property
    def sensitivity(self) -> float:
        """The share of the defective pictures that are caught."""
        return self.num_caught / self.num_defective if self.num_defective else math.nan

    @property
    def specificity(self) -> float:
        """The share of the clean pictures that pass."""
        return self.num_passed / self.num_clean if self.num_clean else math.nan

    @property
    def sensitivity_interval(self) -> tuple[float, float]:
        """The exact 95 % interval of the sensitivity."""
        return share_interval(self.num_caught, self.num_defective)

    @property
    def specificity_interval(self) -> tuple[float, float]:
        """The exact 95 % interval of the specificity."""
        return share_interval(self.num_passed, self.num_clean)


def screen(pictures: Sequence[Scored], threshold: float) -> Screening:
    """Sort pictures by whether they have a find of this score or above."""
    best = [float(found.scores.max(initial=0)) for found, _, _ in pictures]
    called = np.array([bool((found.scores >= threshold).any()) for found, _, _ in pictures], bool)
    defective = np.array([bool((~ignore).any()) for _, _, ignore in pictures], bool)
    clean = np.array([not len(true) for _, true, _ in pictures], bool)
    scores = np.array(best, np.float64)
    return Screening(
        int(called[defective].sum()),
        int(defective.sum()),
        int((~called[clean]).sum()),
        int(clean.sum()),
        area_under_roc(scores[defective], scores[clean]),
    )


def area_under_roc(high: NDArray[np.float64], low: NDArray[np.float64]) -> float:
    """Give the chance that one of the first is above one of the second; nan without either.

    Mann & Whitney's U over the number of pairs (Annals of Mathematical Statistics 18, 1947).
    """
    if not len(high) or not len(low):
        return math.nan
    order = np.sort(low)
    below = np.searchsorted(order, high, "left") + np.searchsorted(order, high, "right")
    return float(below.mean()) / 2 / len(low)
