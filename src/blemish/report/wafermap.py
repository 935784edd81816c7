"""A wafer map in letters: how many finds lie where, for a terminal."""

import numpy as np
from numpy.typing import NDArray

from blemish.wafer.coordinates import Doubles

ROWS = 23
"""Lines of the map; a letter is about twice as high as wide, so it has twice as many columns."""


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def wafer_map(
    points: Doubles, diameter: float, location: str = "", marked: Doubles | None = None
) -> list[str]:
    """Give the lines of a map, y up: dots for the wafer, digits for finds, `+` for ten or more.

    Args:
        points: (N, 2) mm from the centre; those beyond the map stand at its border.
        diameter: mm; 0 for a map as wide as the points reach.
        location: where the flat or notch lies, `DOWN` and so on; it is marked with `v`.
        marked: (M, 2) mm; the first of these places bear letters from A on.
    """
    reach = np.abs(points).max(initial=0.0)
    radius = max(diameter / 2 if diameter > 0 else float(reach), 1e-3)
    counts = np.zeros((ROWS, 2 * ROWS), np.int64)
    np.add.at(counts, _cells(points / radius), 1)
    y = 1 - (np.arange(ROWS)[:, None] + 0.5) * (2 / ROWS)
    x = (np.arange(2 * ROWS) + 0.5) / ROWS - 1
    inside = (np.hypot(x, y) <= 1) | (diameter <= 0)
    letters = np.where(inside, ".", " ")
    middle = (ROWS // 2, ROWS)
    ends = {"DOWN": (-1, ROWS), "UP": (0, ROWS), "LEFT": (middle[0], 0), "RIGHT": (middle[0], -1)}
    if diameter > 0 and location.upper() in ends:
        letters[ends[location.upper()]] = "v"
    for row, column in np.argwhere(counts):
        number = counts[row, column]
        letters[row, column] = str(number) if number < 10 else "+"
    if marked is not None:
        rows, columns = _cells(marked[: len(LETTERS)] / radius)
        # From the last on, so that of two in one cell the first is seen.
        for at in reversed(range(len(rows))):
            letters[rows[at], columns[at]] = LETTERS[at]
    return ["".join(line).rstrip() for line in letters]


def _cells(places: Doubles) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give rows and columns of places (N, 2) in radii."""
    inside = places.clip(-1, 1)
    rows = ((1 - inside[:, 1]) * (ROWS / 2)).astype(np.int64).clip(0, ROWS - 1)
    return rows, ((1 + inside[:, 0]) * ROWS).astype(np.int64).clip(0, 2 * ROWS - 1)
