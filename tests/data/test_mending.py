import cv2
import numpy as np
import pytest

from blemish.data.labels import PictureLabels
from blemish.data.mending import fit_to_picture, turn_boxes
from blemish.data.sizes import Stored

UPRIGHT = Stored(90, 70, 1)


def fit(boxes, size=(90, 70), stored=UPRIGHT, classes=(), ignored=None):
    told = []
    given = PictureLabels.of("w1.png", size, boxes, classes, ignored=ignored)
    labels, kept = fit_to_picture(given, stored, "w1.xml", told.append)
    return labels.boxes.tolist(), kept.tolist(), [(one.kind, one.row) for one in told]


def test_what_fits_stays():
    for size in ((90, 70), (0, 0)):
        assert fit([[0, 0, 90, 70], [1, 2, 3, 4]], size) == (
            [[0, 0, 90, 70], [1, 2, 3, 4]], [0, 1], [],
        )  # fmt: skip
    assert fit([]) == ([], [], [])


def test_what_reaches_out_is_cut_off_and_what_is_beyond_left_out():
    boxes, kept, told = fit([[-5, 10, 20, 71], [91, 0, 99, 9], [80, 60, 90.01, 70]])
    assert boxes == [[0, 10, 20, 70], [80, 60, 90, 70]]
    assert kept == [0, 2]
    assert told == [("outside", "box 1"), ("beyond", "box 2")]


def test_a_box_that_stands_there_twice_counts_once():
    twice = [[1, 2, 9, 9], [1, 2, 9, 9], [1, 2, 9, 10]]
    assert fit(twice) == ([twice[0], twice[2]], [0, 2], [("duplicate-box", "box 2")])
    boxes, _, told = fit(twice[:2], classes=("spot", "ring"))
    assert (boxes, told) == (twice[:2], [("two-classes", "box 2")])
    thrice = [twice[0]] * 3
    _, kept, told = fit(thrice, classes=("spot", "ring", "ring"))
    assert (kept, told) == ([0, 1], [("two-classes", "box 2"), ("duplicate-box", "box 3")])


@pytest.mark.parametrize(
    ("ignored", "stays", "out"),
    [((1, 0), 1, ["box 1"]), ((0, 1), 0, ["box 2"]), ((1, 1), 0, ["box 2"]),
     ((1, 0, 1), 1, ["box 1", "box 3"]), ((1, 1, 0), 2, ["box 2", "box 1"])],
)  # fmt: skip
def test_of_two_equal_boxes_one_that_counts_stays(ignored, stays, out):
    _, kept, told = fit([[1, 2, 9, 9]] * len(ignored), ignored=ignored)
    assert kept == [stays]
    assert told == [("duplicate-box", row) for row in out]


def test_labels_for_another_size_are_told():
    assert fit([[1, 2, 9, 9]], (70, 90)) == ([[1, 2, 9, 9]], [0], [("swapped-size", "")])
    assert fit([[1, 2, 9, 9]], (180, 140)) == ([], [], [("other-size", "")])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_are_turned_as_the_decoder_turns_pixels(orientation, tmp_path):
    from planted_labels import turned

    pixels = np.zeros((96, 160), np.uint8)
    pixels[16:32, 40:112] = 255  # the box 40,16,112,32, in whole blocks of JPEG
    _, content = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 100])
    (tmp_path / "w.jpg").write_bytes(turned(content.tobytes(), orientation))
    upright = cv2.imread(str(tmp_path / "w.jpg"), cv2.IMREAD_GRAYSCALE)
    stored = Stored(upright.shape[1], upright.shape[0], orientation)
    y, x = np.nonzero(upright > 128)
    seen = [x.min(), y.min(), x.max() + 1, y.max() + 1]
    box = np.array([[40, 16, 112, 32]], np.float32)
    assert turn_boxes(box, stored).tolist() == [seen]
    if orientation > 4:
        boxes, _, told = fit(box, (160, 96), stored)
        assert (boxes, told) == ([seen], [("turned-labels", "")])
        assert fit([[1, 2, 9, 9]], (96, 160), stored)[2] == [("turned-picture", "")]
