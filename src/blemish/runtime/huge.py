"""A huge picture cut into windows while its rows are read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from blemish.core.bands import cut_bands
from blemish.core.tiles import Window, cut, plan_windows
from blemish.core.turning import Rectangle
from blemish.data.huge import HugePicture
from blemish.data.images import as_rgb
from blemish.data.rows import Lost, Pixels
from blemish.data.shrinking import shrink_rows
from blemish.runtime.bundle import Bundle
from blemish.runtime.part import RIM_MARGIN, part_with_wafer, reaches_wafer
from blemish.runtime.windows import CutWindow
from blemish.wafer.outline import Outline

Watch = Callable[[int, int], None]
Finding = Callable[[Pixels], Outline | None]

MOST_IN_ROW = 100_000_000
"""Pixels of a row of windows, which are held, from which windows are of at most `NARROW` px."""
NARROW = 1024
MAX_NAMED = 5
"""Windows that are named one by one where some cannot be read."""


def unwatched(num_done: int, num_all: int) -> None:
    """Watch nothing."""


class Unread(NamedTuple):
    """A window that could not be looked at: its place in pixels of the picture, and why."""

    place: Rectangle
    reason: str


@dataclass(frozen=True, eq=False)
class View:
    """The part of a huge picture that is looked at, and its size as it is looked at.

    Attributes:
        picture: the picture.
        size: width and height that the whole has then; no side longer than the picture's.
        part: the rectangle that is looked at, in pixels of that size.
    """

    picture: HugePicture
    size: tuple[int, int]
    part: Rectangle

    @classmethod
    def of(cls, picture: HugePicture, scale: float, outline: Outline | None) -> "View":
        """Look at a picture at a scale of at most 1, where the wafer is if there is one."""
        size = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
        whole = cls(picture, size, (0, 0, *size))
        return replace(whole, part=part_with_wafer(size, outline, whole.factors))

    def plan(self, bundle: Bundle, outline: Outline | None) -> list[Window]:
        """Give the windows over the part that own a place on the wafer."""
        left, top, right, bottom = self.part
        wide = (right - left) * bundle.window > MOST_IN_ROW and NARROW % bundle.stride == 0
        side = min(bundle.window, NARROW) if wide else bundle.window
        windows = plan_windows(right - left, bottom - top, side, bundle.overlap, bundle.stride)
        if outline is None:
            return windows
        margin = RIM_MARGIN * outline.diameter
        return [one for one in windows if reaches_wafer(self.to_picture(one.core), outline, margin)]

    @property
    def factors(self) -> NDArray[np.float32]:
        """What x1, y1, x2, y2 of the picture are to be multiplied with."""
        width, height = self.size[0] / self.picture.width, self.size[1] / self.picture.height
        return np.array([width, height] * 2, np.float32)

    def rows(self, lost: Lost) -> Iterator[Pixels]:
        """Yield the rows of the part, grey or RGB; ``lost`` is told what cannot be read."""
        picture, (left, top, right, bottom) = self.picture, self.part
        if self.size == (picture.width, picture.height):
            yield from picture.rows(self.part, lost)
            return
        reached = 0
        whole = picture.rows((0, 0, picture.width, picture.height), lost)
        for rows in shrink_rows(whole, self.size, picture.height):
            yield rows[max(top - reached, 0) : max(bottom - reached, 0), left:right]
            reached += len(rows)
            if reached >= bottom:
                return

    def to_part(self, place: Rectangle) -> Rectangle:
        """Give the pixels of the part that a rectangle of the picture reaches into."""
        x1, y1, x2, y2 = np.array(place) * self.factors.astype(np.float64)
        left, top = self.part[:2]
        low, high = np.floor([x1 - left, y1 - top]), np.ceil([x2 - left, y2 - top])
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])

    def to_picture(self, place: Rectangle) -> Rectangle:
        """Give a rectangle of the part, cut off at the part's edges, in pixels of the picture."""
        left, top, right, bottom = self.part
        x1, y1 = place[0] + left, place[1] + top
        x2, y2 = min(place[2] + left, right), min(place[3] + top, bottom)
        x1, y1, x2, y2 = (round(float(side)) for side in np.array([x1, y1, x2, y2]) / self.factors)
        return x1, y1, x2, y2


def cut_windows(
    view: View, windows: Sequence[Window], unread: list[Unread], watch: Watch
) -> Iterator[CutWindow]:
    """Yield each window that can be read with its pixels; the others are added to ``unread``.

    ``watch`` is told how many windows are done and how many there are.
    """
    lost: list[tuple[Rectangle, str]] = []
    rows = view.rows(lambda place, reason: lost.append((view.to_part(place), reason)))
    num_done = 0
    for group, band in cut_bands((some for some in rows if len(some)), windows):
        lost[:] = [one for one in lost if one[0][3] > group[0].y]
        for window in group:
            place = (window.x, window.y, window.x + window.width, window.y + window.height)
            reason = next((why for where, why in lost if _touch(place, where)), None)
            if reason is None:
                pixels = cut(band, replace(window, y=0))
                yield window, as_rgb(pixels if pixels.shape[2] == 1 else pixels.copy())
            else:
                unread.append(Unread(view.to_picture(place), reason))
            num_done += 1
            watch(num_done, len(windows))


def note_unread(unread: Sequence[Unread], num_windows: int) -> str:
    """Give the words on windows that could not be read; empty where all could."""
    if not unread:
        return ""
    named = [
        f"x {x1} to {x2}, y {y1} to {y2} ({reason})"
        for (x1, y1, x2, y2), reason in unread[:MAX_NAMED]
    ]
    if len(unread) > MAX_NAMED:
        named.append(f"{len(unread) - MAX_NAMED} more")
    return (
        f"{len(unread)} of {num_windows} windows are damaged and were not looked at: "
        f"{'; '.join(named)}; copy or export it again"
    )


def find_overview_outline(picture: HugePicture, find: Finding) -> Outline | None:
    """Find the wafer of a huge picture in its overview."""
    small, factor = picture.overview
    outline = find(small)
    return outline.enlarged(factor) if outline is not None else None


def _touch(first: Rectangle, second: Rectangle) -> bool:
    across = first[0] < second[2] and second[0] < first[2]
    return across and first[1] < second[3] and second[1] < first[3]
