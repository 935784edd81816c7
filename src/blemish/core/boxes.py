"""Box arithmetic; the coordinate convention of the whole project is defined here.

A box is ``xyxy``: x1, y1, x2, y2 as float32 pixels, 0-based and half-open, y down.
Width is x2 - x1; pixel (0, 0) covers [0, 1) in x and in y. A box set is an array of shape
(N, 4); no boxes is shape (0, 4).
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Boxes = NDArray[np.float32]

MAX_PAIRS = 2**18  # compared at once by nms; the arrays for them take some 15 MB


def as_boxes(values: ArrayLike) -> Boxes:
    """Give the values as a float32 array of shape (N, 4); an empty input gives (0, 4).

    Raises:
        ValueError: the values are not rows of four numbers.
    """
    boxes = np.asarray(values, dtype=np.float32)
    if boxes.size == 0:
        return np.zeros((0, 4), np.float32)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes must have shape (N, 4), not {boxes.shape}")
    return boxes


def box_area(boxes: Boxes) -> NDArray[np.float32]:
    """Give the area of each box in square pixels, shape (N,); inverted boxes have area 0."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)


def box_centres(boxes: Boxes) -> NDArray[np.float32]:
    """Give the centre (x, y) of each box, shape (N, 2)."""
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2, np.float32)


def box_intersection(first: Boxes, second: Boxes) -> NDArray[np.float32]:
    """Give the shared area of every pair, shape (N, M)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    sides = np.maximum(high - low, 0)
    return np.asarray(sides[..., 0] * sides[..., 1], np.float32)


def box_iou(first: Boxes, second: Boxes) -> NDArray[np.float32]:
    """Give the intersection over union of every pair, shape (N, M); 0 where both are empty."""
    shared = box_intersection(first, second)
    union = box_area(first)[:, None] + box_area(second)[None, :] - shared
    ratio = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return np.asarray(ratio, np.float32)


def clip_boxes(boxes: Boxes, width: float, height: float) -> Boxes:
    """Give the boxes cut off at the edges of a picture of this size, in pixels."""
    limit: NDArray[Any] = np.array([width, height, width, height], np.float32)
    return np.asarray(np.clip(boxes, 0, limit), np.float32)


def nms(boxes: Boxes, scores: NDArray[np.float32], iou: float) -> NDArray[np.intp]:
    """Give the indices that greedy non-maximum suppression keeps, best score first.

    A box falls when its overlap with a better box that was kept is above ``iou``. Equal
    scores keep their order. Classes are the caller's affair.
    """
    left = np.argsort(-scores, kind="stable")
    kept: list[NDArray[np.intp]] = []
    while len(left):
        # Compared with all that are left at once: in few steps, and in memory of a fixed size.
        best = left[: max(MAX_PAIRS // len(left), 1)]
        overlaps = box_iou(boxes[best], boxes[left]) > iou
        alive = np.ones(len(left), bool)
        for rank in range(len(best)):
            if alive[rank]:
                alive[rank + 1 :] &= ~overlaps[rank, rank + 1 :]
        kept.append(best[alive[: len(best)]])
        left = left[len(best) :][alive[len(best) :]]
    return np.concatenate(kept) if kept else left
