"""Drawn surfaces: a pure function, with each mark where its box says and as strong as it says."""

import numpy as np
import pytest

from blemish.synth.strength import LABEL_STRENGTH
from blemish.synth.surfaces import (
    AWAY,
    SIDE,
    SIZES,
    Surface,
    draw_light,
    draw_mixed,
    draw_surface,
    put_mark,
)


def test_the_same_seed_and_index_give_the_same_picture() -> None:
    first, second = (draw_surface(5, 2) for _ in range(2))
    np.testing.assert_array_equal(first.pixels, second.pixels)
    np.testing.assert_array_equal(first.strength, second.strength)
    assert (first.pixels != draw_surface(5, 3).pixels).any()
    assert (first.pixels != draw_surface(6, 2).pixels).any()


@pytest.mark.parametrize(("share", "expected"), [(0.0, "wwww"), (0.5, "wsws"), (1.0, "ssss")])
def test_a_share_of_the_pictures_are_surfaces(share: float, expected: str) -> None:
    drawn = [draw_mixed(share, 4, index) for index in range(4)]
    assert "".join("ws"[isinstance(one, Surface)] for one in drawn) == expected


def test_boxes_lie_in_the_picture_and_apart() -> None:
    for index in range(6):
        surface = draw_surface(1, index)
        boxes = surface.defects.boxes
        assert surface.pixels.shape == (SIDE, SIDE, 3)
        assert surface.pixels.dtype == np.uint8
        assert len(surface.strength) == len(boxes)
        assert boxes.min() >= 0
        assert boxes.max() <= SIDE
        assert ((boxes[:, 2:] - boxes[:, :2]).max(axis=1) <= SIZES[1] + 9).all()
        for one, box in enumerate(boxes):
            for other in boxes[:one]:
                gap = np.maximum(box[:2], other[:2]) - np.minimum(box[2:], other[2:])
                assert gap.max() >= AWAY


@pytest.mark.parametrize("seed", range(8))
def test_a_mark_changes_the_light_in_its_box_most(seed: int) -> None:
    light = np.full((SIDE, SIDE, 3), 120, np.float32)
    box = put_mark(light, [], np.random.default_rng(seed))
    assert box is not None
    x1, y1, x2, y2 = box.astype(int)
    changed = np.abs(light - 120).max(axis=2)
    inside = changed[y1:y2, x1:x2].max()
    assert inside > 1
    changed[y1:y2, x1:x2] = 0
    assert changed.max() <= 0.31 * inside


def test_no_mark_is_put_where_another_one_lies() -> None:
    light = np.full((SIDE, SIDE, 3), 120, np.float32)
    everywhere = [np.array([0, 0, SIDE, SIDE], np.float32)]
    assert put_mark(light, everywhere, np.random.default_rng(0)) is None
    assert (light == 120).all()


def test_surfaces_are_of_many_sorts_and_most_hold_labels() -> None:
    lights = [draw_light(np.random.default_rng(seed)) for seed in range(12)]
    spreads = [float(light.std(axis=(0, 1)).max()) for light in lights]
    assert min(spreads) < 12 < 30 < max(spreads)
    counts = [int((draw_surface(3, index).strength >= LABEL_STRENGTH).sum()) for index in range(12)]
    assert sum(count > 0 for count in counts) >= 8


def test_stronger_marks_stand_out_further() -> None:
    """Strength by the picture itself: what of a mark differs from the ring around its box."""
    strong, weak = [], []
    for index in range(10):
        surface = draw_surface(9, index)
        pixels = surface.pixels.astype(float).mean(axis=2)
        for (x1, y1, x2, y2), strength in zip(
            surface.defects.boxes.astype(int), surface.strength, strict=True
        ):
            ring = pixels[max(y1 - 6, 0) : y2 + 6, max(x1 - 6, 0) : x2 + 6]
            part = pixels[y1:y2, x1:x2]
            apart = abs(part.mean() - np.median(ring)) / (ring.std() + 1)
            (strong if strength > 30 else weak if strength < 5 else []).append(apart)
    assert np.mean(strong) > 1.5 * np.mean(weak)
