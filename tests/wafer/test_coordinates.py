"""Pixels and millimetres: the convention by hand, the rest by what cannot be wrong the same way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.wafer.coordinates import (
    TURNS,
    Location,
    WaferFrame,
    frame_of,
    mark_toward,
    picture_angle,
    picture_toward,
    polar,
)
from blemish.wafer.outline import Outline, RimMark
from planted_wafers import Wafer

ROUND = Outline((100.0, 80.0), (50.0, 50.0), 0.0)
angles = st.floats(0, 360)


def outline_of(wafer: Wafer) -> Outline:
    toward = wafer.matrix @ [np.cos(np.deg2rad(wafer.turn)), np.sin(np.deg2rad(wafer.turn))]
    angle = float(np.rad2deg(np.arctan2(toward[1], toward[0])) % 360)
    axes = (wafer.radius, wafer.radius * wafer.squeeze)
    return Outline(wafer.centre, axes, wafer.tilt % 180, lambda: RimMark("flat", angle, 0.05))


def test_the_convention() -> None:
    frame = frame_of(ROUND, 150.0, picture_toward(270), "down")
    pixels = [(100, 80), (150, 80), (100, 30), (75, 105)]
    np.testing.assert_allclose(
        frame.to_mm(pixels), [(0, 0), (75, 0), (0, 75), (-37.5, -37.5)], atol=1e-12
    )


@pytest.mark.parametrize("location", TURNS)
@pytest.mark.parametrize("angle", [0.0, 33.0, 180.0, 271.5])
def test_the_mark_comes_to_lie_where_it_belongs(location: Location, angle: float) -> None:
    toward = picture_toward(angle)
    frame = frame_of(ROUND, 150.0, toward, location)
    radius, turn = polar(frame.to_mm(toward * 50 + ROUND.centre))
    assert radius[0] == pytest.approx(75)
    assert (turn[0] - TURNS[location] + 180) % 360 == pytest.approx(180)
    # Turned and not mirrored: what is counter-clockwise in the picture stays so.
    beside = polar(frame.to_mm(picture_toward(angle + 20) * 50 + ROUND.centre))[1]
    assert (beside[0] - TURNS[location]) % 360 == pytest.approx(20)


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.floats(-500, 1500), st.floats(-500, 1500)),
    st.floats(50, 2000), st.floats(0.8, 1), angles, angles, st.floats(20, 450),
)  # fmt: skip
def test_a_tilted_and_turned_wafer(
    centre: tuple[float, float],
    radius: float,
    squeeze: float,
    tilt: float,
    turn: float,
    diameter: float,
) -> None:
    wafer = Wafer(centre, radius, squeeze, tilt, "flat", turn)
    outline = outline_of(wafer)
    frame = frame_of(outline, diameter, mark_toward(outline), "down")
    points = np.random.default_rng(0).uniform(-600, 1600, (20, 2))
    found = frame.to_mm(points)
    np.testing.assert_allclose(found, wafer.to_mm(points, diameter), atol=1e-6 * diameter)
    np.testing.assert_allclose(frame.to_px(found), points, atol=1e-6)
    np.testing.assert_allclose(frame.enlarged(2.5).to_mm(points * 2.5), found, atol=1e-8 * diameter)


@settings(max_examples=40, deadline=None)
@given(angles, st.floats(1, 80), st.floats(1, 80))
def test_the_size_is_that_of_the_ellipse_in_the_box(
    turn: float, width: float, height: float
) -> None:
    matrix = np.array([[0.2, 0.03], [-0.01, -0.17]])
    frame = WaferFrame(np.array([10.0, 20.0]), matrix, 100.0)
    around = np.linspace(0, 2 * np.pi, 4001)
    drawn = np.stack([width / 2 * np.cos(around), height / 2 * np.sin(around)], axis=1)
    seen = frame.to_mm(drawn + turn)
    box = [turn - width / 2, turn - height / 2, turn + width / 2, turn + height / 2]
    np.testing.assert_allclose(frame.sizes([box])[0], np.ptp(seen, axis=0), rtol=1e-4, atol=1e-6)


def test_nothing_stays_nothing() -> None:
    frame = frame_of(ROUND, 150.0, picture_toward(270), "down")
    for found in (frame.to_mm([]), frame.to_px([]), frame.sizes([])):
        assert found.shape == (0, 2)
    assert all(len(part) == 0 for part in polar(frame.to_mm([])))


@settings(max_examples=40, deadline=None)
@given(angles)
def test_a_direction_in_the_picture_and_back(angle: float) -> None:
    assert (picture_angle(picture_toward(angle)) - angle + 180) % 360 == pytest.approx(180)


def test_angles_are_below_360() -> None:
    radius, angle = polar(np.array([(1.0, -1e-18), (0.0, 0.0), (0.0, -2.0), (-3.0, 0.0)]))
    assert angle.tolist() == [0.0, 0.0, 270.0, 180.0]
    assert radius.tolist() == [1.0, 0.0, 2.0, 3.0]
