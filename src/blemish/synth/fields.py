"""Smooth random fields and anti-aliased shapes, the brushes that everything is drawn with.

Fields are (H, W) float32; shapes give coverage in [0, 1]. Positions are pixels, (x, y), y down.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating[Any]]


def smooth_field(rng: np.random.Generator, shape: tuple[int, int], cell: float) -> Field:
    """Draw a smooth field of unit deviation whose features are about ``cell`` pixels large."""
    if cell >= 24 and min(shape) >= 64:  # so smooth that a quarter of the size shows all of it
        quarter = (-(-shape[0] // 4), -(-shape[1] // 4))
        small = smooth_field(rng, quarter, cell / 4)
        size = (quarter[1] * 4, quarter[0] * 4)
        large = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(large[: shape[0], : shape[1]], np.float32)
    rows, columns = (max(2, int(np.ceil(side / cell)) + 1) for side in shape)
    coarse = rng.standard_normal((rows + 2, columns + 2), dtype=np.float32)
    size = (int((columns + 2) * cell), int((rows + 2) * cell))
    field = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    inset = int(cell * 0.5)
    return np.asarray(field[inset : inset + shape[0], inset : inset + shape[1]], np.float32)


def grid(shape: tuple[int, int], left: int = 0, top: int = 0) -> tuple[Field, Field]:
    """Give the x (1, W) and y (H, 1) of pixel centres; the two broadcast to a picture."""
    x = np.arange(left, left + shape[1], dtype=np.float32)[None, :] + np.float32(0.5)
    y = np.arange(top, top + shape[0], dtype=np.float32)[:, None] + np.float32(0.5)
    return x, y


def edge(distance: Field, softness: float = 1.0) -> Field:
    """Turn a signed distance (negative inside) into coverage with an edge this many px wide."""
    return np.asarray(np.clip(0.5 - distance / np.float32(max(softness, 1e-3)), 0, 1))


def polygon(shape: tuple[int, int], points: NDArray[np.floating], softness: float = 0.0) -> Field:
    """Fill a polygon of (N, 2) points, with sixteenth-pixel corners and an optional soft edge."""
    canvas = np.zeros(shape, np.uint8)
    fixed = np.round(points * 16).astype(np.int32)
    cv2.fillPoly(canvas, [fixed], 255, lineType=cv2.LINE_AA, shift=4)
    cover = canvas.astype(np.float32) / 255
    return blur(cover, softness)


def stroke(
    shape: tuple[int, int], points: NDArray[np.floating], width: float, softness: float = 0.0
) -> Field:
    """Draw a polyline of (N, 2) points with round joins, ``width`` px wide."""
    canvas = np.zeros(shape, np.uint8)
    fixed = np.round(points * 16).astype(np.int32)
    cv2.polylines(canvas, [fixed], False, 255, max(1, round(width)), cv2.LINE_AA, 4)
    return blur(canvas.astype(np.float32) / 255, softness)


def blur(picture: Field, sigma: float) -> Field:
    """Blur by a Gaussian of ``sigma`` px; nothing happens under a fifth of a pixel."""
    if sigma < 0.2:
        return picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)


def bezier(rng: np.random.Generator, start: NDArray[np.floating], length: float) -> Field:
    """Draw a gently bent curve of this length from ``start``, shape (24, 2)."""
    angle = rng.uniform(0, 2 * np.pi)
    points = [np.asarray(start, np.float64)]
    for _ in range(3):
        points.append(points[-1] + length / 3 * np.array([np.cos(angle), np.sin(angle)]))
        angle += rng.normal(0, 0.55)
    t = np.linspace(0, 1, 24)[:, None]
    weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3]
    curve = sum(weight * point for weight, point in zip(weights, points, strict=True))
    return np.asarray(curve, np.float32)
