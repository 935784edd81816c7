import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from blemish.core.exact import fewest_for, most_under, rate_bound, share_bound, share_interval


def chance_of_at_most(part: int, whole: int, share: float) -> Fraction:
    """The binomial sum in whole numbers: nothing is rounded."""
    exact = Fraction(share)
    return sum(math.comb(whole, n) * exact**n * (1 - exact) ** (whole - n) for n in range(part + 1))


@settings(deadline=None)
@given(some.integers(1, 120), some.data())
def test_the_bound_is_where_so_few_have_the_chance_that_is_left(whole, data):
    part = data.draw(some.integers(0, whole - 1))
    level = data.draw(some.sampled_from([0.8, 0.95, 0.999]))
    bound = share_bound(part, whole, level)
    assert float(chance_of_at_most(part, whole, bound)) == pytest.approx(1 - level, rel=1e-9)


@pytest.mark.parametrize("whole", [1, 5, 12, 30])
@pytest.mark.parametrize("share", [0.01, 0.05, 0.3, 0.5, 0.77, 0.99])
def test_the_interval_holds_the_truth_at_least_as_often_as_it_says(whole, share):
    held = 0.0
    for part in range(whole + 1):
        low, high = share_interval(part, whole)
        if low <= share <= high:
            held += math.comb(whole, part) * share**part * (1 - share) ** (whole - part)
    assert held >= 0.95


def test_printed_values():
    # Clopper & Pearson's chart, as printed in textbooks: 4 of 20.
    assert share_interval(4, 20) == pytest.approx((0.0573, 0.4366), abs=5e-5)
    assert share_interval(0, 10) == pytest.approx((0, 0.3085), abs=5e-5)
    assert share_interval(10, 10) == pytest.approx((0.6915, 1), abs=5e-5)
    # Garwood's table at 97.5 %: 0 -> 3.689, 5 -> 11.668, 50 -> 65.919.
    for count, mean in ((0, 3.689), (5, 11.668), (50, 65.919)):
        assert rate_bound(count, 1, 0.975) == pytest.approx(mean, abs=6e-4)
    assert rate_bound(5, 100, 0.975) == pytest.approx(0.11668, abs=6e-6)


def test_the_rule_of_three():
    for whole in (30, 85, 300, 3000):
        assert share_bound(0, whole) == pytest.approx(1 - 0.05 ** (1 / whole), rel=1e-12)
        assert share_bound(0, whole) == pytest.approx(3 / whole, rel=0.05)
        assert rate_bound(0, whole) == pytest.approx(3 / whole, rel=0.005)
    for limit in (0.01, 0.05, 0.2):
        number = fewest_for(limit)
        assert share_bound(0, number) <= limit < share_bound(0, number - 1)


def test_many_trials_neither_overflow_nor_take_long():
    assert share_bound(50_000, 100_000) == pytest.approx(0.5026, abs=1e-4)
    assert rate_bound(50_000, 100_000) == pytest.approx(0.5037, abs=1e-4)


def test_the_rate_bound_is_where_so_few_have_the_chance_that_is_left():
    for count in (0, 1, 7, 40):
        mean = rate_bound(count, 1)
        chance = sum(math.exp(-mean) * mean**n / math.factorial(n) for n in range(count + 1))
        assert chance == pytest.approx(0.05, rel=1e-9)


def test_nothing_seen_says_nothing():
    assert all(map(math.isnan, share_interval(0, 0)))
    assert share_bound(0, 0) == 1
    assert rate_bound(0, 0) == math.inf
    assert share_bound(3, 3) == 1
    with pytest.raises(ValueError, match="4 of 3"):
        share_interval(4, 3)


def test_the_most_that_a_limit_allows_is_that_of_trying_all():
    for whole, limit in ((20, 0.05), (59, 0.05), (200, 0.05), (200, 0.1), (30, 1.0)):
        bounds = [share_bound(part, whole) for part in range(whole + 1)]
        assert bounds == sorted(bounds)
        allowed = [part for part, bound in enumerate(bounds) if bound <= limit]
        most = most_under(lambda part, n=whole: share_bound(part, n), limit, whole)
        assert most == (max(allowed) if allowed else None)
    assert np.isfinite(rate_bound(0, 1))
