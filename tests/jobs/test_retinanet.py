"""The whole road with the anchor net: train, export, compare the engines, find, go on."""

from pathlib import Path

import pytest

from blemish.jobs.export import ExportSettings, export_bundle
from blemish.jobs.train import TrainSettings, train_run
from blemish.model.resnet import BODIES
from blemish.runtime.bundle import read_bundle
from blemish.runtime.finder import open_finder
from blemish.training.batches import BatchPlan
from blemish.training.loop import LoopPlan
from blemish.training.start import net_of
from planted import planted, write_dataset


@pytest.mark.parametrize(
    "backbone", ["resnet18", *(pytest.param(b, marks=pytest.mark.slow) for b in BODIES[1:])]
)
def test_a_retinanet_trains_exports_passes_parity_and_finds(tmp_path: Path, backbone: str) -> None:
    net = net_of("retinanet", backbone, "own", "nothing") | {"pyramid": 32, "depth": 1}
    settings = TrainSettings(
        run=tmp_path / "run",
        data=write_dataset(tmp_path / "data", 8),
        net=net,
        batches=BatchPlan(size=64, batch=2),
        loop=LoopPlan(steps=3, warmup=1),
        threads=1,
    )
    bundle = export_bundle(
        train_run(settings), tmp_path / "bundle", ExportSettings(threads=1, threshold=0.001)
    )
    assert read_bundle(bundle.path) == bundle
    assert backbone in (bundle.path / "README.md").read_text(encoding="utf-8")
    for engine in ("onnxruntime", "openvino"):
        assert bundle.parity[engine]["float32"]["box"] < 0.1
        finder = open_finder(bundle.path, engine=engine, precision="float32", threads=1)
        assert len(finder(planted(1, 1).pixels)) > 0
