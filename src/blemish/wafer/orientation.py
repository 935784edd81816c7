"""The flat or the notch that shows the crystal's direction on a wafer's rim.

All is done in the frame in which the rim is the unit circle; directions are in degrees from x
towards y, depths in radii.
"""

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.wafer.rim import (
    NUM_SECTORS,
    Edges,
    Floats,
    Pixels,
    Shape,
    rim_in_view,
    sector_of,
)

Mark = Literal["flat", "notch", "none"]

FLAT_DEPTHS = (0.016, 0.13)
"""SEMI flats cut 0.034 to 0.076 of the radius off, secondary ones from 0.016."""
NUM_TURNS = 90
NUM_ANGLES = 1440


def find_flat(edges: Edges, shape: Shape) -> tuple[float, float] | None:
    """Give (direction, depth) of a flat; None unless its chord is seen and the arc is not."""
    unit = shape.to_unit(edges.points)
    normals = edges.normals @ shape.matrix
    normals /= np.hypot(normals[:, :1], normals[:, 1:]) + np.float32(1e-6)
    normals *= np.sign((normals * unit).sum(axis=1, keepdims=True))
    depth = 1 - (normals * unit).sum(axis=1)
    near = (depth > 0.5 * FLAT_DEPTHS[0]) & (depth < FLAT_DEPTHS[1] + 0.01)
    near &= np.hypot(unit[:, 0], unit[:, 1]) < 1.02
    unit, normals, depth = unit[near], normals[near], depth[near]
    rim = rim_in_view(edges, shape)
    best = None
    for turn, guess in _likely_chords(normals, depth, shape.radius):
        found = _fit_chord(unit, normals, turn, guess, shape.radius)
        if found is not None and _arc_is_missing(*rim, *found):
            best = found
            break
    if best is None:
        return None
    # An edge ring repeats the chord farther in: the outermost of the parallel ones counts.
    for guess in np.arange(FLAT_DEPTHS[0], best[1] - 2 / shape.radius, 1.5 / shape.radius):
        found = _fit_chord(unit, normals, best[0], float(guess), shape.radius)
        if found is not None and _arc_is_missing(*rim, *found):
            best = found
            break
    return float(np.rad2deg(best[0]) % 360), best[1]


def _likely_chords(normals: Floats, depth: Floats, radius: float) -> list[tuple[float, float]]:
    """Give (direction in radians, depth) of up to four chords, the best filled first."""
    step = 1 / radius
    turns = (np.arctan2(normals[:, 1], normals[:, 0]) / (2 * np.pi) * NUM_TURNS).astype(int)
    levels = (depth / step).astype(int)
    num_levels = int(FLAT_DEPTHS[1] / step) + 3
    flat = np.bincount(turns % NUM_TURNS * num_levels + levels, minlength=NUM_TURNS * num_levels)
    counts = flat.reshape(NUM_TURNS, num_levels).astype(np.float32)
    around = np.pad(np.pad(counts, ((1, 1), (0, 0)), mode="wrap"), ((0, 0), (1, 1)))
    counts = np.asarray(cv2.boxFilter(around, -1, (3, 3), normalize=False))[1:-1, 1:-1]
    levels_mid = (np.arange(num_levels) + 0.5) * step
    length = 2 * radius * np.sqrt(np.maximum(2 * levels_mid - levels_mid**2, 1e-6))
    filled = counts / length
    filled[:, levels_mid < FLAT_DEPTHS[0]] = 0
    found = []
    for _ in range(4):
        turn, level = divmod(int(filled.argmax()), num_levels)
        if filled[turn, level] < 0.4:
            break
        found.append((float((turn + 0.5) * 2 * np.pi / NUM_TURNS), float(levels_mid[level])))
        filled[turn, max(level - 1, 0) : level + 2] = 0
        filled[turn - 1, max(level - 1, 0) : level + 2] = 0
        filled[(turn + 1) % NUM_TURNS, max(level - 1, 0) : level + 2] = 0
    return found


def _fit_chord(
    unit: Floats, normals: Floats, turn: float, depth: float, radius: float
) -> tuple[float, float] | None:
    """Give the chord's (direction in radians, depth) after a line fit; None if it has holes."""
    reach = 0.0
    along = np.zeros(0, np.float32)
    for band in (2.5, 1.8, 1.2, 1.2):
        out = np.array([np.cos(turn), np.sin(turn)], np.float32)
        height, lateral = unit @ out, unit @ np.array([-out[1], out[0]], np.float32)
        reach = float(np.sqrt(max(2 * depth - depth * depth, 1e-6)))
        on = (np.abs(height - (1 - depth)) * radius < band) & (np.abs(lateral) < reach)
        on &= normals @ out > 0.96
        if on.sum() < 8:
            return None
        along, across = lateral[on], height[on]
        slope, level = np.polyfit(along, across, 1)
        turn -= float(np.arctan(slope))
        depth = 1 - float(level) * float(np.cos(np.arctan(slope)))
        if not FLAT_DEPTHS[0] <= depth <= FLAT_DEPTHS[1]:
            return None
    parts = np.unique(((along / reach + 1) * 10).astype(int))
    # A piece of a border concentric with the rim has the bend -0.5 in this frame, a chord 0.
    bend = np.polyfit(along, across, 2)[0]
    return (turn, depth) if len(parts) >= 14 and bend > -0.2 else None


def _arc_is_missing(
    held: NDArray[np.bool_], seen: NDArray[np.bool_], turn: float, depth: float
) -> bool:
    """Tell whether the rim is seen on both sides of the chord but not behind its middle."""
    half = np.arccos(1 - depth)
    middle, beside = (turn - half / 2, turn + half / 2), 0.2
    left = _share(held, turn - half - beside, turn - half)
    right = _share(held, turn + half, turn + half + beside)
    missing = _share(held, *middle) <= 0.4 and _share(seen, *middle) >= 0.6
    return missing and min(left, right) >= 0.4


def _share(sectors: NDArray[np.bool_], low: float, high: float) -> float:
    angles = np.linspace(low, high, 24)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    return float(sectors[sector_of(directions)].mean())
