"""Look at pictures one after the other: each is a row, whatever becomes of it."""

import logging
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TypeVar

import numpy as np

from blemish.core.defects import Defects
from blemish.data.depth import range_doubt
from blemish.data.huge import HugePicture, open_by_size
from blemish.data.images import Listed, Pixels, as_rgb, open_picture
from blemish.data.listing import shown
from blemish.errors import BlemishError, BundleError
from blemish.report.tables import ImageRow, Status
from blemish.runtime.ahead import one_ahead, side_by_side
from blemish.runtime.bundle import Bundle
from blemish.runtime.finder import Finder, Finding
from blemish.runtime.huge import Watch, unwatched
from blemish.wafer.placing import place
from blemish.wafer.recipe import Recipe

log = logging.getLogger(__name__)

WORTH_LANES = 32  # pictures; for fewer, opening more engines takes longer than they save

P = TypeVar("P", bound=Pixels | HugePicture)


def find_in(
    listed: Sequence[Listed], finder: Finder, value_range: tuple[float, float] | None = None
) -> Iterator[tuple[ImageRow, Pixels | None]]:
    """Yield the row of each picture and its pixels, None where it could not be looked at."""
    yield from _find_in_each(
        listed, lambda path: open_picture(path, value_range), Finder.look, finder, None, value_range
    )


def find_in_any(
    listed: Sequence[Listed],
    finder: Finder,
    value_range: tuple[float, float] | None = None,
    recipe: Recipe | None = None,
    watch: Watch = unwatched,
) -> Generator[tuple[ImageRow, Pixels | HugePicture | None], None, None]:
    """Yield the same also for pictures that are too large to be held, which come themselves.

    With a recipe the finds are placed on their wafer, and those in excluded places are dropped.
    ``watch`` is told how many windows of such a picture are done and how many it has.
    """
    one_huge = Lock()

    def look(lane: Finder, picture: Pixels | HugePicture) -> Finding:
        if isinstance(picture, HugePicture):
            with one_huge:  # by all threads, not by a lane's
                return finder.look_through(picture, watch)
        return lane.look(picture)

    yield from _find_in_each(
        listed, lambda path: open_by_size(path, value_range), look, finder, recipe, value_range
    )


def look_in_any(picture: Pixels | HugePicture, finder: Finder, watch: Watch = unwatched) -> Finding:
    """Find in a picture that is held, or in one that is read by rows."""
    if isinstance(picture, HugePicture):
        return finder.look_through(picture, watch)
    return finder.look(picture)


def row_of(
    one: Listed,
    picture: Pixels | HugePicture,
    look: Callable[[], Finding],
    bundle: Bundle,
    recipe: Recipe | None = None,
    value_range: tuple[float, float] | None = None,
) -> ImageRow:
    """Look at one picture and give its row; ``look`` finds in it.

    ``value_range`` is the one that it was read with.

    Raises:
        BlemishError: it cannot be looked at.
    """
    begun = time.perf_counter()
    finding = look()
    _check_labels(finding.defects, bundle)
    if value_range is None and not isinstance(picture, HugePicture):
        words = (finding.note, range_doubt(one.path, picture))
        finding = replace(finding, note="; ".join(filter(None, words)))
    row = _row(one, size_of(picture), finding, (time.perf_counter() - begun) * 1000)
    return row if recipe is None else _placed(one, row, picture, finding, recipe)


def _find_in_each(
    listed: Sequence[Listed],
    read: Callable[[Path], P],
    look: Callable[[Finder, P], Finding],
    finder: Finder,
    recipe: Recipe | None = None,
    value_range: tuple[float, float] | None = None,
) -> Iterator[tuple[ImageRow, P | None]]:
    def row(lane: Finder, one: Listed, picture: P) -> ImageRow:
        find = partial(look, lane, picture)
        return row_of(one, picture, find, lane.bundle, recipe, value_range)

    def whole(lane: Finder, one: Listed) -> tuple[ImageRow, P]:
        picture = read(one.path)
        return row(lane, one, picture), picture

    lanes = finder.beside() if len(listed) >= WORTH_LANES else [finder]
    coming: Iterator[tuple[Listed, Callable[[], tuple[ImageRow, P]]]]
    with ExitStack() as stack:
        # What a broken picture raised refers to this frame, so that it would wait for the garbage
        # collector, and threads that end within that may wait for each other for ever.
        if len(lanes) > 1:
            works = [partial(whole, lane) for lane in lanes]
            done = stack.enter_context(closing(side_by_side(works, listed)))
            coming = ((one, looked.result) for one, looked in done)
        else:
            ahead = stack.enter_context(closing(one_ahead(lambda one: read(one.path), listed)))
            coming = (
                (one, partial(_after, reading, partial(row, finder, one))) for one, reading in ahead
            )
        for one, result in coming:
            try:
                found, picture = result()
            except Exception as error:  # whatever one picture does, the others go on
                log.debug("%s failed", one.path, exc_info=True)
                yield failed_row(one.name, reason_of(one, error)), None
            else:
                yield found, picture


def _after(reading: Future[P], row: Callable[[P], ImageRow]) -> tuple[ImageRow, P]:
    """Give the row of a picture that is being read, and the picture."""
    picture = reading.result()
    return row(picture), picture


def size_of(picture: Pixels | HugePicture) -> tuple[int, int]:
    """Give width and height."""
    if isinstance(picture, HugePicture):
        return picture.width, picture.height
    return picture.shape[1], picture.shape[0]


def cut(picture: Pixels | HugePicture, window: tuple[int, int, int, int]) -> Pixels:
    """Give the pixels of a window, xyxy, that lies in the picture."""
    left, top, right, bottom = window
    if isinstance(picture, HugePicture):
        return as_rgb(np.concatenate(list(picture.rows(window))))
    return picture[top:bottom, left:right]


def _check_labels(found: Defects, bundle: Bundle) -> None:
    if (number := int(found.labels.max(initial=-1))) >= len(bundle.classes):
        raise BundleError(
            f"the model gives label {number} but names {len(bundle.classes)} classes; "
            "export the bundle again"
        )


def _row(one: Listed, size: tuple[int, int], finding: Finding, milliseconds: float) -> ImageRow:
    status: Status = "defective" if len(finding.defects) else "clean"
    return ImageRow(
        image=one.name,
        width=size[0],
        height=size[1],
        status="partial" if finding.note else status,
        defects=finding.defects,
        milliseconds=milliseconds,
        error=f"{shown(one.path)}: {finding.note}" if finding.note else "",
        num_outside=finding.num_outside,
        wafer_diameter=finding.outline.diameter if finding.outline else None,
        scale=finding.scale,
        num_unread=finding.num_unread,
    )


def _placed(
    one: Listed, row: ImageRow, picture: Pixels | HugePicture, finding: Finding, recipe: Recipe
) -> ImageRow:
    view = picture.overview if isinstance(picture, HugePicture) else (picture, 1.0)
    placement, kept = place(view, finding.outline, finding.defects.boxes, recipe)
    defects = finding.defects.take(kept)
    words = "; ".join(filter(None, (finding.note, placement.note)))
    status: Status = "defective" if len(defects) else "clean"
    return replace(
        row,
        defects=defects,
        placement=placement,
        status="partial" if words else status,
        error=f"{shown(one.path)}: {words}" if words else "",
    )


def failed_row(name: str, error: str) -> ImageRow:
    """Give the row of a picture that could not be looked at."""
    return ImageRow(name, 0, 0, "failed", Defects.none(), error=error)


def reason_of(one: Listed, error: Exception) -> str:
    """Give in one line, with its path, why a picture could not be looked at."""
    if isinstance(error, BlemishError):
        words = str(error)
        return words if words.startswith(shown(one.path)) else f"{shown(one.path)}: {words}"
    if isinstance(error, MemoryError):
        return f"{shown(one.path)}: does not fit in memory; cut it into smaller pictures"
    words = " ".join(str(error).split())[:300]
    what = f"{type(error).__name__}: {words}"
    return f"{shown(one.path)}: could not be looked at ({what}); --debug says more"
