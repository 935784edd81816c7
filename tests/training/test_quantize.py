"""Eight-bit graphs: they run in both engines, answer as the float ones, and keep what they must."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from blemish.model.centernet import build_net
from blemish.model.deploy import export_graph
from blemish.model.nets import build_net as build_any
from blemish.model.retinanet import CLASSIC_RETINANET
from blemish.runtime.bundle import GRAPH, write_bundle
from blemish.runtime.bundle_checks import EIGHT_BITS
from blemish.runtime.engines import ENGINES, open_engine
from blemish.training.quantize import (
    Calibrated,
    choose_covering,
    look_of,
    net_nodes,
    observe,
    quantise,
)
from blemish.training.road import draft_bundle
from planted import GROUND, TINY_NET, planted

PICTURES = [planted(1, index).pixels for index in range(6)]


@pytest.fixture(scope="module")
def graph() -> bytes:
    torch.manual_seed(0)
    return export_graph(build_net(TINY_NET, 1).eval(), 16)


@pytest.fixture(scope="module")
def seen(graph: bytes) -> Calibrated:
    return observe(graph, PICTURES, 32)


def run(graph: bytes, window: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return list(session.run(["boxes", "scores", "labels"], {"images": window}))


def kinds(graph: bytes) -> Counter[str]:
    return Counter(node.op_type for node in onnx.load_from_string(graph).graph.node)


def test_scores_are_nearly_those_of_the_float_graph(graph: bytes, seen: Calibrated) -> None:
    window = np.full((2, 64, 96, 3), GROUND, np.uint8)  # another size than that of calibration
    window[:, 20:30, 40:50] += 40
    ours, theirs = run(quantise(seen), window), run(graph, window)
    assert [part.shape for part in ours] == [part.shape for part in theirs]
    assert abs(ours[1] - theirs[1]).max() < 0.02
    assert kinds(quantise(seen))["QuantizeLinear"] > 10


def test_layers_that_are_kept_stay_in_float(seen: Calibrated) -> None:
    every, none = quantise(seen), quantise(seen, seen.layers)
    first = quantise(seen, seen.layers[:1])
    weights = {
        name: sum(
            part.data_type == onnx.TensorProto.INT8 and len(part.dims) == 4
            for part in onnx.load_from_string(one).graph.initializer
        )
        for name, one in (("every", every), ("none", none), ("first", first))
    }
    assert weights == {"every": len(seen.layers), "none": 0, "first": len(seen.layers) - 1}


def rounded_before_relu(graph: bytes) -> list[str]:
    """Give the values that are rounded, rectified, and taken by nothing else."""
    nodes = onnx.load_from_string(graph).graph.node
    makers = {name: node.op_type for node in nodes for name in node.output}
    taken = Counter(name for node in nodes for name in node.input)
    relus = [node.input[0] for node in nodes if node.op_type == "Relu"]
    return [name for name in relus if makers[name] == "DequantizeLinear" and taken[name] == 1]


@pytest.mark.parametrize("norms", [True, False])
def test_a_retinanets_layers_run_as_one_and_share_their_fate(norms: bool) -> None:
    torch.manual_seed(0)
    plan = {**CLASSIC_RETINANET, "backbone": "resnet18", "pyramid": 16, "depth": 2}
    net = build_any({**plan, "levels": [3, 4, 5], "head_norms": norms}, 1).eval()
    seen = observe(export_graph(net, 20), PICTURES[:1], net.stride)
    graph = quantise(seen)
    assert kinds(graph)["BatchNormalization"] == 0
    assert not rounded_before_relu(graph)
    weights = [node.input[1] for node in seen.graph.graph.node if node.op_type == "Conv"]
    assert len(weights) == len(set(weights)) + (0 if norms else 8) + 4  # the last ones share theirs
    kept = onnx.load_from_string(quantise(seen, seen.layers)).graph
    assert not [part for part in kept.initializer if part.data_type == onnx.TensorProto.INT8]


def test_the_boxes_arithmetic_keeps_float(seen: Calibrated) -> None:
    inside = {node.op_type for node in net_nodes(seen.graph)}
    assert "Conv" in inside
    assert not inside & {"TopK", "Exp", "Sigmoid", "GatherElements"}


def test_the_last_layers_answer_in_float(seen: Calibrated) -> None:
    model = onnx.load_from_string(quantise(seen)).graph
    makers = {name: node for node in model.node for name in node.output}
    assert len(seen.ends) == 2  # heat and sides
    for end in seen.ends:
        assert makers[end].op_type == "Conv"
        assert makers[end].name not in seen.layers
        assert end not in {
            name for node in model.node if "Linear" in node.op_type for name in node.input
        }


def test_no_value_is_rounded_before_it_is_rectified(seen: Calibrated) -> None:
    model = onnx.load_from_string(quantise(seen)).graph
    makers = {name: node.op_type for node in model.node for name in node.output}
    before = {makers[node.input[0]] for node in model.node if node.op_type == "Relu"}
    assert "DequantizeLinear" not in before


def test_the_same_pictures_give_the_same_bytes(graph: bytes, seen: Calibrated) -> None:
    assert quantise(seen) == quantise(observe(graph, PICTURES, 32))


def test_openvino_reads_it_too(seen: Calibrated, tmp_path: Path) -> None:
    openvino = pytest.importorskip("openvino")
    quantised = quantise(seen)
    (tmp_path / "model.onnx").write_bytes(quantised)
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    model = openvino.Core().compile_model(str(tmp_path / "model.onnx"), "CPU", settings)
    window = PICTURES[0][None, :64, :64]
    answer = model([window])
    assert abs(answer["scores"] - run(quantised, window)[1]).max() < 0.02


def test_chosen_pictures_cover_all_looks() -> None:
    rng = np.random.default_rng(0)
    greys = [20] * 40 + [120] * 5 + [240]
    pictures = [rng.integers(grey - 3, grey + 3, (32, 32, 3)).astype(np.uint8) for grey in greys]
    looks = [look_of(pixels) for pixels in pictures]
    assert sorted({greys[place] for place in choose_covering(looks, 3)}) == [20, 120, 240]
    assert choose_covering(looks[:4], 5) == [0, 1, 2, 3]
    assert len(set(choose_covering(looks, 20))) == 20


def test_a_retinanet_in_eight_bits_runs_in_both_engines(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    torch.manual_seed(0)
    small = dict(CLASSIC_RETINANET, backbone="resnet18", pyramid=32, depth=1)
    net = build_any(small, 1).eval()
    draft = replace(draft_bundle(net), path=tmp_path / "net", classes=("a",), top_k=40)
    float32 = export_graph(net, draft.top_k)
    eight = quantise(observe(float32, PICTURES[:2], draft.stride))
    offered = dict.fromkeys(ENGINES, ("float32", "int8"))
    bundle = write_bundle(replace(draft, precisions=offered), {GRAPH: float32, EIGHT_BITS: eight})
    window = np.ascontiguousarray(PICTURES[0][None, :128, :128])
    scores = [open_engine(bundle, name, "int8", 1)(window)[1] for name in ENGINES]
    assert scores[0].shape == (1, draft.top_k)
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-3)
