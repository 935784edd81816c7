"""Drawn wafers: the same answer for the same numbers, and answers that are true."""

import numpy as np
import pytest

from blemish.core.boxes import box_iou
from blemish.synth import wafers
from blemish.synth.layout import SIDE, draw_marks
from blemish.synth.marks import HELD_BACK_KINDS, KINDS, draw_mark, size_range, visible_extent
from blemish.synth.strength import LABEL_STRENGTH
from blemish.synth.wafers import draw_wafer


@pytest.fixture(scope="module")
def drawn() -> list[wafers.Wafer]:
    return [draw_wafer(3, index) for index in range(8)]


def test_a_picture_is_a_pure_function_of_seed_and_index(drawn: list[wafers.Wafer]) -> None:
    again = draw_wafer(3, 4)
    assert np.array_equal(again.pixels, drawn[4].pixels)
    assert np.array_equal(again.defects.boxes, drawn[4].defects.boxes)
    assert np.array_equal(again.strength, drawn[4].strength)
    assert not np.array_equal(draw_wafer(4, 4).pixels, drawn[4].pixels)


def test_answers_have_their_shapes_and_boxes_a_persons_size(drawn: list[wafers.Wafer]) -> None:
    for wafer in drawn:
        assert wafer.pixels.shape == (SIDE, SIDE, 3)
        assert wafer.pixels.dtype == np.uint8
        boxes = wafer.defects.boxes
        assert len(boxes) == len(wafer.strength) == len(wafer.kinds)
        assert set(wafer.kinds) <= set(KINDS)
        inside = (boxes[:, :2] > 0).all(axis=1) & (boxes[:, 2:] < SIDE).all(axis=1)
        assert ((boxes[inside, 2:] - boxes[inside, :2]) >= 25).all()


def test_held_back_wafers_bring_the_kind_that_training_never_sees() -> None:
    kinds = {kind for index in range(4) for kind in draw_wafer(3, index, held_back=True).kinds}
    assert set(HELD_BACK_KINDS) & kinds


def test_strong_marks_stand_out_where_their_box_is(drawn: list[wafers.Wafer]) -> None:
    """A slow, blind look: inside the box of a strong mark the picture varies more than outside."""
    louder = []
    for wafer in drawn:
        levels = wafer.pixels.astype(np.float32)
        for box, strength in zip(wafer.defects.boxes.astype(int), wafer.strength, strict=True):
            x1, y1, x2, y2 = box
            if strength < 150 or min(x1, y1) < 40 or max(x2, y2) > SIDE - 40:
                continue
            inner = levels[y1:y2, x1:x2]
            moved = levels[y1:y2, x1 - 40 : x2 - 40]
            louder.append(np.ptp(inner, axis=(0, 1)).max() >= np.ptp(moved, axis=(0, 1)).max())
    assert len(louder) >= 3
    assert np.mean(louder) > 0.7


@pytest.mark.parametrize("kind", [*KINDS, *HELD_BACK_KINDS])
def test_marks_keep_their_size_and_their_patch(kind: str) -> None:
    rng = np.random.default_rng(7)
    low, high = size_range(kind)
    for size in (low, high):
        mark = draw_mark(rng, kind, (300.0, 200.0), size)
        assert mark.footprint.dtype == np.float32
        assert mark.footprint.min() >= 0
        assert mark.footprint.max() <= 1.0001
        border = np.concatenate([mark.footprint[0], mark.footprint[-1], mark.footprint[:, 0]])
        assert border.max() < 0.12
        x1, y1, x2, y2 = visible_extent(mark.footprint)
        assert max(x2 - x1, y2 - y1) <= 1.9 * size + 6


def seen(x: float, y: float, side: float = 8) -> np.ndarray:
    return np.array([x, y, x + side, y + side], np.float32)


def test_labels_that_touch_share_a_box_also_along_a_chain() -> None:
    extents = [seen(0, 0), seen(300, 0), seen(12, 0), seen(24, 0), seen(45, 0)]
    strong = np.full(5, 20, np.float32)
    assert sorted(wafers._groups(extents, strong)) == [[0, 2, 3], [1], [4]]
    assert wafers._groups([], np.zeros(0, np.float32)) == []


def test_room_in_one_direction_is_room() -> None:
    extents = [seen(0, 0, 60), seen(10, 60 + wafers.TOUCHING + 1)]
    assert len(wafers._groups(extents, np.full(2, 20, np.float32))) == 2


def test_a_mark_too_faint_to_be_a_label_stays_alone_and_breaks_the_chain() -> None:
    extents = [seen(0, 0), seen(12, 0), seen(24, 0)]
    strength = np.array([20, LABEL_STRENGTH / 2, 20], np.float32)
    assert sorted(wafers._groups(extents, strength)) == [[0], [1], [2]]


def test_no_two_labels_of_a_picture_lie_on_each_other(drawn: list[wafers.Wafer]) -> None:
    for wafer in drawn:
        boxes = wafer.defects.boxes[wafer.strength >= LABEL_STRENGTH]
        overlaps = box_iou(boxes, boxes) - np.eye(len(boxes))
        assert overlaps.max(initial=0) < 0.3


def test_most_marks_are_labels_and_some_wafers_are_clean() -> None:
    counts, strengths = [], []
    for index in range(60):
        rng = np.random.default_rng([9, index])
        depth = np.full((SIDE, SIDE), 300, np.float32)
        counts.append(len(draw_marks(rng, depth, False)))
    assert 0.03 < np.mean(np.array(counts) == 0) < 0.3
    strengths = np.concatenate([draw_wafer(9, index).strength for index in range(5)])
    assert (strengths >= LABEL_STRENGTH).mean() > 0.7
