"""What `find` wrote is read again, whatever a spreadsheet did to it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.data.found import read_run
from blemish.errors import UsageError
from blemish.report.tables import ImageRow, finds_csv, images_csv
from blemish.wafer.coordinates import WaferFrame
from blemish.wafer.placing import Placement
from planted_lots import write_run


def test_the_tables_of_find_come_back(tmp_path: Path) -> None:
    boxes = np.array([[1.5, 2, 30, 40], [10, 10, 20, 20]], np.float32)
    points = np.array([(1.25, -3.5), (-20.0, 4.0)])
    frame = WaferFrame(np.zeros(2), np.eye(2), 150.0)
    placement = Placement(
        *(frame, "flat", 270.0, points, points, np.array([[0, -1], [-2, 0]])), 57.0, 0, ""
    )
    nowhere = Placement(None, "none", 0.0, points[:1] * np.nan, points[:1], None, 0.0, 0, "no")
    empty = replace(placement, points=points[:0], sizes=points[:0], dies=np.zeros((0, 2), int))
    found = Defects.of(boxes, [0, 0], [0.9, 0.5])
    rows = [
        ImageRow("lot 1/웨이퍼, a.png", 900, 900, "defective", found, placement=placement),
        ImageRow("b.png", 900, 900, "clean", Defects.none(), placement=empty),
        ImageRow("c.png", 900, 900, "partial", found.take(np.array([0])), placement=nowhere),
    ]
    (tmp_path / "finds.csv").write_text(finds_csv(rows, ("error",), True), "utf-8-sig", newline="")
    (tmp_path / "images.csv").write_text(images_csv(rows, True), "utf-8-sig", newline="")
    run = read_run(tmp_path)
    first, second, third = run.pictures
    assert [one.name for one in run.pictures] == [row.image for row in rows]
    assert first.finds[0].box == (1.5, 2.0, 30.0, 40.0)
    assert [one.place for one in first.finds] == [(1.25, -3.5), (-20.0, 4.0)]
    assert [one.die for one in first.finds] == [(0, -1), (-2, 0)]
    assert [one.score for one in first.finds] == [0.9, 0.5]
    assert second.finds == ()
    assert second.facts["status"] == "clean"
    assert third.finds[0].place is None
    assert run.all_known
    assert run.diameter is None


def test_columns_in_another_order_and_blank_lines(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "found", [("a.png", [(1.0, 2.0)])])
    text = "y_mm,x_mm,x1,y1,x2,y2,image,mine\r\n\r\n2,1,0,0,4,4, a.png ,x\r\n,,,,,,,\r\n"
    (folder / "finds.csv").write_text(text, encoding="utf-8")
    (find,) = read_run(folder / "finds.csv").pictures[0].finds
    assert find.place == (1.0, 2.0)
    assert find.score == 1.0


def test_without_the_table_of_images_clean_ones_are_not_known(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "found", [("a.png", [(1.0, 2.0)]), ("b.png", [])])
    (folder / "images.csv").unlink()
    run = read_run(folder)
    assert not run.all_known
    assert [one.name for one in run.pictures] == ["a.png"]


def test_the_diameter_is_that_of_the_record_or_none(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "found", [("a.png", [])])
    for text, diameter in (
        ('{"wafer": {"diameter": 300}}', 300.0),
        ('{"wafer": null, "settings": {"wafer_diameter": 100.0}}', 100.0),
        ('{"wafer": {"diameter": true}}', None),
        ('{"wafer": {"diameter": NaN}}', None),
        ('{"wafer": "wafer.toml"}', None),
        ("[1]", None),
        ("[" * 100_000, None),
        ("", None),
    ):
        (folder / "run.json").write_text(text, encoding="utf-8")
        assert read_run(folder).diameter == diameter


def test_parts_of_a_result_of_many_machines(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "parts", [("a.png", [(1.0, 2.0)]), ("b.png", [])])
    for name in ("finds", "images"):
        (folder / f"{name}.csv").rename(folder / f"{name}-000003.csv")
    run = read_run(folder / "finds-000003.csv")
    assert run.all_known
    assert [one.name for one in run.pictures] == ["a.png", "b.png"]


def test_a_run_that_has_no_tables_yet_is_told(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(UsageError, match="or wait for the run's end"):
        read_run(tmp_path)
