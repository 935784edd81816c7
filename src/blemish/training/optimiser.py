"""How weights move: Muon for the hidden convolutions, AdamW for everything else.

Muon (Jordan et al. 2024) takes the step of a weight matrix with all its singular values made equal,
so that rare directions, such as those of faint marks, are learned as fast as common ones; its
length is matched to AdamW's (Liu et al. 2025, arXiv 2502.16982). Kernels are taken as matrices of
(outputs, height x width x inputs).
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from blemish.training.muon import Muon

# The nets' answers: few outputs, for which Muon is not meant.
LAST = ("heat", "sides", "classes", "boxes")


class Optimiser:
    """Muon and AdamW as one; its state survives a checkpoint."""

    def __init__(self, net: nn.Module, decay: float) -> None:
        net.to(memory_format=torch.channels_last)  # before the flat views are taken
        hidden = [
            n for n, p in net.named_parameters() if p.ndim > 1 and n.split(".")[0] not in LAST
        ]
        self.kernels = [net.get_parameter(name) for name in hidden]
        self.flat = [nn.Parameter(_flat(kernel.detach())) for kernel in self.kernels]
        others = [p for n, p in net.named_parameters() if n not in set(hidden)]
        self.muon = Muon(self.flat, decay)
        self.adamw = torch.optim.AdamW(
            [
                {"params": [p for p in others if p.ndim > 1], "weight_decay": decay},
                {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0.0},
            ]
        )

    def zero_grad(self) -> None:
        """Forget the gradients."""
        self.adamw.zero_grad(set_to_none=True)
        for kernel in self.kernels:
            kernel.grad = None

    def step(self, rate: float) -> None:
        """Move all weights along their gradients at a learning rate that fits both."""
        for flat, kernel in zip(self.flat, self.kernels, strict=True):
            flat.grad = None if kernel.grad is None else _flat(kernel.grad)
        for optimiser in (self.muon, self.adamw):
            for group in optimiser.param_groups:
                group["lr"] = rate
            optimiser.step()

    def state_dict(self) -> dict[str, Any]:
        """Give all that a resumed run needs."""
        return {"muon": self.muon.state_dict(), "adamw": self.adamw.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.muon.load_state_dict(state["muon"])
        self.adamw.load_state_dict(state["adamw"])


def _flat(kernel: Tensor) -> Tensor:
    """Give a kernel (O, I, h, w), channels last, as a matrix (O, h * w * I) that shares it."""
    return kernel.to(memory_format=torch.channels_last).permute(0, 2, 3, 1).flatten(1)
