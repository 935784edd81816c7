"""How large what is seen of a find is: boxes are drawn with room around their marks.

The ground is a quadratic surface through what of the wafer lies around the mark, in each channel;
the mark is where the picture differs from it as in the strongest place, at least a quarter as much.
"""

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.core.boxes import Boxes
from blemish.wafer.coordinates import Doubles
from blemish.wafer.edges import Pixels

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]
IsGround = Callable[[Doubles], Mask]

SHARE = 0.25  # of its strongest place from which on a pixel belongs to a mark
CLEAR = 4.0  # times the ground's noise it must differ too,
UNCLEAR = 0.5  # which may be no larger than this share of the strongest place
BLURS = (0.7, 1.5, 3.0)  # px; the first that brings the mark out of the noise is taken
SPECK = 0.15  # of a mark's largest part that another one must have
AROUND, AROUND_SHARE = 4.0, 0.12  # px, and share of a box's side, of ground that is looked at
BORDER, BORDER_SHARE = 2.0, 0.06  # px, and share of a box's sides, at its edges: ground as well
LEAST_GROUND = 60  # px
MOST = 256  # px a side that are looked at; of larger boxes several are taken for one


def mark_extents(pixels: Pixels, boxes: Boxes, is_ground: IsGround) -> Boxes:
    """Give the box (N, 4) of what is seen in each box of a picture (H, W, 3).

    It is never larger than the box; where nothing stands out of the ground, or what does reaches
    beyond the ground, it is the box itself. ``is_ground`` tells of points (N, 2) which lie on it.
    """
    return np.array([_extent(pixels, box, is_ground) for box in boxes], np.float32).reshape(-1, 4)


def _extent(pixels: Pixels, box: NDArray[np.float32], is_ground: IsGround) -> NDArray[np.float32]:
    height, width = pixels.shape[:2]
    sides = box[2:] - box[:2]
    reach = AROUND + AROUND_SHARE * float(sides.max())
    low = np.clip(np.floor(box[:2] - reach).astype(int), 0, (width, height))
    high = np.clip(np.ceil(box[2:] + reach).astype(int), 0, (width, height))
    step = max(math.ceil(int((high - low).max()) / MOST), 1)
    number = (high - low) // step
    if number.min() < 1:
        return box
    high = low + number * step
    window = pixels[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    window = np.asarray(cv2.resize(window, number.tolist(), interpolation=cv2.INTER_AREA))
    x, y = np.meshgrid(
        *((np.arange(n) + 0.5) * step + at for n, at in zip(number, low, strict=True))
    )
    wafer = is_ground(np.stack((x.ravel(), y.ravel()), axis=1)).reshape(x.shape)
    inside = wafer & _in_box(x, y, box)
    margin = np.minimum(BORDER + BORDER_SHARE * sides, sides / 4)
    core = wafer & _in_box(x, y, box + np.concatenate((margin, -margin)))
    ground = wafer & ~core
    if not core.any() or ground.sum() < LEAST_GROUND:
        return box
    differs = np.asarray(window - _ground(window, ground), np.float32)
    for blur in BLURS:
        smooth = np.asarray(cv2.GaussianBlur(differs, (0, 0), blur), np.float32)
        seen = _seen(smooth, inside, core, ground)
        if seen is not None:
            if (cv2.dilate(seen.astype(np.uint8), np.ones((3, 3))) > wafer).any():
                return box
            rows, columns = (np.flatnonzero(seen.any(axis=axis)) for axis in (1, 0))
            ends = np.array([(columns[0], rows[0]), (columns[-1] + 1, rows[-1] + 1)]) * step + low
            first, last = np.maximum(ends[0], box[:2]), np.minimum(ends[1], box[2:])
            return np.concatenate((first, last)).astype(np.float32)
    return box


def _in_box(x: NDArray[np.float64], y: NDArray[np.float64], box: NDArray[np.float32]) -> Mask:
    return np.asarray((x >= box[0]) & (x < box[2]) & (y >= box[1]) & (y < box[3]))


def _ground(window: Field, known: Mask) -> Field:
    """Give the quadratic surface through the pixels that are known, but for those far off it."""
    height, width = window.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    kept = known
    for _ in range(3):
        chosen = terms[kept]
        factors = np.linalg.lstsq(chosen.T @ chosen, chosen.T @ window[kept], rcond=None)[0]
        ground = terms @ factors
        off = np.abs(window - ground).max(axis=2)
        kept = known & (off <= 3 * float(np.median(off[kept])) + 1)
    return np.asarray(ground, np.float32)


def _seen(differs: Field, inside: Mask, core: Mask, ground: Mask) -> Mask | None:
    """Give the pixels of the mark, which has parts in the core; None where nothing stands out."""
    size = np.where(core, np.abs(differs).max(axis=2), 0)
    peak = np.unravel_index(int(size.argmax()), size.shape)
    colour = differs[peak]
    alike = np.abs(differs @ colour) / max(float(colour @ colour), 1e-6)
    least = CLEAR * 1.4826 * float(np.median(alike[ground]))
    if least > UNCLEAR:
        return None
    seen = inside & (alike >= max(SHARE, least))
    _, parts, facts, _ = cv2.connectedComponentsWithStats(seen.astype(np.uint8))
    areas = facts[:, cv2.CC_STAT_AREA].copy()
    areas[np.setdiff1d(np.arange(len(areas)), parts[core & seen])] = 0
    return np.asarray((areas >= SPECK * areas.max())[parts])
