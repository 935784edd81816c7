"""The defects: five kinds that a wafer shows, and a sixth that is held back from training.

A mark is a footprint in [0, 1] on a small patch and what it does there: change the film's
thickness, take light away, or scatter light. Its contrast is asked for in grey levels; the
scene turns that into nanometres or a share of the light.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from blemish.synth.fields import Field, bezier, blur, grid, smooth_field, stroke

Effect = Literal["film", "dark", "light"]

KINDS = ("spot", "bloom", "ring", "particle", "smear")
HELD_BACK_KINDS = ("flake",)

# Largest size of each kind in px at 900 px, and the range of its contrast in grey levels.
_SIZES = {
    "spot": (5, 20),
    "bloom": (15, 60),
    "ring": (30, 60),
    "particle": (3, 10),
    "smear": (30, 100),
    "flake": (8, 40),
}
_CONTRASTS = {
    "spot": (3, 60),
    "bloom": (4, 90),
    "ring": (2, 24),
    "particle": (8, 150),
    "smear": (3, 70),
    "flake": (4, 90),
}
_EFFECTS: dict[str, dict[Effect, float]] = {
    "spot": {"film": 0.75, "dark": 0.17, "light": 0.08},
    "bloom": {"light": 0.7, "film": 0.3},
    "ring": {"film": 0.9, "light": 0.1},
    "particle": {"dark": 0.6, "light": 0.25, "film": 0.15},
    "smear": {"film": 0.6, "light": 0.22, "dark": 0.18},
    "flake": {"film": 0.4, "dark": 0.3, "light": 0.3},
}


@dataclass(frozen=True)
class Mark:
    """One defect before it is put on the wafer.

    Attributes:
        kind: its name.
        left: column of the patch in the picture, px.
        top: row of the patch in the picture, px.
        footprint: (h, w) strength on the patch, in [0, 1].
        effect: what it does to the light.
        tint: (3,) how much of the effect each channel takes, at most 1.
        contrast: wanted difference to its surroundings, in grey levels.
        sign: +1 or -1, which way a film goes.
    """

    kind: str
    left: int
    top: int
    footprint: Field
    effect: Effect
    tint: NDArray[np.float32]
    contrast: float
    sign: int

    @property
    def window(self) -> tuple[slice, slice]:
        """Give the patch as slices of the picture's rows and columns."""
        height, width = self.footprint.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def draw_mark(
    rng: np.random.Generator, kind: str, place: tuple[float, float], size: float | None = None
) -> Mark:
    """Draw a mark of a kind around a place (x, y) in px; sizes and contrasts are log-uniform."""
    size = log_uniform(rng, *_SIZES[kind]) if size is None else size
    half = int(np.ceil(size * 0.85)) + 10
    left, top = int(place[0]) - half, int(place[1]) - half
    x, y = grid((2 * half, 2 * half), left, top)
    footprint = _SHAPES[kind](rng, x - np.float32(place[0]), y - np.float32(place[1]), size)
    effects = _EFFECTS[kind]
    effect = rng.choice(list(effects), p=list(effects.values()))
    return Mark(
        kind=kind,
        left=left,
        top=top,
        footprint=footprint.astype(np.float32),
        effect=effect,
        tint=_tint(rng, effect),
        contrast=log_uniform(rng, *_CONTRASTS[kind]),
        sign=1 if rng.random() < 0.5 else -1,
    )


def size_range(kind: str) -> tuple[float, float]:
    """Give the smallest and largest size of a kind, px at a 900 px picture."""
    return _SIZES[kind]


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform between two limits."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _tint(rng: np.random.Generator, effect: str) -> NDArray[np.float32]:
    if effect == "film":
        return np.ones(3, np.float32)
    spread = 0.5 if effect == "dark" else 0.3
    tint = 1 - spread * rng.random(3)
    return np.asarray(tint / tint.max(), np.float32)


def _turned(rng: np.random.Generator, x: Field, y: Field, least: float) -> tuple[Field, Field]:
    """Turn the axes by any angle and squeeze one of them by up to ``least``."""
    angle = rng.uniform(0, np.pi)
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    squeeze = np.float32(rng.uniform(least, 1))
    return cosine * x + sine * y, (cosine * y - sine * x) / squeeze


def _spot(rng: np.random.Generator, x: Field, y: Field, size: float) -> Field:
    x, y = _turned(rng, x, y, 0.7)
    sharpness = np.float32(rng.uniform(1.6, 4.5))
    radius = np.sqrt(x * x + y * y) / np.float32(size / 2)
    core = np.exp(-np.float32(0.7) * radius**sharpness)
    halo = np.float32(rng.uniform(0, 0.25) * (rng.random() < 0.4))
    return core * (1 - halo) + halo * np.exp(-np.float32(0.5) * (radius / 2) ** 2)


def _bloom(rng: np.random.Generator, x: Field, y: Field, size: float) -> Field:
    x, y = _turned(rng, x, y, 0.8)
    radius = np.sqrt(x * x + y * y) / np.float32(size / 2)
    wall = np.minimum((radius - np.float32(0.62)) * np.float32(rng.uniform(7, 24)), 30)
    disc = 1 / (1 + np.exp(wall))
    halo = np.exp(-((radius / np.float32(0.75)) ** 2))
    share = np.float32(rng.uniform(0.25, 0.8))
    hollow = 1 - np.float32(rng.uniform(0, 0.5) * (rng.random() < 0.3)) * np.exp(
        -((radius / np.float32(0.35)) ** 2)
    )
    shape = (share * disc + (1 - share) * halo) * hollow
    return np.asarray(shape / shape.max())


def _ring(rng: np.random.Generator, x: Field, y: Field, size: float) -> Field:
    x, y = _turned(rng, x, y, 0.75)
    radius = np.sqrt(x * x + y * y) / np.float32(size / 2)
    width = np.float32(rng.uniform(0.09, 0.3))
    middle = np.float32(0.95) - width
    wall = np.exp(-(np.abs((radius - middle) / width) ** np.float32(rng.uniform(2, 4))))
    around = np.arctan2(y, x)
    opening = np.float32(rng.uniform(0, 1))
    lobes = int(rng.integers(1, 4))
    swing = np.cos(lobes * (around - np.float32(rng.uniform(0, 2 * np.pi))))
    wall = wall * np.clip(1 - opening + opening * (np.float32(0.55) + swing), 0, 1)
    filled = np.float32(rng.uniform(0, 0.45)) * np.exp(-((radius / np.float32(0.7)) ** 4))
    grain = _grain(rng, wall.shape, float(rng.uniform(0.1, 0.75)), float(rng.uniform(1.2, 3.5)))
    shape = np.maximum(wall, filled) * grain
    return np.asarray(shape / max(float(shape.max()), 1e-6))


def _particle(rng: np.random.Generator, x: Field, y: Field, size: float) -> Field:
    shape = np.zeros(np.broadcast_shapes(x.shape, y.shape), np.float32)
    parts = 1 if size < 5 else int(rng.integers(1, 4))
    for _ in range(parts):
        share = 1.0 if parts == 1 else float(rng.uniform(0.5, 0.8))
        offset = rng.normal(0, size * 0.22, 2) if parts > 1 else np.zeros(2)
        u, v = _turned(rng, x - np.float32(offset[0]), y - np.float32(offset[1]), 0.55)
        distance = np.sqrt(u * u + v * v) - np.float32(size * share / 2)
        shape = np.maximum(shape, np.clip(np.float32(0.5) - distance, 0, 1))
    if rng.random() < 0.15:  # a double one
        u, v = rng.normal(0, size * 1.2, 2)
        distance = np.hypot(x - np.float32(u), y - np.float32(v)) - np.float32(size * 0.4)
        shape = np.maximum(shape, np.clip(np.float32(0.5) - distance, 0, 1))
    return shape


def _smear(rng: np.random.Generator, x: Field, y: Field, size: float) -> Field:
    shape = np.zeros(np.broadcast_shapes(x.shape, y.shape), np.float32)
    canvas = (len(shape), len(shape[0]))
    centre = np.array(canvas[::-1]) / 2
    first = bezier(rng, np.zeros(2), size)
    first = first - (first.min(axis=0) + first.max(axis=0)) / 2
    strokes = 1 if rng.random() < 0.6 else int(rng.integers(2, 6))
    gap = rng.uniform(2.5, 7) * np.array([1, rng.uniform(-1, 1)])
    width = log_uniform(rng, 1.2, 7 if strokes == 1 else 2.5)
    for number in range(strokes):
        first_point = int(rng.integers(0, 6)) if strokes > 1 else 0
        line = first[first_point:] + centre + gap * (number - (strokes - 1) / 2)
        softness = float(rng.uniform(0.3, 1.6))
        shape = np.maximum(shape, stroke(canvas, line, width, softness))
    shape *= _grain(rng, shape.shape, float(rng.uniform(0, 0.8)), float(rng.uniform(3, 12)))
    return np.asarray(shape / max(float(shape.max()), 1e-6))


def _flake(rng: np.random.Generator, x: Field, y: Field, size: float) -> Field:
    """A flat chip: the half planes of a random convex polygon, sharp at its edges."""
    corners = int(rng.integers(3, 7))
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners)) + np.linspace(0, 2, corners)
    inside = np.full(np.broadcast_shapes(x.shape, y.shape), np.float32(size / 2))
    inside -= np.sqrt(x * x + y * y)
    for angle in angles:
        reach = np.float32(rng.uniform(0.45, 0.9) * size / 2)
        inside = np.minimum(
            inside, reach - np.float32(np.cos(angle)) * x - np.float32(np.sin(angle)) * y
        )
    shape = np.clip(inside + np.float32(0.5), 0, 1)
    return np.asarray(shape * _grain(rng, shape.shape, float(rng.uniform(0, 0.3)), 4.0))


def _grain(rng: np.random.Generator, shape: tuple[int, ...], depth: float, cell: float) -> Field:
    """Give a factor in [0, 1] that takes away up to ``depth`` in grains of ``cell`` px."""
    noise = smooth_field(rng, (shape[0], shape[1]), cell)
    kept = 1 - np.float32(depth) * (np.float32(0.5) + np.float32(0.45) * noise)
    return np.asarray(np.clip(kept, 0, 1))


_SHAPES: dict[str, Callable[[np.random.Generator, Field, Field, float], Field]] = {
    "spot": _spot,
    "bloom": _bloom,
    "ring": _ring,
    "particle": _particle,
    "smear": _smear,
    "flake": _flake,
}


def visible_extent(signal: Field) -> tuple[float, float, float, float]:
    """Give the box x1, y1, x2, y2 of what the eye takes for the mark, in patch pixels.

    That is where the blurred absolute signal exceeds a quarter of its peak; an empty signal
    gives the middle pixel.
    """
    size = np.abs(signal).max(axis=2) if signal.ndim == 3 else np.abs(signal)
    size = blur(np.ascontiguousarray(size), 0.7)
    seen = size > 0.25 * size.max()
    if not seen.any():
        height, width = size.shape
        return width / 2, height / 2, width / 2 + 1, height / 2 + 1
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
