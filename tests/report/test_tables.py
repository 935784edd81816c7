import contextlib
import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.report.tables import ImageRow, as_json, finds_coco, finds_csv, images_csv

CLASSES = ("spot", "긁힘, long")
FOUND = Defects.of([[1, 2, 31.25, 42.5], [100, 50, 130, 90]], [1, 0], [0.91234, 0.5])
ROWS = [
    ImageRow("a.png", 900, 600, "defective", FOUND, 12.34, wafer_diameter=801.26, num_outside=2),
    ImageRow("sub/로트, 1.png", 300, 200, "clean", Defects.none(), 3.0, scale=0.25),
    ImageRow("bad.png", 0, 0, "failed", Defects.none(), error='bad.png: is "damaged"'),
]


def test_finds_are_one_line_each() -> None:
    lines = list(csv.DictReader(io.StringIO(finds_csv(ROWS, CLASSES))))
    assert [line["image"] for line in lines] == ["a.png", "a.png"]
    assert lines[0] == {
        "image": "a.png",
        "x1": "1.00",
        "y1": "2.00",
        "x2": "31.25",
        "y2": "42.50",
        "score": "0.9123",
        "label": "긁힘, long",
    }


def test_the_promised_columns_come_first() -> None:
    assert finds_csv([], CLASSES) == "image,x1,y1,x2,y2,score,label\r\n"
    promised = "image,width,height,num_finds,status,milliseconds,error,"
    assert images_csv([]).startswith(promised)


def test_images_are_one_line_each_and_a_failed_one_is_not_clean() -> None:
    lines = list(csv.DictReader(io.StringIO(images_csv(ROWS))))
    assert [line["image"] for line in lines] == [row.image for row in ROWS]
    assert [line["status"] for line in lines] == ["defective", "clean", "failed"]
    assert [line["num_finds"] for line in lines] == ["2", "0", ""]
    assert lines[0]["wafer_diameter"] == "801.3"
    assert lines[1]["scale"] == "0.25"
    assert lines[2]["error"] == 'bad.png: is "damaged"'
    assert lines[2]["width"] == ""


def test_coco_is_read_by_another_reader(tmp_path: Path) -> None:
    coco_module = pytest.importorskip("pycocotools.coco")
    path = tmp_path / "finds.coco.json"
    path.write_text(finds_coco(ROWS, CLASSES), encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()):
        coco = coco_module.COCO(str(path))
    assert [image["file_name"] for image in coco.loadImgs(coco.getImgIds())] == [
        "a.png",
        "sub/로트, 1.png",
    ]
    first, second = coco.loadAnns(coco.getAnnIds())
    assert first["bbox"] == [1, 2, 30.25, 40.5]
    assert first["area"] == pytest.approx(30.25 * 40.5, abs=0.01)
    assert coco.loadCats([first["category_id"]])[0]["name"] == "긁힘, long"
    assert (first["score"], second["score"]) == (0.91234, 0.5)
    assert second["image_id"] == first["image_id"]


def test_json_values_are_plain_and_equal_to_the_tables() -> None:
    values = json.loads(json.dumps([as_json(row, CLASSES) for row in ROWS]))
    assert values[0]["finds"][0] == {
        "x1": 1.0,
        "y1": 2.0,
        "x2": 31.25,
        "y2": 42.5,
        "score": 0.9123,
        "label": "긁힘, long",
    }
    assert values[1]["finds"] == []
    assert values[2]["num_finds"] is None


def test_the_rows_are_not_changed() -> None:
    finds_csv(ROWS, CLASSES)
    finds_coco(ROWS, CLASSES)
    np.testing.assert_array_equal(FOUND.labels, [1, 0])
