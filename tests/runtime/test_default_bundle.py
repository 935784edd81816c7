"""The model in the box: its size, its card, and what it finds on wafers drawn for this test."""

from pathlib import Path

import numpy as np
import pytest

from blemish.core.metrics import Scored, average_precision, centre_hit_recall
from blemish.data.images import open_picture
from blemish.data.listing import find_pictures
from blemish.jobs.demo import demo_pictures
from blemish.runtime.bundle import default_bundle, read_bundle
from blemish.runtime.finder import open_finder
from blemish.synth.wafers import draw_wafer

NUM_WAFERS = 40
SEED = 777  # no training, validation or benchmark draws from it
LEAST_STRENGTH = 10.0

# What the bundle reached when it was made, less the scatter that 40 wafers have.
LEAST_AP50 = 0.93
LEAST_RECALL = 0.92


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_bundle_and_demo_are_small_and_whole() -> None:
    bundle = read_bundle(default_bundle())
    assert size_of(bundle.path) <= 12_000_000
    assert (bundle.path / "README.md").read_text(encoding="utf-8").strip()
    assert size_of(demo_pictures()) < 2_000_000
    assert len(find_pictures([demo_pictures()])) == 6


def test_float32_is_always_among_the_precisions() -> None:
    for precisions in read_bundle(default_bundle()).precisions.values():
        assert "float32" in precisions


def test_it_offers_eight_bits_and_says_what_they_are_worth() -> None:
    bundle = read_bundle(default_bundle())
    assert bundle.offered == ("float32", "bfloat16", "int8")
    assert bundle.precision == "int8"
    worth = {name: numbers["ap50"] for name, numbers in bundle.quality.items()}
    assert set(worth) == set(bundle.offered)
    assert min(worth.values()) >= worth["float32"] - 0.005
    assert bundle.quality["int8"]["labels"] >= 400
    assert set(bundle.thresholds) == set(bundle.offered)
    assert bundle.threshold_for("int8") != bundle.threshold_for("float32")
    assert max(bundle.thresholds.values()) - min(bundle.thresholds.values()) < 0.05
    assert bundle.graph_for("int8").stat().st_size < bundle.graph.stat().st_size / 2


def look(precision: str = "auto", engine: str = "auto") -> list[Scored]:
    finder = open_finder(min_score=0.02, engine=engine, precision=precision)
    pictures = []
    for index in range(NUM_WAFERS):
        wafer = draw_wafer(SEED, index)
        faint = np.asarray(wafer.strength < LEAST_STRENGTH)
        pictures.append((finder(wafer.pixels), wafer.defects, faint))
    return pictures


@pytest.fixture(scope="module")
def looked() -> list[Scored]:
    return look()


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_eight_bits_find_as_well_with_either_engine(engine: str) -> None:
    pytest.importorskip(engine)
    assert average_precision(look("int8", engine), 0.5) >= LEAST_AP50


def test_it_finds_what_its_card_says(looked: list[Scored]) -> None:
    assert average_precision(looked, 0.5) >= LEAST_AP50
    assert centre_hit_recall(looked, 0.1).recall >= LEAST_RECALL


def test_engines_and_the_command_line_agree_on_the_demo() -> None:
    openvino = pytest.importorskip("openvino")
    assert openvino
    one = open_finder(engine="openvino", precision="float32")
    two = open_finder(engine="onnxruntime", precision="float32")
    for listed in find_pictures([demo_pictures()]):
        pixels = open_picture(listed.path)
        first, second = one(pixels), two(pixels)
        np.testing.assert_allclose(first.boxes, second.boxes, atol=0.1)
        np.testing.assert_allclose(first.scores, second.scores, atol=1e-3)
