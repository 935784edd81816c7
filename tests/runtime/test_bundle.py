import json
from dataclasses import replace
from pathlib import Path

import pytest

from blemish.core.scoremaps import AsItIs, Platt
from blemish.errors import BundleError
from blemish.runtime.bundle import (
    Bundle,
    bundle_hash,
    default_bundle,
    read_bundle,
    write_bundle,
)
from planted_bundle import planted_bundle


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return planted_bundle(tmp_path / "planted")


def test_a_written_bundle_reads_back_the_same(bundle: Bundle) -> None:
    assert read_bundle(bundle.path) == bundle


def test_nothing_is_left_beside_the_bundle(bundle: Bundle) -> None:
    assert [item.name for item in bundle.path.parent.iterdir()] == ["planted"]
    assert sorted(item.name for item in bundle.path.iterdir()) == ["bundle.json", "model.onnx"]


def test_a_bundle_is_replaced_whole(bundle: Bundle) -> None:
    again = write_bundle(
        replace(bundle, threshold=0.7, wafer_diameter=None, wafer_range=None),
        {"model.onnx": b"other", "README.md": b"# card"},
    )
    assert read_bundle(bundle.path) == again
    assert again.threshold == 0.7
    assert [item.name for item in bundle.path.parent.iterdir()] == ["planted"]


def test_a_precision_may_have_a_threshold_of_its_own(bundle: Bundle) -> None:
    assert "thresholds" not in json.loads((bundle.path / "bundle.json").read_text())
    graph = {"model.onnx": bundle.graph.read_bytes()}
    own = write_bundle(replace(bundle, thresholds={"bfloat16": 0.4}), graph)
    assert read_bundle(bundle.path) == own
    assert own.threshold_for("bfloat16") == 0.4
    assert own.threshold_for("float32") == own.threshold_for("int8") == bundle.threshold
    assert bundle_hash(own) != bundle_hash(bundle)


def test_the_hash_follows_the_content_and_not_the_place(bundle: Bundle, tmp_path: Path) -> None:
    assert bundle_hash(planted_bundle(tmp_path / "elsewhere")) == bundle_hash(bundle)
    assert bundle_hash(replace(bundle, threshold=0.31)) != bundle_hash(bundle)
    other = write_bundle(replace(bundle, path=tmp_path / "other"), {"model.onnx": b"other"})
    assert bundle_hash(other) != bundle_hash(bundle)


def test_a_folder_of_something_else_is_never_replaced(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"a")
    with pytest.raises(BundleError, match="no model bundle"):
        planted_bundle(tmp_path / "photos")
    assert (tmp_path / "photos" / "a.png").read_bytes() == b"a"


def test_a_failed_write_leaves_the_old_bundle(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="cannot write"):
        write_bundle(bundle, {"model.onnx": b"x", "card": tmp_path / "missing"})
    assert read_bundle(bundle.path) == bundle
    assert [item.name for item in tmp_path.iterdir()] == ["planted"]


def test_a_changed_or_missing_file_is_named(bundle: Bundle) -> None:
    bundle.graph.write_bytes(b"changed")
    with pytest.raises(BundleError, match=r"model\.onnx: damaged"):
        read_bundle(bundle.path)
    bundle.graph.unlink()
    with pytest.raises(BundleError, match=r"model\.onnx: cannot be read"):
        read_bundle(bundle.path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 2}, r"newer version of blemish \(0.1.0\); .* pip install --upgrade blemish"),
        ({"format": 0}, "format 0"),
        ({"format": True}, "format True"),
        ({"meant": "int8"}, "meant for 'int8', which is not among"),
        ({"meant": 5}, "meant is 5"),
        ({"precisions": {"onnxruntime": ["int8"]}}, r"lists no model\.int8\.onnx"),
        ({"quality": []}, r"quality is \[\]"),
        ({"quality": {"int8": 5}}, "quality in 'int8'"),
        ({"quality": {"int8": {"ap50": "good"}}}, "quality in 'int8'"),
        ({"classes": []}, "no classes"),
        ({"threshold": 7}, "threshold"),
        ({"threshold": "high"}, "threshold is 'high'"),
        ({"threshold": True}, "threshold is True"),
        ({"thresholds": []}, r"thresholds is \[\]"),
        ({"thresholds": {"int8": 1.5}}, "the threshold in 'int8' is 1.5, not from 0 to 1"),
        ({"thresholds": {"int8": "0.5"}}, "the threshold in 'int8' is '0.5'"),
        ({"thresholds": {"int8": True}}, "the threshold in 'int8' is True"),
        ({"thresholds": {"int8": float("nan")}}, "the threshold in 'int8' is nan"),
        ({"nms_iou": 7}, "nms_iou 7"),
        ({"stride": "32"}, "stride is '32'"),
        ({"name": None}, "name is None"),
        ({"classes": "defect"}, "classes is 'defect'"),
        ({"wafer_diameter": 0}, "wafer_diameter 0"),
        ({"long_side": 0}, "long_side 0"),
        ({"region": "disc"}, "region 'disc'"),
        ({"long_side": 900.5}, "long_side is 900.5"),
        ({"precisions": {"onnxruntime": 5}}, "export the bundle again"),
        ({"window": 1000}, "stride"),
        ({"overlap": 4096}, "overlap"),
        ({"wafer_range": [1]}, "export the bundle again"),
        ({"files": {}}, "lists no"),
        ({"files": None}, "files is None"),
        ({"calibration": []}, r"calibration is \[\]"),
        ({"calibration": {"map": {"kind": "code"}}}, "neither isotonic nor platt"),
        ({"calibration": {"map": {"kind": "platt", "slope": 0, "offset": 0}}}, "no rising line"),
        ({"calibration": {"map": 5}}, "score map"),
        ({"files": {"model.onnx": 5}}, "without a SHA-256"),
        ({"files": {"../model.onnx": "0", "model.onnx": "0"}}, "no file name"),
    ],
)
def test_wrong_facts_are_named(bundle: Bundle, changes: dict[str, object], words: str) -> None:
    about = bundle.path / "bundle.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | changes))
    with pytest.raises(BundleError, match=words) as caught:
        read_bundle(bundle.path)
    assert str(bundle.path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bundle_from_before_there_was_a_long_side_has_none(bundle: Bundle) -> None:
    about = bundle.path / "bundle.json"
    facts = json.loads(about.read_text())
    assert facts.pop("long_side") is None
    about.write_text(json.dumps(facts))
    assert read_bundle(bundle.path) == bundle


def test_what_was_calibrated_is_kept_and_changes_the_hash(bundle: Bundle) -> None:
    before = bundle_hash(bundle)
    assert "calibration" not in json.loads((bundle.path / "bundle.json").read_text())
    facts = {"map": {"kind": "platt", "slope": 2.0, "offset": -1.0}, "promise": {}}
    planted_bundle(bundle.path, calibration=facts)
    again = read_bundle(bundle.path)
    assert again.calibration == facts
    assert again.score_map == Platt(2.0, -1.0)
    assert bundle_hash(again) != before
    assert bundle.score_map == AsItIs()


def test_precisions_and_their_quality_are_kept(bundle: Bundle, tmp_path: Path) -> None:
    text = (bundle.path / "bundle.json").read_text()
    assert "meant" not in json.loads(text)
    assert "quality" not in json.loads(text)
    assert (bundle.precision, bundle.offered) == ("bfloat16", ("float32", "bfloat16"))
    eight = replace(
        bundle,
        path=tmp_path / "eight",
        precisions={"onnxruntime": ("float32", "int8")},
        meant="int8",
        quality={"float32": {"ap50": 0.9}, "int8": {"ap50": 0.899}},
    )
    with pytest.raises(BundleError, match=r"for int8 needs a model\.int8\.onnx"):
        write_bundle(eight, {"model.onnx": bundle.graph})
    written = write_bundle(eight, {"model.onnx": bundle.graph, "model.int8.onnx": b"eight"})
    again = read_bundle(written.path)
    assert again == written
    assert (again.precision, again.offered) == ("int8", ("float32", "int8"))
    assert again.graph_for("int8").read_bytes() == b"eight"
    assert again.graph_for("bfloat16") == again.graph
    again.graph_for("int8").write_bytes(b"other")
    with pytest.raises(BundleError, match=r"model\.int8\.onnx: damaged"):
        read_bundle(written.path)


def test_nothing_is_meant_but_float32_where_nothing_else_passed(bundle: Bundle) -> None:
    assert replace(bundle, precisions={"onnxruntime": ("float32",)}).precision == "float32"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 1}', "[" * 100_000])
def test_a_broken_bundle_file_is_named(bundle: Bundle, text: str) -> None:
    (bundle.path / "bundle.json").write_text(text)
    with pytest.raises(BundleError, match=r"bundle\.json"):
        read_bundle(bundle.path)


def test_a_folder_without_a_bundle_says_so(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no model bundle here"):
        read_bundle(tmp_path)


def test_the_default_bundle_lies_in_the_package() -> None:
    assert default_bundle().parts[-3:] == ("runtime", "zoo", "default")
