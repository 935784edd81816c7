"""Scores by the size of marks; a size is the square root of a box's area, as COCO's ranges are.

Marks of other sizes are ignored: to miss one costs nothing and to find one counts neither way. A
find that hits nothing is false among those of its own size.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from blemish.core.boxes import Boxes, box_area
from blemish.core.defects import Defects
from blemish.core.matching import Mask, Match
from blemish.core.metrics import Rule, Scored

Band = tuple[float, float]
"""From this size up to and without that one, in pixels of the picture as it is given."""

BANDS: tuple[Band, ...] = ((2, 8), (8, 16), (16, 32), (32, float("inf")))


def band_name(band: Band) -> str:
    """Give a band in words: `8-16`, or `32+` for one without an end."""
    low, high = band
    return f"{low:g}+" if np.isinf(high) else f"{low:g}-{high:g}"


def box_sizes(boxes: Boxes) -> NDArray[np.float64]:
    """Give the square root of the area of each box, shape (N,), in pixels."""
    return np.sqrt(box_area(boxes).astype(np.float64))


def in_band(boxes: Boxes, band: Band) -> Mask:
    """Tell which boxes are of a size, shape (N,)."""
    sizes = box_sizes(boxes)
    return np.asarray((band[0] <= sizes) & (sizes < band[1]), np.bool_)


def only_marks(pictures: Sequence[Scored], band: Band) -> list[Scored]:
    """Give the pictures with all true boxes of other sizes ignored."""
    return [(found, true, ignore | ~in_band(true.boxes, band)) for found, true, ignore in pictures]


def only_finds(rule: Rule, band: Band) -> Rule:
    """Give the rule by which a find of another size that hits nothing is not false but ignored."""

    def match(found: Defects, true: Defects, ignore: Mask) -> Match:
        matched = rule(found, true, ignore)
        return replace(matched, false=matched.false & in_band(found.boxes, band))

    return match
