"""Shapes of what lies on any surface; (s, s) float32 in [0, 1], in relief in [-1, 1].

Dots, rings, blotches, strokes, hairs, scratches and clusters, some in relief: lit from one side,
as bubbles, dents and smears on glass are, brighter on the one side and darker on the other.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Shape = NDArray[np.float32]
Random = np.random.Generator

AROUND = 4  # px of a patch beyond a shape on each side
FADE, FADED = 3, 0.06  # px, and share of a patch, from its rim to where it is itself
RELIEF = 0.25  # of the shapes are in relief
FINE = 4  # times finer than the pixels lines are drawn, so that they can be thinner than one


def draw_shape(longest: float, generator: Random) -> Shape:
    """Draw a shape (s, s), 1 where it is furthest from none, about ``longest`` px long."""
    side = int(np.ceil(longest)) + 2 * AROUND
    axis = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
    y, x = axis[:, None], axis[None]
    angle = generator.uniform(0, np.pi)
    across, along = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    radius = np.hypot(across, along / generator.uniform(0.5, 1)) / max(longest / 2, 1)
    shape = SHAPES[int(generator.integers(len(SHAPES)))](radius.astype(np.float32), generator)
    blurred = cv2.GaussianBlur(shape, (0, 0), generator.uniform(0.4, 1.2))
    if generator.random() < RELIEF:
        blurred = _lit(blurred, generator.uniform(0, 2 * np.pi))
    shape = np.asarray(blurred, np.float32) * _fade(side)
    return shape / max(float(np.abs(shape).max()), 1e-6)


def _dot(radius: Shape, generator: Random) -> Shape:
    return np.asarray(np.exp(-0.7 * radius ** generator.uniform(1.5, 6)), np.float32)


def _ring(radius: Shape, generator: Random) -> Shape:
    width = generator.uniform(0.12, 0.4)
    return np.asarray(np.exp(-(((radius - 1 + width) / width) ** 2)), np.float32)


def _blotch(radius: Shape, generator: Random) -> Shape:
    coarse = generator.normal(size=(5, 5)).astype(np.float32)
    rough = np.asarray(cv2.resize(coarse, radius.shape[::-1], interpolation=cv2.INTER_CUBIC))
    edge = np.clip((1 - radius + 0.25 * rough) * generator.uniform(3, 12), -30, 30)
    return np.asarray(1 / (1 + np.exp(-edge)), np.float32)


def _stroke(radius: Shape, generator: Random) -> Shape:
    side = len(radius)
    first, bend, last = generator.uniform(AROUND, side - AROUND, (3, 2))
    share = np.linspace(0, 1, 24)[:, None]
    line = (1 - share) ** 2 * first + 2 * share * (1 - share) * bend + share**2 * last
    drawn = np.zeros((side, side), np.uint8)
    thick = int(generator.integers(1, 4))
    cv2.polylines(drawn, [np.rint(line * 8).astype(np.int32)], False, 255, thick, cv2.LINE_AA, 3)
    return np.asarray(drawn / 255, np.float32)


def _hair(radius: Shape, generator: Random) -> Shape:
    """Draw a thin line that bends a few times: a hair, a fibre."""
    side = len(radius)
    bends = generator.uniform(AROUND, side - AROUND, (int(generator.integers(4, 7)), 2))
    along = np.linspace(0, len(bends) - 3, 60, endpoint=False)
    first = along.astype(int)
    share = (along - first)[:, None]
    weights = ((1 - share) ** 2 / 2, 0.5 + share * (1 - share), share**2 / 2)  # quadratic B-spline
    line = sum(weight * bends[first + one] for one, weight in enumerate(weights))
    return _line(line, side, generator.uniform(0.4, 1.5))


def _scratch(radius: Shape, generator: Random) -> Shape:
    """Draw a straight thin line that fades in and out."""
    side = len(radius)
    angle, half = generator.uniform(0, np.pi), generator.uniform(0.6, 1) * (side / 2 - AROUND)
    reach = half * np.linspace(-1, 1, 2)[:, None]
    line = side / 2 + reach * np.array([np.cos(angle), np.sin(angle)])
    rough = cv2.resize(generator.random((4, 4)).astype(np.float32), (side, side))
    return _line(line, side, generator.uniform(0.4, 1.5)) * np.asarray(
        0.4 + 0.6 * rough, np.float32
    )


def _cluster(radius: Shape, generator: Random) -> Shape:
    """Draw many specks close together: a print, a splash, a smear."""
    side = len(radius)
    drawn = np.zeros((side * FINE, side * FINE), np.uint8)
    for _ in range(int(generator.integers(4, 12 + side))):
        angle, far = generator.uniform(0, 2 * np.pi), generator.random() ** 0.7
        middle = side / 2 + far * (side / 2 - AROUND) * np.array([np.cos(angle), np.sin(angle)])
        size = generator.uniform(0.4, 1.8, 2) * FINE
        centre = np.rint(middle * FINE).astype(int).tolist()
        axes = np.rint(size).astype(int).tolist()
        grey = int(generator.integers(90, 256))
        cv2.ellipse(drawn, centre, axes, generator.uniform(0, 180), 0, 360, grey, -1, cv2.LINE_AA)
    return _shrunk(drawn, side)


def _line(points: NDArray[np.float64], side: int, width: float) -> Shape:
    """Draw a line (n, 2) of a width, in px."""
    drawn = np.zeros((side * FINE, side * FINE), np.uint8)
    fine = np.rint(points * FINE * 8).astype(np.int32)
    cv2.polylines(drawn, [fine], False, 255, max(round(width * FINE), 1), cv2.LINE_AA, 3)
    return _shrunk(drawn, side)


def _shrunk(fine: NDArray[np.uint8], side: int) -> Shape:
    return np.asarray(
        cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA) / 255, np.float32
    )


def _lit(height: NDArray[Any], angle: float) -> Shape:
    """Light a shape from one side: how steeply it rises that way."""
    down, right = np.gradient(height)
    return np.asarray(np.cos(angle) * right + np.sin(angle) * down, np.float32)


SHAPES: tuple[Callable[[Shape, Random], Shape], ...] = (
    _dot,
    _ring,
    _blotch,
    _stroke,
    _hair,
    _scratch,
    _cluster,
)


def _fade(side: int) -> Shape:
    """Give weights (side, side): one but near the rim of the patch, where they fall to none."""
    half = (side - 1) / 2
    axis = np.arange(side) - half
    ramp = np.clip((half - np.hypot(axis[:, None], axis)) / (FADE + FADED * side), 0, 1)
    return np.asarray(ramp**2 * (3 - 2 * ramp), np.float32)
