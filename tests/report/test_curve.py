from xml.etree.ElementTree import Element

import numpy as np
import pytest
from defusedxml.ElementTree import fromstring

from blemish.core.defects import Defects
from blemish.core.froc import Froc, froc
from blemish.report.curve import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, draw_froc

SVG = "{http://www.w3.org/2000/svg}"
GRID = "#d7d7d7"


def curve(*points: tuple[float, float, float]) -> Froc:
    rows = np.array(points, np.float64).reshape(-1, 3)
    return Froc(rows[:, 0].astype(np.float32), rows[:, 1], rows[:, 2], 10, 10)


def drawn(threshold: float = 2.0, **curves: Froc) -> Element:
    svg: Element = fromstring(draw_froc(curves, threshold))
    return svg


def lines_of(svg: Element) -> list[Element]:
    """Give the curves, without the grid and without the samples beside the names."""
    lines = [one for one in svg.iter(f"{SVG}polyline") if one.get("stroke") != GRID]
    return [one for one in lines if one.get("points", "").startswith(f"{LEFT}.0,")]


def height_at(line: Element, share: float) -> float:
    """Give the recall of a line at a share of the axis' length, by walking along it."""
    x = LEFT + share * (WIDTH - LEFT - RIGHT)
    points = [tuple(map(float, one.split(","))) for one in line.get("points", "").split()]
    reached = [at for at in points if at[0] <= x]
    return (HEIGHT - BOTTOM - reached[-1][1]) / (HEIGHT - TOP - BOTTOM)


def test_the_line_is_as_high_as_the_recall() -> None:
    # Axis from 0.01 to 10: a rate of 0.1 is at a third, 1 at two thirds.
    (line,) = lines_of(drawn(all=curve((0.9, 0, 0.2), (0.5, 0.1, 0.6), (0.2, 1, 0.8))))
    for share, recall in ((0.2, 0.2), (0.3, 0.2), (0.5, 0.6), (0.66, 0.6), (0.72, 0.8), (1, 0.8)):
        assert height_at(line, share) == pytest.approx(recall, abs=1e-3)


def test_a_ring_marks_the_threshold() -> None:
    points = curve((0.9, 0.02, 0.2), (0.5, 0.1, 0.6), (0.2, 1, 0.8))
    (ring,) = drawn(0.5, all=points).iter(f"{SVG}circle")
    assert float(ring.get("cx", 0)) == pytest.approx(LEFT + (WIDTH - LEFT - RIGHT) / 3, abs=0.1)
    expected = HEIGHT - BOTTOM - 0.6 * (HEIGHT - TOP - BOTTOM)
    assert float(ring.get("cy", 0)) == pytest.approx(expected, abs=0.1)
    assert not list(drawn(0.95, all=points).iter(f"{SVG}circle"))


def test_lines_differ_by_their_dashes_and_carry_their_names() -> None:
    flat = curve((0.9, 0, 0.5))
    svg = drawn(**{"all": flat, "긁힘": flat, "<b>&": flat, "line\nbreak\x00": flat})
    looks = {(one.get("stroke"), one.get("stroke-dasharray")) for one in lines_of(svg)}
    assert len(looks) == len({dashes for _, dashes in looks}) == 4
    words = [one.text for one in svg.iter(f"{SVG}text")]
    assert words[-4:] == ["all", "긁힘", "<b>&", "line?break?"]


def test_no_finds_no_labels_and_many_classes_are_drawn() -> None:
    nothing = froc([(Defects.none(), Defects.none(), np.zeros(0, bool))])
    (line,) = lines_of(drawn(all=nothing))
    assert height_at(line, 1.0) == 0
    many = {f"class {number}": curve((0.9, 0, 0.5)) for number in range(20)}
    assert len(lines_of(drawn(**many))) == 8
