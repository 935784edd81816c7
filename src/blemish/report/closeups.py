"""Marks of one picture enlarged, side by side on one sheet: as the picture shows them.

A page is made from the drawn copies, on which boxes and scores lie over the ground beside a mark.
So what is enlarged is cut from the picture itself, and kept.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.report.draw import BLACK, WHITE

Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]
Window = tuple[int, int, int, int]

CROP = 144
LEAST_CROP = 64  # pixels of the picture; a speck alone in its crop says nothing
GAP, ARM = 4, 9
"""Pixels of a crop from the box to its corners, and the length of their arms."""


def enlarge(
    size: tuple[int, int], box: Box, cut: Callable[[Window], Pixels], *, corners: bool = False
) -> Pixels:
    """Cut a square about a box, twice as large, in `CROP` pixels; at the border it is moved in.

    Args:
        size: width and height of the picture. If the square is larger, what lacks is black.
        box: in it, xyxy.
        cut: gives the pixels (H, W, 3) of a window, xyxy, that lies in the picture.
        corners: whether those of the box are drawn, outside it.
    """
    side = max(2 * max(box[2] - box[0], box[3] - box[1]), LEAST_CROP)
    sides = [min(max(round(side), 1), whole) for whole in size]
    middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    left, top = (
        min(max(round(at - length / 2), 0), whole - length)
        for at, length, whole in zip(middle, sides, size, strict=True)
    )
    factor = CROP / max(sides)
    width, height = (max(round(length * factor), 1) for length in sides)
    method = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
    part = cut((left, top, left + sides[0], top + sides[1]))
    crop = np.zeros((CROP, CROP, 3), np.uint8)
    crop[:height, :width] = cv2.resize(part, (width, height), interpolation=method)
    if corners:
        x1, x2 = ((at - left) * factor for at in (box[0], box[2]))
        y1, y2 = ((at - top) * factor for at in (box[1], box[3]))
        _draw_corners(crop, (x1, y1, x2, y2))
    return crop


def enlarge_copy(pixels: Pixels, box: Box, factor: float) -> Pixels:
    """Enlarge a box from a copy (H, W, 3) of the picture that is larger by a factor."""
    scaled = box[0] * factor, box[1] * factor, box[2] * factor, box[3] * factor
    size = pixels.shape[1], pixels.shape[0]
    return enlarge(size, scaled, lambda at: pixels[at[1] : at[3], at[0] : at[2]])


def lay_closeups(
    size: tuple[int, int], boxes: Sequence[Box], cut: Callable[[Window], Pixels]
) -> Pixels:
    """Lay marks side by side in their order, shape (CROP, N · CROP, 3); see `enlarge`."""
    return np.concatenate([enlarge(size, box, cut, corners=True) for box in boxes], axis=1)


def split_closeups(sheet: Pixels, num: int) -> list[Pixels]:
    """Give the crops of a sheet of so many; none where it is not of that size."""
    if sheet.shape != (CROP, num * CROP, 3):
        return []
    return [sheet[:, at : at + CROP] for at in range(0, num * CROP, CROP)]


def _draw_corners(crop: Pixels, box: Box) -> None:
    x1, y1 = (int(np.floor(at)) - GAP for at in box[:2])
    x2, y2 = (int(np.ceil(at)) + GAP for at in box[2:])
    arm = min(ARM, (x2 - x1) // 2, (y2 - y1) // 2)
    for colour, thickness in ((BLACK, 3), (WHITE, 1)):
        for x, right in ((x1, arm), (x2, -arm)):
            for y, down in ((y1, arm), (y2, -arm)):
                cv2.line(crop, (x, y), (x + right, y), colour, thickness)
                cv2.line(crop, (x, y), (x, y + down), colour, thickness)
