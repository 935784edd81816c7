"""The rows of a picture stored in strips or tiles: upright, grey or RGB, from top to bottom."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from blemish.core.turning import Rectangle, are_rows_reversed, is_swapped, to_shown, to_stored
from blemish.data.containers import Damaged
from blemish.data.images import to_uint8
from blemish.data.segments import Segments
from blemish.data.tiff import one_line, upright

Pixels = NDArray[np.uint8]
Lost = Callable[[Rectangle, str], None]

ROWS = 256
"""Rows that are read at once, where strips and tiles are no higher."""
AT_ONCE = 4
"""Strips or tiles that are decoded at once: the codecs run beside each other."""
PIXELS_AT_ONCE = 16_000_000
"""Pixels of these together, unless one has more."""
MOST_PIXELS = 100_000_000
"""Pixels that are read at once, where strips and tiles let it: 0.3 GB."""


@dataclass(frozen=True, eq=False)
class Rows:
    """What is needed to read rows.

    Attributes:
        segments: the strips or tiles.
        orientation: the tag that says how they are turned.
        value_range: see `blemish.data.images.open_picture`.
    """

    segments: Segments
    orientation: int = 1
    value_range: tuple[float, float] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as the picture is shown."""
        width, height = self.segments.width, self.segments.height
        return (height, width) if is_swapped(self.orientation) else (width, height)

    @property
    def _channels(self) -> int:
        return 1 if self.segments.is_grey else 3

    def read(self, box: Rectangle, lost: Lost) -> Iterator[Pixels]:
        """Yield the rows of a rectangle of the picture, (any number, its width, channels) uint8.

        There is one channel where the page states grey: a third of what RGB would move.
        What cannot be read is black; ``lost`` is told each such strip or tile, as a rectangle of
        the picture, before its first rows come, and why.
        """
        left, top, right, bottom = box
        for first, last in self._steps(top, bottom):
            stored = to_stored((left, first, right, last), self.orientation, self.size)
            part = self._read_stored(stored, lost)
            yield np.ascontiguousarray(upright(part, self.orientation))

    def _steps(self, top: int, bottom: int) -> list[tuple[int, int]]:
        """Give from where to where rows are read at once, so that nothing is decoded twice.

        Where a strip or tile is so high, or stands so, that its rows are too many for that, it
        is decoded for each step again.
        """
        segments, (width, height) = self.segments, self.size
        high = segments.across if is_swapped(self.orientation) else segments.down
        step = max(ROWS // high, 1) * high
        if step > ROWS and step * width > MOST_PIXELS:
            step = ROWS
        edges = range(0, height, step)
        if are_rows_reversed(self.orientation):
            edges = range(height % step, height, step)
        inner = [edge for edge in edges if top < edge < bottom]
        return list(zip([top, *inner], [*inner, bottom], strict=True))

    def _read_stored(self, box: Rectangle, lost: Lost) -> Pixels:
        """Read a rectangle as it is stored."""
        x1, y1, x2, y2 = box
        segments = self.segments
        part = np.zeros((y2 - y1, x2 - x1, self._channels), np.uint8)
        places = [
            (row, column)
            for row in range(y1 // segments.down, (y2 - 1) // segments.down + 1)
            for column in range(x1 // segments.across, (x2 - 1) // segments.across + 1)
        ]
        for (row, column), decoded in zip(places, self._decode(places), strict=True):
            top, left = row * segments.down, column * segments.across
            if isinstance(decoded, str):
                lost(self._shown(row, column), decoded)
                continue
            inner = decoded[max(y1 - top, 0) : y2 - top, max(x1 - left, 0) : x2 - left]
            down, across = max(top - y1, 0), max(left - x1, 0)
            part[down : down + inner.shape[0], across : across + inner.shape[1]] = inner
        return part

    def _decode(self, places: Sequence[tuple[int, int]]) -> Iterator[Pixels | str]:
        """Yield the pixels of each strip or tile, or why it is lost; a few are decoded at once."""
        fitting = PIXELS_AT_ONCE // (self.segments.across * self.segments.down)
        number, coming = max(min(AT_ONCE, fitting), 1), iter(places)
        with ThreadPoolExecutor(number, "decode") as pool:
            waiting = deque(pool.submit(self._read_segment, *p) for p in islice(coming, number))
            while waiting:
                decoded = waiting.popleft().result()
                waiting.extend(pool.submit(self._read_segment, *p) for p in islice(coming, 1))
                yield decoded

    def _read_segment(self, row: int, column: int) -> Pixels | str:
        """Read a strip or tile, or say why it is lost."""
        try:
            return to_uint8(self.segments.read(row, column), self.value_range)
        except (Damaged, OSError) as error:
            return one_line(error)

    def _shown(self, row: int, column: int) -> Rectangle:
        """Give the place of a strip or tile in the picture as it is shown."""
        segments = self.segments
        left, top = column * segments.across, row * segments.down
        right = min(left + segments.across, segments.width)
        bottom = min(top + segments.down, segments.height)
        return to_shown((left, top, right, bottom), self.orientation, self.size)
