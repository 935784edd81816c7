import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from blemish.errors import EngineError
from blemish.runtime import engines as module
from blemish.runtime.bundle import Bundle
from blemish.runtime.engines import SUMS, SUMS_RIGHT, adds_eight_bits, open_engine, what_lacks
from planted_bundle import blobs, planted_bundle
from planted_sums import CHANNELS, RIGHT, sums_graph

pytest.importorskip("openvino")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted")


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_the_engine_keeps_the_contract(bundle: Bundle, engine: str) -> None:
    run = open_engine(bundle, engine, "float32", threads=1)
    boxes, scores, labels = run(np.stack([blobs(96, 64, [(40, 24)]), blobs(96, 64, [])]))
    assert (boxes.shape, scores.shape, labels.shape) == ((2, 64, 4), (2, 64), (2, 64))
    assert (boxes.dtype, scores.dtype, labels.dtype) == (np.float32, np.float32, np.int64)
    assert (run.name, run.precision) == (engine, "float32")
    assert abs((boxes[0, 0, :2] + boxes[0, 0, 2:]) / 2 - [40, 24]).max() <= 2
    assert scores[0, 0] > 0.5
    assert scores[1].max() == 0


@pytest.mark.parametrize("size", [(32, 32), (96, 160), (160, 96), (320, 256)])
def test_both_engines_give_the_same_candidates(bundle: Bundle, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(7)
    windows = rng.integers(0, 256, (1, *size, 3), dtype=np.uint8)
    # Several sizes on the same engine: the third goes through the graph for any shape.
    first = open_engine(bundle, "onnxruntime", "float32", threads=1)(windows)
    second = open_engine(bundle, "openvino", "float32", threads=1)(windows)
    np.testing.assert_allclose(first[1], second[1], atol=1e-4)
    found = first[1] > 0  # where the heat is 0 any order of cells is right
    np.testing.assert_allclose(first[0][found], second[0][found], atol=1e-3)
    np.testing.assert_array_equal(first[2][found], second[2][found])


def test_floats_within_eight_bits_are_short_where_model_and_processor_allow_it(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def floats(precision: str, *offered: str, engine: str = "openvino") -> str:
        both = {"openvino": offered, "onnxruntime": offered}
        return module.floats_of(replace(bundle, precisions=both), engine, precision)

    able = {"openvino": "", "onnxruntime": "onnxruntime does not compute in bfloat16"}
    monkeypatch.setattr(module, "what_lacks", lambda engine, precision: able[engine])
    assert floats("int8", "float32", "bfloat16", "int8") == "bfloat16"
    assert floats("int8", "float32", "int8") == "float32"  # bfloat16 was refused, or never tried
    assert floats("int8", "float32", "bfloat16", "int8", engine="onnxruntime") == "float32"
    assert floats("float32", "float32", "bfloat16", "int8") == "float32"
    assert floats("bfloat16", "float32", "bfloat16") == "bfloat16"
    able["openvino"] = "this processor does not compute in bfloat16"
    assert floats("int8", "float32", "bfloat16", "int8") == "float32"


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_an_engine_says_what_its_floats_are(bundle: Bundle, precision: str) -> None:
    if what_lacks("openvino", precision):
        pytest.skip("this processor does not compute in it")
    assert open_engine(bundle, "openvino", precision, threads=1).floats == precision
    assert open_engine(bundle, "onnxruntime", "float32", threads=1).floats == "float32"


def test_every_shape_after_the_first_few_gives_the_same_answer(bundle: Bundle) -> None:
    engine = open_engine(bundle, "openvino", "float32", threads=1)
    for side in (64, 96, 128, 160, 64, 192):
        window = blobs(side, side, [(36, 20)])[None]
        boxes, scores, _ = engine(window)
        assert scores[0, 0] > 0.5
        assert abs(boxes[0, 0] - [22, 6, 50, 34]).max() <= 4


def test_answers_outlive_the_next_call(bundle: Bundle) -> None:
    engine = open_engine(bundle, "openvino", "float32", threads=1)
    boxes, scores, labels = engine(blobs(64, 64, [(20, 20)])[None])
    kept = boxes.copy(), scores.copy(), labels.copy()
    engine(blobs(64, 64, [(44, 44)], step=-60)[None])
    for now, then in zip((boxes, scores, labels), kept, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize(
    ("engine", "precision", "words"),
    [
        ("tensorrt", "float32", "tensorrt"),
        ("onnxruntime", "int4", "may run in float32 with onnxruntime, not in int4"),
        ("onnxruntime", "bfloat16", "not in bfloat16"),
        ("openvino", "int8", "not in int8"),
    ],
)
def test_wrong_wishes_are_named(bundle: Bundle, engine: str, precision: str, words: str) -> None:
    with pytest.raises(EngineError, match=words):
        open_engine(bundle, engine, precision)


def test_a_precision_that_the_engine_lacks_is_refused(bundle: Bundle) -> None:
    rash = replace(bundle, precisions={"onnxruntime": ("float32", "bfloat16")})
    with pytest.raises(EngineError, match="does not compute in bfloat16; use --precision float32"):
        open_engine(rash, "onnxruntime", "bfloat16")


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_int8_runs_its_own_graph(bundle: Bundle, engine: str, tmp_path: Path) -> None:
    eight = replace(bundle, path=tmp_path, precisions={engine: ("int8",)})
    eight.graph_for("int8").write_bytes(bundle.graph.read_bytes())
    run = open_engine(eight, engine, "int8", threads=1)
    assert (run.precision, run.note) == ("int8", "")
    assert run(blobs(96, 64, [(40, 24)])[None])[1][0, 0] > 0.5


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_products_of_eight_bits_are_added_right_or_the_precision_is_refused(
    bundle: Bundle, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = Path("/proc/cpuinfo").read_text() if sys.platform == "linux" else ""
    if "vnni" in flags:
        assert adds_eight_bits(engine)
    monkeypatch.setattr(module, "adds_eight_bits", lambda name: False)
    eight = replace(bundle, precisions={engine: ("int8",)})
    with pytest.raises(EngineError, match="without overflow; use --precision float32"):
        open_engine(eight, engine, "int8")


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_a_sum_that_ends_too_early_is_seen(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = sums_graph()
    scales = next(one for one in model.graph.initializer if one.name == "scales")
    half = np.full(CHANNELS, 32767 / (2 * 255 * 127), np.float32)  # what overflow leaves
    scales.CopyFrom(onnx.numpy_helper.from_array(half, "scales"))
    onnx.save(model, tmp_path / "sums.onnx")
    monkeypatch.setattr(module, "SUMS", tmp_path / "sums.onnx")
    adds_eight_bits.cache_clear()
    assert not adds_eight_bits(engine)
    adds_eight_bits.cache_clear()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="holds an x86 processor back")
def test_a_processor_held_back_to_avx2_falls_back_to_float32(bundle: Bundle) -> None:
    script = f"""
from dataclasses import replace
from pathlib import Path
from blemish.runtime.bundle import read_bundle
from blemish.runtime.choice import choose
bundle = read_bundle(Path({str(bundle.path)!r}))
bundle = replace(bundle, precisions={{"openvino": ("float32", "int8")}}, meant="int8")
choice = choose(bundle, "openvino")
assert choice.precision == "float32", choice
assert "without overflow: float32 instead of int8" in choice.note, choice
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    environment["ONEDNN_MAX_CPU_ISA"] = "AVX2"
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)  # noqa: S603


def test_the_graph_of_sums_is_the_one_that_is_built_here() -> None:
    assert onnx.load(SUMS) == sums_graph()
    assert RIGHT == SUMS_RIGHT


def planes_first(model: onnx.ModelProto) -> None:
    sides = model.graph.input[0].type.tensor_type.shape.dim
    sides[1].dim_value, sides[3].dim_value = 3, 64


def in_float(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT


def one_size(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 640


def no_scores(model: onnx.ModelProto) -> None:
    del model.graph.output[1]


def two_inputs(model: onnx.ModelProto) -> None:
    more = onnx.helper.make_tensor_value_info("more", onnx.TensorProto.FLOAT, [1])
    model.graph.input.append(more)
    model.graph.output.append(onnx.helper.make_tensor_value_info("twice", 1, [1]))
    model.graph.node.append(onnx.helper.make_node("Add", ["more", "more"], ["twice"]))


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (planes_first, r"takes images .*3.*, not images uint8 \(N, H, W, 3\)"),
        (in_float, "not images uint8"),
        (one_size, "takes images .*640"),
        (two_inputs, "more"),
        (no_scores, "gives no scores"),
    ],
)
def test_a_graph_that_is_not_blemishs_is_refused(
    bundle: Bundle,
    engine: str,
    change: Callable[[onnx.ModelProto], None],
    words: str,
    tmp_path: Path,
) -> None:
    model = onnx.load(bundle.graph)
    change(model)
    if change in {planes_first, in_float}:  # what follows the input would not fit
        del model.graph.node[:]
        outputs = [one.name for one in model.graph.output]
        kinds = {"boxes": 1, "scores": 1, "labels": 7}
        for name in outputs:
            cast = onnx.helper.make_node("Cast", ["images"], [name], to=kinds[name])
            model.graph.node.append(cast)
        del model.graph.output[:]
        model.graph.output.extend(
            onnx.helper.make_tensor_value_info(name, kinds[name], None) for name in outputs
        )
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(EngineError, match=words) as caught:
        open_engine(replace(bundle, path=tmp_path), engine, "float32")
    assert "blemish export" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_a_graph_that_is_none_is_one_line(bundle: Bundle, engine: str, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(EngineError, match=r"model\.onnx") as caught:
        open_engine(replace(bundle, path=tmp_path), engine, "float32")
    assert "\n" not in str(caught.value)


def test_opening_openvino_reports_nothing_and_leaves_the_environment(bundle: Bundle) -> None:
    script = f"""
import os, threading, urllib.request
from pathlib import Path
def refuse(*args, **kwargs):
    raise AssertionError("a report was sent")
urllib.request.urlopen = refuse
from blemish.runtime.bundle import read_bundle
from blemish.runtime.engines import open_engine
open_engine(read_bundle(Path({str(bundle.path)!r})), "openvino", "float32")
import openvino_telemetry
assert not openvino_telemetry.Telemetry().consent
assert "CI" not in os.environ
"""
    environment = {key: value for key, value in os.environ.items() if key != "CI"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)  # noqa: S603


def test_opening_onnx_runtime_leaves_no_mark_of_a_report(bundle: Bundle, tmp_path: Path) -> None:
    script = f"""
import time
from pathlib import Path
from blemish.runtime.bundle import read_bundle
from blemish.runtime.engines import open_engine
open_engine(read_bundle(Path({str(bundle.path)!r})), "onnxruntime", "float32")
time.sleep(0.5)
"""
    # It stays silent by itself where it takes the machine for a server that builds things.
    kept = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")
    environment = {key: os.environ[key] for key in kept if key in os.environ}
    environment |= {"PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(tmp_path)}
    environment |= {"LOCALAPPDATA": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)  # noqa: S603
    assert [path.name for path in tmp_path.rglob("*onnxruntime*")] == []
