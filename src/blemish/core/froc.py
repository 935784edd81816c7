"""Recall against false finds a picture, over all thresholds: the FROC curve.

Free-response receiver operating characteristic (Bunch, Hamilton, Sanderson & Simmons, SPIE 127,
1977); the mean recall at seven rates is the score of the LUNA16 challenge.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blemish.core.matching import match_centre
from blemish.core.metrics import Judged, Rule, Scored, judge

RATES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
LUNA_RATES = (1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True, eq=False)
class Froc:
    """A curve, a point for each score at which recall rises, best score first.

    Equal scores are one point. Empty where nothing is hit; recall is nan where nothing is true.

    Attributes:
        thresholds: finds of this score and above are taken.
        false_per_picture: false finds a picture there.
        recall: the share of the true boxes that are hit there.
        num_true, num_pictures: what the shares are of.
    """

    thresholds: NDArray[np.float32]
    false_per_picture: NDArray[np.float64]
    recall: NDArray[np.float64]
    num_true: int
    num_pictures: int

    def recall_at(self, rate: float) -> float:
        """Give the best recall with at most so many false finds a picture."""
        if not self.num_true:
            return math.nan
        # A rate times a count of pictures may fall a hair under the whole number.
        allowed = self.false_per_picture * self.num_pictures <= rate * self.num_pictures + 1e-9
        return float(self.recall[allowed].max(initial=0.0))

    def mean_recall(self, rates: Sequence[float] = LUNA_RATES) -> float:
        """Give the mean recall at some rates."""
        return float(np.mean([self.recall_at(rate) for rate in rates]))


def froc(pictures: Sequence[Scored], rule: Rule = match_centre, label: int | None = None) -> Froc:
    """Give the curve of one label, or of all labels together."""
    return froc_of(judge(pictures, rule), label)


def froc_of(judged: Judged, label: int | None = None) -> Froc:
    """Give the curve of finds that are judged."""
    which = np.ones(len(judged.labels), bool) if label is None else judged.labels == label
    scores, hit = judged.scores[which], judged.hit[which]
    is_true = (
        judged.true_labels if label is None else judged.true_labels[judged.true_labels == label]
    )
    ends = np.flatnonzero(np.append(scores[1:] != scores[:-1], True)[: len(scores)])
    hits, false = hit.cumsum()[ends], (~hit).cumsum()[ends]
    rises = np.diff(hits, prepend=0) > 0
    return Froc(
        scores[ends][rises],
        false[rises] / max(judged.num_pictures, 1),
        hits[rises] / max(len(is_true), 1),
        len(is_true),
        judged.num_pictures,
    )
