"""What `blemish klarf` shows of a file."""

import json
from pathlib import Path

import pytest

from blemish.jobs.klarf import HEADINGS, as_json, facts, map_of, read_file, rows_of
from planted_wafers import ODD_KLARF, ODD_PLACES


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    path = tmp_path / "odd.klarf"
    path.write_text(ODD_KLARF.replace('"foo"', "foo").replace("L;1", "L\x1b[2J;1"))
    return path


def test_the_tables(odd: Path) -> None:
    first, second = read_file(odd).wafers
    assert facts(first) == [
        ("lot", "L?[2J;1"),  # no letter of a file steers the terminal
        ("wafer", "A"),
        ("slot", "3"),
        ("size", "200 mm"),
        ("mark", "notch left"),
        ("finds", "3"),
    ]
    rows = rows_of(first)
    assert rows[0] == ("1", "-14.0000", "-2.0000", "-1 0", "", "", "7 scratch", "0")
    assert [row[7] for row in rows] == ["0", "2", "0"]
    assert rows[2][6] == "5"  # a class without a name
    assert len(HEADINGS) == len(rows[0])
    assert HEADINGS[4:6] == ("x size µm", "y size µm")
    assert rows_of(second) == []
    assert "1" in "".join(map_of(first))


def test_all_of_it_as_json(odd: Path) -> None:
    first, second = json.loads(json.dumps(as_json(read_file(odd))))["wafers"]
    assert [(find["x_mm"], find["y_mm"]) for find in first["finds"]] == ODD_PLACES
    assert first["finds"][1] | {"x_mm": 0, "y_mm": 0} == {
        "x_mm": 0, "y_mm": 0, "die": [0, 0], "images": [11, 12], "YREL": "4000.5",
        "XREL": "5000.5", "OWNCOLUMN": "b a r", "XINDEX": "0", "YINDEX": "0", "DEFECTID": "2",
        "CLASSNUMBER": "9",
    }  # fmt: skip
    assert first["classes"] == {"7": "scratch", "9": "dirt"}
    assert (second["wafer"], second["finds"]) == ("B", [])
