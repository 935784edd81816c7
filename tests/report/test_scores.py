import json
import math

import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.core.metrics import Scored, average_precision, average_precision_over
from blemish.report.scores import HEADINGS, Scores, original_lines, score, table

SPOT, RING = [0, 0, 10, 10], [50, 50, 70, 70]
ELSEWHERE = [80, 0, 90, 10]


def scored(pictures: list[Scored], names: tuple[str, ...], threshold: float) -> Scores:
    return score(pictures, names, threshold, np.random.default_rng(0))


def picture(
    found: list[list[int]], labels: list[int], scores: list[float], ignore: tuple[int, ...] = ()
) -> Scored:
    """A picture with a true spot (label 0) and a true ring (label 1)."""
    flags = np.isin([0, 1], ignore)
    return Defects.of(found, labels, scores), Defects.of([SPOT, RING], [0, 1]), flags


# Both marks, then the spot alone with a false find of the spot between, then nothing.
PICTURES = [
    picture([SPOT, RING], [0, 1], [0.9, 0.8]),
    picture([ELSEWHERE, SPOT], [0, 0], [0.7, 0.6]),
    picture([], [], []),
]


def test_the_lines_of_the_original_word_for_word() -> None:
    # Spot: hit, false, hit of three: (1 + 2/3 + 0) / 3. Ring: one of three.
    assert original_lines(scored(PICTURES, ("spot", "ring"), 0.5)) == [
        "3 instances of class spot with average precision: 0.5556",
        "3 instances of class ring with average precision: 0.3333",
        "mAP using the weighted average of precisions among classes: 0.4444",
        "mAP: 0.4444",
    ]


def test_the_weighted_average_counts_labels() -> None:
    only_spots = (Defects.none(), Defects.of([SPOT]), np.zeros(1, bool))
    scores = scored([*PICTURES, only_spots], ("spot", "ring"), 0.5)
    spot, ring = (1 + 2 / 3) / 4, 1 / 3
    assert scores.overall.area == pytest.approx((spot + ring) / 2)
    assert scores.weighted == pytest.approx((4 * spot + 3 * ring) / 7)


def test_counts_are_those_at_the_threshold() -> None:
    scores = scored(PICTURES, ("spot", "ring"), 0.65)
    spot, ring = scores.by_class
    assert (spot.centre.num_hits, spot.centre.num_false) == (1, 1)
    assert (ring.centre.num_hits, ring.centre.num_false) == (1, 0)
    assert scores.overall.centre.recall == pytest.approx(2 / 6)
    assert scores.overall.centre.false_per_picture == pytest.approx(1 / 3)
    assert [row[0] for row in table(scores)] == ["spot", "ring", "all"]
    assert table(scores)[0] == ("spot", "3", "0.500", "0.333", "0.333", "0.333")
    assert all(len(row) == len(HEADINGS) for row in table(scores))


def test_the_two_rules_are_told_apart() -> None:
    loose = picture([[3, 3, 9, 9], RING], [0, 1], [0.9, 0.9])  # the spot's centre, little overlap
    scores = scored([loose], ("spot", "ring"), 0.5)
    assert (scores.overall.overlap.num_hits, scores.overall.centre.num_hits) == (1, 2)


def test_ignored_labels_count_neither_way() -> None:
    scores = scored([picture([SPOT], [0], [0.9], ignore=(0, 1))], ("spot", "ring"), 0.5)
    spot, ring = scores.by_class
    assert (spot.num_ignored, ring.num_ignored, scores.overall.num_ignored) == (1, 1, 2)
    assert (scores.overall.centre.num_true, scores.overall.centre.num_false) == (0, 0)
    assert original_lines(scores) == ["No test instances found."]


def test_classes_that_nobody_has_are_left_out() -> None:
    scores = scored(PICTURES, ("spot", "ring", "smear"), 0.5)
    assert [one.name for one in scores.by_class] == ["spot", "ring"]
    stray = picture([ELSEWHERE], [2], [0.9])
    assert [one.name for one in scored([stray], ("spot", "ring", "smear"), 0.5).by_class] == [
        "spot",
        "ring",
        "smear",
    ]


def test_the_averages_of_all_are_those_of_the_simple_calls() -> None:
    overall = scored(PICTURES, ("spot", "ring"), 0.5).overall
    for iou in (0.3, 0.33, 0.5):
        assert overall.coco[iou] == pytest.approx(average_precision(PICTURES, iou))
    low, high = scored(PICTURES, ("spot", "ring"), 0.5).interval
    assert low < overall.area < high
    assert overall.coco_mean == pytest.approx(average_precision_over(PICTURES))


def test_what_cannot_be_known_is_null_in_json() -> None:
    clean = (Defects.of([SPOT]), Defects.none(), np.zeros(0, bool))
    scores = scored([clean, clean], ("spot",), 0.5)
    facts = json.loads(json.dumps(scores.facts(), allow_nan=False))
    assert facts["mAP"] is None
    assert facts["mAP_interval"] == [None, None]
    assert facts["all"]["centre"] == {
        "hits": 0,
        "missed": 0,
        "false": 2,
        "precision": 0.0,
        "recall": None,
        "false_per_picture": 1.0,
    }
    assert table(scores) == [("spot", "0", "0.000", "-", "-", "1.000")]


def test_no_pictures_give_a_row_without_numbers() -> None:
    scores = scored([], ("spot",), 0.5)
    assert math.isnan(scores.overall.area)
    assert table(scores) == [("all", "0", "-", "-", "-", "-")]
