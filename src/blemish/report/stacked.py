"""The finds of many wafers on one map, places that come back marked, as an SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from blemish.core.scan import Meeting
from blemish.report.vector import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    PALE,
    Point,
    circle,
    drawing,
    polyline,
    words,
)
from blemish.wafer.coordinates import TURNS, Doubles, Location
from blemish.wafer.dies import DieGrid

SIDE, LEFT, TOP, LIST_WIDTH = 880.0, 60.0, 70.0, 390.0
MOST_TITLED = 20_000
"""Finds that tell their wafer where a pointer rests on them; more would make the file slow."""
MOST_LISTED = 13
LIST_STEP = 66.0
MOST_LINES = 80
STEPS = (1, 2, 5, 10, 25, 50, 100)


@dataclass(frozen=True, eq=False)
class Chart:
    """What a map shows.

    Attributes:
        title: above it.
        points: (N, 2) mm.
        names: of the wafer of each point.
        repeats: marked.
        listed: what is said of each repeat beside the map, some lines each.
        low, high: mm, the corners of what is shown.
        round: whether the area is a wafer, else it is a die.
        mark: where the flat or notch lies; None to leave it out.
        dies: whose lines are drawn instead of millimetres.
    """

    title: str
    points: Doubles
    names: Sequence[str]
    repeats: Sequence[Meeting]
    listed: Sequence[Sequence[str]]
    low: Point
    high: Point
    round: bool = True
    mark: Location | None = None
    dies: DieGrid | None = None

    @property
    def scale(self) -> float:
        """Give the units of the drawing for a mm."""
        return SIDE / max(self.high[0] - self.low[0], self.high[1] - self.low[1])

    def at(self, place: Doubles | Point) -> Point:
        """Give where a place in mm lies in the drawing."""
        x, y = (float(one) for one in place)
        return LEFT + (x - self.low[0]) * self.scale, TOP + (self.high[1] - y) * self.scale


def draw_stack(chart: Chart) -> str:
    """Give the SVG."""
    members = np.zeros(len(chart.points), np.bool_)
    for one in chart.repeats:
        members[one.points] = True
    titled = len(chart.points) <= MOST_TITLED
    size = 4.0 if len(chart.points) < 1000 else 2.5
    dots = []
    for which, tone, opacity in ((~members, BLUE, 0.55), (members, ORANGE, 0.85)):
        for at in np.flatnonzero(which).tolist():
            x, y = chart.points[at].tolist()
            title = f"{chart.names[at]}: {x:.2f}, {y:.2f} mm" if titled else ""
            spot = circle(chart.at((x, y)), size, title=title, fill=tone, fill_opacity=opacity)
            dots.append(spot)
    bottom = TOP + (chart.high[1] - chart.low[1]) * chart.scale
    parts = [
        words(chart.title, (LEFT, 38), font_size=19),
        *_area(chart, bottom),
        *dots,
        *_rings(chart),
        *_list(chart),
    ]
    return drawing(LEFT + SIDE + LIST_WIDTH, bottom + 60, parts)


def _area(chart: Chart, bottom: float) -> list[str]:
    """Draw wafer or die, lines of millimetres or dies, and numbers of mm along two sides."""
    (left, low), (right, high) = chart.low, chart.high
    parts = []
    step = next((one for one in STEPS if (right - left) / one <= 8), STEPS[-1])
    spans: tuple[tuple[int, float, float], ...] = ((0, left, right), (1, low, high))
    for axis, start, end in spans:
        ticks = [step * at for at in range(math.ceil(start / step), math.floor(end / step) + 1)]
        for value in ticks:
            x, y = chart.at((value, value))
            place = (x, bottom + 24) if axis == 0 else (LEFT - 10, y + 5)
            anchor = "middle" if axis == 0 else "end"
            parts.append(words(f"{value:g}", place, anchor=anchor, fill=GREY, font_size=13))
        dies = chart.dies
        if dies is not None and (end - start) / dies.pitch[axis] <= MOST_LINES:
            first = math.ceil((start - dies.origin[axis]) / dies.pitch[axis])
            last = math.floor((end - dies.origin[axis]) / dies.pitch[axis])
            lines = [dies.origin[axis] + at * dies.pitch[axis] for at in range(first, last + 1)]
        else:
            lines = [float(value) for value in ticks]
        parts += [_line_across(chart, axis, value) for value in lines]
    parts.append(words("mm", (LEFT + SIDE + 16, bottom + 24), fill=GREY, font_size=13))
    if not chart.round:
        corners = ((left, low), (right, low), (right, high), (left, high), (left, low))
        return [*parts, polyline([chart.at(one) for one in corners], stroke=BLACK)]
    radius = right * chart.scale
    rim = circle(chart.at((0, 0)), radius, fill="none", stroke=BLACK, stroke_width=1.5)
    return [*parts, rim, *_flat_or_notch(chart)]


def _line_across(chart: Chart, axis: int, value: float) -> str:
    low, high = chart.low[1 - axis], chart.high[1 - axis]
    if chart.round:
        reach = math.sqrt(max(chart.high[0] ** 2 - value**2, 0.0))
        low, high = -reach, reach
    ends = ((value, low), (value, high)) if axis == 0 else ((low, value), (high, value))
    return polyline([chart.at(end) for end in ends], stroke=PALE)


def _flat_or_notch(chart: Chart) -> list[str]:
    """Mark where it lies by a wedge on the rim."""
    if chart.mark is None:
        return []
    turn = math.radians(TURNS[chart.mark])
    radius = chart.high[0]
    tips = ((0.0, 0.965), (-0.018, 1.0), (0.018, 1.0), (0.0, 0.965))
    ends = [
        (
            radius * (along * math.cos(turn) - across * math.sin(turn)),
            radius * (along * math.sin(turn) + across * math.cos(turn)),
        )
        for across, along in tips
    ]
    return [polyline([chart.at(end) for end in ends], stroke=BLACK, stroke_width=1.5)]


def _rings(chart: Chart) -> list[str]:
    """Draw a ring around each repeat, its number beside it where it covers no other."""
    parts: list[str] = []
    taken: list[Point] = []
    around = []
    for one in chart.repeats:
        away = np.hypot(*(chart.points[one.points] - one.place).T).max(initial=0.0)
        around.append((chart.at(one.place), float(away) * chart.scale + 9))
    for number, ((x, y), radius) in enumerate(around, 1):
        parts.append(circle((x, y), radius, fill="none", stroke=ORANGE, stroke_width=2.5))
        far = radius + 14
        places = [
            (x + far * math.cos(turn), y - far * math.sin(turn))
            for turn in np.deg2rad([45, 135, 315, 225, 0, 180, 90, 270]).tolist()
        ]
        place = max(places, key=lambda one: min(_gaps(one, taken, around), default=math.inf) > 0)
        taken.append(place)
        style = {"stroke": "white", "stroke_width": 4, "paint_order": "stroke", "fill": ORANGE}
        label = {"font_size": 19, "font_weight": "bold"} | style
        parts.append(words(str(number), (place[0], place[1] + 7), anchor="middle", **label))
    return parts


def _gaps(
    place: Point, taken: Sequence[Point], around: Sequence[tuple[Point, float]]
) -> list[float]:
    """Give how far a label is from others, and from rings."""
    labels = [math.dist(place, one) - 22 for one in taken]
    return labels + [math.dist(place, middle) - radius - 9 for middle, radius in around]


def _list(chart: Chart) -> list[str]:
    """Write what is said of each repeat beside the map."""
    x, bold = LEFT + SIDE + 50, {"font_weight": "bold"}

    def line(number: int) -> float:
        return TOP + 20 + number * LIST_STEP

    parts = [
        part
        for number, (first, *rest) in enumerate(chart.listed[:MOST_LISTED])
        for part in (
            words(f"{number + 1}", (x, line(number)), anchor="end", fill=ORANGE, **bold),
            words(first, (x + 10, line(number))),
            *(
                words(text, (x + 10, line(number) + 18 * below), fill=GREY, font_size=13)
                for below, text in enumerate(rest, 1)
            ),
        )
    ]
    if len(chart.listed) > MOST_LISTED:
        more = f"and {len(chart.listed) - MOST_LISTED} more in the table"
        parts.append(words(more, (x + 10, line(MOST_LISTED)), fill=GREY))
    if not chart.listed:
        parts.append(words("nothing comes back", (x, line(0)), fill=GREY))
    return parts
