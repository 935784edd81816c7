import pytest
import torch

from blemish.core.boxes import box_iou
from blemish.model.assign import Truth, assign
from blemish.model.centernet import CELL, SIDE, cell_centres
from blemish.model.losses import heat_loss, losses_of, paired_giou, side_loss

NONE = torch.zeros(0, 4)
CLASS = torch.zeros(1, dtype=torch.int64)
BOX = torch.tensor([[30.0, 30.0, 58.0, 50.0]])


def outputs(number: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    heat = torch.randn(number, 1, 24, 24, generator=generator).requires_grad_()
    sides = torch.randn(number, 4, 24, 24, generator=generator).requires_grad_()
    return heat, sides


def test_empty_targets_give_a_finite_loss_and_gradient() -> None:
    heat, sides = outputs()
    parts = losses_of(heat, sides, assign([Truth(NONE, CLASS[:0], NONE)], 1, 24, 24))
    parts["loss"].backward()
    assert parts["regression"].item() == 0
    assert parts["classification"].item() > 0
    assert heat.grad is not None
    assert bool(heat.grad.isfinite().all())


def test_ignored_areas_give_no_gradient() -> None:
    heat, sides = outputs()
    area = torch.tensor([[0.0, 0.0, 48.0, 96.0]])
    losses_of(heat, sides, assign([Truth(NONE, CLASS[:0], area)], 1, 24, 24))["loss"].backward()
    assert heat.grad is not None
    assert float(heat.grad[..., :12].abs().max()) == 0
    assert float(heat.grad[..., 12:].abs().min()) > 0


def test_the_right_answer_costs_next_to_nothing() -> None:
    targets = assign([Truth(BOX, CLASS, NONE)], 1, 24, 24)
    heat = torch.where(targets.heat == 1, 20.0, -20.0)
    centres = cell_centres(24, 24)
    low, high = centres - BOX[:, :2], BOX[:, 2:] - centres
    sides = torch.log(torch.cat((low, high), dim=1).clamp(min=1) / SIDE).T.reshape(1, 4, 24, 24)
    assert float(heat_loss(heat, targets)) < 1e-3
    assert float(side_loss(sides, targets)) < 1e-3
    assert float(heat_loss(-heat, targets)) > 10
    assert float(side_loss(sides + 1, targets)) > 0.3


def test_a_box_counts_the_same_whatever_its_size() -> None:
    small, large = (torch.tensor([[40.0, 40, 40 + s, 40 + s]]) for s in (4.0, 48.0))
    sides = torch.zeros(1, 4, 24, 24)
    for boxes in (small, large):
        targets = assign([Truth(boxes, CLASS, NONE)], 1, 24, 24)
        assert 0 < float(side_loss(sides, targets)) < 2
        torch.testing.assert_close(targets.shares.sum(), torch.tensor(1.0))


def test_giou_of_known_pairs() -> None:
    one = torch.tensor([[0.0, 0, 10, 10]] * 3)
    other = torch.tensor([[0.0, 0, 10, 10], [5, 0, 15, 10], [20, 0, 30, 10]])
    values = paired_giou(one, other)
    torch.testing.assert_close(values, torch.tensor([1.0, 1 / 3, -1 / 3]))
    assert box_iou(one[1:2].numpy(), other[1:2].numpy())[0, 0] == pytest.approx(1 / 3)


def test_more_pictures_do_not_change_the_mean() -> None:
    heat, sides = outputs()
    one = losses_of(heat, sides, assign([Truth(BOX, CLASS, NONE)], 1, 24, 24))
    both = assign([Truth(BOX, CLASS, NONE)] * 2, 1, 24, 24)
    two = losses_of(heat.repeat(2, 1, 1, 1), sides.repeat(2, 1, 1, 1), both)
    for name in one:
        torch.testing.assert_close(one[name], two[name])
    assert CELL * 24 == 96
