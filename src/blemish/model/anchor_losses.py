"""How wrong the anchors are: on classes, and on boxes."""

import torch
from torch import Tensor
from torch.nn import functional as F

from blemish.model.anchor_assign import ASSIGNERS, Assigned, Assigner, assign_anchors
from blemish.model.assign import Truth
from blemish.model.claims import Sight
from blemish.model.losses import BOX_WEIGHT, paired_giou
from blemish.model.retinanet import Outputs, RetinaNet, flatten

SIGMA_SQUARED = 9.0  # of keras-retinanet's smooth L1


def anchor_losses(
    net: RetinaNet, outputs: Outputs, truths: list[Truth], assigner: Assigner | None = None
) -> dict[str, Tensor]:
    """Give ``classification``, ``regression`` and their weighted sum ``loss``, in float32.

    Args:
        net: says the anchors, how boxes are said and, unless ``assigner`` does, who answers.
        outputs: of the net for N crops, in any precision.
        truths: what is in each crop; no boxes at all count as one.
        assigner: another than the net's own, such as `atss` for the first steps of `aligned`.
    """
    assigner = assigner or ASSIGNERS[net.architecture["assign"]]
    logits, raw = flatten(outputs, net.num_shapes)
    levels = net.anchors_of(outputs)
    anchors = torch.cat(levels)
    counts = tuple(len(level) for level in levels)
    truths = [_moved(truth, anchors.device) for truth in truths]
    found = [net.code.decode(anchors, one.detach()) if assigner.aligned else anchors for one in raw]
    sights = [
        Sight(anchors, counts, net.num_shapes, boxes, one.detach().sigmoid())
        for boxes, one in zip(found, logits, strict=True)
    ]
    targets = [assign_anchors(assigner, *pair) for pair in zip(sights, truths, strict=True)]
    total = torch.stack([target.quality.sum() for target in targets]).sum().clamp(min=1)
    classes = class_loss(logits, targets, truths, assigner.balance) / total
    boxes = box_loss(net, raw, anchors, targets, truths) / total
    # The original adds its two parts as they are; GIoU is at most 2 and counts twice.
    weight = BOX_WEIGHT if net.architecture["code"] == "deltas" else 1.0
    parts = {"classification": classes, "regression": boxes}
    return parts | {"loss": classes + weight * boxes}


def _moved(truth: Truth, device: torch.device) -> Truth:
    return Truth(truth.boxes.to(device), truth.labels.to(device), truth.ignored.to(device))


def class_loss(
    logits: Tensor, targets: list[Assigned], truths: list[Truth], balance: float
) -> Tensor:
    """Give the sum of the focal loss (Lin et al. 2017) over anchors that teach.

    Scores that should lie between 0 and 1 are asked for by its continuous form (Li et al. 2020,
    generalized focal loss, arXiv 2006.04388), which at 0 and 1 is the same.

    Args:
        logits: (N, A, C) float32.
        targets: of each of the N crops.
        truths: what is in each.
        balance: weight of marks, its rest that of background.
    """
    wanted = torch.zeros_like(logits)
    for rows, target, truth in zip(wanted, targets, truths, strict=True):
        places = (target.owner >= 0).nonzero().flatten()
        rows[places, truth.labels[target.owner[places]]] = target.quality[places]
    care = torch.stack([target.care for target in targets]).unsqueeze(2)
    cross = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    weight = torch.where(wanted > 0, balance, 1 - balance) * care
    return (weight * (wanted - logits.sigmoid()) ** 2 * cross).sum()


def box_loss(
    net: RetinaNet, raw: Tensor, anchors: Tensor, targets: list[Assigned], truths: list[Truth]
) -> Tensor:
    """Give the sum over positives of 1 - GIoU, or the original's smooth L1 for its own code.

    Args:
        net: how boxes are said.
        raw: (N, A, 4) float32.
        anchors: (A, 4) xyxy px.
        targets: of each of the N crops.
        truths: what is in each.
    """
    owners = torch.stack([target.owner for target in targets])
    crop, place = (owners >= 0).nonzero(as_tuple=True)
    # In the order of crops, as the rows above.
    wanted = torch.cat([one.boxes[row[row >= 0]] for one, row in zip(truths, owners, strict=True)])
    said, around = raw[crop, place], anchors[place]
    if net.architecture["code"] == "corners":
        return smooth_l1(said, net.code.encode(around, wanted))
    quality = torch.stack([target.quality for target in targets])[crop, place]
    return ((1 - paired_giou(net.code.decode(around, said), wanted)) * quality).sum()


def smooth_l1(said: Tensor, wanted: Tensor) -> Tensor:
    """Give the summed smooth L1 of keras-retinanet 0.5.1, quadratic below 1 / 9."""
    off = (said - wanted).abs()
    near = off < 1 / SIGMA_SQUARED
    return torch.where(near, off**2 * SIGMA_SQUARED / 2, off - 0.5 / SIGMA_SQUARED).sum()
