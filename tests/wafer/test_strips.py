"""Borders planted at known offsets."""

import numpy as np
import pytest

from blemish.wafer.strips import REACH, Strip, cut_strip, fit_border

RADIUS = 400.0  # px


def straight(offset: float, blur: bool = True, height: int = 120) -> Strip:
    """Cut a strip along x = 50 whose picture is brighter from 50 + offset radii on."""
    x = np.arange(100) + 0.5
    step = np.clip(x - (50 + offset * RADIUS) + 0.5, 0, 1)
    picture = np.broadcast_to((60 + 90 * step)[None, :, None], (height, 100, 3))
    noise = np.random.default_rng(1).normal(0, 1.5, picture.shape)
    starts = np.stack([np.full(height, 50.0), np.arange(height) + 0.5], axis=1)
    normals = np.broadcast_to([RADIUS, 0.0], (height, 2))
    pixels = np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)
    return cut_strip(pixels, starts, normals)


@pytest.mark.parametrize("offset", [-0.02, -0.0031, 0.0, 0.0047, 0.025])
def test_a_border_is_found_to_a_tenth_of_a_pixel(offset: float) -> None:
    strip = straight(offset)
    assert strip.seen.all()
    off = strip.nearest(np.full(120, offset))
    assert np.median(np.abs(off)) < 0.1 / RADIUS
    (level,), held = fit_border(strip, np.ones((120, 1)), np.linspace(-0.02, 0.02, 9))
    assert level == pytest.approx(offset, abs=0.1 / RADIUS)
    assert held > 0.95


def test_of_two_borders_the_outer_is_taken() -> None:
    inner, outer = np.full((60, 1), -0.01), np.full((60, 1), 0.012)
    strip = Strip(np.hstack([inner, outer]), np.ones(60, np.bool_))
    (level,), held = fit_border(strip, np.ones((60, 1)), np.linspace(-0.016, 0.016, 9))
    assert level == pytest.approx(0.012, abs=1e-5)
    assert held == 1.0


def test_a_slant_is_fitted_past_wrong_edges() -> None:
    along = np.linspace(-1, 1, 80)
    offsets = np.stack([0.002 + 0.004 * along, np.full(80, np.nan)], axis=1)
    offsets[::5, 0] = 0.03  # dirt on the border
    design = np.column_stack([np.ones(80), along])
    (level, slope), held = fit_border(Strip(offsets, np.ones(80, np.bool_)), design, np.zeros(1))
    assert (level, slope) == (pytest.approx(0.002, abs=1e-4), pytest.approx(0.004, abs=1e-4))
    assert held == pytest.approx(0.8)


def test_what_lies_outside_the_picture_is_not_seen() -> None:
    picture = np.full((50, 50, 3), 90, np.uint8)
    starts = np.array([[25.0, 25.0], [-30.0, 25.0], [25.0, 90.0]])
    strip = cut_strip(picture, starts, np.broadcast_to([100.0, 0.0], (3, 2)))
    assert strip.seen.tolist() == [True, False, False]
    assert not strip.held(np.zeros(3)).any()
    assert np.isnan(strip.nearest(np.zeros(3))).all()  # a plain picture has no edges
    assert REACH * 100 < 25
