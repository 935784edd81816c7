"""How far a score may lie from the truth, as few pictures were looked at: bootstrap intervals.

Pictures are drawn with replacement, since finds and labels of one picture hang together (Efron &
Tibshirani, An Introduction to the Bootstrap, 1993). All draws are worked out at once, as weights
of the pictures.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from blemish.core.metrics import Judged, Scored, by_iou, judge

Weights = NDArray[np.int64]  # (draws, pictures): how often each picture is in each draw
Values = NDArray[np.float64]

MAX_CELLS = 2**22  # of an array for some draws at once; 32 MB


def average_precision_interval(
    pictures: Sequence[Scored],
    generator: np.random.Generator,
    iou: float = 0.5,
    num_draws: int = 1000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Give the percentile interval of the mean area under the curve of the classes.

    Of a handful of pictures it is too narrow, and of one it is a point; nan if no true box counts.
    """
    num_pictures = len(pictures)
    if not num_pictures:
        return float("nan"), float("nan")
    shares = np.full(num_pictures, 1 / num_pictures)
    weights = generator.multinomial(num_pictures, shares, num_draws)
    values = mean_areas(pictures, weights, iou)
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def mean_areas(pictures: Sequence[Scored], weights: Weights, iou: float = 0.5) -> Values:
    """Give the mean area under the curve of the classes for each draw of pictures.

    It is that of `average_precision` with `area_under_curve` on a list in which each picture
    stands as often as its weight; nan for a draw without true boxes.
    """
    judged = judge(pictures, by_iou(iou))
    areas = [_areas(judged, int(label), weights) for label in np.unique(judged.true_labels)]
    if not areas:
        return np.full(len(weights), np.nan)
    known = ~np.isnan(areas)
    total = np.where(known, areas, 0).sum(axis=0)
    count = known.sum(axis=0)
    return _share(total, count.astype(np.float64), np.nan)


def _areas(judged: Judged, label: int, weights: Weights) -> Values:
    """Give the area under the curve of one class for each draw; nan where it has no true box."""
    of_class = judged.labels == label
    hit, picture = judged.hit[of_class], judged.picture[of_class]
    num_hits = int(hit.sum())
    # Only at hits does recall step and precision rise: how many finds of each picture, (hits,
    # pictures), stand up to each hit. Those after the last hit change nothing.
    rank = np.cumsum(hit) - hit
    before_last = rank < num_hits
    finds = np.zeros((num_hits, weights.shape[1]))
    np.add.at(finds, (rank[before_last], picture[before_last]), 1)
    finds = finds.cumsum(axis=0)
    true = np.bincount(judged.true_picture[judged.true_labels == label], minlength=weights.shape[1])
    at_once = max(MAX_CELLS // max(num_hits, 1), 1)
    parts = [
        _weighted_areas(weights[start : start + at_once], picture[hit], finds, true)
        for start in range(0, len(weights), at_once)
    ]
    return np.concatenate(parts)


def _weighted_areas(
    weights: Weights, hit_picture: NDArray[np.intp], finds: Values, true: NDArray[np.intp]
) -> Values:
    num_true = (weights @ true).astype(np.float64)
    steps = weights[:, hit_picture]
    num_finds = weights @ finds.T
    precision = _share(steps.cumsum(axis=1), num_finds, 0.0)
    best_beyond = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    area = (steps * best_beyond).sum(axis=1)
    return _share(area, num_true, np.nan)


def _share(part: Values, whole: Values, of_nothing: float) -> Values:
    ratio = np.divide(part, whole, out=np.full(whole.shape, of_nothing), where=whole > 0)
    return np.asarray(ratio, np.float64)
