from pathlib import Path

import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.data.dataset import Sample, read_dataset
from blemish.data.images import open_picture
from blemish.data.plain import Form, name_pictures, resized, write_sample, write_tables
from planted_labels import lay_picture


def sample_of(path, boxes=(), strength=None):
    strengths = np.full(len(boxes), np.inf) if strength is None else np.array(strength)
    return Sample(path, Defects.of(boxes), strengths.astype(np.float32))


def test_names_are_unique_on_any_disk_and_free_of_parts():
    inner = ["images/train/lot1/w.png", "lot1/W.jpg", "val/w:1.png", "w_1.png", "Images/결함.png"]
    samples = [sample_of(Path("data") / name) for name in inner]
    names = name_pictures(samples, ["train", "train", "val", "val", "train"], Path("data"))
    assert names == [
        *("train/lot1/w.png", "train/lot1/W~2.jpg", "val/w_1.png", "val/w_1~2.png"),
        "train/결함.png",
    ]


@pytest.mark.parametrize(
    ("size", "longest", "stretch", "new"),
    [
        ((1800, 900), 900, False, (900, 450)),
        ((900, 1800), 900, False, (450, 900)),
        ((90, 70), 900, False, (900, 700)),
        ((1800, 900), 900, True, (900, 900)),
        ((2000, 1), 8, False, (8, 1)),
    ],
)
def test_new_sizes(size, longest, stretch, new):
    assert resized(size, longest, stretch) == new


def test_pixels_stay_by_default(tmp_path):
    lay_picture(tmp_path / "w.png", seed=1)
    sample = sample_of(tmp_path / "w.png", [[1, 2, 30, 40], [3, 4, 9, 9]], [np.inf, 0])
    for copy in (False, True):
        form = Form(copy=copy)
        labels = write_sample(sample, ("spot",), tmp_path / f"out{copy}", "train/w.png", form)
        target = tmp_path / f"out{copy}" / "train" / "w.png"
        assert target.read_bytes() == (tmp_path / "w.png").read_bytes()
        assert target.samefile(tmp_path / "w.png") is not copy
        assert (labels.picture, labels.size) == ("train/w.png", (90, 70))
        assert labels.boxes.tolist() == sample.defects.boxes.tolist()
        assert labels.ignored.tolist() == [False, True]


@pytest.mark.parametrize(("stretch", "size"), [(False, (180, 140)), (True, (180, 180))])
def test_boxes_are_scaled_with_the_picture(tmp_path, stretch, size):
    pixels = tmp_path / "w.bmp"
    lay_picture(pixels, (90, 70))
    whole = sample_of(pixels, [[0, 0, 90, 70], [9, 7, 18, 14]])
    labels = write_sample(whole, ("spot",), tmp_path, "out/w.1.bmp", Form(180, stretch))
    assert labels.picture == "out/w.1.png"
    assert open_picture(tmp_path / labels.picture).shape == (size[1], size[0], 3)
    scale = size[0] / 90, size[1] / 70
    expected = [[0, 0, *size], [9 * scale[0], 7 * scale[1], 18 * scale[0], 14 * scale[1]]]
    np.testing.assert_allclose(labels.boxes, expected)


def test_turned_pictures_become_upright(tmp_path):
    lay_picture(tmp_path / "w.jpg", (90, 70), seed=1, orientation=6)
    labels = write_sample(sample_of(tmp_path / "w.jpg"), (), tmp_path, "val/w.jpg", Form())
    assert (labels.picture, labels.size) == ("val/w.png", (70, 90))
    upright = open_picture(tmp_path / "w.jpg")
    np.testing.assert_array_equal(open_picture(tmp_path / "val" / "w.png"), upright)


def test_the_tables_are_read_again_with_strengths_and_ignored_boxes(tmp_path):
    lay_picture(tmp_path / "in" / "w.png", seed=1)
    boxes = [[1, 2, 30.5, 40], [3, 4, 9, 9], [5, 5, 8, 8]]
    sample = sample_of(tmp_path / "in" / "w.png", boxes, [np.inf, 0, 7.25])
    out = tmp_path / "out"
    labels = write_sample(sample, ("점, 1",), out, "train/w.png", Form())
    write_tables(out, [labels], [sample], ("점, 1", "unused"))
    again = read_dataset(out)
    assert again.classes == ("점, 1", "unused")
    assert again.samples[0].defects.boxes.tolist() == boxes
    assert again.samples[0].strength.tolist() == [np.inf, 0, 7.25]
