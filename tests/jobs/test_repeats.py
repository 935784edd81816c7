"""From tables of `find` to repeats; what is odd in them is one clear line."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from blemish.data.images import open_picture, write_picture
from blemish.errors import BlemishError
from blemish.jobs.repeats import RepeatsReport, RepeatsSettings, describe, map_of, repeats_run
from blemish.wafer.repeats import RepeatWishes
from blemish.wafer.stack import StackWishes
from planted_lots import draw_lot, even, write_run

PLACE = (30.0, 20.0)


def lot(folder: Path, on: int = 5, num_wafers: int = 12, seed: int = 1, **more: str) -> Path:
    rng = np.random.default_rng(seed)
    points, owners = draw_lot(rng, even, num_wafers)
    wafers = []
    for wafer in range(num_wafers):
        places = points[owners == wafer].tolist()
        if wafer < on:
            places.append((np.array(PLACE) + rng.normal(0, 0.4, 2)).tolist())
        wafers.append((f"LOT1_S{wafer + 1:02d}.png", places if wafer != num_wafers - 1 else []))
    return write_run(folder, wafers, **more)


def run(*paths: Path, out: Path, **more: object) -> RepeatsReport:
    return repeats_run(RepeatsSettings(paths, out, **more))  # type: ignore[arg-type]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_planted_place_is_told_with_its_wafers(tmp_path: Path) -> None:
    report = run(lot(tmp_path / "found"), out=tmp_path / "out")
    (row,) = rows_of(tmp_path / "out" / "repeats.csv")
    assert np.hypot(float(row["x_mm"]) - 30, float(row["y_mm"]) - 20) < 0.6
    assert (row["num_wafers"], row["of_wafers"]) == ("5", "12")
    assert row["wafers"] == "; ".join(f"LOT1_S{n:02d}.png" for n in range(1, 6))
    assert float(row["false_places"]) < 0.01
    wafers = rows_of(tmp_path / "out" / "wafers.csv")
    assert [one["repeats"] for one in wafers] == ["1"] * 5 + [""] * 7
    assert wafers[-1]["num_finds"] == "0"
    bands = rows_of(tmp_path / "out" / "density.csv")
    for kind in ("ring", "sector"):
        assert sum(int(one["num_finds"]) for one in bands if one["kind"] == kind) == 60
    facts = json.loads((tmp_path / "out" / "repeats.json").read_text(encoding="utf-8"))
    assert facts["complete"]
    assert facts["num_without_finds"] == 1
    assert "A" in "".join(map_of(report))
    assert describe(report)[0].startswith("12 wafers (1 without finds), 60 finds; 1 place comes")


def test_noise_alone_is_told_apart(tmp_path: Path) -> None:
    report = run(lot(tmp_path / "found", on=0), out=tmp_path / "out")
    assert report.study.repeats == []
    assert rows_of(tmp_path / "out" / "repeats.csv") == []


def test_one_wafer_and_no_finds(tmp_path: Path) -> None:
    run(write_run(tmp_path / "one", [("a.png", [(1, 1), (2, 2)])]), out=tmp_path / "out")
    assert rows_of(tmp_path / "out" / "repeats.csv") == []
    report = run(write_run(tmp_path / "none", [("a.png", []), ("b.png", [])]), out=tmp_path / "o")
    assert describe(report)[0].startswith("2 wafers (2 without finds), 0 finds")


def test_equal_names_in_two_results_are_two_wafers(tmp_path: Path) -> None:
    report = run(lot(tmp_path / "a", seed=1), lot(tmp_path / "b", seed=2), out=tmp_path / "out")
    assert len(report.stack.wafers) == 24
    assert report.stack.wafers[0].name == "a/LOT1_S01.png"
    assert len(report.study.repeats[0].groups) == 10


def test_a_picture_that_comes_twice_counts_once(tmp_path: Path) -> None:
    report = run(lot(tmp_path / "a"), lot(tmp_path / "b"), out=tmp_path / "out")
    assert len(report.stack.wafers) == 13  # the one without finds cannot be told apart
    assert any("there already" in note for note in report.stack.notes)


def test_failed_and_partial_pictures_are_left_out_and_said(tmp_path: Path) -> None:
    found = lot(tmp_path / "found")
    table = (found / "images.csv").read_text(encoding="utf-8-sig").splitlines()
    table[1] = table[1].replace("defective", "failed")
    table[2] = table[2].replace("defective", "partial")
    (found / "images.csv").write_text("\n".join(table), encoding="utf-8")
    report = run(found, out=tmp_path / "out")
    assert len(report.stack.wafers) == 10
    assert any("failed" in note and "S01" in note for note in report.stack.notes)
    more = run(found, out=tmp_path / "more", stacking=StackWishes(partial=True))
    assert len(more.stack.wafers) == 11


def test_order_by_a_column_and_its_trend(tmp_path: Path) -> None:
    wafers = [(f"w{n}.png", [(x, 5.0 * n - 30) for x in range(n)]) for n in range(12)]
    slots = " ".join(str(25 - n) for n in range(12))
    found = write_run(tmp_path / "found", wafers, slot=slots)
    wishes = RepeatWishes(rate=1e-9)
    rising = run(found, out=tmp_path / "a", wishes=wishes)
    assert rising.study.trend is not None
    assert rising.study.trend.tau == 1.0
    falling = run(found, out=tmp_path / "b", stacking=StackWishes(order="slot"), wishes=wishes)
    assert falling.study.trend is not None
    assert falling.study.trend.tau == -1.0
    assert rows_of(tmp_path / "b" / "wafers.csv")[0]["position"] == "14"


def test_a_place_in_the_die_comes_back_in_other_dies(tmp_path: Path) -> None:
    settings = "diameter = 150\n[die]\npitch = [10.0, 8.0]\norigin = [-5.0, -4.0]\n"
    (tmp_path / "wafer.toml").write_text(settings, encoding="utf-8")
    rng = np.random.default_rng(2)
    wafers = []
    for wafer in range(8):
        places = even(rng, 4).tolist()
        for x, y in ((wafer - 4, -3), (wafer - 3, 1), (3 - wafer, 4)):
            inside = np.array([7.0, 2.0]) + rng.normal(0, 0.03, 2)
            places.append((np.array([-5 + 10 * x, -4 + 8 * y]) + inside).tolist())
        wafers.append((f"w{wafer}.png", places))
    found = write_run(tmp_path / "found", wafers)
    report = run(found, out=tmp_path / "out", wafer=tmp_path / "wafer.toml")
    (row,) = rows_of(tmp_path / "out" / "die-repeats.csv")
    assert (float(row["x_mm"]), float(row["y_mm"])) == pytest.approx((7, 2), abs=0.05)
    assert int(row["num_dies"]) > 10
    assert report.study.repeats == []


@pytest.mark.parametrize(
    ("table", "old", "new", "said"),
    [
        ("finds.csv", "x_mm,y_mm", "x,y", "--wafer-diameter"),
        ("finds.csv", "x1", "left", "no column x1"),
        ("finds.csv", ",0.9,error", ",0.9,error,more", "cells"),
        ("finds.csv", ",0.9,error", ",high,error", "no number"),
        ("finds.csv", "LOT1_S03.png", "other.png", "images.csv"),
        ("images.csv", "LOT1_S03.png", "LOT1_S04.png", "there already"),
        ("run.json", "150.0", "100.0", "off a wafer of 100 mm"),
        ("run.json", "150.0", "6.0", "inches"),
        ("run.json", "150.0", "null", "--wafer-diameter"),
    ],
)
def test_what_is_odd_is_one_line(tmp_path: Path, table: str, old: str, new: str, said: str) -> None:
    path = lot(tmp_path / "found") / table
    text = path.read_text(encoding="utf-8-sig")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BlemishError) as error:
        run(tmp_path / "found", out=tmp_path / "out")
    assert said in str(error.value)
    assert "found" in str(error.value) or "LOT1" in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_two_diameters_and_unknown_orders_are_refused(tmp_path: Path) -> None:
    first, second = lot(tmp_path / "a"), lot(tmp_path / "b")
    (second / "run.json").write_text('{"wafer": {"diameter": 200}}', encoding="utf-8")
    with pytest.raises(BlemishError, match="different diameters"):
        run(first, second, out=tmp_path / "out")
    with pytest.raises(BlemishError, match="slot"):
        run(first, out=tmp_path / "out", stacking=StackWishes(order="slot"))
    with pytest.raises(BlemishError, match="no finds"):
        run(tmp_path, out=tmp_path / "out")


def test_a_second_result_replaces_the_first_alone(tmp_path: Path) -> None:
    found, out = lot(tmp_path / "found"), tmp_path / "out"
    run(found, out=out)
    (out / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(BlemishError, match="--overwrite"):
        run(found, out=out)
    run(found, out=out, overwrite=True)
    assert (out / "mine.txt").exists()


def test_crops_are_cut_from_the_pictures_that_are_there(tmp_path: Path) -> None:
    found = lot(tmp_path / "found")
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(1, 5):
        pixels = np.full((900, 900, 3), 40 * number, np.uint8)
        write_picture(photos / f"LOT1_S{number:02d}.png", pixels)
    (photos / "LOT1_S02.png").write_bytes(b"no picture")
    report = run(found, out=tmp_path / "out", photos=(photos,))
    (name,) = report.facts["pictures"]
    assert name == "pictures/repeat-1.jpg"
    sheet = open_picture(tmp_path / "out" / name)
    assert sheet.shape[1] > 4 * 200
    assert abs(int(sheet[100, 100, 0]) - 40) < 4
    notes = "\n".join(report.facts["notes"])
    assert "LOT1_S02.png" in notes
    assert "1 crop lack" in notes


def test_a_name_in_a_table_leads_nowhere_else(tmp_path: Path) -> None:
    pixels = np.full((900, 900, 3), 20, np.uint8)
    (tmp_path / "photos").mkdir()
    write_picture(tmp_path / "photos" / "other.png", pixels)
    write_picture(tmp_path / "secret.png", pixels)
    wafers = [(f"../secret{at}.png", [(1.0, 1.0 + at / 9)]) for at in range(4)]
    wafers[0] = ("../secret.png", [(1.0, 1.0)])
    found = write_run(tmp_path / "found", wafers)
    report = run(found, out=tmp_path / "out", photos=(tmp_path / "photos",))
    sheet = open_picture(tmp_path / "out" / report.facts["pictures"][0])
    assert not (np.abs(sheet[20:180, 20:180].astype(int) - 200) > 8).any()  # the empty field
    assert any("4 crops lack" in note for note in report.facts["notes"])
