"""Drawn surfaces of every sort with what may lie on them: to learn to see marks, not wafers.

Domain randomisation (Tobin et al., IROS 2017): so many sorts of light, patterns, tracks and grain
that none is known by heart; what they have in common is learned, marks that stand out of their
surroundings. A box here ends where its mark does, unlike those of `blemish.synth.wafers`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.core.defects import Defects
from blemish.synth.fields import Field, blur, grid, smooth_field
from blemish.synth.marks import log_uniform
from blemish.synth.shapes import Shape, draw_shape
from blemish.synth.strength import mark_strength
from blemish.synth.wafers import Wafer, draw_wafer

Box = NDArray[np.float32]  # (4,) xyxy
Random = np.random.Generator

SIDE = 640  # px
MARKS = (
    20.0  # that are tried on a picture, in the mean; those that would touch another are not drawn
)
SIZES = (4.0, 60.0)  # px, log-uniform
CONTRASTS = (0.04, 0.8)  # of the light at the place, log-uniform
DIMMEST = 25.0  # grey levels: light that is added is a share of no less
AWAY = 3  # px that marks keep from each other
SEEN = 0.3  # of a mark's height: what its box goes around
STRUCTURE = 0.25  # of a surface's own pattern counts as noise: the rest can be known
BEHIND = 0.3  # of the surfaces are clear, with the pattern out of focus behind them: glass, films
CLEARER = 1.6  # times as strong as on a wafer a mark must be to be a label: patterns hide it


@dataclass(frozen=True, eq=False)
class Surface:
    """A drawn picture and its answers.

    Attributes:
        pixels: (`SIDE`, `SIDE`, 3) uint8 RGB.
        defects: every mark, the faint ones too.
        strength: (N,) float32, how far each stands out; under
            `blemish.synth.strength.LABEL_STRENGTH` it is no label.
    """

    pixels: NDArray[np.uint8]
    defects: Defects
    strength: NDArray[np.float32]


def draw_surface(seed: int, index: int) -> Surface:
    """Draw the surface of a seed at an index; the same pair gives the same picture."""
    rng = np.random.default_rng((seed, index, 2))
    light = draw_light(rng)
    if rng.random() < BEHIND:
        light = blur(light, log_uniform(rng, 1.5, 10))
    marked, boxes = light.copy(), list[Box]()
    softness = float(rng.uniform(0, 1.2) ** 2)
    for _ in range(rng.poisson(MARKS)):
        box = put_mark(marked, boxes, rng)
        if box is not None:
            boxes.append(box)
    grain, quality = _draw_grain(rng), int(rng.integers(70, 100)) if rng.random() < 0.6 else None
    plain, seen = blur(light, softness), blur(marked, softness)
    backdrop = _develop(plain, grain, quality) - (1 - STRUCTURE) * plain
    strength = [_strength(seen - plain, backdrop, box) / CLEARER for box in boxes]
    defects = Defects.of(np.array(boxes, np.float32).reshape(-1, 4))
    return Surface(_develop(seen, grain, quality), defects, np.array(strength, np.float32))


def draw_mixed(share: float, seed: int, index: int) -> Surface | Wafer:
    """Draw a surface or a wafer; of pictures in a row that share are surfaces."""
    is_surface = int((index + 1) * share) > int(index * share)
    return draw_surface(seed, index) if is_surface else draw_wafer(seed, index)


def draw_light(rng: Random) -> Field:
    """Draw a surface without marks, (`SIDE`, `SIDE`, 3) in grey levels."""
    level: Field = np.ones((SIDE, SIDE), np.float32)
    for draw, share in _PARTS:
        if rng.random() < share:
            level = level * draw(rng)
    colour = rng.uniform(0.25, 1, 3) ** rng.choice([0, 0.3, 1])
    tint = 1 + 0.06 * rng.random() * np.stack([_hills(rng, 300) for _ in range(3)], axis=-1)
    bright = float(rng.uniform(30, 210)) / max(float(np.quantile(level, 0.9)), 1e-3)
    return np.asarray(np.clip(level[..., None] * bright * colour * tint, 0, 255), np.float32)


def put_mark(light: Field, boxes: list[Box], rng: Random) -> Box | None:
    """Draw a mark onto a surface, in place, and give its box; None where another one lies."""
    shape = draw_shape(log_uniform(rng, *SIZES), rng)
    side = len(shape)
    x, y = rng.integers(0, SIDE - side, 2).tolist()
    box = _box_of(shape) + np.array([x, y, x, y], np.float32)
    if any(_apart(box, other) < AWAY for other in boxes):
        return None
    part = light[y : y + side, x : x + side]
    tint = rng.uniform(0.3, 1, 3) ** rng.choice([0, 0.5, 1])
    change = shape[..., None] * (log_uniform(rng, *CONTRASTS) * tint).astype(np.float32)
    if rng.random() < 0.7:
        part *= 1 - change  # it takes light away
    else:
        part += change * max(float(part.mean()), DIMMEST) * rng.choice([1, 1, -1])
    np.clip(part, 0, 255, out=part)
    return box


def _box_of(shape: Shape) -> Box:
    rows, columns = (np.flatnonzero((np.abs(shape) > SEEN).any(axis=axis)) for axis in (1, 0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)


def _apart(box: Box, other: Box) -> float:
    """Give how far two boxes are from each other along the axis where that is most, in px."""
    return float((np.maximum(box[:2], other[:2]) - np.minimum(box[2:], other[2:])).max())


def _hills(rng: Random, cell: float) -> Field:
    return smooth_field(rng, (SIDE, SIDE), cell)


def _shade(rng: Random) -> Field:
    """Draw light that falls unevenly."""
    return np.asarray(np.exp(rng.uniform(0.05, 0.35) * _hills(rng, rng.uniform(150, 600))))


def _waves(rng: Random) -> Field:
    """Draw a pattern that repeats in one or two directions, as displays, cloth and gratings do."""
    x, y = grid((SIDE, SIDE))
    angle, period = rng.uniform(0, np.pi), log_uniform(rng, 8, 140)
    along = np.cos(angle) * x + np.sin(angle) * y
    across = np.cos(angle) * y - np.sin(angle) * x
    along = along + rng.uniform(0, 0.15) * period * _hills(rng, 200)
    stretch = rng.choice([1, rng.uniform(0.6, 1.7)])
    rows = 0.5 + 0.5 * np.cos(2 * np.pi * along / period)
    columns = 0.5 + 0.5 * np.cos(2 * np.pi * across / (period * stretch))
    both = (rows, rows * columns, np.maximum(rows, columns))
    pattern, depth = both[rng.choice(3, p=[0.3, 0.42, 0.28])], rng.uniform(0.05, 0.85)
    return np.asarray(1 - depth + depth * pattern ** rng.uniform(0.5, 3), np.float32)


def _tracks(rng: Random) -> Field:
    """Draw tracks, pads and frames with clear edges, as circuits and fixtures have."""
    canvas = np.full((SIDE, SIDE), 255, np.uint8)
    is_straight = rng.random() < 0.7
    for _ in range(int(rng.integers(3, 40))):
        start = rng.uniform(-50, SIDE + 50, 2)
        angle = rng.integers(8) * np.pi / 4 if is_straight else rng.uniform(0, 2 * np.pi)
        stop = start + rng.uniform(60, 700) * np.array([np.cos(angle), np.sin(angle)])
        first, last = (tuple(np.rint(end * 8).astype(int).tolist()) for end in (start, stop))
        grey, thick = int(rng.integers(0, 256)), int(log_uniform(rng, 2, 50))
        cv2.line(canvas, first, last, grey, thick, cv2.LINE_AA, 3)
    for _ in range(int(rng.integers(0, 12))):
        centre = tuple(rng.integers(0, SIDE * 8, 2).tolist())
        radius, grey = int(8 * log_uniform(rng, 12, 300)), int(rng.integers(0, 256))
        thick = -1 if rng.random() < 0.5 else int(rng.integers(2, 14))
        cv2.circle(canvas, centre, radius, grey, thick, cv2.LINE_AA, 3)
    depth, soft = rng.uniform(0.05, 0.9), float(rng.uniform(0.3, 4))
    drawn = blur(canvas.astype(np.float32) / 255, soft)
    return np.asarray(1 - depth + depth * drawn, np.float32)


def _material(rng: Random) -> Field:
    """Draw the grain of the material itself: cast, brushed or woven."""
    cell = log_uniform(rng, 1.5, 30)
    stretch = log_uniform(rng, 1, 20) if rng.random() < 0.5 else 1.0
    fine = smooth_field(rng, (SIDE, max(int(SIDE / stretch), 8)), cell)
    drawn = cv2.resize(np.ascontiguousarray(fine), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        drawn = drawn.T
    return np.asarray(np.exp(rng.uniform(0.005, 0.06) * drawn), np.float32)


_PARTS: tuple[tuple[Callable[[Random], Field], float], ...] = (
    (_shade, 0.9),
    (_waves, 0.5),
    (_tracks, 0.4),
    (_material, 0.5),
)


def _draw_grain(rng: Random) -> Field:
    """Draw what the camera adds, (`SIDE`, `SIDE`, 3) in grey levels at a level of 100."""
    noise = rng.standard_normal((SIDE, SIDE, 3), np.float32)
    if rng.random() < 0.4:
        noise = blur(noise, float(rng.uniform(0.4, 0.9))) * np.float32(1.6)
    return np.asarray(noise * np.float32(log_uniform(rng, 0.4, 5)))


def _develop(seen: Field, grain: Field, quality: int | None) -> NDArray[np.uint8]:
    """Give the stored picture: with grain, in whole grey levels, perhaps through a JPEG."""
    grainy = seen + grain * np.sqrt(np.maximum(seen, 10) / 100)
    pixels = np.clip(np.rint(grainy), 0, 255).astype(np.uint8)
    if quality is None:
        return pixels
    _, packed = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def _strength(signal: Field, backdrop: Field, box: Box) -> float:
    """Give a mark's signal-to-noise in a window around it."""
    reach = 1.5 * float((box[2:] - box[:2]).max()) + 12
    middle = (box[:2] + box[2:]) / 2
    low = np.maximum(np.rint(middle - reach).astype(int), 0)
    high = np.minimum(np.rint(middle + reach).astype(int), SIDE)
    part = (slice(low[1], high[1]), slice(low[0], high[0]))
    x1, y1, x2, y2 = (box - np.concatenate((low, low))).tolist()
    return mark_strength(signal[part], backdrop[part], (x1, y1, x2, y2))
