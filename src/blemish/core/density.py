"""How densely points lie over the unit square, smoothed as much as the points themselves allow.

Gaussian kernels of the axes are multiplied. Their widths are those under which the density of
nine tenths of the groups tells the remaining tenth best (likelihood cross-validation: Habbema,
Hermans & van den Broek 1974; Duin, IEEE Trans. Computers C-25, 1976), among them infinite ones,
so points that are spread evenly give a flat density. One more point is spread over the whole, so
nowhere is nothing expected.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Whole = NDArray[np.int64]

CELLS = (48, 72)
"""Of the square along each axis, in which points are counted."""
WIDTHS = (np.inf, 0.4, 0.2, 0.1, 0.05, 0.025)
"""Standard deviations of the kernels, as shares of the axis."""
MOST_FOLDS = 10


def smooth_density(
    places: Doubles, groups: Whole, weights: Doubles, wraps: tuple[bool, bool]
) -> Doubles:
    """Give the density (N,) at each point, 1 where it is that of evenly spread points.

    Args:
        places: (N, 2) in [0, 1].
        groups: (N,) what may hang together, from 0.
        weights: (N,) what each point counts for.
        wraps: for each axis whether its ends are one place; else density is mirrored there.
    """
    cells = tuple(
        (places[:, axis] * size).astype(np.int64).clip(0, size - 1)
        for axis, size in enumerate(CELLS)
    )
    folds = _folds(groups)
    counts = np.zeros((folds.max(initial=-1) + 1, *CELLS))
    np.add.at(counts, (folds, *cells), weights)
    sizes = counts.sum(axis=(1, 2))
    widest = [_kernels(size, wrap) for size, wrap in zip(CELLS, wraps, strict=True)]
    best, density = -np.inf, np.ones(CELLS)
    for first, second in product(*widest):
        spread = first @ counts @ second.T
        whole = spread.sum(axis=0)
        others = (whole - spread + 1) / (sizes.sum() - sizes + 1)[:, None, None]
        likelihood = float((weights * np.log(others[folds, *cells])).sum())
        if likelihood > best:  # of equal ones the smoothest, which comes first
            best, density = likelihood, (whole + 1) / (sizes.sum() + 1)
    return np.asarray(density[cells], np.float64)


def _folds(groups: Whole) -> Whole:
    """Give the fold of each point: whole groups, dealt in turn."""
    _, order = np.unique(groups, return_inverse=True)
    return np.asarray(order % MOST_FOLDS, np.int64)


def _kernels(size: int, wraps: bool) -> Sequence[Doubles]:
    """Give the matrix of each width; the mean of a column is 1, so no point is lost or gained."""
    middles = (np.arange(size) + 0.5) / size
    images = (
        [middles + shift for shift in (-2, -1, 0, 1, 2)]
        if wraps
        else [middles, -middles, 2 - middles, 2 + middles, middles - 2]
    )
    matrices = []
    for width in WIDTHS:
        away = [middles[:, None] - image[None] for image in images]
        kernel = sum(np.exp(-0.5 * (one / width) ** 2) for one in away)
        matrices.append(np.asarray(kernel / np.mean(kernel, axis=0), np.float64))
    return matrices
