"""Windows over rows that come one after the other: only one row of windows is held."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.core.tiles import Window


def cut_bands(
    rows: Iterable[NDArray[Any]], windows: Sequence[Window]
) -> Iterator[tuple[list[Window], NDArray[Any]]]:
    """Yield each row of windows, in the order planned, with the picture's rows that it covers.

    ``rows`` are pieces (any number, width, ...) of the picture from its top. What is yielded
    holds the rows from the windows' y on, as many as there are, and changes with the next.

    Raises:
        ValueError: the rows end before the last window.
    """
    coming = iter(rows)
    piece = next(coming)
    height = windows[0].picture[1]
    held = np.empty((min(windows[0].height, height), *piece.shape[1:]), piece.dtype)
    start = filled = 0  # held[:filled] are the picture's rows from start on
    for y, group in groupby(windows, key=lambda window: window.y):
        kept = start + filled - y
        if kept > 0:
            held[:kept] = held[y - start : filled]
        start, filled = y, max(kept, 0)
        while filled < min(len(held), height - y):
            if not len(piece):
                piece = next(coming, piece)
                if not len(piece):
                    raise ValueError(f"rows end at {start + filled} of {height}")
            count = min(len(piece), len(held) - filled)
            held[filled : filled + count] = piece[:count]
            piece, filled = piece[count:], filled + count
        yield list(group), held[:filled]
