import copy

import pytest
import torch

from blemish.model.centernet import build_net
from blemish.training.optimiser import Optimiser
from planted import TINY_NET


def with_gradients(seed: int) -> tuple[torch.nn.Module, Optimiser]:
    torch.manual_seed(seed)
    net = build_net(TINY_NET, 1)
    optimiser = Optimiser(net, 0.0)
    for parameter in net.parameters():
        parameter.grad = torch.randn_like(parameter)
    return net, optimiser


def test_every_weight_moves_and_only_once() -> None:
    net, optimiser = with_gradients(0)
    before = {name: value.detach().clone() for name, value in net.named_parameters()}
    optimiser.step(0.01)
    for name, value in net.named_parameters():
        assert not torch.equal(value, before[name]), name
    known = sum(p.numel() for group in optimiser.adamw.param_groups for p in group["params"])
    known += sum(flat.numel() for flat in optimiser.flat)
    assert known == sum(p.numel() for p in net.parameters())


def test_a_kernels_step_has_equal_singular_values_in_its_own_layout() -> None:
    _, optimiser = with_gradients(1)
    kernel = next(k for k in optimiser.kernels if k.shape[2:] == (3, 3))
    before = kernel.detach().clone()
    gradient = kernel.grad
    assert gradient is not None
    # Planted: one direction a million times as steep as another; both must move alike.
    gradient.zero_()
    gradient[0, 0, 0, 0], gradient[1, 1, 2, 1] = 1e3, 1e-3
    optimiser.step(0.01)
    moved = (before - kernel).detach()
    steep, gentle = moved[0, 0, 0, 0], moved[1, 1, 2, 1]
    assert steep > 0
    assert gentle > 0
    rest = moved.abs().sum() - steep - gentle
    assert rest < 0.05 * steep
    assert gentle > 1e-4 * steep


def test_gradients_are_forgotten() -> None:
    net, optimiser = with_gradients(2)
    optimiser.zero_grad()
    assert all(parameter.grad is None for parameter in net.parameters())


def test_an_unused_kernel_stays_where_it_is() -> None:
    _, optimiser = with_gradients(3)
    kernel = optimiser.kernels[0]
    kernel.grad = None
    before = kernel.detach().clone()
    optimiser.step(0.01)
    assert torch.equal(kernel, before)


@pytest.mark.parametrize("steps", [1, 3])
def test_state_goes_on_bit_for_bit(steps: int) -> None:
    net, optimiser = with_gradients(4)
    for _ in range(steps):
        optimiser.step(0.01)
    other, resumed = with_gradients(5)
    other.load_state_dict(net.state_dict())
    resumed.load_state_dict(copy.deepcopy(optimiser.state_dict()))
    for mine, theirs in zip(net.parameters(), other.parameters(), strict=True):
        theirs.grad = mine.grad
    optimiser.step(0.01)
    resumed.step(0.01)
    for mine, theirs in zip(net.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, theirs)
