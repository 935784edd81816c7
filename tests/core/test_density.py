"""Even points give an even density, a dense ring a dense one, and one group alone little."""

import numpy as np

from blemish.core.density import smooth_density
from planted_lots import RADIUS, draw_lot, edge_ring, even, one_side


def density_of(points, owners):
    radius, angle = np.hypot(*points.T), np.arctan2(points[:, 1], points[:, 0])
    unit = np.stack([(radius / RADIUS) ** 2, angle / (2 * np.pi) % 1], axis=1)
    return smooth_density(unit, owners, np.ones(len(points)), (False, True))


def test_even_points_are_even() -> None:
    points, owners = draw_lot(np.random.default_rng(1), even, 25, 20)
    density = density_of(points, owners)
    assert 0.6 < density.min() <= density.max() < 1.6


def test_a_ring_and_a_side_are_seen() -> None:
    points, owners = draw_lot(np.random.default_rng(2), edge_ring, 25, 20)
    radius, density = np.hypot(*points.T) / RADIUS, density_of(points, owners)
    assert 2.5 < density[radius > 0.93].mean() < 4.5  # 0.4 + 0.6 / 0.19 = 3.6
    assert 0.2 < density[radius < 0.8].mean() < 0.6  # 0.4
    points, owners = draw_lot(np.random.default_rng(3), one_side, 25, 20)
    density = density_of(points, owners)
    assert 1.5 < density[points[:, 0] < -20].mean() < 2.1  # 1.8
    assert 0.1 < density[points[:, 0] > 20].mean() < 0.5  # 0.2


def test_of_one_group_nothing_is_learnt() -> None:
    places = np.array([[0.1, 0.2], [0.15, 0.25], [0.9, 0.9]])
    density = smooth_density(places, np.zeros(3, np.int64), np.ones(3), (False, True))
    np.testing.assert_allclose(density, 1.0)


def test_no_points() -> None:
    none = np.zeros(0)
    assert smooth_density(np.zeros((0, 2)), none.astype(int), none, (True, True)).shape == (0,)
