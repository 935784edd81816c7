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
        strength = np.where(wafer.strength < LABEL_STRENGTH, 0, wafer.strength)
        np.testing.assert_allclose(sample.strength, strength[counts], atol=0.006)


@pytest.mark.parametrize("labels", LABELS)
def test_marks_under_the_wished_strength_are_no_labels(tmp_path: Path, labels: str) -> None:
    settings = SynthSettings(tmp_path, count=3, seed=3, labels=labels, least=20, workers=1)
    (*samples,) = read_dataset(write_drawn(settings) / LABELS[labels]).samples
    strengths = [draw_wafer(3, index).strength for index in range(3)]
    assert [int((one.strength > 0).sum()) for one in samples] == [
        int((strength >= 20).sum()) for strength in strengths
    ]
    assert any(((strength >= LABEL_STRENGTH) & (strength < 20)).any() for strength in strengths)


@pytest.mark.parametrize("number", [0.5, 99])
def test_no_number_of_marks_that_cannot_be_drawn(tmp_path: Path, number: float) -> None:
    with pytest.raises(UsageError, match="between 1 and 14"):
        write_drawn(SynthSettings(tmp_path / "new", count=1, number=number))
    assert not (tmp_path / "new").exists()


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
