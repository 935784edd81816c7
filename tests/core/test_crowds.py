"""Crowds count for what they cover."""

import numpy as np
import pytest

from blemish.core.crowds import crowd_weights, discs_apart


def test_points_far_apart_count_each_and_points_upon_each_other_once() -> None:
    assert discs_apart(np.array([(0, 0), (10, 0), (0, 10.0)]), 4.9) == 3.0
    assert discs_apart(np.zeros((7, 2)), 2.0) == pytest.approx(1.0)
    assert discs_apart(np.zeros((0, 2)), 2.0) == 0.0
    assert discs_apart(np.zeros((1, 2)), 2.0) == 1.0


@pytest.mark.parametrize(("count", "spread"), [(2, 1.0), (30, 2.0), (60, 4.0), (600, 3.0)])
def test_the_area_is_that_of_thrown_points(count: int, spread: float) -> None:
    rng = np.random.default_rng(count)
    points = rng.normal(0, spread, (count, 2))
    thrown = rng.uniform(-30, 30, (200_000, 2))
    near = np.zeros(len(thrown), np.bool_)
    for point in points:
        near |= np.hypot(*(thrown - point).T) <= 2.0
    slow = near.mean() * 60**2 / (np.pi * 4)
    assert discs_apart(points, 2.0) == pytest.approx(slow, rel=0.06)


def test_a_crowd_has_one_vote_and_a_busy_group_two_medians() -> None:
    rng = np.random.default_rng(2)
    lone = [10.0 * np.stack([np.arange(5), np.full(5, row)], axis=1) for row in range(3)]
    crowd = np.array([200.0, 200.0]) + rng.uniform(-0.1, 0.1, (50, 2))
    busy = 10.0 * np.stack([np.arange(40), np.full(40, 50)], axis=1)
    parts = [*lone, crowd, busy]
    groups = np.repeat(np.arange(5), [len(part) for part in parts])
    weights = crowd_weights(np.concatenate(parts), groups, 1.0)
    assert (weights[:15] == 1).all()
    assert weights[groups == 3].sum() == pytest.approx(1.0)
    assert weights[groups == 4].sum() == pytest.approx(10.0)
    assert crowd_weights(np.zeros((0, 2)), np.zeros(0, np.int64), 1.0).shape == (0,)
