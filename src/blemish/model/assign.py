"""Which cell answers for which box.

Each positive box lights a Gaussian around the cell that holds its centre (Zhou et al. 2019,
Objects as Points; wide and high as the box, as in Liu et al. 2020, TTFNet). That cell's
target is exactly 1 whatever the box's size, so no box, however small, is left to the
background.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from blemish.model.centernet import CELL

SPREAD = 0.12  # standard deviation of the Gaussian over the box's side
LEAST_SPREAD = 0.7  # cells; smaller, and the cells beside the centre would be background
REGION = 0.3  # cells with a target from here on answer for the box's sides


@dataclass(frozen=True)
class Targets:
    """What the net should say for a batch of N crops of h x w cells.

    Attributes:
        heat: (N, C, h, w) float32 in [0, 1], 1 at the cell of each box's centre.
        care: (N, C, h, w) float32, 0 where background is not to be learned, otherwise 1.
        boxes: (N, h, w, 4) float32 px, the box that each cell answers for.
        shares: (N, h, w) float32, the weight of each cell's sides; a box's cells sum to 1.
        num_boxes: positive boxes in the batch.
    """

    heat: Tensor
    care: Tensor
    boxes: Tensor
    shares: Tensor
    num_boxes: int


@dataclass(frozen=True)
class Truth:
    """The boxes of one crop, px within the crop.

    Attributes:
        boxes: (N, 4) float32 xyxy, centres within the crop.
        labels: (N,) int64.
        ignored: (M, 4) float32 xyxy, areas that teach neither defect nor background.
    """

    boxes: Tensor
    labels: Tensor
    ignored: Tensor


def assign(truths: list[Truth], num_classes: int, height: int, width: int) -> Targets:
    """Give the targets of a batch of crops of ``height`` x ``width`` cells."""
    parts = [assign_one(truth, num_classes, height, width) for truth in truths]
    return Targets(
        heat=torch.stack([part.heat for part in parts]),
        care=torch.stack([part.care for part in parts]),
        boxes=torch.stack([part.boxes for part in parts]),
        shares=torch.stack([part.shares for part in parts]),
        num_boxes=sum(part.num_boxes for part in parts),
    )


def assign_one(truth: Truth, num_classes: int, height: int, width: int) -> Targets:
    """Give the targets of one crop, shaped as `Targets` without N."""
    device = truth.boxes.device
    heat = torch.zeros(num_classes, height, width, device=device)
    care = _outside(truth.ignored, height, width).expand(num_classes, -1, -1).clone()
    boxes = torch.zeros(height, width, 4, device=device)
    shares = torch.zeros(height, width, device=device)
    number = len(truth.boxes)
    if number == 0:
        return Targets(heat, care, boxes, shares, 0)
    bumps = _gaussians(truth.boxes, height, width)
    for bump, label in zip(bumps, truth.labels.tolist(), strict=True):
        torch.maximum(heat[label], bump, out=heat[label])
        care[label][bump >= REGION] = 1
    best, owner = bumps.max(dim=0)
    mine = torch.where(best >= REGION, best, 0)
    sums = torch.zeros(number, device=device).index_add_(0, owner.flatten(), mine.flatten())
    shares = mine / sums.clamp(min=1e-6)[owner]
    return Targets(heat, care, truth.boxes[owner], shares, number)


def _gaussians(boxes: Tensor, height: int, width: int) -> Tensor:
    """Give one bump a box, shape (N, h, w), exactly 1 at the cell of the box's centre."""
    x = ((boxes[:, 0] + boxes[:, 2]) / (2 * CELL)).floor().clamp(0, width - 1)
    y = ((boxes[:, 1] + boxes[:, 3]) / (2 * CELL)).floor().clamp(0, height - 1)
    spread = ((boxes[:, 2:] - boxes[:, :2]) * (SPREAD / CELL)).clamp(min=LEAST_SPREAD)
    columns = torch.arange(width, device=boxes.device)
    rows = torch.arange(height, device=boxes.device)
    along = torch.exp(-(((columns - x[:, None]) / spread[:, :1]) ** 2) / 2)
    down = torch.exp(-(((rows - y[:, None]) / spread[:, 1:]) ** 2) / 2)
    return down[:, :, None] * along[:, None, :]


def _outside(ignored: Tensor, height: int, width: int) -> Tensor:
    """Give 1 for each cell whose centre lies in no ignored area, 0 for the others, (h, w)."""
    if len(ignored) == 0:
        return torch.ones(height, width, device=ignored.device)
    x = (torch.arange(width, device=ignored.device) + 0.5) * CELL
    y = (torch.arange(height, device=ignored.device) + 0.5) * CELL
    along = (x >= ignored[:, :1]) & (x < ignored[:, 2:3])
    down = (y >= ignored[:, 1:2]) & (y < ignored[:, 3:])
    return 1.0 - (down[:, :, None] & along[:, None, :]).any(dim=0).float()
