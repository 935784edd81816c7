"""Edge points of a reduced photograph, and the large circles that they hint at.

Points are (x, y) in pixels of the reduced picture, y down, pixel (0, 0) covering [0, 1).
"""

import threading
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

LONG_SIDE = 320
"""Longest side of the reduced picture; 1 % of a wafer's diameter is still 2 px there."""
NUM_SECTORS = 120
"""Sectors of the circle in which support is counted."""
LEAST_SHARE = 0.3
"""Smallest radius looked for, as a share of the short side: wafers fill at least 60 % of it."""
MOST_SHARE = 0.8
"""Largest radius looked for, as a share of the long side."""
CELL = 5.0
"""Side of a cell of the vote for the centre: the normals of an ellipse miss its centre by that."""
FINE = 8
"""Grey levels are split so much finer: in dark rigs a rim may be three levels high."""
CLEAR, WEAKER = 3.0, 1.5
"""Times the usual slope, of edges that are looked at, and of those if these do not show enough."""
BIN = 3.0
"""Width in pixels of a bin of the vote for the radius."""


@dataclass(frozen=True, eq=False)
class Edges:
    """Edge points (N, 2), their unit normals (N, 2), and the width and height of the picture."""

    points: Floats
    normals: Floats
    size: tuple[int, int]

    def thinned(self, count: int) -> "Edges":
        """Keep every so-manyth edge, at most ``count``; their order is that of the rows."""
        step = max(-(-len(self.points) // count), 1)
        return Edges(self.points[::step], self.normals[::step], self.size)


def reduce_picture(pixels: Pixels) -> tuple[Pixels, float]:
    """Give the picture with at most ``LONG_SIDE`` pixels a side, and the factor back.

    Halving has a fast path in OpenCV, so that comes first and what is left is interpolated.
    """
    factor = 1.0
    while max(pixels.shape[:2]) >= 2 * LONG_SIDE and min(pixels.shape[:2]) >= 2:
        height, width = (side // 2 for side in pixels.shape[:2])
        even = pixels[: 2 * height, : 2 * width]
        pixels = np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))
        factor *= 2
    rest = LONG_SIDE / max(pixels.shape[:2])
    if rest < 1 and min(pixels.shape[:2]) * rest >= 1:
        pixels = np.asarray(cv2.resize(pixels, None, fx=rest, fy=rest))
        factor /= rest
    return pixels, factor


@dataclass(frozen=True, eq=False)
class Slopes:
    """How grey levels rise to the right and down (H, W, 3), and how much that usually is.

    The arrays are lent: the thread's next `measure_slopes` writes over them. Memory asked for anew
    each time would take the machine as long as the filters.
    """

    across: NDArray[np.int16]
    down: NDArray[np.int16]
    usual: float

    def threshold(self, times: float) -> float:
        """Give the slope of an edge that is so many ``times`` the usual one."""
        return float(np.clip(times * self.usual, 6 * FINE, 120 * FINE))


class _Lent(threading.local):
    """Four arrays of the shape that was last asked for, each thread's own."""

    def __init__(self) -> None:
        self.arrays: list[NDArray[np.int16]] = []

    def of(self, shape: tuple[int, ...]) -> list[NDArray[np.int16]]:
        if not self.arrays or self.arrays[0].shape != shape:
            self.arrays = [np.empty(shape, np.int16) for _ in range(4)]
        return self.arrays


_lent = _Lent()


def measure_slopes(small: Pixels) -> Slopes:
    """Measure the slopes of a picture (H, W, 3), smoothed a little."""
    fine, smooth, across, down = _lent.of(small.shape)
    np.multiply(small, FINE, out=fine, dtype=np.int16)
    cv2.GaussianBlur(fine, (5, 5), 0.9, dst=smooth)
    cv2.Sobel(smooth, cv2.CV_16S, 1, 0, dst=across)
    cv2.Sobel(smooth, cv2.CV_16S, 0, 1, dst=down)
    some = np.abs(across[::6, ::6]) + np.abs(down[::6, ::6])
    return Slopes(across, down, float(np.median(some.max(axis=2))))


def edges_of(slopes: Slopes, times: float) -> Edges:
    """Give thin edges with the normal of their steepest channel; how steep is not asked later.

    The threshold is so many ``times`` the median slope: noise and texture do not flood the vote,
    and grey before grey still has a rim. Whole pixels will do, as the fit averages hundreds.
    """
    low = slopes.threshold(times)
    thin = cv2.Canny(slopes.across, slopes.down, low, 1.5 * low, L2gradient=True)
    height, width = thin.shape
    found = cv2.findNonZero(thin)
    places = np.zeros((0, 2), np.int32) if found is None else found.reshape(-1, 2)
    where = places[:, 1] * width + places[:, 0]
    points = places.astype(np.float32) + np.float32(0.5)
    across, down = (
        image.reshape(-1, 3)[where].astype(np.float32) for image in (slopes.across, slopes.down)
    )
    return Edges(points, _steepest(across, down), (width, height))


def _steepest(across: Floats, down: Floats) -> Floats:
    """Give the unit direction (N, 2) of the steepest channel of the slopes (N, 3)."""
    squares = across * across + down * down
    x, y, best = across[:, 0], down[:, 0], squares[:, 0]
    for channel in (1, 2):
        steeper = squares[:, channel] > best
        x = np.where(steeper, across[:, channel], x)
        y = np.where(steeper, down[:, channel], y)
        best = np.maximum(best, squares[:, channel])
    lengths = np.sqrt(best + np.float32(1e-6))[:, None]
    return np.asarray(np.stack([x, y], axis=1) / lengths, np.float32)


def vote_centres(edges: Edges, count: int) -> list[Floats]:
    """Give the places where most normals meet at a wafer's distance, best first."""
    radii = np.arange(LEAST_SHARE * min(edges.size), MOST_SHARE * max(edges.size), CELL)
    reach = np.concatenate([-radii, radii]).astype(np.float32)
    some = edges.thinned(1000)
    # A disc partly outside may have its centre outside too: a quarter of the frame is added.
    border = np.array(edges.size, np.float32) / 4
    columns, rows = (int(side * 1.5 / CELL) + 1 for side in edges.size)
    x = (some.points[:, :1] + some.normals[:, :1] * reach + border[0]) / CELL
    y = (some.points[:, 1:] + some.normals[:, 1:] * reach + border[1]) / CELL
    inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
    cells = y[inside].astype(np.int32) * columns + x[inside].astype(np.int32)
    votes = np.bincount(cells, minlength=rows * columns).reshape(rows, columns)
    heap = cv2.GaussianBlur(votes.astype(np.float32), (5, 5), 1.0)
    centres = []
    for _ in range(count):
        row, column = divmod(int(heap.argmax()), columns)
        centre = np.array([column + 0.5, row + 0.5]) * CELL - border
        centres.append(centre.astype(np.float32))
        heap[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3] = 0
    return centres


def best_radii(
    edges: Edges, centres: list[Floats], count: int
) -> list[tuple[float, float, Floats]]:
    """Give (support, radius, centre) of the best-supported circles around each centre."""
    middle = np.stack(centres)
    x = edges.points[:, 0] - middle[:, :1]
    y = edges.points[:, 1] - middle[:, 1:]
    distance = np.hypot(x, y) + np.float32(1e-6)
    first = LEAST_SHARE * min(edges.size)
    num_bins = int((MOST_SHARE * max(edges.size) - first) / BIN) + 1
    bins = ((distance - first) / BIN).astype(np.int32)
    good = np.abs(x * edges.normals[:, 0] + y * edges.normals[:, 1]) > 0.94 * distance
    good &= (distance >= first) & (bins < num_bins)
    which = np.nonzero(good)[0]
    hit = np.zeros((len(centres), num_bins + 2, NUM_SECTORS), bool)
    hit[which, bins[good] + 1, sector_of(np.stack([x[good], y[good]], axis=1))] = True
    near = hit[:, :-2] | hit[:, 1:-1] | hit[:, 2:]
    radii = first + (np.arange(num_bins) + 0.5) * BIN
    seen = in_view(edges.size, middle[:, None], radii[:, None, None] * np.eye(2, dtype=np.float32))
    num_seen = np.maximum(np.count_nonzero(seen, axis=2), NUM_SECTORS // 6)
    near &= seen
    # Large circles show little of themselves, so chance fills them more easily.
    support = np.count_nonzero(near, axis=2) / num_seen * (num_seen / NUM_SECTORS) ** 0.25
    found = []
    for centre, row in zip(centres, support, strict=True):
        for _ in range(count):
            best = int(row.argmax())
            found.append((float(row[best]), float(radii[best]), centre))
            row[max(best - 2, 0) : best + 3] = 0
    return found


def sector_of(away: Floats) -> NDArray[np.int32]:
    """Give the sector, 0 to ``NUM_SECTORS`` - 1, of each direction (N, 2)."""
    turn = np.arctan2(away[:, 1], away[:, 0]) / (2 * np.pi) % 1
    return np.minimum((turn * NUM_SECTORS).astype(np.int32), NUM_SECTORS - 1)


_MIDDLES = (np.arange(NUM_SECTORS) + 0.5) * (2 * np.pi / NUM_SECTORS)
_CIRCLE = np.stack([np.cos(_MIDDLES), np.sin(_MIDDLES)]).astype(np.float32)


def in_view(size: tuple[int, int], centre: Floats, matrix: Floats) -> NDArray[np.bool_]:
    """Tell which sectors of the rims ``matrix`` (..., 2, 2) lie within the picture.

    ``centre`` is (..., 2); what comes back has the leading axes of both, then one of sectors.
    """
    rim = matrix @ _CIRCLE
    x, y = rim[..., 0, :] + centre[..., :1], rim[..., 1, :] + centre[..., 1:]
    return np.asarray((x > 2) & (y > 2) & (x < size[0] - 2) & (y < size[1] - 2), np.bool_)
