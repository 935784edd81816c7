import math

import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.core.matching import match_centre, match_iou
from blemish.core.metrics import (
    COCO_IOUS,
    above,
    area_under_curve,
    average_precision,
    average_precision_over,
    by_iou,
    centre_hit_recall,
    class_precisions,
    count_hits,
    threshold_at_false_rate,
)
from planted_finds import by_pycocotools, draw_pictures


@pytest.mark.parametrize("iou", [0.3, 0.5, 0.55, 0.7, 0.75, 0.9])
@pytest.mark.parametrize("num_classes", [1, 3])
def test_average_precision_is_that_of_pycocotools(iou, num_classes):
    seen = set()
    for seed in range(12):
        pictures = draw_pictures(seed, num_classes)
        expected = by_pycocotools(pictures, iou)
        assert average_precision(pictures, iou) == pytest.approx(expected, abs=1e-12)
        seen.add(round(expected, 3))
    assert len(seen) > 6


@pytest.mark.slow
def test_two_hundred_random_cases_agree_with_pycocotools():
    """Equal scores and ignored boxes in all; some without finds, some without true boxes."""
    seen, empty = set(), 0
    for seed in range(200):
        rng = np.random.default_rng((9, seed))
        pictures = draw_pictures(seed + 1000, int(rng.integers(1, 4)), int(rng.integers(1, 15)))
        if seed % 20 == 0:
            nothing = Defects.none()
            side = seed // 20 % 2
            pictures = [
                (nothing, true, ignore) if side else (found, nothing, np.zeros(0, bool))
                for found, true, ignore in pictures
            ]
            empty += 1
        iou = float(rng.choice([0.33, *COCO_IOUS]))
        expected = by_pycocotools(pictures, iou)
        value = average_precision(pictures, iou)
        assert value == pytest.approx(expected, abs=1e-9, nan_ok=True)
        seen.add(round(value, 3))
    assert empty == 10
    assert len(seen) > 100


def test_average_precision_of_planted_finds():
    true = Defects.of([[0, 0, 10, 10], [20, 0, 30, 10]])
    none, keep = Defects.none(), np.zeros(2, bool)
    assert average_precision([(true, true, keep)]) == 1
    assert average_precision([(none, true, keep)]) == 0
    # Half the marks found at full precision: 51 of the 101 recalls.
    assert average_precision([(true.take(np.array([0])), true, keep)]) == pytest.approx(51 / 101)
    assert math.isnan(average_precision([]))
    assert math.isnan(average_precision([(true, none, np.zeros(0, bool))]))
    assert math.isnan(average_precision([(true, true, ~keep)]))


def test_the_mean_over_ious_is_that_of_pycocotools():
    for seed in range(3):
        pictures = draw_pictures(seed, num_classes=2)
        expected = by_pycocotools(pictures, *np.linspace(0.5, 0.95, 10))
        assert average_precision_over(pictures) == pytest.approx(expected, abs=1e-12)
        some = average_precision_over(pictures, (0.3, 0.7))
        assert some == pytest.approx(by_pycocotools(pictures, 0.3, 0.7), abs=1e-12)
    assert [round(iou, 9) for iou in COCO_IOUS[:3]] == [0.5, 0.55, 0.6]
    assert math.isnan(average_precision_over([]))


def slow_area(pictures, iou, label):
    """For every true box the best precision of the cuts that hit at least so many, averaged.

    A cut is a prefix of the finds in order of score; equal scores stand as they come.
    """
    finds = []
    num_true = 0
    for found, true, ignore in pictures:
        match = match_iou(found, true, ignore, iou)
        num_true += (true.labels[~ignore] == label).sum()
        finds += [
            (-float(found.scores[find]), bool(match.hit[find]))
            for find in range(len(found))
            if found.labels[find] == label and (match.hit[find] or match.false[find])
        ]
    finds.sort(key=lambda find: find[0])
    cuts = [sum(hit for _, hit in finds[: end + 1]) for end in range(len(finds))]
    best = [
        max((hits / (end + 1) for end, hits in enumerate(cuts) if hits >= wanted), default=0.0)
        for wanted in range(1, num_true + 1)
    ]
    return sum(best) / num_true if num_true else None


@pytest.mark.parametrize("iou", [0.3, 0.5, 0.75])
def test_the_area_under_the_curve_is_that_of_the_slow_count(iou):
    seen = set()
    for seed in range(12):
        pictures = draw_pictures(seed, num_classes=3)
        slow = {label: slow_area(pictures, iou, label) for label in range(3)}
        slow = {label: value for label, value in slow.items() if value is not None}
        fast = class_precisions(pictures, iou, area_under_curve)
        assert fast == pytest.approx(slow, abs=1e-12)
        mean = average_precision(pictures, iou, area_under_curve)
        assert mean == pytest.approx(sum(slow.values()) / len(slow))
        seen |= {round(value, 3) for value in fast.values()}
    assert len(seen) > 12


def test_the_area_under_a_curve_drawn_by_hand():
    # Hit, false, hit of three marks: precision 1, 1/2, 2/3; the third mark is never found.
    hit = np.array([True, False, True])
    assert area_under_curve(hit, 3) == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert area_under_curve(np.zeros(0, bool), 3) == 0
    assert area_under_curve(np.array([True] * 3), 3) == 1


@pytest.mark.parametrize("rule", [match_centre, by_iou(0.5)])
def test_hits_are_counted_as_a_plain_loop_counts_them(rule):
    for seed in range(6):
        pictures = [above(picture, 0.4) for picture in draw_pictures(seed, num_classes=2)]
        assert all((found.scores >= 0.4).all() for found, _, _ in pictures)
        slow = {0: [0, 0, 0], 1: [0, 0, 0]}
        for found, true, ignore in pictures:
            match = rule(found, true, ignore)
            for label, hit, false in zip(found.labels, match.hit, match.false, strict=True):
                slow[int(label)][1] += int(hit)
                slow[int(label)][2] += int(false)
            for label in true.labels[~ignore]:
                slow[int(label)][0] += 1
        parts = [count_hits(pictures, rule, label) for label in (0, 1)]
        for label, part in enumerate(parts):
            assert [part.num_true, part.num_hits, part.num_false] == slow[label]
        both = count_hits(pictures, rule)
        assert both.num_hits == parts[0].num_hits + parts[1].num_hits > 0
        assert both.recall == both.num_hits / both.num_true
        assert both.precision == both.num_hits / (both.num_hits + both.num_false)
        assert both.false_per_picture == both.num_false / 12


def test_shares_of_nothing_are_not_numbers():
    none = count_hits([], match_centre)
    assert all(math.isnan(n) for n in (none.precision, none.recall, none.false_per_picture))


def slow_centre_hits(pictures, rate):
    """Try every threshold from the top, counting with a plain loop."""
    scores = sorted({float(s) for found, _, _ in pictures for s in found.scores}, reverse=True)
    best = None
    for threshold in scores:
        hits = false = 0
        for found, true, ignore in pictures:
            taken = set()
            for find in np.argsort(-found.scores, kind="stable"):
                if found.scores[find] < threshold:
                    continue
                x, y = (found.boxes[find, :2] + found.boxes[find, 2:]) / 2
                around = [
                    index for index, (x1, y1, x2, y2) in enumerate(true.boxes)
                    if x1 <= x < x2 and y1 <= y < y2 and true.labels[index] == found.labels[find]
                ]  # fmt: skip
                open_ = [index for index in around if not ignore[index] and index not in taken]
                if open_:
                    centres = (true.boxes[open_, :2] + true.boxes[open_, 2:]) / 2
                    taken.add(open_[np.hypot(*(centres - [x, y]).T).argmin()])
                    hits += 1
                elif not any(ignore[index] for index in around):
                    false += 1
        if false > rate * len(pictures):
            break
        best = (hits, threshold, false)
    return best


@pytest.mark.parametrize("rate", [0.25, 0.5, 1.5])
def test_centre_hit_recall_is_that_of_the_slow_count(rate):
    reached = 0
    for seed in range(15):
        pictures = draw_pictures(seed, num_classes=2)
        hits = centre_hit_recall(pictures, rate)
        slow = slow_centre_hits(pictures, rate)
        if slow is None:
            assert hits.recall == 0
            continue
        reached += 1
        num_true = sum((~ignore).sum() for _, _, ignore in pictures)
        assert hits.recall == pytest.approx(slow[0] / num_true)
        assert hits.threshold >= slow[1]  # between them lie ignored finds only
        assert hits.false_per_picture == pytest.approx(slow[2] / len(pictures))
        assert threshold_at_false_rate(pictures, rate) == hits.threshold
    assert reached > 3


def one_picture(*scored):
    """A true box at 0,0 and finds: (score, whether it lies on the box)."""
    boxes = [[0, 0, 10, 10] if on else [50, 50, 60, 60] for _, on in scored]
    found = Defects.of(boxes, scores=[score for score, _ in scored])
    return found, Defects.of([[0, 0, 10, 10]]), np.zeros(1, bool)


def test_equal_scores_are_kept_or_dropped_together():
    pictures = [one_picture((0.9, True)), one_picture((0.5, True), (0.5, False))]
    strict, loose = centre_hit_recall(pictures, 0.1), centre_hit_recall(pictures, 0.5)
    assert (strict.recall, strict.threshold) == (0.5, pytest.approx(0.9))
    assert (loose.recall, loose.threshold, loose.false_per_picture) == (1, 0.5, 0.5)


def test_the_allowance_is_reached_exactly():
    pictures = [one_picture((0.8, False), (0.7, True))] * 3 + [one_picture((0.9, True))] * 27
    assert centre_hit_recall(pictures, 0.1).recall == 1
    assert centre_hit_recall(pictures, 0.09).recall == pytest.approx(27 / 30)


def test_a_threshold_above_the_best_find_where_even_that_is_too_much():
    hits = centre_hit_recall([one_picture((0.5, False), (0.4, True))], 0.1)
    assert (hits.recall, hits.false_per_picture) == (0, 0)
    assert 0.5 < hits.threshold < 0.5001


def test_nothing_found_and_nothing_true():
    hits = centre_hit_recall([one_picture()], 0.1)
    assert (hits.recall, hits.threshold, hits.false_per_picture) == (0, 1, 0)
    assert math.isnan(centre_hit_recall([], 0.1).recall)
