import copy

import pytest
import torch
from torch import nn

from blemish.model.backbones import Pyramid, fold_norms
from blemish.model.centernet import build_net
from planted import TINY_NET


def lived_in(net: nn.Module) -> nn.Module:
    """Give every norm statistics and a scale of its own, as training does."""
    generator = torch.Generator().manual_seed(1)
    for part in net.modules():
        if isinstance(part, nn.BatchNorm2d):
            for tensor in (part.running_mean, part.weight.data, part.bias.data):
                assert tensor is not None
                tensor.copy_(torch.randn(tensor.shape, generator=generator))
            assert part.running_var is not None
            part.running_var.copy_(torch.rand(part.running_var.shape, generator=generator) + 0.5)
    return net.eval()


def test_folding_the_norms_changes_nothing() -> None:
    net = lived_in(build_net(TINY_NET | {"blocks": [1, 0, 1, 0]}, 1))
    folded = fold_norms(copy.deepcopy(net))
    assert not any(isinstance(part, nn.BatchNorm2d) for part in folded.modules())
    images = torch.randint(0, 256, (1, 64, 64, 3), dtype=torch.uint8)
    for ours, theirs in zip(net(images), folded(images), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-4)


def test_features_are_at_a_quarter_of_the_size() -> None:
    net = Pyramid([8, 8, 16, 16, 16], [0, 1, 0, 0], 16, 24)
    assert net(torch.zeros(1, 3, 96, 64)).shape == (1, 24, 24, 16)


def test_wrong_widths_are_named() -> None:
    with pytest.raises(ValueError, match="5 widths"):
        Pyramid([8, 8], [1, 1], 8, 8)
