import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from blemish.core.defects import Defects
from blemish.errors import BundleError, ParityError, TrainingError, UsageError
from blemish.jobs import export as job
from blemish.jobs.export import ExportSettings, export_bundle
from blemish.jobs.train import TrainSettings, train_run
from blemish.model.centernet import build_net
from blemish.runtime.bundle import Bundle, read_bundle
from blemish.runtime.finder import open_finder
from blemish.synth.wafers import draw_wafer
from blemish.training.augment import Augment
from blemish.training.batches import BatchPlan, Labelled
from blemish.training.checkpoint import load_weights
from blemish.training.loop import LoopPlan
from planted import TINY_NET, planted, write_dataset

SETTINGS = ExportSettings(threads=1)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a net that knows the planted dots well enough to find them."""
    folder = tmp_path_factory.mktemp("export")
    settings = TrainSettings(
        run=folder / "run",
        data=write_dataset(folder / "data", 30),
        net=TINY_NET,
        seed=1,
        batches=BatchPlan(size=96, batch=6, random_share=0.2, augment=Augment(permute=0, blur=0)),
        loop=LoopPlan(steps=120, warmup=10, rate=4e-3, average=0.95),
    )
    return train_run(settings)


@pytest.fixture(scope="module")
def bundle(run: Path) -> Bundle:
    return export_bundle(run, run.parent / "bundle", SETTINGS)


def test_the_bundle_is_whole_and_finds_what_was_planted(bundle: Bundle) -> None:
    assert read_bundle(bundle.path) == bundle
    names = {item.name for item in bundle.path.iterdir()}
    assert names == {"bundle.json", "model.onnx", "weights.safetensors", "README.md"}
    assert bundle.name == "bundle"
    assert bundle.classes == ("dot",)
    assert bundle.wafer_diameter is None
    assert bundle.training["scores"]["recall"] > 0.8
    finder = open_finder(bundle.path, threads=1)
    hits = 0
    for index in range(40, 50):
        picture = planted(5, index)
        hits += abs(len(finder(picture.pixels)) - len(picture.defects)) <= 1
    assert hits >= 8


def test_labels_around_a_disc_tell_that_it_is_no_wafer() -> None:
    drawn = draw_wafer(7, 0)
    centre, strength = (drawn.disc.x, drawn.disc.y), np.ones(1, np.float32)

    def labelled(x: float, y: float) -> Labelled:
        boxes = np.array([[x - 8, y - 8, x + 8, y + 8]], np.float32)
        return Labelled(drawn.pixels, Defects(boxes, np.zeros(1, np.int64), strength), strength)

    inside, outside = labelled(*centre), labelled(12, 12)
    assert job.choose_region([inside] * 10) == "auto"
    assert job.choose_region([inside] * 19 + [outside]) == "auto"  # one slip of the hand
    assert job.choose_region([inside] * 8 + [outside] * 2) == "whole"
    assert job.choose_region([]) == "auto"


def test_all_engines_answer_as_torch(bundle: Bundle) -> None:
    assert set(bundle.precisions) == {"openvino", "onnxruntime"}
    for name, numbers in bundle.parity.items():
        assert numbers["float32"]["pairs"] > 0, name
        assert numbers["float32"]["score"] < 1e-3
        assert numbers["float32"]["box"] < 0.1
    assert ("bfloat16" in bundle.precisions["openvino"]) == bundle.parity["openvino"].get(
        "bfloat16", {}
    ).get("passed", False)


def test_the_weights_are_those_of_the_net_and_can_be_trained_on(bundle: Bundle) -> None:
    build_net(bundle.net, 1).load_state_dict(load_weights(bundle.path))


def test_the_card_and_the_facts_tell_of_no_machine(bundle: Bundle, run: Path) -> None:
    card = (bundle.path / "README.md").read_text()
    facts = (bundle.path / "bundle.json").read_text()
    for text in (card, facts):
        assert str(run.parent) not in text
    assert f"{bundle.threshold:g}" in card
    assert "`data`" in card
    assert json.loads(facts)["training"]["steps"] == 120
    for heading in ("Model", "Data", "Training", "Scores", "Engines", "Limits"):
        assert f"\n## {heading}\n" in card


def test_a_broken_graph_is_refused_and_nothing_is_left(
    run: Path, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = onnx.load(bundle.graph)
    first = next(one for one in graph.graph.initializer if len(one.dims) == 4)
    values = numpy_helper.to_array(first) * np.float32(1.2)
    first.CopyFrom(numpy_helper.from_array(values, first.name))
    monkeypatch.setattr(job, "export_graph", lambda net, top_k: graph.SerializeToString())
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    with pytest.raises(ParityError, match=r"does not find what the net finds \(\d+ pairs") as error:
        export_bundle(run, tmp_path / "out", SETTINGS)
    assert "\n" not in str(error.value)
    assert [item.name for item in tmp_path.iterdir()] == ["temporary"]
    assert list((tmp_path / "temporary").iterdir()) == []


def test_settings_are_followed(
    run: Path, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "export_graph", lambda net, top_k: bundle.graph.read_bytes())
    monkeypatch.setattr(job, "NUM_COMPARED", 2)
    told: list[float] = []
    settings = replace(
        SETTINGS, threshold=0.0, name="Schönes Modell", num_looked=2, pictures=run.parent / "data"
    )
    written = export_bundle(
        run, tmp_path / "the model", settings, lambda share, words: told.append(share)
    )
    assert (written.threshold, written.name) == (0.0, "Schönes Modell")
    assert written.training["scores"]["pictures"] == 2
    assert written.parity["onnxruntime"]["float32"]["pictures"] == 30
    card = (written.path / "README.md").read_text(encoding="utf-8")
    assert "chosen by hand" in card
    assert card.startswith("# Schönes Modell\n")
    assert "--model 'the model' --out DIR" in card
    assert "--out 'the model'\n" in card
    assert told == sorted(told)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (ExportSettings(weights="first"), "neither last nor best"),
        (ExportSettings(threshold=1.5), "between 0 and 1"),
        (ExportSettings(num_looked=0), "at least one"),
        (ExportSettings(pictures=Path("nowhere")), "nowhere"),
    ],
)
def test_wrong_settings_are_named(
    run: Path, tmp_path: Path, settings: ExportSettings, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "export_graph", lambda net, top_k: b"")
    with pytest.raises(UsageError, match=words):
        export_bundle(run, tmp_path / "out", settings)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_run_or_no_place_is_named(run: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="is not a training run"):
        export_bundle(tmp_path, tmp_path / "out", SETTINGS)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"")
    with pytest.raises(BundleError, match="no model bundle"):
        export_bundle(run, tmp_path / "photos", SETTINGS)
