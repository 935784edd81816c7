from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from blemish.model.centernet import CELL, CenterNet, build_net, cell_centres, sides_to_boxes
from blemish.model.deploy import Deployed, export_graph, pick, pick_peaks
from blemish.model.nets import build_net as build_any
from blemish.model.retinanet import DEFAULT_RETINANET, RetinaNet, flatten
from blemish.runtime.engines import open_engine
from planted import TINY_NET
from planted_bundle import planted_bundle


def slow_peaks(heat: torch.Tensor, sides: torch.Tensor) -> list[tuple[float, int, list[float]]]:
    """Give (logit, label, box) of the local maxima of one window, best first, by loops."""
    classes, height, width = heat.shape
    found = []
    for label in range(classes):
        for row in range(height):
            for column in range(width):
                around = heat[label, max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
                if heat[label, row, column] == around.max():
                    box = slow_mean(heat[label], sides, row, column)
                    found.append((float(heat[label, row, column]), label, box))
    return sorted(found, key=lambda one: -one[0])


def slow_mean(heat: torch.Tensor, sides: torch.Tensor, row: int, column: int) -> list[float]:
    """Give the heat-weighted mean of the boxes of a cell and its neighbours in the window."""
    height, width = heat.shape
    weights, boxes = [], []
    for y in range(max(row - 1, 0), min(row + 2, height)):
        for x in range(max(column - 1, 0), min(column + 2, width)):
            centre = cell_centres(height, width)[y * width + x]
            weights.append(float(heat[y, x].sigmoid()))
            boxes.append(sides_to_boxes(centre, sides[:, y, x]).tolist())
    return list(np.average(boxes, axis=0, weights=weights))


@pytest.mark.parametrize(("classes", "top_k"), [(1, 20), (3, 20), (2, 500)])
def test_peaks_are_those_of_a_slow_search(classes: int, top_k: int) -> None:
    generator = torch.Generator().manual_seed(classes)
    heat = torch.randn(2, classes, 10, 14, generator=generator)
    sides = torch.randn(2, 4, 10, 14, generator=generator)
    boxes, scores, labels = pick_peaks(heat, sides, top_k)
    assert (boxes.shape, scores.shape, labels.shape) == ((2, top_k, 4), (2, top_k), (2, top_k))
    for window in range(2):
        expected = slow_peaks(heat[window], sides[window])[:top_k]
        for rank, (logit, label, box) in enumerate(expected):
            assert float(scores[window, rank]) == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-6)
            assert int(labels[window, rank]) == label
            assert boxes[window, rank].tolist() == pytest.approx(box, abs=1e-3)
        assert bool((scores[window, len(expected) :] < 1e-6).all())


def test_the_only_hot_cell_is_found_where_it_is() -> None:
    heat = torch.full((1, 1, 16, 16), -9.0)
    heat[0, 0, 5, 11] = 2.0
    boxes, scores, _ = pick_peaks(heat, torch.zeros(1, 4, 16, 16), 4)
    middle = (boxes[0, 0, :2] + boxes[0, 0, 2:]) / 2
    assert middle.tolist() == pytest.approx([11.5 * CELL, 5.5 * CELL], abs=1e-3)
    assert float(scores[0, 0]) == pytest.approx(0.8808, abs=1e-4)


@pytest.fixture(scope="module")
def net() -> CenterNet:
    torch.manual_seed(4)
    net = build_net(TINY_NET, 2).eval()
    torch.nn.init.normal_(net.heat.weight, std=0.5)
    return net


@pytest.fixture(scope="module")
def graph(net: CenterNet) -> bytes:
    return export_graph(net, 32)


def test_the_graph_answers_as_the_net_for_any_number_and_size(net: CenterNet, graph: bytes) -> None:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    for shape in ((1, 32, 32), (3, 64, 96), (2, 160, 32)):
        images = np.random.default_rng(7).integers(0, 256, (*shape, 3), dtype=np.uint8)
        boxes, scores, labels = session.run(["boxes", "scores", "labels"], {"images": images})
        assert (boxes.dtype, scores.dtype, labels.dtype) == (np.float32, np.float32, np.int64)
        assert boxes.shape == (shape[0], 32, 4)
        with torch.no_grad():
            expected = Deployed(net, 32)(torch.from_numpy(images))
        np.testing.assert_allclose(scores, expected[1].numpy(), atol=1e-5)
        real = scores > 1e-6
        np.testing.assert_allclose(boxes[real], expected[0].numpy()[real], atol=1e-2)
        np.testing.assert_array_equal(labels[real], expected[2].numpy()[real])


def test_the_graph_does_not_tell_where_it_was_made(graph: bytes) -> None:
    import blemish

    assert str(blemish.__file__).rsplit("/", 2)[0].encode() not in graph
    assert b"stack_trace" not in graph
    assert b'File "' not in graph


RETINA = {**DEFAULT_RETINANET, "pyramid": 16, "depth": 1}


def anchor_net(**changes: object) -> RetinaNet:
    """A net of random weights that finds things everywhere."""
    torch.manual_seed(4)
    net = RetinaNet({**RETINA, **changes}, 2).eval()
    torch.nn.init.normal_(net.classes.weight, std=0.1)
    torch.nn.init.normal_(net.boxes.weight, std=0.05)
    return net


@pytest.mark.parametrize("code", ["deltas", "corners"])
@pytest.mark.parametrize("top_k", [7, 3000])
def test_anchors_are_picked_as_by_a_slow_search(code: str, top_k: int) -> None:
    net = anchor_net(code=code, levels=[3, 4])
    generator = torch.Generator().manual_seed(1)
    maps = [[torch.randn(2, 3 * n, s, s + 2, generator=generator) for s in (8, 4)] for n in (2, 4)]
    boxes, scores, labels = pick(net, (maps[0], maps[1]), top_k)
    assert (boxes.shape, scores.shape, labels.shape) == ((2, top_k, 4), (2, top_k), (2, top_k))
    logits, raw = flatten((maps[0], maps[1]), 3)
    anchors = torch.cat(net.anchors_of((maps[0], maps[1])))
    for window in range(2):
        every = [
            (v, a, c) for a, row in enumerate(logits[window].tolist()) for c, v in enumerate(row)
        ]
        for rank, (logit, anchor, label) in enumerate(sorted(every, reverse=True)[:top_k]):
            box = net.code.decode(anchors[anchor], raw[window, anchor])
            assert float(scores[window, rank]) == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-6)
            assert int(labels[window, rank]) == label
            torch.testing.assert_close(boxes[window, rank], box, atol=1e-3, rtol=1e-4)
        assert bool((scores[window, len(every) :] < 1e-6).all())


def check_engines(net: RetinaNet, tmp_path: Path, shapes: list[tuple[int, int, int]]) -> None:
    """Compare ONNX Runtime and OpenVINO, opened as `find` does, with the net itself."""
    bundle = planted_bundle(tmp_path / "bundle", stride=net.stride)
    bundle.graph.write_bytes(export_graph(net, 32))
    for name in ("onnxruntime", "openvino"):
        engine = open_engine(bundle, name, "float32", 1)
        for shape in shapes:
            images = np.random.default_rng(7).integers(0, 256, (*shape, 3), dtype=np.uint8)
            with torch.no_grad():
                expected = pick(net, net(torch.from_numpy(images)), 32)
            boxes, scores, labels = engine(images)
            assert (boxes.dtype, scores.dtype, labels.dtype) == (np.float32, np.float32, np.int64)
            np.testing.assert_allclose(scores, expected[1].numpy(), atol=2e-5)
            # Where two scores are all but equal, engines may order them differently.
            clear = np.abs(np.diff(scores, axis=1)) > 1e-4
            clear = np.pad(clear, ((0, 0), (1, 0))) & np.pad(clear, ((0, 0), (0, 1)))
            assert clear.sum() > 3
            np.testing.assert_allclose(boxes[clear], expected[0].numpy()[clear], atol=0.05)
            np.testing.assert_array_equal(labels[clear], expected[2].numpy()[clear])


def test_engines_answer_as_the_anchor_net(tmp_path: Path) -> None:
    check_engines(anchor_net(), tmp_path, [(1, 64, 64), (2, 96, 160)])


@pytest.mark.slow
@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152])
def test_every_depth_exports(depth: int, tmp_path: Path) -> None:
    net = anchor_net(backbone=f"resnet{depth}", levels=[3, 4, 5, 6, 7])
    check_engines(net, tmp_path, [(1, 128, 128), (2, 128, 256)])


def test_the_default_plans_export_from_a_dict() -> None:
    assert build_any(RETINA, 1).stride == build_any(TINY_NET, 1).stride == 32
