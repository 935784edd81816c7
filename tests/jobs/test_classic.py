"""The whole road of the original's recipe, on tiny pictures at half as much again."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from blemish.jobs.export import ExportSettings, export_bundle
from blemish.jobs.settings import TrainSettings
from blemish.jobs.train import held_pictures, train_run
from blemish.runtime.finder import open_finder
from blemish.training.log import read_log
from blemish.training.recipes import follow
from blemish.training.start import net_of
from planted import planted, write_dataset


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> TrainSettings:
    folder = tmp_path_factory.mktemp("classic")
    net = net_of("retinanet", "resnet18", "classic", "nothing") | {"pyramid": 16, "depth": 1}
    recipe = follow("classic", 192, 2, steps=None, minutes=None, patience=None)
    return TrainSettings(
        *(folder / "whole", write_dataset(folder / "data", 5)),
        cache=folder / "cache",
        epochs=2,
        net=net,
        threads=1,
        **recipe,
    )


@pytest.fixture(scope="module")
def run(settings: TrainSettings) -> Path:
    return train_run(settings)


def test_a_resumed_run_is_bit_for_bit_an_uninterrupted_one(
    settings: TrainSettings, run: Path
) -> None:
    told: list[str] = []
    first = replace(settings, run=run.with_name("parts"), epochs=1)
    train_run(first, tell=told.append)
    assert "2 whole pictures of 192 px a step, 2 steps (1 epochs)" in told[0]
    train_run(TrainSettings(first.run, epochs=2, resume=True, threads=1))
    whole, parts = (torch.load(one / "last.pt") for one in (run, first.run))
    assert (whole["step"], parts["step"]) == (4, 4)
    for part in ("net", "average"):
        assert all(torch.equal(value, parts[part][n]) for n, value in whole[part].items())
    ours, theirs = (one["optimiser"]["adam"]["state"] for one in (whole, parts))
    assert len(ours) > 60
    assert all(torch.equal(v, theirs[i][n]) for i, row in ours.items() for n, v in row.items())
    names = {file.name for file in run.glob("epoch-*")}
    assert names == {"epoch-001.safetensors", "epoch-002.safetensors"}


@pytest.mark.slow
def test_its_bundle_looks_at_pictures_in_the_scale_it_learned(run: Path, tmp_path: Path) -> None:
    bundle = export_bundle(run, tmp_path / "bundle", ExportSettings(threads=1, threshold=0.001))
    assert bundle.long_side == 192
    assert bundle.training["settings"]["recipe"] == "classic"
    card = (bundle.path / "README.md").read_text(encoding="utf-8")
    assert "--recipe classic" in card
    assert "brought to 192 px" in card
    finder = open_finder(bundle.path, engine="onnxruntime", precision="float32", threads=1)
    finding = finder.look(planted(1, 1).pixels)
    assert finding.scale == 1.5
    assert 0 < finding.defects.boxes.max() <= 128  # in pixels of the picture


def test_boxes_that_are_large_enough_teach(run: Path) -> None:
    rows = read_log(run / "log.jsonl")
    assert len(rows) == 2
    assert all(row["regression"] > 0 and row["val_regression"] > 0 for row in rows)
    facts = json.loads((run / "settings.json").read_text())
    assert (facts["batches"]["whole"], facts["net"]["assign"]) == (True, "classic")
    assert next(iter(held_pictures(facts))).pixels.shape == (192, 192, 3)
