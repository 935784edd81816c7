"""How good the finds of many pictures are: average precision, hits and false finds, recall."""

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

Rule = Callable[[Defects, Defects, Mask], Match]
"""How finds are paired with true boxes: `match_centre`, or `by_iou` at some overlap."""

Average = Callable[[Mask, int], float]
"""From which finds are hits, best score first, and the number of true boxes to a precision."""

COCO_IOUS = tuple(np.linspace(0.5, 0.95, 10).tolist())  # not rounded, as COCO's are not
LOWEST_SCORE = 0.01  # finds of any score that average precision could still profit from

_RECALLS = np.linspace(0, 1, 101)  # the points of COCO's interpolated average


@dataclass(frozen=True)
class Counts:
    """What the finds of a set of pictures came to by one rule; a share of nothing is nan."""

    num_true: int
    num_hits: int
    num_false: int
    num_pictures: int

    @property
    def precision(self) -> float:
        """The share of the counting finds that are hits."""
        return _share(self.num_hits, self.num_hits + self.num_false)

    @property
    def recall(self) -> float:
        """The share of the counting true boxes that are hit."""
        return _share(self.num_hits, self.num_true)

    @property
    def false_per_picture(self) -> float:
        """The number of false finds a picture."""
        return _share(self.num_false, self.num_pictures)


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
class Judged:
    """The finds of all pictures that count, best score first, equal scores in their order.

    Attributes:
        scores, labels, hit, picture: of each find; the last is the picture's place.
        true_labels, true_picture: of each counting true box.
        num_pictures: how many there are.
    """

    scores: NDArray[np.float32]
    labels: NDArray[np.int64]
    hit: Mask
    picture: NDArray[np.intp]
    true_labels: NDArray[np.int64]
    true_picture: NDArray[np.intp]
    num_pictures: int


def only_label(judged: Judged, label: int) -> Judged:
    """Give what is of one label."""
    found, true = judged.labels == label, judged.true_labels == label
    return Judged(
        judged.scores[found],
        judged.labels[found],
        judged.hit[found],
        judged.picture[found],
        judged.true_labels[true],
        judged.true_picture[true],
        judged.num_pictures,
    )


def area_under_curve(hit: Mask, num_true: int) -> float:
    """Give the whole area under the interpolated precision-recall curve.

    At each recall the best precision at that recall or beyond, summed over every step of recall:
    Pascal VOC's average from 2010 on, and that of keras-retinanet.
    """
    steps = np.diff(np.cumsum(hit) / num_true, prepend=0.0)
    return float((steps * _best_beyond(hit)).sum())


def at_101_recalls(hit: Mask, num_true: int) -> float:
    """Give COCO's average: the mean over 101 recalls of the best precision there or beyond."""
    recall = np.cumsum(hit) / num_true
    best = np.append(_best_beyond(hit), 0.0)
    return float(best[np.searchsorted(recall, _RECALLS, side="left")].mean())


def by_iou(iou: float) -> Rule:
    """Give the rule that pairs by intersection over union at or above ``iou``."""
    return lambda found, true, ignore: match_iou(found, true, ignore, iou)


def class_precisions(
    pictures: Sequence[Scored], iou: float = 0.5, average: Average = at_101_recalls
) -> dict[int, float]:
    """Give the average precision at an IoU of each label that has a counting true box.

    Ignored boxes as COCO treats them, no limit on finds a picture.
    """
    return precisions_of(judge(pictures, by_iou(iou)), average)


def precisions_of(judged: Judged, average: Average = at_101_recalls) -> dict[int, float]:
    """Give the average precision of each label of finds that are judged."""
    return {
        int(label): average(judged.hit[judged.labels == label], int(count))
        for label, count in zip(*np.unique(judged.true_labels, return_counts=True), strict=True)
    }


def average_precision(
    pictures: Sequence[Scored], iou: float = 0.5, average: Average = at_101_recalls
) -> float:
    """Give the mean of `class_precisions`, by default COCO's; nan if no true box counts."""
    values = list(class_precisions(pictures, iou, average).values())
    return float(np.mean(values)) if values else float("nan")


def average_precision_over(pictures: Sequence[Scored], ious: Sequence[float] = COCO_IOUS) -> float:
    """Give the mean of COCO's average precision over some IoUs, by default 0.50:0.95."""
    return float(np.mean([average_precision(pictures, iou) for iou in ious]))


def count_hits(pictures: Sequence[Scored], rule: Rule, label: int | None = None) -> Counts:
    """Count hits and false finds by a rule, of one label or of all; all finds are taken.

    For those at a threshold give `above` it.
    """
    return counts_of(judge(pictures, rule), label)


def counts_of(judged: Judged, label: int | None = None) -> Counts:
    """Count hits and false finds of finds that are judged."""
    found = np.ones(len(judged.labels), bool) if label is None else judged.labels == label
    true = judged.true_labels if label is None else judged.true_labels[judged.true_labels == label]
    num_hits = int(judged.hit[found].sum())
    return Counts(len(true), num_hits, int(found.sum()) - num_hits, judged.num_pictures)


def above(picture: Scored, threshold: float) -> Scored:
    """Give a picture with only the finds of this score and above."""
    found, true, ignore = picture
    return found.take(np.asarray(found.scores >= threshold)), true, ignore


def centre_hit_recall(pictures: Sequence[Scored], false_per_picture: float = 0.1) -> CentreHits:
    """Give the recall by centre-in-box at the lowest threshold that keeps the false-find rate.

    The threshold is the score of the last counting find that may be kept; if even the best may
    not, the next float32 above its score; 1 if nothing was found.
    """
    judged = judge(pictures, match_centre)
    num_true, num_pictures = len(judged.true_labels), max(judged.num_pictures, 1)
    num_kept = _num_kept(judged, false_per_picture * judged.num_pictures)
    num_hits = int(judged.hit[:num_kept].sum())
    if num_kept:
        threshold = float(judged.scores[num_kept - 1])
    elif len(judged.scores):
        threshold = float(np.nextafter(judged.scores[0], np.float32(np.inf)))
    else:
        threshold = 1.0
    return CentreHits(_share(num_hits, num_true), threshold, (num_kept - num_hits) / num_pictures)


def threshold_at_false_rate(pictures: Sequence[Scored], false_per_picture: float = 0.1) -> float:
    """Give the lowest score threshold with at most so many false finds a picture."""
    return centre_hit_recall(pictures, false_per_picture).threshold


def judge(pictures: Sequence[Scored], rule: Rule) -> Judged:
    """Pair finds with true boxes in every picture and put the finds in order."""
    matches = [rule(*picture) for picture in pictures]
    counts = _joined([one.hit | one.false for one in matches], np.bool_)
    scores = _joined([found.scores for found, _, _ in pictures], np.float32)[counts]
    labels = _joined([found.labels for found, _, _ in pictures], np.int64)[counts]
    hit = _joined([one.hit for one in matches], np.bool_)[counts]
    places = np.arange(len(pictures))
    picture = np.repeat(places, [len(found) for found, _, _ in pictures])[counts]
    true_labels = _joined([true.labels[~ignore] for _, true, ignore in pictures], np.int64)
    true_picture = np.repeat(places, [int((~ignore).sum()) for _, _, ignore in pictures])
    order = np.argsort(-scores, kind="stable")
    of_finds = (scores[order], labels[order], hit[order], picture[order])
    return Judged(*of_finds, true_labels, true_picture, len(pictures))


def _joined(parts: list[NDArray[Kind]], kind: type[Kind]) -> NDArray[Kind]:
    return np.concatenate([*parts, np.zeros(0, kind)])


def _best_beyond(hit: Mask) -> NDArray[np.float64]:
    """Give for each find the best precision at its rank or any later one."""
    precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    return np.asarray(np.maximum.accumulate(precision[::-1])[::-1], np.float64)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _num_kept(judged: Judged, most_false: float) -> int:
    """Give how many of the best finds may stay; equal scores stay or go together."""
    last_of_score = np.append(judged.scores[1:] != judged.scores[:-1], True)[: len(judged.scores)]
    # A rate times a count of pictures, 0.1 x 30, may fall a hair under the whole number.
    allowed = last_of_score & (np.cumsum(~judged.hit) <= most_false + 1e-9)
    return int(np.flatnonzero(allowed)[-1]) + 1 if allowed.any() else 0
