"""Rims and marks planted in drawn pictures, found to a part of a pixel."""

import numpy as np
import pytest

from blemish.wafer.outline import Outline, RimMark, find_outline
from blemish.wafer.refine import refine_outline
from planted_wafers import Wafer, draw

WAFERS = [
    Wafer(),
    Wafer(turn=213.0, depth=0.045, squeeze=0.96, tilt=30.0),
    Wafer(mark="notch", turn=301.0),
    Wafer(mark="notch", turn=200.0, squeeze=0.97, tilt=110.0),
    Wafer(mark="none", squeeze=0.95, tilt=75.0),
]


@pytest.mark.parametrize("wafer", WAFERS)
def test_the_rim_and_the_mark(wafer: Wafer) -> None:
    pixels = draw(wafer, seed=3)
    outline = find_outline(pixels)
    assert outline is not None
    refined = refine_outline(pixels, outline)
    found = refined.outline
    assert refined.clear
    assert refined.in_view == 1.0
    assert np.hypot(*np.subtract(found.centre, wafer.centre)) < 0.15
    assert found.axes[0] == pytest.approx(wafer.radius, abs=0.3)
    assert found.axes[1] == pytest.approx(wafer.radius * wafer.squeeze, abs=0.3)
    assert found.mark.kind == wafer.mark
    if wafer.mark != "none":
        direction = found.mark_direction()
        angle = np.rad2deg(np.arctan2(direction[1], direction[0]))
        limit = 0.1 if wafer.mark == "flat" else 0.4
        assert abs((angle - wafer.turn + 180) % 360 - 180) < limit
    if wafer.mark == "flat":
        assert found.mark.depth == pytest.approx(wafer.depth, abs=0.002)


def test_a_rough_first_fit_is_mended() -> None:
    wafer = Wafer(turn=10.0)
    rough = Outline((303.0, 298.0), (252.5, 247.0), 40.0, RimMark)
    found = refine_outline(draw(wafer), rough).outline
    assert np.hypot(*np.subtract(found.centre, wafer.centre)) < 0.15
    assert found.axes == (pytest.approx(250, abs=0.3), pytest.approx(250, abs=0.3))
    assert found.mark.kind == "flat"


def test_where_no_rim_is_the_outline_comes_back_and_is_not_clear() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)
    given = Outline((150.0, 150.0), (120.0, 118.0), 20.0, RimMark)
    refined = refine_outline(noise, given)
    assert not refined.clear
    assert refined.outline is given


def test_half_a_wafer_says_how_much_is_in_view() -> None:
    wafer = Wafer(centre=(300.0, 20.0), mark="none")
    given = Outline(wafer.centre, (250.0, 250.0), 0.0, RimMark)
    refined = refine_outline(draw(wafer), given)
    assert refined.in_view == pytest.approx(0.5 + np.arcsin(20 / 250) / np.pi, abs=0.01)
