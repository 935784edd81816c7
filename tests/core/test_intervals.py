import json
import math
import runpy
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.core.intervals import (
    Resamples,
    acceleration,
    average_precision_interval,
    corrected_ends,
    mean_areas,
)
from blemish.core.metrics import area_under_curve, at_101_recalls, average_precision, by_iou, judge
from blemish.core.resampling import (
    draw_groups,
    each_alone,
    group_places,
    leave_out_each,
    mean_precisions,
    points_reached,
    share_reached,
)


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


@pytest.mark.parametrize(
    ("reach", "average"), [(share_reached, area_under_curve), (points_reached, at_101_recalls)]
)
@pytest.mark.parametrize("num_classes", [1, 2, 3])
def test_weighted_pictures_score_as_repeated_ones(num_classes, reach, average):
    rng = np.random.default_rng(num_classes)
    seen = set()
    for _ in range(5):
        pictures = draw_pictures(rng, num_classes=num_classes)
        weights = rng.multinomial(9, np.full(9, 1 / 9), 8)
        for row, value in zip(weights, mean_areas(pictures, weights, reach=reach), strict=True):
            repeated = [one for one, times in zip(pictures, row, strict=True) for _ in range(times)]
            expected = average_precision(repeated, average=average)
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


def test_the_points_reached_are_those_that_a_search_finds():
    recalls = np.linspace(0, 1, 101)
    for number in (1, 7, 50, 99, 100, 101, 3000):
        hits = np.arange(number + 1)
        slow = np.searchsorted(recalls, hits / number, side="right") / 101
        fast = points_reached(hits[None].astype(float), np.array([[float(number)]]))
        np.testing.assert_array_equal(fast[0], slow)


def test_pictures_of_a_group_are_drawn_together():
    places = group_places(["b", "a", "b", "c", "a", "b"])
    assert places.tolist() == [1, 0, 1, 2, 0, 1]
    resamples = Resamples.of(places, np.random.default_rng(0), 50)
    rows = []
    resamples.values(lambda weights: rows.append(weights) or np.zeros(len(weights)))
    (weights,) = rows
    assert weights.shape == (50, 6)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 1] == weights[:, 4]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert resamples.num_groups == 3


def test_groups_that_hang_together_give_a_wider_interval():
    rng = np.random.default_rng(3)
    of_group = [draw_pictures(rng, 10, 1, chance) for chance in rng.choice([0.4, 1.0], 12)]
    pictures = [one for group in of_group for one in group]
    judged = judge(pictures, by_iou(0.5))
    widths = []
    for places in (each_alone(120), np.repeat(np.arange(12), 10)):
        low, high = Resamples.of(places, rng).interval(lambda w: mean_precisions(judged, w))
        widths.append(high - low)
    assert widths[1] > 1.5 * widths[0]


def test_leaving_out_bunches_keeps_the_skewness():
    rng = np.random.default_rng(4)
    bends = {600: [], 120: []}
    for _ in range(60):
        values = rng.exponential(size=600)
        for most, found in bends.items():
            rows = leave_out_each(600, most)
            found.append(acceleration(rows @ values / rows.sum(axis=1)))
    # A sixth of the skewness, 2, over the root of 600.
    assert np.mean(bends[600]) == pytest.approx(2 / 6 / 600**0.5, rel=0.15)
    assert np.mean(bends[120]) == pytest.approx(np.mean(bends[600]), rel=0.2)
    assert (leave_out_each(4) == 1 - np.eye(4)).all()
    assert leave_out_each(0).shape == (0, 0)


def test_the_ends_are_those_of_the_formula_written_out():
    """BCa by its definition, with the normal's numbers from a table."""
    rng = np.random.default_rng(5)
    values = rng.gamma(4, size=4000)
    left_out = rng.gamma(2, size=60)
    estimate = float(np.quantile(values, 0.6))
    share_below = np.mean(values < estimate)
    assert share_below == pytest.approx(0.6, abs=1e-3)
    shift = 0.2533  # the normal's 60 %
    away = left_out.mean() - left_out
    bend = (away**3).sum() / (6 * (away**2).sum() ** 1.5)
    expected = []
    for z in (-1.95996, 1.95996):
        moved = shift + (shift + z) / (1 - bend * (shift + z))
        expected.append(np.quantile(values, 0.5 * (1 + math.erf(moved / 2**0.5))))
    assert corrected_ends(values, estimate, left_out) == pytest.approx(expected, rel=2e-3)
    plain = corrected_ends(values, float(np.median(values)), np.zeros(9))
    assert plain == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])), rel=1e-6)


def test_ends_where_nothing_varies_or_nothing_is_known():
    assert corrected_ends(np.ones(9), 1.0, np.ones(4)) == (1, 1)
    some = np.array([np.nan, 0.5, 0.7])
    low, high = corrected_ends(some, 0.6, np.array([np.nan, 0.6]))
    assert 0.5 <= low <= high <= 0.7
    assert all(map(math.isnan, corrected_ends(np.array([np.nan]), 0.5, np.ones(2))))
    assert all(map(math.isnan, corrected_ends(np.ones(3), math.nan, np.ones(2))))
    assert draw_groups(0, 7, np.random.default_rng(0)).shape == (7, 0)
    # Skewness beyond the pole of the formula: the outermost draws, and no number that is none.
    wild = np.zeros(2)
    wild[0] = 100
    low, high = corrected_ends(np.arange(9.0), 8.0, np.repeat(wild, [1, 40]))
    assert 0 <= low <= high <= 8


@pytest.mark.slow
def test_two_thousand_draws_of_five_hundred_pictures_take_less_than_five_seconds():
    pictures = draw_pictures(np.random.default_rng(6), 500, 1)
    begun = time.process_time()
    for iou in np.linspace(0.5, 0.95, 10):
        average_precision_interval(pictures, np.random.default_rng(0), float(iou))
    assert time.process_time() - begun < 5


@pytest.mark.slow
def test_the_interval_holds_the_truth_of_simulated_detectors(monkeypatch, capsys):
    """A small round of `benchmarks/coverage.py`, with room for the chance of 250."""
    path = Path(__file__).parents[2] / "benchmarks" / "coverage.py"
    monkeypatch.setattr(sys, "argv", [str(path), "--detectors", "250", "--seed", "7"])
    runpy.run_path(str(path), run_name="__main__")
    numbers = json.loads(capsys.readouterr().out)
    assert 0.91 <= numbers["corrected"]["holds"] <= 0.985
    assert numbers["corrected"]["truth below"] < 0.06
    assert numbers["corrected"]["truth above"] < 0.06
