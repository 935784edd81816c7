import json

import pytest

from blemish.data.dataset import survey_dataset
from blemish.data.groups import read_groups
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
