"""How far the net is from the floor of this machine, layer by layer, as the engine runs it.

    python benchmarks/floor.py [BUNDLE] [--side 928] [--threads 2] [--precision int8]

The floor of a layer is what its operations take at the rate of a large matrix product, or what its
inputs, weights and output take at the rate of a large copy, whichever is longer (the roofline of
Williams et al. 2009); both rates are measured first, by the same engine with the same threads.
Within int8 each layer is held against the rate of the arithmetic that it is executed in.
Layers are those that OpenVINO executes, after its own fusions: what it adds (reorderings) has a
time and no floor, because nobody needs it. Printed is a table for the documentation, the slowest
layers first.
"""

import argparse
import json
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from blemish.runtime.bundle import default_bundle, read_bundle
from blemish.runtime.engines import floats_of

TYPES = {"float32": ov.Type.f32, "bfloat16": ov.Type.bf16}
ARITHMETIC = {"f32": "float32", "bf16": "bfloat16", "u8": "int8", "i8": "int8"}
BYTES = {"f32": 4, "bf16": 2, "i32": 4, "i64": 8, "u8": 1, "i8": 1, "boolean": 1}
ADDED = {"Reorder"}  # not in the net: the engine's own changes of layout
RUNS = 30
SIDES = (512, 1024, 2048)  # of matrices: the fastest is the rate
Middle = Callable[[list[float]], float]


@dataclass(frozen=True)
class Layer:
    """One layer as executed: its kind, arithmetic, shapes, operations, bytes and time in ms."""

    kind: str
    arithmetic: str
    name: str
    shape: tuple[int, ...]
    operations: float
    moved: float
    time: float

    def floor(self, rates: Mapping[str, float], bandwidth: float) -> float:
        """Give the least time in ms at rates in operations a ms and a bandwidth in bytes a ms."""
        if self.kind in ADDED:
            return 0.0
        rate = rates.get(self.arithmetic, max(rates.values()))
        return max(self.operations / rate, self.moved / bandwidth)


def compile_model(model: ov.Model, floats: str, threads: int) -> ov.CompiledModel:
    """Compile for latency, layers in float in this type, with a time for each layer."""
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": TYPES[floats],
        "PERF_COUNT": True,
    }
    return ov.Core().compile_model(model, "CPU", settings)


def times_of(
    compiled: ov.CompiledModel, inputs: list[Any], middle: Middle = statistics.median
) -> tuple[float, dict[str, float]]:
    """Give the middle of the times of whole passes and of each layer, in ms."""
    request = compiled.create_infer_request()
    whole, layers = [], dict[str, list[float]]()
    for run in range(RUNS + 5):
        begun = perf_counter()
        request.infer(inputs)
        spent = perf_counter() - begun
        if run < 5:
            continue
        whole.append(1e3 * spent)
        for info in request.profiling_info:
            layers.setdefault(info.node_name, []).append(info.real_time.total_seconds() * 1e3)
    return middle(whole), {name: middle(several) for name, several in layers.items()}


def matrix_rate(precision: str, threads: int) -> float:
    """Measure operations a ms of large matrix products by the engine itself, at its best."""
    rates = []
    for side in SIDES:
        left = ops.parameter([side, side], np.float32)
        weights = np.random.default_rng(0).normal(0, 0.02, (side, side)).astype(np.float32)
        factors: list[Any] = [left, ops.constant(weights)]
        if precision == "int8":
            ends = ((-0.1, 0.1, 256), (-0.1, 0.1, 255))
            factors = [in_steps(one, *end) for one, end in zip(factors, ends, strict=True)]
        model = ov.Model([ops.matmul(*factors, False, True)], [left])
        floats = precision if precision in TYPES else "float32"
        spent, layers = times_of(compile_model(model, floats, threads), [weights], min)
        rates.append(2 * side**3 / max(layers.values(), default=spent))
    return max(rates)


def in_steps(values: Any, low: float, high: float, levels: int) -> Any:
    """Give values rounded to so many levels, which the engine takes as eight bits."""
    ends = [ops.constant(np.float32(end)) for end in (low, high)]
    return ops.fake_quantize(values, *ends, *ends, levels)


def copy_rate(threads: int, megabytes: int = 256) -> float:
    """Measure bytes a ms, read and written, of an addition in float32 by the engine itself."""
    number = megabytes * 2**20 // 4
    source = ops.parameter([number // 1024, 1024], np.float32)
    model = ov.Model([ops.relu(source)], [source])
    compiled = compile_model(model, "float32", threads)
    spent, layers = times_of(compiled, [np.ones((number // 1024, 1024), np.float32)], min)
    return 2 * 4 * number / max(layers.values(), default=spent)


def precision_of(node: Any) -> str:
    """Give the type of what an executed layer gives."""
    return str(node.get_rt_info()["outputPrecisions"].astype(str)).split(",")[0]


def layers_of(compiled: ov.CompiledModel, times: dict[str, float]) -> list[Layer]:
    """Give what was executed, with its operations (two a multiplication) and bytes."""
    found = []
    for node in compiled.get_runtime_model().get_ordered_ops():
        facts = node.get_rt_info()
        kind = str(facts["layerType"].astype(str))
        name = node.get_friendly_name()
        if kind in {"Const", "Input", "Output"} or "not_executed" in facts["execTimeMcs"].astype(
            str
        ):
            continue
        shape = tuple(node.output(0).get_shape())
        size = BYTES[precision_of(node)]
        parts = [list(value.get_shape()) for value in node.input_values()]
        sources = [BYTES[precision_of(value.get_node())] for value in node.input_values()]
        read = sum(wide * np.prod(part) for wide, part in zip(sources, parts, strict=True))
        moved = float(size * np.prod(shape) + read)
        products = 0.0
        if kind == "Convolution":
            products = float(np.prod(shape)) * float(np.prod(parts[1][1:]))
        arithmetic = ARITHMETIC.get(str(facts["runtimePrecision"].astype(str)), "float32")
        time = times.get(name, 0.0)
        found.append(Layer(kind, arithmetic, name, shape, 2 * products, moved, time))
    return found


def main() -> None:
    """Measure and print the table and one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path, nargs="?")
    parser.add_argument("--side", type=int, default=928)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=[*TYPES, "int8"], default="int8")
    asked = parser.parse_args()
    folder = asked.bundle or default_bundle()
    bundle = read_bundle(folder)
    floats = floats_of(bundle, "openvino", asked.precision)
    kinds = {asked.precision, floats, "float32"}
    rates = {kind: matrix_rate(kind, asked.threads) for kind in sorted(kinds)}
    bandwidth = copy_rate(asked.threads)
    model = ov.Core().read_model(bundle.graph_for(asked.precision))
    model.reshape([1, asked.side, asked.side, 3])
    compiled = compile_model(model, floats, asked.threads)
    pixels = np.random.default_rng(0).integers(0, 255, (1, asked.side, asked.side, 3), np.uint8)
    whole, times = times_of(compiled, [pixels])
    layers = layers_of(compiled, times)
    print("| layer | in | output | MFLOP | MB | floor ms | ms | share of floor |")
    print("|---|---|---|---|---|---|---|---|")
    for layer in sorted(layers, key=lambda one: -one.time):
        least = layer.floor(rates, bandwidth)
        shape = " x ".join(map(str, layer.shape[1:]))
        print(
            f"| {layer.kind} {layer.name} | {layer.arithmetic} | {shape} | "
            f"{layer.operations / 1e6:.0f} | {layer.moved / 1e6:.1f} | {least:.2f} | "
            f"{layer.time:.2f} | {least / layer.time if layer.time else 0:.2f} |"
        )
    least = sum(layer.floor(rates, bandwidth) for layer in layers)
    summary = {
        **{f"gops_{kind}": rate / 1e6 for kind, rate in rates.items()},
        "gbytes": bandwidth / 1e6,
        "floor": least,
        "layers": sum(layer.time for layer in layers),
        "whole": whole,
        "ratio": least / whole,
    }
    print(json.dumps({name: round(value, 3) for name, value in summary.items()}))


if __name__ == "__main__":
    main()
