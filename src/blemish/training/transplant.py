"""Labelled marks put into other places too, where pictures are smooth: a label teaches many times.

Simple copy-paste (Ghiasi et al., CVPR 2021), but of what a mark adds to its ground instead of its
pixels: on smooth ground that looks as if the mark had been there. Where pictures are full of
structure no mark has ground that a plane fits, and nothing is put anywhere.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from blemish.core.boxes import Boxes, box_intersection
from blemish.training.augment import Crop, Pixels

Values = NDArray[np.float32]

MARGIN = 0.3  # of a box's longer side: the ground around it that is looked at
LEAST_MARGIN = 4  # px
PLAIN = 6.0  # grey levels that ground differs from a plane by at most (root mean square)
SHOWN = 3.0  # times that, which a mark must differ by somewhere
LEVELS = 50.0  # grey levels between the grounds of both places at most
LARGEST = 0.35  # of the crop's side, ground included
TRIES = 4
GAIN = (0.75, 1.25)


@dataclass(frozen=True, eq=False)
class Graft:
    """A mark without its ground.

    Attributes:
        added: (h, w, 3) grey levels, none at the edges.
        box: (4,) of the mark, px from the upper left.
        label: number of its class.
        ground: (3,) grey levels it lay on.
        rough: grey levels that its ground differed from a plane by.
    """

    added: Values
    box: NDArray[np.float32]
    label: int
    ground: Values
    rough: float


def lift(pixels: Pixels, boxes: Boxes, index: int, label: int) -> Graft | None:
    """Take a mark off its ground; None where the ground is not smooth or not seen all around.

    Args:
        pixels: (H, W, 3) the picture.
        boxes: (N, 4) all its labels, so that a mark does not bring a neighbour along.
        index: which of them.
        label: number of its class.
    """
    x1, y1, x2, y2 = boxes[index].tolist()
    inset = max(round(MARGIN * max(x2 - x1, y2 - y1)), LEAST_MARGIN)
    left, top = int(x1) - inset, int(y1) - inset
    right, bottom = int(np.ceil(x2)) + inset, int(np.ceil(y2)) + inset
    inside = left >= 0 and top >= 0 and right <= pixels.shape[1] and bottom <= pixels.shape[0]
    region = np.array([[left, top, right, bottom]], np.float32)
    if not inside or (box_intersection(region, boxes) > 0).sum() != 1:
        return None
    part = pixels[top:bottom, left:right].astype(np.float32)
    ring = np.ones(part.shape[:2], np.bool_)
    ring[inset:-inset, inset:-inset] = False
    plane, rough = fit_plane(part, ring)
    added = part - plane
    if rough > PLAIN or np.abs(added[inset:-inset, inset:-inset]).max() < SHOWN * rough + 1:
        return None
    added *= _feather(added.shape[:2], inset)[..., None]
    box = boxes[index] - np.array([left, top, left, top], np.float32)
    return Graft(added, box, label, plane.mean(axis=(0, 1)), rough)


def put(crop: Crop, graft: Graft, generator: np.random.Generator) -> Crop:
    """Put a mark somewhere into a crop, turned by chance; the crop itself where no place fits."""
    added, box = _turned(graft, int(generator.integers(4)), bool(generator.random() < 0.5))
    high, wide = added.shape[:2]
    size = len(crop.pixels)
    if max(high, wide) > LARGEST * size:
        return crop
    taken = np.concatenate((crop.boxes, crop.ignored))
    everywhere = np.ones((high, wide), np.bool_)
    for _ in range(TRIES):
        x, y = generator.integers(0, (size - wide + 1, size - high + 1)).tolist()
        region = np.array([[x, y, x + wide, y + high]], np.float32)
        if (box_intersection(region, taken) > 0).any():
            continue
        part = crop.pixels[y : y + high, x : x + wide].astype(np.float32)
        plane, rough = fit_plane(part, everywhere)
        alike = np.abs(plane.mean(axis=(0, 1)) - graft.ground).max() <= LEVELS
        if alike and rough <= max(1.5 * graft.rough, PLAIN / 3):
            pixels = crop.pixels.copy()
            changed = part + added * np.float32(generator.uniform(*GAIN))
            pixels[y : y + high, x : x + wide] = np.clip(np.rint(changed), 0, 255)
            here = box + np.array([x, y, x, y], np.float32)
            return replace(
                crop,
                pixels=pixels,
                boxes=np.concatenate((crop.boxes, here[None])),
                labels=np.append(crop.labels, np.int64(graft.label)),
            )
    return crop


def fit_plane(part: Values, where: NDArray[np.bool_]) -> tuple[Values, float]:
    """Give the plane (h, w, 3) nearest to the pixels where asked, and how far they lie from it.

    The distance is the root of the mean square, in the channel where it is largest.
    """
    y, x = np.nonzero(where)
    design = np.column_stack((np.ones(len(x)), x, y))
    values = part[y, x].astype(np.float64)
    factors, *_ = np.linalg.lstsq(design, values, rcond=None)
    rough = float(np.sqrt(((values - design @ factors) ** 2).mean(axis=0)).max())
    rows, columns = np.mgrid[: part.shape[0], : part.shape[1]]
    plane = np.stack((np.ones_like(rows), columns, rows), axis=-1) @ factors
    return plane.astype(np.float32), rough


def _turned(graft: Graft, turns: int, mirrored: bool) -> tuple[Values, NDArray[np.float32]]:
    """Give what is added and its box after quarter turns, counter-clockwise, and a mirror."""
    added, (x1, y1, x2, y2) = graft.added, graft.box.tolist()
    for _ in range(turns):
        x1, y1, x2, y2 = y1, added.shape[1] - x2, y2, added.shape[1] - x1
        added = np.rot90(added)
    if mirrored:
        x1, x2 = added.shape[1] - x2, added.shape[1] - x1
        added = added[:, ::-1]
    return added, np.array([x1, y1, x2, y2], np.float32)


def _feather(shape: tuple[int, ...], inset: int) -> Values:
    """Give weights (h, w): one in the box, falling to none at the edges."""
    ramps = [
        np.minimum(np.minimum(np.arange(side), np.arange(side)[::-1]) / inset, 1) for side in shape
    ]
    return np.outer(*ramps).astype(np.float32)
