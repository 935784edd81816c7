import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from blemish.core.defects import Defects
from blemish.report.draw import draw_finds


def grey(width: int, height: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), 128, np.uint8)


def changed(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray((before != after).any(axis=2))


def test_nothing_found_gives_an_equal_copy() -> None:
    pixels = grey(500, 400)
    drawn = draw_finds(pixels, Defects.none(), ["defect"])
    np.testing.assert_array_equal(drawn, pixels)
    assert drawn is not pixels


@given(x=st.floats(0, 860), y=st.floats(0, 660), width=st.floats(4, 60), height=st.floats(4, 60))
@settings(max_examples=60, deadline=None)
def test_the_mark_inside_the_box_stays_as_it_was(
    x: float, y: float, width: float, height: float
) -> None:
    pixels = grey(900, 700)
    x1, y1, x2, y2 = box = np.array([x, y, min(x + width, 900), min(y + height, 700)], np.float32)
    touched = changed(pixels, draw_finds(pixels, Defects.of([box]), ["defect"]))
    assert not touched[int(y1) : int(np.ceil(y2)), int(x1) : int(np.ceil(x2))].any()
    assert touched.any()


@pytest.mark.parametrize("size", [(900, 700), (3600, 2800)])
def test_a_box_at_the_edge_of_the_picture_stays_as_it_was(size: tuple[int, int]) -> None:
    width, height = size
    pixels = grey(width, height)
    boxes = [[0, 50, 40, 90], [width - 40, 200, width, 240], [300, 0, 340, 40],
             [300, height - 40, 340, height]]  # fmt: skip
    touched = changed(pixels, draw_finds(pixels, Defects.of(boxes), ["defect"]))
    for x1, y1, x2, y2 in boxes:
        assert not touched[y1:y2, x1:x2].any()
        assert touched[max(y1 - 1, 0) : y2 + 1, max(x1 - 1, 0) : x2 + 1].any()


def test_a_long_narrow_picture_is_drawn_on_with_a_thin_pen_at_the_right_place() -> None:
    pixels = grey(64, 40_000)
    box = [20, 39_000, 40, 39_020]
    drawn = draw_finds(pixels, Defects.of([box]), ["defect"])
    assert drawn.shape[:2] == (16_000, 26)
    rows = np.flatnonzero((drawn != 128).any(axis=(1, 2)))
    assert rows[0] > 15_600 - 20
    assert rows[-1] < 15_608 + 20
    assert not (drawn[15_600:15_608, 9:16] != 128).any()


def test_a_line_of_one_pixel_runs_around_the_box() -> None:
    pixels = grey(900, 900)
    drawn = draw_finds(pixels, Defects.of([[100, 200, 140, 230]]), ["defect"])
    assert changed(pixels, drawn)[215].nonzero()[0].tolist() == [98, 99, 140, 141]
    assert (drawn[215, 98] == 0).all()
    assert (drawn[215, 99] > 50).all()


def test_lines_and_letters_grow_with_the_picture() -> None:
    def ink(side: int) -> int:
        pixels = grey(side, side)
        box = [side / 2, side / 2, side / 2 + 40, side / 2 + 40]
        return int(changed(pixels, draw_finds(pixels, Defects.of([box]), ["defect"])).sum())

    assert ink(3600) > 6 * ink(900)


@pytest.mark.parametrize(
    "box", [[0, 0, 30, 30], [470, 0, 500, 30], [0, 470, 30, 500], [470, 470, 500, 500]]
)
def test_a_score_in_a_corner_is_written_inside_the_picture(box: list[int]) -> None:
    pixels = grey(500, 500)
    drawn = draw_finds(pixels, Defects.of([box], scores=[0.87]), ["defect"])
    outside = changed(pixels, drawn)
    outside[max(box[1] - 3, 0) : box[3] + 3, max(box[0] - 3, 0) : box[2] + 3] = False
    assert 100 < outside.sum() < 2000


def test_scores_of_neighbours_do_not_cover_each_other_or_a_mark() -> None:
    pixels = grey(900, 900)
    boxes = [[400, 400, 440, 440], [445, 400, 485, 440], [400, 445, 440, 485], [445, 445, 485, 485]]
    drawn = changed(pixels, draw_finds(pixels, Defects.of(boxes), ["defect"]))
    for x1, y1, x2, y2 in boxes:
        assert not drawn[y1 + 1 : y2 - 1, x1 + 1 : x2 - 1].any()


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (20000, 3), (70000, 2), (64, 64)])
def test_any_size_can_be_drawn_on(size: tuple[int, int]) -> None:
    pixels = grey(*size)
    drawn = draw_finds(pixels, Defects.of([[0, 0, *size]]), ["defect"])
    assert drawn.dtype == np.uint8
    assert 400 <= max(drawn.shape[:2]) <= 16_000  # a JPEG ends at 65,535


def test_the_name_is_written_where_there_are_several_classes() -> None:
    pixels, found = grey(900, 900), Defects.of([[400, 400, 440, 440]])
    short = changed(pixels, draw_finds(pixels, found, ["spot"])).sum()
    long = changed(pixels, draw_finds(pixels, found, ["spot", "ring"])).sum()
    assert long > short
    draw_finds(pixels, found, ["얼룩", "ring"])


def test_read_only_pixels_are_copied() -> None:
    pixels = grey(450, 450)
    pixels.flags.writeable = False
    assert draw_finds(pixels, Defects.of([[10, 10, 40, 40]]), ["defect"]).max() > 200
