"""Which anchors a box asks for: by overlap, by its neighbourhood's statistics, or by the answers.

A claim looks at one crop's boxes and gives how much each box wants each anchor, 0 where it does
not; an anchor asked for by several goes to the one that wants it most.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from blemish.model.overlap import all_iou

POSITIVE, NEGATIVE = 0.5, 0.4  # IoU; in between an anchor is neither (Lin et al. 2017)
NEAREST = 9  # cells a level that ATSS looks at
CHOSEN = 13  # anchors a box that TOOD takes
SCORE_POWER, IOU_POWER = 1.0, 6.0  # of TOOD's alignment


@dataclass(frozen=True)
class Sight:
    """What may be looked at to assign the anchors of one crop.

    Attributes:
        anchors: (A, 4) float32 xyxy px, the finest level first.
        counts: anchors of each level.
        num_shapes: anchors a cell.
        found: (A, 4) float32 xyxy px, the boxes that the net says now.
        scores: (A, C) float32, how sure it is of each class.
    """

    anchors: Tensor
    counts: tuple[int, ...]
    num_shapes: int
    found: Tensor
    scores: Tensor


Claims = tuple[Tensor, Tensor]  # wanted (M, A) float32 >= 0, neutral (A,) bool


def claim_overlapping(sight: Sight, boxes: Tensor, labels: Tensor) -> Claims:
    """Claim anchors with an IoU of at least 0.5; those above 0.4 are not background either."""
    iou = all_iou(boxes, sight.anchors)
    return torch.where(iou >= POSITIVE, iou, 0.0), (iou > NEGATIVE).any(dim=0)


def claim_atss(sight: Sight, boxes: Tensor, labels: Tensor) -> Claims:
    """Claim by Zhang et al. 2020 (ATSS, arXiv 1912.02424).

    Of the nine nearest cells of each level those anchors whose centre lies in the box and whose
    IoU is at least the mean plus the standard deviation of all these.
    """
    centres = _centres(sight.anchors)
    near: list[Tensor] = []
    start = 0
    for count in sight.counts:
        # Not by way of a matrix product, whose rounding would choose among cells equally near.
        apart = torch.cdist(
            _centres(boxes),
            centres[start : start + count],
            compute_mode="donot_use_mm_for_euclid_dist",
        )
        nearest = apart.topk(min(NEAREST * sight.num_shapes, count), dim=1, largest=False)
        near.append(nearest.indices + start)
        start += count
    places = torch.cat(near, dim=1)
    iou = all_iou(boxes, sight.anchors)
    some = iou.gather(1, places)
    least = some.mean(dim=1, keepdim=True) + some.std(dim=1, keepdim=True)
    inside = _holds(boxes, centres).gather(1, places)
    wanted = torch.where((some >= least) & inside, some, 0.0)
    return torch.zeros_like(iou).scatter_(1, places, wanted), _none(iou)


def claim_aligned(sight: Sight, boxes: Tensor, labels: Tensor) -> Claims:
    """Claim by Feng et al. 2021 (TOOD, arXiv 2108.07755).

    Of the anchors whose centre lies in the box the 13 whose answers are best, in score and box
    together; of two boxes the one whose place is told better has an anchor.
    """
    iou = all_iou(boxes, sight.found)
    aligned = alignment(sight.scores[:, labels].T, iou) * _holds(boxes, _centres(sight.anchors))
    chosen = aligned.topk(min(CHOSEN, aligned.shape[1]), dim=1)
    wanted = torch.where(chosen.values > 0, iou.gather(1, chosen.indices), 0.0)
    return torch.zeros_like(iou).scatter_(1, chosen.indices, wanted), _none(iou)


def alignment(score: Tensor, iou: Tensor) -> Tensor:
    """Give how good an answer is for a box, in score and place together (Feng et al. 2021)."""
    return score**SCORE_POWER * iou**IOU_POWER


def _centres(boxes: Tensor) -> Tensor:
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def _holds(boxes: Tensor, points: Tensor) -> Tensor:
    """Say which points (A, 2) lie in which boxes (M, 4), shape (M, A)."""
    within = (points >= boxes[:, None, :2]) & (points < boxes[:, None, 2:])
    return within.all(dim=2)


def _none(pairs: Tensor) -> Tensor:
    return torch.zeros(pairs.shape[1], dtype=torch.bool, device=pairs.device)
