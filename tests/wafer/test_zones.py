"""Zones against OpenCV's own point test, masks by hand."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.errors import PictureError
from blemish.wafer.coordinates import WaferFrame
from blemish.wafer.zones import Mask, Polygon, in_edge, in_zones

FRAME = WaferFrame(np.array([100.0, 80.0]), np.diag([0.5, -0.5]), 100.0)
corners = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=3, max_size=3)


@settings(max_examples=40, deadline=None)
@given(corners, st.integers(0, 1000))
def test_a_triangle_holds_what_opencv_says(points: list[tuple[int, int]], seed: int) -> None:
    places = np.random.default_rng(seed).uniform(-60, 60, (25, 2))
    found = Polygon("z", "mm", np.array(points, np.float64)).holds(places)
    outline = np.array(points, np.float32)
    for place, inside in zip(places, found, strict=True):
        distance = cv2.pointPolygonTest(outline, tuple(map(float, place)), True)
        if abs(distance) > 1e-3:
            assert inside == (distance > 0)


def test_a_polygon_with_a_bay() -> None:
    bay = Polygon("u", "px", np.array([[0, 0], [30, 0], [30, 30], [20, 30], [20, 10], [10, 10],
                                       [10, 30], [0, 30]], np.float64))  # fmt: skip
    points = np.array([[5, 20], [15, 20], [25, 20], [15, 5], [35, 5]], np.float64)
    assert bay.holds(points).tolist() == [True, False, True, True, False]


def test_zones_in_millimetres_and_pixels() -> None:
    square = np.array([[10, 10], [20, 10], [20, 20], [10, 20]], np.float64)
    in_mm = 2 * np.array([[15, -15]]) + [100, 80]  # (15, 15) mm, y up
    points = np.concatenate([in_mm, [[15, 15]], [[90, 90]]])
    for unit, expected in (("mm", [True, False, False]), ("px", [False, True, False])):
        zone = Polygon("z", unit, square)  # type: ignore[arg-type]
        assert in_zones((zone,), FRAME, points, (200, 160)).tolist() == expected
    assert in_zones((), FRAME, points, (200, 160)).tolist() == [False] * 3
    assert in_zones((zone,), FRAME, [], (200, 160)).shape == (0,)


def test_a_mask_is_of_the_picture_or_of_one_twice_as_large() -> None:
    excluded = np.zeros((80, 100), np.bool_)
    excluded[10:20, 30:40] = True
    mask = Mask("m", excluded)
    inside, outside, beyond = (35.5, 15.5), (45.0, 15.5), (1e6, -1e6)
    points = np.array([inside, outside, beyond])
    assert mask.holds(points, (100, 80)).tolist() == [True, False, False]
    assert mask.holds(points * 2, (200, 160)).tolist() == [True, False, False]
    with pytest.raises(PictureError, match="is 200 x 100 pixels, the mask of zone 'm' 100 x 80"):
        mask.holds(points, (200, 100))


def test_the_edge_runs_along_the_flat() -> None:
    points = np.array([[0, 0], [0, 48], [0, -43], [0, -46], [49.9, 0], [60, 0]], np.float64)
    flat = (np.array([0.0, -1.0]), 46.0)
    assert in_edge(points, 100.0, 3.0, None).tolist() == [False, True, False, False, True, True]
    assert in_edge(points, 100.0, 4.0, flat).tolist() == [False, True, True, True, True, True]
    assert not in_edge(points, 100.0, 0.0, flat).any()
