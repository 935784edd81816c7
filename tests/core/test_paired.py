import math

import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.core.intervals import Resamples
from blemish.core.matching import match_centre
from blemish.core.metrics import above, area_under_curve, average_precision, by_iou, judge
from blemish.core.paired import difference, label_scores, tell_apart
from blemish.core.resampling import each_alone, mean_precisions
from planted_finds import draw_pictures


def precision_of(pictures):
    judged = judge(pictures, by_iou(0.5))
    return lambda weights: mean_precisions(judged, weights)


def weaker(pictures, lost, seed=0):
    """The same pictures, in which some finds are lost."""
    rng = np.random.default_rng(seed)
    return [
        (found.take(rng.random(len(found)) >= lost), true, ignore)
        for found, true, ignore in pictures
    ]


def test_the_difference_is_that_of_repeating_the_pictures_of_both():
    first = draw_pictures(3, num_pictures=8)
    second = weaker(first, 0.4)
    resamples = Resamples.of(each_alone(8), np.random.default_rng(0), 30)
    slow = []
    for row in resamples.drawn:
        both = [
            [one for one, times in zip(pictures, row, strict=True) for _ in range(times)]
            for pictures in (first, second)
        ]
        slow.append(
            average_precision(both[0], average=area_under_curve)
            - average_precision(both[1], average=area_under_curve)
        )
    fast = resamples.values(precision_of(first)) - resamples.values(precision_of(second))
    # Equal scores of repeated pictures stand in another order: a little apart.
    np.testing.assert_allclose(fast, slow, atol=0.05)
    result = difference(precision_of(first), precision_of(second), resamples)
    assert result.first == pytest.approx(average_precision(first, average=area_under_curve))
    assert result.difference == pytest.approx(result.first - result.second)
    assert result.first_better == pytest.approx(np.mean((fast > 0) + (fast == 0) / 2))


def test_pairing_narrows_what_is_hard_for_both():
    first = draw_pictures(5, num_pictures=80)
    second = weaker(first, 0.1)
    resamples = Resamples.of(each_alone(80), np.random.default_rng(1))
    one, other = precision_of(first), precision_of(second)
    result = difference(one, other, resamples)
    low, high = resamples.interval(one)
    assert result.interval[1] - result.interval[0] < 0.8 * (high - low)
    assert result.interval[0] < result.difference < result.interval[1]
    assert result.first_better > 0.9
    turned = difference(other, one, resamples)
    assert turned.difference == pytest.approx(-result.difference)
    assert turned.first_better == pytest.approx(1 - result.first_better)
    lower = difference(one, other, resamples, higher_is_better=False)
    assert lower.first_better == pytest.approx(1 - result.first_better)


def test_a_model_is_no_better_than_itself():
    pictures = draw_pictures(6)
    resamples = Resamples.of(each_alone(len(pictures)), np.random.default_rng(1))
    same = difference(precision_of(pictures), precision_of(pictures), resamples)
    assert (same.difference, same.interval, same.first_better) == (0, (0, 0), 0.5)
    empty = Resamples.of(each_alone(0), np.random.default_rng(1))
    assert math.isnan(difference(precision_of([]), precision_of([]), empty).first_better)


@pytest.mark.parametrize("rule", [match_centre, by_iou(0.5)])
def test_a_mark_is_hit_at_a_threshold_where_its_score_is_that_high(rule):
    for seed in range(6):
        for picture in draw_pictures(seed, num_classes=2):
            scores = label_scores(picture, rule)
            for threshold in (0.1, 0.5, 0.8):
                match = rule(*above(picture, threshold))
                hit = np.isin(np.arange(len(scores)), match.partner[match.hit])
                np.testing.assert_array_equal(hit, scores >= threshold)


def test_marks_are_told_apart_by_who_finds_them():
    boxes = [[20 * at, 0, 20 * at + 10, 10] for at in range(5)]
    true, ignore = Defects.of(boxes), np.array([False] * 4 + [True])

    def found(*scores):
        places = [at for at, score in enumerate(scores) if score]
        return Defects.of([boxes[at] for at in places], None, [scores[at] for at in places])

    first = (found(0.9, 0.8, 0.2, 0, 0.9), true, ignore)
    second = (found(0.9, 0.3, 0.7, 0, 0), true, ignore)
    marks = tell_apart(first, second, (0.5, 0.4))
    assert marks.both.tolist() == [True, False, False, False, False]
    assert marks.only_first.tolist() == [False, True, False, False, False]
    assert marks.only_second.tolist() == [False, False, True, False, False]
    assert marks.neither.tolist() == [False, False, False, True, False]
    assert marks.first[:3] == pytest.approx([0.9, 0.8, 0.2])
    assert np.isnan(marks.first[3])
    assert marks.differ
    assert not tell_apart(first, first, (0.5, 0.5)).differ
    # What is float32's 0.7 is taken at 0.7, as `find` takes it.
    assert tell_apart(second, first, (0.7, 0.9)).only_first[2]
