"""The anchor head: which class each anchor holds, and how far it is off.

RetinaNet, after Lin et al. 2017 (Focal loss for dense object detection, arXiv 1708.02002): two
small stacks of convolutions, shared by all levels of a feature pyramid. Their norms, where there
are any, are one set a level (Tan et al. 2020, EfficientDet), as the levels' statistics differ.
"""

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from blemish.model.anchors import CLASSIC_ANCHORS, choose_levels, fit_anchors, lay_anchors
from blemish.model.backbones import initialise, see_contrast
from blemish.model.boxcodes import CODES
from blemish.model.fpn import FeaturePyramid, check_levels, stride_of
from blemish.model.resnet import Body

PRIOR = 0.01  # as for the point head
WEAK = 0.01  # standard deviation of first weights where the original has it

DEFAULT_RETINANET: Mapping[str, Any] = {
    "kind": "retinanet",
    "backbone": "resnet18",
    "norms": "batch",  # of the body: "batch", or "fixed" where it starts from weights
    "levels": [2, 3, 4, 5],
    "shapes": [[4.0, 4.0], [5.04, 5.04], [6.35, 6.35]],
    "pyramid": 64,
    "depth": 2,  # convolutions before the last one; four of 256 at stride 4 cost thirty times more
    "head_norms": True,
    "code": "deltas",
    "assign": "atss",
}
# keras-retinanet 0.5.1, to be compared with: its faults are wanted.
CLASSIC_RETINANET: Mapping[str, Any] = {
    "kind": "retinanet",
    "backbone": "resnet50",
    "norms": "batch",
    **CLASSIC_ANCHORS,
    "pyramid": 256,
    "depth": 4,
    "head_norms": False,
    "code": "corners",
    "assign": "classic",
}

Outputs = tuple[list[Tensor], list[Tensor]]


def fit_retinanet(
    sides: Tensor, net: Mapping[str, Any] = DEFAULT_RETINANET, num_shapes: int = 3
) -> dict[str, Any]:
    """Give the architecture with levels and anchors fitted to boxes of these sides (N, 2) px."""
    return {**net, **fit_anchors(sides, choose_levels(sides), num_shapes)}


class Tower(nn.Module):
    """Convolutions shared by all levels, each behind a norm of its own level."""

    def __init__(self, width: int, depth: int, num_levels: int, norms: bool) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=1, bias=not norms) for _ in range(depth)
        )
        make = (lambda: nn.BatchNorm2d(width)) if norms else nn.Identity
        self.norms = nn.ModuleList(
            nn.ModuleList(make() for _ in range(depth)) for _ in range(num_levels)
        )

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Give the refined map of each level."""
        return [self.refine(level, norms) for level, norms in zip(maps, self.norms, strict=True)]

    def refine(self, features: Tensor, norms: Any) -> Tensor:
        """Give the refined map of one level."""
        for conv, norm in zip(self.convs, norms, strict=True):
            features = F.relu(norm(conv(features)), inplace=True)
        return features


class Apart(nn.Module):
    """A tower whose levels have weights of their own, which can take up each level's norms."""

    def __init__(self, tower: Tower) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            nn.ModuleList(
                nn.Sequential(*copy.deepcopy(pair)) for pair in zip(tower.convs, norms, strict=True)
            )
            for norms in cast("Sequence[nn.ModuleList]", tower.norms)
        )

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Give the refined map of each level."""
        return [self.refine(level, parts) for level, parts in zip(maps, self.levels, strict=True)]

    def refine(self, features: Tensor, parts: Any) -> Tensor:
        """Give the refined map of one level."""
        for part in parts:
            features = F.relu(part(features), inplace=True)
        return features


class RetinaNet(nn.Module):
    """From windows to a score for each class and four numbers an anchor.

    Attributes:
        architecture: as it was given.
        stride: windows start, and have sides, at multiples of this.
        num_classes: classes of marks; background is none of them.
    """

    shapes: Tensor

    def __init__(self, net: Mapping[str, Any], num_classes: int) -> None:
        super().__init__()
        self.architecture, self.num_classes = dict(net), num_classes
        self.levels, self.code = check_levels(net["levels"]), CODES[net["code"]]
        self.stride = stride_of(self.levels)
        self.register_buffer("shapes", torch.tensor(net["shapes"]).float(), persistent=False)
        width, depth, norms = int(net["pyramid"]), int(net["depth"]), bool(net["head_norms"])
        self.body = Body(net["backbone"], net["norms"])
        self.pyramid = FeaturePyramid(self.body.widths, width, self.levels, norms)
        self.class_tower: Tower | Apart = Tower(width, depth, len(self.levels), norms)
        self.box_tower: Tower | Apart = Tower(width, depth, len(self.levels), norms)
        self.classes = nn.Conv2d(width, self.num_shapes * num_classes, 3, padding=1)
        self.boxes = nn.Conv2d(width, self.num_shapes * 4, 3, padding=1)
        self._start(norms)

    @property
    def num_shapes(self) -> int:
        """Anchors a cell."""
        return len(self.shapes)

    def forward(self, images: Tensor) -> Outputs:
        """Give class logits (N, A * C, h, w) and raw boxes (N, A * 4, h, w), one of each a level.

        Args:
            images: (N, H, W, 3) uint8 RGB; H and W multiples of `stride` (of 32 will do where
                the place of cells above that does not matter, as in training).
        """
        maps = self.pyramid(self.body(images))
        return (
            [self.classes(level) for level in self.class_tower(maps)],
            [self.boxes(level) for level in self.box_tower(maps)],
        )

    def anchors_of(self, outputs: Outputs) -> list[Tensor]:
        """Give each level's anchors (h * w * A, 4) xyxy px; see `lay_anchors` for their order."""
        return [
            lay_anchors(self.shapes, level, *logits.shape[2:])
            for level, logits in zip(self.levels, outputs[0], strict=True)
        ]

    def part_towers(self) -> None:
        """Give each level weights of its own where it has norms of its own, for an engine.

        The same answers, once the norms are folded (`fold_norms`); it learns no more after that.
        """
        for name in ("class_tower", "box_tower") if self.architecture["head_norms"] else ():
            tower = getattr(self, name)
            if isinstance(tower, Tower):
                setattr(self, name, Apart(tower))

    def _start(self, norms: bool) -> None:
        """Set first weights: He et al. 2015 behind norms, small ones as the original without."""
        initialise(self.pyramid)
        see_contrast(self.body.conv1)
        for tower in (self.class_tower, self.box_tower):
            initialise(tower)
            for weight in () if norms else tower.parameters():
                if weight.ndim > 1:
                    nn.init.normal_(weight, std=WEAK)
        for last in (self.classes, self.boxes):
            nn.init.normal_(last.weight, std=WEAK)
            if last.bias is not None:
                nn.init.zeros_(last.bias)
        if self.classes.bias is not None:
            nn.init.constant_(self.classes.bias, -math.log((1 - PRIOR) / PRIOR))


def flatten(outputs: Outputs, num_shapes: int) -> tuple[Tensor, Tensor]:
    """Give logits (N, anchors, C) and raw boxes (N, anchors, 4) in the order of the anchors."""

    def rows(maps: list[Tensor]) -> Tensor:
        # (N, A * n, h, w) to (N, h * w * A, n): shapes change fastest, as in `lay_anchors`.
        parts = [
            level.reshape(level.shape[0], num_shapes, -1, *level.shape[2:])
            .permute(0, 3, 4, 1, 2)
            .flatten(1, 3)
            for level in maps
        ]
        return torch.cat(parts, dim=1).float()

    return rows(outputs[0]), rows(outputs[1])
