"""A picture made smaller while its rows come: each pixel is the mean of the area it covers."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

CHUNK = 64
"""Rows that are worked on at once, as float32."""


def shrink_rows(rows: Iterable[Pixels], size: tuple[int, int], height: int) -> Iterator[Pixels]:
    """Yield the rows of a copy with that width and height, no side larger than the picture's.

    It is what `cv2.resize` gives with INTER_AREA, to a grey level. ``height`` is the picture's;
    ``rows`` are its rows (any number, width, channels) from the top.
    """
    step = height / size[1]
    carried: Floats = np.zeros((1, 1), np.float32)
    first = done = 0  # the first row of the copy that is not yielded; the picture's rows so far
    for piece in rows:
        for top in range(0, len(piece), CHUNK):
            part = _narrowed(piece[top : top + CHUNK], size[0])
            weights = _overlaps(first, (done, done + len(part)), step)
            sums = weights @ part
            sums[:1] += carried
            done += len(part)
            num_whole = size[1] - first if done == height else len(sums) - 1
            whole = np.rint(sums[:num_whole]).clip(0, 255).astype(np.uint8)
            carried, first = sums[num_whole : num_whole + 1], first + num_whole
            if num_whole:
                yield whole.reshape(num_whole, size[0], -1)


def _narrowed(rows: Pixels, width: int) -> Floats:
    """Give rows of that width as float32 (N, width * channels)."""
    floats = rows.astype(np.float32)
    if rows.shape[1] != width:
        floats = np.asarray(
            cv2.resize(floats, (width, len(rows)), interpolation=cv2.INTER_AREA), np.float32
        )
    return floats.reshape(len(rows), -1)


def _overlaps(first: int, rows: tuple[int, int], step: float) -> Floats:
    """Give the share of each of some rows in each row of the copy from ``first`` on.

    The last row of the copy is one that the rows do not complete, or complete just so.
    """
    last = max(int(rows[1] / step), first)
    edges = np.arange(first, last + 2) * step
    starts = np.arange(*rows, dtype=np.float64)
    shared = np.minimum(edges[1:, None], starts + 1) - np.maximum(edges[:-1, None], starts)
    return np.asarray(shared.clip(0) / step, np.float32)
