"""How the net says a box: four numbers that correct an anchor."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

CORNER_SPREAD = 0.2  # of keras-retinanet's targets
MOST_GROWTH = 4.0  # a young net must not overflow: an anchor grows or shrinks 55 times at most


@dataclass(frozen=True)
class Code:
    """Two functions that undo each other, of anchors (..., 4) xyxy and boxes or numbers (..., 4).

    Attributes:
        encode: anchors and boxes to numbers.
        decode: anchors and numbers to boxes xyxy px.
    """

    encode: Callable[[Tensor, Tensor], Tensor]
    decode: Callable[[Tensor, Tensor], Tensor]


def _middle_and_sides(boxes: Tensor) -> tuple[Tensor, Tensor]:
    low, high = boxes[..., :2], boxes[..., 2:]
    return (low + high) / 2, high - low


def encode_deltas(anchors: Tensor, boxes: Tensor) -> Tensor:
    """Give shifts in anchor sides and logarithms of growth (Girshick et al. 2014)."""
    middle, sides = _middle_and_sides(anchors)
    wanted, size = _middle_and_sides(boxes)
    return torch.cat(((wanted - middle) / sides, (size / sides).log()), dim=-1)


def decode_deltas(anchors: Tensor, deltas: Tensor) -> Tensor:
    """Give the boxes that `encode_deltas` describes."""
    middle, sides = _middle_and_sides(anchors)
    moved = middle + deltas[..., :2].float() * sides
    half = deltas[..., 2:].float().clamp(-MOST_GROWTH, MOST_GROWTH).exp() * sides / 2
    return torch.cat((moved - half, moved + half), dim=-1)


def encode_corners(anchors: Tensor, boxes: Tensor) -> Tensor:
    """Give offsets of x1, y1, x2, y2 in anchor sides over 0.2 (keras-retinanet 0.5.1)."""
    sides = _middle_and_sides(anchors)[1]
    return (boxes - anchors) / torch.cat((sides, sides), dim=-1) / CORNER_SPREAD


def decode_corners(anchors: Tensor, offsets: Tensor) -> Tensor:
    """Give the boxes that `encode_corners` describes."""
    sides = _middle_and_sides(anchors)[1]
    return anchors + offsets.float() * torch.cat((sides, sides), dim=-1) * CORNER_SPREAD


CODES: Mapping[str, Code] = {
    "deltas": Code(encode_deltas, decode_deltas),
    "corners": Code(encode_corners, decode_corners),
}
