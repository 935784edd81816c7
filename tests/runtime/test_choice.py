from dataclasses import replace
from pathlib import Path

import pytest

from blemish.errors import EngineError
from blemish.runtime import choice as module
from blemish.runtime.bundle import Bundle
from blemish.runtime.choice import choose, fastest, open_chosen
from planted_bundle import planted_bundle

pytest.importorskip("openvino")

BOTH = {"openvino": ("float32",), "onnxruntime": ("float32",)}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted")


def lacking(monkeypatch: pytest.MonkeyPatch, *lost: str) -> None:
    """Pretend that the processor lacks precisions: none of those at hand lacks all."""

    def lack(engine: str, precision: str) -> str:
        return f"this processor does not compute in {precision}" if precision in lost else ""

    monkeypatch.setattr(module, "what_lacks", lack)


def test_what_is_meant_is_taken_with_the_engine_that_has_it(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking(monkeypatch)
    chosen = choose(bundle)
    assert (chosen.engine, chosen.precision, chosen.note) == ("openvino", "bfloat16", "")
    assert "only engine" in chosen.why
    assert not chosen.milliseconds


def test_what_the_processor_lacks_is_float32_and_said(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking(monkeypatch, "bfloat16", "int8")
    for precision in ("auto", "bfloat16"):
        chosen = choose(bundle, "openvino", precision)
        assert (chosen.engine, chosen.precision) == ("openvino", "float32")
        assert chosen.note == (
            "this processor does not compute in bfloat16: float32 instead of bfloat16"
        )
    assert choose(bundle, "openvino", "float32").note == ""


def test_a_named_engine_that_may_not_do_what_is_meant_runs_float32_and_says_so(
    bundle: Bundle,
) -> None:
    engine = open_chosen(bundle, "onnxruntime")
    assert (engine.name, engine.precision) == ("onnxruntime", "float32")
    assert engine.note.startswith("onnxruntime may not run this model in bfloat16: float32")


def test_a_bundle_may_be_meant_for_less_than_it_offers(bundle: Bundle) -> None:
    assert choose(replace(bundle, meant="float32"), "openvino").precision == "float32"


def test_the_fastest_is_measured_once_and_then_known(bundle: Bundle, tmp_path: Path) -> None:
    both = replace(bundle, precisions=BOTH)
    first = choose(both, threads=1, folder=tmp_path)
    again = choose(both, threads=1, folder=tmp_path)
    assert set(first.milliseconds) == {"openvino", "onnxruntime"}
    assert (first.cached, again.cached) == (False, True)
    assert (again.engine, again.milliseconds) == (first.engine, first.milliseconds)
    assert first.engine == fastest(first.milliseconds)
    assert "ms" in again.why
    assert not choose(both, threads=2, folder=tmp_path).cached


def test_an_engine_that_does_not_load_is_passed_over(bundle: Bundle, tmp_path: Path) -> None:
    both = replace(bundle, precisions=BOTH, path=tmp_path)
    both.graph.write_bytes(b"no graph")
    with pytest.raises(EngineError, match=r"openvino cannot load.*onnxruntime cannot load"):
        choose(both, threads=1)


@pytest.mark.parametrize(
    ("milliseconds", "best"),
    [
        ({"openvino": 10.0, "onnxruntime": 9.0}, "onnxruntime"),
        ({"openvino": 10.0, "onnxruntime": 9.6}, "openvino"),
        ({"openvino": 10.0, "onnxruntime": 20.0}, "openvino"),
        ({"onnxruntime": 20.0}, "onnxruntime"),
    ],
)
def test_nearly_as_fast_changes_nothing(milliseconds: dict[str, float], best: str) -> None:
    assert fastest(milliseconds) == best


@pytest.mark.parametrize(
    ("engine", "precision", "threads", "words"),
    [
        ("tensorrt", "auto", 0, "tensorrt"),
        ("auto", "int4", 0, "precision 'int4' is not one of auto, float32, bfloat16, int8"),
        ("auto", "int8", 0, "may run in float32 or bfloat16, not in int8"),
        ("onnxruntime", "bfloat16", 0, "float32 with onnxruntime, not in bfloat16"),
        ("onnxruntime", "auto", -1, "threads"),
    ],
)
def test_wrong_wishes_are_named(
    bundle: Bundle, engine: str, precision: str, threads: int, words: str
) -> None:
    with pytest.raises(EngineError, match=words):
        choose(bundle, engine, precision, threads)


def test_a_model_that_no_engine_here_may_run_is_refused(bundle: Bundle) -> None:
    with pytest.raises(EngineError, match="no engine is here"):
        choose(replace(bundle, precisions={"tensorrt": ("float32",)}))
