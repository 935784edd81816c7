"""Look: what is remembered of a decoded picture; and which pictures are alike."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.data.images import Pixels, open_picture

SIDE = 32  # of the small picture that is compared
BLOCK = 512  # pictures compared with all others at once

# Two pictures are near-duplicates if the small one of the one, made brighter and steeper as fits
# best, differs from the other by less than this: in grey levels, and as a share of its own spread.
# Measured on photographs: saved as JPEG of quality 30 to 60, 0.3 to 1.7; resized, brighter or
# blurred, 0.1 to 0.7; moved by 2 pixels, 1.2 to 5; different ones of a kind, 10 and more.
MAX_LEVELS, MAX_SHARE = 2.0, 0.2


@dataclass(frozen=True, eq=False)
class Look:
    """What is remembered of a picture.

    Attributes:
        size: width and height, upright.
        digest: of its pixels; equal for equal pixels.
        small: (SIDE, SIDE, 3) uint8.
        brightness: mean of all values, 0 to 255.
        contrast: their standard deviation.
    """

    size: tuple[int, int]
    digest: bytes
    small: NDArray[np.uint8]
    brightness: float
    contrast: float


class Alike(NamedTuple):
    """Two pictures, by index, that are the same or nearly so."""

    first: int
    second: int
    same: bool


def look_at(path: Path) -> Look:
    """Decode a picture and remember what is needed of it.

    Raises:
        PictureError: it cannot be read.
    """
    return look_of(open_picture(path))


def look_of(pixels: Pixels) -> Look:
    """Remember what is needed of a picture."""
    height, width = pixels.shape[:2]
    mean, spread = cv2.meanStdDev(pixels.reshape(-1, 1))
    digest = hashlib.sha256(repr(pixels.shape).encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return Look(
        (width, height),
        digest.digest(),
        np.asarray(cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8),
        float(mean[0, 0]),
        float(spread[0, 0]),
    )


def find_alike(looks: Sequence[Look]) -> list[Alike]:
    """Give the pairs of pictures that are the same or nearly so, the earlier one first.

    Of three alike pictures each pair is given. A plain picture without any structure is alike
    only to its equal.
    """
    if not looks:
        return []
    rows = np.stack([look.small.reshape(-1) for look in looks]).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    spread = rows.std(axis=1)
    limit = np.minimum(MAX_LEVELS, MAX_SHARE * spread)
    rows /= np.maximum(spread, 1e-6)[:, None] * np.sqrt(rows.shape[1])
    pairs = []
    for start in range(0, len(rows), BLOCK):
        block = slice(start, start + BLOCK)
        likeness = np.clip(rows[block] @ rows.T, 0, 1)
        wider = np.maximum(spread[block, None], spread[None])
        left = wider * np.sqrt(1 - likeness**2)
        near = (left <= np.minimum(limit[block, None], limit[None])) & (wider > 0.05)
        near |= _equal(looks, block)
        for row, second in np.argwhere(near).tolist():
            first = start + row
            if first < second:
                same = looks[first].digest == looks[second].digest
                pairs.append(Alike(first, second, same))
    return pairs


def group_alike(count: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """Give each of so many things the smallest index that a chain of pairs joins it to."""
    parent = list(range(count))

    def top(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for first, second in pairs:
        low, high = sorted((top(first), top(second)))
        parent[high] = low
    return [top(index) for index in range(count)]


def _equal(looks: Sequence[Look], block: slice) -> NDArray[np.bool_]:
    codes = {look.digest: at for at, look in enumerate(looks)}
    numbers = np.array([codes[look.digest] for look in looks])
    return np.asarray(numbers[block, None] == numbers[None])
