"""Files that we write, read back by us and by klarf-reader."""

import warnings
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blemish.wafer.dies import DieGrid
from blemish.wafer.klarf import COLUMNS, Sheet, write_klarf
from blemish.wafer.klarf_read import KlarfWafer, read_klarf
from blemish.wafer.recipe import Header, Names

DIES = DieGrid((10.0123456, 7.9876543), (-3.3012345, -4.7), (0.1, 0.1))  # no round µm
MICROMETRE = 1e-3  # mm


def sheet_of(count: int, dies: DieGrid | None = None, diameter: float = 150.0) -> Sheet:
    """Give so many finds, spread over the wafer and up to its rim."""
    rng = np.random.default_rng(count)
    reach, turn = np.sqrt(rng.random(count)) * diameter / 2, rng.random(count) * 2 * np.pi
    return Sheet(
        names=Names("LOT 7", 12, "W12"),
        header=Header(("ACME", "CAM", "T1"), "DEV", "RECIPE", "ETCH"),
        time=datetime(2026, 11, 22, 19, 0, 5),
        diameter=diameter,
        mark="flat",
        location="down",
        dies=dies,
        area=17000.0,
        points=np.stack([reach * np.cos(turn), reach * np.sin(turn)], axis=1),
        sizes=rng.uniform(0.01, 5, (count, 2)),
        labels=rng.integers(0, 2, count),
        classes=("spot", "ring"),
    )


def by_klarf_reader(path: Path, text: str) -> Any:
    path.write_bytes(text.encode("ascii"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its escape sequences are of an older Python
        from klarf_reader.klarf import Klarf

        return Klarf.load_from_file(path)


def by_us(text: str) -> KlarfWafer:
    (wafer,) = read_klarf(text, "a").wafers
    return wafer


@pytest.mark.parametrize("dies", [None, DIES], ids=["bare", "dies"])
@pytest.mark.parametrize("count", [0, 1, 7, 10_000])
def test_another_reader_finds_the_same_places(
    tmp_path: Path, count: int, dies: DieGrid | None
) -> None:
    sheet = sheet_of(count, dies)
    text = write_klarf(sheet)
    theirs, ours = by_klarf_reader(tmp_path / "a.klarf", text), by_us(text)
    (wafer,) = theirs.wafers
    assert len(wafer.defects) == len(ours.rows) == count
    points = np.reshape([defect.point for defect in wafer.defects], (-1, 2)) / 1000
    np.testing.assert_allclose(points, sheet.points, atol=MICROMETRE)
    np.testing.assert_allclose(ours.positions, sheet.points, atol=MICROMETRE)
    indices = [[defect.x_index, defect.y_index] for defect in wafer.defects]
    assert indices == ours.dies.tolist()
    if dies is None:
        assert not np.any(indices)
    sizes = np.reshape([(one.x_size, one.y_size) for one in wafer.defects], (-1, 2))
    np.testing.assert_allclose(sizes, sheet.sizes * 1000, atol=MICROMETRE)
    assert [one.id for one in wafer.defects] == list(range(1, count + 1))
    assert [one.class_number for one in wafer.defects] == (sheet.labels + 1).tolist()
    assert {one.image_count for one in wafer.defects} <= {0}


@pytest.mark.parametrize("dies", [None, DIES], ids=["bare", "dies"])
def test_the_header_and_the_summary(tmp_path: Path, dies: DieGrid | None) -> None:
    sheet = sheet_of(30, dies)
    read = by_klarf_reader(tmp_path / "a.klarf", write_klarf(sheet))
    assert (read.lot_id, read.device_id, read.step_id) == ("LOT 7", "DEV", "ETCH")
    assert (read.setup_id.name, read.file_timestamp) == ("RECIPE", "11-22-2026 19:00:05")
    assert (read.sample_orientation_mark_type, read.orientation_mark_location) == ("FLAT", "DOWN")
    assert (read.sample_size, read.wafers[0].id, read.wafers[0].slot) == (150, "W12", 12)
    station = read.inspection_station_id
    assert (station.mfg, station.model, station.id) == ("ACME", "CAM", "T1")
    summary = read.wafers[0].summary
    plan = list(zip(read.sample_plan_test.x, read.sample_plan_test.y, strict=True))
    found = {(one.x_index, one.y_index) for one in read.wafers[0].defects}
    assert len(set(plan)) == len(plan) == summary.number_of_dies
    assert found <= set(plan)
    assert summary.number_of_def_dies == len(found)
    assert (summary.number_of_defects, summary.defect_density) == (30, pytest.approx(30 / 170))
    assert read.wafers[0].tests[0].area == pytest.approx(17000e6)


def test_the_layout_that_readers_rely_on() -> None:
    text = write_klarf(sheet_of(2))
    lines = text.splitlines()
    assert lines[0] == "FileVersion 1 2;"
    assert lines[-1] == "EndOfFile;"
    assert f"DefectRecordSpec {len(COLUMNS)} {' '.join(COLUMNS)} ;" in lines
    start = lines.index("DefectList")
    assert not lines[start + 1].endswith(";")
    assert lines[start + 2].endswith(";")
    assert all(line.startswith(" ") for line in lines[start + 1 : start + 3])
    assert "DefectList;" in write_klarf(sheet_of(0)).splitlines()
    assert len(lines[start + 1].split()) == len(COLUMNS)


def test_names_that_klarf_cannot_hold(tmp_path: Path) -> None:
    names = Names('a";b\n웨', None, None)
    sheet = replace(sheet_of(3), names=names, classes=('x"y', "é" * 300))
    text = write_klarf(sheet)
    read = by_klarf_reader(tmp_path / "a.klarf", text)
    assert read.lot_id == by_us(text).lot == "a__b__"
    assert (read.wafers[0].id, read.wafers[0].slot) == ("", 0)
    assert by_us(text).classes == {0: "Unclassified", 1: "x_y", 2: "_" * 200}


def test_images_are_pages_of_a_tiff(tmp_path: Path) -> None:
    text = write_klarf(replace(sheet_of(3), tiff="w.tif"))
    assert "TiffFileName w.tif;" in text.splitlines()
    assert by_us(text).images == ((1,), (2,), (3,))
    read = by_klarf_reader(tmp_path / "a.klarf", text)
    assert [one.image_count for one in read.wafers[0].defects] == [1, 1, 1]


def test_a_find_beyond_the_rim_lies_in_a_planned_die() -> None:
    far = replace(sheet_of(1, DIES), points=np.array([[75.4, 0.3]]))
    text = write_klarf(far)
    assert by_us(text).dies.tolist() == [[7, 0]]
    plan = text.split("SampleTestPlan")[1].split(";")[0]
    assert "\n 7 0" in plan
