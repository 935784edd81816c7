"""Maps and bars are well-formed drawings that show what there is, whatever names hold."""

import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from blemish.core.scan import Meeting
from blemish.report.spread import Bar, draw_spread
from blemish.report.stacked import LEFT, MOST_LISTED, SIDE, TOP, Chart, draw_stack
from blemish.wafer.dies import DieGrid
from blemish.wafer.repeats import Band

SVG = "{http://www.w3.org/2000/svg}"
ODD = "웨이퍼 <script>\"&' \x00\x1b[1m.png"


def meeting(place: tuple[float, float], *points: int) -> Meeting:
    members = np.array(points)
    return Meeting(np.array(place), members, members, 0.5, 1e-5, 1.1, 1e-3)


def chart(points: np.ndarray, *repeats: Meeting, **more: object) -> Chart:
    names = [f"{ODD}{at}" for at in range(len(points))]
    listed = [["first", "second"]] * len(repeats)
    ends = ((-75.0, -75.0), (75.0, 75.0))
    return Chart(ODD, points, names, repeats, listed, *ends, **more)  # type: ignore[arg-type]


def test_every_find_lies_in_its_place_and_says_its_wafer() -> None:
    points = np.array([(0.0, 0.0), (75.0, 0.0), (0.0, 75.0), (30.0, 20.0)])
    tree = ElementTree.fromstring(draw_stack(chart(points, meeting((30.0, 20.0), 3))))  # noqa: S314
    dots = [one for one in tree.iter(f"{SVG}circle") if one.find(f"{SVG}title") is not None]
    assert len(dots) == 4
    places = {(float(one.get("cx") or 0), float(one.get("cy") or 0)) for one in dots}
    assert (LEFT + SIDE / 2, TOP + SIDE / 2) in places
    assert (LEFT + SIDE, TOP + SIDE / 2) in places  # x to the right
    assert (LEFT + SIDE / 2, TOP) in places  # y up
    title = dots[0].find(f"{SVG}title")
    assert title is not None
    assert title.text is not None
    assert title.text.startswith("웨이퍼 <script>\"&' \ufffd\ufffd[1m.png0")
    rings = [one for one in tree.iter(f"{SVG}circle") if one.get("stroke-width") == "2.5"]
    (ring,) = rings
    x, y = float(ring.get("cx") or 0), float(ring.get("cy") or 0)
    assert (x, y) == pytest.approx((LEFT + 105 / 150 * SIDE, TOP + 55 / 150 * SIDE), abs=0.01)


@pytest.mark.parametrize("more", [{}, {"mark": "left"}, {"dies": DieGrid((10.0, 8.0), (-5, -4))}])
def test_without_finds_there_is_a_map(more: dict[str, object]) -> None:
    text = draw_stack(chart(np.zeros((0, 2)), **more))
    ElementTree.fromstring(text)  # noqa: S314
    assert "nothing comes back" in text


def test_labels_of_near_repeats_stand_apart() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(0, 4, (12, 2))
    repeats = [meeting((float(x), float(y)), at) for at, (x, y) in enumerate(points)]
    tree = ElementTree.fromstring(draw_stack(chart(points, *repeats)))  # noqa: S314
    labels = [one for one in tree.iter(f"{SVG}text") if one.get("paint-order") == "stroke"]
    places = [(float(one.get("x") or 0), float(one.get("y") or 0)) for one in labels]
    assert len(places) == 12
    close = sum(math.dist(a, b) < 18 for at, a in enumerate(places) for b in places[:at])
    assert close <= 2


def test_a_long_list_is_cut_and_says_so() -> None:
    points = np.zeros((MOST_LISTED + 4, 2))
    repeats = [meeting((float(at), 0.0), at) for at in range(len(points))]
    assert "and 4 more in the table" in draw_stack(chart(points, *repeats))


def test_bars_are_as_high_as_their_values_and_stand_out_by_their_interval() -> None:
    even = Band(0, 20, 4, 0.1, (0.05, 0.28), 4)
    odd = Band(20, 30, 9, 0.4, (0.3, 0.6), 4)
    bars = [Bar(ODD, 3.0, title=ODD), Bar("b", 6.0)]
    text = draw_spread([even, odd], [even, even], bars, ODD)
    tree = ElementTree.fromstring(text)  # noqa: S314
    heights = [float(one.get("height") or 0) for one in tree.iter(f"{SVG}rect")][1:]
    assert heights[1] == pytest.approx(4 * heights[0], abs=0.05)
    assert heights[5] == pytest.approx(2 * heights[4], abs=0.05)
    assert len(re.findall('fill="#d55e00"', text)) == 2  # the odd bar and the key


def test_no_finds_at_all_are_bars_of_no_height() -> None:
    none = Band(0, 20, 0, 0.0, (0.0, 0.0), 0)
    ElementTree.fromstring(draw_spread([none], [none], [Bar("1", 0.0)] * 60, ""))  # noqa: S314
