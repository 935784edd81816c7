import math
import re

import pytest

from blemish.report.charts import (
    BOTTOM,
    HEIGHT,
    LEFT,
    MOST_DOTS,
    RIGHT,
    TOP,
    WIDTH,
    Disc,
    curve_of,
    wafer_map,
)


def test_a_map_has_y_up_and_the_rim_at_its_radius() -> None:
    points = [(0.0, 75.0), (75.0, 0.0), (-37.5, -15.0)]
    drawn = wafer_map(points, Disc(150.0, 3.75), 2)
    assert drawn.dots == "M0.0 -100.0h0M100.0 0.0h0M-50.0 20.0h0"
    assert drawn.numbers == ((0.0, -100.0, 1), (100.0, 0.0, 2))
    assert drawn.reach == "75"
    assert drawn.edge == 95.0


def test_what_lies_beyond_stands_at_the_border_and_what_is_too_much_is_counted() -> None:
    assert wafer_map([(1e6, -1e6)], Disc(150.0, 500.0)).dots == "M100.0 100.0h0"
    drawn = wafer_map([(0.0, 0.0)] * (MOST_DOTS + 3), Disc(150.0))
    assert (drawn.num_left, drawn.num_dots, drawn.dots.count("M")) == (3, MOST_DOTS, MOST_DOTS)


@pytest.mark.parametrize(
    ("location", "place"),
    [("down", (0, 100)), ("up", (0, -100)), ("left", (-100, 0)), ("right", (100, 0))],
)
@pytest.mark.parametrize(("mark", "width"), [("flat", 60), ("notch", 10)])
def test_the_rim_opens_where_the_mark_lies(
    location: str, place: tuple[int, int], mark: str, width: float
) -> None:
    outline = wafer_map([], Disc(150.0, 0.0, mark, location)).outline
    numbers = [float(text) for text in re.findall(r"-?\d+\.\d+", outline)]
    start, end = numbers[:2], numbers[2:4]
    assert all(math.isclose(math.hypot(x, y), 100, abs_tol=0.1) for x, y in (start, end))
    middle = [(a + b) / 2 for a, b in zip(start, end, strict=True)]
    assert math.dist(middle, place) < 6
    assert width / 1.2 < math.dist(start, end) < width * 1.2
    assert " 0 1 0 " in outline  # the long way round, counter-clockwise
    (cross,) = [start[0] * end[1] - start[1] * end[0]]
    assert cross > 0  # ... from the end that lies counter-clockwise of the mark


def test_a_curve_runs_from_corner_to_corner() -> None:
    rows = [(0.0, 1.0, 1.0, 1.0), (0.5, 0.5, 0.25, 0.75), (1.0, 0.0, 0.0, 0.0)]
    drawn = curve_of(rows, logarithmic=False)
    first, middle, last = ([float(n) for n in one.split(",")] for one in drawn.line.split())
    assert first == [LEFT, TOP]
    assert last == [WIDTH - RIGHT, HEIGHT - BOTTOM]
    assert middle == [(first[0] + last[0]) / 2, (first[1] + last[1]) / 2]
    upper, lower = drawn.band.split()[1], drawn.band.split()[4]
    assert float(upper.split(",")[1]) < middle[1] < float(lower.split(",")[1])


def test_rates_are_logarithmic_and_stay_inside() -> None:
    rows = [(0.0, -1.0, 0.0, 0.0), (0.01, 0.5, 0, 1), (10.0, 1.0, 1, 1), (99.0, 2.0, 2, 2)]
    drawn = curve_of(rows, logarithmic=True)
    xs = [float(one.split(",")[0]) for one in drawn.line.split()]
    assert xs == [LEFT, LEFT, WIDTH - RIGHT, WIDTH - RIGHT]
    assert [text for _, text in drawn.across] == ["0.01", "0.1", "1", "10"]
