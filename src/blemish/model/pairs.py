"""Pixels read two at a time, so that an engine need not turn (H, W, 3) around.

An engine for processors computes on channels that lie together, as they do in a picture; but
told to turn a picture's axes it moves every byte, and three channels leave most of a vector empty.
Two pixels of a row are six channels without a byte moved, and a convolution of stride 2 over
pixels is, along a row, one of stride 1 over such pairs.
"""

import torch
from torch import Tensor, nn


class Planes(nn.Module):
    """Windows (N, H, W, 3) uint8 to (N, 3, H, W), not scaled.

    Where convolutions are told to take a shorter type they are in it at once, as exact there.
    """

    def forward(self, images: Tensor) -> Tensor:
        """Give the three planes."""
        kind, values = images.device.type, torch.float32
        if torch.is_autocast_enabled(kind):
            values = torch.get_autocast_dtype(kind)
        return images.permute(0, 3, 1, 2).to(values)


class Pairs(nn.Module):
    """Windows (N, H, W, 3) uint8 to (N, 6, H, W / 2): two pixels of a row in one, not scaled."""

    def forward(self, images: Tensor) -> Tensor:
        """Give the six planes."""
        number, height, width, _ = images.shape
        return images.reshape(number, height, width // 2, 6).permute(0, 3, 1, 2).float()


def pair_columns(conv: nn.Conv2d) -> nn.Sequential:
    """Give the convolution over `Pairs` that answers as ``conv`` over `Planes`.

    Raises:
        ValueError: it is not of three channels, stride 2 and an odd kernel padded by half of it.
    """
    high, wide = conv.kernel_size
    half = wide // 2
    plain = conv.in_channels == 3 and conv.groups == 1 and conv.dilation == (1, 1)
    odd = high == wide and wide % 2 == 1 and conv.padding == (half, half)
    if not (plain and odd and conv.stride == (2, 2)):
        raise ValueError(f"not of 3 channels, stride 2 and an odd kernel padded by half: {conv}")
    left, right = (half + 1) // 2, half // 2
    weight = conv.weight.new_zeros(conv.out_channels, 2, 3, high, left + 1 + right)
    for column in range(wide):
        pair, which = divmod(column - half, 2)
        weight[:, which, :, :, left + pair] = conv.weight.detach()[..., column]
    paired = nn.Conv2d(6, conv.out_channels, (high, left + 1 + right), (2, 1))
    paired.weight = nn.Parameter(weight.flatten(1, 2))
    bias = conv.weight.new_zeros(conv.out_channels) if conv.bias is None else conv.bias.detach()
    paired.bias = nn.Parameter(bias.clone())
    return nn.Sequential(nn.ZeroPad2d((left, right, half, half)), paired)
