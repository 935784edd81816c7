"""Time from decoded pixels to finds, against the forward pass of YOLO11n, in one run.

The peer's graph comes from an environment of its own, because its licence is AGPL:

    python3.11 -m venv peer && peer/bin/pip install ultralytics onnx
    peer/bin/yolo export model=yolo11n.yaml format=onnx imgsz=928

    python benchmarks/speed.py yolo11n.onnx [PICTURE]

Both run with the same number of threads, taking turns, so that a machine whose speed drifts
drifts for both; the medians and their ratio are printed. Without a picture a drawn wafer is used.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import blemish
from blemish.data.images import open_picture
from blemish.synth.wafers import draw_wafer

SIDE = 928


def openvino_peer(path: Path, precision: str, threads: int) -> Callable[[], Any]:
    """Open the peer in OpenVINO at a precision; gives its forward pass."""
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    model.reshape([1, 3, SIDE, SIDE])
    settings = {
        "INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16"}[precision],
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
    }
    compiled = core.compile_model(model, "CPU", settings)
    picture = np.random.default_rng(0).random((1, 3, SIDE, SIDE), dtype=np.float32)
    return lambda: compiled([picture])


def onnxruntime_peer(path: Path, threads: int) -> Callable[[], Any]:
    """Open the peer in ONNX Runtime, float32; gives its forward pass."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    picture = np.random.default_rng(0).random((1, 3, SIDE, SIDE), dtype=np.float32)
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: picture})


def ours(picture: np.ndarray, threads: int, **choice: str) -> Callable[[], Any]:
    """Open blemish as a user does; gives the whole road from decoded pixels to finds."""
    finder = blemish.open_finder(threads=threads, **choice)
    return lambda: finder(picture)


def measure(roads: dict[str, Callable[[], Any]], runs: int) -> dict[str, float]:
    """Give the median milliseconds of each road; they take turns."""
    times: dict[str, list[float]] = {name: [] for name in roads}
    for turn in range(runs + 3):
        for name, road in roads.items():
            begun = time.perf_counter()
            road()
            if turn >= 3:
                times[name].append((time.perf_counter() - begun) * 1000)
    return {name: statistics.median(row) for name, row in times.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", type=Path)
    parser.add_argument("picture", type=Path, nargs="?")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=30)
    asked = parser.parse_args()
    picture = open_picture(asked.picture) if asked.picture else draw_wafer(1, 1).pixels
    roads: dict[str, Callable[[], Any]] = {
        "blemish, as it comes": ours(picture, asked.threads),
        "blemish, openvino float32": ours(
            picture, asked.threads, engine="openvino", precision="float32"
        ),
        "YOLO11n, openvino float32": openvino_peer(asked.peer, "float32", asked.threads),
        "YOLO11n, openvino bfloat16": openvino_peer(asked.peer, "bfloat16", asked.threads),
    }
    medians = measure(roads, asked.runs)
    # Apart: the threads of ONNX Runtime go on spinning for a while and would slow the others.
    roads = {
        "blemish, onnxruntime": ours(picture, asked.threads, engine="onnxruntime"),
        "YOLO11n, onnxruntime": onnxruntime_peer(asked.peer, asked.threads),
    }
    medians |= measure(roads, asked.runs)
    for name, milliseconds in medians.items():
        print(f"{name:32s} {milliseconds:8.1f} ms")
    peer = min(value for name, value in medians.items() if name.startswith("YOLO"))
    print(json.dumps({"ratio": round(medians["blemish, as it comes"] / peer, 3)}))


if __name__ == "__main__":
    main()
