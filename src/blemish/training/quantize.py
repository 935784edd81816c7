"""From a float32 graph to one in eight bits, by what calibration pictures put through it.

Static, quantise-dequantise (QDQ), activations uint8, weights int8 a channel: the form that ONNX
Runtime and OpenVINO both run fast (Jacob et al. 2018, arXiv 1712.05877). Only the net is
quantised, but for its last layers, whose answers would come in steps; what is behind them stays
in float, too. A ReLU costs nothing: it is where the range of the value before it begins.
"""

import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType
from onnxruntime.quantization.calibrate import create_calibrator
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

Pixels = NDArray[np.uint8]
Look = NDArray[np.float64]

OPERATORS = ("Conv", "Relu", "Add", "Resize")  # what is quantised
CALIBRATED = 32  # pictures; more changed no range by a hundredth
WINDOW = 896  # px of a calibration picture that are looked at, at most


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A graph and the range of each of its values.

    Attributes:
        graph: float32.
        ranges: as ONNX Runtime keeps them.
        nodes: names of the nodes of the net that may be quantised, in order.
        layers: those of them that are convolutions; of several with one weight, the first.
        ends: the values that the net's last layers make, which may not be.
    """

    graph: onnx.ModelProto
    ranges: Any
    nodes: tuple[str, ...]
    layers: tuple[str, ...]
    ends: tuple[str, ...]


def observe(graph: bytes, pictures: Iterable[Pixels], stride: int) -> Calibrated:
    """Put pictures (H, W, 3) through a graph and note the least and most of each value."""
    model = onnx.load_from_string(graph)
    # Says that the graph is folded and its shapes are known: the exporter has done both.
    model.metadata_props.add(key="onnx.infer", value="onnxruntime.quant")
    with tempfile.TemporaryDirectory(prefix="blemish-int8-") as folder:
        source = Path(folder) / "float.onnx"
        onnx.save(model, source)
        calibrator = create_calibrator(
            source,
            OPERATORS,
            augmented_model_path=str(Path(folder) / "observed.onnx"),
            calibrate_method=CalibrationMethod.MinMax,
        )
        calibrator.collect_data(_Reader(_windows(pictures, stride)))
        ranges = calibrator.compute_data()
    net = net_nodes(model)
    ends = last_values(net)
    inner = [node for node in net if not set(node.output) & set(ends)]
    first = {node.input[1]: node.name for node in reversed(inner) if node.op_type == "Conv"}
    layers = tuple(node.name for node in inner if node.name in first.values())
    return Calibrated(model, ranges, tuple(node.name for node in inner), layers, ends)


def quantise(seen: Calibrated, kept: Collection[str] = ()) -> bytes:
    """Give the graph in eight bits; the layers ``kept`` stay in float, all that share a weight."""
    kinds = {node.name: node.op_type for node in seen.graph.graph.node}
    kept = set(kept) | sharing(seen, kept)
    chosen = [name for name in seen.nodes if kinds[name] in OPERATORS and name not in kept]
    model = onnx.ModelProto()
    model.CopyFrom(seen.graph)
    quantizer = QDQQuantizer(
        model,
        per_channel=True,
        reduce_range=False,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=seen.ranges,
        nodes_to_quantize=chosen,
        nodes_to_exclude=[],
        op_types_to_quantize=list(OPERATORS),
        extra_options={"WeightSymmetric": True, "ActivationSymmetric": False},
    )
    quantizer.quantize_model()
    quantised = quantizer.model.model
    del quantised.metadata_props[:]
    return bytes(quantised.SerializeToString(deterministic=True))


def sharing(seen: Calibrated, names: Collection[str]) -> set[str]:
    """Give the convolutions that have a weight in common with one of these nodes."""
    convolutions = [node for node in seen.graph.graph.node if node.op_type == "Conv"]
    weights = {node.input[1] for node in convolutions if node.name in names}
    return {node.name for node in convolutions if node.input[1] in weights}


def net_nodes(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Give the nodes that lead to a convolution, in order: the net without what makes boxes."""
    makers = {name: node for node in model.graph.node for name in node.output}
    waiting = [node for node in model.graph.node if node.op_type == "Conv"]
    seen: set[str] = set()
    while waiting:
        node = waiting.pop()
        if node.name not in seen:
            seen.add(node.name)
            waiting += [makers[name] for name in node.input if name in makers]
    return [node for node in model.graph.node if node.name in seen]


def last_values(net: Sequence[onnx.NodeProto]) -> tuple[str, ...]:
    """Give the values that a net's convolutions make and none of its nodes takes."""
    taken = {name for node in net for name in node.input}
    made = [name for node in net if node.op_type == "Conv" for name in node.output]
    return tuple(name for name in made if name not in taken)


def choose_covering(every: Sequence[Look], number: int = CALIBRATED) -> list[int]:
    """Give the places of looks that cover all: each is the farthest from the rest.

    (Gonzalez 1985, farthest-point clustering, beginning with the look nearest to the mean.)
    """
    if len(every) <= number:
        return list(range(len(every)))
    looks = np.array(every)
    looks = (looks - looks.mean(axis=0)) / np.maximum(looks.std(axis=0), 1e-6)
    chosen = [int(np.linalg.norm(looks, axis=1).argmin())]
    distance = np.linalg.norm(looks - looks[chosen[0]], axis=1)
    while len(chosen) < number:
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(looks - looks[chosen[-1]], axis=1))
    return chosen


def look_of(pixels: Pixels) -> Look:
    """Give how a picture looks: mean and spread of each channel."""
    some = pixels[::8, ::8].reshape(-1, pixels.shape[2]).astype(np.float64)
    return np.concatenate((some.mean(axis=0), some.std(axis=0)))


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Hands windows to ONNX Runtime, which wants an object with this method."""

    def __init__(self, windows: Iterator[Pixels]) -> None:
        self.windows = windows

    def get_next(self) -> dict[str, Pixels] | None:
        """Give the next input by its name, None after the last."""
        window = next(self.windows, None)
        return None if window is None else {"images": window[None]}


def _windows(pictures: Iterable[Pixels], stride: int) -> Iterator[Pixels]:
    """Give the middle of each picture, filled up at its edges to a multiple of the stride."""
    for pixels in pictures:
        top, left = (max(side - WINDOW, 0) // 2 for side in pixels.shape[:2])
        part = pixels[top : top + WINDOW, left : left + WINDOW]
        fill = [(0, -side % stride) for side in part.shape[:2]]
        yield np.ascontiguousarray(np.pad(part, (*fill, (0, 0)), mode="edge"))
