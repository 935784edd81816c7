"""Shapes of what lies on any surface: dots, rings, blotches, strokes; (s, s) float32 in [0, 1]."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Shape = NDArray[np.float32]
Random = np.random.Generator

AROUND = 4  # px of a patch beyond a shape on each side
FADE = 3  # px from its edges to where it is itself


def draw_shape(longest: float, generator: Random) -> Shape:
    """Draw a shape (s, s), 1 where it is highest, about ``longest`` px long."""
    side = int(np.ceil(longest)) + 2 * AROUND
    axis = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
    y, x = axis[:, None], axis[None]
    angle = generator.uniform(0, np.pi)
    across, along = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    radius = np.hypot(across, along / generator.uniform(0.5, 1)) / max(longest / 2, 1)
    shape = SHAPES[int(generator.integers(len(SHAPES)))](radius.astype(np.float32), generator)
    blurred = cv2.GaussianBlur(shape, (0, 0), generator.uniform(0.4, 1.2))
    shape = np.asarray(blurred, np.float32) * _fade(side)
    return shape / max(float(shape.max()), 1e-6)


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


SHAPES: tuple[Callable[[Shape, Random], Shape], ...] = (_dot, _ring, _blotch, _stroke)


def _fade(side: int) -> Shape:
    """Give weights (side, side): one but near the edges, where they fall to none."""
    axis = np.arange(side)
    ramp = np.minimum(np.minimum(axis, axis[::-1]) / FADE, 1)
    return np.outer(ramp, ramp).astype(np.float32)
