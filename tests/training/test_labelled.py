import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blemish.data.dataset import Dataset, read_dataset
from blemish.errors import TrainingError
from blemish.training import labelled
from blemish.training.labelled import check_labels, fingerprint, keep_dataset, open_sample
from planted import planted, write_dataset


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return read_dataset(write_dataset(tmp_path / "data", 4))


def test_pictures_come_decoded_with_their_labels(dataset: Dataset, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    source = keep_dataset(dataset, tmp_path / "cache", lambda *row: told.append(row))
    assert source.num_ready() == 4
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4)]
    for index in range(3):
        picture, true = source.load(index), planted(5, index)
        assert np.array_equal(picture.pixels, true.pixels)
        np.testing.assert_allclose(picture.defects.boxes, true.defects.boxes, atol=0.51)
        assert np.isinf(picture.strength).all()
    assert len(source.load(3).defects) == 0


def test_pictures_are_decoded_once(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_dataset(dataset, tmp_path / "cache")
    monkeypatch.setattr(labelled, "open_sample", lambda sample: pytest.fail("decoded again"))
    keep_dataset(dataset, tmp_path / "cache")
    turned = Dataset(dataset.samples[:0:-1], dataset.classes)  # another split of the same
    source = keep_dataset(turned, tmp_path / "cache")
    assert np.array_equal(source.load(1).pixels, planted(5, 2).pixels)


@pytest.mark.parametrize("side", [64, 192])
def test_pictures_and_boxes_are_brought_to_a_long_side(
    dataset: Dataset, tmp_path: Path, side: int
) -> None:
    as_they_are = keep_dataset(dataset, tmp_path / "cache")
    brought = keep_dataset(dataset, tmp_path / "cache", long_side=side)
    for index in range(4):
        before, after = as_they_are.load(index), brought.load(index)
        assert (before.pixels.shape, after.pixels.shape) == ((128, 128, 3), (side, side, 3))
        moved = before.defects.boxes * side / 128
        np.testing.assert_allclose(after.defects.boxes, moved, rtol=1e-6)
        assert np.array_equal(after.strength, before.strength)
        assert np.array_equal(open_sample(dataset.samples[index], side).pixels, after.pixels)
        for x1, y1, x2, y2 in after.defects.boxes.astype(int):
            assert after.pixels[(y1 + y2) // 2, (x1 + x2) // 2].min() > 150  # the dot is there


def test_a_changed_label_or_file_is_noticed(dataset: Dataset, tmp_path: Path) -> None:
    before = [fingerprint(sample) for sample in dataset.samples]
    assert len(set(before)) == 4
    again = read_dataset(tmp_path / "data").samples
    assert [fingerprint(sample) for sample in again] == before
    first = dataset.samples[0]
    fewer = replace(first, defects=first.defects.take(np.arange(0)), strength=first.strength[:0])
    assert fingerprint(fewer) != before[0]
    os.utime(first.path, ns=(1, 1))
    assert [fingerprint(sample) == old for sample, old in zip(again, before, strict=True)] == [
        *(False, True, True, True)
    ]


def test_a_data_set_without_labels_is_refused(dataset: Dataset) -> None:
    check_labels(dataset, Path("data"))
    with pytest.raises(TrainingError, match="data: holds no label"):
        check_labels(Dataset(dataset.samples[3:], dataset.classes), Path("data"))
