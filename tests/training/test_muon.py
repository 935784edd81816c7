import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from blemish.training.muon import FACTORS, ROUNDS, Muon, orthogonalise

SHAPES = ((16, 27), (16, 144), (16, 144), (40, 24), (32, 32), (1, 9))


def one_by_one(matrix: Tensor) -> Tensor:
    """Apply the polynomial to the matrix itself, in float64, as the paper does."""
    first, third, fifth = FACTORS
    lying = matrix.double() if len(matrix) <= matrix.shape[1] else matrix.double().T
    lying = lying / lying.norm().clamp(min=1e-7)
    for _ in range(ROUNDS):
        product = lying @ lying.T
        lying = first * lying + (third * product + fifth * product @ product) @ lying
    return lying if len(matrix) <= matrix.shape[1] else lying.T


@settings(deadline=None)
@given(st.integers(0, 2**31), st.floats(1e-6, 1e6), st.floats(0, 6))
def test_all_at_once_is_one_by_one(seed: int, size: float, spread: float) -> None:
    torch.manual_seed(seed)
    matrices = []
    for rows, columns in SHAPES:
        uneven = 10 ** (-spread * torch.rand(rows, 1))
        matrices.append(size * uneven * torch.randn(rows, columns))
    for found, matrix in zip(orthogonalise(matrices), matrices, strict=True):
        torch.testing.assert_close(found.double(), one_by_one(matrix), atol=1e-3, rtol=1e-3)


def test_singular_values_come_near_one_and_directions_stay() -> None:
    torch.manual_seed(0)
    matrix = torch.randn(24, 60) @ torch.diag(torch.logspace(0, -1, 60))
    (found,) = orthogonalise([matrix])
    before, after = torch.linalg.svd(matrix.double()), torch.linalg.svd(found.double())
    assert after.S.min() > 0.65
    assert after.S.max() < 1.15
    turned = before.U.T @ found.double() @ before.Vh[:24].T
    torch.testing.assert_close(turned, torch.diag(turned.diagonal()), atol=1e-4, rtol=0)


def test_nothing_stays_nothing() -> None:
    (found,) = orthogonalise([torch.zeros(4, 9)])
    assert not found.any()


def test_steps_are_those_of_the_paper() -> None:
    torch.manual_seed(2)
    parameter = torch.nn.Parameter(torch.randn(16, 40))
    mine = Muon([parameter], 0.1)
    expected, mean = parameter.detach().double(), torch.zeros(16, 40, dtype=torch.float64)
    for rate in (0.1, 0.05, 0.02):
        parameter.grad = torch.randn(16, 40)
        gradient = parameter.grad.double()
        mean = 0.95 * mean + 0.05 * gradient
        direction = one_by_one(0.05 * gradient + 0.95 * mean)
        expected = (1 - rate * 0.1) * expected - rate * 0.2 * 40**0.5 * direction
        mine.param_groups[0]["lr"] = rate
        mine.step()
    torch.testing.assert_close(parameter.detach().double(), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_steps_are_those_of_torch(decay: float) -> None:
    torch.manual_seed(1)
    mine = [torch.nn.Parameter(torch.randn(shape)) for shape in SHAPES]
    theirs = copy.deepcopy(mine)
    ours = Muon(mine, decay)
    other = torch.optim.Muon(theirs, weight_decay=decay, adjust_lr_fn="match_rms_adamw")
    for step in range(5):
        for one, twin in zip(mine, theirs, strict=True):
            one.grad = torch.randn_like(one)
            twin.grad = one.grad.clone()
        for optimiser in (ours, other):
            optimiser.param_groups[0]["lr"] = 0.1 / (step + 1)
            optimiser.step()
    for one, twin in zip(mine, theirs, strict=True):
        # torch computes in bfloat16, so each step is off by some 1e-2 of itself
        torch.testing.assert_close(one, twin, atol=4e-3 * max(one.shape) ** 0.5, rtol=0)


def test_a_state_of_torch_goes_on_here() -> None:
    parameter = torch.nn.Parameter(torch.randn(4, 6))
    parameter.grad = torch.randn(4, 6)
    theirs = torch.optim.Muon([parameter], weight_decay=0.1)
    theirs.step()
    mine = Muon([parameter], 0.1)
    mine.load_state_dict(theirs.state_dict())
    kept = theirs.state[parameter]["momentum_buffer"]
    assert torch.equal(mine.state[parameter]["momentum_buffer"], kept)
    mine.step()
