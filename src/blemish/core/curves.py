"""Curves of an evaluation with a band around them: where they lie for other pictures like these.

The band is pointwise: at each place of the curve the middle 95 % of its draws, the percentiles of
the bootstrap over pictures or groups (Efron & Tibshirani, An Introduction to the Bootstrap, 1993,
chapter 13).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from blemish.core.intervals import LEVEL, Resamples
from blemish.core.metrics import Judged
from blemish.core.resampling import MAX_CELLS, Values, Weights, shares

RECALLS = np.linspace(0, 1, 101)
RATES = np.logspace(-2, 1, 61)
NUM_DRAWS = 500  # the 2.5 % ends are then the thirteenth values, enough to draw

Places = NDArray[np.float64]  # (places,): recalls, or false finds a picture
Curve = Callable[[Judged, Weights, Places], Values]
"""From finds and draws of pictures to the values (draws, places); nan without true boxes."""


def precision_at(judged: Judged, weights: Weights, recalls: Places) -> Values:
    """Give the best precision at each recall or beyond, 0 where it is not reached.

    All labels are one list, so that of several classes it is the curve of all finds together.
    """
    num_hit, num_finds, num_true = _running(judged, weights)
    precision = shares(num_hit, num_finds, 0.0)
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    best = np.concatenate([best, np.zeros((len(best), 1))], axis=1)
    values = np.full((len(weights), len(recalls)), np.nan)
    for row in np.flatnonzero(num_true):
        at = np.searchsorted(num_hit[row] / num_true[row], recalls)  # as COCO's program does
        values[row] = best[row, at]
    return values


def recall_at(judged: Judged, weights: Weights, rates: Places) -> Values:
    """Give the best recall with at most so many false finds a picture: see `blemish.core.froc`."""
    num_hit, num_finds, num_true = _running(judged, weights)
    last = np.append(judged.scores[1:] != judged.scores[:-1], True)[: len(judged.scores)]
    hits, false = num_hit[:, last], (num_finds - num_hit)[:, last]
    hits = np.concatenate([np.zeros((len(hits), 1)), hits], axis=1)
    values = np.full((len(weights), len(rates)), np.nan)
    for row in np.flatnonzero(num_true):
        allowed = rates * weights[row].sum() + 1e-9
        at = np.searchsorted(false[row], allowed, side="right")
        values[row] = hits[row, at] / num_true[row]
    return values


def banded(curve: Curve, judged: Judged, places: Places, resamples: Resamples) -> Values:
    """Give rows (places, 4): the place, the value, and the ends of its 95 % interval.

    Empty where no true box counts.
    """
    if not len(judged.true_labels):
        return np.zeros((0, 4))
    whole = curve(judged, np.ones((1, judged.num_pictures), np.int64), places)[0]
    at_once = max(MAX_CELLS // max(len(judged.scores), judged.num_pictures, 1), 1)
    rows = resamples.drawn[:NUM_DRAWS]
    drawn = np.concatenate(
        [
            curve(judged, rows[at : at + at_once][:, resamples.places], places)
            for at in range(0, len(rows), at_once)
        ]
    )
    known = drawn[~np.isnan(drawn[:, 0])]
    ends = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return np.column_stack([places, whole, ends[0], ends[1]])


def _running(judged: Judged, weights: Weights) -> tuple[Values, Values, NDArray[np.int64]]:
    """Give hits and finds so far (draws, finds), best score first, and true boxes (draws,)."""
    times = weights[:, judged.picture].astype(np.float64)
    num_true = weights[:, judged.true_picture].sum(axis=1)
    return (times * judged.hit).cumsum(axis=1), times.cumsum(axis=1), num_true
