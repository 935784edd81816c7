"""Labelled marks put into other places too, where pictures are smooth: a label teaches many times.

Simple copy-paste (Ghiasi et al., CVPR 2021), but of how a mark and its near ground differ from a
plane, in the stead of how the other ground differs from one: it looks as if the mark had been
there, with no more noise than before, which would give it away. Where pictures are full of
structure no mark has ground that a plane fits, and nothing is put anywhere.
"""

from dataclasses import dataclass, replace

import cv2
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
LIKE = 1.3  # times as rough as the other ground, at most
GAIN, TINT = (0.6, 1.6), (0.8, 1.25)  # factors on a mark, and on each of its channels
SMOOTH = 1.0  # px
FADE = 3  # px from other ground to a mark's own


@dataclass(frozen=True, eq=False)
class Graft:
    """A mark without its ground.

    Attributes:
        added: (h, w, 3) grey levels above the plane of its ground.
        weight: (h, w) of these against those of other ground: 1 at the mark, 0 at the edges.
        box: (4,) of the mark, px from the upper left.
        label: number of its class.
        ground: (3,) grey levels it lay on.
        rough: grey levels that its ground differed from a plane by.
    """

    added: Values
    weight: Values
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
    plane = fit_plane(part, ring)
    if plane.rough > PLAIN:
        return None
    added = part - plane.levels(ring.shape)
    if np.abs(added[inset:-inset, inset:-inset]).max() < SHOWN * plane.rough + 1:
        return None
    weight = _feather(added.shape[:2])
    box = boxes[index] - np.array([left, top, left, top], np.float32)
    return Graft(added, weight, box, label, plane.middle, plane.rough)


def put(crop: Crop, graft: Graft, generator: np.random.Generator) -> Crop:
    """Put a mark somewhere into a crop, turned by chance; the crop itself where no place fits."""
    added, weight, box = _turned(graft, int(generator.integers(4)), bool(generator.random() < 0.5))
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
        plane = fit_plane(part, everywhere)
        alike = np.abs(plane.middle - graft.ground).max() <= LEVELS
        if alike and 1 / LIKE <= (plane.rough + 0.5) / (graft.rough + 0.5) <= LIKE:
            pixels = crop.pixels.copy()
            added = added + _more(added, generator)
            changed = part + (plane.levels(everywhere.shape) + added - part) * weight[..., None]
            pixels[y : y + high, x : x + wide] = np.clip(np.rint(changed), 0, 255)
            here = box + np.array([x, y, x, y], np.float32)
            return replace(
                crop,
                pixels=pixels,
                boxes=np.concatenate((crop.boxes, here[None])),
                labels=np.append(crop.labels, np.int64(graft.label)),
            )
    return crop


def vary(crop: Crop, share: float, generator: np.random.Generator) -> Crop:
    """Make some of a crop's marks stand out more or less than they did, each channel by its own."""
    pixels = crop.pixels
    for index in np.flatnonzero(generator.random(len(crop.boxes)) < share).tolist():
        graft = lift(pixels, np.concatenate((crop.boxes, crop.ignored)), index, 0)
        if graft is None:
            continue
        pixels = pixels.copy() if pixels is crop.pixels else pixels
        left, top = np.rint(crop.boxes[index, :2] - graft.box[:2]).astype(int).tolist()
        high, wide = graft.weight.shape
        part = pixels[top : top + high, left : left + wide]
        changed = part + _more(graft.added, generator) * graft.weight[..., None]
        part[:] = np.clip(np.rint(changed), 0, 255)
    return replace(crop, pixels=pixels)


def _more(added: Values, generator: np.random.Generator) -> Values:
    """Give what a mark's smooth part is to grow by: its noise must stay that of the ground."""
    (least, most), (less, more) = np.log(GAIN), np.log(TINT)
    gain = np.exp(generator.uniform(least, most) + generator.uniform(less, more, 3))
    smooth = np.asarray(cv2.GaussianBlur(added, (0, 0), SMOOTH), np.float32)
    return smooth * np.float32(gain - 1)


@dataclass(frozen=True, eq=False)
class Plane:
    """Grey levels that rise evenly to the right and down.

    Attributes:
        factors: (3, 3) of each channel: level in the middle, rise a column, rise a row.
        rough: grey levels between it and the pixels it was fitted to: the root of the mean
            square, in the channel where that is largest.
    """

    factors: NDArray[np.float64]
    rough: float

    @property
    def middle(self) -> Values:
        """Give its mean level a channel, (3,)."""
        return np.asarray(self.factors[0], np.float32)

    def levels(self, shape: tuple[int, ...]) -> Values:
        """Give its levels (h, w, 3) at all pixels of a part (h, w)."""
        levels = _design(shape) @ self.factors
        return np.asarray(levels, np.float32)


def fit_plane(part: Values, where: NDArray[np.bool_]) -> Plane:
    """Give the plane nearest to the pixels (h, w, 3) where asked."""
    design, values = _design(where.shape)[where], part[where].astype(np.float64)
    factors = np.asarray(np.linalg.solve(design.T @ design, design.T @ values), np.float64)
    left = values - design @ factors
    return Plane(factors, float(np.sqrt(np.einsum("ij,ij->j", left, left).max() / len(left))))


def _design(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Give one, column and row of each pixel of a part (h, w), counted from its middle."""
    high, wide = shape
    design = np.ones((high, wide, 3))
    design[..., 1] = np.arange(wide) - (wide - 1) / 2
    design[..., 2] = np.arange(high)[:, None] - (high - 1) / 2
    return design


def _turned(graft: Graft, turns: int, mirrored: bool) -> tuple[Values, Values, NDArray[np.float32]]:
    """Give what is added, weight and box after quarter turns (counter-clockwise), then mirrored."""
    added, weight = graft.added, np.rot90(graft.weight, turns)
    x1, y1, x2, y2 = graft.box.tolist()
    for _ in range(turns):
        x1, y1, x2, y2 = y1, added.shape[1] - x2, y2, added.shape[1] - x1
        added = np.rot90(added)
    if mirrored:
        x1, x2 = added.shape[1] - x2, added.shape[1] - x1
        added, weight = added[:, ::-1], weight[:, ::-1]
    return added, weight, np.array([x1, y1, x2, y2], np.float32)


def _feather(shape: tuple[int, ...]) -> Values:
    """Give weights (h, w): one but near the edges, where they fall to none."""
    ramps = [
        np.minimum(np.minimum(np.arange(side), np.arange(side)[::-1]) / FADE, 1) for side in shape
    ]
    return np.outer(*ramps).astype(np.float32)
