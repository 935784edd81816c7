"""Windows over a large picture, and the finds of each brought home exactly once.

Every window owns a core rectangle; the cores partition the picture, and a find belongs to the
window in whose core its centre lies. So a mark in an overlap is kept once, by the window that
sees most of its surroundings, with no merging by score.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.core.boxes import box_area, box_centres, clip_boxes
from blemish.core.defects import Defects


@dataclass(frozen=True)
class Window:
    """One window over a picture, all in whole pixels of the picture.

    Attributes:
        x, y: upper left corner, multiples of the stride.
        width, height: multiples of the stride; may reach beyond the picture.
        core: x1, y1, x2, y2, half-open: the area whose centres this window owns.
        picture: width and height of the whole picture.
    """

    x: int
    y: int
    width: int
    height: int
    core: tuple[int, int, int, int]
    picture: tuple[int, int]


def plan_windows(width: int, height: int, window: int, overlap: int, stride: int) -> list[Window]:
    """Give the windows that cover a picture, row by row.

    A side that fits in ``window`` is covered by one window, padded up to a multiple of the
    stride; a longer one by as few windows of at most ``window`` as overlap by at least ``overlap``,
    which are no larger than that takes. All windows of one picture have the same size.

    Raises:
        ValueError: the picture is empty, ``window`` is not a multiple of ``stride``, or the
            overlap leaves no room for a step.
    """
    if width < 1 or height < 1:
        raise ValueError(f"a picture of {width} x {height} pixels has no windows")
    if stride < 1 or window < stride or window % stride:
        raise ValueError(f"window {window} must be a multiple of the stride {stride}")
    if overlap < 0 or window - overlap < stride:
        raise ValueError(f"overlap {overlap} must leave a step of {stride} in a window of {window}")
    columns = _spans(width, window, overlap, stride)
    rows = _spans(height, window, overlap, stride)
    return [
        Window(x, y, across, down, (left, top, right, bottom), (width, height))
        for y, down, top, bottom in rows
        for x, across, left, right in columns
    ]


def cut(pixels: NDArray[Any], window: Window) -> NDArray[Any]:
    """Give the window's pixels, shape (window.height, window.width, ...).

    Where it reaches beyond the picture on the right or below, the last column or row is
    repeated: a flat border makes no false edge. Without padding it is a view.
    """
    part = pixels[window.y : window.y + window.height, window.x : window.x + window.width]
    below, beside = window.height - part.shape[0], window.width - part.shape[1]
    if not below and not beside:
        return part
    return np.pad(part, [(0, below), (0, beside)] + [(0, 0)] * (part.ndim - 2), mode="edge")


def bring_home(defects: Defects, window: Window) -> Defects:
    """Give the finds of a window in picture coordinates, only those that the window owns.

    Boxes are clipped to the picture first, so a mark that the picture's edge cuts is owned by
    what can be seen of it; a box with nothing inside the picture is dropped.
    """
    corner = np.array([window.x, window.y, window.x, window.y], np.float32)
    boxes = clip_boxes(defects.boxes + corner, *window.picture)
    x, y = box_centres(boxes).T
    left, top, right, bottom = window.core
    owned = (left <= x) & (x < right) & (top <= y) & (y < bottom) & (box_area(boxes) > 0)
    return Defects(boxes[owned], defects.labels[owned], defects.scores[owned])


def _spans(length: int, window: int, overlap: int, stride: int) -> list[tuple[int, int, int, int]]:
    """Give (start, size, core start, core end) of each window along one side."""
    if length <= window:
        return [(0, -(-length // stride) * stride, 0, length)]
    num_steps = _num_steps(length, window, overlap, stride)
    while (
        window - stride - overlap >= stride
        and _num_steps(length, window - stride, overlap, stride) == num_steps
    ):
        window -= stride
    last = -(-(length - window) // stride)  # in strides, as are the spread starts below
    starts = [index * last // num_steps * stride for index in range(num_steps + 1)]
    seams = [(before + window + after) // 2 for before, after in pairwise(starts)]
    edges = [0, *seams, length]
    return [
        (start, window, low, high)
        for start, (low, high) in zip(starts, pairwise(edges), strict=True)
    ]


def _num_steps(length: int, window: int, overlap: int, stride: int) -> int:
    """Give how many steps from window to window cover a longer side."""
    step = (window - overlap) // stride * stride
    return -(-(-(-(length - window) // stride) * stride) // step)
