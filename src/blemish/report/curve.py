"""The FROC curve as a drawing: recall against false finds a picture, a line a class.

An SVG, which every browser opens, and which `find` does not take for a picture to look at. Lines
differ by their dashes as well as by their colour.
"""

import math
from collections.abc import Iterator, Mapping
from html import escape

import numpy as np

from blemish.core.froc import Froc

WIDTH, HEIGHT = 1000, 640
LEFT, RIGHT, TOP, BOTTOM = 90, 30, 50, 80
RATES = (0.01, 0.1, 1.0, 10.0)  # the ends of the axis, and between
MAX_LINES = 8  # more could not be told apart

# Okabe & Ito's tones, which stay apart for red-green blindness, each with its dashes: on and off.
LINES = (
    ("#222222", ""),
    ("#0072b2", "14 7"),
    ("#e69f00", "4 5"),
    ("#009e73", "20 5"),
    ("#cc79a7", "9 4"),
)

Point = tuple[float, float]


def draw_froc(curves: Mapping[str, Froc], threshold: float) -> str:
    """Give an SVG of curves by their names, with a ring where each is at the threshold.

    The axis is logarithmic; what is reached with fewer false finds than it begins with stands at
    its left end.
    """
    shown = list(curves.items())[:MAX_LINES]
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="15">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        *_axes(),
    ]
    for number, (name, curve) in enumerate(shown):
        colour, dashes = LINES[number % len(LINES)]
        lines.append(_line(_corners(curve), colour, dashes))
        kept = np.flatnonzero(curve.thresholds >= np.float32(threshold))
        if len(kept):
            x, y = _place(float(curve.false_per_picture[kept[-1]]), float(curve.recall[kept[-1]]))
            ring = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="none" stroke="{colour}"'
            lines.append(f'{ring} stroke-width="2"/>')
        y = HEIGHT - BOTTOM - 24 * (len(shown) - number)
        lines.append(_line([(WIDTH - 260, y), (WIDTH - 205, y)], colour, dashes))
        lines.append(_text(name, WIDTH - 195, y + 5))
    return "\n".join([*lines, "</svg>\n"])


def _place(rate: float, recall: float) -> Point:
    """Give where a rate and a recall lie."""
    low, high = math.log10(RATES[0]), math.log10(RATES[-1])
    along = (math.log10(min(max(rate, RATES[0]), RATES[-1])) - low) / (high - low)
    x = LEFT + along * (WIDTH - LEFT - RIGHT)
    return x, HEIGHT - BOTTOM - recall * (HEIGHT - TOP - BOTTOM)


def _corners(curve: Froc) -> list[Point]:
    """Give the corners: recall stays as it is until the next find that raises it."""
    corners, recall = [_place(0, 0)], 0.0
    points = zip(curve.false_per_picture.tolist(), curve.recall.tolist(), strict=True)
    for rate, reached in points:
        corners += [_place(rate, recall), _place(rate, reached)]
        recall = reached
    return [*corners, _place(RATES[-1], recall)]


def _axes() -> Iterator[str]:
    for step in range(6):
        start, end = (_place(rate, step / 5) for rate in (RATES[0], RATES[-1]))
        yield _line([start, end], "#d7d7d7")
        yield _text(f"{step / 5:.1f}", LEFT - 40, start[1] + 5)
    for rate in RATES:
        low, high = _place(rate, 0), _place(rate, 1)
        yield _line([low, high], "#d7d7d7")
        yield _text(f"{rate:g}", low[0] - 12, HEIGHT - BOTTOM + 25)
    yield _text("false finds a picture", WIDTH / 2 - 60, HEIGHT - 20)
    yield _text("share of labels whose centre is hit", LEFT - 60, 28)


def _line(corners: list[Point], colour: str, dashes: str = "") -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>'


def _text(words: str, x: float, y: float) -> str:
    plain = "".join(letter if letter.isprintable() else "?" for letter in words)
    return f'<text x="{x:.1f}" y="{y:.1f}">{escape(plain)}</text>'
