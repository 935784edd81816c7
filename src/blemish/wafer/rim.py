"""Edge points of a reduced photograph, and the large circles that they support.

Points are (x, y) in pixels of the reduced picture, y down, pixel (0, 0) covering [0, 1).
A shape is a centre (2,) and a symmetric matrix (2, 2) that maps the unit circle to an ellipse.
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
LEAST_RATIO = 0.85
"""Smallest ratio of the axes that is still taken for a wafer seen at a slant."""
LEAST_SHARE = 0.3
"""Smallest radius looked for, as a share of the short side: wafers fill at least 60 % of it."""
MOST_SHARE = 0.8
"""Largest radius looked for, as a share of the long side."""
NUM_DRAWS = 120
"""Ellipses tried: with 60 % of the outermost edges right, all draws of 7 fail in 3 % of cases."""
OPEN_SECTORS = 74
"""From this gap in the rim, 0.62 of it, the fit keeps the axes' ratio: it is too weakly held."""
CELL = 5.0
"""Side of a cell of the vote for the centre: the normals of an ellipse miss its centre by so much."""


@dataclass(frozen=True)
class Edges:
    """Edge points (N, 2), their unit normals (N, 2), and the width and height of the picture."""

    points: Floats
    normals: Floats
    size: tuple[int, int]

    def thinned(self, count: int) -> "Edges":
        """Keep every so-manyth edge, at most ``count``; their order is that of the rows."""
        step = max(-(-len(self.points) // count), 1)
        return Edges(self.points[::step], self.normals[::step], self.size)


@dataclass(frozen=True)
class Shape:
    """An ellipse: ``centre`` + ``matrix`` applied to the unit circle."""

    centre: Floats
    matrix: Floats

    def to_unit(self, points: Floats) -> Floats:
        """Give the points in the frame in which the ellipse is the unit circle, shape (N, 2)."""
        inverse = np.linalg.inv(self.matrix).T
        return np.asarray((points - self.centre) @ inverse, np.float32)

    @property
    def radius(self) -> float:
        """The geometric mean of the semi-axes."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix))))


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


def find_edges(small: Pixels) -> Edges:
    """Give thin edges with the normal of their steepest channel; how steep is not asked later.

    The threshold follows the median slope, so noise and texture do not flood the vote, while a
    grey wafer before grey metal still has a rim. Whole pixels will do: the fit averages hundreds.
    """
    smooth = cv2.GaussianBlur(small, (5, 5), 0.9)
    across = np.asarray(cv2.Sobel(smooth, cv2.CV_16S, 1, 0), np.int16)
    down = np.asarray(cv2.Sobel(smooth, cv2.CV_16S, 0, 1), np.int16)
    usual = np.median((np.abs(across[::6, ::6]) + np.abs(down[::6, ::6])).max(axis=2))
    low = float(np.clip(3 * usual, 12, 120))
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
    return np.stack([x, y], axis=1) / np.sqrt(best + np.float32(1e-6))[:, None]


def vote_centres(edges: Edges, count: int) -> list[Floats]:
    """Give the places where most normals meet at a wafer's distance, best first."""
    width, height = edges.size
    radii = np.arange(LEAST_SHARE * min(edges.size), MOST_SHARE * max(edges.size), CELL)
    reach = np.concatenate([-radii, radii]).astype(np.float32)
    some = edges.thinned(1000)
    # A disc partly outside may have its centre outside too: a quarter of the frame is added.
    border = np.array([width, height], np.float32) / 4
    columns, rows = (int(side * 1.5 / CELL) + 1 for side in edges.size)
    x = ((some.points[:, :1] + some.normals[:, :1] * reach + border[0]) / CELL).astype(np.int32)
    y = ((some.points[:, 1:] + some.normals[:, 1:] * reach + border[1]) / CELL).astype(np.int32)
    inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
    votes = np.bincount((y * columns + x)[inside], minlength=rows * columns)
    heap = cv2.GaussianBlur(votes.reshape(rows, columns).astype(np.float32), (5, 5), 1.0)
    centres = []
    for _ in range(count):
        row, column = divmod(int(heap.argmax()), columns)
        centres.append(np.array([column + 0.5, row + 0.5], np.float32) * CELL - border)
        heap[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3] = 0
    return centres


def best_radii(edges: Edges, centre: Floats, count: int) -> list[tuple[float, float]]:
    """Give (support, radius) of the best-supported circles around the centre."""
    width = 3.0
    away = edges.points - centre
    distance = np.hypot(away[:, 0], away[:, 1]) + 1e-6
    along = np.abs((away * edges.normals).sum(axis=1)) > 0.94 * distance
    first = LEAST_SHARE * min(edges.size)
    num_bins = int((MOST_SHARE * max(edges.size) - first) / width) + 1
    bins = ((distance - first) / width).astype(np.int32)
    good = along & (distance >= first) & (bins < num_bins)
    sector = sector_of(away[good])
    hit = np.zeros((num_bins + 2, NUM_SECTORS), bool)
    hit[bins[good] + 1, sector] = True
    near = hit[:-2] | hit[1:-1] | hit[2:]
    radii = first + (np.arange(num_bins) + 0.5) * width
    seen = visible(edges.size, centre, radii[:, None, None] * np.eye(2, dtype=np.float32))
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


def visible(size: tuple[int, int], centre: Floats, matrix: Floats) -> NDArray[np.bool_]:
    """Tell which sectors of the rims ``matrix`` (..., 2, 2) lie within the picture."""
    angle = (np.arange(NUM_SECTORS) + 0.5) * (2 * np.pi / NUM_SECTORS)
    circle = np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32)
    rim = matrix @ circle
    x, y = rim[..., 0, :] + centre[0], rim[..., 1, :] + centre[1]
    return np.asarray((x > 2) & (y > 2) & (x < size[0] - 2) & (y < size[1] - 2), np.bool_)


def rim_offsets(edges: Edges, shape: Shape) -> tuple[Floats, Floats, Floats]:
    """Give each edge in the shape's unit frame: direction (N, 2), offset and alignment (N,).

    The offset is in pixels, positive outside; the alignment is the cosine between the edge's
    normal and the ellipse's.
    """
    unit = shape.to_unit(edges.points)
    length = np.hypot(unit[:, 0], unit[:, 1]) + np.float32(1e-6)
    # Normals go to the unit frame with the transposed matrix, the ellipse's become radial.
    turned = edges.normals @ shape.matrix
    along = np.abs((turned * unit).sum(axis=1)) / (length * np.hypot(turned[:, 0], turned[:, 1]))
    return unit / length[:, None], (length - 1) * np.float32(shape.radius), along


def edges_near(edges: Edges, shape: Shape, band: float) -> Edges:
    """Keep up to 600 edges within ``band`` pixels of the shape that run roughly along it."""
    _, off, aligned = rim_offsets(edges, shape)
    near = (np.abs(off) < band) & (aligned > 0.94)
    return Edges(edges.points[near], edges.normals[near], edges.size).thinned(600)


def fit_ellipse(edges: Edges, shape: Shape, bands: tuple[float, ...]) -> Shape:
    """Fit the ellipse to the edges near it by robust Gauss-Newton steps, one for each band.

    ``bands`` are half-widths in pixels. The residuals are radial in the frame in which the
    present ellipse is the unit circle, where a shift, a scale and a stretch are the first
    harmonics. With less than a half of the rim in support only shift and scale are free.
    """
    for band in bands:
        directions, off, _ = rim_offsets(edges, shape)
        near = np.abs(off) < band
        if near.sum() < 12:
            return shape
        directions, off = directions[near], off[near]
        sector = sector_of(directions)
        share = np.bincount(sector, minlength=NUM_SECTORS)
        design = harmonics(directions, share > 0)
        weight = ((1 - (off / band) ** 2) / np.sqrt(share[sector]))[:, None]
        gram = (design * weight).T @ (design * weight) + 1e-3 * np.eye(design.shape[1])
        change = np.linalg.solve(gram, (design * weight).T @ (off * weight[:, 0]))
        shape = changed(shape, change)
    return shape


def outer_border(edges: Edges, shape: Shape, band: float) -> Shape:
    """Find the ellipse on which most of the outermost edges near the shape agree.

    Two concentric borders, a flat and clamps draw a least-squares fit off. So only the
    outermost edge of each sector is asked, and ellipses through a few of them drawn at random
    are tried (RANSAC, Fischler and Bolles 1981); the best one is polished with all edges.
    """
    edges = edges_near(edges, shape, band)
    directions, off, _ = rim_offsets(edges, shape)
    sector = sector_of(directions)
    order = np.lexsort((off, sector))
    outermost = order[np.flatnonzero(np.diff(sector[order], append=NUM_SECTORS))]
    if len(outermost) < 12:
        return shape
    held = np.zeros(NUM_SECTORS, bool)
    held[sector[outermost]] = True
    design, off = harmonics(directions[outermost], held), off[outermost]
    picks = _spread_picks(len(outermost), design.shape[1])
    # A little ridge keeps draws that happen to lie close together solvable and tame.
    chosen = design[picks]
    gram = chosen.transpose(0, 2, 1) @ chosen + 0.02 * np.eye(design.shape[1], dtype=np.float32)
    right = chosen.transpose(0, 2, 1) @ off[picks][..., None]
    changes = np.linalg.solve(gram, right)[..., 0]
    votes = np.maximum(1.2 - np.abs(changes @ design.T - off), 0).sum(axis=1)
    best = changed(shape, changes[votes.argmax()])
    return fit_ellipse(edges, best, (1.8, 1.2))


def _spread_picks(count: int, size: int) -> NDArray[np.intp]:
    """Draw sets of ``size`` + 2 of ``count`` ordered edges, each spread; the same in every call."""
    rng = np.random.default_rng(0)
    parts = np.arange(size + 2) + rng.random((NUM_DRAWS, size + 2))
    return np.asarray(parts * (count / (size + 2)), np.intp)


def harmonics(directions: Floats, held: NDArray[np.bool_]) -> Floats:
    """Give the design (N, 5) of scale, shift and stretch; (N, 3) if under half the rim is held."""
    x, y = directions.T
    terms = [np.ones_like(x), x, y]
    if _widest_gap(held) < OPEN_SECTORS:
        terms += [x * x - y * y, 2 * x * y]
    return np.stack(terms, axis=1)


def changed(shape: Shape, change: NDArray[np.floating]) -> Shape:
    """Give the shape moved by offsets in pixels of the harmonics (3,) or (5,)."""
    steps = np.zeros(5)
    steps[: len(change)] = np.clip(change / shape.radius, -0.2, 0.2)
    grow, right, down, stretch, skew = steps
    factor = np.array([[1 + grow + stretch, skew], [skew, 1 + grow - stretch]])
    centre = shape.centre + shape.matrix @ np.array([right, down])
    return Shape(centre.astype(np.float32), _bounded(shape.matrix @ factor))


def _bounded(matrix: NDArray[np.floating]) -> Floats:
    """Give the symmetric matrix of the same ellipse, its axes' ratio held to ``LEAST_RATIO``."""
    turn, axes, _ = np.linalg.svd(matrix)
    mean = np.sqrt(axes[0] * axes[1])
    limit = np.sqrt(LEAST_RATIO)
    axes = np.clip(axes, mean * limit, mean / limit)
    return np.asarray(turn @ np.diag(axes) @ turn.T, np.float32)


def _widest_gap(held: NDArray[np.bool_]) -> int:
    """Give the longest run of sectors that are not held, around the circle."""
    where = np.flatnonzero(held)
    if len(where) == 0:
        return NUM_SECTORS
    return int(np.diff(np.append(where, where[0] + NUM_SECTORS)).max()) - 1


@dataclass(frozen=True)
class Support:
    """How much of the rim edges support.

    Attributes:
        share: of the sectors in view.
        arc: of the whole circle.
        chance: the share that is usual if the shape is grown or shrunk: what clutter gives.
    """

    share: float
    arc: float
    chance: float


def measure_support(edges: Edges, shape: Shape) -> Support:
    """Measure the support of the rim, and of its like from -20 % to 12 % of the radius."""
    directions, off, aligned = rim_offsets(edges, shape)
    low, high = -int(0.2 * shape.radius), int(0.12 * shape.radius) + 1
    bins = np.floor(off - low + 0.5).astype(np.int32)
    good = (aligned > 0.97) & (bins >= 0) & (bins <= high - low)
    hit = np.zeros((high - low + 3, NUM_SECTORS), bool)
    hit[bins[good] + 1, sector_of(directions[good])] = True
    held = hit[:-2] | hit[1:-1] | hit[2:]
    growth = 1 + np.arange(low, high + 1, dtype=np.float32) / shape.radius
    seen = visible(edges.size, shape.centre, growth[:, None, None] * shape.matrix)
    held &= seen
    share = held.sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    return Support(float(share[-low]), float(held[-low].mean()), float(np.median(share)))


def rim_in_view(edges: Edges, shape: Shape) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which sectors of the rim edges support, and which lie in the picture."""
    directions, off, aligned = rim_offsets(edges, shape)
    held = np.zeros(NUM_SECTORS, bool)
    held[sector_of(directions[(np.abs(off) < 1.5) & (aligned > 0.97)])] = True
    return held, visible(edges.size, shape.centre, shape.matrix)
