"""What a score comes to when other pictures had been looked at: many draws worked out at once.

A draw is a row of weights, how often each picture is in it. The finds are sorted once; a draw only
changes how often each counts, so its precision-recall curve is two running sums. Blocks of draws
small enough for the processor's near memory take a sixth of the time of all at once.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from blemish.core.metrics import Judged

Weights = NDArray[np.int64]  # (draws, pictures): how often each picture is in each draw
Values = NDArray[np.float64]  # (draws,), or (draws, hits) on the way
Places = NDArray[np.intp]  # (pictures,): the group that each belongs to, from 0

Reach = Callable[[Values, Values], Values]
"""From the true boxes hit so far, (draws, hits), and all of them, (draws, 1), to how much of the
average is reached there: `share_reached` or `points_reached`."""

MAX_LEFT_OUT = 500
MAX_CELLS = 2**16  # of an array for some draws at once; 512 kB


def each_alone(num_pictures: int) -> Places:
    """Give the places of pictures that each are a group of their own."""
    return np.arange(num_pictures, dtype=np.intp)


def num_groups(places: Places) -> int:
    """Give the number of groups."""
    return int(places.max(initial=-1)) + 1


def group_places(names: Sequence[str]) -> Places:
    """Give the places of pictures that belong together where their names are equal."""
    return np.asarray(np.unique(np.array(names, object), return_inverse=True)[1], np.intp)


def draw_groups(number: int, num_draws: int, generator: np.random.Generator) -> Weights:
    """Draw as many groups as there are with replacement, so many times: (draws, groups)."""
    if not number:
        return np.zeros((num_draws, 0), np.int64)
    return generator.multinomial(number, np.full(number, 1 / number), num_draws)


def leave_out_each(number: int, most: int = MAX_LEFT_OUT) -> Weights:
    """Give a row for each group, in which all others are once: (rows, groups).

    Of more than ``most`` groups several are left out at a time; the skewness that is worked out
    from them, over the root of their number, stays the same.
    """
    rows = np.arange(min(number, most))[:, None]
    return np.asarray(np.arange(number) % max(len(rows), 1) != rows, np.int64)


def share_reached(num_hit: Values, num_true: Values) -> Values:
    """Give the recall: the average over it is the whole area under the curve."""
    return num_hit / np.maximum(num_true, 1)


def points_reached(num_hit: Values, num_true: Values) -> Values:
    """Give the share of COCO's 101 recalls that are reached, exactly as a search would."""
    recall = num_hit / np.maximum(num_true, 1)
    nearest = np.rint(recall * 100).astype(np.intp)
    return (nearest + (_RECALLS[nearest] <= recall)) / 101


_RECALLS = np.linspace(0, 1, 101)


def mean_precisions(judged: Judged, weights: Weights, reach: Reach = share_reached) -> Values:
    """Give the mean over the classes of average precision for each draw of pictures.

    It is that of a list in which each picture stands as often as its weight, but that equal scores
    stay in the order of the pictures; nan for a draw without true boxes.
    """
    labels = np.unique(judged.true_labels)
    total, number = np.zeros(len(weights)), np.zeros(len(weights))
    for label in labels:
        values = _precisions_of(judged, int(label), weights, reach)
        known = ~np.isnan(values)
        total[known] += values[known]
        number[known] += 1
    return shares(total, number)


def shares(part: Values, whole: Values, of_nothing: float = np.nan) -> Values:
    """Divide; what there is nothing of gives ``of_nothing``."""
    ratio = np.divide(part, whole, out=np.full(whole.shape, of_nothing), where=whole > 0)
    return np.asarray(ratio, np.float64)


def _precisions_of(judged: Judged, label: int, weights: Weights, reach: Reach) -> Values:
    """Give the average precision of one class for each draw; nan where it has no true box."""
    of_class = judged.labels == label
    hits = np.flatnonzero(judged.hit[of_class])
    if not len(hits):
        is_true = judged.true_labels == label
        lacking = weights[:, judged.true_picture[is_true]].sum(axis=1) == 0
        return np.where(lacking, np.nan, 0.0)
    # What is found after the last hit changes nothing.
    picture = judged.picture[of_class][: hits[-1] + 1]
    true = np.bincount(judged.true_picture[judged.true_labels == label], minlength=weights.shape[1])
    at_once = max(MAX_CELLS // len(picture), 1)
    starts = range(0, len(weights), at_once)
    parts = [_block(weights[at : at + at_once], picture, hits, true, reach) for at in starts]
    return np.concatenate([*parts, np.zeros(0)])


def _block(
    weights: Weights, picture: Places, hits: Places, true: NDArray[np.intp], reach: Reach
) -> Values:
    """Give the average precision for some draws: only at hits does the curve step or rise."""
    times = weights.astype(np.float64)  # counts, exact in it
    num_true = (times @ true.astype(np.float64))[:, None]
    of_finds = times[:, picture]
    num_finds = of_finds.cumsum(axis=1)[:, hits]
    num_hit = of_finds[:, hits].cumsum(axis=1)
    precision = shares(num_hit, num_finds, 0.0)
    best_beyond = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    steps = np.diff(reach(num_hit, num_true), axis=1, prepend=0.0)
    area = np.einsum("dh,dh->d", steps, best_beyond)
    return np.where(num_true[:, 0] > 0, area, np.nan)
