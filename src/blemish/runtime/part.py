"""Which part of a picture is looked at: where the wafer is, and a little around it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from blemish.core.turning import Rectangle
from blemish.wafer.outline import Outline

# How far outside the outline a find's centre may lie, as a share of the wafer's diameter:
# the outline is measured to about this, and a mark on the rim must not be lost by it.
RIM_MARGIN = 0.005

# Pixels beyond the rim that are looked at as well, so that the net sees what a rim is.
RIM_ROOM = 8

CELL = 8  # px, a multiple of every net's finest stride

SAMPLES = 17
"""Points a side of a rectangle at which is asked whether it is on the wafer."""


def part_with_wafer(
    size: Sequence[int], outline: Outline | None, factors: NDArray[np.float32]
) -> tuple[int, int, int, int]:
    """Give the part of a picture of that width and height that holds the wafer.

    It begins on the nets' finest cells, so boxes come out as in the whole picture; what lies
    beyond would be looked at only to be dropped. ``factors`` are those of the picture's scale.
    """
    width, height = size
    if outline is None:
        return 0, 0, width, height
    bounds = np.array(outline.bounds, np.float64) * factors
    margin = RIM_ROOM + RIM_MARGIN * outline.diameter * float(factors[0])
    left, top = (max(int((low - margin) // CELL) * CELL, 0) for low in bounds[:2])
    right, bottom = (int(np.ceil(high + margin)) for high in bounds[2:])
    right, bottom = min(right, width), min(bottom, height)
    return (left, top, right, bottom) if left < right and top < bottom else (0, 0, width, height)


def reaches_wafer(place: Rectangle, outline: Outline, margin: float) -> bool:
    """Tell whether a rectangle may hold a point at most ``margin`` pixels outside the disc.

    It is asked at points, and ``margin`` widened by the distance between them: never is a place
    on the wafer left out.
    """
    left, top, right, bottom = place
    x, y = np.meshgrid(np.linspace(left, right, SAMPLES), np.linspace(top, bottom, SAMPLES))
    apart = max(right - left, bottom - top) / (SAMPLES - 1)
    unit = outline.to_unit(np.stack([x.ravel(), y.ravel()], axis=1))
    reach = 1 + (2 * margin + apart) / min(outline.axes)
    return bool((np.hypot(unit[:, 0], unit[:, 1]) <= reach).any())
