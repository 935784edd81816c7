import pytest
import torch

from blemish.model.anchor_assign import ASSIGNERS
from blemish.model.anchor_losses import anchor_losses
from blemish.model.assign import Truth, assign
from blemish.model.centernet import CenterNet
from blemish.model.losses import losses_of as heat_losses
from blemish.model.nets import build_net, losses_of
from blemish.model.retinanet import DEFAULT_RETINANET, RetinaNet
from planted import TINY_NET, planted

SMALL = {**DEFAULT_RETINANET, "pyramid": 16, "depth": 1, "levels": [2, 3, 4]}
TRUTH = Truth(
    torch.tensor([[10.0, 10, 30, 34]]), torch.zeros(1, dtype=torch.int64), torch.zeros(0, 4)
)


def test_a_dict_says_which_net_is_built() -> None:
    assert isinstance(build_net(TINY_NET, 1), CenterNet)
    assert isinstance(build_net(SMALL, 1), RetinaNet)
    for unknown in ({"kind": "yolo"}, {}):
        with pytest.raises(ValueError, match="'centernet' or 'retinanet' is known"):
            build_net(unknown, 1)


def test_the_point_net_loses_what_it_did() -> None:
    net = build_net(TINY_NET, 1).train()
    outputs = net(torch.full((2, 64, 64, 3), 90, dtype=torch.uint8))
    truths = [TRUTH, TRUTH]
    expected = heat_losses(*outputs, assign(truths, 1, 16, 16))
    found = losses_of(net, outputs, truths)
    assert {n: v.item() for n, v in found.items()} == {n: v.item() for n, v in expected.items()}


@pytest.mark.parametrize("assigner", ["best", "atss", "aligned"])
def test_a_few_steps_on_planted_dots_teach_something(assigner: str) -> None:
    torch.manual_seed(0)
    net = build_net({**SMALL, "assign": assigner}, 1).train()
    pictures = [planted(0, index, 64) for index in range(2)]
    pixels = torch.stack([torch.from_numpy(one.pixels) for one in pictures])
    truths = [
        Truth(
            torch.tensor(one.defects.boxes),
            torch.tensor(one.defects.labels),
            torch.zeros(0, 4),
        )
        for one in pictures
    ]
    optimiser = torch.optim.AdamW(net.parameters(), 1e-3)

    def measured() -> float:
        # By one rule for all: what `aligned` asks for rises as the net gets better.
        parts = anchor_losses(net, net(pixels), truths, ASSIGNERS["atss"])
        return parts["loss"].item()

    before = measured()
    for _ in range(6):
        parts = losses_of(net, net(pixels), truths)
        optimiser.zero_grad()
        parts["loss"].backward()
        assert all(p.grad is None or bool(p.grad.isfinite().all()) for p in net.parameters())
        optimiser.step()
    assert measured() < 0.9 * before
