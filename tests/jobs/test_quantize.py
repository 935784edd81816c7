"""A bundle in eight bits: which layers stay in float, what is measured, and what is not offered."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

from blemish.cli import app
from blemish.core.scoremaps import Platt, map_one
from blemish.data.folds import Split
from blemish.data.images import open_picture
from blemish.errors import BlemishError, ParityError, UsageError
from blemish.jobs import quantize as job
from blemish.jobs.export import ExportSettings
from blemish.jobs.part import choose_part
from blemish.jobs.precisions import Measured, choose_thresholds, covering_windows
from blemish.jobs.quantize import describe, export_more, quantise_bundle
from blemish.runtime.bundle import Bundle, default_bundle, read_bundle
from blemish.runtime.finder import open_finder
from blemish.training.calibrate import calibrate
from planted_bundle import HALF_SIDE, blobs, planted_bundle

pytest.importorskip("openvino")

KINDS = ("bright", "dark")


def write_blobs(folder: Path, count: int = 20) -> Path:
    """Write pictures of grounds from dark to bright with three blobs each, and their labels."""
    folder.mkdir(parents=True)
    rows: list[tuple[object, ...]] = []
    rng = np.random.default_rng(3)
    for index in range(count):
        spots = [(40, 40), (120, 44), (76, 84)]
        step = int(rng.integers(30, 60)) * (1 if index % 2 else -1)
        pixels = blobs(160, 128, spots, step, int(rng.integers(70, 180)))
        cv2.imwrite(str(folder / f"{index}.png"), pixels)
        half = int(HALF_SIDE)
        kind = KINDS[step < 0]
        rows += [(f"{index}.png", x - half, y - half, x + half, y + half, kind) for x, y in spots]
    with (folder / "annotations.csv").open("w", newline="") as table:
        csv.writer(table).writerows(rows)
    (folder / "classes.csv").write_text("bright,0\ndark,1\n")
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_blobs(tmp_path_factory.mktemp("data") / "blobs")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted", layers=True)


@pytest.fixture(scope="module")
def outcome(bundle: Bundle, data: Path) -> job.Outcome:
    return quantise_bundle(bundle.path, data, bundle.path.parent / "eight")


def test_the_layer_that_eight_bits_spoil_stays_in_float(outcome: job.Outcome) -> None:
    assert outcome.kept == ["node_difference"]
    assert outcome.layers == 2
    assert outcome.refused == []
    graph = onnx.load(outcome.bundle.graph_for("int8"))
    eight = [one.name for one in graph.graph.initializer if one.data_type == onnx.TensorProto.INT8]
    assert [name for name in eight if "mean" in name]
    assert not [name for name in eight if "against" in name]


def test_the_bundle_says_what_each_precision_is_worth(outcome: job.Outcome, bundle: Bundle) -> None:
    after = read_bundle(outcome.bundle.path)
    assert after == outcome.bundle
    assert after.precisions["onnxruntime"] == ("float32", "int8")
    assert after.precisions["openvino"] == ("float32", "bfloat16", "int8")
    assert (after.meant, bundle.precision) == ("bfloat16", "bfloat16")
    assert after.quality["float32"]["ap50"] == 1.0
    assert after.quality["int8"]["ap50"] >= 0.9975
    assert after.quality["int8"]["recall"] == 1.0
    assert (after.quality["int8"]["pictures"], after.quality["int8"]["labels"]) == (4, 12)
    assert after.parity["openvino"]["int8"]["passed"]
    assert after.parity["openvino"]["int8"]["flips"] == 0
    assert after.parity["openvino"]["int8"]["ap50"] >= 0.9975
    card = (after.path / "README.md").read_text(encoding="utf-8")
    assert card.count("## Precisions") == 1
    assert "`node_difference`; 1 of 2" in card
    assert "4 held-out pictures of `blobs` with 12 labels" in card
    assert any("int8: AP@0.5 " in line for line in describe(outcome, after.path))


def test_it_finds_in_eight_bits_with_both_engines(outcome: job.Outcome) -> None:
    pixels = blobs(160, 128, [(52, 60), (100, 40)], 50)
    for engine in ("onnxruntime", "openvino"):
        finder = open_finder(outcome.bundle.path, engine=engine, precision="int8", threads=1)
        assert finder.engine.precision == "int8"
        assert len(finder(pixels)) == 2


def test_each_precision_gets_the_threshold_that_export_would_choose(
    outcome: job.Outcome, data: Path
) -> None:
    after = outcome.bundle
    assert set(after.thresholds) == set(after.quality)
    part = choose_part(data, "val", Split())
    for precision, threshold in after.thresholds.items():
        engine = "openvino" if precision == "bfloat16" else "onnxruntime"
        finder = open_finder(after.path, 0.0, engine=engine, precision=precision, threads=1)
        if finder.engine.precision != precision:
            continue
        rows = [(one, finder(open_picture(one.path))) for one in part.dataset.samples]
        judged = [(found, one.defects, one.strength) for one, found in rows]
        assert calibrate(judged).threshold == threshold
        own = open_finder(after.path, engine=engine, precision=precision, threads=1)
        assert own.min_score == threshold
    card = (after.path / "README.md").read_text(encoding="utf-8")
    assert f"{after.thresholds['int8']:.4g} in int8" in card.split("## Thresholds")[1]
    told = f"finds count from {after.thresholds['int8']:.4g} on"
    assert any(told in line for line in describe(outcome, after.path))


def measured(**thresholds: float) -> dict[str, Measured]:
    return {name: Measured({}, threshold) for name, threshold in thresholds.items()}


def test_a_threshold_that_was_chosen_otherwise_holds(bundle: Bundle) -> None:
    both = measured(float32=0.3723, int8=0.4151)
    own = {"float32": 0.3723, "int8": 0.4151}
    assert choose_thresholds(bundle, both) == own
    assert choose_thresholds(replace(bundle, training={"threshold": "measured"}), both) == own
    assert choose_thresholds(replace(bundle, training={"threshold": "given"}), both) == {}
    line = Platt(2.0, -1.5)
    calibrated = replace(bundle, calibration={"map": line.facts(), "promise": {"limit": 0.9}})
    assert choose_thresholds(calibrated, both) == {}
    # One with a map and still those of its precisions was promised nothing since.
    mapped = choose_thresholds(replace(calibrated, thresholds={"int8": 0.2}), both)
    assert mapped == {name: map_one(line, value) for name, value in own.items()}


def test_eight_bits_again_replace_the_former(outcome: job.Outcome, data: Path) -> None:
    before = outcome.bundle
    again = quantise_bundle(before.path, data, before.path.parent / "again", "int8")
    assert again.bundle.precision == "int8"
    assert again.bundle.files["model.int8.onnx"] == before.files["model.int8.onnx"]
    assert (again.bundle.path / "README.md").read_text().count("## Precisions") == 1


def test_what_loses_too_much_is_not_offered(
    bundle: Bundle,
    outcome: job.Outcome,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(job, "numbers_kept", lambda layers: [0])
    refused = quantise_bundle(outcome.bundle.path, data, tmp_path / "out")
    assert "int8" not in refused.bundle.offered
    assert {item.name for item in (tmp_path / "out").iterdir()} == {
        *("bundle.json", "model.onnx", "README.md")
    }
    (line,) = refused.refused
    lost = refused.bundle.quality["int8"]["ap50"]
    assert line.startswith(f"int8 is not offered: AP@0.5 {lost:.4f} with 0 of 2 layers in float")
    assert "instead of 1.0000 on 4 pictures with 12 labels" in line
    assert "not offered" in (tmp_path / "out" / "README.md").read_text()
    with pytest.raises(ParityError, match=r"meant for int8: int8 is not offered: AP@0.5 0"):
        quantise_bundle(bundle.path, data, tmp_path / "no", "int8")
    assert [item.name for item in tmp_path.iterdir()] == ["out"]


def test_windows_are_what_the_net_is_given(bundle: Bundle, data: Path) -> None:
    part = choose_part(data, "train", Split())
    windows = covering_windows(bundle, part)
    assert len(windows) == len(part.dataset) == 16
    assert {window.shape for window in windows} == {(128, 160, 3)}
    half = covering_windows(replace(bundle, long_side=80), part)
    assert {window.shape for window in half} == {(64, 96, 3)}  # filled up to the stride


def test_a_bundle_may_be_meant_for_another(outcome: job.Outcome, tmp_path: Path) -> None:
    path, plain = outcome.bundle.path, ExportSettings()
    after = export_more(path, None, tmp_path / "out", plain, "int8").bundle
    assert after.meant == "int8"
    assert open_finder(after.path, threads=1).engine.precision == "int8"
    assert replace(after, path=path, meant="bfloat16") == outcome.bundle
    planted = planted_bundle(tmp_path / "planted")
    with pytest.raises(ParityError, match="offers float32 and bfloat16"):
        export_more(planted.path, None, tmp_path / "no", plain, "int8")
    with pytest.raises(UsageError, match="not one of float32, bfloat16, int8"):
        export_more(path, None, tmp_path / "no", plain, "int4")
    assert not (tmp_path / "no").exists()


def only_clean(folder: Path) -> Path:
    folder.mkdir()
    for index in range(6):
        cv2.imwrite(str(folder / f"{index}.png"), blobs(96, 96, []))
    (folder / "annotations.csv").write_text("".join(f"{n}.png,,,,,\n" for n in range(6)))
    (folder / "classes.csv").write_text("bright,0\n")
    return folder


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda b, f: export_more(b, None, f / "o", ExportSettings()), "is a bundle already"),
        (
            lambda b, f: export_more(b, None, f / "o", ExportSettings(threshold=0.5), "float32"),
            "whose weights, threshold and name stay",
        ),
        (lambda b, f: quantise_bundle(b, only_clean(f / "clean"), f / "o"), "has no label"),
        (lambda b, f: quantise_bundle(b, f / "no", f / "o"), "no"),
        (lambda b, f: quantise_bundle(f, f, f / "o"), "no model bundle"),
        (lambda b, f: quantise_bundle(b, f, default_bundle()), "is the model in the box"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    bundle: Bundle, tmp_path: Path, ask: Callable[[Path, Path], object], words: str
) -> None:
    with pytest.raises(BlemishError, match=words) as caught:
        ask(bundle.path, tmp_path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "o").exists()


def test_the_command_line(bundle: Bundle, outcome: job.Outcome, tmp_path: Path) -> None:
    call = ["export", str(outcome.bundle.path), "--out", str(tmp_path / "out")]
    run = CliRunner().invoke(app, [*call, "--meant", "float32"])
    assert run.exit_code == 0, run.output
    assert "for float32, bfloat16, int8, meant for float32" in " ".join(run.output.split())
    run = CliRunner().invoke(app, [*call, "--int8"])
    assert run.exit_code == 2
    assert "go together" in run.output
