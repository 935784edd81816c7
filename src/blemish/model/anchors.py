"""Anchors: the boxes that the net corrects, fitted to the boxes of the data.

Anchors are said in strides, the same at every level of the pyramid, as a plain dict that a bundle
can hold: ``{"levels": [2, 3, 4], "shapes": [[w, h], ...]}``. At level l they stand around the
centre of each cell of 2**l px.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from blemish.model.fpn import COARSEST, COARSEST_OF_BODY, FINEST

CELLS = 4.0  # sides of a usual box in cells of its level, as in Lin et al. 2017
WIDEST = 8.0  # sides of the largest boxes in cells of the coarsest level
USUAL = (0.05, 0.95)  # quantiles of the sizes that the levels are chosen for
ROUNDS = 30  # of fitting; most fits stand still after ten
GOOD = 0.5  # IoU from which an anchor covers a box

# keras-retinanet 0.5.1: sizes 32 to 512 px at strides 8 to 128 are four strides each, times three
# scales and three ratios of height to width.
CLASSIC_ANCHORS: Mapping[str, Any] = {
    "levels": [3, 4, 5, 6, 7],
    "shapes": [
        [4.0 * scale / ratio**0.5, 4.0 * scale * ratio**0.5]
        for ratio, scale in itertools.product((0.5, 1.0, 2.0), (1.0, 2 ** (1 / 3), 2 ** (2 / 3)))
    ],
}


@dataclass(frozen=True)
class Coverage:
    """How well anchors fit boxes, each box against its best anchor around the same centre.

    Attributes:
        mean: mean IoU.
        good: share of boxes with an IoU of at least `GOOD`.
        least: lowest IoU.
    """

    mean: float
    good: float
    least: float

    def __str__(self) -> str:
        """Give the numbers in words."""
        return (
            f"the best anchors overlap the boxes by an IoU of {self.mean:.2f} on average, "
            f"{self.least:.2f} at least, and {self.good:.1%} of them by {GOOD:g} or more"
        )


def choose_levels(sides: Tensor) -> list[int]:
    """Give the levels for boxes of these sides (N, 2) px; for none, all from 2 to 5.

    The smallest usual box is at least four cells of the finest level wide, the largest at most
    eight of the coarsest; there are at least two levels, so that scale may vary.
    """
    if len(sides) == 0:
        return list(range(FINEST, COARSEST_OF_BODY + 1))
    size = sides.float().clamp(min=1.0).prod(dim=1).sqrt()
    low, high = torch.quantile(size, torch.tensor(USUAL)).log2().tolist()
    first = min(max(math.floor(low - math.log2(CELLS)), FINEST), COARSEST_OF_BODY)
    last = min(max(math.ceil(high - math.log2(WIDEST)), first + 1), COARSEST)
    return list(range(first, last + 1))


def fit_anchors(sides: Tensor, levels: Sequence[int], num_shapes: int = 3) -> dict[str, Any]:
    """Give the anchors that overlap boxes of these sides best; for no boxes, squares.

    k-means with 1 - IoU as the distance (Redmon & Farhadi 2017, arXiv 1612.08242) over the shapes
    at all levels at once, so a shape learns from boxes of every octave. `cover` says how well.

    Args:
        sides: (N, 2) width and height of each box in px.
        levels: of the pyramid.
        num_shapes: anchors a cell.
    """
    if num_shapes < 1:
        raise ValueError(f"at least one anchor a cell is needed, not {num_shapes}")
    sides = sides.float().clamp(min=1.0)
    squares = [[CELLS * 2 ** (step / num_shapes)] * 2 for step in range(num_shapes)]
    best = {"levels": list(levels), "shapes": squares}
    if len(sides) == 0:
        return best
    reached = -1.0
    for keys in (sides[:, 0] / sides[:, 1], sides.prod(dim=1).log2() / 2 % 1):
        shapes = _settle(sides, levels, _begin(sides, levels, keys, num_shapes))
        rounded = [[round(side, 3) for side in shape] for shape in shapes.tolist()]
        anchors = {"levels": list(levels), "shapes": rounded}
        if (mean := cover(sides, anchors).mean) > reached:
            best, reached = anchors, mean
    return best


def _begin(sides: Tensor, levels: Sequence[int], keys: Tensor, number: int) -> Tensor:
    """Give first shapes (number, 2): boxes at even steps through the order of the keys."""
    octave = (sides.prod(dim=1).sqrt() / CELLS).log2().round().clamp(levels[0], levels[-1])
    units = sides / 2 ** octave[:, None]
    steps = (torch.arange(number) + 0.5) / number * len(sides)
    return units[keys.argsort(stable=True)[steps.long()]]


def _settle(sides: Tensor, levels: Sequence[int], shapes: Tensor) -> Tensor:
    """Move shapes to the middle of the boxes that they overlap best, until they stand still."""
    strides = 2.0 ** torch.tensor(levels)
    for _ in range(ROUNDS):
        level, shape = _best_of(sides, levels, shapes)[1:]
        logs = (sides / strides[level][:, None]).log()
        sums = torch.zeros_like(shapes).index_add_(0, shape, logs)
        counts = torch.bincount(shape, minlength=len(shapes))[:, None]
        moved = torch.where(counts > 0, (sums / counts.clamp(min=1)).exp(), shapes)
        if torch.allclose(moved, shapes, rtol=1e-4):
            break
        shapes = moved
    return shapes


def _best_of(sides: Tensor, levels: Sequence[int], shapes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Give each box's IoU with its best anchor, and the places of that one's level and shape."""
    strides = 2.0 ** torch.tensor(levels)
    anchors = (strides[:, None, None] * shapes).flatten(0, 1)
    shared = torch.minimum(sides[:, None], anchors).prod(dim=2)
    union = sides.prod(dim=1)[:, None] + anchors.prod(dim=1) - shared
    value, place = (shared / union).max(dim=1)
    return value, place // len(shapes), place % len(shapes)


def cover(sides: Tensor, anchors: Mapping[str, Any]) -> Coverage:
    """Say how well anchors fit boxes of these sides (N, 2) px; no boxes are covered in full."""
    if len(sides) == 0:
        return Coverage(1.0, 1.0, 1.0)
    shapes = torch.tensor(anchors["shapes"], dtype=torch.float32)
    value = _best_of(sides.float().clamp(min=1.0), anchors["levels"], shapes)[0]
    return Coverage(value.mean().item(), (value >= GOOD).float().mean().item(), value.min().item())


def lay_anchors(shapes: Tensor, level: int, height: int, width: int) -> Tensor:
    """Give the anchors of a level of ``height`` x ``width`` cells, (height * width * A, 4) xyxy px.

    The shapes, (A, 2) in strides, change fastest, then columns, then rows.
    """
    stride = 2.0**level
    y = (torch.arange(height, device=shapes.device) + 0.5) * stride
    x = (torch.arange(width, device=shapes.device) + 0.5) * stride
    centres = torch.stack((x.repeat(height), y.repeat_interleave(width)), dim=1)
    half = shapes * (stride / 2)
    boxes = torch.cat((centres[:, None] - half, centres[:, None] + half), dim=2)
    return boxes.flatten(0, 1)
