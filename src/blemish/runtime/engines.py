"""Open ONNX Runtime or OpenVINO on a bundle: pixels of windows in, candidates out."""

import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.core.boxes import Boxes
from blemish.errors import EngineError
from blemish.runtime.bundle import Bundle

Windows = NDArray[np.uint8]
Candidates = tuple[Boxes, NDArray[np.float32], NDArray[np.int64]]

ENGINES = ("openvino", "onnxruntime")
PRECISIONS = ("float32", "bfloat16")

# A shape compiled for itself runs 5 to 8 % faster than the graph for all shapes, and costs
# 0.1 s and its own buffers (60 MB at 928 px in float32): one serves a folder of equal pictures.
MAX_STATIC_SHAPES = 1


@dataclass(frozen=True, eq=False)
class Engine:
    """A model that is ready to run.

    Attributes:
        name: `openvino` or `onnxruntime`.
        precision: `float32` or `bfloat16`.
        run: windows (N, H, W, 3) uint8 to boxes (N, K, 4), scores (N, K), labels (N, K).
    """

    name: str
    precision: str
    run: Callable[[Windows], Candidates]

    def __call__(self, windows: Windows) -> Candidates:
        """Give the candidates of windows (N, H, W, 3), sides multiples of the bundle's stride.

        Boxes are float32 (N, K, 4) in window pixels, scores float32 (N, K) with the best
        first, labels int64 (N, K).
        """
        return self.run(windows)


def open_engine(
    bundle: Bundle, engine: str = "auto", precision: str = "auto", threads: int = 0
) -> Engine:
    """Open a bundle's graph; `threads` 0 leaves the number to the engine (all cores).

    `auto` takes OpenVINO on x86-64 where it is installed, and bfloat16 where the bundle allows
    it for that engine and the processor computes in it.

    Raises:
        EngineError: the engine is not there, the precision is not allowed, or the graph does
            not load.
    """
    name = _choose_engine(bundle, engine)
    if threads < 0:
        raise EngineError(f"threads must be 0 (all cores) or more, not {threads}")
    opener = _open_openvino if name == "openvino" else _open_onnxruntime
    try:
        return opener(bundle, precision, threads)
    except EngineError:
        raise
    except Exception as error:  # the engines raise their own, undocumented types
        reason = " ".join(str(error).split())[:300]
        raise EngineError(f"{bundle.graph}: {name} cannot load the model ({reason})") from error


def _choose_engine(bundle: Bundle, engine: str) -> str:
    if engine == "auto":
        x86 = platform.machine().lower() in {"x86_64", "amd64"}
        good = x86 and find_spec("openvino") and bundle.precisions.get("openvino")
        return "openvino" if good else "onnxruntime"
    if engine not in ENGINES:
        raise EngineError(f"engine {engine!r} is not one of auto, {', '.join(ENGINES)}")
    if not find_spec(engine):
        raise EngineError(f"{engine} is not installed; `pip install {engine}` or use --engine auto")
    return engine


def _choose_precision(bundle: Bundle, engine: str, wanted: str, fast: bool) -> str:
    """Pick the precision; `fast` says that the processor computes in bfloat16."""
    allowed = bundle.precisions.get(engine, ())
    if wanted == "auto":
        wanted = "bfloat16" if fast and "bfloat16" in allowed else "float32"
    if wanted not in PRECISIONS:
        raise EngineError(f"precision {wanted!r} is not one of auto, {', '.join(PRECISIONS)}")
    if wanted not in allowed:
        raise EngineError(
            f"{bundle.path}: this model may run in {' or '.join(allowed) or 'no precision'} "
            f"with {engine}, not in {wanted}; use --engine auto --precision auto"
        )
    if wanted == "bfloat16" and not fast:
        raise EngineError("this processor does not compute in bfloat16; use --precision float32")
    return wanted


def _open_onnxruntime(bundle: Bundle, precision: str, threads: int) -> Engine:
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    chosen = _choose_precision(bundle, "onnxruntime", precision, fast=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # The arena keeps the largest buffers of every shape it has seen: with pictures of many
    # sizes the memory of `find` would grow with the folder.
    options.enable_cpu_mem_arena = False
    session = onnxruntime.InferenceSession(
        os.fspath(bundle.graph), options, providers=["CPUExecutionProvider"]
    )
    names = ["boxes", "scores", "labels"]

    def run(windows: Windows) -> Candidates:
        boxes, scores, labels = session.run(names, {"images": windows})
        return boxes, scores, labels

    return Engine("onnxruntime", chosen, run)


def _open_openvino(bundle: Bundle, precision: str, threads: int) -> Engine:
    with _no_telemetry():
        import openvino

    core = openvino.Core()
    fast = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    chosen = _choose_precision(bundle, "openvino", precision, fast)
    settings: dict[str, Any] = {
        # Left to itself OpenVINO picks bfloat16 on some processors: one file, two answers.
        "INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16"}[chosen],
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "CACHE_DIR": "",
        # Kernels of shapes seen before; at the default of 5,000 memory grows with every new shape.
        "CPU_RUNTIME_CACHE_CAPACITY": 64,
    }
    if threads:
        settings["INFERENCE_NUM_THREADS"] = threads
    model = core.read_model(os.fspath(bundle.graph))

    def compile_for(shape: list[int]) -> Any:
        shaped = model.clone()
        shaped.reshape(shape)
        return core.compile_model(shaped, "CPU", settings)

    return Engine("openvino", chosen, _by_shape(compile_for))


def _by_shape(compile_for: Callable[[list[int]], Any]) -> Callable[[Windows], Candidates]:
    """Run the first shapes on graphs of their own and all others on one for any shape."""
    graphs: dict[tuple[int, ...], Any] = {}
    lock = Lock()  # a compiled graph owns one request: two callers must not share it

    def graph_for(shape: tuple[int, ...]) -> Any:
        static = len([key for key in graphs if -1 not in key])
        key = shape if shape in graphs or static < MAX_STATIC_SHAPES else (-1, -1, -1, 3)
        if key not in graphs:
            graphs[key] = compile_for(list(key))
        return graphs[key]

    def run(windows: Windows) -> Candidates:
        with lock:
            answer = graph_for(windows.shape)(windows, share_inputs=True)
            return answer["boxes"], answer["scores"], answer["labels"]

    return run


@contextmanager
def _no_telemetry() -> Iterator[None]:
    """Keep OpenVINO from reporting its import: it stays silent where `CI` is set."""
    before = os.environ.get("CI")
    os.environ["CI"] = "true"
    try:
        yield
    finally:
        if before is None:
            del os.environ["CI"]
        else:
            os.environ["CI"] = before
