"""Where the lines of a wafer map and of a curve run, for a template to draw as SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from blemish.wafer.coordinates import TURNS

Point = tuple[float, float]

RADIUS = 100.0  # of a wafer in its map
FLAT_HALF, NOTCH_HALF = 18.0, 3.0  # degrees, for the eye; the true length is the standard's
MOST_DOTS = 5000

WIDTH, HEIGHT = 560.0, 330.0  # of a curve
LEFT, RIGHT, TOP, BOTTOM = 56.0, 14.0, 14.0, 52.0


@dataclass(frozen=True)
class WaferMap:
    """A wafer from above, its radius 100, y down as SVG has it.

    Attributes:
        outline: the path of its rim with the flat or notch.
        dots: the path of all finds, a move and a line of no length each.
        numbers: x, y and number of those that have one.
        reach: the radius in mm, as it is written.
        edge: the radius within which finds count.
        num_dots: how many finds are drawn.
        num_left: finds that are not drawn.
    """

    outline: str
    dots: str
    numbers: tuple[tuple[float, float, int], ...]
    reach: str
    edge: float
    num_dots: int
    num_left: int


@dataclass(frozen=True)
class Disc:
    """A wafer to lay finds on.

    Attributes:
        diameter, edge: in mm; within the edge's width finds do not count.
        mark: `flat`, `notch` or `none`.
        location: where the mark lies, `down` and so on.
    """

    diameter: float
    edge: float = 0.0
    mark: str = "none"
    location: str = ""


def wafer_map(
    points: Sequence[Point], disc: Disc, num_numbers: int = 0, most: int = MOST_DOTS
) -> WaferMap:
    """Lay points in mm, y up, on a wafer; those beyond stand at its border.

    The first ``num_numbers`` have a number beside them.
    """
    scale = 2 * RADIUS / disc.diameter
    places = [_inside(x * scale, -y * scale) for x, y in points]
    return WaferMap(
        outline=_outline(disc.mark, disc.location),
        dots="".join(f"M{x:z.1f} {y:z.1f}h0" for x, y in places[:most]),
        numbers=tuple((x, y, at) for at, (x, y) in enumerate(places[:num_numbers], 1)),
        reach=f"{disc.diameter / 2:g}",
        edge=min(max(RADIUS - disc.edge * scale, 0.0), RADIUS),
        num_dots=min(len(places), most),
        num_left=max(len(places) - most, 0),
    )


def _inside(x: float, y: float) -> Point:
    return min(max(x, -RADIUS), RADIUS), min(max(y, -RADIUS), RADIUS)


def _outline(mark: str, location: str) -> str:
    half = {"flat": FLAT_HALF, "notch": NOTCH_HALF}.get(mark)
    turn = {str(name): angle for name, angle in TURNS.items()}.get(location)
    if half is None or turn is None:
        return "M100 0A100 100 0 1 0-100 0A100 100 0 1 0 100 0Z"
    start, end = (_on_rim(turn + side, RADIUS) for side in (half, -half))
    deep = "" if mark == "flat" else "L{:.2f} {:.2f}".format(*_on_rim(turn, RADIUS - 6))
    arc = f"A100 100 0 1 0 {end[0]:.2f} {end[1]:.2f}"
    return f"M{start[0]:.2f} {start[1]:.2f}{arc}{deep}Z"


def _on_rim(angle: float, radius: float) -> Point:
    turn = math.radians(angle)
    return radius * math.cos(turn), -radius * math.sin(turn)


@dataclass(frozen=True)
class Curve:
    """A curve in a frame of `WIDTH` by `HEIGHT`.

    Attributes:
        line, band: the points of the curve, and around its interval.
        across, along: where the lines of the grid lie and what is written at them: x, then y.
    """

    line: str
    band: str
    across: tuple[tuple[float, str], ...]
    along: tuple[tuple[float, str], ...]


def curve_of(rows: Sequence[tuple[float, float, float, float]], *, logarithmic: bool) -> Curve:
    """Draw rows of what it is at, the value in [0, 1] and its interval.

    It is at 0 to 1, or logarithmically at 0.01 to 10.
    """

    def x_of(at: float) -> float:
        share = (math.log10(max(at, 1e-9)) + 2) / 3 if logarithmic else at
        return LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)

    def y_of(value: float) -> float:
        return HEIGHT - BOTTOM - min(max(value, 0.0), 1.0) * (HEIGHT - TOP - BOTTOM)

    def points(column: int, *, back: bool = False) -> str:
        ordered = reversed(rows) if back else rows
        return " ".join(f"{x_of(row[0]):.1f},{y_of(row[column]):.1f}" for row in ordered)

    ticks = (0.01, 0.1, 1.0, 10.0) if logarithmic else (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    return Curve(
        points(1),
        f"{points(3)} {points(2, back=True)}",
        tuple((x_of(at), f"{at:g}") for at in ticks),
        tuple((y_of(step / 5), f"{step / 5:.1f}") for step in range(6)),
    )
