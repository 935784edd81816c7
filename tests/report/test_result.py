import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.errors import UsageError
from blemish.report.result import Mark, Table, read_found, read_judged, read_table
from blemish.report.tables import ImageRow, finds_csv, images_csv

HEADER = "image,width,height,num_finds,status,milliseconds,error\n"
ROW = "a.png,90,80,1,defective,5.0,\n"
IMAGES = HEADER + ROW
FINDS = "image,x1,y1,x2,y2,score,label\na.png,1,2,3,4,0.5,defect\n"
JUDGED = "image,kind,x1,y1,x2,y2,score,label\n"
CURVES = "curve,at,value,low,high\n"


def test_what_find_writes_is_read_back() -> None:
    defects = Defects.of([[1, 2, 30.5, 40], [5, 5, 9, 9]], [1, 0], [0.9, 0.5])
    name = 'lot, "7"/웨이퍼\n10.png'
    rows = [
        ImageRow(name, 900, 800, "defective", defects, num_outside=2, wafer_diameter=700.0),
        ImageRow("bad.png", 0, 0, "failed", Defects.none(), error="bad.png: is damaged"),
    ]
    classes = ("dot", "긁힘")
    facts = {"copies": {name: "pictures/a.jpg"}}
    result = read_found(facts, images_csv(rows), finds_csv(rows, classes))
    first, second = result.pictures
    assert (first.name, first.width, first.height, first.status) == (name, 900, 800, "defective")
    assert first.marks == (
        Mark("found", (1, 2, 30.5, 40), 0.9, "긁힘"),
        Mark("found", (5, 5, 9, 9), 0.5, "dot"),
    )
    assert (first.num_outside, first.wafer, first.copy) == (2, 700.0, "pictures/a.jpg")
    assert (second.status, second.error, second.width) == ("failed", "bad.png: is damaged", 0)
    assert result.diameter is None


def test_a_failed_picture_has_no_finds_of_one_that_is_named_alike() -> None:
    failed, found = read_found({}, f"{HEADER}a.png,,,,failed,,gone\n{ROW}", FINDS).pictures
    assert (failed.num_finds, found.num_finds) == (0, 1)


@pytest.mark.parametrize(
    ("images", "finds", "words"),
    [
        ("image,width\n", FINDS, "images.csv: has no column 'error'"),
        (IMAGES, FINDS.replace("score", "sure"), "finds.csv: has no column 'score'"),
        (IMAGES, FINDS.replace("0.5", "high"), "finds.csv: row 2: score 'high' is no number"),
        (IMAGES, FINDS.replace("0.5", "nan"), "finds.csv: row 2: score 'nan'"),
        (IMAGES, FINDS.replace("3,4", "1e300,4"), "finds.csv: row 2: x2 '1e300'"),
        (IMAGES, FINDS.replace("3,4", "1,4"), "finds.csv: row 2: the box is empty"),
        (IMAGES, FINDS.replace("3,4", ",4"), "finds.csv: row 2: the box is empty"),
        (IMAGES.replace("90", "-90"), FINDS, "images.csv: row 2: width is below 0"),
        (IMAGES.replace("defective", "fine"), FINDS, "images.csv: row 2: status 'fine'"),
        ("", FINDS, "images.csv: has no column"),
        (IMAGES, FINDS + "x" * 200_000, "finds.csv: cannot be read"),
    ],
)
def test_a_damaged_table_is_named_with_its_row(images: str, finds: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_found({}, images, finds)
    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)


def test_a_judged_table_is_read() -> None:
    rows = "a.png,missed,0,0,4,4,,dot\na.png,false,1,1,5,5,0.8,dot\na.png,hit,1,1,5,5,0.7,dot\n"
    line = {
        "image": "a.png",
        "width": 90,
        "height": 80,
        "status": "defective",
        "nearest_score": 0.4,
    }
    facts = {"images": [line, 5, {"image": 3, "width": "x"}], "threshold": 0.35}
    result = read_judged(facts, JUDGED + rows, CURVES + "pr,0.5,1,0.25,1\n")
    first, strange = result.pictures
    assert (first.num_finds, first.num_wrong, first.nearest) == (2, 2, 0.4)
    assert first.of_kind("missed") == [Mark("missed", (0, 0, 4, 4), None, "dot")]
    assert (strange.name, strange.width) == ("3", 0)
    assert result.curves == {"pr": [(0.5, 1.0, 0.25, 1.0)]}
    assert result.threshold == 0.35
    with pytest.raises(UsageError, match=r"judged.csv: row 2: kind 'odd'"):
        read_judged({}, JUDGED + "a.png,odd,0,0,4,4,,dot\n", CURVES)


def test_any_table_is_read_as_it_stands() -> None:
    assert read_table("t.csv", "a,b\n1\n2,3,4\n\n5,6\n", 2) == Table(
        ("a", "b"), (("1", ""), ("2", "3")), 1
    )
    assert read_table("t.csv", "", 2) == Table((), (), 0)


def test_numbers_of_a_record_are_numbers() -> None:
    assert read_found({"wafer": {"diameter": float("inf")}}, IMAGES, FINDS).diameter is None
    assert read_found({"wafer": {"diameter": -5}}, IMAGES, FINDS).diameter is None
    assert read_found({"wafer": {"diameter": True}}, IMAGES, FINDS).diameter is None
    assert np.isclose(read_found({"wafer": {"diameter": 100}}, IMAGES, FINDS).diameter or 0, 100)
