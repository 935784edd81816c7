"""How wrong the net is: on the heat map, and on the sides."""

import torch
from torch import Tensor
from torch.nn import functional as F

from blemish.model.assign import Targets
from blemish.model.centernet import cell_centres, sides_to_boxes

BOX_WEIGHT = 2.0


def heat_loss(heat: Tensor, targets: Targets) -> Tensor:
    """Give the penalty-reduced focal loss (Zhou et al. 2019, equation 1) a positive box.

    Args:
        heat: (N, C, h, w) float32 logits.
        targets: those of the same batch; a batch without boxes counts as one of one box.
    """
    positive = (targets.heat == 1).float()
    score = heat.sigmoid()
    found = positive * (1 - score) ** 2 * F.logsigmoid(heat)
    rest = targets.care * (1 - targets.heat) ** 4 * score**2 * F.logsigmoid(-heat)
    return -(found + rest).sum() / max(targets.num_boxes, 1)


def side_loss(sides: Tensor, targets: Targets) -> Tensor:
    """Give the mean over boxes of 1 - GIoU (Rezatofighi et al. 2019), 0 without boxes.

    Args:
        sides: (N, 4, h, w) float32 raw sides.
        targets: those of the same batch.
    """
    chosen = targets.shares > 0
    height, width = chosen.shape[1:]
    centres = cell_centres(height, width, sides.device).expand(len(chosen), -1, -1)[
        chosen.flatten(1)
    ]
    boxes = sides_to_boxes(centres, sides.permute(0, 2, 3, 1)[chosen])
    losses = 1 - paired_giou(boxes, targets.boxes[chosen])
    return (losses * targets.shares[chosen]).sum() / max(targets.num_boxes, 1)


def paired_giou(first: Tensor, second: Tensor) -> Tensor:
    """Give the generalised IoU of each pair of boxes (N, 4), shape (N,), in (-1, 1]."""
    shared = _area(
        torch.maximum(first[:, :2], second[:, :2]), torch.minimum(first[:, 2:], second[:, 2:])
    )
    hull = _area(
        torch.minimum(first[:, :2], second[:, :2]), torch.maximum(first[:, 2:], second[:, 2:])
    )
    union = _area(first[:, :2], first[:, 2:]) + _area(second[:, :2], second[:, 2:]) - shared
    return shared / union.clamp(min=1e-6) - (hull - union) / hull.clamp(min=1e-6)


def _area(low: Tensor, high: Tensor) -> Tensor:
    return (high - low).clamp(min=0).prod(dim=1)


def losses_of(heat: Tensor, sides: Tensor, targets: Targets) -> dict[str, Tensor]:
    """Give the parts of the loss and their weighted sum ``loss``, in float32."""
    parts = {
        "classification": heat_loss(heat.float(), targets),
        "regression": side_loss(sides.float(), targets),
    }
    return parts | {"loss": parts["classification"] + BOX_WEIGHT * parts["regression"]}
