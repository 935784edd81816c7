"""The finds of one place side by side: each as its picture shows it, all in one scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.report.draw import FONT

Pixels = NDArray[np.uint8]

SIDE, EDGE, CAPTION = 200, 8, 26
MOST_COLUMNS = 6
MOST_CROPS = 48
LEAST_MM = 4.0
"""A crop's side at least, so that some of the ground is seen."""
AROUND = 1.8
"""Sides of the largest box that a crop shows, up to `MOST_MM`."""
MOST_MM = 30.0
GROUND, INK, LACKING = (255, 255, 255), (34, 34, 34), (200, 200, 200)


@dataclass(frozen=True)
class View:
    """What a crop shows.

    Attributes:
        centre: px in its picture.
        scale: px a mm in its picture.
        turn: degrees, counter-clockwise, that bring the picture to the wafer's own upright.
        caption: ASCII.
    """

    centre: tuple[float, float]
    scale: float
    turn: float
    caption: str


def side_of(boxes_mm: Sequence[float]) -> float:
    """Give the side, mm, of crops that show boxes with sides of so many mm."""
    return min(max(AROUND * max(boxes_mm, default=0.0), LEAST_MM), MOST_MM)


def cut(pixels: Pixels, view: View, side_mm: float) -> Pixels:
    """Cut a crop (SIDE, SIDE, 3), upright on the wafer; what lies off the picture is grey."""
    factor = SIDE / (side_mm * view.scale)
    # Half a pixel: OpenCV counts from the middle of the first one.
    middle = (view.centre[0] - 0.5, view.centre[1] - 0.5)
    matrix = np.array(cv2.getRotationMatrix2D(middle, view.turn, factor), np.float64)
    matrix[:, 2] += [SIDE / 2 - 0.5 - one for one in middle]
    crop = cv2.warpAffine(
        pixels,
        matrix,
        (SIDE, SIDE),
        flags=cv2.INTER_CUBIC if factor > 1 else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=LACKING,
    )
    return np.asarray(crop, np.uint8)


def lay_out(crops: Sequence[tuple[Pixels | None, str]], side_mm: float) -> Pixels:
    """Lay crops side by side with their captions, and a bar of whole mm below.

    A crop that could not be cut is an empty field.
    """
    columns = min(len(crops), MOST_COLUMNS)
    rows = -(-len(crops) // columns)
    step, height = SIDE + EDGE, SIDE + CAPTION + EDGE
    size = (rows * height + EDGE + CAPTION, columns * step + EDGE, 3)
    sheet = np.full(size, GROUND, np.uint8)
    for at, (crop, caption) in enumerate(crops):
        x, y = EDGE + at % columns * step, EDGE + at // columns * height
        sheet[y : y + SIDE, x : x + SIDE] = LACKING if crop is None else crop
        _write(sheet, caption, (x + 2, y + SIDE + 18), SIDE - 4)
    mm = next(one for one in (10, 5, 2, 1) if one <= side_mm / 2)
    low, length = size[0] - 14, round(mm * SIDE / side_mm)
    cv2.line(sheet, (EDGE, low), (EDGE + length, low), INK, 3)
    _write(sheet, f"{mm} mm", (EDGE + length + 8, low + 5), SIDE)
    return sheet


def _write(sheet: Pixels, text: str, place: tuple[int, int], width: int) -> None:
    """Write a line, cut short where it is wider than there is room."""
    while text and cv2.getTextSize(text, FONT, 0.45, 1)[0][0] > width:
        text = text[:-4] + ".." if len(text) > 4 else ""
    cv2.putText(sheet, text, place, FONT, 0.45, INK, 1, cv2.LINE_AA)
