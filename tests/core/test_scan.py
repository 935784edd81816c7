"""Places that come back are found, chance is told apart, and the arithmetic is that of the law."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.core.scan import Scan, binomial_tail, find_meetings
from planted_lots import RADIUS, draw_lot, even, plant

AREA = math.pi * RADIUS**2


def scan_of(points, owners, **more):
    return Scan(points, owners, AREA, **{"reach": 3.0, "least": 3} | more)


def flat(left_out):
    return np.ones(len(left_out))


@pytest.mark.parametrize("chance", [0.0, 0.2, 0.7, 1.0])
@pytest.mark.parametrize("least", [0, 1, 3, 5, 6])
def test_the_tail_is_that_of_all_outcomes(chance: float, least: int) -> None:
    slow = sum(
        math.prod(chance if win else 1 - chance for win in wins)
        for wins in product((0, 1), repeat=5)
        if sum(wins) >= least
    )
    assert binomial_tail(5, chance, least) == pytest.approx(slow, abs=1e-12)


def test_the_p_value_of_even_points_is_that_of_drawn_ones() -> None:
    """A find in the middle, two other wafers of four within 12 mm, against a million draws."""
    points = np.array([(0, 0), (10, 0), (0, 12.0), (60, 0), (0, 60), (-60, 0), (0, -60)])
    owners = np.array([0, 1, 2, 1, 2, 3, 3])
    (found,) = find_meetings(scan_of(points, owners, reach=15.0), flat, 10.0)
    rng = np.random.default_rng(1)
    near = [np.hypot(*even(rng, 2 * 200_000).T).reshape(-1, 2).min(axis=1) <= 12 for _ in range(3)]
    slow = float((np.sum(near, axis=0) >= 2).mean())
    assert found.p_value == pytest.approx(slow, rel=0.05)
    assert found.by_chance == pytest.approx(1 + 3 * (1 - (1 - 144 / RADIUS**2) ** 2))


def test_a_planted_place_is_found_with_its_wafers() -> None:
    rng = np.random.default_rng(3)
    points, owners = draw_lot(rng, even)
    points, owners, place = plant(rng, points, owners, on=5)
    found = find_meetings(scan_of(points, owners), flat, 0.05)
    assert len(found) == 1
    assert np.hypot(*(found[0].place - place)) < 0.8
    assert set(owners[-5:]) >= set(found[0].groups)
    assert len(found[0].groups) >= 4
    assert 0.2 < found[0].spread < 1.2
    assert found[0].false_places < 1e-4


def test_two_places_are_two() -> None:
    rng = np.random.default_rng(4)
    points, owners = draw_lot(rng, even, 25)
    points, owners, first = plant(rng, points, owners, on=8)
    points, owners, second = plant(rng, points, owners, on=6)
    found = find_meetings(scan_of(points, owners), flat, 0.05)
    assert len(found) == 2
    for place in (first, second):
        assert min(np.hypot(*(one.place - place)) for one in found) < 0.8
    assert not set(found[0].points) & set(found[1].points)
    assert found[0].false_places <= found[1].false_places


def test_a_crowd_on_one_wafer_counts_once() -> None:
    rng = np.random.default_rng(5)
    points, owners = draw_lot(rng, even)
    crowd = np.array([20.0, 20.0]) + rng.normal(0, 0.4, (30, 2))
    points, owners = np.concatenate([points, crowd]), np.append(owners, np.full(30, 7))
    assert find_meetings(scan_of(points, owners), flat, 0.05) == []


def test_where_much_is_expected_nothing_is_striking() -> None:
    rng = np.random.default_rng(6)
    points, owners, _ = plant(rng, *draw_lot(rng, even), on=3, scatter=0.3)
    usual = scan_of(points, owners)
    assert len(find_meetings(usual, flat, 0.05)) == 1
    assert find_meetings(usual, lambda left_out: 200 * flat(left_out), 0.05) == []


@given(
    st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20), st.integers(0, 5)), max_size=25),
    st.integers(2, 4),
)
@settings(max_examples=60, deadline=None)
def test_whatever_the_points_a_place_holds_together(
    rows: list[tuple[int, int, int]], least: int
) -> None:
    points = np.array([row[:2] for row in rows], np.float64).reshape(-1, 2)
    owners = np.array([row[2] for row in rows], np.int64)
    found = find_meetings(scan_of(points, owners, reach=4.0, least=least), flat, 1.0)
    members = [at for one in found for at in one.points.tolist()]
    assert len(members) == len(set(members))
    for one in found:
        assert len(one.groups) >= least
        assert set(one.groups) == set(owners[one.points])
        assert np.hypot(*(points[one.points] - one.place).T).max() <= 8.0
        assert 0 <= one.p_value <= 1
        assert one.false_places <= 1.0


def test_what_is_found_is_left_out_of_the_density() -> None:
    rng = np.random.default_rng(8)
    points, owners, _ = plant(rng, *draw_lot(rng, even), on=6)
    seen = []

    def density(left_out):
        seen.append(left_out.copy())
        return flat(left_out)

    (found,) = find_meetings(scan_of(points, owners), density, 0.05)
    assert not seen[0].any()
    assert set(np.flatnonzero(seen[1])) == set(found.points)


def test_no_points_no_places() -> None:
    assert find_meetings(scan_of(np.zeros((0, 2)), np.zeros(0, np.int64)), flat, 0.05) == []
