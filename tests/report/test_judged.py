from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.core.defects import Defects
from blemish.core.matching import match_centre
from blemish.report.judged import corners, dashed, dotted, draw_judged, solid

Pixels = NDArray[np.uint8]

HIT, MISSED, IGNORED = [100, 100, 140, 140], [300, 100, 340, 140], [500, 100, 540, 140]
FALSE = [300, 300, 340, 340]


def grey(width: int = 900, height: int = 900) -> Pixels:
    return np.full((height, width, 3), 128, np.uint8)


def drawn(pixels: Pixels, classes: tuple[str, ...] = ("defect",)) -> Pixels:
    """Draw one hit, one miss, one false find and an ignored label."""
    true = Defects.of([HIT, MISSED, IGNORED])
    found = Defects.of([HIT, FALSE], scores=[0.9, 0.6])
    ignore = np.array([False, False, True])
    match = match_centre(found, true, ignore)
    return draw_judged(pixels, (found, true, ignore), match, classes)


def num_parts(picture: Pixels, box: list[int], reach: int) -> int:
    """Count the light parts of the line above a box, whatever their colour."""
    line = picture[box[1] - reach, box[0] - 2 : box[2] + 2].max(axis=1) > 150
    return int(np.diff(np.concatenate([[0], line.astype(int), [0]])).clip(0).sum())


def test_kinds_differ_by_their_lines_and_not_by_colour_alone() -> None:
    picture = drawn(grey())
    parts = [num_parts(picture, box, reach) for box, reach in ((FALSE, 2), (MISSED, 2))]
    ignored = num_parts(picture, IGNORED, 1)
    assert parts[0] == 2
    assert 3 <= parts[1] < ignored
    found, none, keep = Defects.of([HIT]), Defects.none(), np.zeros(0, bool)
    alone = draw_judged(grey(), (found, none, keep), match_centre(found, none, keep), ["defect"])
    assert num_parts(alone, HIT, 2) == 2  # false, so the same box as a hit has another line
    assert num_parts(picture, HIT, 1) == 1


@pytest.mark.parametrize("style", [solid, dashed, dotted, corners])
@pytest.mark.parametrize("line", [1, 2, 7])
def test_a_style_draws_both_ends_of_a_side_and_stays_within(style, line) -> None:  # type: ignore[no-untyped-def]
    for length in range(1, 120):
        spans = style(length, line)
        assert spans[0][0] == 0
        assert spans[-1][1] == length
        assert all(0 <= start < end <= length for start, end in spans)
        assert all(one <= other for (one, _), (other, _) in pairwise(spans))


def test_nothing_is_drawn_inside_a_box() -> None:
    pixels = grey()
    picture = drawn(pixels)
    for x1, y1, x2, y2 in (HIT, MISSED, IGNORED, FALSE):
        assert (picture[y1:y2, x1:x2] == 128).all()


def test_the_strip_stands_below_the_picture_and_leaves_it_whole() -> None:
    pixels, none = grey(), Defects.none()
    keep = np.zeros(0, bool)
    clean = draw_judged(pixels, (none, none, keep), match_centre(none, none, keep), ["defect"])
    np.testing.assert_array_equal(clean[:900], pixels)
    assert 20 < len(clean) - 900 < 60
    assert clean[900:].max() > 200
    # What is ignored has a place of its own; where there is no room, in a row of its own.
    assert (drawn(pixels)[900:, 640:] > 60).any()
    assert not (clean[900:, 640:] > 60).any()
    assert len(drawn(grey(600))) > len(clean)


def test_the_strip_counts() -> None:
    one, two = (
        draw_judged(grey(), (found, none, keep), match_centre(found, none, keep), ["defect"])
        for found in (Defects.of([FALSE]), Defects.of([FALSE, HIT]))
        for none, keep in [(Defects.none(), np.zeros(0, bool))]
    )
    assert (one[900:] != two[900:]).any()


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (70000, 2), (64, 64), (1500, 1200)])
def test_any_size_can_be_drawn_on(size: tuple[int, int]) -> None:
    found = Defects.of([[0, 0, *size]])
    match = match_centre(found, found, np.zeros(1, bool))
    picture = draw_judged(grey(*size), (found, found, np.zeros(1, bool)), match, ["defect"])
    assert picture.dtype == np.uint8
    assert max(picture.shape[:2]) < 65_535


def test_a_missed_class_is_named() -> None:
    plain, named = drawn(grey()), drawn(grey(), ("spot", "얼룩"))
    above_missed = np.s_[70:97, 290:500]
    assert (named[above_missed] != 128).sum() > (plain[above_missed] != 128).sum()


def test_read_only_pixels_are_copied() -> None:
    pixels = grey()
    pixels.flags.writeable = False
    assert drawn(pixels).max() > 200
