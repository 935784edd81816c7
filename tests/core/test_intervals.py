import math

import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.core.intervals import average_precision_interval, mean_areas
from blemish.core.metrics import area_under_curve, average_precision


def draw_pictures(rng, num_pictures=9, num_classes=2, chance=0.7):
    """Pictures of true boxes far apart; each is found by chance, with stray finds between."""
    pictures = []
    for _ in range(num_pictures):
        count = int(rng.integers(0, 5))
        corners = rng.permutation(25)[:count, None] // [5, 1] % 5 * 20
        true = np.hstack([corners, corners + 10])
        labels = rng.integers(0, num_classes, count)
        found = rng.random(count) < chance
        strays = np.tile([200, 200, 210, 210], (rng.integers(0, 4), 1))
        boxes = np.vstack([true[found], strays])
        kinds = np.append(labels[found], rng.integers(0, num_classes, len(strays)))
        finds = Defects.of(boxes, kinds, rng.random(len(boxes)))
        pictures.append((finds, Defects.of(true, labels), rng.random(count) < 0.1))
    return pictures


@pytest.mark.parametrize("num_classes", [1, 2, 3])
def test_weighted_pictures_score_as_repeated_ones(num_classes):
    rng = np.random.default_rng(num_classes)
    seen = set()
    for _ in range(5):
        pictures = draw_pictures(rng, num_classes=num_classes)
        weights = rng.multinomial(9, np.full(9, 1 / 9), 8)
        for row, value in zip(weights, mean_areas(pictures, weights), strict=True):
            repeated = [one for one, times in zip(pictures, row, strict=True) for _ in range(times)]
            expected = average_precision(repeated, average=area_under_curve)
            assert value == pytest.approx(expected, nan_ok=True)
            seen.add(round(value, 3))
    assert len(seen) > 20


def test_draws_in_parts_are_those_at_once(monkeypatch):
    pictures = draw_pictures(np.random.default_rng(5))
    weights = np.random.default_rng(1).multinomial(9, np.full(9, 1 / 9), 50)
    whole = mean_areas(pictures, weights)
    monkeypatch.setattr("blemish.core.resampling.MAX_CELLS", 40)
    np.testing.assert_array_equal(mean_areas(pictures, weights), whole)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    truth = average_precision(draw_pictures(rng, 2000, 1), average=area_under_curve)
    inside = 0
    for _ in range(50):
        low, high = average_precision_interval(draw_pictures(rng, 60, 1), rng, num_draws=200)
        assert low < high
        inside += low <= truth <= high
    assert 42 <= inside <= 50


def test_more_pictures_give_a_narrower_interval_and_one_seed_the_same():
    few, many = (draw_pictures(np.random.default_rng(2), number, 1) for number in (20, 500))
    wide, again, narrow = (
        average_precision_interval(pictures, np.random.default_rng(3))
        for pictures in (few, few, many)
    )
    assert wide == again
    assert narrow[1] - narrow[0] < 0.4 * (wide[1] - wide[0])


def test_nothing_true_or_nothing_found():
    rng = np.random.default_rng(0)
    none, true = Defects.none(), Defects.of([[0, 0, 9, 9]])
    assert all(map(math.isnan, average_precision_interval([], rng)))
    clean = [(true, none, np.zeros(0, bool))] * 3
    assert all(map(math.isnan, average_precision_interval(clean, rng)))
    missed = [(none, true, np.zeros(1, bool))] * 3
    assert average_precision_interval(missed, rng) == (0, 0)
    assert average_precision_interval([(true, true, np.zeros(1, bool))], rng) == (1, 1)
