"""Two detectors on the same pictures: how far apart, how sure, and on which marks they differ."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blemish.core.intervals import Ends, Resamples, Statistic, corrected_ends
from blemish.core.matching import match_centre
from blemish.core.metrics import Rule, Scored


@dataclass(frozen=True)
class Difference:
    """One number of two detectors, and the first less the second.

    Attributes:
        first, second: the numbers.
        interval: of the difference, 95 %: both are drawn on the same pictures, so what is hard
            for both does not widen it.
        first_better: the share of the draws in which the first is better, equal ones half.
    """

    first: float
    second: float
    interval: Ends
    first_better: float

    @property
    def difference(self) -> float:
        """The first less the second."""
        return self.first - self.second


def difference(
    first: Statistic, second: Statistic, resamples: Resamples, higher_is_better: bool = True
) -> Difference:
    """Compare a number of two detectors draw by draw; nan where it cannot be known."""
    values, left_out = (
        over(first) - over(second) for over in (resamples.values, resamples.left_out)
    )
    numbers = resamples.whole(first), resamples.whole(second)
    ends = corrected_ends(values, numbers[0] - numbers[1], left_out)
    gained = np.sign(values[~np.isnan(values)]) * (1 if higher_is_better else -1)
    share = float((gained + 1).mean() / 2) if len(gained) else float("nan")
    return Difference(*numbers, ends, share)


def label_scores(picture: Scored, rule: Rule = match_centre) -> NDArray[np.float64]:
    """Give for each true box the score of the find that answers for it, nan for none; (M,).

    What a find gets does not depend on finds of lower score, so a box is hit at a threshold where
    its score is at least that.
    """
    found, true, ignore = picture
    match = rule(found, true, ignore)
    scores = np.full(len(true), np.nan)
    scores[match.partner[match.hit]] = found.scores[match.hit]
    return scores


@dataclass(frozen=True, eq=False)
class Marks:
    """The true boxes of one picture, by who hits them at the thresholds; each (M,).

    Attributes:
        first, second: the scores of the finds that answer for them, nan for none at any score.
        only_first, only_second, both, neither: of those that count.
    """

    first: NDArray[np.float64]
    second: NDArray[np.float64]
    only_first: NDArray[np.bool_]
    only_second: NDArray[np.bool_]
    both: NDArray[np.bool_]
    neither: NDArray[np.bool_]

    @property
    def differ(self) -> bool:
        """Whether one finds what the other misses."""
        return bool((self.only_first | self.only_second).any())


def tell_apart(first: Scored, second: Scored, thresholds: Sequence[float]) -> Marks:
    """Sort the true boxes of a picture that both have looked at."""
    scores = label_scores(first), label_scores(second)
    # As float32, like the finds: what `find` takes is taken here.
    hit, also = (one >= np.float32(least) for one, least in zip(scores, thresholds, strict=True))
    counts = ~first[2]
    return Marks(
        *scores,
        hit & ~also & counts,
        also & ~hit & counts,
        hit & also & counts,
        ~hit & ~also & counts,
    )
