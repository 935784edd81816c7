"""All the numbers of an evaluation, from what was found and what is true in many pictures."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from blemish.core.intervals import Ends, Resamples
from blemish.core.matching import match_centre
from blemish.core.metrics import (
    COCO_IOUS,
    Counts,
    Scored,
    above,
    area_under_curve,
    by_iou,
    count_hits,
    judge,
    precisions_of,
)
from blemish.core.resampling import Places, each_alone
from blemish.report.details import DEEPPCB_IOU, Details, detail, mean_of, share_text
from blemish.report.facts import count_facts, froc_facts, plain, plain_ends

HEADINGS = ("class", "labels", "precision", "recall", "centre-hit recall", "false a picture")

LOOSE_IOUS = (0.3, DEEPPCB_IOU)


@dataclass(frozen=True)
class Score:
    """The numbers of one class, or of all.

    Attributes:
        name: of the class.
        num_ignored: labels that count neither way.
        area: average precision at IoU 0.5 as the area under the whole curve.
        coco: COCO's average precision by IoU; those of all are means over the classes with labels.
        overlap: hits and false finds at the threshold, by IoU at or above 0.5.
        centre: the same by the find's centre lying in the label.
    """

    name: str
    num_ignored: int
    area: float
    coco: dict[float, float]
    overlap: Counts
    centre: Counts

    @property
    def coco_mean(self) -> float:
        """COCO's average precision over IoU 0.50:0.95."""
        return mean_of({iou: self.coco[iou] for iou in COCO_IOUS})

    def facts(self) -> dict[str, Any]:
        """Give the numbers as plain values, None for those that cannot be known."""
        return {
            "labels": self.centre.num_true,
            "ignored": self.num_ignored,
            "average_precision": plain(self.area),
            "coco_ap50_95": plain(self.coco_mean),
            **{f"coco_ap{iou * 100:.0f}": plain(ap) for iou, ap in sorted(self.coco.items())},
            "iou50": count_facts(self.overlap),
            "centre": count_facts(self.centre),
        }


@dataclass(frozen=True)
class Scores:
    """The numbers of an evaluation.

    Attributes:
        by_class: of every class that has labels, ignored ones too, or finds at the threshold.
        overall: of all; average precisions are the mean over the classes with labels that count.
        threshold: the score from which finds are counted.
        details: what stands beside the averages.
    """

    by_class: tuple[Score, ...]
    overall: Score
    threshold: float
    details: Details

    @property
    def interval(self) -> Ends:
        """The 95 % interval of the mean area under the curve."""
        return self.details.intervals["mAP"]

    @property
    def weighted(self) -> float:
        """The mean average precision over classes, each by its number of labels."""
        parts = [(one.area, one.centre.num_true) for one in self.by_class if one.centre.num_true]
        num_all = sum(number for _, number in parts)
        return sum(area * number for area, number in parts) / num_all if parts else math.nan

    def facts(self) -> dict[str, Any]:
        """Give the numbers as plain values."""
        return {
            "threshold": self.threshold,
            "mAP": plain(self.overall.area),
            "mAP_interval": plain_ends(self.interval),
            "mAP_weighted": plain(self.weighted),
            "all": self.overall.facts(),
            "classes": {one.name: one.facts() | self._more(one.name) for one in self.by_class},
            **self.details.facts(),
        }

    def _more(self, name: str) -> dict[str, Any]:
        return {
            "interval": plain_ends(self.details.class_intervals[name]),
            "froc": froc_facts(self.details.class_curves[name]),
        }


def score(
    pictures: Sequence[Scored],
    names: Sequence[str],
    threshold: float,
    generator: np.random.Generator,
    places: Places | None = None,
) -> Scores:
    """Score finds of any score: average precisions of all, counts at the threshold.

    The generator is for the intervals, drawn over the groups that the pictures belong to; without
    ``places`` over pictures.
    """
    by_ious = {iou: judge(pictures, by_iou(iou)) for iou in (*LOOSE_IOUS, *COCO_IOUS)}
    area = precisions_of(by_ious[0.5], area_under_curve)
    coco = {iou: precisions_of(judged) for iou, judged in by_ious.items()}
    kept = [above(picture, threshold) for picture in pictures]

    def of(name: str, label: int | None) -> Score:
        return Score(
            name,
            sum(
                int((ignore if label is None else ignore & (true.labels == label)).sum())
                for _, true, ignore in pictures
            ),
            _pick(area, label),
            {iou: _pick(values, label) for iou, values in coco.items()},
            count_hits(kept, by_iou(0.5), label),
            count_hits(kept, match_centre, label),
        )

    seen = {int(label) for found, true, _ in kept for label in (*found.labels, *true.labels)}
    told = {label: name for label, name in enumerate(names) if label in seen}
    places = each_alone(len(pictures)) if places is None else places
    details = detail(pictures, by_ious, told, threshold, Resamples.of(places, generator))
    by_class = tuple(of(name, label) for label, name in told.items())
    return Scores(by_class, of("all", None), threshold, details)


def original_lines(scores: Scores) -> list[str]:
    """Give the lines that keras-retinanet's `evaluate.py` prints, word for word."""
    labelled = [one for one in scores.by_class if one.centre.num_true]
    if not labelled:
        return ["No test instances found."]
    return [
        *(
            f"{one.centre.num_true} instances of class {one.name} with average precision: "
            f"{one.area:.4f}"
            for one in labelled
        ),
        f"mAP using the weighted average of precisions among classes: {scores.weighted:.4f}",
        f"mAP: {scores.overall.area:.4f}",
    ]


def table(scores: Scores) -> list[tuple[str, ...]]:
    """Give the rows of the table at the threshold, `HEADINGS` above: each class, then all."""
    several = len(scores.by_class) > 1
    rows = [*scores.by_class, scores.overall] if several else scores.by_class or [scores.overall]
    return [
        (
            one.name,
            str(one.centre.num_true),
            *(share_text(share) for share in (one.overlap.precision, one.overlap.recall)),
            *(share_text(share) for share in (one.centre.recall, one.centre.false_per_picture)),
        )
        for one in rows
    ]


def _pick(values: Mapping[int, float], label: int | None) -> float:
    return mean_of(values) if label is None else values.get(label, math.nan)
