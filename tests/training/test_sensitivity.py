"""Which layers suffer by eight bits: planted ones are found out."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from blemish.model.centernet import build_net
from blemish.model.deploy import export_graph
from blemish.training.quantize import Calibrated, observe
from blemish.training.sensitivity import rank_layers, signal_to_noise
from planted import TINY_NET, planted

PICTURES = [planted(1, index).pixels[:96, :96] for index in range(2)]


@pytest.fixture(scope="module")
def graph() -> bytes:
    torch.manual_seed(0)
    return export_graph(build_net(TINY_NET, 1).eval(), 16)


def widen(seen: Calibrated, value: str) -> Calibrated:
    """Pretend that a value reaches 300 times as far: eight bits leave it one or two steps."""
    ranges = copy.deepcopy(seen.ranges)
    for end in ("lowest", "highest"):
        setattr(ranges[value], end, getattr(ranges[value], end) * np.float32(300))
    return replace(seen, ranges=ranges)


def test_a_layer_that_eight_bits_spoil_comes_first(graph: bytes) -> None:
    seen = observe(graph, PICTURES, 32)
    told: list[float] = []
    fine = rank_layers(seen, PICTURES, 32, told.append)
    assert told == sorted(told)
    assert sorted(name for name, _ in fine) == sorted(seen.layers)
    assert [ratio for _, ratio in fine] == sorted(ratio for _, ratio in fine)
    assert 5 < fine[0][1] < 80
    nodes = {node.name: node for node in seen.graph.graph.node}
    spoilt = seen.layers[3]
    (behind,) = [node for node in nodes.values() if nodes[spoilt].output[0] in node.input]
    value = behind.output[0] if behind.op_type == "Relu" else nodes[spoilt].output[0]
    broken = rank_layers(widen(seen, value), PICTURES[:1], 32)
    assert broken[0][0] == spoilt
    assert broken[0][1] < dict(fine)[spoilt] - 10


def test_the_ratio_is_that_of_the_worst_end_in_decibels() -> None:
    rng = np.random.default_rng(0)
    ends = [rng.normal(5, 2, 50_000).astype(np.float32) for _ in range(2)]
    noisy = [
        end + rng.normal(0, sd, end.shape).astype(np.float32)
        for end, sd in zip(ends, (0.2, 0.02), strict=True)
    ]
    assert abs(signal_to_noise([ends], [noisy]) - 20) < 0.2
    assert signal_to_noise([ends], [ends]) == np.inf
    halves = [[end[:1000] for end in ends], [end[1000:] for end in ends]]
    assert (
        abs(signal_to_noise(halves, [[e[:1000] for e in noisy], [e[1000:] for e in noisy]]) - 20)
        < 0.2
    )
