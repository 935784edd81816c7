"""Pictures too large to be held: a TIFF is read from top to bottom, a few rows at a time.

What comes is what `blemish.data.images.open_picture` gives for the same rows. A strip or tile
that cannot be read is told, and the others are read on.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from blemish.core.turning import Rectangle
from blemish.data.containers import Damaged, TooLarge
from blemish.data.images import (
    MAX_PIXELS,
    as_rgb,
    check_range,
    is_ordinary_file,
    naming_faults,
    open_picture,
    to_uint8_rgb,
)
from blemish.data.rows import Lost, Pixels, Rows
from blemish.data.segments import open_segments
from blemish.data.tiff import check_plane, is_tiff, open_tiff, orientation_of
from blemish.errors import PictureError

WHOLE_PIXELS = 50_000_000
"""A TIFF above it is read by rows; at it, the whole costs less than 0.5 GB."""
MAX_HUGE_PIXELS = 20_000_000_000
"""140,000 x 140,000 pixels. What states more is a mistake or an attack."""
MAX_HUGE_WIDTH = 200_000
"""A row of windows of 1,024 px takes 0.6 GB at that width."""
OVERVIEW_SIDE = 4096
LEVEL_SIDES = (1024, 8192)
"""Longer sides of a level of a pyramid that serves as overview."""
MAX_LEVELS = 16


def _pass_over(place: Rectangle, reason: str) -> None:
    """Ignore what is lost."""


@dataclass(frozen=True, eq=False)
class HugePicture:
    """A picture that is read by rows; nothing of it is held but its overview.

    Attributes:
        path: the file.
        width, height: in pixels, upright.
        value_range: see `blemish.data.images.open_picture`.
    """

    path: Path
    width: int
    height: int
    value_range: tuple[float, float] | None = None

    def rows(self, box: Rectangle, lost: Lost = _pass_over) -> Iterator[Pixels]:
        """Yield the rows of a rectangle from top to bottom, grey ones of one channel.

        See `blemish.data.rows.Rows.read`.

        Raises:
            PictureError: the file as a whole can no longer be read.
        """
        with naming_faults(self.path), self.path.open("rb") as file, open_tiff(file) as tiff:
            page = tiff.pages.first
            segments = open_segments(page, file, self.value_range is not None)
            yield from Rows(segments, orientation_of(page), self.value_range).read(box, lost)

    @cached_property
    def overview(self) -> tuple[Pixels, float]:
        """A copy (H, W, 3) of at most some 4,000 or 8,000 px a side, and the factor back.

        It is a level of the file's own pyramid or else made while reading; what is lost is black.
        """
        with suppress(PictureError):  # a pyramid that cannot be read is none
            level = self._level()
            if level is not None:
                return as_rgb(level), self.width / level.shape[1]
        factor = max(-(-max(self.width, self.height) // OVERVIEW_SIDE), 1)
        small = reduced(self.rows((0, 0, self.width, self.height)), factor)
        return as_rgb(small), float(factor)

    def _level(self) -> Pixels | None:
        """Give the largest fitting level of the pyramid that is whole; None without one."""
        with naming_faults(self.path), self.path.open("rb") as file, open_tiff(file) as tiff:
            orientation = orientation_of(tiff.pages.first)
            for page in _levels(tiff):
                lost: list[str] = []
                try:
                    check_plane(page)
                    segments = open_segments(page, file, self.value_range is not None)
                    rows = Rows(segments, orientation, self.value_range)
                    if self._is_level(*rows.size):
                        parts = rows.read((0, 0, *rows.size), lambda _, why: lost.append(why))  # noqa: B023
                        found = np.concatenate(list(parts))
                        if not lost:
                            return found
                except Damaged:
                    continue
        return None

    def _is_level(self, width: int, height: int) -> bool:
        """Tell whether a page of that size is this picture, reduced to a fitting size."""
        factors = self.width / width, self.height / height
        least, most = LEVEL_SIDES
        same = abs(factors[0] - factors[1]) * min(width, height) < 2 * max(factors)
        return same and min(factors) > 1.5 and least <= max(width, height) <= most


def open_by_size(
    path: str | Path,
    value_range: tuple[float, float] | None = None,
    whole_pixels: int | None = None,
    max_pixels: int | None = None,
) -> Pixels | HugePicture:
    """Read a picture, or make it ready to be read by rows if it is a TIFF above a size.

    The size is `WHOLE_PIXELS` unless another is given.

    A larger TIFF that can only be read whole is read whole, up to ``max_pixels`` (by default
    `MAX_PIXELS`), and so is any other kind.

    Raises:
        PictureError: it cannot be read; one line that names it and says what to do.
        UsageError: the range is not two rising numbers.
    """
    check_range(value_range)
    path = Path(path)
    most = WHOLE_PIXELS if whole_pixels is None else whole_pixels
    max_pixels = MAX_PIXELS if max_pixels is None else max_pixels
    with naming_faults(path):
        huge = None
        if is_ordinary_file(path):
            huge = _open_huge(path, value_range, min(most, max_pixels), max_pixels)
    return open_picture(path, value_range, max_pixels) if huge is None else huge


def _open_huge(
    path: Path, value_range: tuple[float, float] | None, whole_pixels: int, max_pixels: int
) -> HugePicture | None:
    with path.open("rb") as file:
        if not is_tiff(file.read(4)):
            return None
        file.seek(0)
        with open_tiff(file) as tiff:
            page = tiff.pages.first
            if page.imagewidth * page.imagelength <= whole_pixels:
                return None
            check_plane(page)
            try:
                rows = Rows(open_segments(page, file), orientation_of(page))
            except Damaged:
                if page.imagewidth * page.imagelength <= max_pixels:
                    return None
                raise
            to_uint8_rgb(np.zeros((1, 1), page.dtype), value_range)  # says if a range is wanting
            _check_size(*rows.size)
            return HugePicture(path, *rows.size, value_range)


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_HUGE_PIXELS or width > MAX_HUGE_WIDTH:
        raise TooLarge(
            f"has {width} x {height} pixels, above the limit of {MAX_HUGE_PIXELS // 1_000_000} "
            f"million or of {MAX_HUGE_WIDTH} in width; cut it into smaller pictures"
        )


def _levels(tiff: Any) -> Iterator[Any]:
    """Yield the pages that may be levels of the first one's pyramid, largest first.

    They are its sub-pages (as OME-TIFF has them) or the pages after it that say that they are
    reduced (as Cloud Optimised GeoTIFF does).
    """
    pages = list(islice(tiff.pages.first.pages or (), MAX_LEVELS))
    with suppress(IndexError):
        # Not `len`, which walks through all: there may be a million.
        pages.extend(tiff.pages[index] for index in range(1, MAX_LEVELS))
    pages = [page for page in pages if page.is_reduced and not page.is_mask]
    yield from sorted(pages, key=lambda page: -page.imagewidth)


def reduced(rows: Iterator[Pixels], factor: int) -> Pixels:
    """Give the mean of each ``factor`` x ``factor`` pixels; an odd rest at the edges is left out.

    The factor is whole so that a pixel of the copy is a square of the picture's.
    """
    parts: list[Pixels] = []
    rest: Pixels | None = None
    for more in rows:
        piece = more if rest is None else np.concatenate([rest, more])
        across, down = piece.shape[1] // factor or 1, piece.shape[0] // factor
        whole = piece[: down * factor, : across * factor]
        if down:
            small = cv2.resize(whole, (across, down), interpolation=cv2.INTER_AREA)
            parts.append(np.asarray(small, np.uint8).reshape(down, across, -1))
        rest = piece[down * factor :].copy()
    if not parts and rest is not None:  # lower than the factor
        parts.append(rest[:1, ::factor])
    return np.concatenate(parts)
