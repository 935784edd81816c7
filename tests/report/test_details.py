import math

import numpy as np
import pytest

from blemish.core.intervals import Resamples, average_precision_interval
from blemish.core.matching import match_centre
from blemish.core.metrics import (
    above,
    area_under_curve,
    average_precision,
    by_iou,
    count_hits,
    judge,
)
from blemish.core.resampling import each_alone
from blemish.report.details import SIZE_HEADINGS, area, coco, share_statistics, size_table
from blemish.report.facts import curves_csv
from blemish.report.scores import score
from planted_finds import draw_pictures


def repeated(pictures, row):
    return [one for one, times in zip(pictures, row, strict=True) for _ in range(times)]


def test_shares_of_draws_are_those_of_repeated_pictures() -> None:
    pictures = draw_pictures(1, num_classes=2)
    drawn = Resamples.of(each_alone(len(pictures)), np.random.default_rng(0), 20).drawn
    for rule in (match_centre, by_iou(0.5)):
        fast = share_statistics(judge(pictures, rule), 0.4)
        for at, row in enumerate(drawn):
            slow = count_hits([above(one, 0.4) for one in repeated(pictures, row)], rule)
            for name in ("precision", "recall", "false_per_picture"):
                assert fast[name](drawn)[at] == pytest.approx(getattr(slow, name))


def test_averages_of_the_whole_are_those_of_the_simple_calls() -> None:
    pictures = draw_pictures(2, num_classes=2)
    whole = np.ones((1, len(pictures)), np.int64)
    judged = {iou: judge(pictures, by_iou(iou)) for iou in (0.5, 0.75)}
    assert area(judged[0.5])(whole)[0] == pytest.approx(
        average_precision(pictures, average=area_under_curve)
    )
    expected = np.mean([average_precision(pictures, iou) for iou in judged])
    assert coco(list(judged.values()))(whole)[0] == pytest.approx(expected)


def test_every_number_lies_in_its_interval_and_groups_widen_it() -> None:
    pictures = draw_pictures(3, num_pictures=60)
    alone = score(pictures, ("spot",), 0.4, np.random.default_rng(0))
    names = {
        "mAP": alone.overall.area,
        "coco_ap50": alone.overall.coco[0.5],
        "coco_ap33": alone.overall.coco[0.33],
        "coco_ap50_95": alone.overall.coco_mean,
        "iou50_precision": alone.overall.overlap.precision,
        "iou50_recall": alone.overall.overlap.recall,
        "centre_precision": alone.overall.centre.precision,
        "centre_recall": alone.overall.centre.recall,
        "false_per_picture": alone.overall.centre.false_per_picture,
    }
    assert set(names) == set(alone.details.intervals)
    for name, value in names.items():
        low, high = alone.details.intervals[name]
        assert low < value < high, name
    assert alone.interval == average_precision_interval(pictures, np.random.default_rng(0))
    grouped = score(pictures, ("spot",), 0.4, np.random.default_rng(0), np.arange(60) // 15)
    assert grouped.details.num_groups == 4
    assert grouped.interval != alone.interval
    assert grouped.facts()["drawn"] == {"groups": 4, "draws": 2000}


def test_labels_of_all_sizes_are_told_once() -> None:
    pictures = draw_pictures(4, num_pictures=40)
    scores = score(pictures, ("spot",), 0.4, np.random.default_rng(0))
    rows = size_table(scores.details)
    assert [row[0] for row in rows] == ["2-8", "8-16", "16-32"]
    assert sum(int(row[1]) for row in rows) == scores.overall.centre.num_true
    assert all(len(row) == len(SIZE_HEADINGS) for row in rows)


def test_a_curve_is_written_point_by_point() -> None:
    scores = score(draw_pictures(5, 2, 60), ("spot", "ring"), 0.4, np.random.default_rng(0))
    curves = scores.details.class_curves
    lines = curves_csv(curves).splitlines()
    assert lines[0] == "class,threshold,false_per_picture,recall"
    assert len(lines) == 1 + sum(len(curve.recall) for curve in curves.values())
    assert lines[1].startswith("spot,")
    assert lines[-1].split(",")[-1] == f"{curves['ring'].recall[-1]:.6g}"


def test_no_pictures_give_no_numbers() -> None:
    details = score([], ("spot",), 0.5, np.random.default_rng(0)).details
    assert all(math.isnan(end) for ends in details.intervals.values() for end in ends)
    assert size_table(details) == []
