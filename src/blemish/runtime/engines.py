"""Open ONNX Runtime or OpenVINO on a bundle: pixels of windows in, candidates out."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.core.boxes import Boxes
from blemish.errors import EngineError
from blemish.runtime.bundle import Bundle
from blemish.runtime.processor import is_held_to_some, num_cores

Windows = NDArray[np.uint8]
Candidates = tuple[Boxes, NDArray[np.float32], NDArray[np.int64]]

ENGINES = ("openvino", "onnxruntime")
SUMS, SUMS_RIGHT = Path(__file__).parent / "sums.onnx", 200.0  # made by tests/planted_sums.py
INPUT, OUTPUTS = "images", ("boxes", "scores", "labels")

# A shape compiled for itself runs 5 to 8 % faster than the graph for all shapes, and costs
# 0.1 s and its own buffers (60 MB at 928 px in float32): one serves a folder of equal pictures.
MAX_STATIC_SHAPES = 1


@dataclass(frozen=True, eq=False)
class Engine:
    """A model that is ready to run.

    Attributes:
        name: `openvino` or `onnxruntime`.
        precision: one of `PRECISIONS`.
        floats: `bfloat16` or `float32`: what layers are computed in that are in float.
        run: windows (N, H, W, 3) uint8 to boxes (N, K, 4), scores (N, K), labels (N, K).
        note: why it is not the precision that was asked for or meant; empty if it is.
        threads: that it computes with.
        apart: opens the same with so many threads, to run beside this one; None if it cannot be.
    """

    name: str
    precision: str
    run: Callable[[Windows], Candidates]
    note: str = ""
    floats: str = "float32"
    threads: int = 1
    apart: "Callable[[int], Engine] | None" = None

    def __call__(self, windows: Windows) -> Candidates:
        """Give the candidates of windows (N, H, W, 3), sides multiples of the bundle's stride.

        Boxes are float32 (N, K, 4) in window pixels, scores float32 (N, K) with the best
        first, labels int64 (N, K).
        """
        return self.run(windows)


def open_engine(bundle: Bundle, engine: str, precision: str, threads: int = 0) -> Engine:
    """Open a bundle's graph just so; `threads` 0 leaves the number to the engine (all cores).

    What to open where nothing is asked for says `blemish.runtime.choice`.

    Raises:
        EngineError: the engine is not there, the precision is not allowed or the processor does
            not compute in it, or the graph does not load or is none of blemish's.
    """
    check_installed(engine)
    if precision not in bundle.precisions.get(engine, ()):
        allowed = " or ".join(bundle.precisions.get(engine, ())) or "no precision"
        raise EngineError(
            f"{bundle.path}: this model may run in {allowed} with {engine}, not in {precision}; "
            "use --engine auto --precision auto"
        )
    if lack := what_lacks(engine, precision):
        raise EngineError(f"{lack}; use --precision float32")
    if not threads and is_held_to_some():  # the engines would count the others, too
        threads = num_cores()
    opener = _open_openvino if engine == "openvino" else _open_onnxruntime
    floats = floats_of(bundle, engine, precision)
    try:
        run = opener(bundle.graph_for(precision), floats, threads)
        apart = partial(open_engine, bundle, engine, precision)
        return Engine(engine, precision, run, "", floats, threads or num_cores(), apart)
    except EngineError:
        raise
    except Exception as error:  # the engines raise their own, undocumented types
        reason = " ".join(str(error).split())[:300]
        raise EngineError(
            f"{bundle.graph_for(precision)}: {engine} cannot load the model ({reason})"
        ) from error


def check_installed(engine: str) -> None:
    """Refuse an engine that is none, or is not there.

    Raises:
        EngineError: it is so.
    """
    if engine not in ENGINES:
        raise EngineError(f"engine {engine!r} is not one of auto, {', '.join(ENGINES)}")
    if not find_spec(engine):
        raise EngineError(f"{engine} is not installed; `pip install {engine}` or use --engine auto")


def floats_of(bundle: Bundle, engine: str, precision: str) -> str:
    """Give what layers in float are computed in: within int8 in bfloat16 where that may run, too.

    There it costs half of float32, and moves a find less than the eight bits around it.
    """
    short = {"float32": False, "bfloat16": True}.get(precision)
    if short is None:
        allowed = "bfloat16" in bundle.precisions.get(engine, ())
        short = allowed and not what_lacks(engine, "bfloat16")
    return "bfloat16" if short else "float32"


def what_lacks(engine: str, precision: str) -> str:
    """Say why an installed engine does not compute in a precision here; empty where it does."""
    if precision == "int8" and not adds_eight_bits(engine):
        return f"{engine} cannot add products of eight bits on this processor without overflow"
    if precision != "bfloat16":
        return ""
    if engine == "onnxruntime":
        return "onnxruntime does not compute in bfloat16"
    if "BF16" not in _openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        return "this processor does not compute in bfloat16"
    return ""


@lru_cache
def adds_eight_bits(engine: str) -> bool:
    """Tell whether an engine adds products of eight bits right, by one convolution.

    x86 processors without VNNI add two of them in sixteen bits, where large ones end at 32,767.
    """
    value = np.full((1, 1, 1, 1), 255, np.float32)
    if engine == "openvino":
        settings = {"INFERENCE_PRECISION_HINT": "f32"}
        answer = _openvino_core().compile_model(os.fspath(SUMS), "CPU", settings)([value])[0]
    else:
        import onnxruntime

        onnxruntime.disable_telemetry_events()
        session = onnxruntime.InferenceSession(os.fspath(SUMS), providers=["CPUExecutionProvider"])
        (answer,) = session.run(None, {"value": value})
    return bool(np.abs(answer - SUMS_RIGHT).max() <= 1)


def _open_onnxruntime(graph: Path, floats: str, threads: int) -> Callable[[Windows], Candidates]:
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # The arena keeps the largest buffers of every shape it has seen: with pictures of many
    # sizes the memory of `find` would grow with the folder.
    options.enable_cpu_mem_arena = False
    session = onnxruntime.InferenceSession(
        os.fspath(graph), options, providers=["CPUExecutionProvider"]
    )
    inputs = {one.name: (one.type, one.shape) for one in session.get_inputs()}
    _check_graph(graph, inputs, "tensor(uint8)", [one.name for one in session.get_outputs()])

    def run(windows: Windows) -> Candidates:
        boxes, scores, labels = session.run(list(OUTPUTS), {INPUT: windows})
        return boxes, scores, labels

    return run


def _open_openvino(graph: Path, floats: str, threads: int) -> Callable[[Windows], Candidates]:
    core = _openvino_core()
    settings: dict[str, Any] = {
        # Left to itself OpenVINO picks bfloat16 on some processors: one file, two answers.
        "INFERENCE_PRECISION_HINT": "bf16" if floats == "bfloat16" else "f32",
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "CACHE_DIR": "",
        # Pinned, all engines of one thread on a machine would share its first core.
        "ENABLE_CPU_PINNING": False,
        # Kernels of shapes seen before; at the default of 5,000 memory grows with every new shape.
        "CPU_RUNTIME_CACHE_CAPACITY": 64,
    }
    if threads:
        settings["INFERENCE_NUM_THREADS"] = threads
    model = core.read_model(os.fspath(graph))
    inputs = {
        one.any_name: (
            one.element_type.get_type_name(),
            [len(side) if side.is_static else None for side in one.partial_shape],
        )
        for one in model.inputs
    }
    _check_graph(graph, inputs, "u8", [one.any_name for one in model.outputs])

    def compile_for(shape: list[int]) -> Any:
        shaped = model.clone()
        shaped.reshape(shape)
        return core.compile_model(shaped, "CPU", settings)

    return _by_shape(compile_for)


def _openvino_core() -> Any:
    with _no_telemetry():
        import openvino

    return openvino.Core()


def _check_graph(
    graph: Path, inputs: Mapping[str, tuple[str, list[Any]]], uint8: str, outputs: Sequence[str]
) -> None:
    """Refuse a graph that takes or gives something else than blemish's.

    Sides that are free are no numbers; ``uint8`` is what the engine calls that type.
    """
    kind, shape = inputs.get(INPUT, ("", []))
    free = [side if isinstance(side, int) else None for side in shape]
    if set(inputs) != {INPUT} or kind != uint8 or free != [None, None, None, 3]:
        taken = ", ".join(f"{name} {one[0]} {one[1]}" for name, one in inputs.items())
        raise EngineError(
            f"{graph}: takes {taken or 'nothing'}, not {INPUT} uint8 (N, H, W, 3); give a bundle "
            "that `blemish export` wrote"
        )
    if missing := [name for name in OUTPUTS if name not in outputs]:
        raise EngineError(
            f"{graph}: gives no {' and no '.join(missing)}; give a bundle that `blemish export` "
            "wrote"
        )


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
