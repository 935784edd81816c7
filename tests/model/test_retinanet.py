import copy

import pytest
import torch
from torch import nn

from blemish.model.anchors import cover
from blemish.model.backbones import fold_norms
from blemish.model.retinanet import (
    CLASSIC_RETINANET,
    DEFAULT_RETINANET,
    Outputs,
    RetinaNet,
    Tower,
    fit_retinanet,
    flatten,
)

SMALL = {**DEFAULT_RETINANET, "pyramid": 16, "depth": 1}


def lived_in(net: nn.Module) -> nn.Module:
    """Give every norm statistics and a scale of its own, as training does."""
    generator = torch.Generator().manual_seed(1)
    for part in net.modules():
        if isinstance(part, nn.BatchNorm2d):
            for tensor in (part.running_var, part.weight.data):
                tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
            for tensor in (part.running_mean, part.bias.data):
                tensor.copy_(torch.randn(tensor.shape, generator=generator) / 4)
    return net.eval()


def pixels(number: int, height: int = 64, width: int = 96) -> torch.Tensor:
    generator = torch.Generator().manual_seed(number)
    shape = (number, height, width, 3)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


def every(outputs: Outputs) -> list[torch.Tensor]:
    return [level.detach() for maps in outputs for level in maps]


def test_each_level_says_classes_and_boxes() -> None:
    net = RetinaNet({**SMALL, "levels": [2, 3, 4, 5, 6]}, 2).eval()
    classes, boxes = net(pixels(2, 64, 128))
    sides = [(16, 32), (8, 16), (4, 8), (2, 4), (1, 2)]
    assert [tuple(level.shape) for level in classes] == [(2, 6, *side) for side in sides]
    assert [tuple(level.shape) for level in boxes] == [(2, 12, *side) for side in sides]
    assert net.stride == 64


def test_a_crop_need_not_be_a_multiple_of_the_coarsest_level() -> None:
    net = RetinaNet({**SMALL, "levels": [3, 4, 5, 6, 7]}, 1).eval()
    outputs = net(pixels(1, 96, 160))
    sides = [tuple(level.shape[2:]) for level in outputs[0]]
    assert sides == [(12, 20), (6, 10), (3, 5), (2, 3), (1, 2)]
    counts = [len(level) for level in net.anchors_of(outputs)]
    assert counts == [3 * height * width for height, width in sides]


def test_a_batch_gives_what_each_picture_gives_alone() -> None:
    net = lived_in(RetinaNet(SMALL, 2))
    images = pixels(3)
    together = every(net(images))
    for index in range(3):
        for ours, alone in zip(together, every(net(images[index : index + 1])), strict=True):
            torch.testing.assert_close(ours[index : index + 1], alone, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("plan", [DEFAULT_RETINANET, CLASSIC_RETINANET])
def test_a_fresh_net_expects_almost_nothing(plan: dict) -> None:
    net = RetinaNet({**plan, "backbone": "resnet18"}, 1)
    classes, boxes = net(pixels(2, 128, 128))
    scores = torch.cat([level.detach().sigmoid().flatten() for level in classes])
    assert scores.mean().item() == pytest.approx(0.01, abs=0.005)
    assert max(float(level.detach().abs().mean()) for level in boxes) < 1


def test_folding_the_norms_changes_nothing() -> None:
    net = lived_in(RetinaNet(SMALL, 2))
    folded = fold_norms(copy.deepcopy(net))
    left = [name for name, part in folded.named_modules() if isinstance(part, nn.BatchNorm2d)]
    assert left
    assert all("tower" in name for name in left)  # shared convolutions cannot take them in
    for ours, theirs in zip(every(net(pixels(2))), every(folded(pixels(2))), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-3)


def test_towers_part_before_an_engine_and_take_up_all_norms() -> None:
    net = lived_in(RetinaNet(SMALL, 2))
    apart = copy.deepcopy(net)
    apart.part_towers()
    apart.part_towers()  # once is enough
    for ours, theirs in zip(every(net(pixels(2))), every(apart(pixels(2))), strict=True):
        torch.testing.assert_close(ours, theirs)
    folded = fold_norms(apart)
    assert not [part for part in folded.modules() if isinstance(part, nn.BatchNorm2d)]
    for ours, theirs in zip(every(net(pixels(2))), every(folded(pixels(2))), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-3)
    classic = RetinaNet({**SMALL, "head_norms": False}, 1)
    classic.part_towers()
    assert isinstance(classic.class_tower, Tower)  # nothing to take up: one weight for all levels


def test_rows_stand_in_the_order_of_the_anchors() -> None:
    net = RetinaNet({**SMALL, "levels": [2, 3]}, 2)
    generator = torch.Generator().manual_seed(0)
    classes, boxes = (
        [torch.randn(1, 3 * n, s, s + 1, generator=generator) for s in (8, 4)] for n in (2, 4)
    )
    logits, raw = flatten((classes, boxes), 3)
    anchors = torch.cat(net.anchors_of((classes, boxes)))
    assert (len(anchors), logits.shape, raw.shape) == (276, (1, 276, 2), (1, 276, 4))
    row, column, shape = 2, 3, 1
    place = 8 * 9 * 3 + (row * 5 + column) * 3 + shape
    torch.testing.assert_close(
        logits[0, place], classes[1][0, 2 * shape : 2 * shape + 2, row, column]
    )
    torch.testing.assert_close(raw[0, place], boxes[1][0, 4 * shape : 4 * shape + 4, row, column])
    middle = (anchors[place, :2] + anchors[place, 2:]) / 2
    assert middle.tolist() == [(column + 0.5) * 8, (row + 0.5) * 8]


def test_the_plan_follows_the_boxes() -> None:
    sides = torch.rand(200, 2, generator=torch.Generator().manual_seed(0)) * 20 + 6
    plan = fit_retinanet(sides, {**DEFAULT_RETINANET, "backbone": "resnet34"})
    assert plan["levels"] == [2, 3]
    assert plan["backbone"] == "resnet34"
    assert cover(sides, plan).good > 0.9
    assert RetinaNet(plan, 1).num_shapes == 3


def test_a_body_that_keeps_its_norms_learns_around_them() -> None:
    net = RetinaNet({**SMALL, "norms": "fixed"}, 1).train()
    before = {name: value.clone() for name, value in net.named_buffers()}
    net(pixels(2))
    moved = {n.split(".")[0] for n, v in net.named_buffers() if not torch.equal(v, before[n])}
    assert moved == {"pyramid", "class_tower", "box_tower"}
