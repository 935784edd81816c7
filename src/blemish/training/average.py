"""A running average of the net: calmer than the net itself, and what is validated and kept."""

import copy

import torch

from blemish.model.nets import Detector


class Average:
    """The exponential average of a net's weights and of its norms' statistics."""

    def __init__(self, net: Detector, decay: float) -> None:
        self.net = copy.deepcopy(net).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, net: Detector, step: int) -> None:
        """Move towards the net; the first steps move far, or the start would linger."""
        decay = min(self.decay, (1 + step) / (10 + step))
        mine, theirs = self.net.state_dict(), net.state_dict()
        names = [name for name, value in mine.items() if value.is_floating_point()]
        torch._foreach_lerp_([mine[n] for n in names], [theirs[n] for n in names], 1 - decay)
