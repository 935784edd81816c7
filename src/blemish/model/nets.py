"""The nets that can be trained: one line each for how it is built and how wrong it is."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from blemish.model.anchor_losses import anchor_losses
from blemish.model.assign import Truth, assign
from blemish.model.centernet import CenterNet
from blemish.model.losses import losses_of as heat_losses
from blemish.model.retinanet import RetinaNet

Detector = CenterNet | RetinaNet


def point_losses(net: CenterNet, outputs: Any, truths: list[Truth]) -> dict[str, Tensor]:
    """Give the parts of the point head's loss and their weighted sum ``loss``."""
    heat, sides = outputs
    return heat_losses(heat, sides, assign(truths, *heat.shape[1:]))


BUILDERS: Mapping[str, Callable[[Mapping[str, Any], int], Detector]] = {
    "centernet": CenterNet,
    "retinanet": RetinaNet,
}
LOSSES: Mapping[type, Callable[[Any, Any, list[Truth]], dict[str, Tensor]]] = {
    CenterNet: point_losses,
    RetinaNet: anchor_losses,
}


def build_net(net: Mapping[str, Any], num_classes: int) -> Detector:
    """Make the net that an architecture dict describes.

    Raises:
        ValueError: it is of no kind that is known, or cannot be built so.
    """
    kind = str(net.get("kind"))
    if kind not in BUILDERS:
        raise ValueError(f"no net of kind {kind!r}: {' or '.join(map(repr, BUILDERS))} is known")
    return BUILDERS[kind](net, num_classes)


def losses_of(net: Detector, outputs: Any, truths: list[Truth]) -> dict[str, Tensor]:
    """Give the parts of a net's loss on a batch of crops and their sum ``loss``, in float32."""
    return LOSSES[type(net)](net, outputs, truths)
