"""The map in letters."""

import numpy as np
import pytest

from blemish.report.wafermap import ROWS, wafer_map


def test_finds_stand_where_they_are() -> None:
    points = np.array([(0, 0), (0, 70), (-70, 0), (50, -40), *[(50, -40)] * 2], np.float64)
    lines = [line.ljust(2 * ROWS) for line in wafer_map(points, 150.0, "DOWN")]
    assert len(lines) == ROWS
    assert lines[0].strip() == lines[0].strip(" ").strip()
    middle = ROWS // 2
    assert lines[middle][ROWS] == "1"
    assert lines[0][ROWS] == "1"  # y up
    assert lines[middle][1] == "1"  # x to the right
    row, column = int((1 + 40 / 75) * ROWS / 2), int((1 + 50 / 75) * ROWS)
    assert lines[row][column] == "3"
    assert lines[-1][ROWS] == "v"
    assert lines[0][0] == " "
    assert set("".join(lines)) == set(" .13v")


def test_ten_and_more_are_a_plus() -> None:
    assert "+" in "".join(wafer_map(np.zeros((10, 2)), 150.0))
    assert "9" in "".join(wafer_map(np.zeros((9, 2)), 150.0))


@pytest.mark.parametrize("diameter", [0.0, -5.0, 1e-300, 150.0])
@pytest.mark.parametrize("reach", [0.0, 1e-9, 80.0, 1e11])
def test_whatever_a_file_says_there_is_a_map(diameter: float, reach: float) -> None:
    points = np.array([(reach, -reach), (-reach, reach)])
    lines = wafer_map(points, diameter, "nowhere")
    assert len(lines) == ROWS
    assert max(map(len, lines)) <= 2 * ROWS
    assert sum(int(letter) for line in lines for letter in line if letter.isdigit()) == 2
    assert wafer_map(np.zeros((0, 2)), diameter)
