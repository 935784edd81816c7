"""A tiny model bundle with a known answer: bright and dark blobs against their surroundings.

The graph keeps the contract of exported ones (uint8 windows in; boxes, scores, labels out), so
every road can be tested with real engines and without torch.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from blemish.runtime.bundle import Bundle, write_bundle

HALF_SIDE = 14.0
TOP_K = 64


SURROUND = 15  # cells a side that a cell is compared with


def planted_bundle(
    place: Path, *, one_label: bool = False, layers: bool = False, **changes: object
) -> Bundle:
    """Write the blob finder as a bundle; changes replace fields of the bundle.

    With one label dark blobs are found under the label of bright ones. With layers it is a net of
    two convolutions, `node_cells`, which eight bits do not hurt, and `node_difference`, which they
    do: its small weights all become the least step.
    """
    bundle = Bundle(
        path=place,
        name="planted",
        blemish="0.1.0",
        net={"kind": "planted"},
        classes=("bright", "dark"),
        threshold=0.3,
        stride=32,
        window=1024,
        overlap=128,
        nms_iou=0.5,
        top_k=TOP_K,
        wafer_diameter=800.0,
        wafer_range=(560.0, 1000.0),
        precisions={"onnxruntime": ("float32",), "openvino": ("float32", "bfloat16")},
    )
    graph = planted_graph(-1e9 if one_label else 0.0, layers).SerializeToString()
    return write_bundle(replace(bundle, **changes), {"model.onnx": graph})  # type: ignore[arg-type]


def blobs(
    width: int, height: int, spots: list[tuple[int, int]], step: int = 90, background: int = 90
) -> NDArray[np.uint8]:
    """Draw 8 px squares, `step` grey levels off the background, around the given centres."""
    pixels = np.full((height, width, 3), background, np.uint8)
    for x, y in spots:
        pixels[max(y - 4, 0) : y + 4, max(x - 4, 0) : x + 4] = background + step
    return pixels


def planted_graph(dark_below: float = 0.0, layers: bool = False) -> onnx.ModelProto:
    """Build the graph: contrast at stride 4, peaks by a 3 x 3 max-pool, best K of a window.

    A contrast below ``dark_below`` has label 1, any other 0.
    """
    constants = {
        "two": np.array([2], np.int64),
        "three": np.array([3], np.int64),
        "one": np.array([1], np.int64),
        "k": np.array([TOP_K], np.int64),
        "flat": np.array([0, -1], np.int64),
        "channel": np.array([3], np.int64),
        "last": np.array([2], np.int64),
        "full": np.array(100.0, np.float32),
        "dark_below": np.array(dark_below, np.float32),
        "zero": np.array(0.0, np.float32),
        "top": np.array(1.0, np.float32),
        "four": np.array(4.0, np.float32),
        "half": np.array(0.5, np.float32),
        "side": np.array(HALF_SIDE, np.float32),
    }

    def node(op: str, inputs: str, output: str, **attributes: object) -> onnx.NodeProto:
        name = f"node_{output.split(maxsplit=1)[0]}"
        return helper.make_node(op, inputs.split(), output.split(), name=name, **attributes)

    pooled = [
        node("AveragePool", "planes", "cells", kernel_shape=[4, 4], strides=[4, 4]),
        node("AveragePool", "cells", "around", kernel_shape=[15, 15], pads=[7] * 4),
        node("Sub", "cells around", "contrast"),
    ]
    convolved = [
        node("Conv", "planes mean", "cells", kernel_shape=[4, 4], strides=[4, 4]),
        node("Pad", "cells room", "wide", mode="edge"),
        node("Conv", "wide against", "difference", kernel_shape=[15, 15]),
        node("Conv", "difference same", "contrast", kernel_shape=[1, 1]),
    ]
    if layers:
        against = np.full((1, 1, SURROUND, SURROUND), -1 / SURROUND**2, np.float32)
        against[0, 0, SURROUND // 2, SURROUND // 2] += 1
        constants["mean"] = np.full((1, 1, 4, 4), 1 / 16, np.float32)
        constants["against"] = against
        constants["same"] = np.ones((1, 1, 1, 1), np.float32)
        constants["room"] = np.array([0, 0, 7, 7] * 2, np.int64)

    nodes = [
        node("Cast", "images", "floats", to=TensorProto.FLOAT),
        node("ReduceMean", "floats channel", "grey", keepdims=1),
        node("Transpose", "grey", "planes", perm=[0, 3, 1, 2]),
        *(convolved if layers else pooled),
        node("Abs", "contrast", "strength"),
        node("MaxPool", "strength", "peak", kernel_shape=[3, 3], pads=[1] * 4),
        node("Equal", "strength peak", "is_peak"),
        node("Where", "is_peak strength zero", "kept"),
        node("Div", "kept full", "scaled"),
        node("Clip", "scaled zero top", "heat"),
        node("Reshape", "heat flat", "flat_heat"),
        node("Reshape", "contrast flat", "flat_contrast"),
        node("Shape", "heat", "shape"),
        node("Shape", "flat_heat", "flat_shape"),
        node("Slice", "flat_shape one two", "count"),
        node("Min", "count k", "top_k"),
        node("TopK", "flat_heat top_k", "scores index", axis=1),
        node("Slice", "shape three four_index", "columns"),
        node("Div", "index columns", "row"),
        node("Mul", "row columns", "row_start"),
        node("Sub", "index row_start", "column"),
        node("Cast", "row", "row_f", to=TensorProto.FLOAT),
        node("Cast", "column", "column_f", to=TensorProto.FLOAT),
        node("Add", "row_f half", "row_m"),
        node("Add", "column_f half", "column_m"),
        node("Mul", "row_m four", "y"),
        node("Mul", "column_m four", "x"),
        node("Sub", "x side", "x1"),
        node("Sub", "y side", "y1"),
        node("Add", "x side", "x2"),
        node("Add", "y side", "y2"),
        *(node("Unsqueeze", f"{name} last", f"{name}_u") for name in ("x1", "y1", "x2", "y2")),
        node("Concat", "x1_u y1_u x2_u y2_u", "boxes", axis=2),
        node("GatherElements", "flat_contrast index", "signed", axis=1),
        node("Less", "signed dark_below", "is_dark"),
        node("Cast", "is_dark", "labels", to=TensorProto.INT64),
    ]
    constants["four_index"] = np.array([4], np.int64)
    graph = helper.make_graph(
        nodes,
        "planted",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", "H", "W", 3])],
        [
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["N", "K", 4]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", "K"]),
            helper.make_tensor_value_info("labels", TensorProto.INT64, ["N", "K"]),
        ],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model
