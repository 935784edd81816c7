"""The ResNet bodies of He et al. 2016, as torchvision builds them, with pixels in.

Normalisation. Statistics of a batch of a few crops are noise, so a body that starts from weights
learned elsewhere keeps theirs: its norms are `FixedNorm`, whose scale and shift still learn. A
body from nothing has no statistics to keep and does not train without norms; it takes those of
its own batches (eight crops of 416 px are 1,352 places a channel even at stride 32). GroupNorm
would not mind small batches, but its statistics are those of the window that is looked at, and
an answer must not depend on the window. Either way all norms are fixed affine maps afterwards,
and are folded into the convolutions before them.
"""

from collections.abc import Mapping

import torch
import torchvision
from torch import Tensor, nn

BODIES = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
NORMS = ("batch", "fixed")

# ImageNet's mean and spread (torchvision's convention), in grey levels. Pixels are shifted by the
# mean to the nearest whole level and divided by a power of two, both exact in bfloat16: its eight
# bits would take a third of a level from pixels that are normalised the usual way. The rest of
# the scale goes into the first kernel when weights are taken; the rest of the shift, a third of a
# level at most, is left out.
MEAN = (124.0, 116.0, 104.0)
SPREAD = (0.229 * 255, 0.224 * 255, 0.225 * 255)
UNIT = 64.0


class FixedNorm(nn.BatchNorm2d):
    """A BatchNorm that keeps the statistics it was given, while training too."""

    def train(self, mode: bool = True) -> "FixedNorm":
        """Stay in evaluation mode."""
        return super().train(False)


class Body(nn.Module):
    """A ResNet without its classifier; parameters are named as torchvision names them."""

    mean: Tensor

    def __init__(self, backbone: str, norms: str) -> None:
        super().__init__()
        if backbone not in BODIES:
            raise ValueError(f"no backbone {backbone!r}: choose one of {', '.join(BODIES)}")
        if norms not in NORMS:
            raise ValueError(f"norms are {' or '.join(NORMS)}, not {norms!r}")
        # A residual starts as nothing (Goyal et al. 2017): without it a body from nothing begins
        # with outputs that grow from block to block.
        whole = getattr(torchvision.models, backbone)(
            weights=None,
            norm_layer=FixedNorm if norms == "fixed" else nn.BatchNorm2d,
            zero_init_residual=norms == "batch",
        )
        self.register_buffer("mean", torch.tensor(MEAN).reshape(3, 1, 1), persistent=False)
        self.conv1, self.bn1 = whole.conv1, whole.bn1
        self.relu, self.maxpool = whole.relu, whole.maxpool
        self.layer1, self.layer2 = whole.layer1, whole.layer2
        self.layer3, self.layer4 = whole.layer3, whole.layer4
        self.widths = [width * whole.fc.in_features // 512 for width in (64, 128, 256, 512)]

    def forward(self, images: Tensor) -> list[Tensor]:
        """Give C2, C3, C4, C5: features at strides 4, 8, 16, 32.

        Args:
            images: (N, H, W, 3) uint8 RGB; H and W multiples of 32.
        """
        pixels = (images.float().permute(0, 3, 1, 2) - self.mean) / UNIT
        features = self.maxpool(self.relu(self.bn1(self.conv1(pixels))))
        levels: list[Tensor] = []
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            features = layer(features)
            levels.append(features)
        return levels


def take_body(body: Body, weights: Mapping[str, Tensor]) -> None:
    """Put the state dict of a torchvision classifier of the same depth into a body, in place.

    Raises:
        ValueError: a tensor is missing, or has another shape; nothing was changed.
    """
    taken = {}
    for name, mine in body.state_dict().items():
        theirs = weights.get(name)
        if theirs is None and name.endswith("num_batches_tracked"):
            theirs = mine  # older files do not have it
        if theirs is None:
            raise ValueError(f"they lack {name}: give those of a torchvision ResNet classifier")
        if theirs.shape != mine.shape:
            raise ValueError(
                f"{name} has shape {tuple(theirs.shape)}, not {tuple(mine.shape)}: "
                "give those of the same backbone"
            )
        taken[name] = theirs
    scale = UNIT / torch.tensor(SPREAD).reshape(1, 3, 1, 1)
    taken["conv1.weight"] = taken["conv1.weight"].float() * scale
    body.load_state_dict(taken)
