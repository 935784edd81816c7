"""The wafer's disc: where it lies, its flat or notch, and the film's thickness across it."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from blemish.synth.fields import Field, edge, grid, polygon, smooth_field
from blemish.synth.marks import log_uniform


@dataclass(frozen=True)
class Disc:
    """A wafer's outline in the picture.

    Attributes:
        x: column of the centre, px.
        y: row of the centre, px.
        radius: longer semi-axis, px; infinite for a close-up that shows no edge.
        squeeze: shorter semi-axis over the longer, from a tilted camera.
        turn: direction of the longer axis in radians.
        mark: what shows the crystal's direction.
        mark_angle: direction of flat or notch from the centre in radians, y down.
        mark_depth: how far the flat or notch cuts into the disc, in radii.
    """

    x: float
    y: float
    radius: float
    squeeze: float
    turn: float
    mark: Literal["flat", "notch", "none"]
    mark_angle: float
    mark_depth: float

    @property
    def has_edge(self) -> bool:
        """Tell whether any edge can be in the picture."""
        return bool(np.isfinite(self.radius))

    def depth(self, x: Field, y: Field) -> Field:
        """Give how deep inside the outline each point lies, in px; negative outside.

        Points are given as broadcastable x and y; for a close-up all are a picture deep.
        """
        if not self.has_edge:
            return np.full(np.broadcast_shapes(x.shape, y.shape), np.float32(2000))
        cosine, sine = np.float32(np.cos(self.turn)), np.float32(np.sin(self.turn))
        along = cosine * (x - np.float32(self.x)) + sine * (y - np.float32(self.y))
        across = cosine * (y - np.float32(self.y)) - sine * (x - np.float32(self.x))
        across = across / np.float32(self.squeeze)
        inside = np.float32(self.radius) - np.sqrt(along * along + across * across)
        if self.mark == "none":
            return inside
        east = np.float32(np.cos(self.mark_angle - self.turn))
        south = np.float32(np.sin(self.mark_angle - self.turn))
        if self.mark == "flat":
            chord = np.float32(self.radius * (1 - self.mark_depth)) - (
                east * along + south * across
            )
            return np.minimum(inside, chord)
        reach = np.float32(self.radius)
        notch = np.hypot(along - reach * east, across - reach * south)
        return np.minimum(inside, notch - reach * np.float32(self.mark_depth))

    def rim_point(self, angle: float, depth: float = 0.0) -> tuple[float, float]:
        """Give the point (x, y) of the ellipse in a direction, ``depth`` px inside it."""
        reach = self.radius - depth
        along = reach * np.cos(angle - self.turn)
        across = reach * np.sin(angle - self.turn) * self.squeeze
        return (
            float(self.x + np.cos(self.turn) * along - np.sin(self.turn) * across),
            float(self.y + np.sin(self.turn) * along + np.cos(self.turn) * across),
        )


def draw_disc(rng: np.random.Generator, side: int) -> Disc:
    """Draw a disc from 70 % of the frame to beyond it; one in nine is a close-up."""
    view = rng.random()
    if view < 0.11:
        radius, offset = np.inf, np.zeros(2)
    elif view < 0.22:  # larger than the frame, some of the rim still in view
        radius = side * rng.uniform(0.5, 0.7)
        direction = rng.uniform(0, 2 * np.pi)
        shift = rng.uniform(0.1, 0.42) * side
        offset = shift * np.array([np.cos(direction), np.sin(direction)])
    else:
        radius = side * rng.uniform(0.35, 0.495)
        offset = rng.uniform(-1, 1, 2) * (side / 2 - radius * 0.96)
    mark = rng.choice(["flat", "notch", "none"], p=[0.55, 0.25, 0.2])
    return Disc(
        x=float(side / 2 + offset[0]),
        y=float(side / 2 + offset[1]),
        radius=float(radius),
        squeeze=float(rng.uniform(0.94, 1) if rng.random() < 0.5 else 1),
        turn=float(rng.uniform(0, np.pi)),
        mark=mark,
        mark_angle=float(rng.uniform(0, 2 * np.pi)),
        mark_depth=float(rng.uniform(0.02, 0.105) if mark == "flat" else rng.uniform(0.008, 0.022)),
    )


def draw_thickness_field(rng: np.random.Generator, disc: Disc, depth: Field, mean: float) -> Field:
    """Draw the film's thickness in nm at each pixel: drift, edge ring, rim blobs, streaks."""
    side = depth.shape[0]
    field = np.float32(mean) + _drift(rng, disc, side)
    field += _streaks(rng, side)
    if rng.random() < 0.4:
        field += np.float32(rng.uniform(0, 0.5)) * smooth_field(
            rng, depth.shape, log_uniform(rng, 4, 40)
        )
    if disc.has_edge:
        _add_edge_ring(rng, disc, depth, field)
        for _ in range(int(rng.integers(0, 9))):
            _add_rim_blob(rng, disc, field)
        if rng.random() < 0.6:
            _add_contacts(rng, disc, field)
    return field


def _drift(rng: np.random.Generator, disc: Disc, side: int) -> Field:
    """Give the slow change of thickness in nm, drawn coarsely and enlarged."""
    x, y = grid((side, side))
    radius = disc.radius if disc.has_edge else side * rng.uniform(0.7, 2)
    u, v = (
        (x - np.float32(disc.x)) / np.float32(radius),
        (y - np.float32(disc.y)) / np.float32(radius),
    )
    rho = u * u + v * v
    amount = np.float32(log_uniform(rng, 2, 110))
    bowl = rng.normal(0, 0.6) * rho + rng.normal(0, 0.35) * rho * rho
    tilt = rng.normal(0, 0.35) * u + rng.normal(0, 0.35) * v
    waves = rng.uniform(0, 0.35) * smooth_field(rng, (side, side), float(rng.uniform(160, 420)))
    return np.asarray(amount * (bowl + tilt + waves), np.float32)


def _streaks(rng: np.random.Generator, side: int) -> Field:
    """Give faint parallel streaks in nm along a random direction, at times none."""
    if rng.random() < 0.45:
        return np.zeros((side, side), np.float32)
    x, y = grid((side, side))
    angle = rng.uniform(0, np.pi)
    line = smooth_field(rng, (1, 3 * side), log_uniform(rng, 6, 50))[0]
    position = np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y + np.float32(side)
    bent = position + np.float32(rng.uniform(0, 10)) * smooth_field(rng, (side, side), 200.0)
    strength = np.clip(smooth_field(rng, (side, side), 220.0) + np.float32(0.3), 0, 2)
    indices = np.clip(bent, 0, 3 * side - 1).astype(np.int32)
    return np.asarray(np.float32(log_uniform(rng, 0.15, 1.6)) * strength * line[indices])


def _add_edge_ring(rng: np.random.Generator, disc: Disc, depth: Field, field: Field) -> None:
    """Change the thickness near the rim: a ramp, a step of its own colour, or both."""
    near = depth < 70
    inside = depth[near]
    wobble: Field = np.zeros(1, np.float32)
    if rng.random() < 0.6:
        wobble = np.float32(rng.uniform(0, 1.5)) * smooth_field(rng, depth.shape, 7.0)[near]
    if rng.random() < 0.65:
        reach = np.float32(log_uniform(rng, 2, 30))
        ramp = np.exp(-np.maximum(inside + wobble, 0) / reach)
        field[near] += np.float32(rng.normal(0, 70)) * ramp
    if rng.random() < 0.65:
        width = np.float32(log_uniform(rng, 1.2, 16))
        share = edge(inside + wobble - width, float(rng.uniform(0.8, 4)))
        target = np.float32(rng.uniform(0, 500))
        field[near] += share * (target - field[near])


def _add_rim_blob(rng: np.random.Generator, disc: Disc, field: Field) -> None:
    """Change the thickness where a clamp held the wafer: a soft or sharp patch on the rim.

    One in three is a haze along the rim, longer, softer and fainter, and at times farther in.
    """
    angle = rng.uniform(0, 2 * np.pi)
    haze = rng.random() < 0.33
    reach = rng.uniform(9, 36), rng.uniform(5, 22)
    if haze:
        reach = rng.uniform(20, 90), rng.uniform(8, 22)
    patch = _Patch(angle, float(rng.uniform(-2, 28 if haze else 10)), reach)
    corners = 6 if rng.random() < 0.5 else 24
    softness = 7.0 if haze else float(rng.choice([0.5, 2.0, 7.0]))
    change = rng.choice([-1, 1]) * log_uniform(rng, 3 if haze else 15, 40 if haze else 160)
    _add_patch(disc, field, patch, corners, softness, change)


def _add_contacts(rng: np.random.Generator, disc: Disc, field: Field) -> None:
    """Change the thickness where fingers or pins touched: soft patches in a row inside the rim.

    They are as far from the rim as each other and fade along the row; the first may stand
    behind a sharp blob on the rim.
    """
    angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(8, 32)
    reach = log_uniform(rng, 8, 30), log_uniform(rng, 6, 18)
    step = rng.choice([-1, 1]) * rng.uniform(1.8, 5) * reach[0] / disc.radius
    softness, change = rng.uniform(4, 9), rng.choice([-1, 1]) * log_uniform(rng, 5, 50)
    if rng.random() < 0.4:
        blob = _Patch(angle, float(rng.uniform(-2, 4)), (reach[0], float(rng.uniform(4, 9))))
        _add_patch(disc, field, blob, 6, 1.0, rng.choice([-1, 1]) * log_uniform(rng, 40, 160))
    for number in range(int(rng.integers(1, 6))):
        sides = reach[0] * rng.uniform(0.8, 1.2), reach[1] * rng.uniform(0.8, 1.2)
        patch = _Patch(angle + number * step, depth + rng.normal(0, 2), sides)
        _add_patch(disc, field, patch, 24, softness, change * 0.75**number * rng.uniform(0.6, 1))


class _Patch(NamedTuple):
    """Where something touched the wafer.

    Its direction from the centre in radians, how far inside the rim, and half its length along
    the rim and half its width across it, px.
    """

    angle: float
    depth: float
    reach: tuple[float, float]


def _add_patch(
    disc: Disc, field: Field, patch: _Patch, corners: int, softness: float, change: float
) -> None:
    """Add ``change`` nm within a polygon of so many corners on an ellipse, its edge softened."""
    centre = np.array(disc.rim_point(patch.angle, patch.depth))
    outward = np.array([np.cos(patch.angle), np.sin(patch.angle)])
    sideways = np.array([-outward[1], outward[0]])
    turns = np.linspace(0, 2 * np.pi, corners, endpoint=False)[:, None]
    along, across = patch.reach
    points = centre + np.cos(turns) * along * sideways + np.sin(turns) * across * outward
    side = field.shape[0]
    low = np.clip(np.floor(points.min(axis=0)) - 24, 0, side).astype(int)
    high = np.clip(np.ceil(points.max(axis=0)) + 24, 0, side).astype(int)
    if (high - low).min() < 4:
        return
    shape = (int(high[1] - low[1]), int(high[0] - low[0]))
    cover = polygon(shape, points - low, softness)
    field[low[1] : high[1], low[0] : high[0]] += np.float32(change) * cover
