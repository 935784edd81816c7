"""What a data set asks for: crops, epochs and levels, worked out from its pictures and boxes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from blemish.core.boxes import Boxes

Size = tuple[int, int]

CROP = 416  # px; larger crops show more background beside each mark, smaller ones less of a rim
STRIDE = 32  # sides of crops are multiples of this for every net
PIXELS = 8 * CROP * CROP  # of a step, however large its crops are
EPOCHS = 30
FEWEST_STEPS = 1500  # a small set takes more epochs: under this, most nets have learned little
FULL_SHARE = 0.9  # of the boxes must fit into half a crop
LEAST_SHOWN = 0.5  # of the largest box's area a crop around it must show, or it would be ignored


@dataclass(frozen=True)
class Fingerprint:
    """What a plan is made from.

    Attributes:
        sizes: width and height in px of each picture to learn from.
        boxes: all their labels that count, (N, 4).
    """

    sizes: tuple[Size, ...]
    boxes: Boxes

    @property
    def sides(self) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        """Width and height in px of each box, (N, 2)."""
        return self.boxes[:, 2:] - self.boxes[:, :2]


def choose_crop(found: Fingerprint) -> int:
    """Give the side of a crop in px: twice nearly every box, and enough to teach the largest.

    It is no larger than the pictures.
    """
    sides = found.sides if len(found.boxes) else np.zeros((1, 2), np.float32)
    long = sides.max(axis=1)
    shown = np.maximum(LEAST_SHOWN * long, np.sqrt(LEAST_SHOWN * sides.prod(axis=1)))
    least = max(CROP, 2 * float(np.quantile(long, FULL_SHARE)), float(shown.max()))
    most = max((max(size) for size in found.sizes), default=CROP)
    return math.ceil(min(least, most) / STRIDE) * STRIDE


def choose_batch(crop: int) -> int:
    """Give the crops of a step, so that a step looks at about as many pixels with any crop."""
    return max(round(PIXELS / crop**2), 2)


def epoch_of(sizes: Sequence[Size], crop: int, batch: int) -> int:
    """Give the steps of an epoch: as many crops as it takes to cover every picture once."""
    crops = sum(math.ceil(width / crop) * math.ceil(height / crop) for width, height in sizes)
    return max(math.ceil(crops / batch), 1)


def choose_epochs(epoch: int, fewest: int = FEWEST_STEPS) -> int:
    """Give the epochs of a run whose length nobody said; they make ``fewest`` steps at least."""
    return max(EPOCHS, math.ceil(fewest / epoch))
