import csv
import json

import pytest

from blemish.data.problems import KINDS
from blemish.errors import UsageError
from blemish.jobs.doctor import HEADER, describe, look_over, rows_of_numbers, write_report
from planted import write_dataset
from planted_labels import lay_picture, voc, write


@pytest.fixture
def broken(tmp_path):
    lay_picture(tmp_path / "결함.png")
    lay_picture(tmp_path / "w2.png", seed=2)
    boxes = ((5, 5, 5, 9), (30, 20, 10, 40), (80, 60, 95, 70))
    write(tmp_path / "결함.xml", voc(*boxes, filename="결함.png"))
    return tmp_path


def test_a_good_set_is_fit(tmp_path):
    shown = []
    checkup = look_over(write_dataset(tmp_path / "set"), show=lambda *state: shown.append(state))
    assert checkup.exit_code() == 0
    assert describe(checkup) == ["Fit for training (0 broken, 0 mended, 0 to look at)."]
    assert shown[-1] == (1.0, "12 of 12")
    rows = dict(rows_of_numbers(checkup.examination.numbers))
    assert rows["pictures"].startswith("labelled: 12   with boxes: 11   clean: 1")


def test_a_broken_set_is_not(broken):
    checkup = look_over(broken)
    assert checkup.exit_code() == 4
    assert [one.severity for one in checkup.problems] == ["broken", "mended", "mended", "note"]
    first, second = describe(checkup)
    assert first == "Not fit for training (1 broken, 2 mended, 1 to look at)."
    assert second.endswith(f"blemish prepare {broken} --out DIR")
    assert describe(look_over(broken, "voc"))[1].endswith(f"{broken} --labels voc --out DIR")


def test_with_nothing_usable_nothing_is_next(broken):
    write(broken / "결함.xml", voc(filename="결함.png"))
    assert describe(look_over(broken)) == [
        "Not fit for training (1 broken, 0 mended, 1 to look at)."
    ]


def test_the_report_is_written_as_json_and_csv(broken, tmp_path):
    checkup = look_over(broken, "voc")
    write_report(checkup, tmp_path / "report.json")
    data = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert data == json.loads(json.dumps(checkup.as_json()))
    assert (data["fit"], data["format"]) == (False, "voc")
    write_report(checkup, tmp_path / "report.csv")
    with (tmp_path / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == data["problems"]
    assert tuple(rows[0]) == HEADER
    assert rows[0]["row"] == "object 1"
    assert rows[0]["prepare"] == KINDS["no-inside"].prepare
    with pytest.raises(UsageError, match=r"\.json or \.csv"):
        write_report(checkup, tmp_path / "report.txt")
