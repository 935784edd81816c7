"""Drawn data sets: read back by our reader they hold what was drawn, whatever the format."""

from pathlib import Path

import numpy as np
import pytest

from blemish.data.dataset import read_dataset
from blemish.data.images import open_picture
from blemish.errors import UsageError
from blemish.jobs.synth import SynthSettings, write_drawn
from blemish.synth.strength import LABEL_STRENGTH
from blemish.synth.wafers import draw_wafer

LABELS = {"voc": "", "csv": "labels.csv", "coco": "labels.json"}


@pytest.mark.parametrize("labels", LABELS)
def test_what_is_drawn_is_read_back(tmp_path: Path, labels: str) -> None:
    out = tmp_path / "그림"
    seen: list[tuple[int, int]] = []
    settings = SynthSettings(out, count=3, seed=3, labels=labels, workers=1)
    write_drawn(settings, lambda done, of: seen.append((done, of)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    dataset = read_dataset(out / LABELS[labels])
    assert len(dataset.samples) == 3
    for index, sample in enumerate(dataset.samples):
        wafer = draw_wafer(3, index)
        assert np.array_equal(open_picture(sample.path), wafer.pixels)
        counts = wafer.strength >= (LABEL_STRENGTH if labels == "csv" else 0)
        np.testing.assert_allclose(sample.defects.boxes, wafer.defects.boxes[counts])
        np.testing.assert_allclose(sample.strength, wafer.strength[counts], atol=0.006)


def test_processes_draw_the_same_pictures_as_one(tmp_path: Path) -> None:
    one = write_drawn(SynthSettings(tmp_path / "one", count=2, workers=1))
    two = write_drawn(SynthSettings(tmp_path / "two", count=2, workers=2))
    for path in [*sorted(one.glob("*.png")), one / "strength.csv"]:
        assert path.read_bytes() == (two / path.name).read_bytes()


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match="not empty"):
        write_drawn(SynthSettings(tmp_path, count=1))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="voc, csv, coco"):
        write_drawn(SynthSettings(tmp_path, count=1, labels="yolo"))
