"""Crops show the find in the middle, upright, in one scale."""

import numpy as np
import pytest

from blemish.report.crops import EDGE, LACKING, SIDE, View, cut, lay_out, side_of


def dots(*places: tuple[int, int]) -> np.ndarray:
    picture = np.full((400, 400, 3), 100, np.uint8)
    for x, y in places:
        picture[y - 3 : y + 3, x - 3 : x + 3] = 255
    return picture


def brightest(crop: np.ndarray) -> tuple[float, float]:
    y, x = np.nonzero(crop[..., 0] > 180)
    return float(x.mean() + 0.5), float(y.mean() + 0.5)


@pytest.mark.parametrize("scale", [2.0, 5.0, 20.0])
def test_the_find_is_in_the_middle(scale: float) -> None:
    crop = cut(dots((150, 220)), View((150, 220), scale, 30.0, ""), 10.0)
    assert crop.shape == (SIDE, SIDE, 3)
    assert brightest(crop) == pytest.approx((SIDE / 2, SIDE / 2), abs=1.0)


def test_a_turned_wafer_is_brought_upright() -> None:
    """Its flat lies to the right, so 270 - 0 degrees bring it down, and what was right is down."""
    crop = cut(dots((230, 200)), View((200, 200), 10.0, 270.0, ""), 10.0)
    assert brightest(crop) == pytest.approx((100, 160), abs=1.5)


def test_what_lies_off_the_picture_is_grey() -> None:
    crop = cut(dots(), View((0, 0), 10.0, 0.0, ""), 10.0)
    assert tuple(crop[10, 10]) == LACKING
    assert tuple(crop[150, 150]) == (100, 100, 100)


def test_crops_lie_side_by_side_and_a_lacking_one_is_an_empty_field() -> None:
    crop = np.zeros((SIDE, SIDE, 3), np.uint8)
    sheet = lay_out([(crop, "1  a")] * 7 + [(None, "x" * 80)], 10.0)
    assert (sheet[EDGE + 20, EDGE : EDGE + SIDE] == 0).all()
    assert sheet.shape[1] == 6 * (SIDE + EDGE) + EDGE
    assert (sheet[SIDE + 60 : SIDE + 120, EDGE + SIDE + EDGE + 10] == LACKING).all()


def test_the_side_fits_the_largest_box_within_limits() -> None:
    assert side_of([]) == side_of([0.1]) < side_of([3.0, 5.0]) < side_of([1000.0]) == 30.0
