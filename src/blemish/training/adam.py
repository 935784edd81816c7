"""How the original's weights move: Adam as Keras 2.3 computes it.

Its small number is added to the root of the second moment as it stands; torch takes the bias of
the first steps out before that. With gradients clipped to a norm of 0.001 over millions of
weights most are no larger than that number, so the difference is not small.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from blemish.model.resnet import FixedNorm

BETAS, EPSILON = (0.9, 0.999), 1e-7


class KerasAdam:
    """Adam for all weights but those of fixed norms, which the original leaves as they came."""

    def __init__(self, net: nn.Module, decay: float) -> None:
        net.to(memory_format=torch.channels_last)
        for part in net.modules():
            if isinstance(part, FixedNorm):
                part.requires_grad_(False)
        moved = [parameter for parameter in net.parameters() if parameter.requires_grad]
        self.adam = torch.optim.Adam(moved, betas=BETAS, eps=EPSILON, weight_decay=decay)

    def zero_grad(self) -> None:
        """Forget the gradients."""
        self.adam.zero_grad(set_to_none=True)

    def step(self, rate: float) -> None:
        """Move all weights along their gradients at a learning rate."""
        taken = max((int(one["step"]) for one in self.adam.state.values()), default=0)
        for group in self.adam.param_groups:
            group["lr"] = rate
            group["eps"] = EPSILON / (1 - BETAS[1] ** (taken + 1)) ** 0.5
        self.adam.step()

    def state_dict(self) -> dict[str, Any]:
        """Give all that a resumed run needs."""
        return {"adam": self.adam.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.adam.load_state_dict(state["adam"])
