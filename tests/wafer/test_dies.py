"""Dies against slow arithmetic, one die and one point at a time."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.wafer.dies import MOST_DIES, DieGrid

pairs = st.tuples(st.floats(0.5, 60), st.floats(0.5, 60))
origins = st.tuples(st.floats(-100, 100), st.floats(-100, 100))
places = st.lists(st.tuples(st.floats(-200, 200), st.floats(-200, 200)), max_size=20)


@settings(max_examples=40, deadline=None)
@given(pairs, origins, places)
def test_a_point_lies_in_its_die_and_comes_back(
    pitch: tuple[float, float], origin: tuple[float, float], points: list[tuple[float, float]]
) -> None:
    grid = DieGrid(pitch, origin)
    index, inside = grid.locate(points)
    assert index.shape == inside.shape == (len(points), 2)
    assert (inside >= -1e-9).all()
    assert (inside <= np.array(pitch) + 1e-9).all()
    np.testing.assert_allclose(grid.place(index, inside), np.reshape(points, (-1, 2)), atol=1e-9)
    for (x, _), (column, _) in zip(points, index.tolist(), strict=True):
        assert column == math.floor((x - origin[0]) / pitch[0])


@settings(max_examples=40, deadline=None)
@given(st.tuples(st.floats(4, 60), st.floats(4, 60)), origins, st.floats(25, 150))
def test_the_dies_of_a_wafer_are_those_that_its_disc_touches(
    pitch: tuple[float, float], origin: tuple[float, float], diameter: float
) -> None:
    def gap(number: int, axis: int) -> float:
        low = origin[axis] + number * pitch[axis]
        return max(low, -(low + pitch[axis]), 0.0)

    near = [[n for n in range(-60, 61) if gap(n, axis) < diameter / 2] for axis in (0, 1)]
    touched = {
        (x, y) for x in near[0] for y in near[1] if math.hypot(gap(x, 0), gap(y, 1)) < diameter / 2
    }
    found = DieGrid(pitch, origin).on_wafer(diameter)
    assert set(map(tuple, found.tolist())) == touched
    assert found[:, ::-1].tolist() == sorted(found[:, ::-1].tolist())  # row by row from below


@settings(max_examples=40, deadline=None)
@given(st.floats(20, 1000), st.floats(0, 2 * math.pi), st.floats(0, 1.01))
def test_a_bare_wafer_is_one_die(diameter: float, turn: float, share: float) -> None:
    grid = DieGrid.bare(diameter)
    reach = share * diameter / 2
    index, _ = grid.locate([(reach * math.cos(turn), reach * math.sin(turn))])
    assert index.tolist() == [[0, 0]]
    assert grid.on_wafer(diameter).tolist() == [[0, 0]]


def test_streets_are_to_the_right_and_above() -> None:
    grid = DieGrid((10.0, 8.0), (-5.0, -4.0), (1.0, 0.5))
    points = [(0, 0), (4.5, 0), (0, 3.6), (-4.9, -3.9), (14.5, 7.9)]
    assert grid.in_street(points).tolist() == [False, True, True, False, True]
    assert not DieGrid((10.0, 8.0), (-5.0, -4.0)).in_street(points).any()


def test_too_many_dies_are_refused() -> None:
    with pytest.raises(ValueError, match=f"above {MOST_DIES}"):
        DieGrid((0.01, 0.01), (0.0, 0.0)).on_wafer(300.0)
