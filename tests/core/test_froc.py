import math

import numpy as np
import pytest

from blemish.core.froc import RATES, froc
from blemish.core.matching import match_centre
from blemish.core.metrics import above, by_iou, centre_hit_recall, count_hits
from planted_finds import draw_pictures


@pytest.mark.parametrize("rule", [match_centre, by_iou(0.5)])
@pytest.mark.parametrize("label", [None, 0, 1])
def test_the_curve_is_that_of_counting_at_every_score(rule, label):
    for seed in range(6):
        pictures = draw_pictures(seed, num_classes=2)
        curve = froc(pictures, rule, label)
        slow = []
        scores = {float(score) for found, _, _ in pictures for score in found.scores}
        for score in sorted(scores, reverse=True):
            counts = count_hits([above(one, score) for one in pictures], rule, label)
            if counts.recall > (slow[-1][2] if slow else 0):
                slow.append((score, counts.false_per_picture, counts.recall))
        points = np.stack([curve.thresholds, curve.false_per_picture, curve.recall], axis=1)
        np.testing.assert_allclose(points, np.array(slow).reshape(-1, 3), atol=1e-6)


def test_the_recall_at_a_rate_is_that_of_the_working_point():
    for seed in range(10):
        pictures = draw_pictures(seed)
        curve = froc(pictures)
        for rate in (*RATES, 0.25, 0.5):
            assert curve.recall_at(rate) == pytest.approx(centre_hit_recall(pictures, rate).recall)
        assert 0 <= curve.mean_recall() <= 1


def test_nothing_found_and_nothing_true():
    missed = [one for one in draw_pictures(0) if len(one[1])]
    missed = [(found.take(np.zeros(len(found), bool)), *rest) for found, *rest in missed]
    curve = froc(missed)
    assert len(curve.recall) == 0
    assert curve.recall_at(0.1) == 0
    assert math.isnan(froc([]).recall_at(0.1))
