"""At which score a find counts, and how good the model is there."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from blemish.core.defects import Defects
from blemish.core.metrics import Scored, average_precision, centre_hit_recall
from blemish.synth.strength import LABEL_STRENGTH

Strength = NDArray[np.float32]

CLEAR = 10.0  # strength from which a mark stands out; from LABEL_STRENGTH on it is a label
MOST_FALSE = 0.1  # false finds a picture at the default threshold


@dataclass(frozen=True)
class Calibration:
    """The default threshold and what was measured with it.

    Attributes:
        threshold: lowest score with at most `MOST_FALSE` false finds a picture.
        false_per_picture: the rate that is reached.
        recall: share of the labels whose centre is hit at the threshold.
        ap50: average precision at IoU 0.5 of all labels.
        ap50_clear: the same of those that stand out, the others ignored.
        pictures: how many were looked at.
        labels: how many marks counted.
    """

    threshold: float
    false_per_picture: float
    recall: float
    ap50: float
    ap50_clear: float
    pictures: int
    labels: int

    def facts(self) -> dict[str, float]:
        """Give the numbers that are known, rounded to what they are good for."""
        return {name: round(n, 4) for name, n in asdict(self).items() if not math.isnan(n)}


def scored(
    found: Defects, true: Defects, strength: Strength, least: float = LABEL_STRENGTH
) -> Scored:
    """Give what was found and what is true; marks weaker than ``least`` are ignored."""
    return found, true, np.asarray(strength < least)


def rounded_up(threshold: float) -> float:
    """Give a threshold in four digits that lets no more pass."""
    return min(math.ceil(threshold * 1e4) / 1e4, 1.0)


def calibrate(judged: Iterable[tuple[Defects, Defects, Strength]]) -> Calibration:
    """Choose the threshold on finds of any score, the true marks and how strong each is."""
    rows = list(judged)
    every = [scored(*row) for row in rows]
    clear = [scored(*row, CLEAR) for row in rows]
    point = centre_hit_recall(every, MOST_FALSE)
    return Calibration(
        threshold=rounded_up(point.threshold),
        false_per_picture=point.false_per_picture,
        recall=point.recall,
        ap50=average_precision(every),
        ap50_clear=average_precision(clear),
        pictures=len(rows),
        labels=sum(int((~ignored).sum()) for _, _, ignored in every),
    )
