"""Edge points of a reduced photograph, and the large circles that they hint at.

Points are (x, y) in pixels of the reduced picture, y down, pixel (0, 0) covering [0, 1).
"""

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


def find_edges(small: Pixels, times: float = 3.0) -> Edges:
    """Give thin edges with the normal of their steepest channel; how steep is not asked later.

    The threshold is so many ``times`` the median slope: noise and texture do not flood the vote,
    and grey before grey still has a rim. Whole pixels will do, as the fit averages hundreds.
    """
    smooth = cv2.GaussianBlur(small.astype(np.int16) * FINE, (5, 5), 0.9)
    across = np.asarray(cv2.Sobel(smooth, cv2.CV_16S, 1, 0), np.int16)
    down = np.asarray(cv2.Sobel(smooth, cv2.CV_16S, 0, 1), np.int16)
    usual = np.median((np.abs(across[::6, ::6]) + np.abs(down[::6, ::6])).max(axis=2))
    low = float(np.clip(times * usual, 6 * FINE, 120 * FINE))
    thin = cv2.Canny(across, down, low, 1.5 * low, L2gradient=True)
    where = np.flatnonzero(thin)
    rows, columns = np.divmod(where, small.shape[1])
    points = np.stack([columns, rows], axis=1).astype(np.float32) + np.float32(0.5)
    slopes = [image.reshape(-1, 3)[where].astype(np.float32) for image in (across, down)]
    return Edges(points, _steepest(*slopes), (small.shape[1], small.shape[0]))


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


def best_radii(edges: Edges, centre: Floats, count: int) -> list[tuple[float, float]]:
    """Give (support, radius) of the best-supported circles around the centre."""
    away = edges.points - centre
    distance = np.hypot(away[:, 0], away[:, 1]) + np.float32(1e-6)
    first = LEAST_SHARE * min(edges.size)
    num_bins = int((MOST_SHARE * max(edges.size) - first) / BIN) + 1
    bins = ((distance - first) / BIN).astype(np.int32)
    good = np.abs((away * edges.normals).sum(axis=1)) > 0.94 * distance
    good &= (distance >= first) & (bins < num_bins)
    hit = np.zeros((num_bins + 2, NUM_SECTORS), bool)
    hit[bins[good] + 1, sector_of(away[good])] = True
    near = hit[:-2] | hit[1:-1] | hit[2:]
    radii = first + (np.arange(num_bins) + 0.5) * BIN
    seen = in_view(edges.size, centre, radii[:, None, None] * np.eye(2, dtype=np.float32))
    num_seen = np.maximum(seen.sum(axis=1), NUM_SECTORS // 6)
    # Large circles show little of themselves, so chance fills them more easily.
    support = (near & seen).sum(axis=1) / num_seen * (num_seen / NUM_SECTORS) ** 0.25
    found = []
    for _ in range(count):
        best = int(support.argmax())
        found.append((float(support[best]), float(radii[best])))
        support[max(best - 2, 0) : best + 3] = 0
    return found


def sector_of(away: Floats) -> NDArray[np.int32]:
    """Give the sector, 0 to ``NUM_SECTORS`` - 1, of each direction (N, 2)."""
    turn = np.arctan2(away[:, 1], away[:, 0]) / (2 * np.pi) % 1
    return np.minimum((turn * NUM_SECTORS).astype(np.int32), NUM_SECTORS - 1)


def in_view(size: tuple[int, int], centre: Floats, matrix: Floats) -> NDArray[np.bool_]:
    """Tell which sectors of the rims ``matrix`` (..., 2, 2) lie within the picture."""
    angle = (np.arange(NUM_SECTORS) + 0.5) * (2 * np.pi / NUM_SECTORS)
    circle = np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32)
    rim = matrix @ circle
    x, y = rim[..., 0, :] + centre[0], rim[..., 1, :] + centre[1]
    return np.asarray((x > 2) & (y > 2) & (x < size[0] - 2) & (y < size[1] - 2), np.bool_)
