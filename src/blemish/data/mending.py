"""What the reader mends in the boxes of one picture once the picture's size is known."""

import numpy as np
from numpy.typing import NDArray

from blemish.core.boxes import Boxes, clip_boxes
from blemish.data.labels import PictureLabels
from blemish.data.problems import Place, Report
from blemish.data.sizes import Stored

# Fractions of six digits on a large picture; less than this beyond the edge is no mistake.
_NEAR = 0.02


def fit_to_picture(
    labels: PictureLabels, stored: Stored, source: str, report: Report
) -> tuple[PictureLabels, NDArray[np.intp]]:
    """Give the labels in the picture's own pixels, and which of the boxes were kept.

    Boxes drawn on a picture as it is stored are turned with it; what reaches over the edge is
    cut off; what lies beyond it, and each box that stands there already, is left out. Labels for
    another size of picture come back empty, with that size.
    """
    none = np.zeros(0, np.intp)
    tell = Place(source, "", report).tell
    boxes = labels.boxes
    width, height = stored.size
    stated = "{} x {}".format(*labels.size)
    if labels.size not in {(0, 0), stored.size}:
        if stored.orientation > 4 and labels.size == stored.stored_size:
            tell("turned-labels", "its boxes are drawn on the picture as it is stored, unturned")
            boxes = turn_boxes(boxes, stored)
        elif labels.size == (height, width):
            tell("swapped-size", f"gives the size {stated} of a picture of {width} x {height}")
        elif min(labels.size) > 0:
            words = f"is for a picture of {stated}, but the picture has {width} x {height}"
            tell("other-size", words)
            return labels.take(none), none
    elif stored.orientation > 1:
        tell("turned-picture", f"its picture is stored turned (orientation {stored.orientation})")
    kept = _kept(boxes, labels, stored, source, report)
    taken = labels.take(kept)
    cut = clip_boxes(boxes[kept], width, height)
    fitted = PictureLabels(
        *(taken.picture, stored.size, cut, taken.classes),
        *(taken.ignored, taken.scores, taken.rows),
    )
    return fitted, kept


def _kept(
    boxes: Boxes, labels: PictureLabels, stored: Stored, source: str, report: Report
) -> NDArray[np.intp]:
    width, height = stored.size
    cut = clip_boxes(boxes, width, height)
    stays: dict[tuple[float, ...], dict[str, int]] = {}  # of each box and class
    for index, box in enumerate(cut.tolist()):
        place = Place(source, labels.rows[index], report)
        words, picture = _words(boxes, index), f"the picture of {width} x {height}"
        if box[2] <= box[0] or box[3] <= box[1]:
            place.tell("beyond", f"{words} lies beyond {picture}")
            continue
        if np.abs(boxes[index] - cut[index]).max() > _NEAR:
            place.tell("outside", f"{words} reaches out of {picture}")
        name, there = labels.classes[index], stays.setdefault(tuple(box), {})
        if name in there:
            out, there[name] = _in_order(there[name], index, labels)
            row = f"({labels.rows[there[name]]})"
            what = f"{_words(boxes, out)} stands there already {row}"
            Place(source, labels.rows[out], report).tell("duplicate-box", what)
            continue
        if there:
            both = f"{next(iter(there))!r} and {name!r}"
            place.tell("two-classes", f"{words} is labelled both {both}")
        there[name] = index
    return np.array(sorted(at for one in stays.values() for at in one.values()), np.intp)


def _in_order(first: int, second: int, labels: PictureLabels) -> tuple[int, int]:
    """Give which of two equal boxes goes and which stays: the first, but one that counts."""
    if labels.ignored[first] and not labels.ignored[second]:
        return first, second
    return second, first


def _words(boxes: Boxes, index: int) -> str:
    return "the box " + ",".join(f"{side:g}" for side in boxes[index].tolist())


def turn_boxes(boxes: Boxes, stored: Stored) -> Boxes:
    """Give boxes on a picture as it is stored as boxes on the upright picture.

    The orientations are those of EXIF and TIFF 6.0: 5 to 8 exchange the axes first.
    """
    width, height = stored.stored_size
    x1, y1, x2, y2 = boxes.T
    if stored.orientation > 4:
        (x1, x2), (y1, y2), (width, height) = (y1, y2), (x1, x2), (height, width)
    if stored.orientation in {2, 3, 6, 7}:
        x1, x2 = width - x2, width - x1
    if stored.orientation in {3, 4, 7, 8}:
        y1, y2 = height - y2, height - y1
    return np.stack((x1, y1, x2, y2), axis=1).astype(np.float32)
