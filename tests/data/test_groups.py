import json
import os
import sys

import pytest

from blemish.data.dataset import survey_dataset
from blemish.data.groups import read_groups, write_groups
from blemish.errors import UsageError
from planted_labels import lay_picture, write

CSV = """image,x1,y1,x2,y2,class,lot
lot_1/a.png,,,,,,L1
lot_1/b.png,,,,,,L2
lot_2/c.png,,,,,,L1
"""


@pytest.fixture
def root(tmp_path):
    for name in ("lot_1/a.png", "lot_1/b.png", "lot_2/c.png"):
        lay_picture(tmp_path / name)
    write(tmp_path / "annotations.csv", CSV)
    return tmp_path


def groups(path, wanted):
    found = read_groups(path, None, survey_dataset(path).samples, wanted)
    return {picture.name: group for picture, group in found.items()}


def test_a_column_of_the_table(root):
    for path in (root, root / "annotations.csv"):
        assert groups(path, "lot") == {"a.png": "L1", "b.png": "L2", "c.png": "L1"}


def test_a_key_of_cocos_images(root):
    (root / "annotations.csv").unlink()
    images = [
        {"id": at, "file_name": f"{name}.png", "board": at % 2} for at, name in enumerate("abc")
    ]
    write(root / "all.json", json.dumps({"images": images, "annotations": []}))
    assert groups(root, "board") == {"a.png": "0", "b.png": "1", "c.png": "0"}
    del images[1]["board"]
    write(root / "all.json", json.dumps({"images": images, "annotations": []}))
    with pytest.raises(UsageError, match=r"b\.png: its labels give no board"):
        groups(root, "board")


def test_a_file_that_cannot_be_read_gives_none(root):
    (root / "annotations.csv").unlink()
    images = [{"id": at, "file_name": f"{name}.png", "lot": "A"} for at, name in enumerate("abc")]
    write(root / "train.json", json.dumps({"images": images, "annotations": []}))
    write(root / "val.json", '{"images": [')
    assert set(groups(root, "lot").values()) == {"A"}
    assert set(groups(root, r"lot_(\d)").values()) == {"1", "2"}
    write(root / "more.csv", "lot_1/a.png,1,1,9,9,x\nlot_1/b.png,1,1,9,9,x\n")
    write(root / "open.csv", 'lot_2/c.png,1,1,9,9,"x\n')
    assert groups(root, r"lot_(\d)") == {"a.png": "1", "b.png": "1"}
    (root / "train.json").unlink()
    for images in (5, None, [5]):
        write(root / "val.json", json.dumps({"images": images, "annotations": []}))
        with pytest.raises(UsageError, match="no regular expression"):
            read_groups(root / "val.json", None, [], "(")


@pytest.mark.parametrize("lot", [None, "", " ", "\ud800"])
def test_a_lot_that_is_empty_is_none(root, lot):
    (root / "annotations.csv").unlink()
    images = [{"id": at, "file_name": f"{name}.png", "lot": "A"} for at, name in enumerate("abc")]
    for wrong in ((1,), (0, 1, 2)):
        for at in wrong:
            images[at]["lot"] = lot
        write(root / "all.json", json.dumps({"images": images, "annotations": []}))
        with pytest.raises(UsageError, match=r"\w\.png: its labels give no lot; fill it in"):
            groups(root, "lot")


def test_a_cell_that_is_empty_is_no_lot_and_two_lots_are_told(root):
    write(root / "annotations.csv", CSV.replace(",L2", ","))
    with pytest.raises(UsageError, match=r"b\.png: its labels give no lot; fill it in"):
        groups(root, "lot")
    write(root / "annotations.csv", CSV + "lot_1/b.png,,,,,,\nlot_1/a.png,1,1,9,9,x\n")
    assert groups(root, "lot") == {"a.png": "L1", "b.png": "L2", "c.png": "L1"}
    write(root / "annotations.csv", CSV + "lot_1/B.png,,,,,,L3\n")
    with pytest.raises(UsageError, match=r"b\.png: its labels give 'L2' and 'L3' as lot; keep one"):
        groups(root, "lot")


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
def test_groups_can_be_written_whatever_bytes_a_name_holds(root):
    (root / "lot_1").rename(os.fsdecode(os.fsencode(root) + b"/lot_\xff"))
    write(root / "annotations.csv", "a.png,,,,,\nb.png,,,,,\nc.png,,,,,\n")
    found = groups(root, "lot_(.)")
    assert found["a.png"] == found["b.png"] != found["c.png"]
    assert write_groups(found, found.values(), "lot_(.)\udcff").encode()
    with pytest.raises(UsageError, match="not found in lot_\ufffd/a"):
        groups(root, r"lot_\d")


@pytest.mark.parametrize("pattern", [r"lot_(\d)", r"^[^/]+", r"lot_\d"])
def test_a_pattern_in_the_path(root, pattern):
    found = groups(root, pattern)
    assert found["a.png"] == found["b.png"] != found["c.png"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [("lot_1", r"not found in lot_2/c\.png"), ("slot", "is no column"), ("(", "is no regular")],
)
def test_what_says_nothing_is_refused(root, wanted, message):
    with pytest.raises(UsageError, match=message):
        groups(root, wanted)
