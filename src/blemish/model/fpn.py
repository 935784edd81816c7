"""A feature pyramid with the levels that the data asks for (Lin et al. 2017, arXiv 1612.03144)."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from blemish.model.backbones import ConvNorm

FINEST, COARSEST_OF_BODY, COARSEST = 2, 5, 7  # level l has stride 2 ** l


def check_levels(levels: Sequence[int]) -> list[int]:
    """Give the levels if they are neighbours in rising order from 2 to 7.

    Raises:
        ValueError: they are not, or the finest is none of the body's.
    """
    first, last = (levels[0], levels[-1]) if levels else (0, 0)
    good = FINEST <= first <= COARSEST_OF_BODY and last <= COARSEST
    if not good or list(levels) != list(range(first, last + 1)):
        raise ValueError(
            f"levels {list(levels)} cannot be built: give neighbours in rising order, "
            f"from {FINEST} to {COARSEST}, the first at most {COARSEST_OF_BODY}"
        )
    return list(levels)


def stride_of(levels: Sequence[int]) -> int:
    """Give the pixels that windows must start on, and be multiples of, to see the same cells."""
    return int(2 ** max(COARSEST_OF_BODY, *levels))


def _conv(inner: int, outer: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inner, outer, kernel, stride, padding=kernel // 2)


class FeaturePyramid(nn.Module):
    """Brings a body's C2 to C5 together from the top down.

    Levels above 5 are halved from C5 by strided convolutions (Lin et al. 2017, arXiv 1708.02002);
    context comes down from C5 even where the coarsest level that is asked for is finer.
    """

    def __init__(self, inner: Sequence[int], width: int, levels: Sequence[int], norms: bool):
        super().__init__()
        self.levels = check_levels(levels)
        self.first = self.levels[0]
        used = inner[self.first - FINEST :]
        self.laterals = nn.ModuleList(_conv(number, width, 1) for number in used)
        within = [level for level in self.levels if level <= COARSEST_OF_BODY]
        make = ConvNorm if norms else lambda inner, outer: _conv(inner, outer, 3)
        self.smooths = nn.ModuleList(make(width, width) for _ in within)
        beyond = len(self.levels) - len(within)
        self.halvings = nn.ModuleList(
            _conv(inner[-1] if place == 0 else width, width, 3, 2) for place in range(beyond)
        )

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Give one map (N, width, H / 2**l, W / 2**l) a level l, the finest first."""
        used = features[self.first - FINEST :]
        merged: list[Tensor] = [self.laterals[-1](used[-1])]
        for lateral, level in zip(self.laterals[-2::-1], used[-2::-1], strict=True):
            doubled = F.interpolate(merged[0], scale_factor=2.0, mode="nearest")
            merged.insert(0, lateral(level) + doubled)
        maps = [smooth(level) for smooth, level in zip(self.smooths, merged, strict=False)]
        above = features[-1]
        for place, halving in enumerate(self.halvings):
            above = halving(above if place == 0 else F.relu(above))
            maps.append(above)
        return maps
