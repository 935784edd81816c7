import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from blemish.report.closeups import (
    CROP,
    Box,
    Window,
    enlarge,
    enlarge_copy,
    lay_closeups,
    split_closeups,
)


def noise(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def closeups(pixels: NDArray[np.uint8], boxes: list[Box]) -> NDArray[np.uint8]:
    def cut(at: Window) -> NDArray[np.uint8]:
        return pixels[at[1] : at[3], at[0] : at[2]]

    return lay_closeups((pixels.shape[1], pixels.shape[0]), boxes, cut)


@pytest.mark.parametrize(
    "centre", [(100, 100), (3, 3), (296, 197), (296, 3)], ids=["middle", "left", "right", "top"]
)
def test_a_crop_holds_its_mark_enlarged(centre: tuple[int, int]) -> None:
    x, y = centre
    pixels = np.full((200, 300, 3), 60, np.uint8)
    pixels[max(y - 3, 0) : y + 4, max(x - 3, 0) : x + 4] = 250
    view = enlarge_copy(pixels, (x - 4, y - 4, x + 4, y + 4), 1.0)
    assert view.shape == (CROP, CROP, 3)
    bright = view.max(axis=2) > 180
    assert bright.sum() > 0.6 * (pixels.max(axis=2) > 180).sum() * (CROP / 64) ** 2
    if centre == (100, 100):
        assert np.allclose(np.argwhere(bright).mean(axis=0), CROP / 2, atol=3)


@given(
    size=st.tuples(st.integers(1, 400), st.integers(1, 400)),
    corner=st.tuples(st.floats(-50, 400), st.floats(-50, 400)),
    sides=st.tuples(st.floats(0.5, 300), st.floats(0.5, 300)),
)
def test_corners_lie_outside_the_box_whatever_it_is(
    size: tuple[int, int], corner: tuple[float, float], sides: tuple[float, float]
) -> None:
    box = (*corner, corner[0] + sides[0], corner[1] + sides[1])
    windows: list[Window] = []

    def cut(at: Window) -> NDArray[np.uint8]:
        assert 0 <= at[0] < at[2] <= size[0]
        assert 0 <= at[1] < at[3] <= size[1]
        windows.append(at)
        return np.full((at[3] - at[1], at[2] - at[0], 3), 120, np.uint8)

    plain, marked = enlarge(size, box, cut), enlarge(size, box, cut, corners=True)
    assert plain.shape == marked.shape == (CROP, CROP, 3)
    left, top, right, bottom = windows[0]
    factor = CROP / max(right - left, bottom - top)
    x1, x2 = (round(max((at - left) * factor, 0)) for at in (box[0], box[2]))
    y1, y2 = (round(max((at - top) * factor, 0)) for at in (box[1], box[3]))
    np.testing.assert_array_equal(marked[y1:y2, x1:x2], plain[y1:y2, x1:x2])


def test_the_corners_are_seen_on_dark_and_on_light() -> None:
    for ground in (0, 255):
        pixels = np.full((200, 200, 3), ground, np.uint8)
        sheet = closeups(pixels, [(80, 80, 120, 120)])
        assert np.count_nonzero(np.abs(sheet.astype(int) - ground).max(axis=2) > 200) > 50


def test_a_sheet_comes_apart_into_its_crops() -> None:
    pixels = noise(200, 300)
    boxes: list[Box] = [(10.0, 10.0, 30.0, 40.0), (100.0, 90.0, 190.0, 120.0), (280, 5, 299, 9)]
    sheet = closeups(pixels, boxes)
    crops = split_closeups(sheet, 3)
    for crop, box in zip(crops, boxes, strict=True):
        np.testing.assert_array_equal(crop, closeups(pixels, [box]))
    assert split_closeups(sheet, 2) == split_closeups(sheet[1:], 3) == []


def test_of_a_strip_what_lacks_is_black() -> None:
    crop = enlarge_copy(np.full((4, 300, 3), 200, np.uint8), (0, 0, 300, 4), 1.0)
    assert crop.shape == (CROP, CROP, 3)
    assert crop[0].min() == 200
    assert not crop[10:].any()
