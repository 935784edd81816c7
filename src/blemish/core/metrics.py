"""How good the finds of many pictures are: average precision, and recall at a false-find rate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from blemish.core.defects import Defects
from blemish.core.matching import Mask, Match, match_centre, match_iou

Kind = TypeVar("Kind", bound=np.generic)

Scored = tuple[Defects, Defects, Mask]
"""One picture: what was found, what is true, and which true boxes to ignore (len(true),)."""

_RECALLS = np.linspace(0, 1, 101)  # the points of COCO's interpolated average


@dataclass(frozen=True)
class CentreHits:
    """The working point at a false-find rate.

    Attributes:
        recall: share of the counting true boxes whose centre rule is met; nan without any.
        threshold: finds of this score and above are kept.
        false_per_picture: the rate that is really reached.
    """

    recall: float
    threshold: float
    false_per_picture: float


@dataclass(frozen=True, eq=False)
class _Judged:
    """The finds of all pictures that count, best score first, equal scores in their order."""

    scores: NDArray[np.float32]
    labels: NDArray[np.int64]
    hit: Mask
    true_labels: NDArray[np.int64]  # of the counting true boxes
    num_pictures: int


def average_precision(pictures: Sequence[Scored], iou: float = 0.5) -> float:
    """Give COCO's average precision at an IoU, the mean over the classes that have true boxes.

    101-point interpolation, ignored boxes as COCO treats them, no limit on finds a picture.
    Nan if no true box counts.
    """
    judged = _judge(pictures, lambda found, true, ignore: match_iou(found, true, ignore, iou))
    values = [
        _interpolated(judged.hit[judged.labels == label], int(count))
        for label, count in zip(*np.unique(judged.true_labels, return_counts=True), strict=True)
    ]
    return float(np.mean(values)) if values else float("nan")


def centre_hit_recall(pictures: Sequence[Scored], false_per_picture: float = 0.1) -> CentreHits:
    """Give the recall by centre-in-box at the lowest threshold that keeps the false-find rate.

    The threshold is the score of the last counting find that may be kept; if even the best may
    not, the next float32 above its score; 1 if nothing was found.
    """
    judged = _judge(pictures, match_centre)
    num_true, num_pictures = len(judged.true_labels), max(judged.num_pictures, 1)
    num_kept = _num_kept(judged, false_per_picture * judged.num_pictures)
    num_hits = int(judged.hit[:num_kept].sum())
    if num_kept:
        threshold = float(judged.scores[num_kept - 1])
    elif len(judged.scores):
        threshold = float(np.nextafter(judged.scores[0], np.float32(np.inf)))
    else:
        threshold = 1.0
    recall = num_hits / num_true if num_true else float("nan")
    return CentreHits(recall, threshold, (num_kept - num_hits) / num_pictures)


def threshold_at_false_rate(pictures: Sequence[Scored], false_per_picture: float = 0.1) -> float:
    """Give the lowest score threshold with at most so many false finds a picture."""
    return centre_hit_recall(pictures, false_per_picture).threshold


def _judge(pictures: Sequence[Scored], match: Callable[[Defects, Defects, Mask], Match]) -> _Judged:
    matches = [match(*picture) for picture in pictures]
    counts = _joined([one.hit | one.false for one in matches], np.bool_)
    scores = _joined([found.scores for found, _, _ in pictures], np.float32)[counts]
    labels = _joined([found.labels for found, _, _ in pictures], np.int64)[counts]
    hit = _joined([one.hit for one in matches], np.bool_)[counts]
    true_labels = _joined([true.labels[~ignore] for _, true, ignore in pictures], np.int64)
    order = np.argsort(-scores, kind="stable")
    return _Judged(scores[order], labels[order], hit[order], true_labels, len(pictures))


def _joined(parts: list[NDArray[Kind]], kind: type[Kind]) -> NDArray[Kind]:
    return np.concatenate([*parts, np.zeros(0, kind)])


def _interpolated(hit: Mask, num_true: int) -> float:
    """Give the mean over 101 recalls of the best precision at that recall or beyond."""
    hits = np.cumsum(hit)
    recall = hits / num_true
    precision = hits / np.arange(1, len(hit) + 1)
    best_beyond = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return float(best_beyond[np.searchsorted(recall, _RECALLS, side="left")].mean())


def _num_kept(judged: _Judged, most_false: float) -> int:
    """Give how many of the best finds may stay; equal scores stay or go together."""
    last_of_score = np.append(judged.scores[1:] != judged.scores[:-1], True)[: len(judged.scores)]
    # A rate times a count of pictures, 0.1 x 30, may fall a hair under the whole number.
    allowed = last_of_score & (np.cumsum(~judged.hit) <= most_false + 1e-9)
    return int(np.flatnonzero(allowed)[-1]) + 1 if allowed.any() else 0
