import dataclasses

import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.training.augment import PLAIN, Augment
from blemish.training.batches import (
    Ahead,
    Batch,
    Batches,
    BatchPlan,
    Labelled,
    Source,
    smooth_share,
)
from planted import dot_boxes, dot_picture, planted, planted_source

PLAN = BatchPlan(size=96, batch=6, seed=3)


def same(first: Batch, second: Batch) -> bool:
    return np.array_equal(first.pixels, second.pixels) and all(
        np.array_equal(a.boxes, b.boxes) for a, b in zip(first.crops, second.crops, strict=True)
    )


def test_a_step_always_gives_the_same_batch() -> None:
    first, second = Batches(planted_source(), PLAN), Batches(planted_source(), PLAN)
    second(4, 5.0)  # what was cut before must not matter
    assert same(first(7, 5.0), second(7, 5.0))
    assert not same(first(8, 5.0), second(7, 5.0))
    other = Batches(planted_source(), dataclasses.replace(PLAN, seed=4))
    assert not same(first(7, 5.0), other(7, 5.0))


def test_crops_are_cut_around_marks_unless_at_random() -> None:
    aimed = Batches(planted_source(), dataclasses.replace(PLAN, random_share=0.0))
    assert all(len(crop.boxes) > 0 for step in range(5) for crop in aimed(step, 5.0).crops)


def test_marks_below_the_floor_are_ignored() -> None:
    faint = Batches(planted_source(), PLAN)(0, floor=60.0)
    assert all(len(crop.boxes) == 0 for crop in faint.crops)
    assert any(len(crop.ignored) > 0 for crop in faint.crops)


def test_a_source_of_clean_pictures_gives_clean_crops() -> None:
    clean = Labelled(dot_picture([]), Defects.none(), np.zeros(0, np.float32))
    batch = Batches(Source(lambda index: clean, lambda: 1), PLAN)(0, 5.0)
    assert batch.pixels.shape == (6, 96, 96, 3)
    assert all(len(crop.boxes) == len(crop.ignored) == 0 for crop in batch.crops)


def test_pictures_that_come_later_are_used() -> None:
    ready = [1]
    seen: set[int] = set()

    def load(index: int) -> Labelled:
        seen.add(index)
        return Labelled(
            dot_picture([(64, 64, 5)]),
            Defects.of(dot_boxes([(64, 64, 5)])),
            np.ones(1, np.float32) * 9,
        )

    batches = Batches(Source(load, lambda: ready[0]), PLAN)
    batches(0, 5.0)
    assert seen == {0}
    ready[0] = 3
    for step in range(1, 6):
        batches(step, 5.0)
    assert seen == {0, 1, 2}


def test_most_crops_keep_the_pictures_own_size() -> None:
    plan = dataclasses.replace(PLAN, augment=Augment(scaled=0.4), random_share=0.0, batch=60)
    crops = Batches(planted_source(), dataclasses.replace(plan, jitter=0.1))(0, 5.0).crops
    own = {tuple(b[2:] - b[:2]) for i in range(16) for b in planted(0, i).defects.boxes}
    widths = np.array([width for width, _ in own])
    first = [crop.boxes[np.abs(crop.boxes - 48).sum(axis=1).argmin()] for crop in crops]
    kept = [np.abs(box[2] - box[0] - widths).min() < 1e-3 for box in first]
    assert 0.4 < np.mean(kept) < 0.8


WHOLE = BatchPlan(
    size=160, batch=2, whole=True, seed=4, augment=dataclasses.replace(PLAIN, turned=False)
)


def test_whole_pictures_come_as_they_are_or_mirrored() -> None:
    batches, source = Batches(planted_source(), WHOLE), planted_source()
    seen = set()
    for step in range(16):
        batch = batches(step, 5.0)
        for crop, name in zip(batch.crops, batch.pictures, strict=True):
            picture = source.load(int(name.split()[1]))
            padded = np.pad(picture.pixels, [(0, 32), (0, 32), (0, 0)], mode="edge")
            boxes = picture.defects.boxes
            mirrored = not np.array_equal(crop.pixels, padded)
            if mirrored:
                assert np.array_equal(crop.pixels, padded[:, ::-1])
                x1, y1, x2, y2 = boxes.T
                boxes = np.column_stack((160 - x2, y1, 160 - x1, y2))
            np.testing.assert_allclose(crop.boxes, boxes, atol=1e-4)
            seen.add(mirrored)
    assert seen == {False, True}


@pytest.mark.parametrize("size", [1, 2])
def test_every_whole_picture_comes_once_a_round_in_another_order(size: int) -> None:
    ranks = [Batches(planted_source(), WHOLE, rank, size) for rank in range(size)]
    names = [
        name for step in range(16) for batches in ranks for name in batches(step, 5.0).pictures
    ]
    first, second = names[:16], names[16:]
    assert len(set(first)) == len(set(second)) == 16
    assert first != second


def test_cutting_ahead_changes_nothing() -> None:
    batches = Batches(planted_source(), PLAN)
    ahead = Ahead(batches)
    try:
        for step in (0, 1, 2, 9):
            assert same(ahead(step, (5.0, 1.0), (5.0, 1.0)), batches(step, 5.0, 1.0))
    finally:
        ahead.close()


def test_marks_are_put_into_other_crops_early_in_a_run_alone() -> None:
    augment = dataclasses.replace(Augment(), grafted=1.0)
    plan = dataclasses.replace(PLAN, size=192, random_share=1.0, augment=augment)
    batches = Batches(spotted_source(), plan)
    early, late = (
        sum(len(crop.boxes) for step in range(8) for crop in batches(step, 5.0, early).crops)
        for early in (1.0, 0.0)
    )
    assert early > late + 8


def spotted_source() -> Source:
    """Give one smooth picture with one dark spot."""
    pixels = np.full((400, 400, 3), 120, np.uint8)
    pixels[200:212, 200:212] = 60
    defects = Defects(
        np.array([[200, 200, 212, 212]], np.float32), np.zeros(1, np.int64), np.ones(1, np.float32)
    )
    spotted = Labelled(pixels, defects, np.array([50.0], np.float32))
    return Source(lambda index: spotted, lambda: 1)


def test_the_share_of_marks_on_smooth_ground_leaves_out_those_that_do_not_count() -> None:
    spotted = spotted_source().load(0)
    rough = spotted._replace(
        pixels=np.random.default_rng(0).integers(0, 255, (400, 400, 3), np.uint8)
    )
    ignored = rough._replace(strength=np.zeros(1, np.float32))
    assert smooth_share([spotted, rough, ignored]) == 0.5
    assert smooth_share([]) == 0.0
