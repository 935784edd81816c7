"""Export the peers' graphs for `peers_speed.py`: float32 and int8, of random weights, for time.

Runs in an environment of its own, because the peers' licence is AGPL; nothing of blemish is
imported:

    python3.11 -m venv peer && peer/bin/pip install ultralytics onnx onnxruntime onnxslim
    peer/bin/python benchmarks/peer_export.py --out peer-graphs

Eight bits are static QDQ by ONNX Runtime, int8 weights a channel and uint8 activations, in two
ways: of all that it can (`NAME.int8.onnx`), and of convolutions and products alone
(`NAME.int8-layers.onnx`). Which one is faster depends on engine and processor; both are timed.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

import numpy as np
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from ultralytics import YOLO, settings

PEERS = ("yolo11n", "yolo26n")
WAYS: dict[str, list[str] | None] = {"int8": None, "int8-layers": ["Conv", "MatMul"]}
NUM_SEEN = 4  # pictures of noise that ranges come from: weights are random too


class Noise(CalibrationDataReader):
    """Gives smooth noise in the peers' layout, (1, 3, S, S) from 0 to 1."""

    def __init__(self, side: int) -> None:
        generator = np.random.default_rng(0)
        coarse = generator.random((NUM_SEEN, 1, 3, side // 32, side // 32), np.float32)
        self.coming = iter(np.kron(coarse, np.ones((32, 32), np.float32)))

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Give the next picture; None after the last."""
        picture = next(self.coming, None)
        return None if picture is None else {"images": picture}


def export_float(name: str, side: int, folder: Path) -> Path:
    """Write the graph as the peer's own exporter makes it."""
    written = YOLO(f"{name}.yaml").export(format="onnx", imgsz=side)
    return Path(shutil.move(written, folder / f"{name}.onnx"))


def quantise(graph: Path, side: int, out: Path, operators: list[str] | None) -> None:
    """Write a graph in eight bits."""
    ready = graph.with_suffix(".ready.onnx")
    quant_pre_process(graph, ready)
    quantize_static(
        ready,
        out,
        Noise(side),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=operators,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )


def main() -> None:
    """Export all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--side", type=int, default=928)
    asked = parser.parse_args()
    settings.update({"sync": False})  # no telemetry
    out = asked.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        for peer in PEERS:
            graph = export_float(peer, asked.side, Path(name))
            for way, operators in WAYS.items():
                quantise(graph, asked.side, out / f"{peer}.{way}.onnx", operators)
            shutil.move(graph, out / graph.name)


if __name__ == "__main__":
    main()
