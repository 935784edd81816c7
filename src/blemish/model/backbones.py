"""Feature pyramids: from pixels to features at one quarter of the picture's size.

Every convolution is a plain 3 x 3 or 1 x 1 one with a channel number that vector units like
(a multiple of 16): on a CPU they run at the rate of a matrix product, which depth-wise ones
do not.
"""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ConvNorm(nn.Sequential):
    """A convolution without bias, BatchNorm, and ReLU unless it is left out."""

    def __init__(self, inner: int, outer: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inner, outer, kernel, stride, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(outer),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Give the normalised, rectified convolution of the features."""
        return F.relu(self[1](self[0](features)), inplace=True)


class Residual(nn.Module):
    """Two 3 x 3 convolutions beside an identity (He et al. 2016, the basic block)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = ConvNorm(width, width)
        self.second = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, features: Tensor) -> Tensor:
        """Give the features plus their correction, rectified."""
        return F.relu(features + self.second(self.first(features)), inplace=True)


def _stage(inner: int, outer: int, blocks: int) -> nn.Sequential:
    """Make one stage that halves the size and then refines."""
    return nn.Sequential(
        ConvNorm(inner, outer, stride=2), *(Residual(outer) for _ in range(blocks))
    )


class Pyramid(nn.Module):
    """Four stages at strides 4, 8, 16, 32, brought together top-down at stride 4.

    After Lin et al. 2017 (feature pyramid networks), with only the finest level given out.
    """

    def __init__(
        self, widths: Sequence[int], blocks: Sequence[int], pyramid: int, outer: int
    ) -> None:
        super().__init__()
        if len(widths) != 5 or len(blocks) != 4:
            raise ValueError("a pyramid needs 5 widths (stem and four stages) and 4 block counts")
        self.stem = ConvNorm(3, widths[0], stride=2)
        self.stages = nn.ModuleList(
            _stage(inner, width, number)
            for inner, width, number in zip(widths[:4], widths[1:], blocks, strict=True)
        )
        self.laterals = nn.ModuleList(nn.Conv2d(width, pyramid, 1) for width in widths[2:])
        self.smooth = ConvNorm(pyramid, pyramid)
        self.narrow = nn.Conv2d(pyramid, outer, 1)
        self.fine = nn.Conv2d(widths[1], outer, 1)

    def forward(self, pixels: Tensor) -> Tensor:
        """Give features (N, outer, H/4, W/4) of pixels (N, 3, H, W); H, W multiples of 32."""
        levels: list[Tensor] = []
        features = self.stem(pixels)
        for stage in self.stages:
            features = stage(features)
            levels.append(features)
        merged: Tensor = self.laterals[2](levels[3])
        for lateral, level in ((self.laterals[1], levels[2]), (self.laterals[0], levels[1])):
            merged = lateral(level) + _double(merged)
        # Narrowed before it is enlarged: a 1 x 1 convolution and a nearest-neighbour
        # enlargement commute, and here it is four times cheaper.
        merged = self.fine(levels[0]) + _double(self.narrow(self.smooth(merged)))
        return F.relu(merged)


def _double(features: Tensor) -> Tensor:
    return F.interpolate(features, scale_factor=2.0, mode="nearest")


def initialise(net: nn.Module) -> None:
    """Set weights for training from nothing (He et al. 2015); norms to identity."""
    for part in net.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.BatchNorm2d):
            nn.init.ones_(part.weight)
            nn.init.zeros_(part.bias)


def see_contrast(stem: nn.Module) -> None:
    """Let three in four of the first filters start blind to brightness: each channel sums to 0.

    The norm behind them divides by the spread between pictures, tens of grey levels, in which
    a mark of three is lost; without brightness it divides by that of noise and marks.
    """
    if isinstance(stem, nn.Conv2d):
        with torch.no_grad():
            some = stem.weight[: stem.out_channels * 3 // 4]
            some -= some.mean(dim=(2, 3), keepdim=True)


def num_parameters(net: nn.Module) -> int:
    """Count the trained numbers of a net."""
    return sum(parameter.numel() for parameter in net.parameters())


def fold_norms(net: nn.Module) -> nn.Module:
    """Give the net with every BatchNorm folded into the convolution before it, in place.

    Only for a net in evaluation mode, whose norms are fixed affine maps, and whose parts hold a
    norm right behind its convolution. A norm that stands elsewhere stays a fixed affine map.
    """
    for part in list(net.modules()):
        pairs = itertools.pairwise(list(part.named_children()))
        for (name, convolution), (behind, norm) in pairs:
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                folded = torch.nn.utils.fusion.fuse_conv_bn_eval(convolution, norm)
                part.register_module(name, folded)
                part.register_module(behind, nn.Identity())
    return net
