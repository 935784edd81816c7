"""What stands beside the averages of an evaluation: intervals, sizes, curves, sorting, chances."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from blemish.core.froc import RATES, Froc, froc_of
from blemish.core.intervals import FEW_GROUPS, NUM_DRAWS, Ends, Resamples, Statistic
from blemish.core.matching import match_centre
from blemish.core.metrics import (
    COCO_IOUS,
    Counts,
    Judged,
    Scored,
    above,
    area_under_curve,
    by_iou,
    counts_of,
    judge,
    only_label,
    precisions_of,
)
from blemish.core.reliability import Bin, calibration_error, reliability
from blemish.core.resampling import (
    Values,
    Weights,
    mean_precisions,
    points_reached,
    share_reached,
    shares,
)
from blemish.core.screening import Screening, screen
from blemish.core.sizes import BANDS, Band, band_name, only_finds, only_marks
from blemish.report.facts import (
    bin_facts,
    count_facts,
    froc_facts,
    plain,
    plain_ends,
    screening_facts,
)

ByIou = Mapping[float, Judged]

DEEPPCB_IOU = 0.33
SIZE_HEADINGS = ("size, px", "labels", "mAP", "95 %", "centre-hit recall", "false a picture")


@dataclass(frozen=True)
class SizeScore:
    """The numbers of the marks of one size.

    Attributes:
        band: the size, see `blemish.core.sizes`.
        area: the mean over the classes of the area under the curve at IoU 0.5.
        coco: COCO's average precision at IoU 0.5.
        interval: of the area, 95 %.
        centre: hits and false finds at the threshold.
    """

    band: Band
    area: float
    coco: float
    interval: Ends
    centre: Counts

    def facts(self) -> dict[str, Any]:
        """Give the numbers as plain values."""
        return {
            "labels": self.centre.num_true,
            "mAP": plain(self.area),
            "mAP_interval": plain_ends(self.interval),
            "coco_ap50": plain(self.coco),
            "centre": count_facts(self.centre),
        }


@dataclass(frozen=True, eq=False)
class Details:
    """The numbers.

    Attributes:
        num_groups: groups of pictures, or pictures, that intervals are drawn over.
        intervals: of the averages, and of shares at the threshold, 95 %.
        class_intervals: of each class's area under the curve, by name.
        sizes: of each band.
        curve: recall by the centre against false finds.
        class_curves: the same of each class, by name.
        screening: pictures sorted at the threshold.
        table: how often finds of a score are hits.
        kept_table: the same of finds at the threshold and above.
    """

    num_groups: int
    intervals: Mapping[str, Ends]
    class_intervals: Mapping[str, Ends]
    sizes: tuple[SizeScore, ...]
    curve: Froc
    class_curves: Mapping[str, Froc]
    screening: Screening
    table: tuple[Bin, ...]
    kept_table: tuple[Bin, ...]

    def facts(self) -> dict[str, Any]:
        """Give the numbers as plain values."""
        return {
            "drawn": {"groups": self.num_groups, "draws": NUM_DRAWS},
            "intervals": {name: plain_ends(ends) for name, ends in self.intervals.items()},
            "sizes": {band_name(one.band): one.facts() for one in self.sizes},
            "froc": froc_facts(self.curve),
            "screening": screening_facts(self.screening),
            "reliability": {
                "error": plain(calibration_error(self.table)),
                "error_kept": plain(calibration_error(self.kept_table)),
                "bins": [bin_facts(one) for one in self.table],
            },
        }


def detail(
    pictures: Sequence[Scored],
    by_ious: ByIou,
    names: Mapping[int, str],
    threshold: float,
    resamples: Resamples,
) -> Details:
    """Work the numbers out.

    Args:
        pictures: finds of any score, and labels.
        by_ious: the same judged at COCO's IoUs and at `DEEPPCB_IOU`.
        names: of the classes that are told of.
        threshold: from which score finds count.
        resamples: the draws of the pictures.
    """
    centre = judge(pictures, match_centre)
    kept = centre.scores >= threshold
    return Details(
        resamples.num_groups,
        _intervals(by_ious, centre, threshold, resamples),
        {
            name: resamples.interval(area(only_label(by_ious[0.5], label)))
            for label, name in names.items()
        },
        tuple(_of_size(pictures, band, threshold, resamples) for band in BANDS),
        froc_of(centre),
        {name: froc_of(centre, label) for label, name in names.items()},
        screen(pictures, threshold),
        reliability(centre.scores, centre.hit),
        reliability(centre.scores[kept], centre.hit[kept]),
    )


def _intervals(
    by_ious: ByIou, centre: Judged, threshold: float, resamples: Resamples
) -> dict[str, Ends]:
    overlap = share_statistics(by_ious[0.5], threshold)
    nearby = share_statistics(centre, threshold)
    statistics: dict[str, Statistic] = {
        "mAP": area(by_ious[0.5]),
        "coco_ap50": coco([by_ious[0.5]]),
        "coco_ap33": coco([by_ious[DEEPPCB_IOU]]),
        "coco_ap50_95": coco([by_ious[iou] for iou in COCO_IOUS]),
        "iou50_precision": overlap["precision"],
        "iou50_recall": overlap["recall"],
        "centre_precision": nearby["precision"],
        "centre_recall": nearby["recall"],
        "false_per_picture": nearby["false_per_picture"],
    }
    return {name: resamples.interval(one) for name, one in statistics.items()}


def area(judged: Judged) -> Statistic:
    """Give the mean area under the curve of the classes, for draws of pictures."""
    return lambda weights: mean_precisions(judged, weights, share_reached)


def coco(judged: Sequence[Judged]) -> Statistic:
    """Give COCO's average precision over finds judged at some IoUs, for draws of pictures."""

    def mean(weights: Weights) -> Values:
        total = [mean_precisions(one, weights, points_reached) for one in judged]
        return np.asarray(np.mean(total, axis=0), np.float64)

    return mean


def share_statistics(judged: Judged, threshold: float) -> dict[str, Statistic]:
    """Give precision, recall and false finds a picture at a threshold, for draws of pictures."""
    kept = judged.scores >= threshold

    def counted(picture: np.ndarray[Any, Any]) -> Values:
        return np.bincount(picture, minlength=judged.num_pictures).astype(np.float64)

    hits = counted(judged.picture[kept & judged.hit])
    false = counted(judged.picture[kept & ~judged.hit])
    every, true = np.ones(judged.num_pictures), counted(judged.true_picture)

    def ratio(part: Values, whole: Values) -> Callable[[Weights], Values]:
        return lambda weights: shares(weights @ part, weights @ whole)

    return {
        "precision": ratio(hits, hits + false),
        "recall": ratio(hits, true),
        "false_per_picture": ratio(false, every),
    }


def _of_size(
    pictures: Sequence[Scored], band: Band, threshold: float, resamples: Resamples
) -> SizeScore:
    marks = only_marks(pictures, band)
    judged = judge(marks, only_finds(by_iou(0.5), band))
    kept = [above(one, threshold) for one in marks]
    return SizeScore(
        band,
        mean_of(precisions_of(judged, area_under_curve)),
        mean_of(precisions_of(judged)),
        resamples.interval(area(judged)),
        counts_of(judge(kept, only_finds(match_centre, band))),
    )


def detail_lines(details: Details) -> list[str]:
    """Give the lines of what is beside the averages."""
    curve, sorted_ = details.curve, details.screening
    lines = []
    if curve.num_true:
        recalls = ", ".join(f"{curve.recall_at(rate):.3f} at {rate:g}" for rate in RATES)
        lines.append(f"Centre-hit recall by false finds a picture: {recalls}")
    if sorted_.num_defective:
        lines.append(
            f"Defective pictures caught: {sorted_.num_caught} of {sorted_.num_defective}, "
            f"{_share_and_ends(sorted_.sensitivity, sorted_.sensitivity_interval)}"
        )
    if sorted_.num_clean:
        lines.append(
            f"Clean pictures passed: {sorted_.num_passed} of {sorted_.num_clean}, "
            f"{_share_and_ends(sorted_.specificity, sorted_.specificity_interval)}"
        )
    if not math.isnan(error := calibration_error(details.kept_table)):
        lines.append(
            f"Scores as chances: off by {error:.3f} on average at the threshold and above, "
            f"{calibration_error(details.table):.3f} over all"
        )
    return lines


def too_few(num_groups: int) -> str:
    """Give the end of a line on intervals that so few pictures or groups make too narrow."""
    if num_groups >= FEW_GROUPS:
        return ""
    return f"; with only {num_groups} it is too narrow: score {FEW_GROUPS} or more"


def size_table(details: Details) -> list[tuple[str, ...]]:
    """Give the rows of the table by size, `SIZE_HEADINGS` above: sizes that have labels."""
    return [
        (
            *(band_name(one.band), str(one.centre.num_true), share_text(one.area)),
            f"{one.interval[0]:.2f} to {one.interval[1]:.2f}",
            *(share_text(n) for n in (one.centre.recall, one.centre.false_per_picture)),
        )
        for one in details.sizes
        if one.centre.num_true
    ]


def mean_of(values: Mapping[Any, float]) -> float:
    """Give the mean of the values; nan of none."""
    return sum(values.values()) / len(values) if values else math.nan


def share_text(number: float) -> str:
    """Give a share for a table."""
    return "-" if math.isnan(number) else f"{number:.3f}"


def _share_and_ends(share: float, ends: Ends) -> str:
    return f"{share:.3f} (95 %: {ends[0]:.2f} to {ends[1]:.2f})"
