"""The point head: how likely a mark's centre is in each cell, and how far its sides are.

After Zhou et al. 2019 (Objects as Points), with the sides of Tian et al. 2019 (FCOS).
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from blemish.model.backbones import ConvNorm, Pyramid, initialise, see_contrast
from blemish.model.pairs import Pairs, Planes, pair_columns

CELL = 4  # side of a cell, in pixels
STRIDE = 32  # windows must be multiples of this, because the pyramid halves five times
PRIOR = 0.01  # Lin et al. 2017: start by expecting almost nothing, or background drowns the rest
SIDE = 16.0  # pixels from centre to side that a raw output of 0 means
DEFAULT_NET: Mapping[str, Any] = {
    "kind": "centernet",
    "widths": [16, 32, 48, 80, 128],
    "blocks": [0, 1, 2, 1],
    "pyramid": 32,
    "head": 16,
}


class CenterNet(nn.Module):
    """From windows to a heat map of centres and four side distances a cell."""

    stride = STRIDE

    def __init__(self, net: Mapping[str, Any], num_classes: int) -> None:
        super().__init__()
        width = int(net["head"])
        self.planes: nn.Module = Planes()
        self.pyramid = Pyramid(net["widths"], net["blocks"], int(net["pyramid"]), width)
        self.head = ConvNorm(width, width)
        self.heat = nn.Conv2d(width, num_classes, 1)
        self.sides = nn.Conv2d(width, 4, 1)
        initialise(self)
        see_contrast(self.pyramid.stem[0])
        for last in (self.heat, self.sides):
            nn.init.normal_(last.weight, std=0.01)
        if self.heat.bias is not None:
            nn.init.constant_(self.heat.bias, -math.log((1 - PRIOR) / PRIOR))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Give heat logits (N, C, H/4, W/4) and raw sides (N, 4, H/4, W/4).

        Args:
            images: (N, H, W, 3) uint8 RGB; H and W multiples of 32. They are not scaled (the
                first norm does that), so that each grey level is exact in bfloat16.
        """
        features = self.head(self.pyramid(self.planes(images)))
        return self.heat(features), self.sides(features)

    def read_in_pairs(self) -> None:
        """Take pixels two at a time from now on, for an engine: the same answers, sooner.

        Only for a net whose norms are folded (`fold_norms`); it learns no more after that.
        """
        first = self.pyramid.stem[0]
        if isinstance(first, nn.Conv2d):
            self.planes, self.pyramid.stem[0] = Pairs(), pair_columns(first)


def build_net(net: Mapping[str, Any], num_classes: int) -> CenterNet:
    """Make the net that an architecture dict describes.

    Raises:
        ValueError: the dict names another kind of net.
    """
    if net.get("kind") != "centernet":
        raise ValueError(f"no net of kind {net.get('kind')!r}: only 'centernet' is known")
    return CenterNet(net, num_classes)


def cell_centres(height: int, width: int, device: torch.device | None = None) -> Tensor:
    """Give the centre (x, y) in pixels of each cell, row by row, shape (height * width, 2)."""
    y = (torch.arange(height, device=device) + 0.5) * CELL
    x = (torch.arange(width, device=device) + 0.5) * CELL
    return torch.stack((x.repeat(height), y.repeat_interleave(width)), dim=1)


def sides_to_boxes(centres: Tensor, sides: Tensor) -> Tensor:
    """Give boxes (..., 4) xyxy px from cell centres (..., 2) and raw sides (..., 4).

    Raw sides are logarithms of left, top, right, bottom over `SIDE`; the clamp keeps a young
    net from overflow (1 px to 874 px).
    """
    distances = torch.exp(sides.float().clamp(-3.0, 4.0)) * SIDE
    return torch.cat((centres - distances[..., :2], centres + distances[..., 2:]), dim=-1)
