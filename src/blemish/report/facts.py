"""Numbers as JSON has them: rounded, null where they cannot be known."""

import csv
import io
import math
from collections.abc import Mapping
from typing import Any

from blemish.core.froc import RATES, Froc
from blemish.core.intervals import Ends
from blemish.core.metrics import Counts
from blemish.core.reliability import Bin
from blemish.core.screening import Screening

CURVE_HEADER = ("class", "threshold", "false_per_picture", "recall")


def froc_facts(curve: Froc) -> dict[str, Any]:
    """Give the recall at some rates as plain values."""
    return {
        "recall_at": {f"{rate:g}": plain(curve.recall_at(rate)) for rate in RATES},
        "mean_recall": plain(curve.mean_recall()),
    }


def screening_facts(sorted_: Screening) -> dict[str, Any]:
    """Give how pictures were sorted as plain values."""
    return {
        "defective": sorted_.num_defective,
        "caught": sorted_.num_caught,
        "sensitivity": plain(sorted_.sensitivity),
        "sensitivity_interval": plain_ends(sorted_.sensitivity_interval),
        "clean": sorted_.num_clean,
        "passed": sorted_.num_passed,
        "specificity": plain(sorted_.specificity),
        "specificity_interval": plain_ends(sorted_.specificity_interval),
        "roc_area": plain(sorted_.area),
    }


def count_facts(counts: Counts) -> dict[str, Any]:
    """Give counts and their shares as plain values."""
    return {
        "hits": counts.num_hits,
        "missed": counts.num_true - counts.num_hits,
        "false": counts.num_false,
        "precision": plain(counts.precision),
        "recall": plain(counts.recall),
        "false_per_picture": plain(counts.false_per_picture),
    }


def bin_facts(one: Bin) -> dict[str, Any]:
    """Give a row of the reliability table as plain values."""
    return {
        "scores": [round(one.low, 3), round(one.high, 3)],
        "finds": one.num_finds,
        "hits": one.num_hits,
        "mean_score": plain(one.mean_score),
        "precision": plain(one.precision),
        "interval": plain_ends(one.interval),
    }


def plain(number: float) -> float | None:
    """Give a number as JSON has it: rounded, None where it is not one."""
    return None if math.isnan(number) else round(number, 5)


def plain_ends(ends: Ends) -> list[float | None]:
    """Give the ends of an interval as JSON has them."""
    return [plain(end) for end in ends]


def curves_csv(curves: Mapping[str, Froc]) -> str:
    """Give a line for each point of each curve, best score first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(CURVE_HEADER)
    for name, curve in curves.items():
        points = (curve.thresholds, curve.false_per_picture, curve.recall)
        for row in zip(*(column.tolist() for column in points), strict=True):
            writer.writerow((name, *(f"{number:.6g}" for number in row)))
    return text.getvalue()
