import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.data.dataset import read_dataset, split
from blemish.data.labels import PictureLabels
from blemish.data.voc import write_voc
from blemish.errors import LabelError, UsageError
from blemish.jobs.evaluate import EvaluateReport, EvaluateSettings, describe, evaluate_run, places
from blemish.jobs.find import FindSettings, find_run
from blemish.report.tables import ImageRow
from blemish.runtime.bundle import Bundle
from planted_bundle import HALF_SIDE, blobs, planted_bundle

TABLES = {
    *("finds.csv", "judged.csv", "curves.csv", "froc.csv", "froc.svg", "scores.json"),
    "report.html",
}

Spot = tuple[int, int]
Run = Callable[..., EvaluateReport]


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted")


@pytest.fixture
def run(bundle: Bundle, tmp_path: Path) -> Run:
    """Give a function that evaluates `tmp_path/data` as a whole unless told otherwise."""
    base = EvaluateSettings(
        *(bundle.path, tmp_path / "data", tmp_path / "out", "all"), engine="onnxruntime", threads=1
    )

    def run_with(*, watch: Callable[..., None] = lambda *_: None, **changes: object):  # type: ignore[no-untyped-def]
        return evaluate_run(replace(base, **changes), watch)  # type: ignore[arg-type]

    return run_with


def put(
    path: Path,
    drawn: Sequence[Spot],
    labelled: Sequence[Spot],
    name: str = "bright",
    ignored: Sequence[bool] = (),
) -> Path:
    """Write a picture with spots and a VOC file with boxes as large as the blob finder's."""
    pixels = blobs(200, 160, list(drawn), step=-80 if name == "dark" else 90)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, pixels)[1].tobytes())
    boxes = [(x - HALF_SIDE, y - HALF_SIDE, x + HALF_SIDE, y + HALF_SIDE) for x, y in labelled]
    names = (name,) * len(boxes)
    labels = PictureLabels.of(
        path.name, (200, 160), boxes, names, ignored=ignored or [False] * len(boxes)
    )
    path.with_suffix(".xml").write_text(write_voc(labels), encoding="utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A hit and a miss, a false find, a clean picture, a hit of the other class."""
    folder = tmp_path / "data"
    put(folder / "a.png", [(40, 40)], [(40, 40), (120, 100)])
    put(folder / "b.png", [(60, 60)], [])
    put(folder / "c.png", [], [])
    put(folder / "lot" / "웨이퍼 10.png", [(80, 80)], [(80, 80)], "dark")
    return folder


def facts(report: EvaluateReport) -> dict[str, object]:
    text = (report.out / "scores.json").read_text(encoding="utf-8")
    return json.loads(text)  # type: ignore[no-any-return]


def test_planted_finds_are_scored(run: Run, data: Path) -> None:
    report = run()
    assert report.exit_code() == 0
    # Bright: a hit and a false find of one score, the hit's picture first; one label of two.
    lines = describe(report)
    assert "on all of 4 pictures: 3 labels" in lines[0]
    assert "2 instances of class bright with average precision: 0.5000" in lines
    assert "1 instances of class dark with average precision: 1.0000" in lines
    assert "mAP: 0.7500" in lines
    (interval,) = (line for line in lines if line.startswith("95 % interval of mAP"))
    assert interval.endswith("; with only 4 it is too narrow: score 20 or more")
    bright, dark = report.scores.by_class
    assert (bright.centre.num_hits, bright.centre.num_false, bright.centre.num_true) == (1, 1, 2)
    assert dark.centre.recall == dark.overlap.recall == 1
    assert report.scores.overall.centre.false_per_picture == 0.25
    assert any(str(report.out / "scores.json") in line for line in places(report))


def test_labels_far_tighter_than_the_finds_are_told(run: Run, tmp_path: Path) -> None:
    picture = put(tmp_path / "data" / "a.png", [(40, 40)], [(40, 40)])
    assert not any("in the median" in line for line in describe(run()))
    labels = PictureLabels.of(picture.name, (200, 160), [(35, 35, 45, 45)], ("bright",))
    picture.with_suffix(".xml").write_text(write_voc(labels), encoding="utf-8")
    report = run(overwrite=True)
    assert (report.scores.overall.centre.recall, report.scores.overall.overlap.recall) == (1, 0)
    (line,) = (line for line in describe(report) if "in the median" in line)
    assert line.startswith("Finds are 28 px, labels 10 px in the median: IoU 0.5 cannot be met;")


def test_the_record_holds_all_that_is_needed(run: Run, data: Path, bundle: Bundle) -> None:
    record = facts(run())
    assert record["bundle"] == {"name": "planted", "hash": record["bundle"]["hash"]}  # type: ignore[index]
    assert len(record["bundle"]["hash"]) == 64  # type: ignore[index]
    assert record["threshold"] == record["settings"]["min_score"] == bundle.threshold  # type: ignore[index]
    assert record["mAP"] == 0.75
    assert record["complete"] is True
    assert record["engine"] == "onnxruntime"
    assert {
        one["image"]: (one["hits"], one["missed"], one["false"]) for one in record["images"]
    } == {  # type: ignore[attr-defined]
        "a.png": (1, 1, 0),
        "b.png": (0, 0, 1),
        "c.png": (0, 0, 0),
        "lot/웨이퍼 10.png": (1, 0, 0),
    }


@pytest.mark.parametrize("min_score", [None, 0.0, 0.05, 0.9])
def test_the_finds_are_those_of_find(
    run: Run, data: Path, bundle: Bundle, tmp_path: Path, min_score: float | None
) -> None:
    report = run(min_score=min_score)
    settings = FindSettings((data,), tmp_path / "found", bundle.path, min_score)
    find_run(replace(settings, engine="onnxruntime", threads=1))
    rows = [
        list(csv.reader((folder / "finds.csv").read_text("utf-8-sig").splitlines()))
        for folder in (report.out, tmp_path / "found")
    ]
    assert rows[0] == rows[1]
    assert (len(rows[0]) > 1) == (min_score != 0.9)


@pytest.mark.parametrize(
    ("wish", "names"),
    [
        ("all", {"a.jpg", "b.jpg", "c.jpg", "웨이퍼 10.jpg"}),
        ("wrong", {"a.jpg", "b.jpg"}),
        ("none", set()),
    ],
)
def test_pictures_are_drawn_as_asked(run: Run, data: Path, wish: str, names: set[str]) -> None:
    report = run(pictures=wish)
    assert {path.name for path in report.out.rglob("*.jpg")} == names
    assert len(report.facts["pictures"]) == len(names)


def test_the_validation_part_is_the_one_that_training_holds_out(run: Run, data: Path) -> None:
    from blemish.jobs.train import TrainSettings, split_data

    for number in range(6):
        put(data / f"more-{number}.png", [(40, 40)], [(40, 40)])
    held = split_data(data, TrainSettings(data / "run"))[1]
    report = run(part="val")
    looked = {one.row.image for one in report.looked}
    assert looked == {path.path.relative_to(data).as_posix() for path in held.samples}
    assert len(looked) == 2
    assert "the val part, 2 of 10 pictures (share 0.2, seed 0)" in describe(report)[0]
    rest = {one.row.image for one in run(part="train", overwrite=True).looked}
    assert not rest & looked
    assert len(rest) == 8


def test_a_model_that_learned_from_labels_says_how_they_were_split(
    run: Run, data: Path, tmp_path: Path
) -> None:
    learned = {"settings": {"data": "data", "held_share": 0.5, "seed": 7}}
    model = planted_bundle(tmp_path / "learned", training=learned).path
    report = run(model=model, part="val")
    assert report.facts["data"]["split"] == "share 0.5, seed 7"
    expected = split(read_dataset(data), 0.5, 7)[1]
    assert [one.row.image for one in report.looked] == [
        one.path.relative_to(data).as_posix() for one in expected.samples
    ]
    told = run(model=model, part="val", share=0.25, seed=3, overwrite=True)
    assert told.facts["data"]["split"] == "share 0.25, seed 3"


def test_ignored_labels_count_neither_way(run: Run, tmp_path: Path) -> None:
    spots = [(40, 40), (120, 100)]
    put(tmp_path / "data" / "a.png", spots, spots, ignored=[False, True])
    put(tmp_path / "data" / "b.png", [], [(40, 40)], ignored=[True])
    report = run()
    counts = report.scores.overall.centre
    assert (counts.num_true, counts.num_hits, counts.num_false) == (1, 1, 0)
    assert "1 label, 2 ignored" in describe(report)[0]
    assert "mAP: 1.0000" in describe(report)
    assert not [one for one in report.looked if one.is_wrong]


def test_unreadable_pictures_are_named_and_counted_and_the_others_scored(
    run: Run, data: Path
) -> None:
    put(data / "broken.png", [], [(40, 40), (80, 80)]).write_bytes(b"no picture")
    said: list[str] = []
    report = run(watch=lambda row, done, of: said.append(row.error))
    assert report.exit_code() == 3
    assert [line for line in said if "broken.png" in line]
    assert "Not scored: 1 picture that cannot be looked at (broken.png)" in describe(report)
    assert (report.facts["num_scored"], report.facts["num_failed"]) == (4, 1)
    assert report.scores.overall.centre.num_true == 3
    assert report.facts["mAP"] == 0.75


def test_pictures_that_nobody_labelled_are_not_scored(run: Run, data: Path) -> None:
    put(data / "new.png", [(40, 40)], []).with_suffix(".xml").unlink()
    report = run()
    assert len(report.looked) == 4
    (line,) = (line for line in describe(report) if "Left out" in line)
    assert line.startswith(f"Left out: 1 picture (1 unlabelled); first {data}/new.png: has no lab")
    assert f"All of them: blemish doctor {data}" in describe(report)
    assert line in facts(report)["data"]["account"]  # type: ignore[index]


def test_nothing_readable_gives_no_numbers(run: Run, tmp_path: Path) -> None:
    put(tmp_path / "data" / "a.png", [], [(40, 40)]).write_bytes(b"")
    report = run()
    assert report.exit_code() == 3
    assert facts(report)["mAP"] is None
    assert "No test instances found." in describe(report)


def test_clean_pictures_alone_give_false_finds_a_picture(run: Run, tmp_path: Path) -> None:
    put(tmp_path / "data" / "a.png", [(40, 40), (120, 100)], [])
    put(tmp_path / "data" / "b.png", [], [])
    report = run()
    assert report.exit_code() == 0
    assert report.scores.overall.centre.false_per_picture == 1
    assert "No test instances found." in describe(report)
    assert facts(report)["mAP"] is None


def test_one_class_makes_all_finds_and_labels_alike(run: Run, tmp_path: Path) -> None:
    put(tmp_path / "data" / "a.png", [(40, 40)], [(40, 40)], "scratch")
    with pytest.raises(UsageError, match="--one-class"):
        run()
    assert not (tmp_path / "out").exists()
    report = run(one_class=True)
    assert "1 instances of class scratch with average precision: 1.0000" in describe(report)
    assert facts(report)["note"] == "All classes count as one, 'scratch'."


def test_labels_of_an_unknown_class_are_missed_and_said(run: Run, data: Path) -> None:
    put(data / "d.png", [], [(40, 40)], "scratch")
    lines = describe(run())
    assert "1 instances of class scratch with average precision: 0.0000" in lines
    assert "mAP: 0.5000" in lines
    assert sum("does not know 'scratch'" in line for line in lines) == 1


def test_a_model_of_defects_scores_any_one_class(run: Run, tmp_path: Path) -> None:
    put(tmp_path / "data" / "a.png", [(40, 40)], [(40, 40)], "error")
    model = planted_bundle(tmp_path / "one", one_label=True, classes=("defect",)).path
    lines = describe(run(model=model))
    assert "1 instances of class error with average precision: 1.0000" in lines
    assert "The model's class 'defect' stands for the data set's 'error'." in lines


def test_a_folder_in_use_is_refused_and_may_be_overwritten(run: Run, data: Path) -> None:
    out = data.parent / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="--overwrite"):
        run()
    run(overwrite=True)
    assert len(list(out.glob("pictures/**/*.jpg"))) == 4
    run(overwrite=True, pictures="none")
    assert {path.name for path in out.iterdir()} == {"mine.txt", *TABLES}


def test_find_and_evaluate_take_each_others_result_away_and_nothing_else(
    run: Run, data: Path, bundle: Bundle
) -> None:
    out = run().out
    settings = FindSettings((data,), out, bundle.path, engine="onnxruntime", overwrite=True)
    find_run(replace(settings, pictures="none"))
    names = {"finds.csv", "images.csv", "finds.coco.json", "run.json", "report.html"}
    assert {path.name for path in out.iterdir()} == names
    run(overwrite=True, pictures="none")
    assert {path.name for path in out.iterdir()} == TABLES


def test_a_file_that_is_only_named_like_scores_is_left(run: Run, data: Path) -> None:
    mine = data.parent / "found" / "scores.json"
    mine.parent.mkdir()
    mine.write_text('{"mine": 1}')
    find_run(FindSettings((data,), mine.parent, overwrite=True, pictures="none", threads=1))
    assert mine.read_text() == '{"mine": 1}'


def test_drawn_copies_are_not_looked_at_by_find(run: Run, data: Path, bundle: Bundle) -> None:
    run(out=data / "scored")
    report = find_run(FindSettings((data,), data.parent / "found", bundle.path, threads=1))
    assert len(report.rows) == 4


def test_ctrl_c_scores_what_is_complete(run: Run, data: Path) -> None:
    def stop(row: ImageRow, done: int, of: int) -> None:
        assert of == 4
        if done == 2:
            raise KeyboardInterrupt

    report = run(watch=stop)
    assert report.exit_code() == 130
    assert len(report.looked) == 2
    assert facts(report)["complete"] is False
    assert any("Interrupted" in line for line in describe(report))
    assert report.scores.overall.centre.num_true == 2


def test_a_copy_that_cannot_be_drawn_keeps_its_scores(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import blemish.jobs.judging as judging

    def fail(*args: object) -> NDArray[np.uint8]:
        raise MemoryError("no room")

    monkeypatch.setattr(judging, "draw_judged", fail)
    report = run()
    assert report.exit_code() == 3
    assert report.facts["mAP"] == 0.75
    assert report.facts["pictures"] == []


def test_a_part_without_pictures_is_refused(run: Run, tmp_path: Path) -> None:
    put(tmp_path / "data" / "a.png", [], [(40, 40)])
    with pytest.raises(UsageError, match="--split all"):
        run(part="val")


def test_wrong_words_are_refused_before_anything_is_read(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--split 'rest' is not one of val, train, test, all"):
        run(part="rest")
    with pytest.raises(UsageError, match=r"--pictures 'found' is not one of all, wrong, none"):
        run(pictures="found")
    with pytest.raises(UsageError, match="data"):
        run()
    put(tmp_path / "data" / "a.png", [], []).with_suffix(".xml").write_text("<annotation")
    with pytest.raises(LabelError, match=r"a\.xml"):
        run()
    assert not (tmp_path / "out").exists()


def test_pictures_of_a_split_of_the_data_sets_own_are_taken(run: Run, tmp_path: Path) -> None:
    for folder in ("train", "val"):
        put(tmp_path / "data" / folder / "a.png", [(40, 40)], [(40, 40)])
    report = run(part="val")
    assert [one.row.image for one in report.looked] == ["val/a.png"]
    assert len(report.facts["pictures"]) == 1
    assert "the val part, 1 of 2 pictures (its own split): 1 label" in describe(report)[0]
    with pytest.raises(UsageError, match=r"data: has no test part; .* take --split val, train or"):
        run(part="test", overwrite=True)
    put(tmp_path / "data" / "test" / "a.png", [(40, 40)], [(40, 40)])
    for part in ("train", "val", "test"):
        (looked,) = run(part=part, overwrite=True).looked
        assert looked.row.image == f"{part}/a.png"


def test_the_test_part_is_said_to_validate_where_there_is_no_other(
    run: Run, tmp_path: Path
) -> None:
    for folder in ("train", "test"):
        put(tmp_path / "data" / folder / "a.png", [(40, 40)], [(40, 40)])
    report = run(part="val")
    assert [one.row.image for one in report.looked] == ["test/a.png"]
    assert "(its own split, whose test part validates)" in describe(report)[0]


def test_a_group_splits_as_training_by_that_group_does(run: Run, tmp_path: Path) -> None:
    from blemish.jobs.train import TrainSettings, split_data

    data = tmp_path / "data"
    for number in range(12):
        folder = ("train", "val", "test")[number % 3]
        put(data / folder / f"lot{number // 3}-{number}.png", [(40, 40)], [(40, 40)])
    held = split_data(data, TrainSettings(tmp_path / "run", group=r"lot(\d)"))[1]
    report = run(part="val", group=r"lot(\d)")
    looked = [one.row.image for one in report.looked]
    assert looked == [sample.path.relative_to(data).as_posix() for sample in held.samples]
    assert len({name.split("lot")[1][0] for name in looked}) == 1
    assert not [name for name in looked if name.startswith("test")]
    assert r"2 of 12 pictures (share 0.2, seed 0, group lot(\d))" in describe(report)[0]


def test_intervals_are_drawn_over_what_is_said_to_belong_together(run: Run, tmp_path: Path) -> None:
    for number in range(8):
        spots = [(40, 40)] if number % 3 else []
        put(tmp_path / "data" / f"lot{number // 4}-{number}.png", spots, [(40, 40)])
    alone, grouped = run(), run(group=r"lot(\d)", overwrite=True)
    assert alone.scores.details.num_groups == 8
    assert grouped.scores.details.num_groups == 2
    assert facts(grouped)["drawn"] == {"groups": 2, "draws": 2000}
    assert any("drawn over 2 groups of them" in line for line in describe(grouped))
    assert not any("drawn over" in line for line in describe(alone))
    with pytest.raises(UsageError, match="is no column of the labels"):
        run(group="wafer-[0-9]", overwrite=True)


def test_the_curve_is_written_and_drawn(run: Run, data: Path) -> None:
    report = run()
    rows = list(csv.DictReader((report.out / "froc.csv").read_text("utf-8-sig").splitlines()))
    assert {row["class"] for row in rows} == {"all", "bright", "dark"}
    assert float(rows[-1]["recall"]) == 1
    assert (report.out / "froc.svg").read_text(encoding="utf-8").endswith("</svg>\n")
    record = facts(report)
    assert record["screening"]["caught"] == record["screening"]["defective"] == 2  # type: ignore[index]
    assert record["screening"]["specificity"] == 0.5  # type: ignore[index]
    assert record["sizes"]["16-32"]["labels"] == 3  # type: ignore[index]
    assert record["reliability"]["bins"][0]["scores"] == [0, 0.1]  # type: ignore[index]
