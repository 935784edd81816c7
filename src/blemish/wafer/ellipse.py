"""The ellipse that a wafer's rim is: fitted to edges, and how far they support it.

Lengths are pixels of the reduced picture, as in `blemish.wafer.edges`.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from blemish.wafer.edges import NUM_SECTORS, Edges, Floats, in_view, sector_of

LEAST_RATIO = 0.85
"""Smallest ratio of the axes that is still taken for a wafer seen at a slant."""
NUM_DRAWS = 120
"""Ellipses tried: with 60 % of the outermost edges right, all draws of 7 fail in 3 % of cases."""
FEWEST_EDGES = 12
OPEN_SECTORS = 64
"""From this gap in the rim, 53 % of it, the fit keeps the axes' ratio: it is too weakly held."""


@dataclass(frozen=True, eq=False)
class Shape:
    """An ellipse: the centre (2,) and the symmetric matrix (2, 2) of the unit circle's image."""

    centre: Floats
    matrix: Floats

    def to_unit(self, points: Floats) -> Floats:
        """Give the points in the frame in which the ellipse is the unit circle, shape (N, 2)."""
        (a, b), (c, d) = self.matrix.tolist()
        inverse = np.array([[d, -c], [-b, a]], np.float32) / np.float32(a * d - b * c)
        return np.asarray((points - self.centre) @ inverse, np.float32)

    @property
    def radius(self) -> float:
        """The geometric mean of the semi-axes."""
        (a, b), (c, d) = self.matrix.tolist()
        return math.sqrt(abs(a * d - b * c))


def rim_offsets(edges: Edges, shape: Shape) -> tuple[Floats, Floats, Floats]:
    """Give each edge in the shape's unit frame: direction (N, 2), offset and alignment (N,).

    The offset is in pixels, positive outside; the alignment is the cosine between the edge's
    normal and the ellipse's.
    """
    unit = shape.to_unit(edges.points)
    length = np.hypot(unit[:, 0], unit[:, 1]) + np.float32(1e-6)
    # Normals go to the unit frame with the transposed matrix, the ellipse's become radial.
    x, y = (edges.normals @ shape.matrix).T
    along = np.abs(x * unit[:, 0] + y * unit[:, 1]) / (length * np.hypot(x, y))
    return unit / length[:, None], (length - 1) * np.float32(shape.radius), along


@dataclass(frozen=True, eq=False)
class _Near:
    """Edges near a shape: their sectors and offsets (N,), and the harmonics (N, 3 or 5).

    The harmonics are a change of scale, two of place and, if enough of the rim is there to
    tell, two of stretch: offsets near the shape are linear in these.
    """

    sector: NDArray[np.int32]
    off: Floats
    design: Floats


def _near(edges: Edges, shape: Shape, band: float) -> _Near:
    """Take up to 600 edges within ``band`` pixels of the shape that run roughly along it."""
    directions, off, aligned = rim_offsets(edges, shape)
    near = np.flatnonzero((np.abs(off) < band) & (aligned > 0.94))
    near = near[:: max(-(-len(near) // 600), 1)]
    x, y = directions[near].T
    sector = sector_of(directions[near])
    terms = [np.ones_like(x), x, y]
    if _widest_gap(np.bincount(sector, minlength=NUM_SECTORS) > 0) < OPEN_SECTORS:
        terms += [x * x - y * y, 2 * x * y]
    return _Near(sector, off[near], np.stack(terms, axis=1))


def fit_ellipse(edges: Edges, shape: Shape, bands: tuple[float, ...]) -> Shape:
    """Fit the ellipse to the edges near it by robust least squares.

    ``bands`` are half-widths in pixels, one for each step: what is farther off has no say.
    """
    near = _near(edges, shape, bands[0])
    return _changed(shape, _polished(near, np.zeros(near.design.shape[1]), bands))


def outer_border(edges: Edges, shape: Shape, band: float) -> Shape:
    """Find the ellipse on which most of the outermost edges near the shape agree.

    Two concentric borders, a flat and clamps draw a least-squares fit off. So only the
    outermost edge of each sector is asked, and ellipses through a few of them drawn at random
    are tried (RANSAC, Fischler and Bolles 1981); the best one is polished with all edges.
    """
    near = _near(edges, shape, band)
    order = np.lexsort((near.off, near.sector))
    outermost = order[np.flatnonzero(np.diff(near.sector[order], append=NUM_SECTORS))]
    if len(outermost) < FEWEST_EDGES:
        return shape
    design, off = near.design[outermost], near.off[outermost]
    picks = _spread_picks(len(outermost), design.shape[1])
    chosen, turned = design[picks], design[picks].transpose(0, 2, 1)
    # A little ridge keeps draws that happen to lie close together solvable and tame.
    gram = turned @ chosen + 0.02 * np.eye(design.shape[1], dtype=np.float32)
    changes = np.linalg.solve(gram, turned @ off[picks][..., None])[..., 0]
    votes = np.maximum(1.2 - np.abs(changes @ design.T - off), 0).sum(axis=1)
    return _changed(shape, _polished(near, changes[votes.argmax()], (1.8, 1.2)))


def _polished(
    near: _Near, change: NDArray[np.floating], bands: tuple[float, ...]
) -> NDArray[np.floating]:
    """Improve the change of the harmonics by weighted least squares, one step a band.

    In double precision: OpenBLAS 0.3.31 multiplies a float32 matrix of five columns by a vector
    with what happens to lie in memory, and numpy then warns of an invalid value (4 of 87,000
    finite products; 0 of 99,000 in double precision).
    """
    design, change = near.design.astype(np.float64), np.asarray(change, np.float64)
    share = np.bincount(near.sector, minlength=NUM_SECTORS)
    even = 1 / np.sqrt(share[near.sector])
    ridge = 1e-3 * np.eye(design.shape[1])
    for band in bands:
        weight = np.maximum(1 - ((near.off - design @ change) / band) ** 2, 0) * even
        if np.count_nonzero(weight) < FEWEST_EDGES:
            return change
        weighted = design * weight[:, None]
        change = np.linalg.solve(weighted.T @ weighted + ridge, weighted.T @ (near.off * weight))
    return change


@lru_cache(maxsize=256)
def _spread_picks(count: int, size: int) -> NDArray[np.intp]:
    """Draw sets of ``size`` + 2 of ``count`` ordered edges, each spread; the same in every call."""
    rng = np.random.default_rng(0)
    parts = np.arange(size + 2) + rng.random((NUM_DRAWS, size + 2))
    return np.asarray(parts * (count / (size + 2)), np.intp)


def _changed(shape: Shape, change: NDArray[np.floating]) -> Shape:
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
    seen = in_view(edges.size, shape.centre, growth[:, None, None] * shape.matrix)
    held &= seen
    share = held.sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    return Support(float(share[-low]), float(held[-low].mean()), float(np.median(share)))


def rim_in_view(edges: Edges, shape: Shape) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which sectors of the rim edges support, and which lie in the picture."""
    directions, off, aligned = rim_offsets(edges, shape)
    held = np.zeros(NUM_SECTORS, bool)
    held[sector_of(directions[(np.abs(off) < 1.5) & (aligned > 0.97)])] = True
    return held, in_view(edges.size, shape.centre, shape.matrix)
