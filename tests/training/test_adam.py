import copy

import numpy as np
import torch
from numpy.typing import NDArray

from blemish.model.centernet import build_net
from blemish.model.resnet import Body
from blemish.training.adam import KerasAdam
from blemish.training.batches import Batches, BatchPlan
from blemish.training.loop import LoopPlan, learn, make_learner
from planted import TINY_NET, planted_source

Weights = dict[str, NDArray[np.float64]]
PLAN = LoopPlan(steps=9, optimiser="adam", decay=0.0, average=0.0)
RATE, CLIP, EPSILON = 1e-2, 1e-3, 1e-7


class Slow:
    """Keras 2.3.1, `optimizers.py`, a weight at a time: the joint norm, then Adam."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.first = {name: np.zeros_like(value) for name, value in weights.items()}
        self.second = {name: np.zeros_like(value) for name, value in weights.items()}
        self.taken = 0

    def step(self, gradients: Weights) -> None:
        norm = sum((one**2).sum() for one in gradients.values()) ** 0.5
        self.taken += 1
        rate = RATE * (1 - 0.999**self.taken) ** 0.5 / (1 - 0.9**self.taken)
        for name, gradient in gradients.items():
            clipped = gradient * CLIP / norm if norm >= CLIP else gradient
            self.first[name] = 0.9 * self.first[name] + 0.1 * clipped
            self.second[name] = 0.999 * self.second[name] + 0.001 * clipped**2
            self.weights[name] -= rate * self.first[name] / (self.second[name] ** 0.5 + EPSILON)


def values(net: torch.nn.Module) -> Weights:
    return {name: value.detach().numpy().astype(float) for name, value in net.named_parameters()}


def test_steps_are_those_of_keras_and_the_average_is_the_net() -> None:
    torch.manual_seed(5)
    learner = make_learner(build_net(TINY_NET, 1), PLAN)
    batches = Batches(planted_source(), BatchPlan(size=64, batch=2, seed=3))
    gradients: Weights = {}
    for name, parameter in learner.net.named_parameters():
        parameter.register_post_accumulate_grad_hook(
            lambda one, name=name: gradients.update({name: one.grad.numpy().astype(float)})
        )
    slow = Slow(values(learner.net))
    for step in range(4):
        row = learn(learner, batches(step, 5.0), RATE, CLIP)
        assert row["gradient"] > CLIP
        slow.step(gradients)
        for name, fast in values(learner.net).items():
            np.testing.assert_allclose(fast, slow.weights[name], rtol=2e-4, atol=2e-6)
        slow.weights = values(learner.net)  # rounding does not add up
        kept = learner.average.net.state_dict()
        for name, value in learner.net.state_dict().items():
            assert not value.is_floating_point() or torch.equal(value, kept[name]), name


def test_gradients_of_all_sizes_move_as_with_keras() -> None:
    """Also those under the norm, which are not scaled, and those near the small number."""
    parts = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2)).double()
    optimiser, slow = KerasAdam(parts, 0.0), Slow(copy.deepcopy(values(parts)))
    generator = np.random.default_rng(0)
    for scale in (1e-5, 1e-9, 1.0, 1e-4):
        gradients = {
            name: generator.normal(0, scale, value.shape) for name, value in values(parts).items()
        }
        for name, parameter in parts.named_parameters():
            parameter.grad = torch.from_numpy(gradients[name].copy())
        torch.nn.utils.clip_grad_norm_(parts.parameters(), CLIP)
        optimiser.step(RATE)
        slow.step(gradients)
        for name, fast in values(parts).items():
            np.testing.assert_allclose(fast, slow.weights[name], rtol=0, atol=RATE * 2e-3)


def test_state_goes_on_bit_for_bit() -> None:
    torch.manual_seed(6)
    one, other = build_net(TINY_NET, 1), build_net(TINY_NET, 1)
    optimiser, resumed = KerasAdam(one, 0.0), KerasAdam(other, 0.0)
    for parameter in one.parameters():
        parameter.grad = torch.randn_like(parameter) * 1e-6
    for _ in range(3):
        optimiser.step(RATE)
    other.load_state_dict(one.state_dict())
    resumed.load_state_dict(copy.deepcopy(optimiser.state_dict()))
    for mine, theirs in zip(one.parameters(), other.parameters(), strict=True):
        theirs.grad = mine.grad
    optimiser.step(RATE)
    resumed.step(RATE)
    for mine, theirs in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    optimiser.zero_grad()
    assert all(parameter.grad is None for parameter in one.parameters())


def test_norms_with_statistics_from_elsewhere_stay_as_they_came() -> None:
    for norms in ("fixed", "batch"):
        net = Body("resnet18", norms)
        optimiser = KerasAdam(net, 0.0)
        before = {name: value.clone() for name, value in net.named_parameters()}
        for parameter in net.parameters():
            parameter.grad = torch.ones_like(parameter) if parameter.requires_grad else None
        optimiser.step(RATE)
        still = {n for n, value in net.named_parameters() if torch.equal(value, before[n])}
        of_norms = {name for name, value in before.items() if value.ndim == 1}
        assert still == (of_norms if norms == "fixed" else set())
