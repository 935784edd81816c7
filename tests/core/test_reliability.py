import math

import numpy as np
import pytest

from blemish.core.reliability import calibration_error, judged_apart, reliability
from blemish.core.scoremaps import fit_isotonic


def slow_table(scores, hit):
    rows = []
    for at in range(10):
        low, high = np.linspace(0, 1, 11)[at : at + 2]
        inside = [
            place for place, score in enumerate(scores.tolist())
            if low <= score < high or (at == 9 and score == 1)
        ]  # fmt: skip
        rows.append((len(inside), sum(hit[place] for place in inside),
                     sum(scores[place] for place in inside)))  # fmt: skip
    return rows


def test_the_table_is_that_of_a_plain_loop():
    rng = np.random.default_rng(0)
    scores = np.append(rng.random(300), [0, 0.1, 0.5, 1, 1]).astype(np.float32)
    hit = rng.random(305) < scores
    table = reliability(scores, hit)
    for row, (finds, hits, total) in zip(table, slow_table(scores, hit), strict=True):
        assert (row.num_finds, row.num_hits) == (finds, hits)
        assert row.mean_score == pytest.approx(total / finds, abs=1e-6)
        assert row.interval[0] <= row.precision <= row.interval[1]
    slow = sum(abs(hits - total) for _, hits, total in slow_table(scores, hit)) / 305
    assert calibration_error(table) == pytest.approx(slow, abs=1e-6)


def test_scores_that_are_chances_have_a_small_error_and_others_a_large_one():
    rng = np.random.default_rng(1)
    scores = rng.random(50_000).astype(np.float32)
    hit = rng.random(50_000) < scores
    assert calibration_error(reliability(scores, hit)) < 0.01
    # Squared scores say 1/3 on average where 1/2 is true.
    assert calibration_error(reliability(scores**2, hit)) == pytest.approx(1 / 6, abs=0.01)


def test_of_no_finds_nothing_is_known():
    table = reliability(np.zeros(0, np.float32), np.zeros(0, bool))
    assert math.isnan(calibration_error(table))
    assert [row.num_finds for row in table] == [0] * 10
    assert math.isnan(table[0].precision)


def test_each_find_is_judged_by_a_map_that_has_not_seen_its_fold():
    rng = np.random.default_rng(2)
    places = rng.integers(0, 30, 400)
    folds = np.arange(30) % 5
    scores = rng.random(400).astype(np.float32)
    hit = rng.random(400) < scores
    chances = judged_apart(scores, hit, places, fit_isotonic, folds)
    for fold in range(5):
        held = folds[places] == fold
        changed = hit.copy()
        changed[held] = ~changed[held]
        again = judged_apart(scores, changed, places, fit_isotonic, folds)
        np.testing.assert_array_equal(again[held], chances[held])
        assert (again[~held] != chances[~held]).any()


def test_where_no_map_can_be_fitted_scores_stay():
    scores, hit = np.float32([0.2, 0.9]), np.array([True, True])
    chances = judged_apart(scores, hit, np.array([0, 1]), fit_isotonic, np.array([0, 1]))
    np.testing.assert_array_equal(chances, scores)
