"""The grid of dies on a wafer: which die holds a point, and which dies there are.

Lengths are mm, wafer coordinates as in `blemish.wafer.coordinates`; dies are counted from die
(0, 0), x right, y up. A die's cell is the die with the street to its right and above it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]
Pair = tuple[float, float]

MOST_DIES = 1_000_000


@dataclass(frozen=True)
class DieGrid:
    """Cells of a pitch, side by side.

    Attributes:
        pitch: width and height of a cell.
        origin: the lower left corner of die (0, 0).
        streets: width of the street to the right of each die, height of that above it.
    """

    pitch: Pair
    origin: Pair
    streets: Pair = (0.0, 0.0)

    @classmethod
    def bare(cls, diameter: float) -> "DieGrid":
        """Make the grid of a wafer without dies: one, a little larger than the wafer.

        A find may lie on the rim and, as the rim is measured, just beyond it.
        """
        side = 1.02 * diameter
        return cls((side, side), (-side / 2, -side / 2))

    def locate(self, points: ArrayLike) -> tuple[NDArray[np.int64], Doubles]:
        """Give the die (N, 2) of each point (N, 2), and where in its cell the point lies."""
        away = np.asarray(points, np.float64).reshape(-1, 2) - self.origin
        index = np.floor(away / self.pitch)
        return index.astype(np.int64), away - index * self.pitch

    def place(self, index: ArrayLike, inside: ArrayLike) -> Doubles:
        """Give the points (N, 2) of places (N, 2) in the cells of dies (N, 2)."""
        corners = np.asarray(index, np.float64).reshape(-1, 2) * self.pitch + self.origin
        return np.asarray(corners + np.asarray(inside, np.float64).reshape(-1, 2), np.float64)

    def in_street(self, points: ArrayLike) -> NDArray[np.bool_]:
        """Tell which points (N, 2) lie in a street."""
        _, inside = self.locate(points)
        return np.asarray((inside >= np.subtract(self.pitch, self.streets)).any(axis=1), np.bool_)

    def on_wafer(self, diameter: float) -> NDArray[np.int64]:
        """Give the dies (N, 2) that lie on a wafer at least in part, row by row from below.

        Raises:
            ValueError: they are more than `MOST_DIES`.
        """
        radius = diameter / 2
        low, _ = self.locate([(-radius, -radius)])
        high, _ = self.locate([(radius, radius)])
        counts = (high - low + 1)[0]
        if counts.prod() > MOST_DIES:
            raise ValueError(f"the wafer would have {counts.prod()} dies, above {MOST_DIES}")
        columns, rows = (np.arange(low[0, axis], high[0, axis] + 1) for axis in (0, 1))
        index = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
        corners = index * np.array(self.pitch) + self.origin
        # The point of each cell that is nearest to the wafer's centre.
        nearest = np.clip(0.0, corners, corners + self.pitch)
        return np.asarray(index[np.hypot(nearest[:, 0], nearest[:, 1]) < radius], np.int64)
