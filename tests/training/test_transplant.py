"""Marks put into other places: what is added is the mark alone, where the ground allows it."""

import numpy as np
import pytest

from blemish.core.boxes import box_intersection
from blemish.training.augment import Crop
from blemish.training.transplant import _turned, fit_plane, lift, put, vary

SIDE = 160
SPOT = np.array([[40.0, 50.0, 52.0, 60.0]], np.float32)


def sloped(seed: int = 0, noise: float = 0.5, level: float = 90.0) -> np.ndarray:
    """Draw ground that rises to the right, with a little noise."""
    y, x = np.mgrid[:SIDE, :SIDE]
    ground = level + 0.2 * x + 0 * y + np.random.default_rng(seed).normal(0, noise, (SIDE, SIDE))
    return np.repeat(np.rint(ground)[..., None], 3, axis=2).astype(np.uint8)


def marked(boxes: np.ndarray = SPOT, depth: int = 40, **kind) -> np.ndarray:
    pixels = sloped(**kind).astype(int)
    for x1, y1, x2, y2 in boxes.astype(int):
        pixels[y1:y2, x1:x2] -= depth
    return pixels.clip(0, 255).astype(np.uint8)


def crop_of(pixels: np.ndarray, boxes=(), ignored=()) -> Crop:
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    aside = np.array(ignored, np.float32).reshape(-1, 4)
    return Crop(pixels, boxes, np.zeros(len(boxes), np.int64), aside)


def test_a_plane_is_found_exactly():
    y, x = np.mgrid[:9, :13].astype(np.float32)
    plane = np.stack([3 + 2 * x - y, 1 + 0 * x, 5 - x + 4 * y], axis=2)
    where = np.ones((9, 13), bool)
    where[3:6, 4:8] = False
    spoiled = plane.copy()
    spoiled[3:6, 4:8] += 100
    found = fit_plane(spoiled, where)
    np.testing.assert_allclose(found.levels(where.shape), plane, atol=1e-3)
    np.testing.assert_allclose(found.middle, plane.mean(axis=(0, 1)), atol=1e-3)
    assert found.rough == pytest.approx(0, abs=1e-4)


def test_the_roughest_channel_counts():
    part = np.zeros((8, 8, 3), np.float32)
    part[::2, ::2, 1] = 8
    part[1::2, 1::2, 1] = 8
    assert fit_plane(part, np.ones((8, 8), bool)).rough == pytest.approx(4, rel=0.1)


def test_a_mark_is_lifted_without_its_ground():
    graft = lift(marked(), SPOT, 0, 3)
    assert graft is not None
    assert graft.label == 3
    x1, y1, x2, y2 = graft.box.astype(int)
    assert (x2 - x1, y2 - y1) == (12, 10)
    np.testing.assert_allclose(graft.added[y1:y2, x1:x2], -40, atol=3)
    assert np.abs(graft.added[: y1 - 1]).max() < 3
    assert (graft.weight[0] == 0).all()
    assert (graft.weight[y1:y2, x1:x2] == 1).all()
    assert graft.ground == pytest.approx([99.2] * 3, abs=2)


@pytest.mark.parametrize(
    ("boxes", "kind"),
    [
        ([[2, 50, 14, 60]], {}),  # its ground is cut off
        ([[40, 50, 52, 60], [54, 50, 60, 60]], {}),  # a neighbour would come along
        ([[40, 50, 52, 60]], {"noise": 20.0}),  # rough ground
        ([[40, 50, 52, 60]], {"depth": 0}),  # nothing to be seen
    ],
)
def test_other_marks_stay_where_they_are(boxes, kind):
    boxes = np.array(boxes, np.float32)
    assert lift(marked(boxes, **kind), boxes, 0, 0) is None


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_box_turns_with_the_mark(turns, mirrored):
    boxes = np.array([[40, 50, 58, 57]], np.float32)
    graft = lift(marked(boxes), boxes, 0, 0)
    assert graft is not None
    added, weight, box = _turned(graft, turns, mirrored)
    rows, columns = np.nonzero(added[..., 0] < -20)
    seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose(box, seen)
    assert weight.shape == added.shape[:2]


def test_a_put_mark_is_where_its_box_says_and_nothing_else_changes():
    graft = lift(marked(), SPOT, 0, 2)
    assert graft is not None
    before = crop_of(sloped(seed=1))
    kept = before.pixels.copy()
    for seed in range(8):
        after = put(before, graft, np.random.default_rng(seed))
        assert after.labels.tolist() == [2]
        x1, y1, x2, y2 = after.boxes[0].round().astype(int)
        change = after.pixels.astype(int) - before.pixels
        assert (change[y1:y2, x1:x2] < -12).all()
        change[y1 - 4 : y2 + 4, x1 - 4 : x2 + 4] = 0
        assert (change == 0).all()
    assert (before.pixels == kept).all()


def test_it_never_covers_what_is_there():
    graft = lift(marked(), SPOT, 0, 0)
    assert graft is not None
    taken = [[0, 0, 160, 60], [0, 100, 160, 160]]
    crop = crop_of(sloped(), boxes=taken[:1], ignored=taken[1:])
    for seed in range(20):
        after = put(crop, graft, np.random.default_rng(seed))
        new = after.boxes[len(crop.boxes) :]
        assert (box_intersection(new, np.array(taken, np.float32)) == 0).all()


@pytest.mark.parametrize(
    "ground",
    [
        sloped(noise=15.0),  # rough
        sloped(level=190.0),  # of another brightness
        np.tile(np.uint8([[40], [200]]), (SIDE // 2, SIDE))[..., None].repeat(3, axis=2),  # lines
    ],
)
def test_ground_that_does_not_fit_is_left_alone(ground):
    graft = lift(marked(), SPOT, 0, 0)
    assert graft is not None
    for seed in range(10):
        crop = crop_of(ground)
        assert put(crop, graft, np.random.default_rng(seed)) is crop


def test_a_mark_too_large_for_the_crop_is_not_put():
    graft = lift(marked(), SPOT, 0, 0)
    assert graft is not None
    crop = crop_of(sloped()[:32, :32])
    assert put(crop, graft, np.random.default_rng(0)) is crop


def test_a_varied_mark_is_weaker_or_stronger_and_its_ground_as_it_was():
    crop = crop_of(marked(), boxes=SPOT)
    depths = set()
    for seed in range(12):
        after = vary(crop, 1.0, np.random.default_rng(seed))
        change = after.pixels.astype(int) - crop.pixels
        x1, y1, x2, y2 = SPOT[0].astype(int)
        middle = change[y1 + 3 : y2 - 3, x1 + 3 : x2 - 3].mean(axis=(0, 1))
        assert (middle > -0.4 * 40 * 2.6).all()
        assert (middle < 0.6 * 40).all()
        depths.add(round(float(middle.mean())))
        change[y1 - 4 : y2 + 4, x1 - 4 : x2 + 4] = 0
        assert (change == 0).all()
        assert (after.boxes == crop.boxes).all()
    assert min(depths) < -5
    assert max(depths) > 5


def test_no_share_of_the_marks_varied_is_no_change():
    crop = crop_of(marked(), boxes=SPOT)
    assert (vary(crop, 0.0, np.random.default_rng(0)).pixels == crop.pixels).all()


def test_marks_on_rough_ground_do_not_vary():
    crop = crop_of(marked(noise=20.0), boxes=SPOT)
    assert (vary(crop, 1.0, np.random.default_rng(0)).pixels == crop.pixels).all()
