"""Look at pictures one after the other: each is a row, whatever becomes of it."""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from blemish.core.defects import Defects
from blemish.data.images import Listed, open_picture
from blemish.data.listing import shown
from blemish.errors import BlemishError, BundleError
from blemish.report.tables import ImageRow, Status
from blemish.runtime.ahead import one_ahead
from blemish.runtime.bundle import Bundle
from blemish.runtime.finder import Finder, Finding
from blemish.wafer.placing import place
from blemish.wafer.recipe import Recipe

log = logging.getLogger(__name__)


def find_in(
    listed: Sequence[Listed],
    finder: Finder,
    value_range: tuple[float, float] | None = None,
    recipe: Recipe | None = None,
) -> Iterator[tuple[ImageRow, NDArray[np.uint8] | None]]:
    """Yield the row of each picture and its pixels, None where it could not be looked at.

    With a recipe the finds are placed on their wafer, and those in excluded places are dropped.
    """

    def read(one: Listed) -> NDArray[np.uint8]:
        return open_picture(one.path, value_range)

    for one, reading in one_ahead(read, listed):
        try:
            pixels = reading.result()
            begun = time.perf_counter()
            finding = finder.look(pixels)
            _check_labels(finding.defects, finder.bundle)
            row = _row(one, pixels, finding, (time.perf_counter() - begun) * 1000)
            yield row if recipe is None else _placed(one, row, pixels, finding, recipe), pixels
        except Exception as error:  # whatever one picture does, the others go on
            log.debug("%s failed", one.path, exc_info=True)
            yield failed_row(one.name, _reason(one, error)), None


def _check_labels(found: Defects, bundle: Bundle) -> None:
    if (number := int(found.labels.max(initial=-1))) >= len(bundle.classes):
        raise BundleError(
            f"the model gives label {number} but names {len(bundle.classes)} classes; "
            "export the bundle again"
        )


def _row(one: Listed, pixels: NDArray[np.uint8], finding: Finding, milliseconds: float) -> ImageRow:
    status: Status = "defective" if len(finding.defects) else "clean"
    return ImageRow(
        image=one.name,
        width=pixels.shape[1],
        height=pixels.shape[0],
        status="partial" if finding.note else status,
        defects=finding.defects,
        milliseconds=milliseconds,
        error=f"{shown(one.path)}: {finding.note}" if finding.note else "",
        num_outside=finding.num_outside,
        wafer_diameter=finding.outline.diameter if finding.outline else None,
        scale=finding.scale,
    )


def _placed(
    one: Listed, row: ImageRow, pixels: NDArray[np.uint8], finding: Finding, recipe: Recipe
) -> ImageRow:
    placement, kept = place(pixels, finding.outline, finding.defects.boxes, recipe)
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


def _reason(one: Listed, error: Exception) -> str:
    if isinstance(error, BlemishError):
        words = str(error)
        return words if words.startswith(shown(one.path)) else f"{shown(one.path)}: {words}"
    if isinstance(error, MemoryError):
        return f"{shown(one.path)}: does not fit in memory; cut it into smaller pictures"
    words = " ".join(str(error).split())[:300]
    what = f"{type(error).__name__}: {words}"
    return f"{shown(one.path)}: could not be looked at ({what}); --debug says more"
