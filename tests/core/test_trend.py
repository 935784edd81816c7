"""Mann and Kendall's test against a slow count, all orders, and numbers from the books."""

import math
from itertools import combinations

import numpy as np
import pytest

from blemish.core.trend import find_trend


def test_a_rise_is_seen_and_a_level_is_not() -> None:
    rise = find_trend([1, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13])
    assert rise is not None
    assert rise.p_value < 1e-3
    assert rise.slope == pytest.approx(1.0)
    level = find_trend([5] * 12)
    assert level is not None
    assert (level.tau, level.slope, level.p_value) == (0.0, 0.0, 1.0)


def test_one_wafer_with_very_many_makes_no_trend() -> None:
    trend = find_trend([2, 1, 3, 2, 1, 2, 3, 1, 2, 500])
    assert trend is not None
    assert trend.p_value > 0.05


@pytest.mark.parametrize("seed", range(5))
def test_tau_and_slope_are_those_of_all_pairs(seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 9, 14).tolist()
    pairs = list(combinations(range(14), 2))
    trend = find_trend(values)
    assert trend is not None
    rises = sum(np.sign(values[b] - values[a]) for a, b in pairs)
    assert trend.tau == pytest.approx(rises / len(pairs))
    assert trend.slope == pytest.approx(
        np.median([(values[b] - values[a]) / (b - a) for a, b in pairs])
    )


def test_of_few_numbers_all_orders_are_counted() -> None:
    trend = find_trend([1, 2, 3, 4, 5])
    assert trend is not None
    assert trend.p_value == pytest.approx(2 / math.factorial(5))
    assert find_trend([1, 2, 3]) is None


def test_the_normal_law_and_all_orders_agree() -> None:
    """Chance is found as often as is said."""
    rng = np.random.default_rng(7)
    for count in (8, 9):
        chances = [find_trend(rng.poisson(5, count).tolist()).p_value for _ in range(60)]
        assert 0.005 <= np.mean(np.array(chances) <= 0.1) <= 0.19
