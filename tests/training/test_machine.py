"""A card is seldom at hand: that a net's pass lies on one device is shown with fake tensors.

They have a device and a shape but no values, and refuse to be mixed between devices as others do.
"""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from blemish.model.deploy import pick
from blemish.model.nets import build_net
from blemish.model.retinanet import DEFAULT_RETINANET
from blemish.training.machine import CPU, choose_device, device_of, has_bfloat16
from planted import TINY_NET

NETS = [TINY_NET, dict(DEFAULT_RETINANET, pyramid=16, depth=1)]


def test_without_a_card_the_processor_learns() -> None:
    if not torch.cuda.is_available():
        assert choose_device(3) == CPU
    assert device_of(torch.nn.Linear(2, 2)) == CPU
    assert isinstance(has_bfloat16(CPU), bool)


def find_on_card(kind: dict[str, object], pictures: str) -> tuple[torch.Tensor, ...]:
    with torch.device("cuda"):
        net = build_net(kind, 1)
    outputs = net(torch.zeros(2, 128, 128, 3, dtype=torch.uint8, device=pictures))
    return pick(net, outputs, 20)


@pytest.mark.parametrize("kind", NETS, ids=lambda net: net["kind"])
def test_a_pass_lies_on_the_card_from_pixels_to_candidates(kind: dict[str, object]) -> None:
    with FakeTensorMode():
        found = find_on_card(kind, "cuda")
        assert {part.device.type for part in found} == {"cuda"}
        assert [len(part) for part in found] == [2, 2, 2]


@pytest.mark.parametrize("kind", NETS, ids=lambda net: net["kind"])
def test_pictures_elsewhere_are_refused(kind: dict[str, object]) -> None:
    with FakeTensorMode(), pytest.raises(RuntimeError, match="device"):
        find_on_card(kind, "cpu")
