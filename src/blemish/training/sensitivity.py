"""Which layers lose most by eight bits: each is quantised alone and the net's end compared.

The measure is the signal-to-quantisation-noise ratio in decibels (Lin, Talathi and Annapureddy
2016, arXiv 1511.06393), of the values that leave the net, before peaks are picked.
"""

from collections.abc import Callable, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime import InferenceSession, SessionOptions

from blemish.runtime.processor import num_cores
from blemish.training.quantize import Calibrated, Pixels, quantise, sharing

SIDE = 448  # px of a window that are compared, at most
Ends = list[NDArray[np.float32]]


def rank_layers(
    seen: Calibrated,
    windows: Sequence[Pixels],
    stride: int,
    watch: Callable[[float], None] = lambda share: None,
) -> list[tuple[str, float]]:
    """Give the layers and their ratio in dB, the most sensitive first.

    Args:
        seen: the graph and its ranges.
        windows: (H, W, 3), sides multiples of the stride; what is compared on, at least one.
        stride: of the net, in px.
        watch: is told the share that is done.
    """
    inputs = [_middle(window, stride)[None] for window in windows]
    before = _run(seen.graph.SerializeToString(), seen.ends, inputs)
    ratios = []
    for number, layer in enumerate(seen.layers):
        watch(number / len(seen.layers))
        alone = with_relus(seen, layer)
        graph = quantise(seen, [name for name in seen.nodes if name not in alone])
        ratios.append((layer, signal_to_noise(before, _run(graph, seen.ends, inputs))))
    return sorted(ratios, key=lambda one: one[1])


def with_relus(seen: Calibrated, layer: str) -> set[str]:
    """Give the nodes of a layer's weight, and the ReLUs behind them, which decide their ranges."""
    nodes = {node.name: node for node in seen.graph.graph.node}
    convolutions = sharing(seen, [layer])
    made = {value for name in convolutions for value in nodes[name].output}
    behind = {name for name in seen.nodes if made & set(nodes[name].input)}
    return convolutions | {name for name in behind if nodes[name].op_type == "Relu"}


def signal_to_noise(before: Sequence[Ends], after: Sequence[Ends]) -> float:
    """Give the least ratio of the ends in dB, of one list a window; infinite without a difference.

    The signal is what varies: a constant tells nothing.
    """
    least = np.inf
    for old, new in zip(zip(*before, strict=True), zip(*after, strict=True), strict=True):
        first, second = (np.concatenate([one.ravel() for one in all_]) for all_ in (old, new))
        noise = float(np.mean((first.astype(np.float64) - second) ** 2))
        if noise:
            least = min(least, 10 * np.log10(max(float(np.var(first)), 1e-30) / noise))
    return float(least)


def _middle(window: Pixels, stride: int) -> Pixels:
    height, width = (min(side, SIDE) // stride * stride for side in window.shape[:2])
    top, left = (window.shape[0] - height) // 2, (window.shape[1] - width) // 2
    return np.ascontiguousarray(window[top : top + height, left : left + width])


def _run(graph: bytes, ends: Sequence[str], inputs: Sequence[Pixels]) -> list[Ends]:
    """Give the values at the net's ends for each window."""
    model = onnx.load_from_string(graph)
    model.graph.output.extend(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in ends
    )
    options = SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = num_cores()
    session = InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return [list(session.run(list(ends), {"images": window})) for window in inputs]
