"""The flat that shows the crystal's direction on a wafer's rim.

All is done in the frame in which the rim is the unit circle; directions are in radians from x
towards y, depths in radii.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.wafer.edges import Edges, Floats, sector_of
from blemish.wafer.ellipse import Shape, rim_in_view

Mark = Literal["flat", "notch", "none"]

FLAT_DEPTHS = (0.016, 0.13)
"""SEMI flats cut 0.034 to 0.076 of the radius off, secondary ones from 0.016."""
NUM_TURNS = 90
MOST_HELD = 0.7
"""Share of the rim behind a chord's middle from which on it is there, and the chord not fitted."""


@dataclass(frozen=True)
class Found:
    """A flat or notch: ``turn`` is its direction in radians, ``depth`` its cut in radii."""

    turn: float
    depth: float


def find_flat(edges: Edges, shape: Shape) -> Found | None:
    """Find a flat; None unless its chord is seen and the arc behind it is not."""
    unit, normals = shape.to_unit(edges.points), edges.normals @ shape.matrix
    normals /= np.hypot(normals[:, :1], normals[:, 1:]) + np.float32(1e-6)
    normals *= np.sign((normals * unit).sum(axis=1, keepdims=True))
    depth = 1 - (normals * unit).sum(axis=1)
    near = (depth > 0.5 * FLAT_DEPTHS[0]) & (depth < FLAT_DEPTHS[1] + 0.01)
    near &= np.hypot(unit[:, 0], unit[:, 1]) < 1.02
    unit, normals, depth = unit[near], normals[near], depth[near]
    rim = rim_in_view(edges, shape)

    def first_true(guesses: list[Found]) -> Found | None:
        for guess in guesses:
            if _middle(rim[0], guess) > MOST_HELD:
                continue
            found = _fit_chord(unit, normals, guess, shape.radius)
            if found is not None and _arc_is_missing(*rim, found):
                return found
        return None

    best = first_true(_likely_chords(normals, depth, shape.radius))
    if best is None:
        return None
    # An edge ring repeats the chord farther in: the outermost of the parallel ones counts.
    step = 1.5 / shape.radius
    outer = np.arange(FLAT_DEPTHS[0], best.depth - step, step)
    return first_true([Found(best.turn, float(level)) for level in outer]) or best


def _likely_chords(normals: Floats, depth: Floats, radius: float) -> list[Found]:
    """Give up to four chords, the best filled first: a vote of directions and depths."""
    num_levels = int(FLAT_DEPTHS[1] * radius) + 3
    turns = np.floor(np.arctan2(normals[:, 1], normals[:, 0]) / (2 * np.pi) * NUM_TURNS)
    cells = turns.astype(int) % NUM_TURNS * num_levels + (depth * radius).astype(int)
    votes = np.bincount(cells, minlength=NUM_TURNS * num_levels).reshape(NUM_TURNS, num_levels)
    around = np.pad(votes.astype(np.float32), ((1, 1), (0, 0)), mode="wrap")
    counts = np.asarray(cv2.boxFilter(around, -1, (3, 3), normalize=False))[1:-1]
    levels = (np.arange(num_levels) + 0.5) / radius
    filled = counts / (2 * radius * np.sqrt(2 * levels - levels**2))
    filled[:, levels < FLAT_DEPTHS[0]] = 0
    found = []
    for _ in range(4):
        turn, level = divmod(int(filled.argmax()), num_levels)
        if filled[turn, level] < 0.4:
            break
        found.append(Found((turn + 0.5) * 2 * np.pi / NUM_TURNS, float(levels[level])))
        beside = np.arange(turn - 1, turn + 2) % NUM_TURNS
        filled[beside, max(level - 1, 0) : level + 2] = 0
    return found


def _fit_chord(unit: Floats, normals: Floats, guess: Found, radius: float) -> Found | None:
    """Fit a line to the edges along the chord; None if it is bent or has holes."""
    turn, depth = guess.turn, guess.depth
    reach, along, across = 0.0, np.zeros(0, np.float32), np.zeros(0, np.float32)
    for band in (2.5, 1.8, 1.2, 1.2):
        out = np.array([np.cos(turn), np.sin(turn)], np.float32)
        height, lateral = unit @ out, unit @ np.array([-out[1], out[0]], np.float32)
        reach = float(np.sqrt(2 * depth - depth * depth))
        on = (np.abs(height - (1 - depth)) * radius < band) & (np.abs(lateral) < reach)
        on &= normals @ out > 0.96
        if on.sum() < reach * radius:
            return None
        along, across = lateral[on], height[on]
        level, slope = _polynomial(along, across, 1)
        turn -= float(np.arctan(slope))
        depth = 1 - float(level * np.cos(np.arctan(slope)))
        if not FLAT_DEPTHS[0] <= depth <= FLAT_DEPTHS[1]:
            return None
    parts = np.unique(((along / reach + 1) * 10).astype(int))
    # A piece of a border concentric with the rim has the bend -0.5 in this frame, a chord 0.
    bend = _polynomial(along, across, 2)[2]
    return Found(turn, depth) if len(parts) >= 14 and bend > -0.2 else None


def _polynomial(x: Floats, y: Floats, degree: int) -> NDArray[np.float64]:
    """Give the least-squares coefficients, constant first; zeros for no points."""
    powers = x[:, None].astype(np.float64) ** np.arange(degree + 1)
    return np.asarray(np.linalg.lstsq(powers, y.astype(np.float64), rcond=None)[0], np.float64)


def _arc_is_missing(held: NDArray[np.bool_], seen: NDArray[np.bool_], flat: Found) -> bool:
    """Tell whether the rim is seen on both sides of the chord but not behind its middle."""
    half, beside = float(np.arccos(1 - flat.depth)), 0.2
    low, high = flat.turn - half, flat.turn + half
    missing = _middle(held, flat) <= 0.4 and _middle(seen, flat) >= 0.6
    left, right = _share(held, low - beside, low), _share(held, high, high + beside)
    return missing and min(left, right) >= 0.4


def _middle(sectors: NDArray[np.bool_], flat: Found) -> float:
    """Give the share of the sectors behind the middle half of a flat."""
    half = float(np.arccos(1 - flat.depth))
    return _share(sectors, flat.turn - half / 2, flat.turn + half / 2)


def _share(sectors: NDArray[np.bool_], low: float, high: float) -> float:
    angles = np.linspace(low, high, 24)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    return float(sectors[sector_of(directions)].mean())
