"""The graph that tells whether an engine adds products of eight bits without overflow."""

import numpy as np
import onnx
from onnx import TensorProto, helper

CHANNELS, RIGHT = 32, 200.0


def sums_graph() -> onnx.ModelProto:
    """Build it: one convolution of the largest values, `RIGHT` if all is added.

    Where two products are added in sixteen bits they end at 32,767, about half of what they are.
    """
    every = CHANNELS * 9 * 255.0 * 127
    constants = {
        "one": np.array(1, np.float32),
        "step": np.array(every / RIGHT, np.float32),
        "none": np.array(0, np.uint8),
        "middle": np.zeros(CHANNELS, np.int8),
        "scales": np.ones(CHANNELS, np.float32),
        "weights": np.full((CHANNELS, CHANNELS, 3, 3), 127, np.int8),
        "least": np.array([[1, CHANNELS, 16, 16]], np.int64).reshape(-1),
    }

    def node(op: str, inputs: str, output: str, **attributes: object) -> onnx.NodeProto:
        return helper.make_node(op, inputs.split(), [output], name=output, **attributes)

    nodes = [
        node("Expand", "value least", "values"),
        node("QuantizeLinear", "values one none", "eight"),
        node("DequantizeLinear", "eight one none", "back"),
        node("DequantizeLinear", "weights scales middle", "kernel", axis=0),
        node("Conv", "back kernel", "sums", kernel_shape=[3, 3]),
        node("QuantizeLinear", "sums step none", "eight_sums"),
        node("DequantizeLinear", "eight_sums step none", "wide"),
        node("Div", "wide step", "answer"),
    ]
    graph = helper.make_graph(
        nodes,
        "sums",
        [helper.make_tensor_value_info("value", TensorProto.FLOAT, [1, 1, 1, 1])],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, [1, CHANNELS, 14, 14])],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model


if __name__ == "__main__":  # python tests/planted_sums.py: writes the graph that is shipped
    from blemish.runtime.engines import SUMS

    SUMS.write_bytes(sums_graph().SerializeToString(deterministic=True))
