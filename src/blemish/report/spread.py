"""How finds are spread over rings, sectors and wafers, as an SVG of bars."""

from collections.abc import Sequence
from dataclasses import dataclass

from blemish.report.vector import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    PALE,
    drawing,
    polyline,
    rectangle,
    words,
)
from blemish.wafer.repeats import Band

WIDTH, LEFT, RIGHT = 1000.0, 80.0, 30.0
PANEL, BARS = 290.0, 190.0
MOST_NAMED = 26


@dataclass(frozen=True)
class Bar:
    """A bar: what it is, how high, its interval if it has one, and whether it stands out."""

    name: str
    value: float
    interval: tuple[float, float] | None = None
    title: str = ""


def draw_spread(
    rings: Sequence[Band], sectors: Sequence[Band], wafers: Sequence[Bar], trend: str
) -> str:
    """Give the SVG: density by radius and by angle against an even one, and finds a wafer."""
    ringed = [_bar(one, f"{one.start:.0f}-{one.end:.0f}") for one in rings]
    turned = [_bar(one, f"{one.start:.0f}-{one.end:.0f}°") for one in sectors]
    even = sum(one.density for one in rings) / len(rings)
    mean = sum(bar.value for bar in wafers) / len(wafers)
    density = "Finds a wafer and cm²"
    parts = [
        *_panel(
            0, f"{density}, by distance from the centre, mm (rings of equal area)", ringed, even
        ),
        *_panel(1, f"{density}, by angle, counter-clockwise from x", turned, even),
        *_panel(2, f"Finds a wafer, in order. {trend}", wafers, mean),
        *_key(3 * PANEL + 22),
    ]
    return drawing(WIDTH, 3 * PANEL + 50, parts)


def _bar(band: Band, name: str) -> Bar:
    title = f"{band.finds} finds, {band.uniform:.1f} if even"
    return Bar(name, band.density, band.interval, title)


def _panel(number: int, title: str, bars: Sequence[Bar], level: float) -> list[str]:
    top = number * PANEL + 60
    bottom = top + BARS
    highest = max((bar.interval[1] if bar.interval else bar.value for bar in bars), default=0.0)
    highest = max(highest, level, 1e-9)
    step = (WIDTH - LEFT - RIGHT) / max(len(bars), 1)
    high = _round_up(highest)

    def at(value: float) -> float:
        return bottom - min(value, high) / high * BARS

    parts = [words(title, (LEFT, top - 22), font_size=16)]
    for share in (0.0, 0.5, 1.0):
        y = bottom - share * BARS
        parts.append(polyline([(LEFT, y), (WIDTH - RIGHT, y)], stroke=PALE))
        parts.append(words(f"{share * high:g}", (LEFT - 10, y + 5), anchor="end", font_size=13))
    every = -(-len(bars) // MOST_NAMED)
    for place, bar in enumerate(bars):
        x = LEFT + (place + 0.5) * step
        out = bar.interval is not None and not bar.interval[0] <= level <= bar.interval[1]
        corner, size = (x - 0.35 * step, at(bar.value)), (0.7 * step, bottom - at(bar.value))
        parts.append(
            rectangle(corner, size, title=bar.title, fill=ORANGE if out else BLUE, fill_opacity=0.6)
        )
        if bar.interval is not None:
            low, up = at(bar.interval[0]), at(bar.interval[1])
            parts.append(polyline([(x, low), (x, up)], stroke_width=1.5))
            parts += [polyline([(x - 5, y), (x + 5, y)], stroke_width=1.5) for y in (low, up)]
        if place % every == 0:
            parts.append(words(bar.name, (x, bottom + 20), anchor="middle", font_size=12))
    ends = [(LEFT, at(level)), (WIDTH - RIGHT, at(level))]
    return [*parts, polyline(ends, stroke=BLACK, stroke_dasharray="7 5", stroke_width=1.5)]


def _round_up(value: float) -> float:
    """Give the next number of one figure and a half that is no smaller."""
    power = 1.0
    while power > value:
        power /= 10
    while power * 10 <= value:
        power *= 10
    return next(power * times for times in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if power * times >= value)


def _key(y: float) -> list[str]:
    return [
        polyline([(LEFT, y - 5), (LEFT + 40, y - 5)], stroke_dasharray="7 5", stroke_width=1.5),
        words("if all were even", (LEFT + 50, y), font_size=13, fill=GREY),
        rectangle((LEFT + 190, y - 14), (14, 14), fill=ORANGE, fill_opacity=0.6),
        words(
            "its interval leaves that out (95 % that all of a row hold)",
            (LEFT + 212, y),
            font_size=13,
            fill=GREY,
        ),
    ]
