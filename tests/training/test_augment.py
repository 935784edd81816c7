import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.core.boxes import box_centres
from blemish.training.augment import (
    Augment,
    add_noise,
    colour_table,
    cut_crop,
    noise_bank,
    random_affine,
    recolour,
    warp,
    warp_boxes,
)
from planted import GROUND, dot_boxes, dot_picture

SIZE = 96
DOT = (70.3, 58.6, 5.0)


def labelled(boxes: np.ndarray, counts: bool = True):
    return boxes, np.zeros(len(boxes), np.int64), np.full(len(boxes), counts)


def centroid(pixels: np.ndarray) -> np.ndarray:
    """Give the middle of what stands out from the ground, in half-open coordinates."""
    weight = np.abs(pixels.astype(np.float64).mean(axis=2) - GROUND)
    y, x = np.mgrid[: len(pixels), : len(pixels[0])] + 0.5
    return np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()


def linear_parts(scale: float) -> dict[tuple[float, ...], np.ndarray]:
    """Give one map of each linear part that chance comes up with."""
    maps = (random_affine(DOT[:2], SIZE, scale, np.random.default_rng(seed)) for seed in range(120))
    return {tuple(np.round(affine[:, :2].ravel(), 6)): affine for affine in maps}


@pytest.mark.parametrize("scale", [1.0, 0.7, 1.37])
def test_a_dot_and_its_box_move_together_in_all_eight_turns(scale: float) -> None:
    pixels, boxes = dot_picture([DOT], noise=0), dot_boxes([DOT])
    turns = linear_parts(scale)
    assert len(turns) == 8
    for affine in turns.values():
        kept = np.sqrt(abs(np.linalg.det(affine[:, :2])))
        assert SIZE / kept == pytest.approx(round(SIZE / scale))
        crop = cut_crop(pixels, labelled(boxes), affine, SIZE)
        np.testing.assert_allclose(box_centres(crop.boxes)[0], centroid(crop.pixels), atol=0.12)
        sides = crop.boxes[0, 2:] - crop.boxes[0, :2]
        np.testing.assert_allclose(sides, 22 * kept, atol=1e-3)


def test_at_scale_one_every_pixel_stays_what_it_was() -> None:
    pixels = dot_picture([DOT])
    for affine in linear_parts(1.0).values():
        assert (affine == np.rint(affine)).all()
        crop = cut_crop(pixels, labelled(dot_boxes([])), affine, 40)
        middle = np.linalg.inv(affine[:, :2]) @ (np.array([20.0, 20.0]) - affine[:, 2])
        x, y = np.rint(middle).astype(int)
        part = pixels[y - 20 : y + 20, x - 20 : x + 20]
        assert sorted(crop.pixels[..., 0].ravel()) == sorted(part[..., 0].ravel())


def test_a_box_that_is_hardly_seen_or_too_faint_is_ignored() -> None:
    affine = np.array([[1.0, 0, -64], [0, 1, 0]])
    boxes = np.array([[80, 20, 100, 40], [50, 50, 70, 70], [10, 10, 30, 30]], np.float32)
    crop = cut_crop(dot_picture([]), labelled(boxes), affine, 64)
    assert crop.boxes.tolist() == [[16, 20, 36, 40]]
    assert crop.ignored.tolist() == [[0, 50, 6, 64]]
    faint = cut_crop(dot_picture([]), labelled(boxes, counts=False), affine, 64)
    assert len(faint.boxes) == 0
    assert len(faint.ignored) == 2


def test_a_picture_without_boxes_gives_a_crop_without() -> None:
    crop = cut_crop(dot_picture([]), labelled(dot_boxes([])), np.eye(2, 3), 32)
    assert crop.boxes.shape == crop.ignored.shape == (0, 4)
    assert crop.labels.dtype == np.int64


@given(st.integers(0, 10_000), st.floats(0.5, 2))
@settings(deadline=None, max_examples=60)
def test_boxes_keep_their_area_ratio(seed: int, scale: float) -> None:
    boxes = np.array([[3, 5, 20, 14], [50, 60, 90, 61]], np.float32)
    affine = random_affine((30, 40), SIZE, scale, np.random.default_rng(seed))
    moved = warp_boxes(boxes, affine)
    assert (moved[:, 2:] > moved[:, :2]).all()
    before, after = ((b[:, 2:] - b[:, :2]).prod(axis=1) for b in (boxes, moved))
    np.testing.assert_allclose(after, before * abs(np.linalg.det(affine[:, :2])), rtol=1e-3)


@pytest.mark.parametrize("scale", [1.0, 0.83, 1.3])
@pytest.mark.parametrize("centre", [(60.0, 50.0), (3.0, 97.0), (-90.0, 40.0), (400.0, -7.0)])
def test_a_crop_is_that_of_one_general_warp(scale: float, centre: tuple[float, float]) -> None:
    """The slow oracle: OpenCV's warp by the same map, whose pixel middles are whole numbers."""
    pixels = cv2.GaussianBlur(dot_picture([DOT]), (0, 0), 2)
    for seed in range(12):
        affine = random_affine(centre, 64, scale, np.random.default_rng(seed))
        moved = affine.copy()
        moved[:, 2] += affine[:, :2].sum(axis=1) * 0.5 - 0.5
        expected = cv2.warpAffine(pixels, moved, (64, 64), borderMode=cv2.BORDER_REPLICATE)
        found = warp(pixels, affine, 64)
        assert np.abs(found.astype(int) - expected.astype(int)).max() <= (0 if scale == 1 else 2)


def test_colours_change_but_nothing_moves() -> None:
    pixels = dot_picture([DOT], noise=0)
    bank = noise_bank(160)
    for seed in range(6):
        plan = Augment(blur=0, noise=0, gain=(0.9, 1.1))
        changed = recolour(pixels, plan, bank, np.random.default_rng(seed)).astype(int)
        flat = changed - changed[0, 0]
        np.testing.assert_allclose(centroid(flat + GROUND), DOT[:2], atol=0.05)


def test_noise_is_as_strong_as_asked_and_has_no_mean() -> None:
    flat = np.full((128, 128, 3), 100, np.uint8)
    bank = noise_bank(224)
    deviations = [
        (add_noise(flat, 4.0, bank, np.random.default_rng(seed)).astype(float) - 100)
        for seed in range(20)
    ]
    assert abs(np.mean(deviations)) < 0.05
    assert 2 < max(values.std() for values in deviations) < 4.3


def test_a_colour_table_is_monotonous() -> None:
    for seed in range(10):
        table = colour_table(Augment(), np.random.default_rng(seed)).astype(int)
        assert table.shape == (256, 3)
        assert (np.diff(table, axis=0) >= 0).all()
