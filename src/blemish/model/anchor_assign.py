"""Which anchor answers for which box; no box is left to the background.

Before any claim counts, every box is given one anchor of its own, the nearest in place and shape
that no other box needs more (`pin_anchors`). So each has a positive however small it is, however
badly the anchors fit, and however crowded: also where two boxes are the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from blemish.model.assign import Truth
from blemish.model.claims import (
    NEGATIVE,
    Claims,
    Sight,
    alignment,
    claim_aligned,
    claim_atss,
    claim_overlapping,
)
from blemish.model.overlap import all_diou, all_iou, paired_iou

MAX_PAIRS = 2**23  # boxes times anchors looked at at once: 32 MB an array
LEAST_QUALITY = 0.1  # of a pinned anchor: where the net finds nothing yet it must be told more


@dataclass(frozen=True)
class Assigned:
    """What the anchors of one crop should say.

    Attributes:
        owner: (A,) int64, the box that each anchor answers for, -1 for none.
        quality: (A,) float32, the score an anchor should give its class; 0 for background.
        care: (A,) bool, False where background is not to be learned.
    """

    owner: Tensor
    quality: Tensor
    care: Tensor


@dataclass(frozen=True)
class Assigner:
    """A way to assign anchors.

    Attributes:
        claim: which anchors each box asks for.
        pinned: whether every box has an anchor of its own whatever it asks for.
        aligned: whether an anchor's score should be as good as its answer, or 1.
        balance: weight of marks against background, alpha of Lin et al. 2017; with scores that
            follow the answers both count the same (Feng et al. 2021).
    """

    claim: Callable[[Sight, Tensor, Tensor], Claims]
    pinned: bool = True
    aligned: bool = False
    balance: float = 0.25


ASSIGNERS: Mapping[str, Assigner] = {
    "classic": Assigner(claim_overlapping, pinned=False),  # keras-retinanet: the rest is lost
    "best": Assigner(claim_overlapping),
    "atss": Assigner(claim_atss),
    "aligned": Assigner(claim_aligned, aligned=True, balance=0.5),
}


def assign_anchors(assigner: Assigner, sight: Sight, truth: Truth) -> Assigned:
    """Give the targets of one crop.

    Raises:
        ValueError: there are more boxes than anchors.
    """
    owner, neutral = _settle(assigner, sight, truth)
    pins = owner[:0]
    if assigner.pinned:
        pins = pin_anchors(sight.anchors, truth.boxes)
        owner[pins] = torch.arange(len(pins), device=owner.device)
    positive = owner >= 0
    quality = positive.float()
    if assigner.aligned and len(truth.boxes) > 0:
        quality[positive] = _qualities(sight, truth, positive, owner[positive])
        quality[pins] = quality[pins].clamp(min=LEAST_QUALITY)
    care = positive | ~(neutral | _within(truth.ignored, sight.anchors))
    return Assigned(owner, quality, care)


def _settle(assigner: Assigner, sight: Sight, truth: Truth) -> tuple[Tensor, Tensor]:
    """Give each anchor to the box that wants it most, (A,), and say which are neutral, (A,)."""
    number = len(sight.anchors)
    most = sight.anchors.new_zeros(number)
    owner = torch.full_like(most, -1, dtype=torch.int64)
    neutral = torch.zeros_like(owner, dtype=torch.bool)
    step = max(MAX_PAIRS // number, 1)
    for start in range(0, len(truth.boxes), step):
        part = slice(start, start + step)
        wanted, beside = assigner.claim(sight, truth.boxes[part], truth.labels[part])
        value, place = wanted.max(dim=0)
        owner = torch.where(value > most, place + start, owner)
        most, neutral = torch.maximum(value, most), neutral | beside
    return owner, neutral


def pin_anchors(anchors: Tensor, boxes: Tensor) -> Tensor:
    """Give each box (M, 4) an anchor of its own, shape (M,), all different.

    Each asks for its best anchor in place and shape; where several ask for one, the one it suits
    best has it and the others ask for their next. As many anchors as there are boxes are looked
    at for each, so none runs out.

    Raises:
        ValueError: there are more boxes than anchors.
    """
    number = len(boxes)
    if number > len(anchors):
        raise ValueError(f"{number} boxes cannot share {len(anchors)} anchors: use a larger crop")
    pins = torch.full((number,), -1, dtype=torch.int64, device=anchors.device)
    if number == 0:
        return pins
    worth, place = _best_anchors(anchors, boxes)
    free = torch.ones(len(anchors), dtype=torch.bool, device=anchors.device)
    while len(left := (pins < 0).nonzero().flatten()):
        first = free[place[left]].int().argmax(dim=1)
        left, asked = _best_bidders(worth[left, first], place[left, first], left)
        pins[left] = asked
        free[asked] = False
    return pins


def _best_anchors(anchors: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Give the worth (M, M) and the place of each box's M best anchors, best first."""
    step = max(MAX_PAIRS // len(anchors), 1)
    parts = [
        all_diou(boxes[start : start + step], anchors).topk(len(boxes), dim=1)
        for start in range(0, len(boxes), step)
    ]
    return torch.cat([p.values for p in parts]), torch.cat([p.indices for p in parts])


def _best_bidders(worth: Tensor, asked: Tensor, who: Tensor) -> tuple[Tensor, Tensor]:
    """Give those of ``who`` that win what they ask for, and what that is; all (N,)."""
    order = worth.argsort(descending=True, stable=True)
    who, asked = who[order], asked[order]
    rank = torch.arange(len(order), device=order.device)
    first = torch.full((int(asked.max()) + 1,), len(order), device=order.device)
    won = first.scatter_reduce_(0, asked, rank, "amin")[asked] == rank
    return who[won], asked[won]


def _qualities(sight: Sight, truth: Truth, positive: Tensor, owner: Tensor) -> Tensor:
    """Give the scores that positives should have (Feng et al. 2021, section 3.3), shape (P,).

    How well an answer is aligned, scaled so that the best of a box is at its best IoU.
    """
    iou = paired_iou(sight.found[positive], truth.boxes[owner])
    score = sight.scores[positive].gather(1, truth.labels[owner][:, None])[:, 0]
    aligned = alignment(score, iou)
    best, best_iou = (
        torch.zeros(len(truth.boxes), device=iou.device).scatter_reduce_(0, owner, value, "amax")
        for value in (aligned, iou)
    )
    return aligned / best[owner].clamp(min=torch.finfo().tiny) * best_iou[owner]


def _within(ignored: Tensor, anchors: Tensor) -> Tensor:
    """Say which anchors stand in an ignored area or look like one, shape (A,)."""
    if len(ignored) == 0:
        return torch.zeros(len(anchors), dtype=torch.bool, device=anchors.device)
    centres = ((anchors[:, :2] + anchors[:, 2:]) / 2)[:, None]
    inside = ((centres >= ignored[:, :2]) & (centres < ignored[:, 2:])).all(dim=2)
    return (inside | (all_iou(anchors, ignored) > NEGATIVE)).any(dim=1)
