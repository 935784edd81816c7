import pytest
import torch
from torch.nn import functional as F
from torchvision.ops import sigmoid_focal_loss

from blemish.model.anchor_assign import ASSIGNERS, Assigned
from blemish.model.anchor_losses import anchor_losses, class_loss, smooth_l1
from blemish.model.anchors import lay_anchors
from blemish.model.assign import Truth
from blemish.model.retinanet import DEFAULT_RETINANET, Outputs, RetinaNet

NONE = torch.zeros(0, 4)
CLEAN = Truth(NONE, torch.zeros(0, dtype=torch.int64), NONE)
BOXES = torch.tensor([[10.0, 12, 34, 40], [60, 60, 64, 64], [50, 4, 90, 60]])
MARKS = Truth(BOXES, torch.tensor([0, 1, 1]), NONE)
SMALL = {**DEFAULT_RETINANET, "pyramid": 16, "depth": 1, "levels": [2, 3, 4]}


@pytest.fixture(scope="module", params=list(ASSIGNERS))
def net(request: pytest.FixtureRequest) -> RetinaNet:
    torch.manual_seed(0)
    code = "corners" if request.param == "classic" else "deltas"
    return RetinaNet({**SMALL, "assign": request.param, "code": code}, 2)


def outputs(number: int, scale: float = 1.0) -> Outputs:
    generator = torch.Generator().manual_seed(6)

    def maps(channels: int) -> list[torch.Tensor]:
        sides = [24, 12, 6]
        made = (torch.randn(number, channels, s, s, generator=generator) * scale for s in sides)
        return [one.requires_grad_() for one in made]

    return maps(3 * 2), maps(3 * 4)


def test_empty_targets_give_a_finite_loss_and_gradient(net: RetinaNet) -> None:
    said = outputs(2)
    parts = anchor_losses(net, said, [CLEAN, CLEAN])
    assert set(parts) == {"classification", "regression", "loss"}
    parts["loss"].backward()
    assert parts["regression"].item() == 0
    assert parts["classification"].item() > 0
    assert all(bool(one.grad.isfinite().all()) for one in said[0])


def test_a_batch_is_the_mean_of_its_crops(net: RetinaNet) -> None:
    said = outputs(1)
    one = anchor_losses(net, said, [MARKS])
    twice = [[level.repeat(2, 1, 1, 1) for level in maps] for maps in said]
    two = anchor_losses(net, (twice[0], twice[1]), [MARKS, MARKS])
    for name in one:
        torch.testing.assert_close(one[name], two[name])


def test_a_clean_crop_beside_adds_only_its_background(net: RetinaNet) -> None:
    said = outputs(2)
    both = anchor_losses(net, said, [MARKS, CLEAN])
    first = anchor_losses(net, tuple([m[:1] for m in maps] for maps in said), [MARKS])
    torch.testing.assert_close(both["regression"], first["regression"])
    assert float(both["classification"].detach()) > float(first["classification"].detach())


def test_half_precision_comes_out_in_full(net: RetinaNet) -> None:
    low = [[level.detach().bfloat16() for level in maps] for maps in outputs(1)]
    parts = anchor_losses(net, (low[0], low[1]), [MARKS])
    assert all(value.dtype == torch.float32 for value in parts.values())


def test_ignored_areas_give_no_gradient(net: RetinaNet) -> None:
    said = outputs(1)
    area = torch.tensor([[0.0, 0, 48, 96]])
    anchor_losses(net, said, [Truth(NONE, MARKS.labels[:0], area)])["loss"].backward()
    finest = said[0][0].grad
    assert float(finest[..., :12].abs().max()) == 0
    assert float(finest[..., 14:].abs().min()) > 0


def perfect(net: RetinaNet, boxes: torch.Tensor, labels: torch.Tensor) -> Outputs:
    """Give the outputs that say every anchor's own target."""
    logits, raw = [], []
    for level, side in zip(net.levels, (24, 12, 6), strict=True):
        anchors = lay_anchors(net.shapes, level, side, side)
        nearest = torch.cdist(
            (anchors[:, :2] + anchors[:, 2:]) / 2, (boxes[:, :2] + boxes[:, 2:]) / 2
        ).argmin(dim=1)
        code = net.code.encode(anchors, boxes[nearest]).reshape(side, side, 3, 4)
        raw.append(code.permute(2, 3, 0, 1).reshape(1, 12, side, side))
        scores = torch.full((side * side * 3, 2), -20.0)
        scores[torch.arange(len(scores)), labels[nearest]] = 20.0
        logits.append(
            scores.reshape(side, side, 3, 2).permute(2, 3, 0, 1).reshape(1, 6, side, side)
        )
    return logits, raw


def test_the_right_boxes_cost_nothing_and_wrong_ones_do(net: RetinaNet) -> None:
    apart = Truth(BOXES[[0, 2]], torch.tensor([0, 1]), NONE)
    logits, raw = perfect(net, apart.boxes, apart.labels)
    right = anchor_losses(net, (logits, raw), [apart])
    wrong = anchor_losses(net, (logits, [level + 1 for level in raw]), [apart])
    assert float(right["regression"]) < 1e-3
    assert float(wrong["regression"]) > 0.3


def test_scores_are_asked_for_where_the_boxes_are(net: RetinaNet) -> None:
    """Going down the gradient from nothing raises scores of owned anchors and lowers others."""
    said = outputs(1, 0.0)
    anchor_losses(net, said, [Truth(BOXES[:1], MARKS.labels[:1], NONE)])["loss"].backward()
    raised = [level.grad < 0 for level in said[0]]
    assert any(bool(level.any()) for level in raised)
    assert not any(bool(level[:, 1::2].any()) for level in raised)  # of the other class
    for level, rise in zip(net.levels, raised, strict=True):
        places = rise[0].any(dim=0).nonzero() * 2**level
        assert bool(((places >= 0) & (places <= 44)).all())


def test_focal_loss_is_that_of_torchvision() -> None:
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(1, 50, 2, generator=generator) * 3
    owner = torch.full((50,), -1)
    owner[[3, 20]] = torch.tensor([0, 2])
    care = torch.ones(50, dtype=torch.bool)
    care[40:] = False
    wanted = torch.zeros(50, 2)
    wanted[3, 0] = wanted[20, 1] = 1
    ours = class_loss(logits, [Assigned(owner, (owner >= 0).float(), care)], [MARKS], 0.25)
    theirs = sigmoid_focal_loss(logits[0, :40], wanted[:40], 0.25, 2.0, "sum")
    torch.testing.assert_close(ours, theirs)


def test_smooth_l1_is_that_of_torch() -> None:
    generator = torch.Generator().manual_seed(1)
    said, wanted = (torch.randn(40, 4, generator=generator) / 4 for _ in range(2))
    theirs = F.smooth_l1_loss(said, wanted, beta=1 / 9, reduction="sum")
    torch.testing.assert_close(smooth_l1(said, wanted), theirs)


def test_another_assigner_may_begin() -> None:
    net = RetinaNet({**SMALL, "assign": "aligned"}, 2)
    said = outputs(1)
    begun = anchor_losses(net, said, [MARKS], ASSIGNERS["atss"])
    assert float(begun["loss"].detach()) != float(
        anchor_losses(net, said, [MARKS])["loss"].detach()
    )
