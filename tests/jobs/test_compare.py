import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from blemish.errors import UsageError
from blemish.jobs.compare import CompareReport, CompareSettings, compare_run
from blemish.jobs.evaluate import EvaluateSettings, evaluate_run
from blemish.jobs.find import FindSettings, find_run
from blemish.jobs.scoring import Chosen, View
from blemish.report.compared import (
    DIFFERENCES_HEADER,
    above_table,
    below_table,
    number_table,
)
from blemish.runtime.bundle import Bundle
from planted_bundle import planted_bundle
from planted_spots import put_steps

VIEW = View(engine="onnxruntime", threads=1)
Run = Callable[..., CompareReport]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bundle, Bundle]:
    """One that takes weak spots, and one that does not and knows dark ones under another name."""
    folder = tmp_path_factory.mktemp("models")
    eager = planted_bundle(folder / "eager", threshold=0.3, name="eager")
    return eager, planted_bundle(folder / "strict", threshold=0.6, name="strict")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A weak mark beside a strong one, a weak false find, and a clean picture."""
    folder = tmp_path / "data"
    put_steps(folder / "a.png", [100, 45])
    put_steps(folder / "lot" / "웨이퍼.png", [100], [45])
    put_steps(folder / "c.png", [])
    put_steps(folder / "d.png", [100, 10])
    return folder


@pytest.fixture
def run(models: tuple[Bundle, Bundle], data: Path, tmp_path: Path) -> Run:
    paths = (models[0].path, models[1].path)
    base = CompareSettings(paths, data, tmp_path / "out", Chosen("all"), VIEW)
    return lambda **changes: compare_run(replace(base, **changes))


def test_what_one_finds_and_the_other_misses(run: Run, tmp_path: Path) -> None:
    report = run()
    assert report.exit_code() == 0
    text = (tmp_path / "out" / "differences.csv").read_text(encoding="utf-8-sig")
    header, *rows = csv.reader(text.splitlines())
    assert tuple(header) == DIFFERENCES_HEADER
    (row,) = rows
    assert row[:7] == ["a.png", "61.00", "66.00", "89.00", "94.00", "bright", "A"]
    assert report.rows == [tuple(row)]
    assert row[7] == row[8]  # one graph, two thresholds: the other is as sure, and asks for more
    assert report.facts["labels"] == {"both": 3, "only_a": 1, "only_b": 0, "neither": 1}
    assert [path.name for path in (tmp_path / "out").rglob("*.jpg")] == ["a.jpg"]
    picture = cv2.imread(str(tmp_path / "out" / "pictures" / "a.jpg"))
    assert picture.shape[1] == 480  # twice as large, with a strip below
    assert picture.shape[0] > 320


def test_the_numbers_are_those_of_evaluate(
    run: Run, models: tuple[Bundle, Bundle], data: Path, tmp_path: Path
) -> None:
    report = run(out=None)
    for model, which in zip(models, ("first", "second"), strict=True):
        settings = EvaluateSettings(model.path, data, tmp_path / which, "all")
        scores = evaluate_run(replace(settings, engine="onnxruntime", threads=1)).scores
        numbers = {name: getattr(one, which) for name, one in report.numbers.items()}
        assert numbers["mAP"] == pytest.approx(scores.overall.area)
        assert numbers["COCO AP@0.5"] == pytest.approx(scores.overall.coco[0.5])
        assert numbers["COCO AP@0.33"] == pytest.approx(scores.overall.coco[0.33])
        assert numbers["COCO AP@0.50:0.95"] == pytest.approx(scores.overall.coco_mean)
        assert numbers["centre-hit recall"] == pytest.approx(scores.overall.centre.recall)
        assert numbers["centre-hit precision"] == pytest.approx(scores.overall.centre.precision)
        false = scores.overall.centre.false_per_picture
        assert numbers["false finds a picture"] == pytest.approx(false)
    recall, false = (report.numbers[n] for n in ("centre-hit recall", "false finds a picture"))
    assert recall.difference == pytest.approx(0.2)
    assert recall.first_better > 0.5 > false.first_better  # more false finds are worse
    assert report.numbers["mAP"].interval == (0, 0)


def test_the_record_and_the_words(run: Run, models: tuple[Bundle, Bundle], tmp_path: Path) -> None:
    report = run()
    record = json.loads((tmp_path / "out" / "compare.json").read_text(encoding="utf-8"))
    assert record["complete"] is True
    assert record["models"]["b"]["name"] == "strict"
    assert len(record["models"]["a"]["hash"]) == 64
    assert record["numbers"]["centre-hit recall"]["a"] == 0.8
    assert record["pictures"] == ["pictures/a.jpg"]
    lines = above_table(report.facts, report.failed)
    one = record["models"]["a"]
    how = f"{one['engine']} in {one['precision']}"
    assert lines[0] == f"A: eager ({models[0].path}), threshold 0.3, {how}"
    assert "On all of 4 pictures" in lines
    below = below_table(report.facts, report.out)
    few = "Drawn over 4 only, the intervals are too narrow: compare on 20 or more."
    assert few in below
    enough = report.facts | {"data": report.facts["data"] | {"groups": 20}}
    assert not any("too narrow" in line for line in below_table(enough, report.out))
    assert "3 found by both, 1 by A alone, 0 by B alone, 1 by neither" in below[0]
    assert str(tmp_path / "out" / "differences.csv") in "\n".join(below)
    assert [row[0] for row in number_table(report.numbers)][:1] == ["mAP"]


def test_nothing_is_written_without_a_folder(run: Run, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert run(out=None).facts["num_compared"] == 4
    assert sorted(tmp_path.rglob("*")) == before


def test_a_result_is_replaced_only_when_asked(run: Run, data: Path, tmp_path: Path) -> None:
    run()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        run()
    put_steps(data / "a.png", [100, 100])
    assert run(overwrite=True).facts["labels"]["only_a"] == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("compare.json", "differences.csv", "mine.txt"),
    ]


def test_find_does_not_look_at_the_copies(
    run: Run, models: tuple[Bundle, Bundle], data: Path, tmp_path: Path
) -> None:
    run(out=data / "out")
    assert list((data / "out").rglob("*.jpg"))
    report = find_run(
        FindSettings((data,), tmp_path / "found", models[0].path, engine="onnxruntime", threads=1)
    )
    assert len(report.rows) == 4


def test_a_picture_that_one_cannot_look_at_is_left_out_of_both(run: Run, data: Path) -> None:
    (data / "c.png").write_bytes(b"")
    report = run()
    assert report.exit_code() == 3
    assert "c.png" in report.failed
    assert report.facts["num_compared"] == 3


def test_pictures_that_one_has_learned_are_refused(
    models: tuple[Bundle, Bundle], data: Path, tmp_path: Path
) -> None:
    for number in range(12):
        put_steps(data / f"more{number}.png", [100])

    def trained(name: str, seed: int) -> Path:
        settings = {"data": "data", "seed": seed, "held_share": 0.25}
        return planted_bundle(tmp_path / name, training={"settings": settings}).path

    first, second, third = trained("x", 0), trained("y", 1), trained("z", 0)
    base = CompareSettings((first, second), data, None, Chosen("val"), VIEW)
    with pytest.raises(UsageError, match=r"seed 0; share 0\.25, seed 1\): one has learned"):
        compare_run(base)
    assert compare_run(replace(base, models=(first, third))).facts["num_compared"] == 4
    assert compare_run(replace(base, chosen=Chosen("all"))).facts["num_compared"] == 16
    # One that was not trained on labelled pictures has learned none of them.
    mixed = compare_run(replace(base, models=(models[0].path, second)))
    assert "seed 1" in mixed.facts["data"]["words"]


def test_the_same_model_and_groups_are_told(run: Run, models: tuple[Bundle, Bundle]) -> None:
    path = models[0].path
    report = run(models=(path, path), chosen=Chosen("all", group=r"lot|\."))
    lines = above_table(report.facts, report.failed)
    assert "A and B are the same model." in lines
    assert any("drawn over" in line and "groups" in line for line in lines)
    assert all(one.first_better == 0.5 for one in report.numbers.values())


def test_classes_of_both_are_brought_to_the_labels(run: Run, data: Path) -> None:
    put_steps(data / "e.png", [100], name="scratch")
    report = run()
    assert any(
        line.startswith("A: The model does not know 'scratch'")
        for line in above_table(report.facts, report.failed)
    )
    assert report.facts["labels"]["neither"] == 2
    assert run(overwrite=True, chosen=Chosen("all", one_class=True)).facts["labels"]["both"] == 4
    assert np.isfinite(report.numbers["mAP"].difference)
