"""Notches of several shapes planted in drawn rims, and what only looks like one."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.wafer.notch import find_notch

CENTRE, RADIUS = np.array([450.0, 450.0]), 410.0
MATRIX = np.diag([RADIUS, RADIUS])
Picture = NDArray[np.uint8]
Cut = Callable[[float, float], NDArray[np.float64]]


def rim_point(turn: float, inside: float = 0.0) -> NDArray[np.float64]:
    angle = np.deg2rad(turn)
    return CENTRE + (RADIUS - inside) * np.array([np.cos(angle), np.sin(angle)])


def draw(cuts: list[NDArray[np.float64]], inner: int = 150, noise: float = 3.0) -> Picture:
    """Draw a bright disc with polygons cut out, four times as large and made smaller."""
    large = np.full((3600, 3600), 40, np.uint8)
    middle = [round(4 * side - 0.5 + 2) for side in CENTRE]
    cv2.circle(large, middle, round(4 * RADIUS), inner, -1)
    for cut in cuts:
        cv2.fillPoly(large, [np.rint(4 * cut + 1.5).astype(np.int32)], 40)
    small = cv2.resize(large, (900, 900), interpolation=cv2.INTER_AREA).astype(np.float64)
    grain = np.random.default_rng(5).normal(0, noise, small.shape)
    return np.repeat((small + grain).clip(0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def round_cut(turn: float, depth: float) -> NDArray[np.float64]:
    around = np.linspace(0, 2 * np.pi, 40)
    return rim_point(turn) + depth * np.stack([np.cos(around), np.sin(around)], axis=1)


def pointed_cut(turn: float, depth: float) -> NDArray[np.float64]:
    wide = np.rad2deg(depth / RADIUS)
    corners = [rim_point(turn, depth), rim_point(turn - wide), rim_point(turn, -depth)]
    return np.array([*corners, rim_point(turn + wide)])


def off(found: float, turn: float) -> float:
    return abs((np.rad2deg(found) - turn + 180) % 360 - 180)


@pytest.mark.parametrize("cut", [round_cut, pointed_cut])
@pytest.mark.parametrize("depth", [4.0, 6.0, 8.0])
@pytest.mark.parametrize("turn", [0.1, 135.0, 301.3])
def test_a_notch_is_found_within_a_fifth_of_a_degree(cut: Cut, depth: float, turn: float) -> None:
    found = find_notch(draw([cut(turn, depth)]), CENTRE, MATRIX)
    assert found is not None
    assert off(found.turn, turn) < 0.2
    assert found.depth == pytest.approx(depth / RADIUS, rel=0.6)


def test_a_plain_rim_has_none() -> None:
    assert find_notch(draw([]), CENTRE, MATRIX) is None


def test_two_notches_are_none() -> None:
    assert find_notch(draw([round_cut(40, 6), round_cut(220, 6)]), CENTRE, MATRIX) is None


def test_a_rim_that_hardly_shows_has_none() -> None:
    assert find_notch(draw([round_cut(40, 6)], inner=50), CENTRE, MATRIX) is None


def test_a_wide_clamp_over_the_rim_is_none() -> None:
    wide = np.array([rim_point(t, d) for t, d in ((30, -20), (42, -20), (42, 9), (30, 9))])
    assert find_notch(draw([wide]), CENTRE, MATRIX) is None


def test_a_rim_half_outside_the_picture_is_looked_at_where_it_is_seen() -> None:
    picture = draw([round_cut(10, 6)])
    aside = CENTRE - (300, 0)
    found = find_notch(picture[:, 300:], aside, MATRIX)
    assert found is not None
    assert off(found.turn, 10) < 0.2
    assert find_notch(picture[:, :500], CENTRE, MATRIX) is None
