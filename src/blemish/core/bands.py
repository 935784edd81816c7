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
    Windows may be missing, whole rows of them too.

    Raises:
        ValueError: the rows end before the last window.
    """
    coming = iter(rows)
    piece = next(coming, np.empty((0, 1)))
    height = windows[0].picture[1] if windows else 0
    held = np.empty((0, *piece.shape[1:]), piece.dtype)
    reached = 0  # the picture's rows so far: the last of them are held, the next are in piece
    for y, group in groupby(windows, key=lambda window: window.y):
        same_row = list(group)
        bottom = min(y + same_row[0].height, height)
        band = np.empty((bottom - y, *piece.shape[1:]), piece.dtype)
        kept = max(reached - y, 0)
        band[:kept] = held[len(held) - kept :]
        while reached < bottom:
            if not len(piece):
                piece = next(coming, piece)
                if not len(piece):
                    raise ValueError(f"rows end at {reached} of {bottom}")
            skipped = min(max(y - reached, 0), len(piece))
            part = piece[skipped : skipped + bottom - max(reached, y)]
            place = max(reached, y) - y
            band[place : place + len(part)] = part
            piece = piece[skipped + len(part) :]
            reached += skipped + len(part)
        held = band
        yield same_row, band
