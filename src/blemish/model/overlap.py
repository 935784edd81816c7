"""How much each of many boxes overlaps each of many others."""

import torch
from torch import Tensor

LEAST_AREA = 1e-6  # px²; keeps empty boxes from a division by nothing


def all_iou(first: Tensor, second: Tensor) -> Tensor:
    """Give the IoU of every pair of boxes (N, 4) and (M, 4), shape (N, M); 0 for empty boxes."""
    low = torch.maximum(first[:, None, :2], second[:, :2])
    high = torch.minimum(first[:, None, 2:], second[:, 2:])
    shared = _area(low, high)
    union = _area(first[:, :2], first[:, 2:])[:, None] + _area(second[:, :2], second[:, 2:])
    return shared / (union - shared).clamp(min=LEAST_AREA)


def paired_iou(first: Tensor, second: Tensor) -> Tensor:
    """Give the IoU of each pair of boxes (N, 4), shape (N,); 0 for empty boxes."""
    low = torch.maximum(first[:, :2], second[:, :2])
    high = torch.minimum(first[:, 2:], second[:, 2:])
    shared = _area(low, high)
    union = _area(first[:, :2], first[:, 2:]) + _area(second[:, :2], second[:, 2:]) - shared
    return shared / union.clamp(min=LEAST_AREA)


def all_diou(first: Tensor, second: Tensor) -> Tensor:
    """Give IoU less the squared distance of centres over the squared diagonal of the hull.

    After Zheng et al. 2020 (Distance-IoU, arXiv 1911.08287): it also orders boxes that do not
    meet, by how far they are apart. Shape (N, M), in [-1, 1].
    """
    low = torch.minimum(first[:, None, :2], second[:, :2])
    high = torch.maximum(first[:, None, 2:], second[:, 2:])
    diagonal = ((high - low) ** 2).sum(dim=2)
    apart = (first[:, :2] + first[:, 2:])[:, None] - (second[:, :2] + second[:, 2:])
    return all_iou(first, second) - (apart / 2).square().sum(dim=2) / diagonal.clamp(min=LEAST_AREA)


def _area(low: Tensor, high: Tensor) -> Tensor:
    return (high - low).clamp(min=0).prod(dim=-1)
