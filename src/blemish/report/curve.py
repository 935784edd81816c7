"""The FROC curve as a picture: recall against false finds a picture, a line a class.

Drawn with OpenCV, as a plain install has no plotting. Lines differ by their dashes as well as by
their colour.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.core.froc import Froc
from blemish.report.draw import FONT, Pixels

WIDTH, HEIGHT = 1000, 640
LEFT, RIGHT, TOP, BOTTOM = 90, 30, 50, 80
RATES = (0.01, 0.1, 1.0, 10.0)  # the ends of the axis, and between
MAX_CLASSES = 8  # more lines could not be told apart

# Okabe & Ito's tones, which stay apart for red-green blindness, each with its dashes: on and off.
LINES = (
    ((34, 34, 34), (1, 0)),
    ((0, 114, 178), (14, 7)),
    ((230, 159, 0), (4, 5)),
    ((0, 158, 115), (20, 5)),
    ((204, 121, 167), (9, 4)),
)

Points = NDArray[np.float64]  # (N, 2), in pixels


def draw_froc(curves: Mapping[str, Froc], threshold: float) -> bytes:
    """Give a PNG of curves by their names, with a ring where each is at the threshold.

    The axis is logarithmic; what is reached with fewer false finds than it begins with stands at
    its left end.
    """
    canvas = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    _draw_axes(canvas)
    shown = list(curves.items())[:MAX_CLASSES]
    names = [name for name, _ in shown]
    for place, (_, curve) in enumerate(shown):
        colour, dashes = LINES[place % len(LINES)]
        _draw_line(canvas, _steps(curve), colour, dashes)
        kept = np.flatnonzero(curve.thresholds >= np.float32(threshold))
        if len(kept):
            at = kept[-1]
            x, y = _place(curve.false_per_picture[at], curve.recall[at])
            cv2.circle(canvas, (round(float(x)), round(float(y))), 6, colour, 2, cv2.LINE_AA)
    _draw_names(canvas, names)
    return bytes(cv2.imencode(".png", np.ascontiguousarray(canvas[..., ::-1]))[1].tobytes())


def _place(rate: float, recall: float) -> Points:
    """Give where a rate and a recall lie, in pixels."""
    low, high = np.log10(RATES[0]), np.log10(RATES[-1])
    along = (np.log10(np.clip(rate, RATES[0], RATES[-1])) - low) / (high - low)
    x = LEFT + along * (WIDTH - LEFT - RIGHT)
    return np.array([x, HEIGHT - BOTTOM - recall * (HEIGHT - TOP - BOTTOM)])


def _steps(curve: Froc) -> Points:
    """Give the corners: recall stays as it is until the next find that raises it."""
    corners = [_place(0, 0)]
    recall = 0.0
    for rate, reached in zip(curve.false_per_picture, curve.recall, strict=True):
        corners += [_place(rate, recall), _place(rate, reached)]
        recall = reached
    return np.array([*corners, _place(RATES[-1], recall)])


def _draw_axes(canvas: Pixels) -> None:
    grey, black = (215, 215, 215), (34, 34, 34)
    for recall in np.linspace(0, 1, 6):
        start, end = (_place(rate, recall) for rate in (RATES[0], RATES[-1]))
        _segment(canvas, start, end, grey, 1)
        _write(canvas, f"{recall:.1f}", (LEFT - 45, int(start[1]) + 6), black)
    for rate in RATES:
        low, high = _place(rate, 0), _place(rate, 1)
        _segment(canvas, low, high, grey, 1)
        _write(canvas, f"{rate:g}", (int(low[0]) - 12, HEIGHT - BOTTOM + 25), black)
    _write(canvas, "false finds a picture", (WIDTH // 2 - 60, HEIGHT - 20), black)
    _write(canvas, "share of labels whose centre is hit", (LEFT - 60, 28), black)


def _draw_line(
    canvas: Pixels, corners: Points, colour: tuple[int, int, int], dashes: tuple[int, int]
) -> None:
    """Draw a line through corners in dashes that go on around them."""
    on, off = dashes
    done = 0.0
    for start, end in pairwise(corners):
        length = float(np.abs(end - start).sum())  # straight up or to the right
        at = 0.0
        while at < length:
            within = (done + at) % (on + off) if off else 0.0
            left = (
                length - at
                if not off
                else min((on if within < on else on + off) - within, length - at)
            )
            if within < on:
                ends = (start + (end - start) * share / length for share in (at, at + left))
                _segment(canvas, *ends, colour, 2)
            at += left
        done += length


def _draw_names(canvas: Pixels, names: Sequence[str]) -> None:
    for place, name in enumerate(names):
        colour, dashes = LINES[place % len(LINES)]
        y = HEIGHT - BOTTOM - 24 * (len(names) - place)
        line = np.array([[WIDTH - 260.0, y], [WIDTH - 205.0, y]])
        _draw_line(canvas, line, colour, dashes)
        # OpenCV's letters are ASCII; the order is that of froc.csv.
        words = name if name.isascii() else f"class {place + 1}"
        _write(canvas, words, (WIDTH - 195, y + 5), colour)


def _segment(
    canvas: Pixels, start: Points, end: Points, colour: tuple[int, int, int], width: int
) -> None:
    ends = [(round(float(x)), round(float(y))) for x, y in (start, end)]
    cv2.line(canvas, ends[0], ends[1], colour, width, cv2.LINE_AA)


def _write(canvas: Pixels, text: str, place: tuple[int, int], colour: tuple[int, int, int]) -> None:
    cv2.putText(canvas, text, place, FONT, 0.55, colour, 1, cv2.LINE_AA)
