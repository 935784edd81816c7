import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.core.boxes import (
    as_boxes,
    box_area,
    box_centres,
    box_intersection,
    box_iou,
    clip_boxes,
    nms,
)

sides = st.integers(-20, 40)
boxes = st.lists(st.tuples(sides, sides, st.integers(0, 25), st.integers(0, 25)), max_size=12).map(
    lambda rows: as_boxes([(x, y, x + width, y + height) for x, y, width, height in rows])
)


def pixels_of(box):
    x1, y1, x2, y2 = (int(side) for side in box)
    return {(x, y) for x in range(x1, x2) for y in range(y1, y2)}


def test_as_boxes_has_one_shape_and_type():
    assert as_boxes([]).shape == as_boxes(np.zeros((0, 4))).shape == (0, 4)
    assert as_boxes([[1, 2, 3, 4]]).dtype == np.float32
    for wrong in ([1, 2, 3, 4], [[1, 2, 3]], [[[1, 2, 3, 4]]]):
        with pytest.raises(ValueError, match="shape"):
            as_boxes(wrong)


@given(boxes, boxes)
@settings(max_examples=60, deadline=None)
def test_areas_and_overlaps_count_pixels(first, second):
    areas = box_area(first)
    shared, overlaps = box_intersection(first, second), box_iou(first, second)
    assert shared.shape == overlaps.shape == (len(first), len(second))
    for row, one in enumerate(first):
        assert areas[row] == len(pixels_of(one))
        for column, other in enumerate(second):
            both, either = pixels_of(one) & pixels_of(other), pixels_of(one) | pixels_of(other)
            assert shared[row, column] == len(both)
            assert overlaps[row, column] == pytest.approx(len(both) / max(len(either), 1))


@given(boxes)
@settings(max_examples=60, deadline=None)
def test_overlap_is_symmetric_and_one_with_itself(rows):
    overlaps = box_iou(rows, rows)
    np.testing.assert_array_equal(overlaps, overlaps.T)
    np.testing.assert_array_equal(np.diag(overlaps), box_area(rows) > 0)


@given(boxes)
@settings(max_examples=60, deadline=None)
def test_clipped_boxes_keep_the_pixels_of_the_picture(rows):
    picture = pixels_of((0, 0, 30, 20))
    for before, after in zip(rows, clip_boxes(rows, 30, 20), strict=True):
        assert pixels_of(after) == pixels_of(before) & picture


def test_inverted_boxes_have_no_area():
    assert box_area(as_boxes([[5, 0, 1, 9], [5, 9, 1, 0]])).tolist() == [0, 0]


def test_centres():
    assert box_centres(as_boxes([[0, 0, 1, 4]])).tolist() == [[0.5, 2]]


def slow_nms(rows, scores, iou):
    """The textbook loop: take the best left, strike what overlaps it, again."""
    left = sorted(range(len(rows)), key=lambda index: (-scores[index], index))
    kept = []
    while left:
        best = left.pop(0)
        kept.append(best)
        left = [i for i in left if box_iou(rows[[best]], rows[[i]])[0, 0] <= iou]
    return kept


@given(boxes, st.sampled_from([0.0, 0.3, 0.5, 1.0]), st.sampled_from([1, 7, 30, 2**18]), st.data())
@settings(max_examples=250, deadline=None)
def test_nms_is_the_textbook_loop(rows, iou, max_pairs, data):
    few = st.sampled_from([0.1, 0.5, 0.9])  # so that scores are often equal
    scores = np.array(data.draw(st.lists(few, min_size=len(rows), max_size=len(rows))), np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("blemish.core.boxes.MAX_PAIRS", max_pairs)
        assert nms(rows, scores, iou).tolist() == slow_nms(rows, scores, iou)


def test_nms_of_many_boxes_takes_little_memory():
    corners = np.random.default_rng(0).uniform(0, 20_000, (8000, 2)).astype(np.float32)
    rows = np.concatenate([corners, corners + 26], axis=1)
    scores = np.linspace(1, 0, len(rows), dtype=np.float32)
    tracemalloc.start()
    kept = nms(rows, scores, 0.5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 7000 < len(kept) < 8000
    assert peak < 40_000_000  # all pairs at once would be over a gigabyte


def test_nms_of_nothing_is_nothing():
    assert nms(as_boxes([]), np.zeros(0, np.float32), 0.5).tolist() == []
