"""Where the marks and bars of the wafer pages lie, for a template to draw as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from blemish.core.scan import Meeting
from blemish.report.charts import RADIUS, Disc, WaferMap, wafer_map
from blemish.wafer.recipe import Recipe
from blemish.wafer.repeats import Band
from blemish.web.placed import Gathered

WIDTH, HEIGHT = 640.0, 200.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 8.0, 12.0, 34.0
MOST_BARS = 100
LEAST_RING = 4.0  # of the map's radius of 100, so that it can be seen


@dataclass(frozen=True)
class Ring:
    """A repeat on the map: its number, middle and radius."""

    number: int
    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Bar:
    """A bar of a chart, y down: a rectangle, the ends of its interval, and what it is.

    Attributes:
        odd: whether its interval leaves out the level of all.
        picture: the picture to go to; 0 for none.
    """

    x: float
    y: float
    width: float
    height: float
    name: str
    value: str
    ends: tuple[float, float] | None = None
    odd: bool = False
    picture: int = 0

    @property
    def middle(self) -> float:
        """Give where its name stands."""
        return self.x + self.width / 2


@dataclass(frozen=True)
class Bars:
    """Bars in a frame of `WIDTH` by `HEIGHT`, the line of the level of all, and the scale."""

    bars: tuple[Bar, ...]
    level: float
    scale: tuple[tuple[float, str], ...]
    every: int


def map_of(gathered: Gathered, recipe: Recipe) -> WaferMap:
    """Give the map of all finds; the mark that most wafers show is drawn."""
    points = [] if gathered.stack is None else gathered.stack.points.tolist()
    seen = [mark for mark, _ in gathered.marks.most_common() if mark != "none"]
    mark = seen[0] if seen else "none"
    disc = Disc(recipe.diameter, recipe.edge, mark, recipe.orientation.location)
    return wafer_map([(x, y) for x, y in points], disc)


def rings_of(gathered: Gathered, repeats: Sequence[Meeting]) -> list[Ring]:
    """Give a ring around each repeat."""
    stack = gathered.stack
    if stack is None:
        return []
    scale = 2 * RADIUS / stack.diameter
    rings = []
    for number, one in enumerate(repeats, 1):
        x, y = (float(value) for value in one.place)
        away = float(np.hypot(*(stack.points[one.points] - one.place).T).max(initial=0.0))
        radius = max(away * scale + 2, LEAST_RING)
        rings.append(Ring(number, round(x * scale, 1), round(-y * scale, 1), round(radius, 1)))
    return rings


def wafer_bars(gathered: Gathered) -> Bars:
    """Give finds a wafer in the order the wafers came; of very many, means of neighbours."""
    counts = [] if gathered.stack is None else gathered.stack.counts.tolist()
    times, names = gathered.times, [] if gathered.stack is None else gathered.stack.wafers
    bunch = max(-(-len(counts) // MOST_BARS), 1)
    values, labels, pictures = [], [], []
    for start in range(0, len(counts), bunch):
        some = counts[start : start + bunch]
        values.append(sum(some) / len(some))
        day = times[start].strftime("%Y-%m-%d %H:%M")
        labels.append(f"{day} UTC · {names[start].name}" + (" …" if bunch > 1 else ""))
        pictures.append(gathered.ids[start])
    level = sum(counts) / len(counts) if counts else 0.0
    return _bars(values, labels, level, pictures=pictures)


def ring_bars(rings: Sequence[Band]) -> Bars:
    """Give the density by distance from the centre, with intervals."""
    even = sum(one.density for one in rings) / max(len(rings), 1)
    labels = [f"{one.start:.0f}-{one.end:.0f}" for one in rings]
    return _bars([one.density for one in rings], labels, even, [one.interval for one in rings])


def _bars(
    values: Sequence[float],
    labels: Sequence[str],
    level: float,
    intervals: Sequence[tuple[float, float]] = (),
    pictures: Sequence[int] = (),
) -> Bars:
    highest = max([*values, *(high for _, high in intervals), level, 1e-9])
    step = (WIDTH - LEFT - RIGHT) / max(len(values), 8)

    def at(value: float) -> float:
        return round(HEIGHT - BOTTOM - value / highest * (HEIGHT - TOP - BOTTOM), 1)

    bars = []
    for place, value in enumerate(values):
        ends = intervals[place] if intervals else None
        bars.append(
            Bar(
                *(round(LEFT + (place + 0.1) * step, 1), at(value), round(0.8 * step, 1)),
                *(round(at(0) - at(value), 1), labels[place], f"{value:.3g}"),
                None if ends is None else (at(ends[0]), at(ends[1])),
                ends is not None and not ends[0] <= level <= ends[1],
                pictures[place] if pictures else 0,
            )
        )
    scale = tuple((at(share * highest), f"{share * highest:.2g}") for share in (0.0, 0.5, 1.0))
    return Bars(tuple(bars), at(level), scale, max(-(-len(values) // 12), 1))
