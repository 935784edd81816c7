"""Small pictures for a page, within a number of bytes: the whole, and each mark enlarged."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

LADDER = ((900, 82), (760, 78), (620, 74), (480, 70), (400, 62), (320, 55), (240, 45), (160, 35))
"""Longer side and JPEG quality of the whole, of which the first that fits is taken."""
LEAST_BYTES = 0.03  # of a pixel of a wafer; a flat picture needs less, and then is small anyway
SHARE = 0.55  # of the bytes of a picture that the whole may take
CROP_QUALITY = 80
MOST_CROPS = 12


class Jpeg(NamedTuple):
    """A picture that stands in a page: its JPEG, and its size in pixels."""

    content: bytes
    width: int
    height: int

    @property
    def uri(self) -> str:
        """Give what an `img` takes as its source."""
        return "data:image/jpeg;base64," + base64.b64encode(self.content).decode("ascii")


@dataclass(frozen=True, eq=False)
class Shot:
    """The small pictures of one picture.

    Attributes:
        view: the whole.
        crops: of the first marks, one each.
    """

    view: Jpeg
    crops: tuple[Jpeg, ...] = ()


def shoot(pixels: Pixels, crops: Iterable[Pixels], most_bytes: int) -> Shot:
    """Reduce a picture (H, W, 3) and take the first crops, in that many bytes if it can be.

    The whole is always there, if need be in the smallest step, and so is the first crop.
    """
    first = list(islice(crops, MOST_CROPS))
    view = _fitting(pixels, int(most_bytes * SHARE) if first else most_bytes)
    left = most_bytes - len(view.content)
    kept: list[Jpeg] = []
    for crop in first:
        jpeg = encode(crop, CROP_QUALITY)
        left -= len(jpeg.content)
        if kept and left < 0:
            break
        kept.append(jpeg)
    return Shot(view, tuple(kept))


def _fitting(pixels: Pixels, most_bytes: int) -> Jpeg:
    height, width = pixels.shape[:2]
    # Steps that have never been small enough for their size would only cost time.
    side = max(height, width)
    steps = [one for one in LADDER if LEAST_BYTES * min(one[0], side) ** 2 <= most_bytes]
    for length, quality in steps or LADDER[-1:]:
        factor = min(length / side, 1.0)
        size = tuple(max(round(n * factor), 1) for n in (width, height))
        small = pixels if factor == 1.0 else cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        view = encode(np.asarray(small, np.uint8), quality)
        if len(view.content) <= most_bytes:
            break
    return view


def encode(pixels: Pixels, quality: int) -> Jpeg:
    """Give a picture (H, W, 3) as a JPEG."""
    bgr = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2BGR)
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    _, content = cv2.imencode(".jpg", bgr, settings)
    return Jpeg(content.tobytes(), pixels.shape[1], pixels.shape[0])
